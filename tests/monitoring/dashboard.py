"""Checks the form of the Grafana dashboard, and prints its expressions as Prometheus rules, which
promtool can then parse.

Argument: the dashboard.
"""

import json
import re
import sys

ROWS = ["Is it well", "Submissions", "Batches", "Store", "Index and heads", "Witnesses", "Process"]


def expect(holds, words):
    if not holds:
        sys.exit(f"dashboard: {words}")


def main(path):
    with open(path) as stream:
        dashboard = json.load(stream)
    expect(dashboard["uid"] == "fasti-log", "the uid is not what links use")
    expect(isinstance(dashboard["schemaVersion"], int), "schemaVersion is missing")
    expect("id" not in dashboard, "it has the id of somebody's database")
    variables = [variable["name"] for variable in dashboard["templating"]["list"]]
    expect(variables == ["datasource", "job", "instance"], f"its variables are {variables}")
    panels = dashboard["panels"]
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]
    expect(rows == ROWS, f"its rows are {rows}")
    titles, rules = set(), []
    for panel in panels:
        title = panel.get("title")
        expect("id" not in panel, f"{title}: it has an id")
        if panel["type"] == "row":
            continue
        expect(title and title not in titles, f"{title}: no title, or one that is there before")
        titles.add(title)
        expect(panel["fieldConfig"]["defaults"].get("unit"), f"{title}: no unit")
        expect(panel.get("description", "").endswith("."), f"{title}: no description")
        expect(panel["targets"], f"{title}: no expression")
        for target in panel["targets"]:
            for source in [panel["datasource"], target["datasource"]]:
                expect(source["uid"] == "${datasource}", f"{title}: a data source of its own")
            rules.append(target["expr"])
    print("groups:\n  - name: dashboard\n    rules:")
    for number, expression in enumerate(rules):
        concrete = expression.replace("$__rate_interval", "5m")
        concrete = re.sub(r"\$(job|instance)\b", ".*", concrete)
        expect("$" not in concrete, f"an unknown variable in {expression}")
        print(f"      - record: dashboard:expression:{number}\n        expr: {json.dumps(concrete)}")


main(sys.argv[1])
