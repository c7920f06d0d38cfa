//! The manual page, for man(1).

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;

/// Writes the manual of the command and its subcommands.
pub(crate) fn write(mut command: Command, output: &mut impl Write) -> io::Result<()> {
    command.build();
    // Without this, options that `-h` leaves out would have no description.
    let command = command.mut_args(|arg| arg.hide_short_help(false));
    let page = Man::new(command.clone());
    page.render_title(output)?;
    page.render_name_section(output)?;
    page.render_synopsis_section(output)?;
    page.render_description_section(output)?;
    page.render_options_section(output)?;
    for subcommand in command.get_subcommands() {
        write_subcommand(&command, subcommand, output)?;
    }
    let notes = command.get_after_long_help();
    let notes = notes.map(ToString::to_string).unwrap_or_default();
    // Its lines must not be filled, since it contains a table.
    writeln!(output, ".SH NOTES\n.nf\n{notes}\n.fi")
}

/// Writes the section of a subcommand. It refers to those sections of the command whose options the subcommand has, too.
fn write_subcommand(
    command: &Command,
    subcommand: &Command,
    output: &mut impl Write,
) -> io::Result<()> {
    let is_accepted = |arg: &Arg| {
        let own = subcommand
            .get_arguments()
            .find(|own| own.get_id() == arg.get_id());
        own.is_some_and(|own| own.get_help() == arg.get_help())
    };
    let of = |heading| {
        command
            .get_arguments()
            .filter(move |arg| arg.get_help_heading() == Some(heading))
    };
    let headings: BTreeSet<&str> = command
        .get_arguments()
        .filter_map(Arg::get_help_heading)
        .collect();
    let shared: Vec<&str> = headings
        .into_iter()
        .filter(|heading| of(heading).all(is_accepted))
        .collect();
    let own = subcommand.clone().mut_args(|arg| {
        let is_shared = arg
            .get_help_heading()
            .is_some_and(|heading| shared.contains(&heading));
        let is_help = arg.get_id() == "help";
        arg.hide(is_shared || is_help).hide_short_help(false)
    });
    let name = subcommand.get_name().to_uppercase();
    let about = subcommand.get_about().map(ToString::to_string);
    let usage = subcommand.clone().render_usage();
    writeln!(output, ".SH {name}\n{}.", about.unwrap_or_default())?;
    writeln!(output, ".PP\n{usage}")?;
    if !shared.is_empty() {
        let sections = shared.join(", ").to_uppercase();
        writeln!(
            output,
            ".PP\nAccepts the options of these sections, too: {sections}."
        )?;
    }
    let mut options = Vec::new();
    Man::new(own).render_options_section(&mut options)?;
    let lines = options.split_inclusive(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.starts_with(b".SH")) {
        output.write_all(line)?;
    }
    Ok(())
}
