//! The procedures of `src/docs/procedures.md`. Each is a script in this directory, with the
//! commands of its section, and checks that they say what the section shows. It needs bash,
//! coreutils and the programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fasti_kit::process::program;
use fasti_kit::skipped::skipped;

/// How long a script may take on a busy machine, in seconds. Most take two.
const SECONDS_MAX: &str = "120";

macro_rules! procedures {
    ($($name:ident)*) => {
        const SCRIPTS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            run(&file_name(stringify!($name)));
        })*
    };
}

procedures! {
    directory bucket key_ceremony succession witnesses upgrade lost_zone lost_state corrupt_object
    full_disk leaked_key restore_drill freezing moving costs
}

fn file_name(test: &str) -> String {
    test.replace('_', "-")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(repository().join(path)).expect("readable")
}

fn run(script: &str) {
    let names = ["fasti", "fasti-writer", "fasti-witness", "fasti-buckets"];
    let programs = names.map(program);
    let directory = programs[0].parent().expect("a program is in a directory");
    // It ends the script, and all that the script has started.
    let output = Command::new("timeout")
        .args(["--kill-after", "10", SECONDS_MAX])
        .arg(repository().join("tests/runbook").join(script))
        .env("FASTI_PROGRAMS", directory)
        .output()
        .expect("coreutils are there");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}, {}: {said}\n{errors}", output.status);
    for line in said.lines() {
        if let Some(what) = line.strip_prefix("SKIPPED") {
            skipped(what.trim_start_matches(": "));
        }
    }
}

/// A section of the document: its title and its text.
fn sections(document: &str) -> Vec<(&str, &str)> {
    let sections = document.split("\n## ").skip(1);
    sections.map(|section| section.split_once('\n').expect("a title and a text")).collect()
}

/// The scripts that a text names.
fn named(text: &str) -> Vec<&str> {
    let links = text.split("(../../tests/runbook/").skip(1);
    links.filter_map(|rest| rest.split_once(')')).map(|(name, _)| name).collect()
}

#[test]
fn every_section_names_its_script_and_every_script_is_run() {
    let document = read("src/docs/procedures.md");
    let mut in_document = Vec::new();
    for (title, text) in sections(&document) {
        let scripts = named(text);
        assert!(!scripts.is_empty(), "{title} names no script");
        in_document.extend(scripts);
    }
    let files = fs::read_dir(repository().join("tests/runbook")).expect("the directory is there");
    let files = files.map(|file| file.expect("readable").file_name());
    let mut files: Vec<_> = files.map(|name| name.into_string().expect("a name")).collect();
    files.retain(|name| !["main.rs", "scene.bash"].contains(&name.as_str()));
    let mut tested: Vec<_> = SCRIPTS.iter().map(|name| file_name(name)).collect();
    for names in [&mut files, &mut tested] {
        names.sort();
    }
    in_document.sort_unstable();
    assert_eq!(files, tested);
    assert_eq!(files, in_document, "each is named once");
}

/// A text in which commands are on one line, with one space between words.
fn in_lines(text: &str) -> String {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

/// A line with `$` is a command of the script; all others are what the script sees, but for `...`.
#[test]
fn the_commands_and_what_they_say_are_those_of_the_scripts() {
    let document = read("src/docs/procedures.md");
    let mut commands = 0;
    for (title, text) in sections(&document) {
        let scripts: Vec<_> = named(text);
        let scripts = scripts.iter().map(|name| read(format!("tests/runbook/{name}")));
        let scripts = in_lines(&scripts.collect::<String>());
        for block in text.split("```console\n").skip(1) {
            let (block, _) = block.split_once("```").expect("the block ends");
            for line in in_lines(block).lines() {
                if let Some(command) = line.strip_prefix("$ ") {
                    let command = command.split(" #").next().unwrap_or_default().trim();
                    assert!(scripts.contains(command), "{title}: no script does: {command}");
                    commands += 1;
                    continue;
                }
                for words in line.split("...").map(str::trim) {
                    assert!(scripts.contains(words), "{title}: no script sees: {words}");
                }
            }
        }
    }
    assert!(commands > 50, "{commands} commands were found");
}
