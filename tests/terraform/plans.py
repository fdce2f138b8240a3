"""Looks at plans in which every value is there: what machines and containers are given can be read by
those who read it, and the alerts are those of terraform/monitoring.

Arguments: the alerts, a file for Cloud Monitoring's queries as rules of Prometheus, the plans.
"""

import base64
import json
import pathlib
import re
import sys

import yaml

FLAGS = set(re.findall(
    r"FASTI_[A-Z0-9_]+",
    "".join(path.read_text() for path in [*pathlib.Path("cmd/flags").rglob("*.rs"), *pathlib.Path("cmd/fasti-writer").rglob("*.rs")]),
))
# What clouds' own libraries read.
OTHERS = {"AWS_REGION", "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID"}


def main(alerts, queries, *plans):
    groups = yaml.safe_load(pathlib.Path(alerts).read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for path in plans:
        name = pathlib.Path(path).stem
        resources = planned(json.loads(pathlib.Path(path).read_text()))
        cloud, is_most = name.split("-")[0], name.endswith("-most")
        environment, files = {"aws": task, "gcp": machine, "azure": scale_set}[cloud](resources)
        check_environment(name, environment, is_most)
        if is_most:
            agent = yaml.safe_load(files["agent"])
            job, = agent["scrape_configs"]
            assert job["static_configs"][0]["labels"] == {"instance": "WRITER"}, name
            assert ("remote_write" in agent) == (cloud != "gcp"), name
            assert files["witness.policy"].endswith("quorum w\n"), name
            {"aws": aws_alerts, "gcp": gcp_alerts, "azure": azure_alerts}[cloud](resources, rules, queries)
    print(f"terraform: {len(plans)} plans, whose machines, tasks and alerts are as they should be")


def planned(plan):
    """The values of all resources, by type and then name or key."""
    found = {}
    for each in plan["planned_values"]["root_module"]["resources"]:
        key = each.get("index", each["name"])
        found.setdefault(each["type"], {})[key if isinstance(key, str) else each["name"]] = each["values"]
    return found


def check_environment(name, environment, is_most):
    unknown = {key for key in environment if key not in FLAGS | OTHERS}
    assert not unknown, f"{name}: the writer knows no {unknown}"
    assert environment["FASTI_ADVERTISE"] == "auto", name
    assert environment["FASTI_STORE"].split(":")[0] in ("s3", "gs", "az"), name
    for network in environment["FASTI_TRUSTED_PROXIES"].split(","):
        assert network, f"{name}: an empty network of proxies"
    on = {"FASTI_METRICS_LISTEN", "FASTI_ACCEPT_OPAQUE", "FASTI_WITNESS_POLICY", "FASTI_BATCH_MAX_ENTRIES"}
    assert on & set(environment) == (on if is_most else set()), name


def task(resources):
    containers = json.loads(resources["aws_ecs_task_definition"]["writer"]["container_definitions"])
    by_name = {each["name"]: each for each in containers}
    writer = by_name["writer"]
    variables = {name: {each["name"]: each["value"] for each in c["environment"]} for name, c in by_name.items()}
    [secret] = writer["secrets"]
    assert secret["name"] == ("FASTI_PEER_SECRET_TEXT" if "FASTI_KEY" in variables["writer"] else "FASTI_KEY_TEXT")
    assert {each["containerName"] for each in writer["dependsOn"]} == set(by_name) & {"files"}
    files = {
        "agent": variables.get("agent", {}).get("AGENT"),
        "witness.policy": variables.get("files", {}).get("WITNESS_POLICY"),
    }
    return {secret["name"]: "", **variables["writer"]}, files


def machine(resources):
    return cloud_config(resources["google_compute_instance_template"]["writer"]["metadata"]["user-data"])


def scale_set(resources):
    written = resources["azurerm_linux_virtual_machine_scale_set"]["writers"]["custom_data"]
    return cloud_config(base64.b64decode(written).decode())


def cloud_config(text):
    """The writer's environment, and the machine's other files."""
    assert text.startswith("#cloud-config\n")
    config, files = yaml.safe_load(text), {}
    for each in config["write_files"]:
        content = each["content"]
        files[each["path"]] = base64.b64decode(content).decode() if each.get("encoding") == "b64" else content
    environment = dict(line.split("=", 1) for line in files["/etc/fasti/writer.env"].splitlines())
    for name in ("FASTI_KEY", "FASTI_PEER_SECRET", "FASTI_WITNESS_POLICY"):
        place = environment.get(name, "/run/fasti/secret")
        assert place in files or place == "/run/fasti/secret" or place.startswith("gcpkms://"), place
    units = [path for path in files if path.endswith(".service")]
    started = [line for line in config["runcmd"] if "fasti" in line]
    assert len(units) == len(started), "a unit is not started, or no unit is written"
    for unit in units:
        assert any(line.endswith(pathlib.Path(unit).name) for line in started), unit
        for line in files[unit].splitlines():
            assert re.fullmatch(r"\[\w+\]|[A-Za-z]+=.+|", line), line
    found = {pathlib.Path(path).name: content for path, content in files.items()}
    return environment, {**found, "agent": found.get("agent.yaml")}


def aws_alerts(resources, rules, _):
    shipped = yaml.safe_load(resources["aws_prometheus_rule_group_namespace"]["log"]["data"])
    assert [rule for group in shipped["groups"] for rule in group["rules"]] == rules
    manager = yaml.safe_load(resources["aws_prometheus_alert_manager_definition"]["log"]["definition"])
    inner = yaml.safe_load(manager["alertmanager_config"])
    assert inner["route"]["receiver"] == inner["receivers"][0]["name"]
    json.loads(resources["aws_cloudwatch_dashboard"]["log"]["dashboard_body"])


def gcp_alerts(resources, rules, queries):
    """Every alert but those that look back three days, without names that are not recorded here."""
    policies = {key: body for key, body in resources["google_monitoring_alert_policy"].items() if key.startswith("Fasti")}
    wanted = [r for r in rules if "alert" in r and r["labels"].get("window") != "3d"]
    assert len(policies) == len(wanted), f"{len(policies)} policies for {len(wanted)} alerts"
    asked = []
    for key, body in policies.items():
        [condition] = body["conditions"]
        [query] = condition["condition_prometheus_query_language"]
        assert "job:" not in query["query"] and "{{" not in body["documentation"][0]["subject"], key
        assert re.fullmatch(r"\d+s", query["duration"]), key
        asked.append(query["query"])
    dashboard = json.loads(resources["google_monitoring_dashboard"]["writers"]["dashboard_json"])
    for widget in dashboard["gridLayout"]["widgets"]:
        for each in widget["xyChart"]["dataSets"]:
            asked.append(each["timeSeriesQuery"]["prometheusQuery"])
    assert len(dashboard["gridLayout"]["widgets"]) > 30
    named = [{"record": f"query:{at}", "expr": query} for at, query in enumerate(asked)]
    pathlib.Path(queries).write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": named}]}))


def azure_alerts(resources, rules, _):
    given = [rule for group in resources["azurerm_monitor_alert_prometheus_rule_group"].values() for rule in group["rule"]]
    assert sorted(rule["expression"] for rule in given) == sorted(rule["expr"] for rule in rules)
    for group in resources["azurerm_monitor_alert_prometheus_rule_group"].values():
        assert len(group["rule"]) <= 20, "Azure takes 20 rules in a group"
    for rule in given:
        assert bool(rule.get("alert")) != bool(rule.get("record"))
        assert not rule.get("alert") or re.fullmatch(r"PT\d+[MH]", rule["for"]), rule["for"]
    json.loads(resources["azurerm_portal_dashboard"]["log"]["dashboard_properties"])
    json.loads(resources["azurerm_resource_group_template_deployment"]["bucket"]["template_content"])


if __name__ == "__main__":
    main(*sys.argv[1:])
