"""What was acknowledged is in the log: at its index, with the same bytes, once. Read from the
published files, through the front.
"""

import gzip
import hashlib
import urllib.request

FULL = 256


def fetch(front, path):
    request = urllib.request.Request(f"{front}/{path}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        body = answer.read()
        return gzip.decompress(body) if answer.headers["content-encoding"] == "gzip" else body


def tree_size(front):
    """The size of the published tree."""
    return int(fetch(front, "checkpoint").split(b"\n")[1])


def index_size(front):
    """The size of the tree that the lookup index covers: the third line of the manifest."""
    return int(fetch(front, "lookup/latest").split(b"\n")[3])


def numbered(number):
    """The path of a tile's number: groups of three digits, `x` before all but the last."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


def leaves(front, size):
    """The hashes of all entries, from the bundles; the lowest tiles must have the same ones."""
    hashed = []
    for number in range((size + FULL - 1) // FULL):
        width = min(FULL, size - number * FULL)
        name = numbered(number) + (f".p/{width}" if width < FULL else "")
        bundle, at, found = fetch(front, f"tile/entries/{name}"), 0, []
        while at < len(bundle):
            end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
            found.append(hashlib.sha256(b"\0" + bundle[at + 2 : end]).digest())
            at = end
        assert len(found) == width, f"bundle {name} has {len(found)} entries"
        tile = fetch(front, f"tile/0/{name}")
        assert tile == b"".join(found), f"tile {name} is not that of its bundle"
        hashed += [leaf.hex() for leaf in found]
    return hashed


def check(front, acknowledged):
    """Returns the numbers of acknowledgements and of entries in the log."""
    size = tree_size(front)
    logged, given = leaves(front, size), {}
    with open(acknowledged) as file:
        lines = [line.split() for line in file]
    for index, leaf in lines:
        place = int(index)
        assert place < size, f"index {place} was acknowledged, and the log has {size} entries"
        there = logged[place]
        assert there == leaf, f"at index {place} is {there}, and {leaf} was acknowledged"
        assert given.setdefault(place, leaf) == leaf
    assert len(given) == len(lines), "an index was given to two entries"
    assert len(set(logged)) == size, f"{size - len(set(logged))} entries are in the log twice"
    return len(lines), size
