"""Unpacks an image in the OCI layout as a runtime does, and checks what it says about itself.

Arguments: the archive, and the directory for its root. Every blob must have the digest and size that its
descriptor states, and every layer the content that the configuration states.
"""

import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile

LABELS = ["title", "description", "licenses", "version", "revision", "created"]


class Archive:
    def __init__(self, path):
        self.files = tarfile.open(path)

    def read(self, name):
        return self.files.extractfile(name).read()

    def blob(self, descriptor):
        content = self.read("blobs/" + descriptor["digest"].replace(":", "/"))
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == descriptor["digest"], descriptor
        assert len(content) == descriptor["size"], descriptor
        return content


def main(path, to):
    archive = Archive(path)
    assert json.loads(archive.read("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
    [descriptor] = json.loads(archive.read("index.json"))["manifests"]
    manifest = json.loads(archive.blob(descriptor))
    image = json.loads(archive.blob(manifest["config"]))
    config = image["config"]
    assert config["User"] == "65532:65532" and config["Entrypoint"] == ["fasti-writer"], config
    for label in LABELS:
        assert config["Labels"][f"org.opencontainers.image.{label}"], label
    for layer, content in zip(manifest["layers"], image["rootfs"]["diff_ids"], strict=True):
        packed = archive.blob(layer)
        how = "zstd" if layer["mediaType"].endswith("+zstd") else "gzip"
        files = subprocess.run([how, "-dc"], input=packed, stdout=subprocess.PIPE, check=True).stdout
        assert f"sha256:{hashlib.sha256(files).hexdigest()}" == content, layer
        with tarfile.open(fileobj=io.BytesIO(files)) as layer:
            layer.extractall(to, filter="fully_trusted")
    root = pathlib.Path(to)
    inside(root)
    whole = json.loads(pathlib.Path(f"{path}.cdx.json").read_text())["components"]
    packages = {each["name"] for each in whole if each["purl"].startswith("pkg:deb/")}
    described = {each.name for each in (root / "var/lib/dpkg/status.d").iterdir() if each.suffix != ".md5sums"}
    assert packages == described, packages ^ described
    crates = {each["name"] for each in whole if each["purl"].startswith("pkg:cargo/")}
    for crate, there in {"fasti": True, "rustls": True, "tokio": True, "serde_derive": False, "proptest": False}.items():
        assert (crate in crates) == there, crate
    size = pathlib.Path(path).stat().st_size / 1e6
    print(f"image: {size:.1f} MB, {len(packages)} Debian packages, {len(crates)} crates; {descriptor['digest']}")


def inside(root):
    """The programs of the image are ours, nothing is set-uid, and only its owner writes a file."""
    programs = set()
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        assert not mode & 0o6000, f"{path} is set-uid or set-gid"
        if path.is_symlink() or not path.is_file():
            continue
        assert not mode & 0o022, f"others can write {path}"
        if mode & 0o111 and "x86_64-linux-gnu" not in path.parts:
            programs.add(str(path.relative_to(root)))
    assert programs == {f"usr/bin/{name}" for name in ("fasti", "fasti-witness", "fasti-writer")}, programs


main(*sys.argv[1:])
