"""PyJWT and joserfc as issuers of tokens.

Writes {"jwks"} on its first line, and then answers each line of its input, {"library", "kid", "claims"}, with a token.
"""

import json
import sys

import joserfc.jwt
import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "RS256"}),
    "PS384": RSAKey.generate_key(2048, {"kid": "PS384"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ES256"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "ES384"}),
    "ES512": ECKey.generate_key("P-521", {"kid": "ES512"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "EdDSA"}),
}


def minted(library, kid, claims):
    header = {"alg": kid, "typ": "at+jwt", "kid": kid}
    if library == "PyJWT":
        return jwt.encode(claims, KEYS[kid].private_key, algorithm=kid, headers=header)
    return joserfc.jwt.encode(header, claims, KEYS[kid], registry=JWSRegistry(algorithms=list(KEYS)))


def say(message):
    print(json.dumps(message), flush=True)


say({"jwks": {"keys": [key.as_dict(private=False) for key in KEYS.values()]}})
for line in sys.stdin:
    say({"token": minted(**json.loads(line))})
