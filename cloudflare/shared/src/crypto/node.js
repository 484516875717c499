// Calls the runtime's cryptography (BoringSSL) by its synchronous interface, `node:crypto`.
const { constants, createPublicKey, createVerify, verify } = process.getBuiltinModule("node:crypto");

const HASHES = { 0: null, 256: "sha256", 384: "sha384", 512: "sha512" };

/** Imports a key from its DER, `spki` or `pkcs1`. Throws if it is not valid, as for a point off its curve. */
export function importKey(der, type) {
  const key = createPublicKey({ key: der, format: "der", type });
  const bits = key.asymmetricKeyType === "rsa" ? key.asymmetricKeyDetails.modulusLength : undefined;
  if (bits !== undefined && (bits < 2048 || bits > 8192)) {
    throw new RangeError("RSA keys have 2048 to 8192 bits");
  }
  return key;
}

/** Verifies PKCS #1 v1.5, ECDSA in DER, or, with 0 bits of hash, Ed25519. */
export function verifyBy(key, hashBits, message, signature) {
  try {
    return verify(HASHES[hashBits], message, key, signature);
  } catch {
    return false;
  }
}

/** Verifies PSS with a salt as long as the hash. With options, the runtime accepts no key object, only DER. */
export function verifyPss(pkcs1, hashBits, message, signature) {
  const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashBits / 8 };
  try {
    const key = { key: pkcs1, format: "der", type: "pkcs1", ...options };
    return createVerify(HASHES[hashBits]).update(message).verify(key, signature);
  } catch {
    return false;
  }
}
