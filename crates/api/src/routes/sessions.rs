//! The caller's own log-in sessions.

use actix_web::{HttpResponse, web};
use florin_app::sessions::Sessions;
use florin_domain::id::SessionId;
use florin_domain::session::LiveSession;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Client, SessionCaller};
use crate::openapi::NotFound;
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::{Id, NoQuery, Query, Untagged};

/// A device that is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionBody {
    #[schema(minimum = 1)]
    id: i64,
    /// When it logged in.
    #[schema(format = "date-time")]
    created_at: String,
    /// When its tokens were last refreshed; when it logged in, if they never were.
    #[schema(format = "date-time")]
    last_used_at: String,
    /// The address that it logged in from.
    #[schema(example = "203.0.113.9")]
    ip: String,
    /// What it said it was; may be empty.
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionBody {
    fn new(session: LiveSession, current: SessionId) -> Self {
        Self {
            id: session.id.0,
            created_at: session.created_at.to_rfc3339(),
            last_used_at: session.last_used_at.to_rfc3339(),
            ip: session.device.ip,
            user_agent: session.device.user_agent,
            current: session.id == current,
        }
    }
}

/// My sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    data: Vec<SessionBody>,
}

/// The sessions of mine that go on, the last used first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "Accounts", operation_id = "listSessions", security(("bearer" = [])),
    responses((status = 200, description = "At most 200 of them", body = SessionList)),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    _: Query<NoQuery>,
    sessions: web::Data<Sessions>,
) -> problem::Result<HttpResponse> {
    let sessions = sessions.list(caller.account()).await?;
    let data = sessions.into_iter().map(|session| SessionBody::new(session, caller.session)).collect();
    Ok(reply::ok(&SessionList { data }))
}

/// Ends a session of mine, from the next request on; it may be the present one.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "Accounts", operation_id = "endSession",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The session", minimum = 1, maximum = 9007199254740991_i64)),
    responses((status = 204, description = "Ended"), NotFound),
)]
pub(crate) async fn end(
    caller: SessionCaller,
    Client(device): Client,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    retry: Retry,
    sessions: web::Data<Sessions>,
) -> problem::Result<HttpResponse> {
    let sessions = sessions.into_inner();
    let work = |keep| async move { sessions.end(caller.account(), SessionId(id), &device, &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}
