//! Keys and signatures of other programs, where there are such programs: OpenSSH and GnuPG.

use std::process::Command;

use fasti_kit::skipped::skipped;

use super::made::Made;
use crate::world::{Ended, World};

/// A program in a world, which must be installed.
fn tool(world: &World, name: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(world.path("")).env("GNUPGHOME", world.path("gnupg"));
    Ended::of(command)
}

fn is_installed(name: &str) -> bool {
    let found = Command::new(name).arg("--version").output().is_ok();
    if !found {
        skipped(format_args!("entries signed with {name}: there is no such program"));
    }
    found
}

/// Uploads it, twice, reads and verifies it, and refuses another artifact.
#[track_caller]
fn check(world: &World, made: &Made) {
    let said = world.fasti(&made.command("upload")).good();
    assert!(said.starts_with("Created entry at index 0, available at: "), "{said}");
    let said = world.fasti(&made.command("upload")).good();
    assert!(said.starts_with("Entry already exists; available at: "), "{said}");
    let said = world.fasti(&made.command("verify")).good();
    assert!(said.contains("Inclusion Proof:"), "{said}");
    let said = world.fasti(&["get", "--log-index", "0"]).good();
    assert!(said.contains(made.model), "{said}");
    world.write("signed", "something else\n");
    world.fasti(&made.command("upload")).refused("nothing was sent");
    world.fasti(&made.command("verify")).refused("nothing was sent");
}

#[test]
fn signatures_of_openssh() {
    if !is_installed("ssh-keygen") {
        return;
    }
    let world = World::with_writer(&[]);
    world.write("signed", "an artifact\n");
    let key = ["-q", "-t", "ed25519", "-N", "", "-C", "dev@example.com", "-f", "ssh"];
    tool(&world, "ssh-keygen", &key).good();
    tool(&world, "ssh-keygen", &["-q", "-Y", "sign", "-n", "file", "-f", "ssh", "signed"]).good();
    let made = Made::new(
        "RekordObj",
        "--type rekord --pki-format ssh --artifact signed --signature signed.sig --public-key \
         ssh.pub",
    );
    check(&world, &made);
}

#[test]
fn signatures_of_gnupg() {
    if !is_installed("gpg") {
        return;
    }
    let world = World::with_writer(&[]);
    world.write("signed", "an artifact\n");
    std::fs::create_dir(world.path("gnupg")).expect("a directory");
    let gpg = |arguments: &[&str]| {
        let batch = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        tool(&world, "gpg", &[&batch[..], arguments].concat())
    };
    let user = "Dev <dev@example.com>";
    let made = gpg(&["--quick-gen-key", user, "rsa2048", "sign", "never"]);
    if made.status != 0 {
        skipped(format_args!("entries signed with gpg: it makes no key: {}", made.stderr));
        return;
    }
    gpg(&["--armor", "--output", "signed.asc", "--detach-sign", "signed"]).good();
    gpg(&["--armor", "--output", "key.asc", "--export"]).good();
    let made = Made::new(
        "RekordObj",
        "--type rekord --pki-format pgp --artifact signed --signature signed.asc --public-key \
         key.asc",
    );
    check(&world, &made);
}
