"""Writes what a release is made of as a CycloneDX document (1.6, JSON): every crate that is linked into a
program, with the programs that it is part of, and every Debian package of the image.

Arguments: the target, the file to write, the programs; after `--debian`, a list of packages as in
terraform/image/debian.txt. The same input gives the same bytes: the time is SOURCE_DATE_EPOCH.
"""

import datetime
import json
import os
import pathlib
import sys
import uuid
from urllib.parse import quote

import crates

# The number is derived from what the document says.
NUMBERS = uuid.UUID("6f3b9d4e-6a0e-5d0b-9a55-0c8f0d6f4b1a")


def document(target, programs, debian):
    packages, sums = crates.metadata(), crates.checksums()
    version = packages["fasti", own_version(packages)]["version"]
    found = [
        of_crate(packages[crate], sums.get(crate), users)
        for crate, users in crates.by_crate(programs, target).items()
    ]
    found += [of_debian(line) for line in debian]
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "fasti",
                "name": "fasti",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
                "properties": [{"name": "fasti:target", "value": target}],
            },
        },
        "components": found,
    }
    content = json.dumps(bom, sort_keys=True)
    return {"serialNumber": uuid.uuid5(NUMBERS, content).urn, **bom}


def own_version(packages):
    [version] = [version for name, version in packages if name == "fasti"]
    return version


def of_crate(package, checksum, programs):
    name, version = package["name"], package["version"]
    component = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:cargo/{name}@{version}",
        "properties": [{"name": "fasti:program", "value": program} for program in programs],
    }
    if package["license"]:
        # A slash is the old way to say OR.
        expression = package["license"].replace(" / ", " OR ").replace("/", " OR ")
        component["licenses"] = [{"expression": expression}]
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return component


def of_debian(line):
    name, version, architecture, digest = line.split()
    purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}&distro=debian-12"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "properties": [{"name": "fasti:file", "value": f"/var/lib/dpkg/status.d/{name}"}],
    }


def main(target, to, *rest):
    programs, debian = list(rest), []
    if "--debian" in programs:
        at = programs.index("--debian")
        text = pathlib.Path(programs[at + 1]).read_text()
        debian = [line for line in text.splitlines() if line and not line.startswith("#")]
        del programs[at : at + 2]
    text = json.dumps(document(target, programs, debian), indent=1)
    pathlib.Path(to).write_text(text + "\n")


main(*sys.argv[1:])
