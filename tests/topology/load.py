"""Load at a fixed rate through the front, by a bounded pool of clients. Every entry is signed and
of its own. One that was not acknowledged is submitted again, the same bytes, until it is. Every
acknowledgement is kept on disk.
"""

import base64
import collections
import hashlib
import itertools
import json
import threading
import time
from http.client import HTTPConnection, HTTPException

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

JSON = {"Content-Type": "application/json"}
CLIENTS = 24
# As many may wait for a client; beyond, the pace waits.
WAITING_MAX = 512
# A stopped writer never answers; nginx itself waits longer.
PATIENCE = 8.0
# Before an entry is submitted again.
AGAIN_AFTER = 0.25


def encoded(data):
    return base64.b64encode(data).decode()


class Signer:
    def __init__(self, seed):
        self.seed, self.key = seed, ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key()
        kind, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        self.verifier = {"publicKey": {"rawBytes": encoded(public.public_bytes(kind, form))}}
        self.verifier["keyDetails"] = "PKIX_ECDSA_P256_SHA_256"

    def request(self, number):
        """The request to log a signature over the artifact of this number."""
        digest = hashlib.sha256(f"seed {self.seed} artifact {number}".encode()).digest()
        signature = self.key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        signed = {"content": encoded(signature), "verifier": self.verifier}
        record = {"digest": encoded(digest), "signature": signed}
        return json.dumps({"hashedRekordRequestV002": record}).encode()


class Load:
    """The clients; `acknowledged` is a file of lines of index and leaf hash."""

    def __init__(self, seed, rate, acknowledged):
        self.signer, self.rate = Signer(seed), rate
        self.file = open(acknowledged, "w", buffering=1)
        self.waiting, self.numbers = collections.deque(), itertools.count()
        self.lock, self.statuses = threading.Lock(), collections.Counter()
        self.count, self.open, self.problems = 0, 0, []
        self.is_paced, self.is_over = True, False
        self.threads = [threading.Thread(target=self.pace, daemon=True)]
        self.threads += [threading.Thread(target=self.submit, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def pace(self):
        due = time.monotonic()
        while self.is_paced:
            if len(self.waiting) < WAITING_MAX:
                body = self.signer.request(next(self.numbers))
                with self.lock:
                    self.open += 1
                    self.waiting.append(body)
            # What was not submitted in time is not made up for.
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    def submit(self):
        connection = None
        while not self.is_over:
            try:
                body = self.waiting.popleft()
            except IndexError:
                time.sleep(0.01)
                continue
            try:
                connection = connection or HTTPConnection("front", 8080, timeout=PATIENCE)
                connection.request("POST", "/api/v2/log/entries", body, JSON)
                answer = connection.getresponse()
                status, said = answer.status, answer.read()
            except (OSError, HTTPException) as error:
                status, said = type(error).__name__, b""
            if not isinstance(status, int):
                connection.close()
                connection = None
            self.answered(body, status, said)

    def answered(self, body, status, said):
        with self.lock:
            self.statuses[status] += 1
        if status == 201:
            self.acknowledge(json.loads(said))
        elif isinstance(status, int) and status < 500 and status != 429:
            self.problems.append(f"{status}: {said[:300]!r}")
        else:
            time.sleep(AGAIN_AFTER)
            self.waiting.append(body)

    def acknowledge(self, entry):
        """Keeps the index and the hash of what the answer says was logged."""
        leaf = hashlib.sha256(b"\0" + base64.b64decode(entry["canonicalizedBody"])).hexdigest()
        with self.lock:
            self.file.write(f"{entry['logIndex']} {leaf}\n")
            self.count += 1
            self.open -= 1

    def finish(self, seconds):
        """No more new entries; waits until each has its answer."""
        self.is_paced = False
        end = time.monotonic() + seconds
        while self.open and time.monotonic() < end:
            time.sleep(0.1)
        self.is_over = True
        for thread in self.threads:
            thread.join(PATIENCE + 1)
        self.file.close()
        assert not self.problems, self.problems[:3]
        answers = dict(self.statuses)
        assert not self.open, f"{self.open} entries were never acknowledged; answers: {answers}"
