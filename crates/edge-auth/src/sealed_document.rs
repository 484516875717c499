//! JSON documents under a MAC: API-key records, revocation records and manifests of snapshots.
//!
//! ```json
//! {"secret":"91cf3a07","mac":"…base64url…","body":"{\"schema\":1,…}"}
//! ```
//!
//! The envelope says which key sealed the document and holds the body as text. The MAC covers the
//! exact bytes of the body, and a context that the envelope need not repeat, such as the record's
//! id. The body is parsed only after the MAC was checked.

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::derived_key::{DerivedKey, framed};

/// Strict base64url: without padding, and without bits that are left over.
pub(crate) const BASE64: GeneralPurpose = URL_SAFE_NO_PAD;

/// The limits of one kind of document.
pub(crate) struct DocumentFormat {
    /// The longest document that is written and read, in bytes.
    pub max_bytes: usize,
    /// The schemas of bodies that this version reads.
    pub schemas: RangeInclusive<u32>,
}

/// The envelope of one kind of document.
pub(crate) trait Envelope: Serialize + DeserializeOwned {
    /// The MAC, as base64url.
    fn mac(&self) -> &str;
    /// The body, as JSON.
    fn body(&self) -> &str;
}

/// The body of one kind of document.
pub(crate) trait Body: Serialize + DeserializeOwned {
    /// Its field `schema`.
    fn schema(&self) -> u32;
}

/// A body of any schema.
#[derive(serde::Deserialize)]
struct AnySchema {
    schema: u32,
}

/// A document that was just sealed.
pub(crate) struct SealedDocument {
    pub text: String,
    pub mac: [u8; 32],
}

/// Why a document cannot be written or believed. It repeats nothing of the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// The document is longer than its format allows.
    TooLarge { bytes: usize },
    /// The envelope is not JSON of this form.
    Envelope(Position),
    /// The MAC is wrong.
    MacWrong,
    /// The MAC is right, and the body has a schema that this version does not read.
    Schema(u32),
    /// The MAC is right, and the body is not JSON of this form.
    Body(Position),
}

/// Where a document stops being JSON of its form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Position {
    line: usize,
    column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl From<serde_json::Error> for Position {
    fn from(error: serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

impl DocumentFormat {
    /// Seals a body. `envelope` gets the MAC and the body as text.
    pub(crate) fn seal<E: Envelope>(
        &self,
        body: &impl Body,
        key: &DerivedKey,
        context: &[&[u8]],
        envelope: impl FnOnce(String, String) -> E,
    ) -> Result<SealedDocument, DocumentError> {
        let body =
            serde_json::to_string(body).map_err(|error| DocumentError::Body(error.into()))?;
        let mac = key.code(&authenticated(context, &body));
        let envelope = envelope(BASE64.encode(mac), body);
        let text = serde_json::to_string(&envelope)
            .map_err(|error| DocumentError::Envelope(error.into()))?;
        self.check_size(&text)?;
        Ok(SealedDocument { text, mac })
    }

    /// Parses the envelope. Nothing in it is authenticated yet.
    pub(crate) fn envelope<E: Envelope>(&self, document: &str) -> Result<E, DocumentError> {
        self.check_size(document)?;
        serde_json::from_str(document).map_err(|error| DocumentError::Envelope(error.into()))
    }

    /// Checks the MAC of an envelope, parses its body, and returns both.
    pub(crate) fn open<B: Body>(
        &self,
        envelope: &impl Envelope,
        key: &DerivedKey,
        context: &[&[u8]],
    ) -> Result<(B, [u8; 32]), DocumentError> {
        let body = envelope.body();
        let mac = decode_digest(envelope.mac()).ok_or(DocumentError::MacWrong)?;
        if !key.verifies(&authenticated(context, body), &mac) {
            return Err(DocumentError::MacWrong);
        }
        let error = match serde_json::from_str::<B>(body) {
            Ok(body) if self.schemas.contains(&body.schema()) => return Ok((body, mac)),
            Ok(body) => return Err(DocumentError::Schema(body.schema())),
            Err(error) => error,
        };
        // Another version's body may have other fields: its schema says more than the first of
        // them that is unknown here.
        match serde_json::from_str(body) {
            Ok(AnySchema { schema }) if !self.schemas.contains(&schema) => {
                Err(DocumentError::Schema(schema))
            }
            Ok(_) | Err(_) => Err(DocumentError::Body(error.into())),
        }
    }

    fn check_size(&self, document: &str) -> Result<(), DocumentError> {
        let bytes = document.len();
        if bytes > self.max_bytes { Err(DocumentError::TooLarge { bytes }) } else { Ok(()) }
    }
}

/// Decodes a MAC or a SHA-256.
pub(crate) fn decode_digest(text: &str) -> Option<[u8; 32]> {
    // Room for what base64 decodes in whole groups of three bytes.
    let mut bytes = [0; 33];
    let length = BASE64.decode_slice(text, &mut bytes).ok()?;
    bytes.get(..length)?.try_into().ok()
}

fn authenticated(context: &[&[u8]], body: &str) -> Vec<u8> {
    framed(&[context, &[body.as_bytes()]].concat())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    const FORMAT: DocumentFormat = DocumentFormat { max_bytes: 300, schemas: 2..=3 };

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TestEnvelope {
        mac: String,
        body: String,
    }

    impl Envelope for TestEnvelope {
        fn mac(&self) -> &str {
            &self.mac
        }

        fn body(&self) -> &str {
            &self.body
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TestBody {
        schema: u32,
        text: String,
    }

    impl Body for TestBody {
        fn schema(&self) -> u32 {
            self.schema
        }
    }

    #[derive(Serialize, Deserialize)]
    struct NewerBody {
        schema: u32,
        number: u32,
    }

    impl Body for NewerBody {
        fn schema(&self) -> u32 {
            self.schema
        }
    }

    fn key() -> DerivedKey {
        DerivedKey::extract(&[0; 32], b"secret")
    }

    fn sealed(body: &impl Body) -> TestEnvelope {
        let document = FORMAT
            .seal(body, &key(), &[b"id"], |mac, body| TestEnvelope { mac, body })
            .map(|document| document.text);
        FORMAT.envelope(&document.unwrap()).unwrap()
    }

    fn opened(envelope: &TestEnvelope, context: &[&[u8]]) -> Result<TestBody, DocumentError> {
        FORMAT.open(envelope, &key(), context).map(|(body, _)| body)
    }

    fn body(schema: u32) -> TestBody {
        TestBody { schema, text: "a \"text\"".to_owned() }
    }

    #[test]
    fn a_document_opens_under_its_key_and_context_only() {
        let envelope = sealed(&body(3));
        assert_eq!(opened(&envelope, &[b"id"]), Ok(body(3)));
        assert_eq!(opened(&envelope, &[b"other"]), Err(DocumentError::MacWrong));
        assert_eq!(opened(&envelope, &[b"id", b""]), Err(DocumentError::MacWrong));
        let other = DerivedKey::extract(&[0; 32], b"other");
        assert!(FORMAT.open::<TestBody>(&envelope, &other, &[b"id"]).is_err());
    }

    #[test]
    fn a_mac_is_the_whole_mac_in_strict_base64url() {
        let envelope = sealed(&body(3));
        for mac in ["", "====", envelope.mac.get(1..).unwrap(), &format!("{}=", envelope.mac), "!"]
        {
            let envelope = TestEnvelope { mac: mac.to_owned(), body: envelope.body.clone() };
            assert_eq!(opened(&envelope, &[b"id"]), Err(DocumentError::MacWrong), "{mac}");
        }
    }

    #[test]
    fn an_authentic_body_of_another_version_is_reported_by_its_schema() {
        assert_eq!(opened(&sealed(&body(1)), &[b"id"]), Err(DocumentError::Schema(1)));
        let newer = NewerBody { schema: 4, number: 1 };
        assert_eq!(opened(&sealed(&newer), &[b"id"]), Err(DocumentError::Schema(4)));
        let damaged = NewerBody { schema: 3, number: 1 };
        assert!(matches!(opened(&sealed(&damaged), &[b"id"]), Err(DocumentError::Body(_))));
    }

    #[test]
    fn a_document_over_the_limit_is_neither_written_nor_read() {
        let long = TestBody { schema: 3, text: "x".repeat(300) };
        let written = FORMAT.seal(&long, &key(), &[], |mac, body| TestEnvelope { mac, body });
        assert!(matches!(written, Err(DocumentError::TooLarge { bytes: 301.. })));
        let read = FORMAT.envelope::<TestEnvelope>(&" ".repeat(301));
        assert_eq!(read.err(), Some(DocumentError::TooLarge { bytes: 301 }));
    }
}
