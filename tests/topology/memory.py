"""Memory of all services, sampled every five seconds.

The rules: nothing ever has more than its ceiling. Over the calm stretch, in which load goes on and
nothing is done to anybody, no service that was there all the time grows by more than a MiB a minute
(least squares, its first two minutes left out). The S3 server keeps the bucket in memory, and
Prometheus its series: of these only the figures are printed.
"""

import threading
import time

EVERY = 5.0
CEILINGS_MIB = {"writer": 512, "witness": 256, "front": 256, "monitor": 512, "store": 256}
SLOPE_MAX = 1.0
WARM_UP = 120.0
# A slope over less says nothing.
CALM_LEAST = 480.0


class Memory:
    def __init__(self, topology, path):
        self.topology, self.path, self.samples, self.is_over = topology, path, [], False
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()

    def sample(self):
        with open(self.path, "w", buffering=1) as file:
            while not self.is_over:
                for name, pid in self.topology.pids().items():
                    if rss := resident(pid):
                        self.samples.append((time.time(), name, pid, rss))
                        file.write(f"{time.time():.1f} {name} {pid} {rss:.1f}\n")
                time.sleep(EVERY)

    def judge(self, calm):
        """Prints what each had, and returns what broke a rule; `calm` is from when to when."""
        self.is_over = True
        problems, names = [], sorted({name for _, name, _, _ in self.samples})
        for name in names:
            peak = max(rss for _, who, _, rss in self.samples if who == name)
            slope, said = self.slope(name, calm), ""
            ceiling = CEILINGS_MIB.get(name.rstrip("123"))
            if slope is not None:
                said = f", {slope:+.2f} MiB a minute in the calm stretch"
            print(f"topology: {name} has at most {peak:.0f} MiB{said}")
            if ceiling and peak > ceiling:
                problems.append(f"{name} has {peak:.0f} MiB")
            if ceiling and slope is not None and slope > SLOPE_MAX:
                problems.append(f"{name} grows by {slope:.2f} MiB a minute")
        return problems

    def slope(self, name, calm):
        """MiB a minute, None if it was not there, or not for long enough."""
        begin, end = calm[0] + WARM_UP, calm[1]
        if end - calm[0] < CALM_LEAST:
            return None
        calm = [sample for sample in self.samples if begin <= sample[0] <= end]
        found = [(at, pid, rss) for at, who, pid, rss in calm if who == name]
        if len({pid for _, pid, _ in found}) != 1 or found[-1][0] - found[0][0] < (end - begin) / 2:
            return None
        return least_squares([(at / 60, rss) for at, _, rss in found])


def least_squares(points):
    x, y = (sum(values) / len(points) for values in zip(*points))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def resident(pid):
    """MiB of a process and of its children, None if it has gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
        total = sum(filter(None, map(resident, children)))
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * 4096 / 2**20 + total
    except (OSError, IndexError):
        return None
