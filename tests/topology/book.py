"""The book of what was done to which service, and when, in seconds since 1970: the alerts are
judged by it.
"""

import dataclasses
import json
import time


@dataclasses.dataclass
class Fault:
    """A service that was silent. `end` is None while it lasts."""

    name: str
    how: str
    begin: float
    end: float | None = None


class Book:
    def __init__(self, path):
        self.faults, self.starts, self.exits, self.path = [], [], [], path

    def begin(self, name, how):
        self.faults.append(Fault(name, how, time.time()))
        self.note(f"{name}: {how}")

    def end(self, name):
        """The service is back."""
        for fault in self.faults:
            if fault.name == name and fault.end is None:
                fault.end = time.time()
        self.note(f"{name}: back")

    def started(self, name, release):
        self.starts.append((time.time(), name, release))

    def ended(self, name, status, release):
        """It has ended, and nobody had told it to."""
        self.exits.append((time.time(), name, status, release))
        self.note(f"{name}: of the {release} release, has ended by itself with {status}")

    def note(self, what):
        with open(self.path, "a") as file:
            file.write(json.dumps({"at": round(time.time(), 3), "what": what}) + "\n")

    def silences(self, name, joined=0.0):
        """The times when it was silent, from and to, joined if there is less between them."""
        faults = [fault for fault in self.faults if fault.name == name]
        return merged([(fault.begin, fault.end or time.time()) for fault in faults], joined)

    def all_silent(self, names, joined=0.0):
        """The times when none of them could be heard."""
        common = self.silences(names[0], joined)
        for name in names[1:]:
            of = self.silences(name, joined)
            pairs = [(max(a, c), min(b, d)) for a, b in common for c, d in of]
            common = [(begin, end) for begin, end in pairs if begin < end]
        return common


def merged(spans, joined=0.0):
    """The spans in order; those with less than `joined` between them are one: who looks only now
    and then sees nothing of it.
    """
    found = []
    for begin, end in sorted(spans):
        if found and begin - found[-1][1] < joined:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
