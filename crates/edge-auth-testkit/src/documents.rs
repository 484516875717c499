//! The documents of issuers, for a key source in memory as well as over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_auth::platform::{KeySource, Unavailable};

use crate::delays::Barrier;

/// A document and how it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its HTTP status.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Document {
    /// Creates a document with the status 200.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, location: None, body: body.into() }
    }
}

/// Documents by path, which may change while they are served. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Documents(Arc<Mutex<PublishedState>>, Barrier);

#[derive(Debug, Default)]
struct PublishedState {
    by_path: BTreeMap<String, Document>,
    fetches: u64,
}

impl Documents {
    /// Publishes a document under a path (`/jwks/corp`).
    pub fn publish(&self, path: impl Into<String>, document: Document) {
        self.state().by_path.insert(path.into(), document);
    }

    /// Removes all documents and resets the count.
    pub fn clear(&self) {
        *self.state() = PublishedState::default();
    }

    /// Returns the document of a path, or a 404, and counts the request.
    pub fn get(&self, path: &str) -> Document {
        let mut state = self.state();
        state.fetches += 1;
        match state.by_path.get(path) {
            Some(document) => document.clone(),
            None => Document { status: 404, location: None, body: Vec::new() },
        }
    }

    /// Returns the barrier at which fetches wait.
    pub fn barrier(&self) -> &Barrier {
        &self.1
    }

    /// Returns the number of requests for any document.
    pub fn fetches(&self) -> u64 {
        self.state().fetches
    }

    fn state(&self) -> MutexGuard<'_, PublishedState> {
        // Every change is a single step, so a panic elsewhere leaves no half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Documents as a host fetches them under the contract of [`KeySource`]: without redirects, and no
/// more bytes than the limit.
#[derive(Debug, Clone)]
pub struct DocumentSource {
    /// The served documents.
    pub documents: Documents,
    /// The part of URLs before the path.
    pub base: String,
}

impl KeySource for DocumentSource {
    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        let path = url.strip_prefix(&self.base).ok_or_else(|| Unavailable::new("no such host"))?;
        self.documents.barrier().pass().await;
        let document = self.documents.get(path);
        if document.status != 200 {
            return Err(Unavailable::new(format!("status {}", document.status)));
        }
        if document.body.len() > max_bytes {
            return Err(Unavailable::new(format!("more than {max_bytes} bytes")));
        }
        Ok(document.body)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn only_a_document_within_the_limit_is_returned_and_every_request_counts() {
        let documents = Documents::default();
        documents.publish("/good", Document::ok("12345"));
        let moved = Document { status: 302, location: Some("/good".into()), body: Vec::new() };
        documents.publish("/moved", moved);
        let source =
            DocumentSource { documents: documents.clone(), base: "https://keys.example".into() };
        let fetch = |url: &str, max| block_on(source.fetch(url, max));
        assert_eq!(fetch("https://keys.example/good", 5).as_deref(), Ok(&b"12345"[..]));
        assert!(fetch("https://keys.example/good", 4).is_err());
        assert!(fetch("https://keys.example/moved", 9).is_err());
        assert!(fetch("https://keys.example/none", 9).is_err());
        assert!(fetch("https://other.example/good", 9).is_err());
        assert_eq!(documents.fetches(), 4);
    }
}
