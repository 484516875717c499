//! The drills, and the bytes that their clients send.

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS with windows of nothing, and with the usual ones.
const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// How many requests a connection has under way.
const STREAMS: u32 = 125;

/// What hostile clients do with a connection.
pub(crate) struct Drill {
    pub(crate) name: &'static str,
    /// How many connections are kept open; one that the server closes is replaced.
    pub(crate) connections: usize,
    /// What each sends when it is new, by its number.
    pub(crate) begins: fn(usize) -> Vec<u8>,
    /// What each sends again and again.
    pub(crate) goes_on: fn(u32) -> Vec<u8>,
    pub(crate) reads: bool,
    /// Whether each ends its side once it has an answer.
    pub(crate) half_closes: bool,
}

const USUAL: Drill = Drill {
    name: "nobody",
    connections: 0,
    begins: |_| Vec::new(),
    goes_on: |_| Vec::new(),
    reads: true,
    half_closes: false,
};

pub(crate) const DRILLS: &[Drill] = &[
    USUAL,
    Drill { name: "500 idle connections", connections: 500, begins: idle, ..USUAL },
    Drill { name: "2000 idle connections", connections: 2000, begins: idle, ..USUAL },
    Drill {
        name: "600 idle connections after an answer",
        connections: 600,
        begins: |_| http_1("GET /public/x", "").repeat(2),
        ..USUAL
    },
    Drill {
        name: "500 connections that PING",
        connections: 500,
        begins: |_| opened(SETTINGS),
        goes_on: |_| frame(6, 0, 0, &[0; 8]),
        ..USUAL
    },
    Drill {
        name: "6250 refused streams without a window",
        connections: 50,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "60000 refused streams without a window",
        connections: 480,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "125000 refused streams without a window",
        connections: 1000,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "6250 windows that open byte by byte",
        connections: 50,
        begins: |_| streams(NO_WINDOW, "/secret"),
        goes_on: |_| {
            (0..STREAMS).flat_map(|number| frame(8, 0, 2 * number + 1, &[0, 0, 0, 1])).collect()
        },
        ..USUAL
    },
    Drill {
        name: "rapid resets",
        connections: 50,
        begins: |_| opened(SETTINGS),
        goes_on: rapid_resets,
        ..USUAL
    },
    Drill { name: "480 HPACK bombs", connections: 480, begins: |_| hpack_bombs(), ..USUAL },
    Drill {
        name: "600 waits for a slow upstream",
        connections: 600,
        begins: |_| http_1("GET /public/never", ""),
        ..USUAL
    },
    Drill {
        name: "12500 streams wait for a slow upstream",
        connections: 100,
        begins: |_| streams(SETTINGS, "/public/never"),
        ..USUAL
    },
    Drill {
        name: "600 bodies that do not come",
        connections: 600,
        begins: |_| http_1("POST /public/x", "content-length: 9\r\n"),
        ..USUAL
    },
    Drill {
        name: "600 bodies that come byte by byte",
        connections: 600,
        begins: |_| http_1("POST /public/never", "content-length: 999999\r\n"),
        goes_on: |_| b"x".to_vec(),
        ..USUAL
    },
    Drill {
        name: "600 heads that come byte by byte",
        connections: 600,
        begins: |_| b"GET / HTTP/1.1\r\nhost: a\r\nx: ".to_vec(),
        goes_on: |_| b"x".to_vec(),
        ..USUAL
    },
    Drill {
        name: "600 that pipeline and do not read",
        connections: 600,
        begins: |_| Vec::new(),
        goes_on: |_| http_1("GET /public/large", "").repeat(64),
        reads: false,
        ..USUAL
    },
    Drill {
        name: "600 quiet WebSockets",
        connections: 600,
        begins: |_| http_1("GET /public/socket", WEBSOCKET),
        ..USUAL
    },
    Drill {
        name: "600 half-closed WebSockets",
        connections: 600,
        begins: |_| http_1("GET /public/socket", WEBSOCKET),
        half_closes: true,
        ..USUAL
    },
];

const WEBSOCKET: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn http_1(line: &str, fields: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nhost: a\r\n{fields}\r\n").into_bytes()
}

fn opened(settings: &[u8]) -> Vec<u8> {
    [PREFACE, settings].concat()
}

/// Nothing, a part of the preface, all of it, or a part of a head.
fn idle(number: usize) -> Vec<u8> {
    match number % 4 {
        0 => Vec::new(),
        1 => PREFACE[..12].to_vec(),
        2 => opened(SETTINGS),
        _ => b"GET / HTTP/1.1\r\nhost:".to_vec(),
    }
}

/// As many requests as a connection may have under way.
fn streams(settings: &[u8], path: &str) -> Vec<u8> {
    let mut bytes = opened(settings);
    for number in 0..STREAMS {
        bytes.extend(get(2 * number + 1, path));
    }
    bytes
}

/// Requests of which each byte stands for a field (RFC 7541, section 6.1).
fn hpack_bombs() -> Vec<u8> {
    let mut bytes = opened(NO_WINDOW);
    for number in 0..STREAMS {
        let begin: &[u8] = match number {
            // The first puts `x` into the table, where the others find it.
            0 => &[0x82, 0x86, 0x84, 0x40, 1, b'x', 0],
            _ => &[0x82, 0x86, 0x84],
        };
        bytes.extend(frame(1, 5, 2 * number + 1, &[begin, &[0xbe; 1900]].concat()));
    }
    bytes
}

fn rapid_resets(round: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..STREAMS {
        let stream = 2 * (round * STREAMS + number) + 1;
        bytes.extend(get(stream, "/public/x"));
        bytes.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
    }
    bytes
}

/// HEADERS that end the stream (RFC 9113, section 6.2; RFC 7541, appendix A).
fn get(stream: u32, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let block = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat();
    frame(1, 5, stream, &block)
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
