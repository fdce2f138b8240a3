"""Requests to log a signature by a bare key: sigstore-python sends them, but builds none."""

import base64
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding


def b64(data):
    return base64.b64encode(data).decode()


def digest(data, algorithm=hashes.SHA256()):
    return hashlib.new(algorithm.name, data).digest()


def request(data, key, details, algorithm):
    """The request for `data`, signed with that key. `details` is Sigstore's name of the algorithm."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(data, ec.ECDSA(algorithm))
    else:
        signature = key.sign(data, padding.PKCS1v15(), algorithm)
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    verifier = {"publicKey": {"rawBytes": b64(spki)}, "keyDetails": details}
    return {
        "hashedRekordRequestV002": {
            "digest": b64(digest(data, algorithm)),
            "signature": {"content": b64(signature), "verifier": verifier},
        }
    }
