"""Checks what the safety of a log over a bucket needs of the buckets that the modules make.

Arguments: the directory. Exits with 1 after it has printed what is wrong.
"""

import pathlib
import re
import sys

from configuration import load, string

OBJECTS = '"${local.objects_arn}/'

# What writers remove, and nobody else.
REMOVABLE = ("_writer/*", "tile/*.p/*", "time/*.p/*", "lookup/run/*", "lookup/tile/*.p/*")


def main(root):
    modules = pathlib.Path(root) / "modules"
    problems = [*s3(load(modules / "aws")), *gcs(load(modules / "gcp")), *azure(load(modules / "azure"))]
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print("terraform: the buckets keep their promises")


def s3(module):
    rules = module.of("resource")["aws_s3_bucket_lifecycle_configuration", "log"]["rule"]
    for rule in rules:
        if set(rule) != {"id", "status", "filter", "abort_incomplete_multipart_upload"}:
            yield f"s3: the lifecycle rule {rule['id']} does more than to abort uploads"
    if any(kind == "aws_s3_bucket_versioning" for kind, _ in module.of("resource")):
        yield "s3: the bucket has versions"

    [cors] = module.of("resource")["aws_s3_bucket_cors_configuration", "log"]["cors_rule"]
    yield from shared("s3", module, cors["allowed_origins"], cors["allowed_methods"])
    [edge] = module.of("resource")["aws_cloudfront_response_headers_policy", "cors"]["cors_config"]
    [origins], [methods] = edge["access_control_allow_origins"], edge["access_control_allow_methods"]
    yield from shared("s3", module, origins["items"], methods["items"])
    if edge["access_control_allow_credentials"] not in (False, "${false}"):
        yield "s3: pages of other sites may use their readers' credentials"

    bucket = statements(module, "bucket")
    created_once = bucket["TilesAndRecordsAreCreatedOnce"]
    yield from denies_put(created_once, {"s3:if-none-match"})
    entries = ("tile/*", "time/*", "attestations/*", "_writer/commit/*")
    heads = ("heads/page/*", "heads/note/*", "heads/json/*")
    once = (*entries, *heads, "lookup/run/*", "lookup/revision/*", "lookup/tile/*")
    if set(created_once["resources"]) != objects(*once):
        yield "s3: what is created once is not tiles, records and the index"
    replaced = bucket["WhatChangesIsReplacedConditionally"]
    yield from denies_put(replaced, {"s3:if-match", "s3:if-none-match"})
    changing = objects("checkpoint", "log.json", "heads/latest", "lookup/checkpoint", "lookup/latest")
    if set(replaced["resources"]) != changing:
        yield "s3: what is replaced conditionally is not what changes"

    hidden = bucket["WritersPartIsPrivate"]
    if string(hidden["effect"]) != "Deny" or hidden["resources"] != [OBJECTS + '_writer/*"']:
        yield "s3: readers are not denied the writers' part"

    removable = objects(*REMOVABLE)
    if set(statements(module, "writer")["Tidy"]["resources"]) != removable:
        yield "s3: writers may remove more, or less, than they have to"
    if set(bucket["PublishedFilesStay"]["not_resources"]) != removable:
        yield "s3: what stays is not what is published"


def shared(cloud, module, origins, methods):
    """Pages of all sites may read, and see what they need to; they may do nothing else."""
    if origins != ['"*"'] or methods != ['"GET"', '"HEAD"']:
        yield f"{cloud}: pages of other sites may not read, or may do more"
    seen = {string(each) for each in module.of("locals")["exposed_headers"]}
    if not {"Accept-Ranges", "Content-Range", "ETag", "Retry-After"} <= seen:
        yield f"{cloud}: pages of other sites do not see all that they need"


def objects(*paths):
    return {f'{OBJECTS}{path}"' for path in paths}


def denies_put(statement, headers):
    """A request is denied exactly if it has none of the headers."""
    sid = string(statement["sid"])
    everyone = [{"type": '"*"', "identifiers": ['"*"']}]
    if string(statement["effect"]) != "Deny" or statement["principals"] != everyone:
        yield f"s3: {sid} does not deny everyone"
    if statement["actions"] != ['"s3:PutObject"']:
        yield f"s3: {sid} is not about writing objects"
    conditions = statement["condition"]
    if any(each["test"] != '"Null"' or each["values"] != ['"true"'] for each in conditions):
        yield f"s3: {sid} is not about headers that are missing"
    if {string(each["variable"]) for each in conditions} != headers:
        yield f"s3: {sid} is not about {sorted(headers)}"


def statements(module, document):
    body = module.of("data")["aws_iam_policy_document", document]
    return {string(each["sid"]): each for each in body["statement"]}


def gcs(module):
    bucket = module.of("resource")["google_storage_bucket", "log"]
    for each in ("lifecycle_rule", "retention_policy", "autoclass"):
        if each in bucket:
            yield f"gcs: the bucket has {each}"
    if bucket["versioning"] != [{"enabled": "${false}"}] and bucket["versioning"] != [{"enabled": False}]:
        yield "gcs: the bucket has versions"
    [cors] = bucket["cors"]
    yield from shared("gcs", module, cors["origin"], cors["method"])
    if bucket["uniform_bucket_level_access"] not in (True, "${true}"):
        yield "gcs: objects can have access lists of their own"
    if string(bucket["public_access_prevention"]) != "enforced":
        yield "gcs: the bucket can be public"

    members = {name: body for (kind, name), body in module.of("resource").items() if kind == "google_storage_bucket_iam_member"}
    if any("allUsers" in body["member"] for body in members.values()):
        yield "gcs: everyone has a role"
    hidden = members["readers"]["condition"][0]["expression"]
    if hidden != r'"!resource.name.startsWith(\"${local.objects}/_writer/\")"':
        yield "gcs: readers are not denied the writers' part"
    for name in ("writer_reads", "writer_creates", "writer_removes"):
        if ("condition" in members[name]) != (name == "writer_removes"):
            yield f"gcs: {name} has a condition where it should have none, or none where it should"


def azure(module):
    resources = module.of("resource")
    if any(kind == "azurerm_storage_management_policy" for kind, _ in resources):
        yield "azure: the account has lifecycle rules"
    account = resources["azurerm_storage_account", "log"]
    if "immutability_policy" in account:
        yield "azure: the account has an immutability policy"
    for setting in ("shared_access_key_enabled", "allow_nested_items_to_be_public"):
        if account[setting] not in (False, "${false}"):
            yield f"azure: {setting} is on"
    [blobs] = account["blob_properties"]
    if blobs["versioning_enabled"] not in (False, "${false}"):
        yield "azure: the account has versions"
    [cors] = blobs["cors_rule"]
    yield from shared("azure", module, cors["allowed_origins"], cors["allowed_methods"])
    if string(resources["azurerm_storage_container", "log"]["container_access_type"]) != "private":
        yield "azure: the container is public"

    roles = {name: body for (kind, name), body in resources.items() if kind == "azurerm_role_assignment"}
    if "StringNotStartsWith '${var.prefix}/_writer/'" not in str(roles["readers"]["condition"]):
        yield "azure: readers are not denied the writers' part"
    removed = re.search(r"for path in \[(.*?)\]", str(roles["writer_removes"]["condition"]), re.S)
    if set(re.findall(r'"([^"]+)"', removed[1])) != set(REMOVABLE):
        yield "azure: writers may remove more, or less, than they have to"
    for name, kinds in (("writes", {"write", "add/action"}), ("removes", {"delete"})):
        [permissions] = resources["azurerm_role_definition", name]["permissions"]
        actions = {string(each).split("/blobs/")[-1] for each in permissions["data_actions"]}
        if actions != kinds or "actions" in permissions:
            yield f"azure: the role {name} is not to {sorted(kinds)}"

    for (kind, name), rule in resources.items():
        if kind == "azurerm_cdn_frontdoor_rule":
            [action] = rule["actions"]
            [cached] = action["route_configuration_override_action"]
            # With a query the account answers other questions, with the same status.
            if string(cached["query_string_caching_behavior"]) != "UseQueryString":
                yield f"azure: {name} gives an answer to one query to another"


if __name__ == "__main__":
    main(sys.argv[1])
