//! The program that writes manual pages and completions, through its real interface.

use std::path::Path;
use std::process::Command;

#[test]
fn every_program_has_a_page_and_completions() {
    let directory = tempfile::tempdir().expect("a directory");
    let written = Command::new(env!("CARGO_BIN_EXE_fasti-pages")).arg(directory.path()).status();
    assert!(written.expect("it runs").success());
    let files = files_below(directory.path());
    for program in ["fasti", "fasti-writer", "fasti-witness"] {
        let page = format!("{program}.1");
        assert!(files.iter().any(|file| file.ends_with(&page)), "{page} in {files:?}");
        let completions = files.iter().filter(|file| {
            let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
            !file.ends_with(".1")
                && stem.is_some_and(|stem| stem.trim_start_matches('_') == program)
        });
        assert!(completions.count() >= 2, "completions of {program} in {files:?}");
    }
}

fn files_below(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(
            |path| {
                if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] }
            },
        )
        .collect()
}
