//! `--listen`: an IP address and a port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Parses the address to listen on. An error suggests both common addresses, with the given port if
/// there is one.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Err(format!("the port is missing: write {}", SocketAddr::new(ip, 8787)));
    }
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = bare.rsplit_once(':').unwrap_or(("", bare));
    let Ok(port) = port.parse::<u16>() else {
        return Err(
            "this is not an IP address and a port: write 127.0.0.1:8787 for this machine only, or \
                    0.0.0.0:8787 for all of its networks"
                .to_owned(),
        );
    };
    if let Ok(ip) = host.parse::<Ipv6Addr>() {
        return Err(format!("an IPv6 address needs brackets: write [{ip}]:{port}"));
    }
    let advice = format!(
        "127.0.0.1:{port} for this machine alone, or 0.0.0.0:{port} for all of its networks"
    );
    Err(format!("only an IP address may be before the port: write {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_port_are_where_to_listen() {
        for text in ["127.0.0.1:8787", "0.0.0.0:0", "[::1]:443"] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn another_form_is_refused_with_the_forms_that_are_meant() {
        for (text, write) in [
            (":8080", "127.0.0.1:8080"),
            (":8080", "0.0.0.0:8080"),
            ("8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("::1:8080", "port is missing"),
            ("127.0.0.1", "127.0.0.1:8787"),
            ("::", "[::]:8787"),
            ("[::1]", "[::1]:8787"),
            ("0.0.0.0:99999", "0.0.0.0:8787"),
            ("", "127.0.0.1:8787"),
        ] {
            let error = address(text).unwrap_err();
            assert!(error.contains(write), "{text}: {error}");
        }
    }
}
