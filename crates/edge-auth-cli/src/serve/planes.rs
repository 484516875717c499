//! The planes of a server: the gate decides, and the control plane administers. They meet in the
//! store alone, which the gate cannot write.

use clap::ValueEnum;
use edge_auth::Policy;
use edge_auth::endpoints::{Dispatched, Dispatcher, HostRuntime, InboundRequest, RequestBody};
use edge_auth_control::ControlDispatcher;
use edge_auth_control::store::MissingStore;

use super::operator_log::tell;
use super::platform::{NO_STORE, NativePlatform};
use crate::error::CommandError;
use crate::store::{self, AnyReader, AnyStore};

/// One of the planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plane {
    /// Decides about requests, and administers nothing. It opens the store read-only
    Gate,
    /// Administers (`/admin/v1`), and decides about nothing else
    Control,
}

/// The planes that a server has. The control plane may have no store.
pub(crate) enum Planes {
    /// Both, in one process.
    Both(Option<AnyStore>),
    /// The gate alone.
    Gate,
    /// The control plane alone.
    Control(Option<AnyStore>),
}

/// What a dispatcher needs of the server.
type Gate = edge_auth::Gate<NativePlatform>;

impl Planes {
    /// Opens the store for one plane, or for both. Returns it as the gate reads it, too. Makes a
    /// missing store, unless the server has no control plane or the policy has a revocation feed.
    pub(crate) async fn open(
        plane: Option<Plane>,
        named: Option<&str>,
        policy: &Policy,
    ) -> Result<(Self, Option<AnyReader>), CommandError> {
        if plane == Some(Plane::Gate) {
            let reader = match named {
                Some(named) => Some(store::open_reader_named(named).await?),
                None => None,
            };
            return Ok((Self::Gate, reader));
        }
        let store = match named {
            Some(named) => {
                let (store, made) = store::open_or_make_named(named, policy).await?;
                if made {
                    tell("edge-auth: the store was missing: an empty one was made");
                }
                Some(store)
            }
            None => None,
        };
        let reader = store.as_ref().map(AnyStore::reader).transpose()?;
        match plane {
            Some(Plane::Control) => Ok((Self::Control(store), reader)),
            Some(Plane::Gate) | None => Ok((Self::Both(store), reader)),
        }
    }

    /// Answers one request, or lets it pass to the upstream.
    pub(super) async fn dispatch(
        &self,
        gate: &Gate,
        has_upstream: bool,
        inbound: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        runtime: &impl HostRuntime,
    ) -> Dispatched {
        let dispatcher = Dispatcher::new(gate, has_upstream);
        let store = match self {
            Self::Control(store) => store,
            Self::Both(store) if dispatcher.is_for_control(inbound) => store,
            Self::Both(_) | Self::Gate => return dispatcher.dispatch(inbound, body, runtime).await,
        };
        let reply = match store {
            Some(store) => {
                ControlDispatcher::new(gate, store).dispatch(inbound, body, runtime).await
            }
            None => {
                let store = MissingStore(NO_STORE);
                ControlDispatcher::new(gate, &store).dispatch(inbound, body, runtime).await
            }
        };
        Dispatched::Reply(reply)
    }
}
