//! Additions to the help that clap generates.

use clap::Command;

pub(crate) const USAGE: &str = "pdfmagic-cli [OPTIONS] IN... OUT
       pdfmagic-cli [OPTIONS] [IN...] -o OUT
       pdfmagic-cli [OPTIONS] --each IN...";

/// The most common options. The others are in the long help and the manual.
const COMMON: [&str; 8] = [
    "output", "each", "pagesize", "border", "optimize", "quality", "max_side", "max_size",
];

const EXAMPLES: &str = "\
Examples:
  pdfmagic-cli photo.jpg photo.pdf                 one photo, one page
  pdfmagic-cli *.jpg -o album.pdf                  a page for each photo
  pdfmagic-cli scans/ -o scans.pdf -S A4 -b 1cm    a folder, on A4
  pdfmagic-cli --each --out-dir pdf *.jpg          a PDF for each photo
  pdfmagic-cli --max-side 2000 *.jpg small.pdf     smaller, lossy
  scan | pdfmagic-cli - - | lp                     from a pipe to a pipe";

const FILES: &str = "\
Outputs:
  OUT is written completely or not at all: if anything fails, an older OUT stays
  as it was, and no other file is left behind.
  An input is never overwritten, and another image only by -o with --force. A PDF
  is not written to a terminal.
  Of an IN that is a file, only the header is read, and the system copies the
  rest. On Btrfs and XFS the PDF shares the blocks of the JPEG, and takes no
  space of its own.

Environment:
  SOURCE_DATE_EPOCH    the seconds since 1970 that --creationdate and --moddate
                       default to

Exit status:
  0    done, or the reader of a pipe had enough
  1    an input or the output failed, or an input was left out
  2    invalid usage, or OUT is an image that would be overwritten; the message
       is plain text even with --json
  3    the PDF is written, but a picture in it is damaged
  130  interrupted";

const MORE: &str = "Run with --help for all options, exit statuses and more.";

/// The template of the help, with examples before options.
const TEMPLATE: &str = "\
{about}

{usage-heading} {usage}

{before-help}{all-args}{after-help}";

/// Adds examples and notes, and limits `-h` to common options.
pub(crate) fn complete(command: Command) -> Command {
    let shown = |arg: clap::Arg| {
        let is_common = COMMON.contains(&arg.get_id().as_str());
        arg.hide_short_help(!is_common)
    };
    command
        .help_template(TEMPLATE)
        .mut_args(shown)
        .before_help(EXAMPLES)
        .after_help(MORE)
        .after_long_help(FILES)
}
