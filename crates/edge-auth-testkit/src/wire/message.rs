//! Reads and writes HTTP/1.1 messages (RFC 9112) without repairing them.

use std::io::{self, BufRead, Error, ErrorKind, Read, Write};

use crate::scenario::SeenRequest;

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The fields, in order. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads one request with its trailers among its fields, or `None` if the connection ends before
/// it.
pub(super) fn read_request(from: &mut impl BufRead) -> io::Result<Option<SeenRequest>> {
    let Some(line) = read_line(from)? else { return Ok(None) };
    let mut parts = line.splitn(3, ' ').map(str::to_owned);
    let (method, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut headers = read_fields(from)?;
    let body = match framing(&headers)? {
        Framing::Chunked => read_chunks(from, &mut headers)?,
        Framing::Length(length) => read_exactly(from, length)?,
        Framing::Unsaid => Vec::new(),
    };
    Ok(Some(SeenRequest { method, target, headers, body }))
}

/// Reads the answer to a request with this method.
pub(super) fn read_response(from: &mut impl BufRead, method: &str) -> io::Result<Response> {
    let line = read_line(from)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| invalid(&format!("no status line: {line:?}")))?;
    let mut headers = read_fields(from)?;
    let body = match framing(&headers)? {
        // RFC 9112, section 6.3: these answers have no body, whatever their fields say.
        _ if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) => Vec::new(),
        Framing::Chunked => read_chunks(from, &mut headers)?,
        Framing::Length(length) => read_exactly(from, length)?,
        Framing::Unsaid => {
            let mut body = Vec::new();
            from.read_to_end(&mut body)?;
            body
        }
    };
    Ok(Response { status, headers, body })
}

/// Writes an answer. An answer to `HEAD` has the fields of the body without the body.
pub(super) fn write_response(
    to: &mut impl Write,
    response: &Response,
    method: &str,
) -> io::Result<()> {
    let mut message = format!("HTTP/1.1 {} -\r\n", response.status).into_bytes();
    for (name, value) in &response.headers {
        message.extend(format!("{name}: {value}\r\n").bytes());
    }
    message.extend(format!("Content-Length: {}\r\n\r\n", response.body.len()).bytes());
    if method != "HEAD" {
        message.extend(&response.body);
    }
    to.write_all(&message)?;
    to.flush()
}

enum Framing {
    Chunked,
    Length(usize),
    Unsaid,
}

fn framing(headers: &[(String, String)]) -> io::Result<Framing> {
    if field(headers, "transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    {
        return Ok(Framing::Chunked);
    }
    match field(headers, "content-length") {
        Some(length) => {
            length.parse().map(Framing::Length).map_err(|_| invalid("an unreadable Content-Length"))
        }
        None => Ok(Framing::Unsaid),
    }
}

fn field<'h>(headers: &'h [(String, String)], wanted: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(value)
}

fn read_chunks(
    from: &mut impl BufRead,
    headers: &mut Vec<(String, String)>,
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length =
            usize::from_str_radix(digits, 16).map_err(|_| invalid("an unreadable chunk"))?;
        if length == 0 {
            headers.extend(read_fields(from)?);
            return Ok(body);
        }
        body.extend(read_exactly(from, length)?);
        read_exactly(from, 2)?;
    }
}

fn read_fields(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = read_line(from)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        if line.is_empty() {
            return Ok(fields);
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| invalid("a field without a colon"))?;
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// Reads a line without its end, or `None` at the end of the connection.
fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

fn read_exactly(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_request_is_read_with_its_trailers() {
        let text = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\nGET";
        let seen = read_request(&mut text.as_bytes()).unwrap().unwrap();
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/x"));
        assert_eq!(seen.body, b"abcde");
        assert!(seen.headers.contains(&("T".to_owned(), "1".to_owned())));
    }

    #[test]
    fn a_response_ends_where_its_fields_or_its_connection_say() {
        fn read(text: &str, method: &str) -> Response {
            read_response(&mut text.as_bytes(), method).unwrap()
        }
        let sized = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA:  b \r\n\r\nxyz", "GET");
        assert_eq!((sized.status, sized.body.as_slice()), (200, &b"xy"[..]));
        assert!(sized.headers.contains(&("A".to_owned(), "b".to_owned())));
        assert_eq!(read("HTTP/1.1 403 No\r\n\r\nrest", "GET").body, b"rest");
        assert!(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD").body.is_empty());
        assert!(read("HTTP/1.1 204 -\r\n\r\n", "GET").body.is_empty());
    }

    #[test]
    fn a_message_cut_short_is_an_error_and_a_connection_without_one_is_not() {
        assert!(read_request(&mut &b""[..]).unwrap().is_none());
        assert!(read_request(&mut &b"GET / HTTP/1.1\r\nA: b\r\n"[..]).is_err());
        assert!(read_response(&mut &b""[..], "GET").is_err());
    }
}
