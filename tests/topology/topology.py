"""The topology: the services of compose.yaml, and what a log in earnest has besides. Three
witnesses, of which two must cosign, in place of one; a monitor that follows the log; and a line
to the S3 server, which can break.

The S3 server has its objects in memory, so a restart would empty the bucket. What is restarted is
the line: all connections break, and answers are lost, as they are when a server restarts.
"""

import copy
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, "tests/compose")
from project import FRONT, USER, WRITERS, Project  # noqa: E402

WITNESSES = ["witness1", "witness2", "witness3"]
# What starts before the writers.
FIRST = ["bucket", "store", *WITNESSES]
QUORUM = "group enough 2 " + " ".join(WITNESSES) + "\nquorum enough\n"


class Topology(Project):
    """The services; `old` are the writers that still run the programs of the release before."""

    def __init__(self, programs, previous, nginx, prometheus, work, settings):
        self.previous, self.prometheus, self.settings = previous, prometheus, settings
        self.old, self.commands, self.is_upgraded = set(WRITERS), {}, previous != programs
        help_of_old = said_by(f"{previous}/fasti-writer", "--help")
        self.old_knows_witnesses = "--witness-policy" in help_of_old
        super().__init__(programs, nginx, work)

    def document(self):
        document = super().document()
        services, volumes = document["services"], document["volumes"]
        one, key = services.pop("witness"), services.pop("witness-key")
        for name in WITNESSES:
            services[name], services[f"{name}-key"] = copy.deepcopy(one), copy.deepcopy(key)
            services[name]["volumes"] = [f"{name}-key:/etc/fasti/keys:ro", f"{name}:/var/lib/fasti"]
            services[f"{name}-key"]["volumes"] = [f"{name}-key:/var/lib/fasti"]
            volumes |= {name: None, f"{name}-key": None}
        # A copy of the key for each: earlier releases note beside it what it has signed.
        for name in WRITERS:
            key, state = f"log-key-{name}:/etc/fasti/keys", f"{name}:/var/lib/fasti"
            services[name]["volumes"] = [key, state]
            services[name]["environment"] |= self.settings
            volumes[f"log-key-{name}"] = None
        document["configs"]["witnesses"]["content"] = self.policy()
        services["bucket"] = services["store"]
        line = ["proxy", "--listen", "0.0.0.0:9000", "--upstream", "BUCKET:9000"]
        services["store"] = {"image": "fasti-buckets", "command": [*line, "--probability", "0"]}
        services["monitor"] = self.monitor()
        volumes["monitor"] = None
        return document

    def policy(self):
        """Of the writers and of all who read: two of three witnesses."""
        keys = self.variables
        each = [f"witness {name} {keys.get(name)} http://{name}:3000\n" for name in WITNESSES]
        return f"log {keys['FASTI_VKEY']}\n" + "".join(each) + QUORUM

    def monitor(self):
        watch = ["fasti", "monitor", "--log", FRONT, "--vkey", self.variables["FASTI_VKEY"]]
        watch += ["--format", "json", "--from", "beginning", "--every", "2"]
        watch += ["--state", "/var/lib/fasti"]
        # Trees of a release that asks no witnesses would be alarms under the policy.
        watch += ["--policy", str(self.work / "policy")] if self.old_knows_witnesses else []
        return {"image": "fasti", "entrypoint": watch, "volumes": ["monitor:/var/lib/fasti"]}

    def prepare(self):
        self.variables["FASTI_VKEY"] = self.once("log-key", "--origin", "localhost").strip()
        for name in WITNESSES:
            self.variables[name] = self.once(f"{name}-key", "--name", f"localhost/{name}").strip()
        for name in WRITERS:
            there = self.work / "volumes" / f"log-key-{name}"
            shutil.copytree(self.work / "volumes" / "log-key", there)
            os.chown(there, USER, USER)
            os.chown(there / "log.key", USER, USER)
        (self.work / "policy").write_text(self.policy())
        os.chown(self.work / "policy", USER, USER)

    def placed(self, name):
        return super().placed(name) | {"BUCKET": self.addresses["bucket"]}

    def directory(self, name):
        return self.previous if name in self.old else self.programs

    def command(self, name, *words):
        """As of old, but a file is read once for each service and its release."""
        key = (name, self.directory(name), words)
        if key not in self.commands:
            self.commands[key] = super().command(name, *words)
        return self.commands[key]

    def start(self, name):
        if name == "front":
            self.start_front()
        elif name == "prometheus":
            self.start_prometheus()
        else:
            super().start(name)

    def start_prometheus(self):
        """With the files that `alerts.configure` has made."""
        data = pathlib.Path(self.work / "prometheus")
        os.chown(data, USER, USER)
        flags = [f"--config.file={data}/prometheus.yaml", f"--storage.tsdb.path={data}/data"]
        self.spawn("prometheus", [self.prometheus, *flags], {})

    def pids(self):
        """Of all services that run: name and the processes' numbers."""
        return {name: process.pid for name, process in dict(self.running).items()}


def said_by(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
