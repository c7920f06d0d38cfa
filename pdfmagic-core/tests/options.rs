//! Tests that options have the same names and descriptions wherever they can be given, and that `docs/options.md` lists
//! them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::{Arg, Args, Command};
use pdfmagic_core::{DocumentOptions, ImageOptions, InputOptions, PageOptions, Settings};
use utoipa::PartialSchema;

const HEAD: &str = "# Options

The options of the command, and of the service by the same names: in the query, in a form, or in JSON. In the library they are
the fields of `PageOptions`, `ImageOptions`, `InputOptions` and `DocumentOptions`, with `_` for `-`. In the service a switch is
`true` or `false`. `pdfmagic-cli --help` has the options of the command itself.
";

/// The option that the command takes as a file, with an argument of its own.
const FILE: &str = "output-intent";

/// The options of one structure, through each of its interfaces.
struct Face {
    heading: &'static str,
    command: Command,
    schema: serde_json::Value,
}

fn face<T: Args + PartialSchema>(heading: &'static str) -> Face {
    Face {
        heading,
        command: T::augment_args(Command::new("options")),
        schema: serde_json::to_value(T::schema()).unwrap(),
    }
}

fn faces() -> [Face; 4] {
    [
        face::<PageOptions>("Pages"),
        face::<ImageOptions>("Images"),
        face::<InputOptions>("Input"),
        face::<DocumentOptions>("Document"),
    ]
}

fn long(arg: &Arg) -> &str {
    arg.get_long().expect("every option has a long name")
}

/// Returns the first line of the help, and the whole help.
fn help(arg: &Arg) -> (String, String) {
    let short = arg.get_help().expect("it has a description").to_string();
    let long = arg
        .get_long_help()
        .map_or(String::new(), ToString::to_string);
    (short, long)
}

#[test]
fn have_the_same_names_and_descriptions_in_all_interfaces() {
    let mut names = Vec::new();
    for Face {
        command, schema, ..
    } in faces()
    {
        let properties = schema["properties"].as_object().unwrap();
        let arguments: Vec<_> = command.get_arguments().collect();
        let files = usize::from(properties.contains_key(FILE));
        assert_eq!(arguments.len() + files, properties.len());
        names.extend((files > 0).then(|| FILE.to_owned()));
        for arg in arguments {
            let name = long(arg);
            let own = &properties[name];
            // The description of the option follows that of its type.
            let told = own.pointer("/allOf/1").unwrap_or(own)["description"].as_str();
            let told = told
                .unwrap_or_else(|| panic!("{name}: {own}"))
                .replace('\n', " ");
            let (short, _) = help(arg);
            assert!(told.starts_with(&short), "{name}: {told}");
            names.push(name.to_owned());
        }
    }
    let mut known = Settings::names();
    known.sort_unstable();
    names.sort();
    assert_eq!(names, known);
}

/// Returns the placeholder after the name of an option.
fn value(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<_> = names.iter().map(|name| format!("<{name}>")).collect();
    format!(" {}", names.join(" "))
}

fn listed() -> String {
    let mut out = HEAD.to_owned();
    for Face {
        heading,
        command,
        schema,
    } in faces()
    {
        write!(out, "\n## {heading}\n").unwrap();
        for arg in command.get_arguments() {
            let short = arg
                .get_short()
                .map_or(String::new(), |c| format!("`-{c}`, "));
            write!(out, "\n### {short}`--{}{}`\n\n", long(arg), value(arg)).unwrap();
            let (first, all) = help(arg);
            let rest = all.strip_prefix(&first).unwrap_or_default().trim();
            writeln!(out, "{first}.").unwrap();
            if !rest.is_empty() {
                write!(out, "\n{rest}\n").unwrap();
            }
            if arg.get_action().takes_values() {
                for (at, value) in arg.get_possible_values().iter().enumerate() {
                    let lead = if at == 0 { "\n" } else { "" };
                    let told = value
                        .get_help()
                        .map_or(String::new(), |help| format!(": {help}"));
                    writeln!(out, "{lead}- `{}`{told}", value.get_name()).unwrap();
                }
            }
        }
        if let Some(told) = schema["properties"][FILE]["description"].as_str() {
            let told = told.replacen('\n', ". In the command, a file.\n", 1);
            write!(out, "\n### `--{FILE} <FILE>`\n\n{told}\n").unwrap();
        }
    }
    out
}

/// To accept a change: `BLESS=1 cargo test -p pdfmagic-core --features clap,serde,utoipa --test options`.
#[test]
fn are_all_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/options.md");
    let found = fs::read_to_string(&path).unwrap_or_default();
    let expected = listed();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert!(found == expected, "docs/options.md is out of date");
    }
}
