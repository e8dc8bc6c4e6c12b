//! A connection on which the HTTP library's own refusals get a body.
//!
//! A request that is no HTTP, has too large a head, or does not come to an end never reaches the app: the library answers
//! it by itself, with an empty body. On its way out such an answer is replaced by the one form that all refusals have.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::edge;
use crate::problem::{PROBLEM_JSON, Problem};

/// No answer of the library's own is longer.
const LONGEST: usize = 256;

/// A TCP connection.
pub(super) struct Stream {
    inner: TcpStream,
    /// What replaces bytes that were taken over already, as far as it is not written yet.
    waiting: Vec<u8>,
}

impl Stream {
    pub(super) fn new(inner: TcpStream) -> Self {
        Self { inner, waiting: Vec::new() }
    }

    fn poll_write_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_waiting(context))?;
        let Some((before, status)) = split_bare_refusal(bytes) else {
            return Pin::new(&mut self.inner).poll_write(context, bytes);
        };
        self.waiting = [before, answer(status).as_bytes()].concat();
        // All of `bytes` is taken; what is left waiting goes out with the next write, flush or shutdown.
        match self.poll_write_waiting(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_waiting(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_waiting(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Finds a refusal of the library's own at the end of what is to be sent: an error status, no body, and no header but
/// those that the library writes. Answers of the app have many more.
fn split_bare_refusal(bytes: &[u8]) -> Option<(&[u8], StatusCode)> {
    const START: &[u8] = b"HTTP/1.";
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail_at = bytes.len().saturating_sub(LONGEST);
    let start = tail_at + bytes[tail_at..].windows(START.len()).rposition(|window| window == START)?;
    let (before, refusal) = bytes.split_at(start);
    let mut lines = std::str::from_utf8(refusal).ok()?.trim_end().split("\r\n");
    let status = StatusCode::from_bytes(lines.next()?.as_bytes().get(9..12)?).ok()?;
    let mut is_empty = false;
    for line in lines {
        match line.split_once(": ")? {
            ("content-length", length) => is_empty = length == "0",
            ("connection" | "date", _) => {}
            _ => return None,
        }
    }
    (is_empty && (status.is_client_error() || status.is_server_error())).then_some((before, status))
}

fn answer(status: StatusCode) -> String {
    let problem = match status {
        StatusCode::REQUEST_TIMEOUT => Problem::new(status, "head_timeout", "the request did not arrive in time"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Problem::new(status, "head_too_large", "the request line and headers are too large")
        }
        status if status.is_server_error() => Problem::internal(),
        status => Problem::new(status, "malformed_request", "this is not a request of HTTP/1.1"),
    };
    let id = edge::record_unread(status, Duration::ZERO);
    let body = problem.to_json(Some(&id)).to_string();
    let reason = status.canonical_reason().unwrap_or_default();
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\nconnection: close\r\ncontent-type: {PROBLEM_JSON}\r\n\
         x-request-id: {id}\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n\
         content-security-policy: frame-ancestors 'none'\r\ncache-control: no-store\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_librarys_own_refusals_are_replaced() {
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: today\r\n\r\n";
        assert_eq!(split_bare_refusal(bare.as_bytes()), Some((&b""[..], StatusCode::BAD_REQUEST)));
        let fine = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: a\r\n\r\nok";
        let both = format!("{fine}{bare}");
        assert_eq!(split_bare_refusal(both.as_bytes()), Some((fine.as_bytes(), StatusCode::BAD_REQUEST)));
        for other in [
            fine,
            "",
            "\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nx-request-id: a\r\ndate: today\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 164\r\ndate: today\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: a\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(split_bare_refusal(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn the_replacement_is_a_problem() {
        let answer = answer(StatusCode::REQUEST_TIMEOUT);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "head_timeout");
        assert!(head.contains(&format!("x-request-id: {}\r\n", body["request_id"].as_str().unwrap())));
    }
}
