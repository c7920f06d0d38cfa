//! Both programs of the image in one file, which is little larger than either: it does what it is called.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name).ends_with("pdfmagic-load") {
        pdfmagic_benches::program::main()
    } else {
        pdfmagic_http::main()
    }
}
