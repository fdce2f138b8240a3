"""The pods in rendered manifests."""

import yaml


def documents(path):
    """All objects of a file."""
    with open(path) as stream:
        return [document for document in yaml.safe_load_all(stream) if document]


def pods(path):
    """The pods that the objects of a file lead to: the object, and the pod's metadata and spec."""
    for document in documents(path):
        spec = document.get("spec", {})
        match document["kind"]:
            case "Pod":
                yield document, document
            case "CronJob":
                yield document, spec["jobTemplate"]["spec"]["template"]
            case "StatefulSet" | "Deployment" | "Job":
                yield document, spec["template"]


def containers(pod):
    """All containers of a pod."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
