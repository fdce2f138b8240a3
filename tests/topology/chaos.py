"""What befalls services at random, from a seed: SIGKILL and a start later, SIGSTOP and SIGCONT
later. Witnesses are away one at a time, so that two are left; anybody else at any time.
"""

import random

from topology import WITNESSES, WRITERS

# The pause between two events, at most, in seconds.
PAUSE = 4.0


class Chaos:
    def __init__(self, services, seed):
        self.services, self.random, self.events = services, random.Random(seed), 0

    def reign(self, seconds, with_witnesses=True):
        """Lets things happen for a while."""
        while seconds > 0:
            self.befall(with_witnesses)
            pause = min(seconds, self.random.uniform(0.2, PAUSE))
            self.services.wait(pause)
            seconds -= pause

    def befall(self, with_witnesses):
        """One event."""
        kinds = [self.writer] * 4 + [self.front, self.line, self.bucket, self.all_writers]
        kinds += [self.witness] * 2 if with_witnesses else []
        self.events += 1
        self.random.choice(kinds)()

    def hit(self, name, longest):
        how, seconds = self.random.choice(["kill", "stop"]), self.random.uniform(0.2, longest)
        if self.services.is_well(name):
            self.services.silence(name, how, seconds)

    def writer(self):
        """Mostly the leader."""
        chosen = self.random.choice(WRITERS)
        leader = self.services.leader() if self.random.random() < 0.6 else None
        self.hit(leader or chosen, 6.0)

    def all_writers(self):
        for name in WRITERS:
            if self.services.is_well(name):
                self.services.silence(name, "kill", self.random.uniform(0.2, 2.0))

    def witness(self):
        chosen = self.random.choice(WITNESSES)
        if all(map(self.services.is_well, WITNESSES)):
            self.hit(chosen, 6.0)

    def front(self):
        self.hit("front", 2.0)

    def line(self):
        """All connections to the S3 server break."""
        if self.services.is_well("store"):
            self.services.silence("store", "kill", self.random.uniform(0.1, 2.0))

    def bucket(self):
        """The S3 server does not answer."""
        if self.services.is_well("bucket"):
            self.services.silence("bucket", "stop", self.random.uniform(0.2, 3.0))
