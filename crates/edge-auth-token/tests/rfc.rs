//! The examples of the RFCs.

#![cfg(feature = "aws-lc-rs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod common;

use common::verifying_key;
use edge_auth_token::{
    Algorithm, DEFAULT_MAX_TOKEN_BYTES, TokenError, UnverifiedJws, UnverifiedToken,
};
use serde_json::{Value, json};

const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn check(
    header: &str,
    payload: &str,
    signature: &str,
    key: &Value,
    algorithm: Algorithm,
) -> Vec<u8> {
    let key = verifying_key(key, &[algorithm]).unwrap();
    let text = format!("{header}.{payload}.{signature}");
    let forged = format!("{header}.{}.{signature}", common::b64(r#"{"iss":"jane"}"#));
    let found = UnverifiedJws::parse(&forged, DEFAULT_MAX_TOKEN_BYTES).unwrap().verify(&key);
    assert_eq!(found, Err(TokenError::SignatureInvalid));
    UnverifiedJws::parse(&text, DEFAULT_MAX_TOKEN_BYTES).unwrap().verify(&key).unwrap()
}

fn assert_is_joe(payload: &[u8]) {
    assert_eq!(
        payload,
        b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
}

#[test]
fn rfc_7515_appendix_a_1_hs256() {
    let key = json!({"kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
    let (header, signature) =
        ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_is_joe(&check(header, JOE, signature, &key, Algorithm::Hs256));

    // It is a JWT, too (RFC 7519, section 3.1).
    let text = format!("{header}.{JOE}.{signature}");
    let token = UnverifiedToken::parse(&text, DEFAULT_MAX_TOKEN_BYTES).unwrap();
    let token = token.verify(&verifying_key(&key, &[Algorithm::Hs256]).unwrap()).unwrap();
    assert_eq!(token.token_type(), Some("JWT"));
    assert_eq!(token.claims().expires_at().map(|time| time.seconds()), Some(1_300_819_380));
    assert_eq!(token.claims().get("http://example.com/is_root"), Some(&json!(true)));
}

#[test]
fn rfc_7515_appendix_a_2_rs256() {
    let key = json!({"kty": "RSA", "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_is_joe(&check("eyJhbGciOiJSUzI1NiJ9", JOE, signature, &key, Algorithm::Rs256));
}

#[test]
fn rfc_7515_appendix_a_3_es256() {
    let key = json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_is_joe(&check("eyJhbGciOiJFUzI1NiJ9", JOE, signature, &key, Algorithm::Es256));
}

#[test]
fn rfc_7515_appendix_a_4_es512() {
    let key = json!({"kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"});
    let signature = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    let payload = check("eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA", signature, &key, Algorithm::Es512);
    assert_eq!(payload, b"Payload");
}

#[test]
fn rfc_8037_appendix_a_4_ed25519() {
    let key =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let payload = check(
        "eyJhbGciOiJFZERTQSJ9",
        "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        signature,
        &key,
        Algorithm::EdDsa,
    );
    assert_eq!(payload, b"Example of Ed25519 signing");
}
