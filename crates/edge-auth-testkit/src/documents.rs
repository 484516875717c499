//! What issuers publish: the same documents for a key source in memory and for one over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_auth::platform::{KeySource, Unavailable};

use crate::delays::Barrier;

/// One document under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The HTTP status that it is served with.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Document {
    /// A good answer.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, location: None, body: body.into() }
    }
}

/// Documents by path, to be changed while they are served. A clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub struct Documents(Arc<Mutex<PublishedState>>, Barrier);

#[derive(Debug, Default)]
struct PublishedState {
    by_path: BTreeMap<String, Document>,
    fetches: u64,
}

impl Documents {
    /// Publishes a document under a path (`/jwks/corp`) from now on.
    pub fn publish(&self, path: impl Into<String>, document: Document) {
        self.state().by_path.insert(path.into(), document);
    }

    /// Takes everything back, and counts from nought again.
    pub fn clear(&self) {
        *self.state() = PublishedState::default();
    }

    /// Answers one request, and counts it. A path without a document is a 404.
    pub fn get(&self, path: &str) -> Document {
        let mut state = self.state();
        state.fetches += 1;
        let missing = || Document { status: 404, location: None, body: Vec::new() };
        state.by_path.get(path).cloned().unwrap_or_else(missing)
    }

    /// Behind which fetches wait before they begin.
    pub fn barrier(&self) -> &Barrier {
        &self.1
    }

    /// How often any document was asked for.
    pub fn fetches(&self) -> u64 {
        self.state().fetches
    }

    fn state(&self) -> MutexGuard<'_, PublishedState> {
        // Every change is one step, so that a panic elsewhere does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Documents as a host fetches them that keeps to the contract of [`KeySource`]: no redirects, and
/// no more bytes than are wanted.
#[derive(Debug, Clone)]
pub struct DocumentSource {
    /// What is served.
    pub documents: Documents,
    /// What URLs begin with, up to the path.
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
    fn only_a_document_of_the_right_size_is_an_answer_and_every_question_counts() {
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
