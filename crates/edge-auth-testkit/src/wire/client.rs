//! A client that sends a call byte for byte.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::message::{Response, read_response};
use crate::scenario::Call;

/// The time after which a product that does not answer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a call on a new connection, byte for byte, and reads the answer.
///
/// Adds only necessary fields: the length of a body, unless the call frames it itself, and
/// `Connection: close`, unless the call has a `Connection`. HTTP/1.1 expresses an `:authority` as a
/// target in absolute form (RFC 9112, section 3.2.2).
pub fn exchange(address: SocketAddr, call: &Call) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&request(call))?;
    read_response(&mut BufReader::new(stream), &call.method)
}

fn request(call: &Call) -> Vec<u8> {
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
    let is_framed = has_field(call, "content-length") || has_field(call, "transfer-encoding");
    if (expects_body || !call.body.is_empty()) && !is_framed {
        message.extend(format!("Content-Length: {}\r\n", call.body.len()).bytes());
    }
    if !has_field(call, "connection") {
        message.extend(b"Connection: close\r\n");
    }
    message.extend(b"\r\n");
    message.extend(&call.body);
    message
}

fn has_field(call: &Call, wanted: &str) -> bool {
    call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}
