//! A client that sends exactly what it is told to.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::message::{Response, read_response};
use crate::scenario::Call;

/// A product that does not answer for this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a call on a connection of its own, byte for byte, and reads the answer.
///
/// Only what a message cannot do without is added: the length of a body, unless the call frames it
/// itself, and `Connection: close`, unless the call has a `Connection` of its own. An `:authority`
/// is what HTTP/1.1 has for it: a target in absolute form (RFC 9112, section 3.2.2).
pub fn exchange(address: SocketAddr, call: &Call) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&request(call))?;
    read_response(&mut BufReader::new(stream), &call.method)
}

fn request(call: &Call) -> Vec<u8> {
    let has = |wanted: &str| call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let mut message = Vec::new();
    message.extend(format!("{} ", call.method).bytes());
    if let Some(authority) = &call.authority {
        message.extend(format!("http://{authority}").bytes());
    }
    message.extend(&call.target);
    message.extend(format!(" HTTP/1.1\r\nHost: {}\r\n", call.host).bytes());
    for (name, value) in &call.headers {
        message.extend(format!("{name}: ").bytes());
        message.extend(value);
        message.extend(b"\r\n");
    }
    let expects_body = matches!(call.method.as_str(), "POST" | "PUT" | "PATCH");
    if (expects_body || !call.body.is_empty())
        && !has("content-length")
        && !has("transfer-encoding")
    {
        message.extend(format!("Content-Length: {}\r\n", call.body.len()).bytes());
    }
    if !has("connection") {
        message.extend(b"Connection: close\r\n");
    }
    message.extend(b"\r\n");
    message.extend(&call.body);
    message
}
