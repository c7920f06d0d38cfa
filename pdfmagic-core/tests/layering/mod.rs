//! Reads which modules of a package import which, and checks this against its layers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Asserts that no module of the package in this folder imports a higher layer, or itself through others.
pub(crate) fn check(package: &str, layers: &[&[&str]]) {
    let mut found = Sources::new();
    sources(&Path::new(package).join("src"), "", &mut found);
    assert!(found.len() > 30, "these are not all: {:?}", found.keys());
    let faults = faults(&imports(&found), layers);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The source of each module, by its path: `crate`, `jpeg`, `jpeg::frame`, ….
type Sources = BTreeMap<String, String>;

/// The modules that each module imports from, by path.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn sources(folder: &Path, prefix: &str, found: &mut Sources) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("it can be listed").path();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        if path.is_dir() {
            sources(&path, &format!("{prefix}{stem}::"), found);
            continue;
        }
        let module = match &*stem {
            "lib" => "crate".to_owned(),
            "mod" => prefix.trim_end_matches("::").to_owned(),
            "tests" => continue,
            stem => format!("{prefix}{stem}"),
        };
        let text = fs::read_to_string(&path).expect("it is text");
        // Unit tests may import from any module.
        let text = text.split("#[cfg(test)]\nmod tests {").next();
        found.insert(module, text.unwrap_or_default().to_owned());
    }
}

/// Returns each path that a text imports or names, as `(is it re-exported, segments)`.
fn paths(text: &str) -> Vec<(bool, Vec<String>)> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .fold(String::new(), |code, line| code + line + "\n");
    let mut found = Vec::new();
    let mut rest = &code[..];
    while let Some(at) = rest.find("use ") {
        let is_statement = rest[..at].trim_end_matches(' ').ends_with(['\n', ')'])
            || rest[..at].ends_with("pub ")
            || at == 0;
        rest = &rest[at + 4..];
        if is_statement && let Some((tree, after)) = rest.split_once(';') {
            let start = code.len() - rest.len() - 4;
            let line = code[..start].rsplit('\n').next().unwrap_or_default();
            expand(
                &tree.split_whitespace().collect::<String>(),
                Vec::new(),
                &mut |path| {
                    found.push((line.trim().starts_with("pub"), path));
                },
            );
            rest = after;
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let tail = &code[at..];
            let end = tail
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(tail.len());
            if !tail[..end].ends_with(':') {
                found.push((false, tail[..end].split("::").map(str::to_owned).collect()));
            }
        }
    }
    found
}

/// Passes each path of a `use` tree to `give`, without braces.
fn expand(tree: &str, prefix: Vec<String>, give: &mut impl FnMut(Vec<String>)) {
    if let Some((head, group)) = tree.split_once('{') {
        let mut prefix = prefix;
        prefix.extend(
            head.split("::")
                .filter(|s| !s.is_empty())
                .map(str::to_owned),
        );
        let group = group.strip_suffix('}').unwrap_or(group);
        let (mut depth, mut from) = (0, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if at > from {
                        expand(&group[from..at], prefix.clone(), give);
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let path = prefix
        .into_iter()
        .chain(tree.split("::").map(str::to_owned));
    give(path.filter(|s| s != "self").collect());
}

/// Returns the module that a path of `from` leads to, through re-exports. `None` if it leads out of the crate.
fn resolve(sources: &Sources, from: &str, path: &[String]) -> Option<String> {
    let (first, mut rest) = path.split_first()?;
    let parent = |module: &str| match module.rsplit_once("::") {
        Some((parent, _)) => parent.to_owned(),
        None => "crate".to_owned(),
    };
    let mut module = match &**first {
        "crate" => "crate".to_owned(),
        "super" => parent(from),
        name => {
            rest = path;
            let child = child(from, name);
            if !sources.contains_key(&child) {
                return None;
            }
            from.to_owned()
        }
    };
    while let Some((name, after)) = rest.split_first() {
        if name == "super" {
            module = parent(&module);
        } else if sources.contains_key(&child(&module, name)) {
            module = child(&module, name);
        } else {
            let reexport = paths(&sources[&module])
                .into_iter()
                .find(|(is_public, path)| *is_public && path.last() == Some(name));
            return match reexport {
                Some((_, path)) => resolve(sources, &module, &path),
                None => Some(module),
            };
        }
        rest = after;
    }
    Some(module)
}

fn child(module: &str, name: &str) -> String {
    match module {
        "crate" => name.to_owned(),
        module => format!("{module}::{name}"),
    }
}

fn imports(sources: &Sources) -> Imports {
    let of = |(module, text): (&String, &String)| {
        let used = paths(text).into_iter().filter(|(is_public, _)| !is_public);
        let used = used.filter_map(|(_, path)| resolve(sources, module, &path));
        (module.clone(), used.filter(|to| to != module).collect())
    };
    sources.iter().map(of).collect()
}

/// Returns every import of a layer that is not lower, and every cycle.
fn faults(imports: &Imports, layers: &[&[&str]]) -> Vec<String> {
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap_or_default();
        layers.iter().position(|row| row.contains(&top))
    };
    let mut faults = Vec::new();
    for (from, used) in imports {
        if layer(from).is_none() {
            faults.push(format!("{from} is in no layer"));
        }
        for to in used.iter().filter(|to| layer(to) > layer(from)) {
            faults.push(format!("{from} imports {to} of a higher layer"));
        }
    }
    for (from, used) in imports {
        for to in used.iter().filter(|to| reaches(imports, to, from)) {
            faults.push(format!("{from} imports {to} in a circle"));
        }
    }
    faults
}

/// Whether one module imports another, directly or through others.
fn reaches(imports: &Imports, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![from];
    while let Some(module) = left.pop() {
        if module == to {
            return true;
        }
        if seen.insert(module) {
            left.extend(
                imports
                    .get(module)
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            );
        }
    }
    false
}

fn faults_of(modules: &[(&str, &str)]) -> Vec<String> {
    let sources = modules
        .iter()
        .map(|&(module, text)| (module.to_owned(), text.to_owned()))
        .collect();
    faults(&imports(&sources), &[&["a", "b"], &["c"]])
}

#[test]
fn an_import_of_a_higher_layer_is_found() {
    let found = faults_of(&[("a", "use crate::c::{D, E};"), ("c", "")]);
    assert_eq!(found, ["a imports c of a higher layer"]);
    let found = faults_of(&[("a", "fn f() { crate::c::g() }"), ("c", "")]);
    assert_eq!(found, ["a imports c of a higher layer"]);
}

#[test]
fn a_cycle_through_a_reexport_is_found() {
    let modules = [
        ("a", "mod x;\npub use x::X;\n"),
        ("a::x", "use crate::b::B;\npub struct X;"),
        ("b", "use crate::a::X;"),
    ];
    assert_eq!(
        faults_of(&modules),
        ["a::x imports b in a circle", "b imports a::x in a circle"]
    );
}

#[test]
fn imports_of_lower_layers_are_allowed() {
    let modules = [
        ("a", "mod x;\nmod y;\npub(crate) use x::{self, X};\n"),
        ("a::x", "use super::y::Y;"),
        ("a::y", "use std::fmt;"),
        ("c", "use crate::{\n    a::{X, y},\n    b,\n};"),
        (
            "b",
            "/// As `crate::c`: prose is no import.\nuse super::a::X;",
        ),
    ];
    assert_eq!(faults_of(&modules), [""; 0]);
}
