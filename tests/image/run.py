"""Runs the programs of an unpacked image in it, as its user, with a read-only root, where only the state
and /tmp can be written: a log is created, gets an entry, is read, and starts again.

Argument: the directory with `root` and `state`.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

USER = 65532
# In a mount namespace of its own; `exec` leaves one process, which gets the signals.
ENTER = """
mount --bind "$0/root" "$0/root"
mount -o remount,bind,ro,nosuid,nodev "$0/root"
mount --bind "$0/state" "$0/root/var/lib/fasti"
mount -t tmpfs -o size=16m tmpfs "$0/root/tmp"
mount -t proc proc "$0/root/proc"
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid chroot --userspec=65532:65532 --groups= "$0/root" "$@"
"""


class Container:
    def __init__(self, work):
        self.work = work
        os.chown(work / "state", USER, USER)
        (work / "state").chmod(0o700)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.env = {"PATH": "/usr/bin:/usr/sbin", "HOME": "/var/lib/fasti", "FASTI_LISTEN": self.address}

    def command(self, *words):
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", ENTER, str(self.work), *words]

    def run(self, *words, status=0):
        run = subprocess.run(self.command(*words), env=self.env, capture_output=True, text=True, timeout=60)
        if run.returncode != status:
            sys.exit(f"{' '.join(words)} ends with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    @contextlib.contextmanager
    def writer(self):
        """A writer that answers, and how long that took."""
        began = time.monotonic()
        words = ["/usr/bin/fasti-writer", "--store", "/var/lib/fasti/log", "--origin", "log.example.org"]
        process = subprocess.Popen(
            self.command(*words, "--accept-opaque"), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            while self.ask("/readyz") is None:
                if process.poll() is not None or time.monotonic() > began + 60:
                    process.kill()
                    sys.exit(f"the writer does not start:\n{process.stdout.read()}")
                time.sleep(0.005)
            yield time.monotonic() - began
            process.send_signal(signal.SIGTERM)
            if process.wait(timeout=30):
                sys.exit("a writer that is told to stop fails")
        finally:
            process.kill()

    def ask(self, path, body=None):
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", body, timeout=10) as answer:
                return answer.read()
        except OSError:
            return None


def forget(root):
    """Has the system read the image's files from the disk again."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                os.fdatasync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main(work):
    container = Container(work)
    for program in ("fasti", "fasti-witness", "fasti-writer"):
        container.run(f"/usr/bin/{program}", "--version")
    container.run("/bin/sh", "-c", "true", status=127)
    began = time.monotonic()
    container.run("/usr/bin/fasti", "--version")
    bare = time.monotonic() - began

    forget(work / "root")
    with container.writer() as cold:
        assert container.ask("/add", b"an entry") is not None
        assert container.ask("/checkpoint").startswith(b"log.example.org\n1\n")
    with container.writer() as warm:
        [vkey] = json.loads(container.ask("/log.json"))["verifierKeys"]
        log = ["--log", f"http://{container.address}", "--vkey", vkey]
        said = container.run("/usr/bin/fasti", "loginfo", *log, "--format", "json")
        assert json.loads(said)["ActiveTreeSize"] == 1, said
        container.run("/usr/bin/fasti", "fsck", *log)
    assert pathlib.Path(work / "state/log/checkpoint").stat().st_uid == USER
    print(f"image: its writer answers after {cold:.2f} s from the disk, {warm:.2f} s from memory; entering takes {bare:.2f} s")


main(pathlib.Path(sys.argv[1]))
