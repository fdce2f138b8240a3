//! Writes the manual pages and shell completions of all programs, from their flags: `fasti-pages
//! DIR`. It is not shipped itself.
//!
//! ```text
//! DIR/man/fasti.1, fasti-upload.1, ..., fasti-writer.1, fasti-witness.1
//! DIR/completions/fasti.bash, _fasti, fasti.fish, ...
//! ```
//! The same flags give the same bytes.

#[cfg(test)]
mod every_flag;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;

fn main() -> anyhow::Result<()> {
    let dir = std::env::args_os().nth(1).context("usage: fasti-pages DIR")?;
    write(&PathBuf::from(dir))
}

/// The command lines of the programs.
fn commands() -> [Command; 3] {
    [fasti_cli::command(), fasti_witness_server::command(), fasti_writer::command()]
}

fn write(dir: &Path) -> anyhow::Result<()> {
    let (man, completions) = (dir.join("man"), dir.join("completions"));
    for dir in [&man, &completions] {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    for mut command in commands() {
        let name = command.get_name().to_owned();
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            clap_complete::generate_to(shell, &mut command, &name, &completions)?;
        }
        // `--version` would make a page differ between builds.
        let version = env!("CARGO_PKG_VERSION");
        let command = command.version(version).long_version(version);
        clap_mangen::generate_to(command, &man)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_of_every_program_has_its_place() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path()).expect("it can be written");
        for command in commands() {
            let name = command.get_name();
            let read = |path: String| fs::read_to_string(dir.path().join(&path)).expect(&path);
            let page = read(format!("man/{name}.1")).replace("\\-", "-");
            let bash = read(format!("completions/{name}.bash"));
            assert!(command.get_arguments().count() > 5, "{name}");
            for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
                let Some(long) = flag.get_long() else { continue };
                assert!(page.contains(&format!("--{long}")), "{name} --{long} has no place");
                assert!(bash.contains(&format!("--{long}")), "{name} --{long} is not completed");
            }
            for verb in command.get_subcommands() {
                read(format!("man/{name}-{}.1", verb.get_name()));
            }
            read(format!("completions/_{name}"));
            read(format!("completions/{name}.fish"));
        }
    }
}
