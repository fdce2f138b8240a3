//! Colours: only on a terminal, unless the environment says otherwise.
//!
//! Checked in this order: `NO_COLOR` (no-color.org), `CLICOLOR_FORCE`, `CLICOLOR`, the terminal.
//! clap does the same for help and usage errors.

use std::ffi::OsString;
use std::io::IsTerminal;

/// Whether output on this stream should have colours.
pub fn suit(stream: &impl IsTerminal) -> bool {
    decide(stream.is_terminal(), |name| std::env::var_os(name))
}

fn decide(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let is_off = set("CLICOLOR").is_some_and(|value| value == "0");
    is_terminal && !is_off && set("TERM").is_some_and(|value| value != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_for_those_who_insist() {
        let decide = |is_terminal: bool, variables: &[(&str, &str)]| {
            decide(is_terminal, |name| {
                let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
                Some((*value).into())
            })
        };
        let xterm = ("TERM", "xterm");
        for (variables, on_terminal, elsewhere) in [
            (&[xterm][..], true, false),
            (&[], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[xterm, ("NO_COLOR", "1")], false, false),
            (&[xterm, ("NO_COLOR", "")], true, false),
            (&[xterm, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[xterm, ("CLICOLOR_FORCE", "0")], true, false),
            (&[xterm, ("CLICOLOR", "0")], false, false),
            (&[xterm, ("CLICOLOR", "1")], true, false),
        ] {
            assert_eq!(decide(true, variables), on_terminal, "{variables:?} on a terminal");
            assert_eq!(decide(false, variables), elsewhere, "{variables:?} elsewhere");
        }
    }
}
