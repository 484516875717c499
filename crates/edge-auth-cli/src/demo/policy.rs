//! The policy of the demonstration.

use std::net::SocketAddr;

/// The name of its pepper.
pub(super) const PEPPER: &str = "DEMO_PEPPER";
/// The audience of its tokens.
pub(super) const AUDIENCE: &str = "https://api.demo.example";

/// Returns the policy for an issuer at this address.
pub(super) fn text(issuer: SocketAddr) -> String {
    format!(
        r#"# Default deny: what no rule allows is refused. Rules are tried from top to bottom.

[[issuer]]
name = "demo"
issuer = "http://{issuer}"
audience = "{AUDIENCE}"
keys = {{ jwks_url = "http://{issuer}/jwks.json" }}   # or {{ discover = true }}
max_lifetime = "24h"

[[api_key]]
name = "partners"
prefix = "demo"
environment = "test"
pepper = "{PEPPER}"

[[rule]]
name = "welcome"
path = "/"
methods = ["GET"]
public = true

[[rule]]
name = "read-orders"
path = "/orders/{{id}}"
methods = ["GET"]
require = {{ any = ["jwt:demo", "key:partners"] }}
scopes = ["orders:read"]

[[rule]]
name = "write-orders"
path = "/orders"
methods = ["POST"]
require = "jwt:demo"
scopes = ["orders:write"]
"#
    )
}
