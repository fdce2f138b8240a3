"""What the programs are made of: their crates, as `cargo tree` and Cargo.lock say.

Only what is linked into a program on the target counts, not what it was built or tested with.
"""

import json
import pathlib
import subprocess
import tomllib

# Each program, and its package.
PROGRAMS = {
    "fasti": "fasti-cli",
    "fasti-witness": "fasti-witness-server",
    "fasti-writer": "fasti-writer",
}


def cargo(*words):
    run = subprocess.run(["cargo", *words], check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout


def metadata():
    """All packages of the workspace's lock file, by name and version."""
    packages = json.loads(cargo("metadata", "--locked", "--format-version", "1"))["packages"]
    return {(each["name"], each["version"]): each for each in packages}


def checksums():
    """SHA-256 of each package of the registry, by name and version."""
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text())
    return {(each["name"], each["version"]): each.get("checksum") for each in lock["package"]}


def linked(package, target):
    """Names and versions of the crates of one program, its own among them."""
    words = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]
    lines = cargo(*words, "--target", target, "--package", package).splitlines()
    # `name v1.2.3`, and then perhaps where it is, and that it was listed before.
    crates = (line.split()[:2] for line in lines if line)
    return {(name, version.removeprefix("v")) for name, version in crates}


def by_crate(programs, target):
    """The programs that each crate is part of: (name, version) to a sorted list."""
    crates = {}
    for program in sorted(programs):
        for crate in linked(PROGRAMS[program], target):
            crates.setdefault(crate, []).append(program)
    return dict(sorted(crates.items()))
