"""Checks that the alerts reach the cluster as they are in the chart's file.

Arguments: what renders, and the file. Exits with 1 if they differ.
"""

import sys

import yaml

from manifests import documents


def main(rendered, path):
    [rule] = [each for each in documents(rendered) if each["kind"] == "PrometheusRule"]
    with open(path) as stream:
        alerts = yaml.safe_load(stream)
    if rule["spec"] != alerts or not alerts.get("groups"):
        sys.exit(f"the PrometheusRule is not what {path} has")
    print("helm: the alerts are in the chart")


main(sys.argv[1], sys.argv[2])
