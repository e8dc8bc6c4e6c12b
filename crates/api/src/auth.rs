//! Who sent a request.
//!
//! The token is looked up once, by [`authenticate`], before a handler's arguments are read. [`Caller`], [`SessionCaller`] and
//! [`Admin`] only hand out the result, at once: as the first argument of a handler they refuse before any body is read, what
//! a personal access token does not grant included.

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use florin_app::access;
use florin_app::auth::Auth;
use florin_app::error::AppError;
use florin_domain::account::{Account, Role};
use florin_domain::id::SessionId;
use florin_domain::session::{Device, Principal};
use serde::{Deserialize, Serialize};

use crate::edge::client::{TrustedProxies, client_address};
use crate::edge::rate_limit::{self, Sender};
use crate::problem::{self, Problem};

/// The signed-in person. The first argument of every handler that needs one.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl Caller {
    /// The person's account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.0.account
    }
}

/// The signed-in person, with an access token of a log-in; 403 `session_required` for personal access tokens. The first
/// argument of every handler that concerns the account itself.
#[derive(Debug, Clone)]
pub struct SessionCaller {
    /// The holder of the token.
    pub principal: Principal,
    /// The session that the token belongs to.
    pub session: SessionId,
}

impl SessionCaller {
    /// The person's account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.principal.account
    }
}

/// The signed-in person, who is an admin with an access token of a log-in; 403 for others.
#[derive(Debug, Clone)]
pub struct Admin(pub Principal);

#[derive(Clone)]
struct Authenticated(problem::Result<Principal>);

/// Looks a bearer token up and notes the outcome for [`Caller`]. A request without one goes on: whether it needs one is
/// for its handler to say. What goes on is counted as its sender's ([`rate_limit`]).
///
/// # Errors
/// None of its own.
pub async fn authenticate<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if req.headers().contains_key(header::AUTHORIZATION) {
        if let Err(problem) = rate_limit::admit_token(&req) {
            return Ok(req.into_response(problem.to_response(None)));
        }
        let auth = req.app_data::<web::Data<Auth>>();
        let outcome = match (bearer(&req), auth) {
            (Some(token), Some(auth)) => auth.authenticate(token).await.map_err(Problem::from),
            (Some(_), None) => Err(Problem::internal().caused_by("the app has no Auth")),
            (None, _) => Err(unauthenticated()),
        };
        if let Ok(principal) = &outcome {
            // In the span of the request, so that each of its log lines says whose it is.
            tracing::Span::current().record("user", principal.account.id.0);
        }
        req.extensions_mut().insert(Authenticated(outcome));
    }
    let sender = sender(&req);
    rate_limit::limit(req, sender, next).await
}

/// Whose request it is by its token.
fn sender(req: &ServiceRequest) -> Sender {
    match req.extensions().get::<Authenticated>() {
        Some(Authenticated(Ok(principal))) => Sender::User(principal.account.id),
        Some(Authenticated(Err(problem))) if problem.status() == StatusCode::UNAUTHORIZED => Sender::BadToken,
        _ => Sender::Unknown,
    }
}

/// The token of the one `Authorization: Bearer` header.
fn bearer(req: &ServiceRequest) -> Option<&str> {
    let mut values = req.headers().get_all(header::AUTHORIZATION);
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let well_formed = values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    Some(token).filter(|_| well_formed)
}

/// The same answer for a missing, malformed, forged or ended token.
fn unauthenticated() -> Problem {
    AppError::invalid_token().into()
}

/// What has to be shown for an answer, as the extractors of its handler found out. In the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Needs {
    /// Any token of the person's, whose scope goes with the method.
    Token,
    /// A log-in of theirs.
    Session,
    /// A log-in of theirs, as an admin.
    Admin,
}

impl Needs {
    /// What an answer needs that `principal` got, by what the extractors noted. Where they noted nothing, as much as was shown.
    pub(crate) fn of(req: &HttpRequest, principal: &Principal) -> Self {
        let shown = if principal.session().is_some() { Self::Session } else { Self::Token };
        req.extensions().get::<Self>().copied().unwrap_or(shown)
    }

    /// Refuses who does not have it, or does not have it any more, as the handler would.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check(self, principal: &Principal) -> problem::Result<()> {
        match self {
            Self::Token => Ok(()),
            Self::Session => Ok(access::require_session(principal).map(drop)?),
            Self::Admin => {
                access::require_session(principal)?;
                require_admin(principal)
            }
        }
    }

    fn note(self, req: &HttpRequest) {
        req.extensions_mut().insert(self);
    }
}

fn require_admin(principal: &Principal) -> problem::Result<()> {
    match principal.account.role {
        Role::Admin => Ok(()),
        Role::User => {
            let detail = "this is for admins".to_owned();
            Err(AppError::Forbidden { code: "forbidden", detail }.into())
        }
    }
}

/// Who may do what this request asks for, if anybody is signed in.
pub(crate) fn principal_of(req: &HttpRequest) -> Option<Principal> {
    principal(req).ok()
}

/// The holder of the token, whatever it grants.
fn holder(req: &HttpRequest) -> problem::Result<Principal> {
    req.extensions().get::<Authenticated>().cloned().map_or_else(|| Err(unauthenticated()), |outcome| outcome.0)
}

/// Who may do what this request's method says.
fn principal(req: &HttpRequest) -> problem::Result<Principal> {
    let holder = holder(req)?;
    access::check_scope(&holder, !req.method().is_safe())?;
    Ok(holder)
}

fn session_caller(req: &HttpRequest) -> problem::Result<SessionCaller> {
    let principal = holder(req)?;
    let session = access::require_session(&principal)?;
    Ok(SessionCaller { principal, session })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(principal(req).map(|principal| {
            Needs::Token.note(req);
            Self(principal)
        }))
    }
}

impl FromRequest for SessionCaller {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(session_caller(req).inspect(|_| Needs::Session.note(req)))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(session_caller(req).and_then(|SessionCaller { principal, .. }| {
            require_admin(&principal)?;
            Needs::Admin.note(req);
            Ok(Self(principal))
        }))
    }
}

/// The most characters of a `User-Agent` that are kept.
const MAX_USER_AGENT: usize = 200;

/// Where a request comes from, as it is noted with a session.
#[derive(Debug, Clone)]
pub struct Client(pub Device);

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let none = TrustedProxies::default();
        let proxies = req.app_data::<web::Data<TrustedProxies>>().map_or(&none, |proxies| proxies.get_ref());
        let ip = client_address(req, proxies).map(|ip| ip.to_string()).unwrap_or_default();
        let user_agent =
            req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let user_agent = user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect();
        ready(Ok(Self(Device { ip, user_agent })))
    }
}
