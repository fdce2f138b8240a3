"""Checks that programs have the variables and flags that the chart gives them, and can read the values.

Arguments: the directory of the programs, and files of rendered manifests. Exits with 1 after it has
printed what is wrong.
"""

import functools
import re
import subprocess
import sys

from manifests import containers, pods

# Read by what writes messages, before there are flags.
HIDDEN = {"FASTI_LOG_FILTER"}
# Nothing of this machine is touched: there is no key, and nothing can be made below a device.
NOWHERE = {
    "FASTI_KEY": "/dev/null/key",
    "FASTI_STATE_DIR": "/dev/null/state",
    "FASTI_WITNESS_STATE": "/dev/null/state",
    "FASTI_WITNESS_KEYS": "/dev/null/key",
}
# How programs exit if something else is wrong than their flags.
FAILURE = 1


def main(programs, paths):
    problems, count = set(), 0
    for path in paths:
        for _, pod in pods(path):
            for container in containers(pod):
                command = container["command"]
                if not command[0].startswith("fasti"):
                    continue
                words = [*command, *container.get("args", [])]
                given = {word.split("=")[0] for word in words if word.startswith("-")}
                variables = {each["name"] for each in container.get("env", [])}
                given |= {name for name in variables if name.startswith("FASTI_")}
                count += len(given)
                missing = given - offered(programs, *command) - HIDDEN
                problems |= {f"{' '.join(command)} has no {name}" for name in missing}
                if command in (["fasti-writer"], ["fasti-witness"]):
                    problems |= set(unread(programs, words, container))
    for problem in sorted(problems):
        print(problem)
    if problems or not count:
        sys.exit(1)
    print(f"helm: programs have the variables and flags that they are given ({count} looks)")


@functools.cache
def offered(programs, program, *verb):
    """The variables and flags in a program's help."""
    run = subprocess.run([f"{programs}/{program}", *verb, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"\[env: (\w+)=", run.stdout)) | set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", run.stdout, re.M))


def unread(programs, words, container):
    """What a program says if it cannot read its flags."""
    variables = {each["name"]: each.get("value", "10.0.0.1") for each in container.get("env", [])}
    variables |= {name: value for name, value in NOWHERE.items() if name in variables}
    if variables.get("FASTI_STORE", "").startswith("/"):
        variables["FASTI_STORE"] = "/dev/null/log"
    program = [f"{programs}/{words[0]}", *words[1:]]
    run = subprocess.run(program, env=variables, capture_output=True, text=True, timeout=20)
    if run.returncode != FAILURE:
        yield f"{words[0]} ends with {run.returncode}: {run.stderr[:1000]}"


main(sys.argv[1], sys.argv[2:])
