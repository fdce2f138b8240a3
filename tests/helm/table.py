"""Keeps the chart's values, their schema and the table in its README alike.

A value, or a group of values, is described by a comment before it that begins with `--`. Arguments: the
chart, and `--accept` to write the table. Exits with 1 after it has printed what is wrong.
"""

import json
import pathlib
import re
import sys

import yaml

BEGIN, END = "<!-- values -->\n", "<!-- end of values -->\n"


def main(chart, accept):
    text = (chart / "values.yaml").read_text()
    values, described = yaml.safe_load(text), dict(rows(text))
    problems = list(undescribed(values, described))
    schema = json.loads((chart / "values.schema.json").read_text())
    problems += unlike(values, schema, "")
    wanted = table(values, described)
    path = chart / "README.md"
    before, _, rest = path.read_text().partition(BEGIN)
    found, _, after = rest.partition(END)
    if found != wanted:
        if accept:
            path.write_text(before + BEGIN + wanted + END + after)
        else:
            problems.append("the table in README.md is not that of values.yaml: tests/helm/check --accept")
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"helm: {len(described)} values are described, and have a schema")


def rows(text):
    """The path of each described value, and its description."""
    path, comment = [], []
    for line in text.splitlines():
        if match := re.fullmatch(r" *# ?(.*)", line):
            comment = [match[1]] if match[1].startswith("-- ") else [*comment, match[1]] if comment else []
        elif match := re.match(r"( *)([\w.]+):", line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if comment:
                yield ".".join(path), " ".join(comment)[3:]
            comment = []
        else:
            comment = []


def leaves(value, path=""):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path


def undescribed(values, described):
    for path in leaves(values):
        parts = path.split(".")
        if not any(".".join(parts[:n]) in described for n in range(1, len(parts) + 1)):
            yield f"{path} is not described"


def unlike(value, schema, path):
    """Where the values have other names than the schema."""
    properties = schema.get("properties")
    if properties is None or not isinstance(value, dict):
        return
    if schema.get("additionalProperties") is not False:
        yield f"{path or 'the schema'} takes any name"
    names = set(properties) - ({"global"} if not path else set())
    yield from (f"{path}.{name} is not in both" for name in names ^ set(value))
    for name in names & set(value):
        yield from unlike(value[name], properties[name], f"{path}.{name}".lstrip("."))


def table(values, described):
    lines = ["| value | default | |", "|---|---|---|"]
    for path, words in described.items():
        value = values
        for part in path.split("."):
            value = value[part]
        default = "" if value in ("", None, [], {}) else f"`{json.dumps(value, separators=(', ', ': '))}`".replace('"', "")
        lines.append(f"| `{path}` | {default} | {words} |")
    return "\n".join(lines) + "\n"


main(pathlib.Path(sys.argv[1]), "--accept" in sys.argv[2:])
