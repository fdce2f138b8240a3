"""Prints the pods that rendered manifests lead to as objects of their own.

Arguments: their namespace, and the file.
"""

import json
import sys

from manifests import pods


def main(namespace, path):
    items = []
    for number, (owner, pod) in enumerate(pods(path)):
        metadata = {
            "name": f"pod-{number}",
            "namespace": namespace,
            "labels": pod["metadata"].get("labels", {}),
            "annotations": {"of": f"{owner['kind']} {owner['metadata']['name']}"},
        }
        claims = owner["spec"].get("volumeClaimTemplates", [])
        volumes = [
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
            for claim in claims
        ]
        spec = {**pod["spec"], "volumes": [*pod["spec"].get("volumes", []), *volumes]}
        items.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


main(sys.argv[1], sys.argv[2])
