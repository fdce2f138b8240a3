"""Checks that every name used below a directory of Terraform files exists, and is used.

Arguments: the directory. Exits with 1 after it has printed what is wrong.
"""

import re
import sys

from configuration import code, modules, string, texts


def main(root):
    found = {module.path.resolve(): module for module in modules(root)}
    problems, names = [], 0
    for module in found.values():
        used = uses(module)
        names += sum(len(each) for each in used.values())
        for check in (names_exist, names_are_used, documented, files_exist):
            problems += [f"{module.path}: {problem}" for problem in check(module, used)]
        problems += [f"{module.path}: {problem}" for problem in calls_fit(module, used, found)]
    for problem in problems:
        print(problem)
    if problems or not names:
        sys.exit(1)
    print(f"terraform: {len(found)} directories, {names} names, all are there")


def uses(module):
    """All names that a module's expressions use, by kind."""
    used = {"var": set(), "local": set(), "module": set(), "data": set(), "resource": set()}
    resource_types = {name.split("_")[0] for name, _ in [*module.of("resource"), *module.of("data")]}
    for text in texts(module.blocks):
        evaluated = code(text)
        for kind, name, rest in re.findall(r"(?<![\w.])(var|local|module)\.([\w-]+)(?:\.([\w-]+))?", evaluated):
            used[kind].add((name, rest) if kind == "module" else name)
        for label in re.findall(r"(?<![\w.])data\.(\w+)\.([\w-]+)", evaluated):
            used["data"].add(label)
        for type_name, name in re.findall(r"(?<![\w.])(\w+)\.([\w-]+)", evaluated):
            if type_name.split("_")[0] in resource_types and "_" in type_name:
                used["resource"].add((type_name, name))
    return used


def names_exist(module, used):
    declared = {
        "var": set(module.of("variable")),
        "local": set(module.of("locals")),
        "data": set(module.of("data")),
        "resource": set(module.of("resource")),
    }
    for kind, names in declared.items():
        for name in sorted(used[kind] - names, key=str):
            yield f"{kind} {name} is used and not declared"
    providers = set(module.blocks["terraform"]["terraform"]["required_providers"][0])
    for type_name, _ in [*declared["resource"], *declared["data"]]:
        if type_name.split("_")[0] not in providers:
            yield f"no provider is required for {type_name}"


def names_are_used(module, used):
    for name in sorted(set(module.of("variable")) - used["var"]):
        yield f"variable {name} is never used"
    for name in sorted(set(module.of("locals")) - used["local"]):
        yield f"local {name} is never used"
    for label in sorted(set(module.of("data")) - used["data"]):
        yield f"data {'.'.join(label)} is never used"


def documented(module, used):
    """Descriptions everywhere; in a module's README a table row for each input and output."""
    for kind in ("variable", "output"):
        for name, body in module.of(kind).items():
            if not body.get("description"):
                yield f"{kind} {name} has no description"
            if kind == "variable" and "type" not in body:
                yield f"variable {name} has no type"
    if module.path.parent.name != "modules":
        return
    readme = (module.path / "README.md").read_text()
    for kind, title in (("variable", "Inputs"), ("output", "Outputs")):
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", readme, re.S | re.M)
        rows = set(re.findall(r"^\| `(\w+)` \|", section[1] if section else "", re.M))
        for name in sorted(rows ^ set(module.of(kind))):
            yield f"{kind} {name} is in README.md or in the files, not in both"


def files_exist(module, used):
    """Files that are read, and the names that templates are given."""
    read = set()
    for text in texts(module.blocks):
        for name in re.findall(r'\b(?:file|filebase64|templatefile)\("\$\{path\.module\}/([^"]+)"', text):
            read.add(name)
            if not (module.path / name).is_file():
                yield f"{name} is read and not there"
        for name, given in re.findall(r'templatefile\("\$\{path\.module\}/([^"]+)", \{(.*)\}\)', text, re.S):
            given = set(re.findall(r"(?:^|,)\s*(\w+) = ", given))
            template = (module.path / name).read_text()
            wanted = template_names(template)
            for each in sorted(given ^ wanted):
                yield f"{name}: {each} is wanted or given, not both"
    for path in module.path.iterdir():
        if path.suffix not in (".tf", ".md") and path.name not in read:
            yield f"{path.name} is never read"


def template_names(template):
    """The names that a template must be given."""
    names, own = set(), {"for", "in", "endfor"}
    for inside in re.findall(r"[$%]\{\s*([^}]*?)\s*~?\}", template):
        own |= set(re.findall(r"^for (\w+) in ", inside))
        names |= set(re.findall(r"(?<![\w.])([a-z]\w*)(?![\w(])", inside))
    return names - own


def calls_fit(module, used, found):
    for name, body in module.of("module").items():
        called = found.get((module.path / string(body["source"])).resolve())
        if called is None:
            yield f"module {name}: there is nothing at {body['source']}"
            continue
        inputs, given = called.of("variable"), set(body) - {"source"}
        for each in sorted(given - set(inputs)):
            yield f"module {name} has no input {each}"
        for each in sorted(each for each in inputs if "default" not in inputs[each] and each not in given):
            yield f"module {name} wants {each}"
        for each in sorted(out for called_name, out in used["module"] if called_name == name):
            if each not in called.of("output"):
                yield f"module {name} has no output {each}"
    for name in sorted({name for name, _ in used["module"]} - set(module.of("module"))):
        yield f"module {name} is used and not declared"


if __name__ == "__main__":
    main(sys.argv[1])
