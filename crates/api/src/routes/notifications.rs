//! What I was told, and what I want to hear.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use florin_app::inbox::Inbox;
use florin_app::preferences::NotificationPreferences;
use florin_domain::id::NotificationId;
use florin_domain::repository::StoredPreferences;

use crate::auth::Caller;
use crate::openapi::{IfMatchHeader, IfNoneMatchHeader, NotFound, Precondition};
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::notification::{NotificationBody, NotificationPage, NotificationsQuery, ReadAllBody};
use crate::wire::preferences::{PreferencesBody, PreferencesInput, tag_of};
use crate::wire::{Id, IfMatch, IfNoneMatch, Json, NoQuery, Query, Untagged};

/// My notifications, newest first. One that was taken back before it was delivered is not there.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "Notifications", operation_id = "listNotifications",
    security(("bearer" = [])),
    params(NotificationsQuery),
    responses((status = 200, description = "A page of notifications", body = NotificationPage)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<NotificationsQuery>,
    inbox: web::Data<Inbox>,
) -> problem::Result<HttpResponse> {
    let page = inbox.list(caller.account(), query.unread, query.after()?, query.limit).await?;
    Ok(reply::ok(&NotificationPage::new(page, &query)))
}

/// Marks a notification as read. One that was read before stays as it is.
#[utoipa::path(
    post, path = "/api/v1/notifications/{id}/read", tag = "Notifications", operation_id = "readNotification",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The notification", minimum = 1, maximum = 9007199254740991_i64)),
    responses((status = 200, description = "As it is now", body = NotificationBody), NotFound),
)]
pub(crate) async fn read(
    caller: Caller,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    inbox: web::Data<Inbox>,
) -> problem::Result<HttpResponse> {
    let inbox = inbox.into_inner();
    let read = mutate(async move { inbox.read(caller.account(), NotificationId(id)).await }).await?;
    Ok(reply::ok(&NotificationBody::from(read)))
}

/// Marks all my notifications as read.
#[utoipa::path(
    post, path = "/api/v1/notifications/read-all", tag = "Notifications", operation_id = "readAllNotifications",
    security(("bearer" = [])),
    responses((status = 200, description = "How many were unread before", body = ReadAllBody)),
)]
pub(crate) async fn read_all(
    caller: Caller,
    _: Untagged,
    _: Query<NoQuery>,
    inbox: web::Data<Inbox>,
) -> problem::Result<HttpResponse> {
    let inbox = inbox.into_inner();
    let read = mutate(async move { inbox.read_all(caller.account()).await }).await?;
    Ok(reply::ok(&ReadAllBody { read }))
}

/// What I want to hear, when, and over what.
#[utoipa::path(
    get, path = "/api/v1/notification-preferences", tag = "Notifications", operation_id = "getNotificationPreferences",
    security(("bearer" = [])),
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "My preferences; the defaults when I never chose any", body = PreferencesBody, headers(
            ("ETag" = String, description = "Their version"),
        )),
        (status = 304, description = "The client has them already"),
    ),
)]
pub(crate) async fn preferences(
    caller: Caller,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    preferences: web::Data<NotificationPreferences>,
) -> problem::Result<HttpResponse> {
    let stored = preferences.get(caller.account()).await?;
    let channels = preferences.channels(&stored.preferences);
    let body = PreferencesBody::new(&stored.preferences, channels);
    Ok(reply::unless_known(tag_of(&stored, channels), &known, &body))
}

/// Replaces what I want to hear, when, and over what. What is left out goes back to its default.
#[utoipa::path(
    put, path = "/api/v1/notification-preferences", tag = "Notifications", operation_id = "putNotificationPreferences",
    security(("bearer" = [])),
    params(IfMatchHeader),
    request_body = PreferencesInput,
    responses(
        (status = 200, description = "As they are now", body = PreferencesBody, headers(
            ("ETag" = String, description = "Their version"),
        )),
        Precondition,
    ),
)]
pub(crate) async fn put_preferences(
    caller: Caller,
    _: Query<NoQuery>,
    if_match: IfMatch,
    preferences: web::Data<NotificationPreferences>,
    Json(body): Json<PreferencesInput>,
) -> problem::Result<HttpResponse> {
    let preferences = preferences.into_inner();
    let service = Arc::clone(&preferences);
    let put = mutate(async move {
        let accept =
            |stored: &StoredPreferences| if_match.allows(tag_of(stored, service.channels(&stored.preferences)));
        service.put(caller.account(), body.into(), accept).await
    });
    let stored = put.await?;
    let channels = preferences.channels(&stored.preferences);
    Ok(reply::versioned(tag_of(&stored, channels), &PreferencesBody::new(&stored.preferences, channels)))
}
