"""Runs what the chart renders, for want of a kubelet: three writers over one bucket, a reader, the tests,
the monitor, fsck and the freeze, each with the command, variables and user of its pod.

Pods have addresses of this machine, and the names of services are in a hosts file that is mounted over
the system's: run it by root under `unshare --mount`. Arguments: helm, and the directory of the programs.
"""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from manifests import containers, pods

USER = 65532
ORIGIN = "log.example.org"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "writer", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
WRITERS = {f"log-fasti-{number}": f"127.0.0.{number + 2}" for number in range(3)}
READER = "127.0.0.9"


class Cluster:
    """What runs, in a directory that goes with it."""

    def __init__(self, helm, programs, work):
        self.helm, self.programs, self.work = helm, programs, work
        self.running = {}
        self.port, self.metrics_port, store_port = free_ports(3)
        self.vkey = self.fasti("keygen", "--origin", ORIGIN, "--out", str(work / "made.key")).strip()
        # As the kubelet mounts a Secret: it is root's, and the pod's group may read it.
        (work / "keys").mkdir()
        key = (work / "made.key").rename(work / "keys/log.key")
        os.chown(key, 0, USER)
        key.chmod(0o440)
        self.store = f"http://127.0.0.1:{store_port}"
        store = [f"{programs}/fasti-buckets", "s3", "--listen", f"127.0.0.1:{store_port}"]
        self.running["store"] = subprocess.Popen(store, env=CREDENTIALS, stdout=subprocess.DEVNULL)
        peers = [f"{ip} {name}.log-fasti-peers.log.svc" for name, ip in WRITERS.items()]
        services = ["127.0.0.3 log-fasti.log.svc", f"{READER} log-fasti-read.log.svc"]
        hosts = work / "hosts"
        hosts.write_text("\n".join(["127.0.0.1 localhost", *peers, *services, ""]))
        subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)

    def pods(self, **changed):
        """The containers of each pod by the name of its owner, with these values."""
        values = {
            "store.url": "s3://log/log",
            "store.endpoint": self.store,
            "store.region": "us-east-1",
            "store.credentials.secret": "store",
            "server.hostname": ORIGIN,
            "server.vkey": self.vkey,
            "server.http.port": self.port,
            "server.http.metricsPort": self.metrics_port,
            "server.drainSeconds": 1,
            "server.signer.file.secret.name": "log-key",
            "service.ports.http": self.port,
            "reader.enabled": "true",
            "monitor.enabled": "true",
            "fsck.enabled": "true",
            **changed,
        }
        settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        command = [self.helm, "template", "log", "terraform/helm/fasti", "--namespace", "log", *settings]
        rendered = self.work / "rendered.yaml"
        rendered.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return {owner["metadata"]["name"]: containers(pod) for owner, pod in pods(rendered)}

    def start(self, container, name, ip):
        """Starts a container in a pod of this name and address."""
        volumes = self.work / name
        for directory in (volumes, volumes / "state", volumes / "scratch"):
            directory.mkdir(exist_ok=True)
            os.chown(directory, USER, USER)
        own = {"POD_NAME": name, "POD_NAMESPACE": "log", "POD_IP": ip}
        places = {
            "/etc/fasti/keys": f"{self.work}/keys",
            "/var/lib/fasti": f"{volumes}/state",
            "/scratch": f"{volumes}/scratch",
            "0.0.0.0": ip,
        }

        def here(text):
            text = re.sub(r"\$\((\w+)\)", lambda match: own[match[1]], text)
            for there, place in places.items():
                text = text.replace(there, place)
            return text

        variables = {each["name"]: here(each["value"]) for each in container.get("env", []) if "value" in each}
        program, *words = [*container["command"], *container.get("args", [])]
        with open(volumes / "said", "w") as said:
            process = subprocess.Popen(
                [f"{self.programs}/{program}", *map(here, words)],
                env={**CREDENTIALS, **variables},
                user=USER, group=USER, extra_groups=[], stdout=said, stderr=said,
            )
        self.running[name] = process
        return process

    def succeeds(self, container, name):
        """Runs a container to its end."""
        if self.start(container, name, READER).wait(timeout=60):
            sys.exit(f"{name} fails:\n{(self.work / name / 'said').read_text()}")

    def stop(self, name):
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def ready(self, name, ip):
        """Waits until a pod is ready."""
        end = time.monotonic() + 30
        while answer(f"http://{ip}:{self.port}/readyz") != 200:
            if self.running[name].poll() is not None or time.monotonic() > end:
                sys.exit(f"{name} is not ready:\n{(self.work / name / 'said').read_text()}")
            time.sleep(0.05)

    def fasti(self, *words, status=0):
        run = subprocess.run([f"{self.programs}/fasti", *words], capture_output=True, text=True, timeout=60)
        if run.returncode != status:
            sys.exit(f"fasti {' '.join(words)} ends with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout

    def upload(self, text, ip, status=0):
        artifact, key = self.work / "artifact", self.work / "me.pem"
        artifact.write_text(text)
        if not key.exists():
            make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]
            subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
        where = ["--log", f"http://{ip}:{self.port}", "--vkey", self.vkey, "--no-memory"]
        what = ["--artifact", str(artifact), "--private-key", str(key)]
        self.fasti("upload", *where, *what, status=status)


def free_ports(count):
    """Ports that are free on all addresses of this machine, and not given to outgoing connections."""
    free = []
    while len(free) < count:
        port = random.randrange(20000, 30000)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("0.0.0.0", port))
            except OSError:
                continue
        if port not in free:
            free.append(port)
    return free


def answer(url):
    """The status of the answer, or None."""
    try:
        with urllib.request.urlopen(url, timeout=5) as got:
            return got.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def story(cluster):
    rendered = cluster.pods()
    [writer] = rendered["log-fasti"]
    for name, ip in WRITERS.items():
        cluster.start(writer, name, ip)
    for name, ip in WRITERS.items():
        cluster.ready(name, ip)
        cluster.upload(f"by {name}", ip)
    [reader] = rendered["log-fasti-reader"]
    cluster.start(reader, "reader", READER)
    cluster.ready("reader", READER)
    for container in rendered["log-fasti-test"]:
        cluster.succeeds(container, container["name"])
    for job in ("monitor", "fsck"):
        cluster.succeeds(rendered[f"log-fasti-{job}"][0], job)
    for ip in (*WRITERS.values(), READER):
        if answer(f"http://{ip}:{cluster.metrics_port}/metrics") != 200:
            sys.exit(f"there are no metrics at {ip}")

    # The one that started first leads.
    if cluster.stop("log-fasti-0"):
        sys.exit("a writer that is told to stop fails")
    cluster.upload("after a takeover", WRITERS["log-fasti-2"])

    [freeze] = cluster.pods(**{"freeze.origin": ORIGIN})["log-fasti-freeze"]
    cluster.succeeds(freeze, "freeze")
    cluster.upload("after the end", WRITERS["log-fasti-1"], status=1)
    cluster.ready("log-fasti-1", WRITERS["log-fasti-1"])


def main(helm, programs):
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        work.chmod(0o755)
        cluster = Cluster(helm, programs, work)
        try:
            story(cluster)
        finally:
            for process in cluster.running.values():
                process.kill()
                process.wait()
            subprocess.run(["umount", "/etc/hosts"], check=False)
    print("helm: three writers, a reader and the jobs run as their pods say, until the log is frozen")


main(sys.argv[1], sys.argv[2])
