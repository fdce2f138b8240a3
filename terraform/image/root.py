"""The files of the image's system: those of Debian's packages that a program needs, taken from the
packages' own archives, so that nothing is unpacked and nobody has to be root.

There is no shell and no other program. What describes the packages is where scanners look for it in
images without dpkg: /var/lib/dpkg/status.d.
"""

import hashlib
import io
import re
import tarfile

# What nobody reads in a container without a shell.
LEFT_OUT = re.compile(
    r"(bin|sbin|boot|home|media|mnt|opt|root|srv|usr/(bin|sbin|games|include|src|local))(/|$)"
    r"|etc/(ca-certificates|default|dpkg|issue.*|profile\.d|skel|update-motd\.d|opt|motd)(/|$)"
    r"|usr/share/(base-files|bug|ca-certificates|dict|info|lintian|locale|man|misc)(/|$)"
    r"|usr/share/doc/[^/]+/(?!copyright$)"
    r"|usr/lib/x86_64-linux-gnu/(audit|gconv)(/|$)"
    r"|var/(backups|cache|mail|opt|spool|local)(/|$)"
)
AUTHORITIES = "usr/share/ca-certificates/"
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nfasti:x:65532:65532:fasti:/var/lib/fasti:/sbin/nologin\n",
    "etc/group": "root:x:0:\nfasti:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def members(deb):
    """The members of a Debian package, by name: it is an `ar` archive."""
    data = deb.read_bytes()
    if data[:8] != b"!<arch>\n":
        raise ValueError(f"{deb} is not a Debian package")
    found, at = {}, 8
    while at < len(data):
        name, size = data[at : at + 16].decode().strip().rstrip("/"), int(data[at + 48 : at + 58])
        found[name] = data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    return found


def archive(members, name):
    """`control` or `data` of a package."""
    [content] = [content for each, content in members.items() if each.startswith(f"{name}.tar")]
    return tarfile.open(fileobj=io.BytesIO(content))


def add_package(layer, deb):
    """Adds a package's files to a layer. Returns its certificates."""
    parts, authorities, sums = members(deb), {}, []
    with archive(parts, "control") as control:
        described = control.extractfile("./control").read()
    with archive(parts, "data") as data:
        for member in data:
            path = member.name.removeprefix("./").strip("/")
            content = data.extractfile(member).read() if member.isreg() else b""
            if path.startswith(AUTHORITIES) and member.isreg():
                authorities[path] = content
            if path in ("", ".") or LEFT_OUT.match(path):
                continue
            layer.add(path, member, content)
            if member.isreg():
                sums.append(f"{hashlib.md5(content).hexdigest()}  {path}\n")
    name = re.search(rb"^Package: (\S+)$", described, re.MULTILINE)[1].decode()
    layer.file(f"var/lib/dpkg/status.d/{name}", described)
    layer.file(f"var/lib/dpkg/status.d/{name}.md5sums", "".join(sums).encode())
    return authorities


def add_system(layer, debs):
    """Adds all packages, the bundle of their authorities, and the accounts."""
    authorities = {}
    for deb in debs:
        authorities |= add_package(layer, deb)
    bundle = b"".join(content.rstrip(b"\n") + b"\n" for _, content in sorted(authorities.items()))
    layer.file("etc/ssl/certs/ca-certificates.crt", bundle)
    for path, text in ACCOUNTS.items():
        layer.file(path, text.encode())
