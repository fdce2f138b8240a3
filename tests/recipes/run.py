"""Tries a recipe of starting.md: a server over the directory of a log, with the writer behind it.

Arguments: the directory of the programs, which server (`nginx` or `caddy`), and the server.
"""

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import reads

DOCUMENT = pathlib.Path("src/docs/starting.md")
ORIGIN = "log.example.org"


def block(words):
    """The block of the document that contains these words, without its indentation."""
    [_, *blocks] = re.split(r"^ *```\n", DOCUMENT.read_text(), flags=re.MULTILINE)
    return next(each for each in blocks if words in each)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def nginx(program, work, port, writer):
    (work / "log-pages.conf").write_text(block("add_header Access-Control-Allow-Origin * always;"))
    recipe = block("include log-pages.conf;").replace("/srv/log", f"{work}/log").replace("127.0.0.1:3000", writer)
    temporary = "".join(f"{what}_temp_path {work}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (work / "nginx.conf").write_text(
        f"daemon off; pid {work}/pid; error_log stderr; user root; events {{}} http {{ access_log off; {temporary}"
        f"server {{ listen 127.0.0.1:{port}; {recipe} }} }}"
    )
    return [program, "-p", work, "-e", "stderr", "-c", work / "nginx.conf"]


def caddy(program, work, port, writer):
    recipe = block("file_server").replace("/srv/log", f"{work}/log").replace("127.0.0.1:3000", writer)
    recipe = recipe.replace(f"{ORIGIN} {{", f"http://127.0.0.1:{port} {{")
    (work / "Caddyfile").write_text("{\n\tadmin off\nauto_https off\npersist_config off\n}\n" + recipe)
    return [program, "run", "--adapter", "caddyfile", "--config", work / "Caddyfile"]


def start(command, work, name, port):
    with open(work / f"{name}.said", "w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={"HOME": str(work), "PATH": "/usr/bin:/bin"})
    end = time.monotonic() + 20
    while True:
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return process
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit(f"{name} does not start:\n{(work / f'{name}.said').read_text()}")
        time.sleep(0.02)


def story(programs, server, front, work):
    key = work / "me.pem"
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]
    subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
    [vkey] = json.loads((work / "log/log.json").read_text())["verifierKeys"]

    def fasti(*words):
        variables = {"FASTI_LOG": front, "FASTI_VKEY": vkey, "HOME": str(work)}
        run = subprocess.run([f"{programs}/fasti", *words], env=variables, capture_output=True, text=True)
        assert run.returncode == 0, f"fasti {words}:\n{run.stdout}{run.stderr}"
        return run.stdout

    artifact = work / "artifact"
    for text in ("one", "two"):
        artifact.write_text(text)
        fasti("upload", "--artifact", str(artifact), "--private-key", str(key))
    end = time.monotonic() + 20
    while not any(reads.ask(front, run)[0] == 200 for run in reads.RUNS) and time.monotonic() < end:
        time.sleep(0.1)
    reads.check(front, vkey, ("", "/api/v2") if server == "caddy" else ("",))
    fasti("fsck", "--lookup")
    found = fasti("search", "--artifact", str(artifact), "--format", "json")
    assert json.loads(found)["total"] == 1, found
    fasti("loginfo")
    assert reads.ask(front, "/api/v1/log")[0] == 200


def main(programs, server, program):
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        running = []
        port, address = free_port(), free_port()
        try:
            words = ["--store", work / "log", "--state-dir", work / "state", "--origin", ORIGIN, "--lookup-seconds", "1"]
            writer = [f"{programs}/fasti-writer", *words, "--listen", f"127.0.0.1:{address}"]
            running.append(start(writer, work, "fasti-writer", address))
            command = {"nginx": nginx, "caddy": caddy}[server](program, work, port, f"127.0.0.1:{address}")
            running.append(start(command, work, server, port))
            story(programs, server, f"http://127.0.0.1:{port}", work)
        except AssertionError:
            print((work / f"{server}.said").read_text(), file=sys.stderr)
            raise
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
                process.wait()
    print(f"recipes: a log is submitted to, read, searched and audited through {server}")


main(*sys.argv[1:])
