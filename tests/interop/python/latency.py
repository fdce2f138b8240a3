"""How long a log lets sigstore-python wait: from the POST to the answer, in the client.

`python latency.py URL [FASTI_BENCH]` prints the percentiles for one client alone, for a hundred in
one process, and, with the load generator, for one among ninety-nine connections that never rest.
Requests are signed beforehand. Nothing passes or fails here.
"""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore._internal.rekor.client_v2 import RekorV2Client

from hashedrekord import request

WARM_UP = 10
ALONE = 100
CLIENTS = 100
EACH = 10


def signed(count):
    key = ec.generate_private_key(ec.SECP256R1())
    return [request(os.urandom(8), key, "PKIX_ECDSA_P256_SHA_256", hashes.SHA256())
            for _ in range(count)]


def timed(client, payload):
    """Seconds from the call to the parsed answer."""
    start = time.perf_counter()
    client.create_entry(payload)
    return time.perf_counter() - start


def one_after_another(client, payloads):
    return [timed(client, payload) for payload in payloads][WARM_UP:]


def at_once(client, payloads):
    """The client keeps a connection for each thread."""
    ready = threading.Barrier(CLIENTS)

    def one(number):
        mine = payloads[number::CLIENTS]
        timed(client, mine[0])
        ready.wait()
        return [timed(client, payload) for payload in mine[1:]]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        return [seconds for times in pool.map(one, range(CLIENTS)) for seconds in times]


def report(what, seconds):
    seconds = sorted(seconds)
    p50, p99 = (seconds[min(int(len(seconds) * p), len(seconds) - 1)] * 1000 for p in (0.5, 0.99))
    print(f"{what:45} p50 {p50:7.1f} ms  p99 {p99:7.1f} ms  ({len(seconds)} entries)", flush=True)


def main():
    url, *bench = sys.argv[1:]
    client = RekorV2Client(url)
    print("load average", os.getloadavg()[0])
    report("one client, one after another", one_after_another(client, signed(WARM_UP + ALONE)))
    report(f"{CLIENTS} clients in one process", at_once(client, signed(CLIENTS * (EACH + 1))))
    if bench:
        report("one among 99 connections that never rest", among_others(client, url, bench[0]))


def among_others(client, url, bench):
    """While the load generator keeps the log busy, once it has signed its entries."""
    payloads = signed(WARM_UP + ALONE)
    load = [bench, "load", "--log", url, "--kind", "hashedrekord", "--connections", "99"]
    load += ["--warmup", "0s", "--duration", "10s"]
    with subprocess.Popen(
        load, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as others:
        others.stderr.readline()
        time.sleep(1)
        seconds = one_after_another(client, payloads)
        assert others.poll() is None, "the load ended first"
    return seconds


if __name__ == "__main__":
    main()
