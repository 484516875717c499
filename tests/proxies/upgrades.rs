//! Upgrades: the proxy forwards only those that a rule allows.

use crate::front::{Came, Front};

/// The fields of a handshake besides `Connection` and `Upgrade` (RFC 6455, section 4.1).
const HANDSHAKE: [(&str, &str); 2] =
    [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];

/// A handshake with a second `Upgrade` field.
const TWICE: [(&str, &str); 3] = [("Upgrade", "websocket"), HANDSHAKE[0], HANDSHAKE[1]];

/// Values of `Connection` that try to hide an upgrade from the gate.
const CONNECTIONS: [&str; 4] = [
    "Upgrade",
    "upgrade, close",
    "Upgrade, Sec-WebSocket-Key, Sec-WebSocket-Version",
    "Upgrade, X-Forwarded-Upgrade",
];

const PROTOCOLS: [&str; 8] = [
    "websocket",
    "WebSocket",
    "h2c",
    "websocket, h2c",
    "h2c, websocket",
    "SPDY/3.1",
    "TLS/1.2",
    "x",
];

pub(crate) fn are_the_rules(front: &Front) {
    let mut wrong = Vec::new();
    for target in ["/public/page", "/socket"] {
        for protocol in PROTOCOLS {
            for connection in CONNECTIONS {
                for more in [&HANDSHAKE[..], &[], &TWICE] {
                    let asked = [("Connection", connection), ("Upgrade", protocol)];
                    let fields: Vec<_> = asked.into_iter().chain(more.iter().copied()).collect();
                    let came = front.get(target, &fields);
                    let asked_for_websocket = protocol.eq_ignore_ascii_case("websocket");
                    let allowed = target == "/socket" && (asked_for_websocket || more == TWICE);
                    if upgrades(&came)
                        .any(|protocol| !allowed || !protocol.eq_ignore_ascii_case("websocket"))
                    {
                        wrong.push(format!("{target} {fields:?}: {} {:?}", came.status, came.code));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "passed on: {wrong:#?}");
    // A client whose handshake is refused gets the reason. An allowed handshake arrives if the
    // proxy forwards WebSockets.
    let handshake: Vec<_> = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
        .into_iter()
        .chain(HANDSHAKE)
        .collect();
    let refused = front.get("/public/page", &handshake);
    assert!(refused.arrived.is_empty(), "{refused:?}");
    if front.proxy.opens_websockets() {
        assert_eq!(refused.code.as_deref(), Some("upgrade_not_allowed"), "{refused:?}");
        let opened = front.get("/socket", &handshake);
        assert_eq!(upgrades(&opened).collect::<Vec<_>>(), ["websocket"], "{opened:?}");
    }
}

/// Returns the protocols to which the page could switch (RFC 9110, section 7.8).
fn upgrades(came: &Came) -> impl Iterator<Item = &str> {
    let fields = came.arrived.iter().flat_map(|request| &request.headers);
    let upgrades = fields.filter(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
    upgrades.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}
