//! Runs a product that listens on a port as a host of scenarios.

use std::io;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use edge_auth_token::Timestamp;
use serde_json::Value;

use super::client::exchange;
use super::server::{Recorder, Server};
use crate::documents::Documents;
use crate::scenario::source::Endpoint;
use crate::scenario::{
    Call, Capability, HostEvent, ObservedResponse, ScenarioHost, Setup, Started,
};

/// The part that differs between products: starting one, and finding its audit events.
pub trait Product {
    /// Starts the product in place of the one before, with the setup's policy, secrets and files,
    /// with the setup's keys in its store ([`crate::scenario::seed`]), and with `upstream` (a URL)
    /// behind it. The error is the operator's message.
    fn start(&mut self, setup: &Setup<'_>, upstream: &str) -> Result<Started, String>;

    /// Returns the call as it arrives at the product, where its platform changes calls.
    fn arriving(&self, call: &Call) -> Call {
        call.clone()
    }

    /// Returns the address for calls of this endpoint, or `None` if nothing runs.
    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr>;

    /// Discards the audit events of earlier calls.
    fn forget_audit(&mut self);

    /// Waits for the audit event of the call that this endpoint has just answered. Returns `None`
    /// if there is none.
    fn audit(&mut self, endpoint: Endpoint) -> Option<Value>;

    /// Returns whether the product offers this beyond a real connection.
    fn offers(&self, need: Capability) -> bool;

    /// Returns whether the product's platform removes this capability of a real connection.
    fn mends(&self, _: Capability) -> bool {
        false
    }
}

/// A product as a host of scenarios.
pub struct WireHost<P> {
    product: P,
    upstream: Recorder,
    documents: Documents,
    issuers: Server,
}

impl<P: Product> WireHost<P> {
    /// Starts the product's surroundings: an upstream, and a server of issuers' documents.
    pub fn new(product: P) -> io::Result<Self> {
        let documents = Documents::default();
        let issuers = Server::of_documents(documents.clone())?;
        Ok(Self { product, upstream: Recorder::start()?, documents, issuers })
    }
}

impl<P: Product> ScenarioHost for WireHost<P> {
    fn issuers_url(&self) -> String {
        self.issuers.url()
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_seconds(since.as_secs())
    }

    fn offers(&self, need: Capability) -> bool {
        let wire = matches!(
            need,
            Capability::Wire
                | Capability::Authority
                | Capability::Bytes
                | Capability::Unmended
                | Capability::WholeRequest
        );
        (wire && !self.product.mends(need)) || self.product.offers(need)
    }

    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String> {
        self.documents.clear();
        for (path, document) in &setup.documents {
            self.documents.publish(path, document.clone());
        }
        self.product.start(setup, &self.upstream.url())
    }

    fn happen(&mut self, event: HostEvent) -> Result<(), String> {
        match event {
            HostEvent::Publishes(path, document) => {
                self.documents.publish(path, document);
                Ok(())
            }
            other => Err(format!("a process cannot be made to do this: {other:?}")),
        }
    }

    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String> {
        let address = self.product.address(call.endpoint).ok_or("no product runs")?;
        self.product.forget_audit();
        self.upstream.take();
        let fetches = self.documents.fetches();
        let response = exchange(address, &self.product.arriving(call))
            .map_err(|error| format!("no answer: {error}"))?;
        let mut seen = self.upstream.take();
        if seen.len() > 1 {
            return Err(format!("one request arrived upstream as several: {seen:?}"));
        }
        Ok(ObservedResponse {
            status: response.status,
            headers: response.headers,
            body: response.body,
            upstream: seen.pop(),
            audit: self.product.audit(call.endpoint),
            reads: None,
            fetches: Some(self.documents.fetches() - fetches),
        })
    }
}

#[cfg(test)]
mod tests;
