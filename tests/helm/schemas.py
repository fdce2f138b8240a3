"""Checks rendered manifests against the schemas of three releases of Kubernetes, strictly.

Arguments: the files. Exits with 1 after it has printed what is wrong.
"""

import sys

import kubernetes_validate
import yaml

RELEASES = ["1.27", "1.33", "1.37"]
# Their schemas are not Kubernetes' own: the cluster checks look at no more than their form either.
ELSEWHERE = {"ServiceMonitor", "PrometheusRule", "HTTPRoute"}


def main(paths):
    problems, count = [], 0
    for path in paths:
        with open(path) as stream:
            documents = [document for document in yaml.safe_load_all(stream) if document]
        names = [(document["kind"], document["metadata"]["name"]) for document in documents]
        problems += [f"{path}: {name} is there twice" for name in names if names.count(name) > 1]
        for document in documents:
            if document["kind"] in ELSEWHERE:
                continue
            for release in RELEASES:
                count += 1
                try:
                    kubernetes_validate.validate(document, release, strict=True)
                except kubernetes_validate.ValidationError as error:
                    where = ".".join(map(str, error.path))
                    problems.append(f"{path}: {document['kind']} in {release}: {where}: {error.message}")
    for problem in problems:
        print(problem)
    if problems or not count:
        sys.exit(1)
    print(f"helm: objects fit the schemas of Kubernetes {', '.join(RELEASES)} ({count} looks)")


main(sys.argv[1:])
