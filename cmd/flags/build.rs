//! Tells the compiler what the programs say about their build: its compiler, its target, and the
//! revision of the source.
//!
//! The revision is `FASTI_REVISION`, or else, of an optimised build, what git has checked out.
//! Other builds do not look, so that a commit does not make them build again.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-env-changed=FASTI_REVISION");
    let given = env::var("FASTI_REVISION").ok().filter(|given| !given.is_empty());
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let found = || is_release.then(|| checked_out(Path::new("../../.git"))).flatten();
    let revision = given.or_else(found);
    tell("FASTI_BUILD_REVISION", revision.as_deref().unwrap_or("unknown"));
    tell("FASTI_BUILD_TARGET", &env::var("TARGET").unwrap_or_default());
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(compiler).arg("--version").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    tell("FASTI_BUILD_COMPILER", &said.unwrap_or_default());
}

fn tell(variable: &str, value: &str) {
    println!("cargo:rustc-env={variable}={value}");
}

/// What git has checked out.
fn checked_out(git: &Path) -> Option<String> {
    let read = |path: &Path| {
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(path).ok()
    };
    let head = read(&git.join("HEAD"))?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_owned()) };
    if let Some(revision) = read(&git.join(name)) {
        return Some(revision.trim().to_owned());
    }
    let packed = read(&git.join("packed-refs"))?;
    let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, found)| *found == name).map(|(revision, _)| revision.to_owned())
}
