//! Small local servers: one that records requests, and one that serves documents.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::message::{Response, read_request, write_response};
use crate::documents::Documents;
use crate::scenario::SeenRequest;

type Handler = dyn Fn(SeenRequest) -> Response + Send + Sync;

/// A server on its own port. Dropping it stops the server.
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that answers every request by `handler`, with one thread for each
    /// connection.
    pub fn start(
        handler: impl Fn(SeenRequest) -> Response + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let handler: Arc<Handler> = Arc::new(handler);
        let accepting = thread::spawn(move || {
            for connection in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let handler = Arc::clone(&handler);
                // The scenario notices a broken connection at the client.
                thread::spawn(move || connection.and_then(|stream| serve(&stream, &*handler)));
            }
        });
        Ok(Self { address, stopped, accepting: Some(accepting) })
    }

    /// Starts a server of documents by their paths.
    pub fn of_documents(documents: Documents) -> io::Result<Self> {
        Self::start(move |request| {
            let document = documents.get(&request.target);
            let location = document.location.map(|url| ("Location".to_owned(), url));
            let content_type = ("Content-Type".to_owned(), "application/json".to_owned());
            let headers = location.into_iter().chain([content_type]).collect();
            Response { status: document.status, headers, body: document.body }
        })
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its URL without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread that waits for a connection.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
    }
}

fn serve(stream: &TcpStream, handler: &Handler) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        let method = request.method.clone();
        write_response(&mut &*stream, &handler(request), &method)?;
    }
    Ok(())
}

/// An upstream that records every request and answers 200.
pub struct Recorder {
    server: Server,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
}

impl Recorder {
    /// Starts listening.
    pub fn start() -> io::Result<Self> {
        let seen = Arc::<Mutex<Vec<SeenRequest>>>::default();
        let writing = Arc::clone(&seen);
        let server = Server::start(move |request| {
            lock(&writing).push(request);
            Response { status: 200, ..Response::default() }
        })?;
        Ok(Self { server, seen })
    }

    /// Returns its URL without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the requests since the last call, in order.
    pub fn take(&self) -> Vec<SeenRequest> {
        std::mem::take(&mut *lock(&self.seen))
    }
}

/// A request is pushed as a whole, so a panic elsewhere does not matter.
fn lock(seen: &Mutex<Vec<SeenRequest>>) -> MutexGuard<'_, Vec<SeenRequest>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
