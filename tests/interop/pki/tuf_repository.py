"""A TUF repository of the trusted root, for clients that take trust from nowhere else. It is laid out as
Sigstore's own.
"""

import datetime
import json

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

LIFETIME = datetime.timedelta(days=1)


def write(directory, root, config):
    """Writes the repository: a trusted root and a signing configuration, and who vouches for them."""
    files = {"trusted_root.json": root, "signing_config.v0.2.json": config}
    signer = CryptoSigner.generate_ed25519()
    expires = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + LIFETIME
    targets = Targets(expires=expires)
    (directory / "targets").mkdir(parents=True)
    for name, content in files.items():
        data = json.dumps(content).encode()
        target = TargetFile.from_data(name, data, ["sha256"])
        targets.targets[name] = target
        (directory / "targets" / f"{target.hashes['sha256']}.{name}").write_bytes(data)
    snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(1)})
    timestamp = Timestamp(expires=expires, snapshot_meta=MetaFile(1))
    trust = Root(expires=expires, consistent_snapshot=True)
    for role in ["root", "targets", "snapshot", "timestamp"]:
        trust.add_key(signer.public_key, role)
    for name, signed in [
        ("1.root.json", trust),
        ("1.targets.json", targets),
        ("1.snapshot.json", snapshot),
        ("timestamp.json", timestamp),
    ]:
        metadata = Metadata(signed)
        metadata.sign(signer)
        metadata.to_file(str(directory / name))
    (directory / "root.json").write_bytes((directory / "1.root.json").read_bytes())
