"""Starts a writer, and prints its metrics page in the older text format, which is the one that
promtool lints. There a counter's family has its samples' name, with `_total`.

Argument: the writer.
"""

import re
import subprocess
import sys
import urllib.request


def main(writer):
    flags = ["--store", "memory:", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
    with subprocess.Popen([writer, *flags], stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stdout.readline, "")
            url = next(line.split()[-1] for line in lines if "metrics on" in line)
            with urllib.request.urlopen(url, timeout=10) as answer:
                page = answer.read().decode()
        finally:
            process.kill()
    counters = set(re.findall(r"^# TYPE (\w+) counter$", page, re.M))
    page = re.sub(r"^# TYPE (\w+) info$", r"# TYPE \1_info gauge", page, flags=re.M)
    page = re.sub(r"^# HELP fasti_build ", "# HELP fasti_build_info ", page, flags=re.M)
    for line in page.splitlines():
        comment = re.match(r"# (TYPE|HELP) (\w+) (.*)$", line)
        if comment and comment[2] in counters:
            line = f"# {comment[1]} {comment[2]}_total {comment[3]}"
        if line != "# EOF":
            print(line)


main(sys.argv[1])
