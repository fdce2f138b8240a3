//! The manifests: no crate names one that it does not use, and every crate says what it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{root, text};

/// Packages whose library has a name of its own.
const RENAMED: [(&str, &str); 1] = [("md-5", "md5")];

/// The manifests of the workspace.
pub fn manifests() -> Vec<PathBuf> {
    let root_manifest = text(&root().join("Cargo.toml"));
    let members = root_manifest.lines().find_map(|line| line.strip_prefix("members = ["));
    let members = members.expect("the workspace has members").trim_end_matches(']');
    let members = members.split(", ").map(|member| member.trim_matches('"'));
    let dirs = members.map(|member| root().join(member)).chain([root().to_owned()]);
    dirs.map(|dir| dir.join("Cargo.toml")).collect()
}

/// The lines of a section, such as `[dependencies]`.
pub fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(move |line| *line != format!("[{name}]")).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect()
}

/// The names of the packages in a section of dependencies.
fn dependencies(manifest: &str, name: &str) -> BTreeSet<String> {
    let named = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let lines = section(manifest, name).into_iter().filter(named);
    lines.map(|line| line.split(['.', ' ']).next().unwrap_or_default().to_owned()).collect()
}

/// The Rust files of a package, but not those of packages below it.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(&at).expect("the directory is there") {
            let path = entry.expect("readable").path();
            let is_package = path.join("Cargo.toml").exists() || path.ends_with("target");
            if path.is_dir() && !is_package {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The Rust files of a package: its library and programs, and all with its tests and examples.
fn of_package(manifest_path: &Path, manifest: &str) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let dir = manifest_path.parent().expect("a directory");
    let own = if dir == root() { vec![root().join("src/lib.rs")] } else { sources(dir) };
    let own: Vec<_> = own.into_iter().filter(|path| !path.starts_with(dir.join("tests"))).collect();
    let mut all = own.clone();
    if dir.join("tests").exists() && dir != root() {
        all.extend(sources(&dir.join("tests")));
    }
    let targets = manifest.lines().filter_map(|line| line.strip_prefix("path = \""));
    for target in targets.filter(|path| path.contains("tests/") || path.contains("examples/")) {
        let path = dir.join(target.trim_end_matches('"'));
        all.extend(sources(path.parent().expect("a directory")));
    }
    (own, all)
}

/// The text of a file without the unit tests at its end; empty for a file that is only tests.
fn without_tests(path: &Path) -> String {
    if path.ends_with("tests.rs") {
        return String::new();
    }
    text(path).split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

/// Whether the code mentions this crate.
fn mentions(code: &str, package: &str) -> bool {
    let renamed = RENAMED.iter().find(|(name, _)| *name == package);
    let name = renamed.map_or_else(|| package.replace('-', "_"), |(_, name)| (*name).to_owned());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(&name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    for path in manifests() {
        let manifest = text(&path);
        let (own, all) = of_package(&path, &manifest);
        let own: Vec<String> = own.iter().map(|path| without_tests(path)).collect();
        let all: Vec<String> = all.iter().map(|path| text(path)).collect();
        let normal = dependencies(&manifest, "dependencies");
        for name in &normal {
            if !own.iter().any(|code| mentions(code, name)) {
                unused.push(format!("{} does not use {name}", path.display()));
            }
        }
        // Those that are named twice get further features for tests.
        for name in dependencies(&manifest, "dev-dependencies").difference(&normal) {
            if !all.iter().any(|code| mentions(code, name)) {
                unused.push(format!("the tests of {} do not use {name}", path.display()));
            }
        }
    }
    let root_manifest = text(&root().join("Cargo.toml"));
    let others: Vec<String> = manifests().iter().map(|path| text(path)).collect();
    for name in dependencies(&root_manifest, "workspace.dependencies") {
        let (dotted, spaced) = (format!("\n{name}.workspace"), format!("\n{name} = {{ workspace"));
        let is_used =
            others.iter().any(|manifest| manifest.contains(&dotted) || manifest.contains(&spaced));
        if !is_used {
            unused.push(format!("no crate of the workspace depends on {name}"));
        }
    }
    assert!(unused.is_empty(), "{unused:#?}");
}
