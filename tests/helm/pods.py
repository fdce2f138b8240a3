"""Checks what must hold of every pod that the chart makes.

The restricted profile of Kubernetes' Pod Security; no token of the cluster's API; a root that cannot be
written; bounds on memory; keys that are read by nobody else; and services that find pods.

Arguments: files of rendered manifests. Exits with 1 after it has printed what is wrong.
"""

import sys

from manifests import containers, documents, pods


def main(paths):
    problems, count = [], 0
    for path in paths:
        for owner, pod in pods(path):
            count += 1
            name = f"{path}: {owner['kind']} {owner['metadata']['name']}"
            problems += [f"{name}: {problem}" for problem in [*of_pod(pod), *of_containers(pod)]]
        problems += [f"{path}: {problem}" for problem in unreached(path)]
    for problem in problems:
        print(problem)
    if problems or not count:
        sys.exit(1)
    print(f"helm: {count} pods are restricted, bounded and reached")


def of_pod(pod):
    spec = pod["spec"]
    context = spec.get("securityContext", {})
    if context.get("seccompProfile") != {"type": "RuntimeDefault"} or not context.get("runAsNonRoot"):
        yield "is not restricted: seccompProfile or runAsNonRoot"
    if spec.get("automountServiceAccountToken") is not False:
        yield "gets a token of the cluster's API"
    # A service called fasti-... would set variables that begin with FASTI_.
    if spec.get("enableServiceLinks") is not False:
        yield "gets variables from services"
    if spec.get("hostNetwork") or spec.get("hostPID") or spec.get("hostIPC"):
        yield "is on the host"
    kinds = {"name", "emptyDir", "secret", "configMap", "projected", "persistentVolumeClaim"}
    for volume in spec.get("volumes", []):
        if set(volume) - kinds:
            yield f"the volume {volume['name']} is of a kind that is not allowed"
        for kind in ("secret", "projected"):
            if kind in volume and volume[kind].get("defaultMode") != 0o400:
                yield f"the secrets in {volume['name']} can be read by others"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"the volume {volume['name']} has no limit"


def of_containers(pod):
    volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
    used = set()
    for container in containers(pod):
        name, context = container["name"], container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
            yield f"{name}: allowPrivilegeEscalation"
        if context.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name}: has capabilities"
        if not context.get("readOnlyRootFilesystem"):
            yield f"{name}: the root can be written"
        resources = container.get("resources", {})
        if "memory" not in resources.get("limits", {}) or "cpu" not in resources.get("requests", {}):
            yield f"{name}: memory has no limit, or processors are not requested"
        if not container.get("command"):
            yield f"{name}: what runs is up to the image"
        names = [variable["name"] for variable in container.get("env", [])]
        yield from (f"{name}: {each} is set twice" for each in set(names) if names.count(each) > 1)
        mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
        used |= mounts
        templates = {"state"} if "state" in mounts else set()
        yield from (f"{name}: there is no volume {each}" for each in mounts - volumes - templates)
    yield from (f"nothing uses the volume {each}" for each in volumes - used)


def unreached(path):
    """Services, policies and budgets that select no pod, and ports that no pod has."""
    found = [pod for _, pod in pods(path)]
    for document in documents(path):
        name = f"{document['kind']} {document['metadata']['name']}"
        match document["kind"]:
            case "Service":
                selected = chosen(found, document["spec"]["selector"])
                ports = {port["targetPort"] for port in document["spec"]["ports"]}
                for pod in selected:
                    own = {port["name"] for each in containers(pod) for port in each.get("ports", [])}
                    yield from (f"{name}: a pod has no port {port}" for port in ports - own)
            case "PodDisruptionBudget":
                selected = chosen(found, document["spec"]["selector"]["matchLabels"])
            case "NetworkPolicy":
                selected = chosen(found, document["spec"]["podSelector"]["matchLabels"])
            case "StatefulSet" | "Deployment":
                selected = chosen(found, document["spec"]["selector"]["matchLabels"])
                if len(selected) != 1:
                    yield f"{name}: selects the pods of {len(selected)} objects"
            case _:
                continue
        if not selected:
            yield f"{name}: selects no pods"


def chosen(found, selector):
    return [pod for pod in found if selector.items() <= pod["metadata"]["labels"].items()]


main(sys.argv[1:])
