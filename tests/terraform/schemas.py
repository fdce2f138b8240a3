"""Reads what providers accept out of packages that are generated from the providers' own schemas.

The packages are those of CDK for Terraform, unpacked: for each resource a file of JavaScript, which
knows names, types and blocks, and one of declarations, which knows what is required. What cannot be
told from them: which optional arguments the provider fills in (taken to be all of them), lengths and
values.

Arguments: the directory of Terraform files, a directory with the unpacked packages, one for each
provider, and a directory for the result, PROVIDER.json: the version, and the schemas of the
provider, and of the resources and data sources that the files use.
"""

import json
import pathlib
import re
import sys

from configuration import modules

SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "interpolationForAttribute": "dynamic",
}


def main(root, packages, result):
    used = {}
    for module in modules(root):
        for kind in ("resource", "data", "provider"):
            for label in module.of(kind):
                name = label if kind == "provider" else label[0]
                used.setdefault(name.split("_")[0], set()).add((kind, name))
    for provider, wanted in sorted(used.items()):
        library = pathlib.Path(packages) / provider / "package/lib"
        schemas = {"resource": {}, "data": {}}
        for kind, name in sorted(wanted - {("provider", provider)}):
            folder = name.removeprefix(f"{provider}_") if kind == "resource" else f"data_{name}"
            schemas[kind][name] = Source(library / folder.replace("_", "-")).top()
        own = Source(library / "provider")
        described = {"version": own.version(), "provider": own.top(), **schemas}
        (pathlib.Path(result) / f"{provider}.json").write_text(json.dumps(described))


class Source:
    """The two files of one resource."""

    def __init__(self, path):
        if not path.is_dir():
            raise SystemExit(f"the provider has no {path.name}")
        self.code = (path / "index.js").read_text()
        self.declared = (path / "index.d.ts").read_text()
        bodies = re.split(r"^class (\w+) extends [\w.]+ \{$", self.code, flags=re.M)
        self.classes = dict(zip(bodies[1::2], bodies[2::2]))

    def version(self):
        return re.search(r"providers/[\w-]+/[\w-]+/([0-9.]+)/docs", self.declared)[1]

    def top(self):
        """The schema of the resource itself."""
        name = next(name for name, body in self.classes.items() if "synthesizeHclAttributes" in body)
        body = self.classes[name]
        return self.block(name + "Config", body, body[body.index("synthesizeHclAttributes") :])

    def nested(self, name):
        """The schema of a block, by the name of its type."""
        start = f"function {name[0].lower()}{name[1:]}ToHclTerraform("
        if start not in self.code:
            start = f"function {name}ToHclTerraform("
        settable = self.code[self.code.index(start) :].split("\n}\n", 1)[0] if start in self.code else ""
        return self.block(name, self.classes.get(name + "OutputReference", ""), settable)

    def block(self, name, body, settable):
        required = self.required(name)
        attributes, blocks = {}, {}
        found = re.findall(
            r"^ {8,12}(\w+): \{\n +value: .*,\n +isBlock: (\w+),\n +type: \"(\w+)\",\n +storageClassType: \"(\w+)\"",
            settable, re.M,
        )
        inner = {
            key: (type_name, many == "true")
            for type_name, key, many in re.findall(r'new (\w+)\(this, "(\w+)"(?:, (true|false))?\)', body)
        }
        for key, is_block, kind, stored in found:
            if is_block != "true":
                continue
            type_name, many = inner.get(key, ("", False))
            nesting = "single" if kind == "struct" else "set" if many else "list"
            bounds = {"min": 0, "max": 0} if nesting == "single" else {
                "min": int(key in required), "max": int(type_name.endswith("OutputReference")),
            }
            blocks[key] = {"nesting": nesting, **bounds, "block": self.nested(stored.removesuffix("List"))}
        for key, is_block, kind, stored in found:
            if is_block != "true":
                flags = {"required": True} if key in required else {"optional": True, "computed": True}
                attributes[key] = {"type": self.type_of(kind, stored, inner.get(key)), **flags}
        # What can be read. A list in a function is a set.
        for wrapped, getter, key in re.findall(r"return (cdktf\.Fn\.tolist\()?this\.(\w+)\('(\w+)'\)", body):
            if getter not in GETTERS or key in blocks:
                continue
            read = GETTERS[getter]
            read = ["set", read[1]] if wrapped and read[0] == "list" else read
            if key not in attributes:
                attributes[key] = {"type": read, "computed": True}
            elif attributes[key]["type"] != "dynamic":
                attributes[key]["type"] = read
        for key, (type_name, many) in inner.items():
            if key not in blocks and key not in attributes:
                attributes[key] = {"type": self.object_of(type_name, many), "computed": True}
        return {"attributes": attributes, "blocks": blocks}

    def type_of(self, kind, stored, inner):
        if kind == "simple" and stored in SIMPLE:
            return SIMPLE[stored]
        match = re.fullmatch(r"(string|number|boolean|any)(List|Map)+", stored)
        if match:
            of = SIMPLE[match[1]]
            return [kind if kind in ("list", "set", "map") else match[2].lower(), of]
        return self.object_of(*inner) if inner else "dynamic"

    def object_of(self, type_name, many):
        """The type of an attribute that is an object, or several."""
        name = re.sub(r"(List|Map|OutputReference)$", "", type_name)
        if not type_name.endswith(("List", "OutputReference")):
            return "dynamic"
        schema = self.nested(name)
        members = {key: value["type"] for key, value in schema["attributes"].items()}
        if "dynamic" in json.dumps(members) or schema["blocks"]:
            return "dynamic"
        of = ["object", members]
        return of if type_name.endswith("OutputReference") else ["set" if many else "list", of]

    def required(self, name):
        """What must be given, by the declarations: those without a question mark."""
        match = re.search(rf"^export interface {name} (?:extends [\w.]+ )?\{{\n(.*?)^\}}", self.declared, re.S | re.M)
        found = re.findall(r"#(\w+) \w+#\w+\}(?:(?!\*/).)*\*/\s+readonly \w+(\??):", match[1] if match else "", re.S)
        return {key for key, optional in found if not optional}


if __name__ == "__main__":
    main(*sys.argv[1:])
