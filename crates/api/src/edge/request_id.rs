//! `X-Request-Id`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header::HeaderMap;

/// The longest id that is taken over.
const MAX_LENGTH: usize = 64;

/// The id of a request, in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// The client's id when it is one of 1 to 64 safe characters, else a new one.
pub(super) fn of(headers: &HeaderMap) -> String {
    let sent = headers.get("x-request-id").and_then(|id| id.to_str().ok());
    let safe = |id: &&str| {
        (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    sent.filter(safe).map_or_else(new, str::to_owned)
}

/// Unique, not secret: when and where this process started, and a count.
pub(super) fn new() -> String {
    static START: OnceLock<String> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{:x}{:x}", started.as_micros(), std::process::id())
    });
    format!("{start}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
}
