//! Which address a request comes from.

use std::net::IpAddr;

use actix_web::HttpRequest;
use florin_infra::settings::Network;

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<Network>);

/// The client's address: the peer, or, when the peer is a trusted proxy, the last address in `X-Forwarded-For` that is
/// not one. What others write into the header is ignored.
#[must_use]
pub fn client_address(req: &HttpRequest, proxies: &TrustedProxies) -> Option<IpAddr> {
    let trusted = |address: IpAddr| proxies.0.iter().any(|network| network.contains(address));
    let peer = req.peer_addr()?.ip().to_canonical();
    if !trusted(peer) {
        return Some(peer);
    }
    let headers: Vec<&str> = req.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let mut client = peer;
    for hop in headers.iter().rev().flat_map(|header| header.rsplit(',')) {
        // A hop that is no address ends what can be believed.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !trusted(client) {
            break;
        }
    }
    Some(client)
}

/// The client that is counted: an IPv4 address, or the /64 that one IPv6 customer has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap(), "fd00::1".parse().unwrap()]);
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        client_address(&request.to_http_request(), &proxies).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(address("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["6.6.6.6, nonsense"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("[::ffff:10.0.0.1]", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("[fd00::1]", &["2001:db8::7"]), "2001:db8::7");
    }
}
