"""Callers with claims: JSON Web Tokens signed with a secret of the tests (RFC 7515, RFC 7519)."""

import base64
import hashlib
import hmac
import json
import time

SECRET = "a secret that is long enough for every algorithm: sixty-four bytes or more"
ISSUER = "https://id.example"
AUDIENCE = "pillion"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret=SECRET, header=None, **claims):
    """A token that is good for an hour, unless `claims` say otherwise; one that is None is left out."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 3600, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64url(signature)}"


def bearer(**claims):
    """Metadata of a call."""
    return [("authorization", f"Bearer {token(**claims)}")]
