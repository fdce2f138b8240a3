"""What can happen to a service: killed, stopped for a while and continued, told to end, started
again. One that ends by itself is started again after a second, as compose does, and noted: the
story's end judges it.
"""

import json
import os
import signal
import threading
import time
import urllib.request

from topology import WRITERS

# As an engine waits before it starts a service again.
RESTART_AFTER = 1.0


class Services:
    """The services of a topology, and the book of what was done to them."""

    def __init__(self, topology, book):
        self.topology, self.book = topology, book
        self.paused, self.restarts, self.until = set(), {}, {}
        # Samplers and the story look at the processes at once.
        self.lock = threading.RLock()

    def start(self, name):
        with self.lock:
            self.topology.start(name)
            self.book.started(name, self.release(name))
            self.book.end(name)

    def release(self, name):
        return "old" if self.topology.is_upgraded and name in self.topology.old else "new"

    def kill(self, name):
        """SIGKILL, and that of its children: nginx has some."""
        with self.lock:
            process = self.topology.running.pop(name, None)
            self.restarts.pop(name, None)
            self.paused.discard(name)
            self.book.begin(name, "killed")
            if process:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def pause(self, name):
        with self.lock:
            if name in self.topology.running:
                self.book.begin(name, "stopped")
                os.killpg(self.topology.running[name].pid, signal.SIGSTOP)
                self.paused.add(name)

    def resume(self, name):
        with self.lock:
            if name in self.paused:
                self.paused.discard(name)
                os.killpg(self.topology.running[name].pid, signal.SIGCONT)
                self.book.end(name)

    def replace(self, name):
        """SIGTERM, and a start with the programs of this release. Returns the status with which the
        one before ended, or None if it was down.
        """
        with self.lock:
            process = self.topology.running.pop(name, None)
            self.restarts.pop(name, None)
            self.book.begin(name, "told to end")
        if process:
            process.terminate()
            process.wait(timeout=60)
        self.topology.old.discard(name)
        self.start(name)
        return process.returncode if process else None

    def silence(self, name, how, seconds):
        """Kills or stops it, and brings it back when the time is over."""
        (self.kill if how == "kill" else self.pause)(name)
        self.until[name] = (time.monotonic() + seconds, how)

    def is_well(self, name):
        with self.lock:
            is_away = name in self.paused or name in self.until
            return name in self.topology.running and not is_away

    def look(self):
        """Brings back those whose time is over, and notes those that have ended."""
        now = time.monotonic()
        for name, (when, how) in list(self.until.items()):
            if when <= now:
                del self.until[name]
                (self.start if how == "kill" else self.resume)(name)
        with self.lock:
            for name, process in list(self.topology.running.items()):
                if process.poll() is not None:
                    del self.topology.running[name]
                    self.paused.discard(name)
                    self.book.ended(name, process.returncode, self.release(name))
                    self.book.begin(name, "ended by itself")
                    self.restarts[name] = now + RESTART_AFTER
        for name, when in list(self.restarts.items()):
            if when <= now:
                del self.restarts[name]
                self.start(name)

    def wait(self, seconds):
        """Lets time pass, looking after the services."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.look()
            time.sleep(min(0.1, left))

    def mend(self):
        """Gets all services running."""
        for name in list(self.until):
            self.until[name] = (0.0, self.until[name][1])
        self.look()

    def is_ready(self, name):
        return standing(name)[0]

    def wait_ready(self, name, seconds=60):
        """Waits until a writer says that it accepts entries."""
        end = time.monotonic() + seconds
        while not self.is_ready(name):
            if time.monotonic() > end:
                raise AssertionError(f"{name} is not ready after {seconds} s")
            self.wait(0.2)

    def leader(self):
        """The writer that leads, as it says."""
        leads = lambda name: self.is_well(name) and standing(name)[1].get("role") == "leading"
        return next(filter(leads, WRITERS), None)

    def end(self):
        """Ends all processes."""
        with self.lock:
            for process in self.topology.running.values():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def standing(name):
    """Whether a writer is ready, and what it says of itself: nothing if it is not."""
    try:
        with urllib.request.urlopen(f"http://{name}:3000/readyz", timeout=1) as answer:
            return True, json.load(answer)
    except (OSError, ValueError):
        return False, {}
