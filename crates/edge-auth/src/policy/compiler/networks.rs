//! Networks as a policy writes them.

use ipnet::{IpNet, Ipv4Net};

/// Refuses a network that has bits behind its prefix, such as `10.0.0.1/8`: it may be a mistyped
/// prefix.
pub(super) fn check(network: IpNet) -> Result<(), String> {
    if network == network.trunc() {
        return Ok(());
    }
    Err(format!("`{network}` has bits behind its prefix: write `{}`", network.trunc()))
}

/// Returns IPv4 networks that are written in IPv6 (RFC 4291, section 2.5.5.2) as IPv4, as the
/// addresses are that they are compared with.
pub(super) fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let Some(address) = mapped.addr().to_ipv4_mapped() else { return network };
    // A network that is shorter than the mapping has all of IPv4, and more.
    let prefix = mapped.prefix_len().saturating_sub(96);
    Ipv4Net::new(address, prefix).map_or(network, IpNet::V4)
}
