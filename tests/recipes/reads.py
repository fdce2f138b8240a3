"""What readers need of whatever serves the files of a log: types, lifetimes, ranges, and pages of other
sites. `_writer/` is nobody's business.
"""

import time
import urllib.error
import urllib.request

IMMUTABLE, TEXT = "public, max-age=31536000, immutable", "text/plain; charset=utf-8"
PLACES = [
    ("/checkpoint", TEXT, "no-cache"),
    ("/log.json", "application/json", "no-cache"),
    ("/lookup/latest", TEXT, "no-cache"),
    ("/tile/0/000.p/2", "application/octet-stream", IMMUTABLE),
    ("/tile/entries/000.p/2", "application/octet-stream", IMMUTABLE),
]
# The index of two entries is one run, or two.
RUNS = ["/lookup/run/0/2/0", "/lookup/run/1/2/0"]
INDEX_SECONDS = 40
CLOSED = ["/_writer/vkey", "/tile/%2e%2e/_writer/vkey", "/tile/../_writer/vkey", "/other", "/tile/0/000"]


def ask(front, path, method="GET", **fields):
    """Status, headers and body of an answer."""
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    request = urllib.request.Request(front + path, method=method, headers=fields)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, b""


def indexed(front):
    """The run of both entries. The index follows the log within seconds."""
    for _ in range(INDEX_SECONDS):
        for path in RUNS:
            if ask(front, path)[0] == 200:
                return path
        time.sleep(1)
    raise AssertionError(f"the index does not cover two entries after {INDEX_SECONDS} seconds")


def check(front, vkey, prefixes=("",)):
    """Reads a log of two entries."""
    run = indexed(front)
    for path, kind, lifetime in [*PLACES, (run, "application/octet-stream", IMMUTABLE)]:
        # Twice, as a cache may answer the second time.
        for prefix in [*prefixes, *prefixes]:
            status, headers, body = ask(front, prefix + path, Origin="https://ui.example")
            found = (status, headers["content-type"], headers["cache-control"])
            assert found == (200, kind, lifetime), (prefix, path, found)
            assert headers.get_all("access-control-allow-origin") == ["*"], (path, str(headers))
            assert "Content-Range" in headers["access-control-expose-headers"], path
        status, headers, part = ask(front, path, Range="bytes=2-5")
        assert (status, part) == (206, body[2:6]), (path, status, part)
    asks = {"Origin": "https://ui.example", "Access_Control_Request_Method": "GET"}
    for path in ("/checkpoint", "/tile/0/000.p/2"):
        status, headers, _ = ask(front, path, "OPTIONS", **asks)
        assert (status, headers["access-control-allow-methods"]) == (204, "GET, HEAD"), str(headers)
        assert headers.get_all("access-control-allow-origin") == ["*"], str(headers)
        assert "Range" in headers["access-control-allow-headers"], str(headers)
    for path in CLOSED:
        for prefix in prefixes:
            status, headers, _ = ask(front, prefix + path)
            assert status == 404 and "immutable" not in str(headers), (prefix, path, status, str(headers))
    assert vkey in ask(front, "/log.json")[2].decode()
