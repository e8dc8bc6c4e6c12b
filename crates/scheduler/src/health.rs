//! `/livez`, `/readyz` and `/metrics` on a port of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpResponse, HttpServer, web};
use florin_infra::db::{Database, SchemaState};
use florin_infra::telemetry;
use serde_json::json;
use tokio::task::JoinHandle;

/// What the answers depend on.
#[derive(Debug, Clone)]
pub struct Health {
    database: Database,
    stopping: Arc<AtomicBool>,
}

impl Health {
    /// Of a process on that database.
    #[must_use]
    pub fn of(database: Database) -> Self {
        Self { database, stopping: Arc::default() }
    }

    /// From now on the process is not ready any more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    async fn missing(&self) -> Option<String> {
        if self.stopping.load(Ordering::Acquire) {
            return Some("the process is about to stop".to_owned());
        }
        match self.database.schema_state().await {
            Ok(SchemaState::Current) => None,
            Ok(other) => Some(other.to_string()),
            Err(_) => Some("the database cannot be reached".to_owned()),
        }
    }
}

/// A port that answers.
#[derive(Debug)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Listening {
    /// Stops answering.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        let _ = self.serving.await;
    }
}

/// Answers on an address from now on.
///
/// # Errors
/// When the address cannot be listened on.
pub fn listen(bind: SocketAddr, health: Health) -> std::io::Result<Listening> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(health.clone()))
            .route("/livez", web::get().to(livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
            .default_service(web::to(nothing))
    });
    // Whoever asks is a monitor or two.
    let server = server.workers(1).max_connections(64).shutdown_timeout(1).disable_signals().bind(bind)?;
    let address = server.addrs().first().copied().unwrap_or(bind);
    let server = server.run();
    Ok(Listening { address, handle: server.handle(), serving: tokio::spawn(server) })
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

async fn readyz(health: web::Data<Health>) -> HttpResponse {
    match health.missing().await {
        None => HttpResponse::Ok().json(json!({"status": "ok"})),
        Some(detail) => problem(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &detail),
    }
}

async fn metrics() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(telemetry::render_metrics())
}

async fn nothing() -> HttpResponse {
    problem(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
}

fn problem(status: StatusCode, code: &str, detail: &str) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or_default();
    let body =
        json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "code": code});
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((header::RETRY_AFTER, "1"));
    }
    answer.content_type("application/problem+json").body(body.to_string())
}
