"""The parts of a log's answer (a `TransparencyLogEntry` in JSON), altered one at a time.

Each function alters a copy, in place. Beside it stands what sigstore-python says when it refuses.
"""

import base64
import copy


def flipped(encoded, at=0):
    """Base64 with one bit of one byte changed."""
    data = bytearray(base64.b64decode(encoded))
    data[at] ^= 1
    return base64.b64encode(data).decode()


def body(entry):
    data = base64.b64decode(entry["canonicalizedBody"])
    changed = data.replace(b'"hashedrekord"', b'"hashedrekorD"')
    assert changed != data
    entry["canonicalizedBody"] = base64.b64encode(changed).decode()


def index(entry):
    proof = entry["inclusionProof"]
    proof["logIndex"] = str(int(proof["logIndex"]) - 1)


def tree_size(entry):
    proof = entry["inclusionProof"]
    proof["treeSize"] = str(int(proof["treeSize"]) * 2)


def lowest_hash(entry):
    hashes = entry["inclusionProof"]["hashes"]
    hashes[0] = flipped(hashes[0])


def highest_hash(entry):
    hashes = entry["inclusionProof"]["hashes"]
    hashes[-1] = flipped(hashes[-1])


def one_hash_less(entry):
    entry["inclusionProof"]["hashes"].pop()


def root_hash(entry):
    proof = entry["inclusionProof"]
    proof["rootHash"] = flipped(proof["rootHash"])


def checkpoint_line(entry, number, change):
    checkpoint = entry["inclusionProof"]["checkpoint"]
    lines = checkpoint["envelope"].split("\n")
    lines[number] = change(lines[number])
    checkpoint["envelope"] = "\n".join(lines)


def checkpoint_origin(entry):
    checkpoint_line(entry, 0, lambda origin: origin + "s")


def checkpoint_size(entry):
    checkpoint_line(entry, 1, lambda size: size + "0")


def checkpoint_root(entry):
    checkpoint_line(entry, 2, flipped)


def checkpoint_signature(entry):
    def change(line):
        head, signature = line.rsplit(" ", 1)
        return f"{head} {flipped(signature, -1)}"

    checkpoint_line(entry, 4, change)


def no_signature(entry):
    checkpoint = entry["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].split("\n\n")[0] + "\n\n"


def log_id(entry):
    entry["logId"]["keyId"] = flipped(entry["logId"]["keyId"])


ALTERATIONS = [
    (body, "invalid root hash"),
    (index, "wrong size|invalid root hash"),
    (tree_size, "wrong size"),
    (lowest_hash, "invalid root hash"),
    (highest_hash, "invalid root hash"),
    (one_hash_less, "wrong size"),
    (root_hash, "invalid root hash"),
    (checkpoint_origin, "invalid signature"),
    (checkpoint_size, "invalid signature"),
    (checkpoint_root, "invalid signature"),
    (checkpoint_signature, "invalid signature"),
    (no_signature, "at least one signature"),
    (log_id, "Signature not found"),
]


def altered(entry):
    """Triples: the alteration's name, the altered copy, what the refusal says."""
    for alter, why in ALTERATIONS:
        copied = copy.deepcopy(entry)
        alter(copied)
        yield alter.__name__, copied, why


def with_checkpoint_of(entry, other):
    """A copy with the checkpoint of another answer."""
    copied = copy.deepcopy(entry)
    copied["inclusionProof"]["checkpoint"] = other["inclusionProof"]["checkpoint"]
    return copied
