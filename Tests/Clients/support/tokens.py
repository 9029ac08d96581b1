"""Tokens for the tests: signed by jwcrypto or PyJWT, or put together by hand where no library would."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import jwt
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk

ISSUER, AUDIENCE = "https://id.example", "pillion"


def base64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def claims(**changes):
    """What a good token says, with changes; None takes a claim out."""
    now = int(time.time())
    content = {"sub": "amy", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "role": "editor"} | changes
    return {name: value for name, value in content.items() if value is not None}


def by_hand(header, content, sign=lambda data: b"x"):
    """A token of any content; `sign` makes the signature of its bytes."""
    data = f"{header if isinstance(header, str) else base64url(header)}.{content if isinstance(content, str) else base64url(content)}"
    return f"{data}.{base64url(sign(data.encode()))}"


def hs256(secret):
    return lambda data: hmac.digest(secret, data, hashlib.sha256)


class Key:
    """A key of an identity provider."""

    def __init__(self, kid, algorithm="RS256", **extra):
        self.kid, self.algorithm = kid, algorithm
        kinds = {
            "RS": {"kty": "RSA", "size": 2048}, "PS": {"kty": "RSA", "size": 2048}, "HS": {"kty": "oct", "size": 512},
            "Ed": {"kty": "OKP", "crv": "Ed25519"},
        }
        curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
        kind = kinds.get(algorithm[:2]) or {"kty": "EC", "crv": curves[algorithm]}
        self.jwk = jwk.JWK.generate(**kind)
        self.extra = extra

    def public(self):
        """As its provider publishes it."""
        content = self.jwk.export(as_dict=True, private_key=self.algorithm.startswith("HS"))
        content |= {"use": "sig", "alg": self.algorithm} | ({"kid": self.kid} if self.kid else {}) | self.extra
        return {name: value for name, value in content.items() if value is not None}

    @property
    def secret(self):
        """For PyJWT."""
        if self.algorithm.startswith("HS"):
            return base64.urlsafe_b64decode(self.jwk.export(as_dict=True)["k"] + "==")
        return self.jwk.export_to_pem(private_key=True, password=None)

    @property
    def pem(self):
        return self.jwk.export_to_pem()

    @property
    def private(self):
        return serialization.load_pem_private_key(self.secret, None)

    def token(self, header=None, **changes):
        names = {"kid": self.kid} if self.kid else {}
        return jwt.encode(claims(**changes), self.secret, self.algorithm, headers=names | (header or {}))


def key_set(*keys):
    return json.dumps({"keys": [key.public() for key in keys]})


class Provider:
    """An identity provider's key set by HTTP."""

    def __init__(self, *keys):
        self.body, self.status, self.requests = key_set(*keys).encode(), 200, []
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.requests.append(time.monotonic())
                self.send_response(provider.status)
                self.send_header("content-length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/keys.json"

    def publish(self, *keys):
        self.body = key_set(*keys).encode()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


def bearer(token):
    return [("authorization", f"Bearer {token}")]
