//! No two modules of a crate import each other, directly or through others. A module that names
//! another one is built on it; `lib.rs` only lists modules, and hands their names on. What is named
//! by its place in `lib.rs` counts as named in its own module.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use crate::{code, root, rust_files, text};

/// The crates whose modules stand in floors.
const CRATES: [&str; 28] = [
    "cmd/fasti-bench/src",
    "cmd/fasti-witness/src",
    "cmd/fasti-writer/src",
    "cmd/fasti/src",
    "cmd/flags",
    "src/admit",
    "src/audit",
    "src/client",
    "src/entry",
    "src/grow",
    "src/http",
    "src/log",
    "src/lookup",
    "src/lookup-spec",
    "src/monitor",
    "src/objects",
    "src/rate",
    "src/read",
    "src/rekor-v1",
    "src/repair",
    "src/seams",
    "src/serve",
    "src/signer",
    "src/store",
    "src/verify",
    "src/witness",
    "src/x509",
    "tiles-spec/src",
];

/// What `lib.rs` leaves to other modules.
const DEFINITIONS: [&str; 4] = ["fn ", "struct ", "enum ", "trait "];

/// The path of a module below its crate's root.
type Module = Vec<String>;

#[test]
fn modules_stand_on_those_below_them() {
    for dir in CRATES {
        let lib = root().join(dir).join("lib.rs");
        let defines = |line: &str| DEFINITIONS.iter().any(|word| line.contains(word));
        // Programs have a `main.rs` instead.
        let definition = lib.exists().then(|| text(&lib)).and_then(|text| {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            lines.map(str::to_owned).find(|line| defines(line))
        });
        assert!(definition.is_none(), "{dir}/lib.rs defines something: {definition:?}");
        let mut imports = imports(dir);
        // Whatever stands on nothing that is left can be taken away; a circle stays.
        loop {
            let free = imports.iter().find(|(_, below)| below.is_empty()).map(|(m, _)| m.clone());
            let Some(free) = free else { break };
            imports.remove(&free);
            for below in imports.values_mut() {
                below.remove(&free);
            }
        }
        assert!(
            imports.is_empty(),
            "modules of {dir} import each other, or what does: {imports:#?}"
        );
    }
}

/// Which modules of the crate each of its modules is built on.
fn imports(dir: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let base = root().join(dir);
    let files = rust_files(dir).into_iter().filter(|path| {
        let name = path.strip_prefix(&base).expect("below the crate");
        !name.iter().any(|part| part == "tests" || part == "tests.rs" || part == "testing.rs")
    });
    let modules: BTreeMap<Module, String> =
        files.map(|path| (module(&base, &path), code(&path))).collect();
    let known = |module: &Module| modules.contains_key(module);
    let handed_on = modules.get(&Module::new()).map(|lib| handed_on(lib)).unwrap_or_default();
    let imports = modules.iter().map(|(module, code)| {
        let below = imported(module, code).into_iter().filter_map(|mut path| {
            if let Some(home) = path.first().and_then(|name| handed_on.get(name))
                && !known(&path[..1].to_vec())
            {
                path.clone_from(home);
            }
            // The longest part of the path that is a module.
            while !path.is_empty() && !known(&path) {
                path.pop();
            }
            (!path.is_empty() && path != *module).then_some(path)
        });
        (module.clone(), below.collect())
    });
    imports.filter(|(module, _): &(Module, BTreeSet<Module>)| !module.is_empty()).collect()
}

/// The names that the root of a crate hands on, each with its own module.
fn handed_on(lib: &str) -> BTreeMap<String, Module> {
    let paths = imported(&Module::new(), lib).into_iter();
    paths.filter_map(|mut path| Some((path.pop()?, path))).collect()
}

fn module(base: &Path, path: &Path) -> Module {
    let name = path.strip_prefix(base).expect("below the crate").with_extension("");
    let parts = name.iter().map(|part| part.to_str().expect("ASCII").to_owned());
    parts.filter(|part| !["lib", "main", "mod"].contains(&part.as_str())).collect()
}

/// The paths of all that a module names in its crate.
fn imported(module: &Module, code: &str) -> BTreeSet<Module> {
    let children: Vec<&str> = code
        .lines()
        .filter_map(|line| line.trim().split("mod ").nth(1)?.strip_suffix(';'))
        .collect();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |n| n + 1);
        let first = &before[start..];
        if before[..start].ends_with(':') {
            continue;
        }
        let base = match first {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            child if children.contains(&child) => [module.clone(), vec![child.to_owned()]].concat(),
            _ => continue,
        };
        take(&mut code[at + 2..].chars().peekable(), base, &mut found);
    }
    found
}

/// Follows a path through its braces, up to each name at its end.
fn take(rest: &mut Peekable<Chars>, mut path: Module, found: &mut BTreeSet<Module>) {
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next_if_eq(&'{').is_some() {
            while rest.peek().is_some_and(|c| *c != '}') {
                take(rest, path.clone(), found);
                while rest.next_if(|c| !matches!(c, ',' | '}')).is_some() {}
                rest.next_if_eq(&',');
                while rest.next_if(|c| c.is_whitespace()).is_some() {}
            }
            rest.next();
            return;
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
        }
        match name.as_str() {
            "super" => drop(path.pop()),
            "self" => {}
            _ => path.push(name),
        }
        let mut ahead = rest.clone();
        if (ahead.next(), ahead.next()) != (Some(':'), Some(':')) {
            found.insert(path);
            return;
        }
        rest.next();
        rest.next();
    }
}
