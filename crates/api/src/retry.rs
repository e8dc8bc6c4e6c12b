//! Writes that a client gives a key, so that it can ask again without anything being done twice (`Idempotency-Key`).
//!
//! [`keep_answers`] stands between authentication and the handlers. It answers what was answered before, and keeps what
//! was not kept with its effect. A handler whose use case keeps the answer in the transaction of the effect takes a
//! [`Retry`] and answers through it; the others need not know of keys.

mod answer;

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use florin_app::error::AppError;
use florin_app::receipts::{Keep, Known, Receipts, RequestKey};
use florin_domain::id::UserId;
use florin_domain::session::Principal;
use florin_infra::crash::crash_point;
use sha2::{Digest, Sha256};

use crate::auth::{Needs, principal_of};
use crate::edge::Rendered;
use crate::edge::request_id::RequestId;
use crate::problem::{self, Problem};
use crate::task::mutate;
use crate::wire::body;

/// The request header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The answer's header when it was given before.
const REPLAYED: &str = "idempotency-replayed";
/// The most bytes of a key.
const MAX_KEY: usize = 255;

/// The keys that this process is working on. Those of other processes are decided by storage.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<HashSet<Key>>>);

/// A person and the hash of the key that they gave.
type Key = (UserId, [u8; 32]);

/// A key that is being worked on, until this is dropped.
struct Turn {
    running: Running,
    key: Key,
}

impl Running {
    fn begin(&self, request: &RequestKey) -> Option<Turn> {
        let key = (request.user, request.key);
        let is_first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        is_first.then(|| Turn { running: self.clone(), key })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// The name that the client gave a write, for handlers whose use case keeps the answer with the effect. An argument of the
/// handler after the one that says who calls, which decides to whom the answer may be given again.
pub struct Retry(Option<(Named, Needs)>);

#[derive(Clone)]
struct Named {
    receipts: Arc<Receipts>,
    request: RequestKey,
    kept: Arc<AtomicBool>,
    /// Who asks.
    principal: Principal,
}

impl Retry {
    /// Runs a mutation to its end and renders its outcome; the same rendering is kept with the effect when the client gave
    /// the write a key.
    ///
    /// # Errors
    /// What the work answers.
    pub async fn answer<T, Work>(
        self,
        render: impl Fn(&T) -> HttpResponse + Clone + Send + Sync + 'static,
        work: impl FnOnce(Keep<T>) -> Work,
    ) -> problem::Result<HttpResponse>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, AppError>> + Send + 'static,
    {
        let keep = match self.0 {
            None => Keep::nothing(),
            Some((Named { receipts, request, kept, .. }, needs)) => {
                let render = render.clone();
                Keep::answer(receipts, request, kept, move |outcome| answer::encode(render(outcome), needs).0)
            }
        };
        Ok(render(&mutate(work(keep)).await?))
    }
}

impl FromRequest for Retry {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = req.extensions().get::<Named>().cloned();
        ready(Ok(Self(named.map(|named| {
            let needs = Needs::of(req, &named.principal);
            (named, needs)
        }))))
    }
}

/// An answer that is not to be kept: it tells of the end of what keys belong to.
#[derive(Debug, Clone, Copy)]
pub struct NotKept;

/// Answers a signed-in write that names a key: by what was answered before, or by its handler, whose answer is kept.
///
/// # Errors
/// None of its own: what it refuses is an answer.
pub async fn keep_answers<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let named = match named(&mut req).await {
        Ok(Some(named)) => named,
        Ok(None) => return next.call(req).await.map(ServiceResponse::map_into_boxed_body),
        Err(problem) => return Ok(req.into_response(problem.to_response(None))),
    };
    let running = req.app_data::<web::Data<Running>>().map(|running| running.get_ref().clone()).unwrap_or_default();
    let Some(turn) = running.begin(&named.request) else {
        let detail = "a request with this Idempotency-Key is being worked on; ask again in a moment";
        let problem = Problem::new(StatusCode::CONFLICT, "idempotency_in_progress", detail).retry_after(1);
        return Ok(req.into_response(problem.to_response(None)));
    };
    match recall(&named).await {
        Ok(None) => {}
        Ok(Some(response)) => return Ok(req.into_response(response)),
        Err(problem) => return Ok(req.into_response(problem.to_response(None))),
    }
    req.extensions_mut().insert(named.clone());
    let response = next.call(req).await?;
    let kept = keep(&named, response.map_into_boxed_body()).await;
    drop(turn);
    Ok(kept)
}

/// The key of a signed-in write and what it asks for. The body is read for it and put back.
async fn named(req: &mut ServiceRequest) -> problem::Result<Option<Named>> {
    if !req.headers().contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    // Whoever is not signed in is refused by the handler, where it needs somebody who is.
    let Some(principal) = principal_of(req.request()) else { return Ok(None) };
    let key = key_of(req)?;
    let receipts = req.app_data::<web::Data<Receipts>>().map(|receipts| Arc::clone(receipts));
    let receipts = receipts.ok_or_else(|| Problem::internal().caused_by("the app has no Receipts"))?;
    let mut payload = req.take_payload();
    let body = body::bytes(req.request(), &mut payload).await?.freeze();
    let mut asked = Sha256::new();
    for part in [req.method().as_str().as_bytes(), req.uri().to_string().as_bytes(), &body] {
        asked.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        asked.update(part);
    }
    req.set_payload(Payload::from(body));
    let request = RequestKey { user: principal.account.id, key, fingerprint: asked.finalize().into() };
    Ok(Some(Named { receipts, request, kept: Arc::default(), principal }))
}

/// The hash of the one `Idempotency-Key`.
fn key_of(req: &ServiceRequest) -> problem::Result<[u8; 32]> {
    let mut values = req.headers().get_all(IDEMPOTENCY_KEY);
    match (values.next(), values.next()) {
        (Some(key), None) if (1..=MAX_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic) => {
            Ok(Sha256::digest(key.as_bytes()).into())
        }
        _ => {
            let detail = format!("Idempotency-Key must be given once, as 1 to {MAX_KEY} visible ASCII characters");
            Err(Problem::malformed("malformed_idempotency_key", detail))
        }
    }
}

/// What was answered before. Keys belong to a person and not to a token, but what takes a log-in, or an admin, is told again
/// only to one: who holds no more than a personal access token, or is no admin any more, is refused as by the handler.
async fn recall(named: &Named) -> problem::Result<Option<HttpResponse>> {
    match named.receipts.known(&named.request).await? {
        Known::New => Ok(None),
        Known::OtherRequest => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "this Idempotency-Key was used for another request; use a new one",
        )),
        Known::Unreadable => Err(unreadable()),
        Known::Answered(bytes) => {
            let (needs, mut response) = answer::decode(bytes).ok_or_else(unreadable)?;
            needs.check(&named.principal)?;
            response.headers_mut().insert(HeaderName::from_static(REPLAYED), HeaderValue::from_static("true"));
            response.extensions_mut().insert(Rendered);
            Ok(Some(response))
        }
    }
}

/// The request was answered, and nobody knows any more how. It must not be done again.
fn unreadable() -> Problem {
    let detail =
        "this was answered before, and the answer can no longer be read; look at what is there, and use a new key";
    Problem::new(StatusCode::CONFLICT, "idempotency_answer_lost", detail)
}

/// What is about who asked, or about this moment, and not about what is asked: it is not kept, for asking again may do it.
fn is_passing(response: &HttpResponse) -> bool {
    let status = response.status();
    let code = response.extensions().get::<Problem>().map_or("", Problem::code);
    status == StatusCode::UNAUTHORIZED
        || status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error()
        || code == "session_required"
        || response.headers().contains_key(RETRY_AFTER)
}

/// Keeps an answer that was not kept with its effect. When the key got another answer meanwhile, from another server,
/// that is the answer.
async fn keep(named: &Named, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_kept = named.kept.load(Ordering::Acquire) || response.response().extensions().get::<NotKept>().is_some();
    if is_kept {
        return response;
    }
    let (req, response) = response.into_parts();
    if is_passing(&response) {
        // Contention may have been with the same request at another server.
        let is_contended = response.extensions().get::<Problem>().is_some_and(|problem| problem.code() == "contended");
        let before = if is_contended { recall(named).await.ok().flatten() } else { None };
        return ServiceResponse::new(req, before.unwrap_or(response));
    }
    crash_point("answer.not_kept");
    let needs = Needs::of(&req, &named.principal);
    let (bytes, response) = answer::encode(with_id(&req, response), needs);
    let stored = {
        let named = named.clone();
        mutate(async move { named.receipts.keep(&named.request, &bytes).await }).await
    };
    let before = match stored {
        Ok(true) => {
            crash_point("answer.kept");
            Ok(None)
        }
        Ok(false) => recall(named).await,
        Err(problem) => Err(problem),
    };
    let response = match before {
        Ok(None) => response,
        Ok(Some(before)) => before,
        // What was done is done, and asking again does it no differently: its answer is worth more than an error.
        Err(problem) if status.is_success() => {
            tracing::warn!(%problem, cause = problem.cause_chain(), "an answer could not be kept");
            response
        }
        Err(problem) => problem.to_response(None),
    };
    ServiceResponse::new(req, response)
}

/// An error's body tells the id of its request: of the first one, also when the answer is given again.
fn with_id(req: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let id = req.extensions().get::<RequestId>().cloned();
    let problem = response.extensions().get::<Problem>().cloned();
    match problem {
        Some(problem) => {
            let mut rendered = problem.to_response(id.as_ref().map(|id| id.0.as_str()));
            rendered.extensions_mut().insert(Rendered);
            rendered
        }
        None => response,
    }
}
