"""Runs what terraform/compose/compose.yaml says, as processes. Three writers over one bucket are
submitted to through the front, one of them is killed, and the log is read through the front and
audited.

Run it by root under `unshare --mount --net`. Arguments: the directory of the programs, and nginx.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from project import FRONT, USER, WRITERS, Project

sys.path.insert(0, "tests/recipes")
import reads  # noqa: E402


def story(project):
    for name in ("store", "witness", *WRITERS):
        project.start(name)
    for name in WRITERS:
        project.healthy(name)
    project.start_front()
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]
    subprocess.run([*make, project.work / "me.pem"], check=True, stderr=subprocess.DEVNULL)
    os.chown(project.work / "me.pem", USER, USER)
    project.upload("before")
    # The one that started first leads, mostly.
    killed = project.running.pop(next(name for name in WRITERS if "leads" in project.said(name)))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    project.upload("after")

    reads.check(FRONT, project.variables["FASTI_VKEY"], ("", "/api/v2"))
    project.fasti("fsck")
    info = json.loads(project.fasti("loginfo", "--format", "json"))
    assert info["ActiveTreeSize"] == 2 and len(info["Checkpoint"].strip().splitlines()) == 6, info
    artifact = ["--artifact", str(project.work / "artifact")]
    found = project.fasti("search", *artifact, "--format", "json")
    assert json.loads(found)["total"] == 1, found
    for name, port in (("writer2", 2112), ("writer3", 2112), ("witness", 2112)):
        if name in project.running:
            urllib.request.urlopen(f"http://{name}:{port}/metrics", timeout=5).close()


def main(programs, nginx):
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        work.chmod(0o755)
        (work / "volumes").mkdir()
        (work / "home").mkdir()
        os.chown(work / "home", USER, USER)
        project = Project(programs, nginx, work)
        began = time.monotonic()
        try:
            story(project)
        except BaseException:
            for name in project.running:
                print(f"-- {name}:\n{project.said(name)}", file=sys.stderr)
            raise
        finally:
            for process in project.running.values():
                process.terminate()
            for process in project.running.values():
                process.wait()
            subprocess.run(["umount", "/etc/hosts"], check=False)
    took = f"{time.monotonic() - began:.0f} s"
    print(f"compose: its services run as processes, through the loss of a writer, in {took}")


main(sys.argv[1], sys.argv[2])
