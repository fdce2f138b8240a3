"""Prints the licences of all crates that are linked into the programs, with their copyright notices, as
their packages have them. Texts that are alike stand once.

Arguments: the target, and the programs.
"""

import pathlib
import re
import sys

import crates

NAMES = re.compile(r"(?i)(licen[cs]e|copying|copyright|notice|unlicense).*")


def texts(package):
    """The licence files of a crate."""
    root = pathlib.Path(package["manifest_path"]).parent
    named = {root / package["license_file"]} if package["license_file"] else set()
    found = {path for path in root.iterdir() if path.is_file() and NAMES.fullmatch(path.name)}
    return sorted(path for path in found | named if path.is_file())


def main(target, *programs):
    packages = crates.metadata()
    own, without, users = {each for each, p in packages.items() if p["source"] is None}, [], {}
    for crate in crates.by_crate(programs, target):
        if crate in own:
            continue
        files = texts(packages[crate])
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
            users.setdefault(text, []).append(" ".join(crate))
        if not files:
            without.append(crate)
    print("fasti contains the works of others, under these licences.\n")
    if without:
        print("These packages have no file with their licence, but name it:\n")
        for crate in without:
            authors = ", ".join(re.sub(r" <.*?>", "", each) for each in packages[crate]["authors"])
            print("  " + " ".join(crate) + f": {packages[crate]['license']}" + (f", by {authors}" if authors else ""))
        print()
    for text, names in sorted(users.items(), key=lambda item: item[1]):
        print("=" * 80)
        print("Of " + ", ".join(sorted(set(names))) + ":\n")
        print(text + "\n")


main(*sys.argv[1:])
