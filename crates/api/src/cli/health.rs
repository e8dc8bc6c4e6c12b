//! `healthcheck`: one request to the server of the settings, without an HTTP client.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use florin_infra::settings::Settings;

use super::failure::Failure;

const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn check(settings: &Settings) -> Result<(), Failure> {
    let address = reachable(settings.server.bind);
    match status(address) {
        Ok(200) => Ok(()),
        Ok(status) => Err(Failure::refused(format!("{address} is not ready: /readyz answers {status}"))),
        Err(error) => Err(Failure::refused(format!("{address} does not answer: {error}"))),
    }
}

/// A server that listens on every address is asked on the loopback one.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, bind.port())
}

fn status(address: SocketAddr) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other("this is no HTTP server"))
}
