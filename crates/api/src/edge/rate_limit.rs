//! How many requests a minute one person, or one client that nobody is signed in at, may make.
//!
//! What passes [`crate::auth::authenticate`] is counted there, once, when it is known who asks: by the user, whatever the
//! token, or by the client's network when nobody is signed in. The quota is used up in a burst or evenly, and given back
//! evenly (GCRA). Counts are kept in memory: they protect this server. What protects accounts is counted in the database.
//!
//! A token has to be looked up before it is known whose it is, so a flood of bad ones would cost a read each. Bad tokens
//! are therefore counted by network once more, apart from other requests: a network that has used its quota up with them
//! is refused before any more is looked up. A person who is signed in is thus never refused for what others at the same
//! address do signed out, but for a flood of bad tokens.
//!
//! Every counted request's answer tells how things stand, whatever its status: `RateLimit-Policy` and `RateLimit` as in
//! draft-ietf-httpapi-ratelimit-headers-11.

mod store;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use florin_domain::id::UserId;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};

use super::client::network;
use crate::problem::{self, Problem};
use store::{Ask, Key, Store};

/// The most counts that are kept; about 5 MB. Those of clients that come later are one.
const MOST_KEYS: usize = 100_000;
/// After how many questions the counts that stand at nothing are dropped.
const SWEEP_EVERY: u32 = 8192;
/// The name of the one policy.
const POLICY: &str = "\"default\"";
/// The time that the quota is for, in seconds.
const WINDOW: u32 = 60;

/// The limit of requests a minute, shared by all workers.
#[derive(Debug, Clone)]
pub struct RateLimit(Option<Arc<Limiter<MonotonicClock>>>);

impl RateLimit {
    /// At most `per_minute` requests a minute of one user or client; 0 for any number.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let limiter = |quota| Arc::new(Limiter::new(quota, MOST_KEYS, MonotonicClock));
        Self(NonZeroU32::new(per_minute).map(limiter))
    }

    /// What counts a request of that client. `None` when nothing is counted.
    pub(super) fn tally(&self, client: Option<IpAddr>) -> Option<Tally> {
        let limiter = Arc::clone(self.0.as_ref()?);
        Some(Tally(Arc::new(Parts { limiter, client: client.map(network), standing: OnceLock::new() })))
    }
}

/// Who sent a request, as far as its count is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A person whose token is in force.
    User(UserId),
    /// Nobody who is known: there is no token, or it cannot be looked up.
    Unknown,
    /// A client with a token that is not in force.
    BadToken,
}

/// The count of one request, which goes along with it.
#[derive(Debug, Clone)]
pub(super) struct Tally(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    limiter: Arc<Limiter<MonotonicClock>>,
    client: Option<IpAddr>,
    /// What came of it.
    standing: OnceLock<Standing>,
}

impl Tally {
    /// Counts the request.
    ///
    /// # Errors
    /// 429 when there were too many.
    pub(super) fn count(&self, sender: Sender) -> problem::Result<()> {
        let Parts { limiter, client, .. } = &*self.0;
        let key = match (sender, client) {
            (Sender::User(user), _) => Key::User(user),
            (_, Some(network)) => Key::Network(*network),
            (_, None) => Key::Others,
        };
        if let (Sender::BadToken, Some(network)) = (sender, client) {
            // Whatever comes of it: it is the count of the network that answers.
            limiter.count(Key::BadTokens(*network));
        }
        self.note(limiter.count(key))
    }

    /// Whether a token may be looked up for this client.
    ///
    /// # Errors
    /// 429 when there were too many bad ones.
    fn admit_token(&self) -> problem::Result<()> {
        let Some(network) = self.0.client else { return Ok(()) };
        let standing = self.0.limiter.look(Key::BadTokens(network));
        if standing.admitted { Ok(()) } else { self.note(standing) }
    }

    fn note(&self, standing: Standing) -> problem::Result<()> {
        let standing = self.0.standing.get_or_init(|| standing);
        if standing.admitted {
            return Ok(());
        }
        let detail = "too many requests a minute; wait for as long as Retry-After says";
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).retry_after(standing.seconds))
    }

    /// Tells the client how things stand, if the request was counted.
    pub(super) fn add_headers(&self, response: &mut HttpResponse) {
        let Some(standing) = self.0.standing.get() else { return };
        for (name, value) in [("ratelimit-policy", standing.policy()), ("ratelimit", standing.limit())] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn tally_of(req: &ServiceRequest) -> Option<Tally> {
    req.extensions().get::<Tally>().cloned()
}

/// Asked before a request's token is looked up.
///
/// # Errors
/// 429 when its client has sent too many bad ones.
pub(crate) fn admit_token(req: &ServiceRequest) -> problem::Result<()> {
    tally_of(req).map_or(Ok(()), |tally| tally.admit_token())
}

/// Counts a request as `sender`'s and lets it go on, or answers 429.
///
/// # Errors
/// Those of what comes next.
pub(crate) async fn limit<B: MessageBody + 'static>(
    req: ServiceRequest,
    sender: Sender,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = tally_of(&req).map_or(Ok(()), |tally| tally.count(sender)) {
        return Ok(req.into_response(problem.to_response(None)));
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}

/// How things stand after a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// Whether the request may go on.
    admitted: bool,
    /// Requests a minute.
    quota: u32,
    /// How many more there may be at once.
    left: u32,
    /// For how many seconds there may be no more than these, rounded up.
    seconds: u32,
}

impl Standing {
    /// `RateLimit-Policy`: what is allowed.
    fn policy(&self) -> String {
        format!("{POLICY};q={};w={WINDOW}", self.quota)
    }

    /// `RateLimit`: what is left.
    fn limit(&self) -> String {
        format!("{POLICY};r={};t={}", self.left, self.seconds)
    }
}

#[derive(Debug)]
struct Limiter<C: Clock> {
    quota: Quota,
    limiter: RateLimiter<Ask, Store, C, StateInformationMiddleware>,
    asked: AtomicU32,
}

impl<C: Clock> Limiter<C> {
    fn new(per_minute: NonZeroU32, most_keys: usize, clock: C) -> Self {
        let quota = Quota::per_minute(per_minute);
        let limiter = RateLimiter::new(quota, Store::new(most_keys), clock);
        Self { quota, limiter, asked: AtomicU32::new(0) }
    }

    /// Counts a request, unless there were too many.
    fn count(&self, key: Key) -> Standing {
        self.ask(&Ask { key, only_look: false })
    }

    /// How a request would fare.
    fn look(&self, key: Key) -> Standing {
        self.ask(&Ask { key, only_look: true })
    }

    fn ask(&self, ask: &Ask) -> Standing {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let quota = self.quota.burst_size().get();
        match self.limiter.check_key(ask) {
            Ok(state) => Standing {
                admitted: true,
                quota,
                left: state.remaining_burst_capacity(),
                seconds: whole_seconds(self.quota.replenish_interval()),
            },
            Err(refusal) => {
                let seconds = whole_seconds(refusal.wait_time_from(self.limiter.clock().now()));
                Standing { admitted: false, quota, left: 0, seconds }
            }
        }
    }
}

/// Rounded up, and at least one: a client that waits as long is not too early.
fn whole_seconds(time: Duration) -> u32 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
