"""Verifies tokens with PyJWT.

The first line of the input is {"jwks", "issuer", "audience", "algorithms"}, and each further line is a token as JSON
text. Answers each token with null, or with the reason for refusing it.
"""

import json
import sys

import jwt
from jwt.algorithms import OKPAlgorithm

# PyJWT does not know the name that RFC 9864 gives to EdDSA with Ed25519.
jwt.register_algorithm("Ed25519", OKPAlgorithm())

expected = json.loads(sys.stdin.readline())
keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(expected["jwks"]).keys}
# PyJWT leaves the choice of a key to its callers. The set has one key of each type, which verifies
# a token without `kid`.
types = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def key_for(header):
    if "kid" in header:
        return keys[header["kid"]].key
    return next(key.key for key in keys.values() if key.key_type == types[header["alg"][:2]])


for line in sys.stdin:
    token, refused = json.loads(line), None
    try:
        jwt.decode(
            token,
            key_for(jwt.get_unverified_header(token)),
            algorithms=expected["algorithms"],
            audience=expected["audience"],
            issuer=expected["issuer"],
            options={"require": ["exp", "iss", "aud"]},
        )
    except Exception as error:
        refused = f"{type(error).__name__}: {error}"
    print(json.dumps(refused), flush=True)
