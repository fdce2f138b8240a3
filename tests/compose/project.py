"""The services of terraform/compose/compose.yaml as processes, for want of an engine: each with the
command and variables, and at an address, of its own. What runs them is root under `unshare
--mount --net`.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

from ruamel.yaml import YAML

HERE = pathlib.Path("terraform/compose")
USER = 65532
WHO = {"user": USER, "group": USER, "extra_groups": []}
FRONT = "http://front:8080"
WRITERS = ["writer1", "writer2", "writer3"]


class Project:
    """The services that run, in a directory that goes with them."""

    def __init__(self, programs, nginx, work):
        self.programs, self.nginx, self.work, self.running = programs, nginx, work, {}
        self.variables = {"FASTI_VKEY": "-", "FASTI_WITNESS_VKEY": "-"}
        self.variables["FASTI_PROXIES"] = "127.0.0.0/8"
        numbered = enumerate(self.document()["services"], start=1)
        self.addresses = {name: f"127.0.1.{number}" for number, name in numbered}
        hosts = work / "hosts"
        named = [f"{address} {name}" for name, address in self.addresses.items()]
        hosts.write_text("\n".join(["127.0.0.1 localhost", *named, ""]))
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
        return [f"{self.directory(name)}/{program}", *map(here, words)], variables

    def directory(self, name):
        """Where a service's program is."""
        return self.programs

    def once(self, name, *words):
        command, variables = self.command(name, *words)
        return self.output(command, variables)

    def output(self, command, variables):
        run = subprocess.run(command, env=variables, capture_output=True, text=True, **WHO)
        if run.returncode:
            sys.exit(f"{' '.join(command)} ends with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout

    def start(self, name):
        command, variables = self.command(name)
        self.spawn(name, command, variables)

    def start_front(self):
        [mount] = self.document()["services"]["front"]["volumes"]
        text = (HERE / mount.split(":")[0]).read_text()
        text = text.replace("/tmp/", f"{self.work}/front/")
        text = text.replace("listen 8080", f"listen {self.addresses['front']}:8080")
        (self.work / "front").mkdir(exist_ok=True)
        os.chown(self.work / "front", USER, USER)
        (self.work / "nginx.conf").write_text(text)
        self.spawn("front", [self.nginx, "-e", "stderr", "-c", str(self.work / "nginx.conf")], {})

    def spawn(self, name, command, variables):
        """Starts a service, with all its processes in a group of their own."""
        with open(self.work / f"{name}.said", "a") as said:
            self.running[name] = subprocess.Popen(
                command, env=variables, stdout=said, stderr=said, start_new_session=True, **WHO
            )

    def healthy(self, name):
        """Waits until a writer's own check says so."""
        check = self.document()["services"][name]["healthcheck"]["test"]
        assert check[0] == "CMD", check
        words = [word.replace("127.0.0.1", name) for word in check[2:]]
        command, variables = [f"{self.programs}/{check[1]}", *words], self.command(name)[1]
        end = time.monotonic() + 20
        while subprocess.run(command, env=variables, capture_output=True, check=False).returncode:
            if time.monotonic() > end or self.running[name].poll() is not None:
                sys.exit(f"{name} is not healthy:\n{self.said(name)}")
            time.sleep(0.1)

    def said(self, name):
        return (self.work / f"{name}.said").read_text()

    def fasti(self, *words):
        variables = {"FASTI_LOG": FRONT, "FASTI_VKEY": self.variables["FASTI_VKEY"]}
        variables["HOME"] = str(self.work / "home")
        return self.output([f"{self.programs}/fasti", *words], variables)

    def upload(self, text):
        (self.work / "artifact").write_text(text)
        key = ["--private-key", str(self.work / "me.pem")]
        self.fasti("upload", "--artifact", str(self.work / "artifact"), *key)

