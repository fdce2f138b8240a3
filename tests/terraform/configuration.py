"""Reads a directory of Terraform files into plain blocks.

A block's expressions stay text: strings with their quotes, everything else as `${...}`.
"""

import pathlib
import re
from dataclasses import dataclass, field

import hcl2


@dataclass
class Module:
    """One directory: `blocks[kind]` maps a label, or a pair of labels, to the block's body."""

    path: pathlib.Path
    blocks: dict = field(default_factory=dict)

    def of(self, kind):
        return self.blocks.get(kind, {})


def modules(root):
    """Every directory below `root` that holds Terraform files."""
    paths = sorted({file.parent for file in pathlib.Path(root).rglob("*.tf")})
    return [load(path) for path in paths]


def load(path):
    """The blocks of one directory. Raises on a syntax error and on a block that is there twice."""
    module = Module(path)
    for file in sorted(path.glob("*.tf")):
        with file.open() as stream:
            top = plain(hcl2.load(stream))
        for kind, bodies in top.items():
            for body in bodies:
                for label, inner in labelled(kind, body):
                    if label in module.of(kind):
                        raise ValueError(f"{file}: {kind} {label} is there twice")
                    module.blocks.setdefault(kind, {})[label] = inner
    return module


def labelled(kind, body):
    """Takes a block's labels off its body."""
    if kind in ("resource", "data"):
        return [((t, n), inner) for t, named in body.items() for n, inner in named.items()]
    if kind in ("terraform",):
        return [(kind, body)]
    return list(body.items())


def plain(value):
    """Without the parser's own marks, and with labels free of quotes."""
    if isinstance(value, dict):
        return {k.strip('"'): plain(v) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def texts(value):
    """All expressions in a body."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def code(text):
    """What of an expression is evaluated: quoted text goes, `${...}` in it stays."""
    kept, quoted, depth = [], [], 0
    position = 0
    while position < len(text):
        char = text[position]
        inside = bool(quoted) and quoted[-1] == depth
        if inside and char == "\\":
            position += 2
            continue
        if text.startswith("${", position) or text.startswith("%{", position):
            depth += 1
            kept.append(" ")
            position += 2
            continue
        if char == "{" and not inside:
            depth += 1
        elif char == "}" and not inside:
            depth -= 1
        elif char == '"':
            if inside:
                quoted.pop()
            else:
                quoted.append(depth)
        kept.append(" " if inside or char == '"' else char)
        position += 1
    return "".join(kept)


def string(text):
    """The content of a quoted string without interpolation."""
    match = re.fullmatch(r'"([^"$]*)"', text)
    if not match:
        raise ValueError(f"not a plain string: {text}")
    return match[1]
