"""Runs what terraform/compose/compose.yaml says, for want of an engine: its services as processes, each
with the command and variables, and at an address, of its own. Three writers over one bucket are submitted to
through the front, one of them is killed, and the log is read through the front and audited.

Run it by root under `unshare --mount --net`. Arguments: the directory of the programs, and nginx.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from ruamel.yaml import YAML

sys.path.insert(0, "tests/recipes")
import reads  # noqa: E402

HERE = pathlib.Path("terraform/compose")
USER = 65532
FRONT = "http://front:8080"
WRITERS = ["writer1", "writer2", "writer3"]


class Project:
    """The services that run, in a directory that goes with them."""

    def __init__(self, programs, nginx, work):
        self.programs, self.nginx, self.work, self.running = programs, nginx, work, {}
        self.variables = {"FASTI_VKEY": "-", "FASTI_WITNESS_VKEY": "-", "FASTI_PROXIES": "127.0.0.0/8"}
        services = self.document()["services"]
        self.addresses = {name: f"127.0.1.{number}" for number, name in enumerate(services, start=1)}
        hosts = work / "hosts"
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in self.addresses.items()), ""]
        hosts.write_text("\n".join(lines))
        subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.prepare()

    def document(self):
        """The file, with its variables replaced."""
        return self.filled(YAML(typ="safe").load(HERE / "compose.yaml"))

    def filled(self, value):
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if not isinstance(value, str):
            return value
        replaced = lambda match: self.variables.get(match[1], match[2] or "")
        return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", replaced, value)

    def prepare(self):
        """What the script does: it runs the services that make the keys."""
        log = self.once("log-key", "--origin", "localhost").strip()
        witness = self.once("witness-key", "--name", "localhost/witness").strip()
        self.variables |= {"FASTI_VKEY": log, "FASTI_WITNESS_VKEY": witness}

    def placed(self, name):
        """Where a container's paths are here: volumes and configs, longest first."""
        service, document, places = self.document()["services"][name], self.document(), {}
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            there = HERE / source if source.startswith(".") else self.work / "volumes" / source
            if not source.startswith("."):
                assert source in document["volumes"], source
                there.mkdir(parents=True, exist_ok=True)
                os.chown(there, USER, USER)
            places[target] = str(there.absolute())
        for config in service.get("configs", []):
            file = self.work / config["source"]
            file.write_text(document["configs"][config["source"]]["content"])
            places[config["target"]] = str(file)
        places["0.0.0.0"] = self.addresses[name]
        return dict(sorted(places.items(), key=lambda item: -len(item[0])))

    def command(self, name, *words):
        service, places = self.document()["services"][name], self.placed(name)

        def here(text):
            for there, place in places.items():
                text = text.replace(there, place)
            return text

        image = service["image"].split(":")[0]
        entry = service.get("entrypoint", ["fasti-writer" if image == "fasti" else image])
        program, *words = [*entry, *service.get("command", []), *words]
        variables = {key: here(str(value)) for key, value in service.get("environment", {}).items()}
        variables |= {"HOME": str(self.work / "volumes"), "PATH": "/usr/bin"}
        return [f"{self.programs}/{program}", *map(here, words)], variables

    def once(self, name, *words):
        command, variables = self.command(name, *words)
        return self.output(command, variables)

    def output(self, command, variables):
        run = subprocess.run(command, env=variables, user=USER, group=USER, extra_groups=[], capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{' '.join(command)} ends with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout

    def start(self, name):
        command, variables = self.command(name)
        self.spawn(name, command, variables)

    def start_front(self):
        [mount] = self.document()["services"]["front"]["volumes"]
        text = (HERE / mount.split(":")[0]).read_text()
        text = text.replace("/tmp/", f"{self.work}/front/").replace("listen 8080", f"listen {self.addresses['front']}:8080")
        (self.work / "front").mkdir()
        os.chown(self.work / "front", USER, USER)
        (self.work / "nginx.conf").write_text(text)
        self.spawn("front", [self.nginx, "-e", "stderr", "-c", str(self.work / "nginx.conf")], {})

    def spawn(self, name, command, variables):
        with open(self.work / f"{name}.said", "w") as said:
            self.running[name] = subprocess.Popen(
                command, env=variables, user=USER, group=USER, extra_groups=[], stdout=said, stderr=said
            )

    def healthy(self, name):
        """Waits until a writer's own check says so."""
        check = self.document()["services"][name]["healthcheck"]["test"]
        assert check[0] == "CMD", check
        command = [f"{self.programs}/{check[1]}", *(word.replace("127.0.0.1", name) for word in check[2:])]
        end = time.monotonic() + 20
        while subprocess.run(command, env=self.command(name)[1], capture_output=True, check=False).returncode:
            if time.monotonic() > end or self.running[name].poll() is not None:
                sys.exit(f"{name} is not healthy:\n{self.said(name)}")
            time.sleep(0.1)

    def said(self, name):
        return (self.work / f"{name}.said").read_text()

    def fasti(self, *words):
        variables = {"FASTI_LOG": FRONT, "FASTI_VKEY": self.variables["FASTI_VKEY"], "HOME": str(self.work / "home")}
        return self.output([f"{self.programs}/fasti", *words], variables)

    def upload(self, text):
        (self.work / "artifact").write_text(text)
        key = ["--private-key", str(self.work / "me.pem")]
        self.fasti("upload", "--artifact", str(self.work / "artifact"), *key)


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
    found = project.fasti("search", "--artifact", str(project.work / "artifact"), "--format", "json")
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
    print(f"compose: its services run as processes, through the loss of a writer, in {time.monotonic() - began:.0f} s")


main(sys.argv[1], sys.argv[2])
