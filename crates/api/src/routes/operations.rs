//! Operations, outside `/api`: health, figures, the OpenAPI document and its page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi;
use crate::problem::{self, Problem};
use crate::reply;

/// Whether the server can do its work, as far as its surroundings decide that.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Looks anew.
    ///
    /// # Errors
    /// What is missing, for the operator; it must not hold secrets.
    async fn check(&self) -> Result<(), String>;
}

/// Set once the server is about to stop. Readiness fails from then on, while work in flight ends.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on no new work is wanted.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Health.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthBody {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: HealthBody = HealthBody { status: "ok" };

/// Whether the process lives. Looks at nothing else.
#[utoipa::path(
    get, path = "/livez", tag = "Operations", operation_id = "livez",
    responses((status = 200, description = "It lives", body = HealthBody)),
)]
pub(crate) async fn livez() -> HttpResponse {
    reply::ok(&OK)
}

/// Whether requests can be served: the database is reachable and migrated, and the server is not about to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "readyz",
    responses(
        (status = 200, description = "Ready", body = HealthBody),
        (status = 503, description = "`not_ready`; `detail` says what is missing"),
    ),
)]
pub(crate) async fn readyz(
    draining: web::Data<Draining>,
    readiness: web::Data<dyn Readiness>,
) -> problem::Result<HttpResponse> {
    let not_ready = |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail).retry_after(1);
    if draining.has_begun() {
        return Err(not_ready("the server is stopping".to_owned()));
    }
    readiness.check().await.map_err(not_ready)?;
    Ok(reply::ok(&OK))
}

/// Figures in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "Operations", operation_id = "metrics",
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain")),
)]
pub(crate) async fn metrics() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(florin_infra::telemetry::render_metrics())
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operations", operation_id = "openapi",
    responses((status = 200, description = "The OpenAPI document", body = Object)),
)]
pub(crate) async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(openapi::text())
}

/// Sends a browser to the page of the API.
pub(crate) async fn root() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The media type of a file of the page. Its texts are UTF-8.
fn with_charset(media_type: String) -> String {
    let is_text = media_type.starts_with("text/") || media_type.ends_with("javascript") || media_type.ends_with("xml");
    if is_text && !media_type.contains("charset") { format!("{media_type}; charset=utf-8") } else { media_type }
}

/// The page of the API, with every part of it served from here, so that it works offline.
pub(crate) async fn docs(req: HttpRequest) -> problem::Result<HttpResponse> {
    let file = req.match_info().get("file").unwrap_or_default();
    let config = Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(file)) => Ok(HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, with_charset(file.content_type)))
            .body(file.bytes.into_owned())),
        Ok(None) => Err(Problem::not_found()),
        Err(error) => Err(Problem::internal().caused_by(error.to_string())),
    }
}
