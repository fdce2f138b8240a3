"""The judge of the alerts, judged: what it must find fault with, and what not. With the shipped
rules, over made-up faults and alerts. Argument: a directory that does not exist yet.
"""

import pathlib
import sys

from alerts import Judge
from book import Book, Fault
from rules import Rules
from topology import WITNESSES, WRITERS

LENGTH = 3600.0
DOWN = [("writer2", 100, 545)]
ALL = [(name, 100, 370) for name in WRITERS]
QUORUM = [("witness2", 100, 310), ("witness3", 50, 1500)]
FLAPPING = [("writer2", at, at + 8) for at in range(100, 900, 11)]
TIRED = [("witness2", at, at + 8) for at in range(100, 2000, 11)]
LIVES = [(at, "writer1", "new") for at in (10, 200, 400, 600)]
# Faults, starts, alerts that fired, and the alerts with which fault is found.
CASES = [
    ([], [], [], []),
    (DOWN, [], [("FastiWriterDown", "writer2", 430, 560)], []),
    (DOWN, [], [], ["FastiWriterDown"]),
    (DOWN, [], [("FastiWriterDown", "writer1", 430, 560)], ["FastiWriterDown"] * 2),
    (DOWN, [], [("FastiWriterDown", "writer2", 110, 560)], ["FastiWriterDown"]),
    (DOWN, [], [("FastiWriterDown", "writer2", 430, 900)], ["FastiWriterDown"]),
    ([("writer2", 100, 200)], [], [("FastiWriterDown", "writer2", 190, 210)], ["FastiWriterDown"]),
    (FLAPPING, [], [], []),
    (FLAPPING, [], [("FastiWriterDown", "writer2", 430, 920)], []),
    ([*FLAPPING, ("writer2", 905, 1400)], [], [("FastiWriterDown", "writer2", 430, 1410)], []),
    ([*FLAPPING, ("writer2", 905, 1400)], [], [], ["FastiWriterDown"]),
    (TIRED, [], [], []),
    (ALL, [], [("FastiNoWriters", "log", 270, 390)], []),
    (ALL, [], [], ["FastiNoWriters"]),
    (QUORUM, [], [("FastiStalled", "writer1", 200, 320)], ["FastiWitnessFails"]),
    (QUORUM, [], [("FastiWitnessFails", "witness3", 1400, 1510)], ["FastiStalled"]),
    ([("bucket", 100, 310)], [], [("FastiNoLeader", "log", 200, 320)], []),
    ([("bucket", 100, 310)], [], [("FastiNoLeader", "log", 500, 520)], ["FastiStalled"] * 2),
    ([], LIVES, [("FastiRestarting", "writer1", 650, 3600)], []),
    ([], LIVES, [], ["FastiRestarting"]),
    ([], LIVES, [("FastiRestarting", "writer1", 450, 3600)], ["FastiRestarting"]),
    ([("front", 5, 6)], [], [("FastiIndexBehind", "log", 700, 800)], []),
    ([("front", 5, 6)], [], [("FastiIndexBehind", "log", 1900, 2000)], ["FastiIndexBehind"]),
    (DOWN, [], [("FastiHalted", "writer1", 300, 310)], ["FastiHalted", "FastiWriterDown"]),
]


class MadeUp(Judge):
    """A judge of alerts that no Prometheus has."""

    def __init__(self, rules, book, fired):
        self.made_up = fired
        super().__init__(rules, book, 60.0, 0.0, LENGTH)

    def firing(self):
        return self.made_up


def main(directory):
    rules = Rules(pathlib.Path(directory), 1, WITNESSES)
    for faults, starts, fired, expected in CASES:
        book = Book(None)
        book.faults = [Fault(name, "made up", begin, end) for name, begin, end in faults]
        book.starts = starts
        problems = MadeUp(rules, book, fired).judge()
        found = sorted(problem.split()[0] for problem in problems)
        assert found == sorted(expected), f"{faults} {starts} {fired}: {problems}"
    print(f"topology: the judge of alerts is right in {len(CASES)} cases")


main(*sys.argv[1:])
