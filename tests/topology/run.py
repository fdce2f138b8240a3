"""The topology of terraform/compose as processes, for a story: load through the front; services
killed and stopped at random; an upgrade of one writer after the other; outages for which alerts
must fire; a calm stretch.

At the end every acknowledged entry is in the log, `fasti fsck --lookup` finds nothing, the monitor
has read every entry and sounded no alarm, memory is flat, and those alerts have fired that should
have, when they should have.

Run by `check`. Arguments: the programs, those of the release before, nginx, Prometheus, and a
directory to work in.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import kept
from alerts import Judge
from book import Book
from chaos import Chaos
from load import Load
from memory import Memory
from plan import plan
from rules import Rules
from services import Services
from topology import FIRST, FRONT, WITNESSES, WRITERS, Topology

# What is left when load has ended: answers, the index, the monitor.
PATIENCE = 60


class Story:
    def __init__(self, programs, previous, nginx, prometheus, work):
        self.seed = number("FASTI_TOPOLOGY_SEED", time.time_ns() % 10**6)
        self.plan = plan(number("FASTI_TOPOLOGY_MINUTES", 0))
        self.work, self.began = work, time.time()
        print(f"topology: seed {self.seed}", flush=True)
        self.rules = Rules(work / "prometheus", self.plan.factor, WITNESSES)
        self.topology = Topology(programs, previous, nginx, prometheus, work, self.plan.settings)
        self.book = Book(work / "book.jsonl")
        self.services = Services(self.topology, self.book)
        self.chaos, self.calm, self.problems = Chaos(self.services, self.seed), None, []

    def say(self, what):
        print(f"topology: {time.time() - self.began:4.0f} s: {what}", flush=True)

    def start(self):
        for name in [*FIRST, "prometheus", *WRITERS, "front", "monitor"]:
            self.services.start(name)
        for name in WRITERS:
            self.services.wait_ready(name)
        self.memory = Memory(self.topology, self.work / "memory.txt")
        self.load = Load(self.seed, self.plan.rate, self.work / "acknowledged.txt")
        self.services.wait(3)
        self.say("load through the front")

    def upgrade(self):
        """One after the other. Writers of two protocols do not understand each other, and those of
        the release before may not read what new ones write: so who is not ready soon is not
        waited for.
        """
        for name in WRITERS:
            status = self.services.replace(name)
            assert status in (0, None) or self.topology.is_upgraded, f"{name} ends with {status}"
            end = time.monotonic() + self.plan.patience
            while time.monotonic() < end and not self.services.is_ready(name):
                self.services.wait(0.2)
        self.services.mend()
        for name in WRITERS:
            self.services.wait_ready(name)
        self.say("the upgrade is done")

    def outages(self):
        """Each as long as it takes until the alert for it must fire."""
        wait, certain = self.services.wait, self.rules.certain
        self.say("outages")
        if self.plan.has_witness_outage:
            late = 600 + float(self.plan.settings["FASTI_REPUBLISH_SECONDS"])
            self.services.silence("witness3", "kill", late + certain("FastiWitnessFails") + 5)
        # One writer, and meanwhile two witnesses.
        down, stalled = certain("FastiWriterDown") + 2, certain("FastiStalled") + 2
        self.services.silence("writer2", "kill", down)
        wait((down - stalled) / 2)
        for name in ("witness2", "witness3"):
            if self.services.is_well(name):
                self.services.silence(name, "stop", stalled)
        wait((down + stalled) / 2 + self.plan.gap)
        none = certain("FastiNoWriters") + 2
        for name in WRITERS:
            self.services.silence(name, "kill", none)
        wait(none + self.plan.gap)
        if self.plan.has_store_outage:
            self.services.silence("bucket", "stop", stalled)
            wait(stalled + self.plan.gap)

    def tell(self):
        """The story."""
        self.start()
        self.chaos.reign(self.plan.chaos)
        self.mend()
        self.say(f"{self.chaos.events} random faults; the upgrade begins")
        self.upgrade()
        self.chaos.reign(self.plan.chaos, with_witnesses=not self.plan.has_witness_outage)
        self.mend()
        self.outages()
        begin = time.time()
        self.say("calm")
        self.services.wait(self.plan.calm)
        self.calm = (begin, time.time())
        self.mend()

    def mend(self):
        self.services.mend()
        for name in WRITERS:
            self.services.wait_ready(name)

    def end(self):
        """What is true at the end."""
        self.load.finish(PATIENCE)
        answers = dict(self.load.statuses)
        self.say(f"{self.load.count} entries were acknowledged; answers: {answers}")
        self.problems += self.memory.judge(self.calm)
        size = kept.tree_size(FRONT)
        self.until(lambda: kept.index_size(FRONT) == size, "the index covers the log")
        self.until(lambda: self.watched() == size, f"the monitor has read all {size} entries")
        count, size = kept.check(FRONT, self.work / "acknowledged.txt")
        self.say(f"each of {count} acknowledged entries is in the log of {size} at its index")
        policy = ["--policy", str(self.work / "policy")]
        self.topology.fasti("fsck", "--lookup", *policy)
        self.say("`fasti fsck --lookup` finds nothing, and enough witnesses have cosigned")
        republish = float(self.plan.settings["FASTI_REPUBLISH_SECONDS"])
        judge = Judge(self.rules, self.book, republish, self.began, time.time())
        judge.tell()
        self.problems += judge.judge()
        self.exits()

    def until(self, is_so, what):
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
            self.services.wait(0.5)
        self.say(what)

    def watched(self):
        """How many entries the monitor has read, one after the other; alarms are problems."""
        read = 0
        for line in self.topology.said("monitor").splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            assert event.get("event") != "alarm", line
            if event.get("event") == "round":
                goes_on = event["from"] == read or not event["entries"]
                assert goes_on, f"the monitor had read {read}: {line}"
                read += event["entries"]
        return read

    def exits(self):
        """Nobody ends by itself, but writers that cannot reach the store when they start, and those
        of the release before once there are records of this one.
        """
        away = self.book.silences("bucket") + self.book.silences("store")
        for at, name, status, release in self.book.exits:
            has_reason = release == "old" or any(a <= at <= b + 5 for a, b in away)
            tell = print if name in WRITERS and has_reason else self.problems.append
            tell(f"topology: {name} ended by itself with {status} at {at - self.began:.0f} s")


def number(variable, default):
    return int(os.environ.get(variable) or default)


def main(programs, previous, nginx, prometheus, work):
    story = Story(programs, previous, nginx, prometheus, pathlib.Path(work))
    try:
        story.tell()
        story.end()
    except BaseException:
        for file in sorted(pathlib.Path(work).glob("*.said")):
            print(f"-- {file.name}:\n{file.read_text()[-3000:]}", file=sys.stderr)
        raise
    finally:
        story.services.end()
        subprocess.run(["umount", "/etc/hosts"], check=False)
    if story.problems:
        sys.exit("\n".join(["topology: what is wrong:", *story.problems]))
    story.say(f"all is well: {story.chaos.events} random faults, seed {story.seed}")


main(*sys.argv[1:])
