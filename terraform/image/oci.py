"""Writes the image as an archive in the OCI image layout, which skopeo, podman, crane, containerd and
docker load.

Arguments: see --help. Layers have sorted paths, no owners' names, and one time, SOURCE_DATE_EPOCH, so the
same programs and packages give the same digest.
"""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import tarfile

import root

USER = 65532
HOME = "var/lib/fasti"
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


class Layer:
    """The files of one layer, by their paths."""

    def __init__(self):
        self.entries = {}

    def add(self, path, member, content=b""):
        """Adds a file, link or directory with the mode of an archive's member."""
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.linkname = member.type, member.mode & 0o7777, member.linkname
        entry.uid, entry.gid, entry.size, entry.mtime = 0, 0, len(content), EPOCH
        if entry.islnk():
            entry.linkname = entry.linkname.removeprefix("./")
        self.entries[path] = (entry, content)

    def file(self, path, content, mode=0o644):
        for parent in reversed(pathlib.PurePosixPath(path).parents[:-1]):
            if str(parent) not in self.entries:
                self.directory(str(parent), 0o755)
        member = tarfile.TarInfo()
        member.mode = mode
        self.add(path, member, content)

    def directory(self, path, mode, owner=0):
        member = tarfile.TarInfo()
        member.type, member.mode = tarfile.DIRTYPE, mode
        self.add(path, member)
        entry = self.entries[path][0]
        entry.uid = entry.gid = owner

    def archive(self):
        to = io.BytesIO()
        with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for _, (entry, content) in sorted(self.entries.items()):
                archive.addfile(entry, io.BytesIO(content))
        return to.getvalue()


class Layout:
    """The archive that is written."""

    def __init__(self):
        self.blobs = Layer()

    def blob(self, content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        self.blobs.file(f"blobs/sha256/{digest}", content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def json(self, value, media_type):
        return self.blob(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), media_type)


def compressed(content, how, level):
    """Of the same bytes always the same, whatever the number of processors."""
    if how == "gzip":
        return gzip.compress(content, level, mtime=0)
    command = ["zstd", f"-{level}", "-T2", "--quiet", "--stdout"]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def system(debs):
    layer = Layer()
    root.add_system(layer, sorted(debs))
    layer.directory("tmp", 0o1777)
    layer.directory(HOME, 0o700, USER)
    return layer


def programs(given):
    layer = Layer()
    for path in sorted(given.programs.iterdir()):
        layer.file(f"usr/bin/{path.name}", path.read_bytes(), 0o755)
    layer.file("usr/share/doc/fasti/LICENSE", pathlib.Path("LICENSE").read_bytes())
    layer.file("usr/share/doc/fasti/NOTICES", given.notices.read_bytes())
    layer.file("usr/share/sbom/fasti.cdx.json", given.sbom.read_bytes())
    return layer


def write(given):
    created = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": "fasti",
        "org.opencontainers.image.description": "A transparency log for software signatures",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.version": given.version,
        "org.opencontainers.image.revision": given.revision,
        "org.opencontainers.image.created": created,
    }
    if given.source:
        labels["org.opencontainers.image.source"] = given.source
    layout, layers, contents, history = Layout(), [], [], []
    media_type = f"application/vnd.oci.image.layer.v1.tar+{given.compression}"
    made = [("Debian's packages", system(given.debs.glob("*.deb"))), ("fasti", programs(given))]
    for what, layer in made:
        content = layer.archive()
        contents.append(f"sha256:{hashlib.sha256(content).hexdigest()}")
        layers.append(layout.blob(compressed(content, given.compression, given.level), media_type))
        history.append({"created": created, "created_by": what})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": ["PATH=/usr/bin", f"HOME=/{HOME}", "FASTI_LISTEN=0.0.0.0:3000"],
            "Entrypoint": ["fasti-writer"],
            "ExposedPorts": {"3000/tcp": {}},
            "Volumes": {f"/{HOME}": {}},
            "WorkingDir": f"/{HOME}",
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": contents},
        "history": history,
    }
    config = layout.json(config, "application/vnd.oci.image.config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    manifest |= {"config": config, "layers": layers, "annotations": labels}
    manifest = layout.json(manifest, manifest["mediaType"])
    names = {"org.opencontainers.image.ref.name": given.version, "io.containerd.image.name": f"docker.io/library/fasti:{given.version}"}
    manifest |= {"platform": {"architecture": "amd64", "os": "linux"}, "annotations": names}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}
    layout.blobs.file("index.json", json.dumps(index).encode())
    layout.blobs.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    # For docker without containerd's store.
    place = lambda descriptor: "blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")
    docker = {"Config": place(config), "RepoTags": [f"fasti:{given.version}"], "Layers": [place(each) for each in layers]}
    layout.blobs.file("manifest.json", json.dumps([docker]).encode())
    given.to.write_bytes(layout.blobs.archive())
    print(manifest["digest"])


def main():
    parser = argparse.ArgumentParser(description="Writes the image, and prints its digest.")
    parser.add_argument("--debs", type=pathlib.Path, required=True, help="the directory of Debian's packages")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the directory of the programs")
    parser.add_argument("--notices", type=pathlib.Path, required=True, help="licences of the crates")
    parser.add_argument("--sbom", type=pathlib.Path, required=True, help="what the programs are made of")
    parser.add_argument("--version", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument("--source", default="", help="where the source is")
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    parser.add_argument("--level", type=int, required=True)
    parser.add_argument("to", type=pathlib.Path)
    write(parser.parse_args())


main()
