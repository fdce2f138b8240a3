"""Checks that every alert is seen to fire in the tests of the rules, and that the healthy day has
every metric, so that silence there means something.

Arguments: the rules, and their tests. Both are read as text: a YAML library is not everywhere.
"""

import re
import sys


def main(rules, tests):
    with open(rules) as stream:
        rules = stream.read()
    with open(tests) as stream:
        tests = stream.read()
    alerts = set(re.findall(r"^      - alert: (\w+)$", rules, re.M))
    fires = r"ALERTS\{alertname=\"(\w+)\", alertstate=\"firing\", "
    fired = set(re.findall(fires, tests))
    severities = set(re.findall(r"severity: (\w+)", rules))
    if not severities <= {"critical", "warning", "info"}:
        sys.exit(f"severities: {severities}")
    if alerts != fired:
        sys.exit(f"not seen to fire, or unknown: {sorted(alerts ^ fired)}")
    healthy = tests.partition("- name: a healthy day\n")[2].partition("\n  - name: ")[0]
    without_text = "\n".join(l for l in rules.splitlines() if not l.lstrip().startswith("#"))
    metrics = set(re.findall(r"\b(?:fasti|process)_\w+|\bup\b", without_text))
    metrics = {m for m in metrics if not re.search(rf"(job|record): *:?{m}|job:{m}", rules)}
    missing = {m for m in metrics if not re.search(rf"series: '{m}\{{", healthy)}
    if missing:
        sys.exit(f"the healthy day lacks {sorted(missing)}")
    print(f"monitoring: {len(alerts)} alerts fire in their tests; {len(metrics)} metrics are healthy")


main(sys.argv[1], sys.argv[2])
