"""The shipped rules and Prometheus' settings as they are, or with every duration divided by a
factor.

Scaled are `for:`, ranges, offsets, and the intervals of scrapes and evaluations. Numbers of seconds
within expressions are not, and neither is any threshold.
"""

import re
import shutil

from ruamel.yaml import YAML

ALERTS, SETTINGS = "terraform/monitoring/alerts.yaml", "terraform/compose/prometheus.yaml"
# Prometheus' own, where the settings say nothing.
EVALUATION = 60.0
# What a leader waits for may be late for so long before it says that it is stuck.
SHOWS = 5.0
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = r"(\d+)([smhd])\b"


class Rules:
    """What is in effect; durations in seconds."""

    def __init__(self, directory, factor, witnesses):
        self.factor = factor
        directory.mkdir()
        settings = YAML(typ="safe").load(open(SETTINGS))
        scrape = seconds(settings["global"]["scrape_interval"])
        self.scrape, self.evaluation = scrape / factor, EVALUATION / factor
        targets = {"log": None, "witness": [f"{name}:2112" for name in witnesses]}
        for job in settings["scrape_configs"]:
            if more := targets[job["job_name"]]:
                job["static_configs"] = [{"targets": more}]
        if factor == 1:
            shutil.copy(ALERTS, directory / "alerts.yaml")
        else:
            often = {"scrape_interval": self.scrape, "evaluation_interval": self.evaluation}
            often |= {"scrape_timeout": self.scrape}
            settings["global"] |= {name: milliseconds(time) for name, time in often.items()}
            (directory / "alerts.yaml").write_text(scaled(open(ALERTS).read(), factor))
        with open(directory / "prometheus.yaml", "w") as file:
            YAML(typ="safe").dump(settings, file)
        groups = YAML(typ="safe").load(directory / "alerts.yaml")["groups"]
        alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
        self.waits = {rule["alert"]: seconds(rule.get("for", "0s")) for rule in alerts}

    def slack(self):
        """From a fault's end to that of an alert: a start, a scrape and an evaluation."""
        return self.scrape + self.evaluation + 5

    def certain(self, alert):
        """A fault that lasts as long must fire the alert: it shows, is scraped and evaluated, and
        is evaluated again once the alert has waited.
        """
        return SHOWS + self.scrape + self.evaluation + self.waits[alert] + self.evaluation


def scaled(text, factor):
    """The rules with all durations divided."""
    divided = lambda match: match[1] + milliseconds(seconds(match[2] + match[3]) / factor)
    for before in (r"(\bfor: )", r"(\[)", r"(\boffset )"):
        text = re.sub(before + DURATION, divided, text)
    return text


def seconds(duration):
    parts = re.findall(r"(\d+)(ms|[smhd])", str(duration))
    return sum(int(number) * (0.001 if unit == "ms" else SECONDS[unit]) for number, unit in parts)


def milliseconds(time):
    return f"{round(time * 1000)}ms"
