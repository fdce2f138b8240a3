"""A plugin of pytest: the suite asks the network for a token before every test, and reads it. What
only verifies has no use for one, so this is a made-up token, and no request leaves the machine."""
# pylint: disable=missing-function-docstring

import base64
import json
import types

import urllib3


def made_up() -> str:
    claims = {"email": "nobody@example.com", "iss": "https://issuer.example", "exp": 4102444800}
    parts = ({"alg": "none"}, claims, {})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join(encoded).decode()


def answer(method: str, url: str, **_: object) -> types.SimpleNamespace:
    if (method, url.rsplit("/", 1)[-1]) != ("GET", "untrusted-testing-token.txt"):
        raise RuntimeError(f"a request that nobody expected: {method} {url}")
    return types.SimpleNamespace(data=made_up().encode())


urllib3.request = answer
