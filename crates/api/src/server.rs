//! The server: from services and settings to a bound port, and from there to a clean end.

mod http;
mod stream;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_server::Server;
use actix_web::App;
use actix_web::body::BoxBody;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use florin_app::admin::Admin;
use florin_app::auth::Auth;
use florin_app::budgets::Budgets;
use florin_app::categories::Categories;
use florin_app::devices::Devices;
use florin_app::erasure::Erasure;
use florin_app::expenses::Expenses;
use florin_app::export::Export;
use florin_app::inbox::Inbox;
use florin_app::insights::Insights;
use florin_app::operator::Operator;
use florin_app::oversight::Oversight;
use florin_app::preferences::NotificationPreferences;
use florin_app::receipts::Receipts;
use florin_app::sessions::Sessions;
use florin_app::tokens::PersonalTokens;
use florin_app::trail::Trail;
use florin_app::undo::Undo;
use florin_infra::settings::Settings;
use socket2::{Domain, Protocol, Socket, Type};

use crate::edge::client::TrustedProxies;
use crate::edge::cors::Cors;
use crate::edge::in_flight::InFlight;
use crate::edge::rate_limit::RateLimit;
use crate::edge::{Edge, edge};
use crate::retry::Running;
use crate::routes;
use crate::routes::operations::{Draining, Readiness};
use crate::wire::body::BodyLimits;

/// How long readiness fails before connections are refused, for load balancers to notice.
const NOTICE: Duration = Duration::from_millis(500);
/// What is kept of the time to stop, for sending codes that still wait and closing the database after the last answer.
const CLOSING: Duration = Duration::from_secs(4);
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// The services that the routes call.
#[derive(Clone)]
pub struct Deps {
    /// Accounts and sessions.
    pub auth: Arc<Auth>,
    /// One's own sessions.
    pub sessions: Arc<Sessions>,
    /// One's own audit trail.
    pub trail: Arc<Trail>,
    /// Personal access tokens.
    pub tokens: Arc<PersonalTokens>,
    /// What admins do.
    pub admin: Arc<Admin>,
    /// Expenses.
    pub expenses: Arc<Expenses>,
    /// Undo, redo and the log.
    pub undo: Arc<Undo>,
    /// Categories.
    pub categories: Arc<Categories>,
    /// Budgets.
    pub budgets: Arc<Budgets>,
    /// Summary, score and charts.
    pub insights: Arc<Insights>,
    /// What one was told.
    pub inbox: Arc<Inbox>,
    /// What one wants to hear.
    pub preferences: Arc<NotificationPreferences>,
    /// Devices that take push messages.
    pub devices: Arc<Devices>,
    /// What admins see of the scheduler.
    pub oversight: Arc<Oversight>,
    /// What the operator does.
    pub operator: Arc<Operator>,
    /// Kept answers.
    pub receipts: Arc<Receipts>,
    /// Everything of a person's.
    pub export: Arc<Export>,
    /// Erasing one's own account.
    pub erasure: Arc<Erasure>,
    /// Whether the surroundings are as they must be.
    pub readiness: Arc<dyn Readiness>,
}

/// A server that is bound and ready to run.
pub struct Application {
    address: SocketAddr,
    server: Server,
    draining: Draining,
}

impl Application {
    /// Binds the port of the settings (0 takes a free one) and builds the server. Its work runs on the runtime that this
    /// is called on, which must go on until the server has stopped.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn build(deps: Deps, settings: &Settings) -> io::Result<Self> {
        let server_settings = &settings.server;
        let millis = Duration::from_millis;
        let listener = listen(server_settings.bind, millis(server_settings.write_timeout_ms))?;
        let address = listener.local_addr()?;

        let draining = Draining::default();
        let proxies = TrustedProxies(server_settings.trusted_proxies.clone());
        let in_flight = usize::try_from(settings.limits.in_flight_per_client).unwrap_or(usize::MAX);
        let edge_data = Data::new(Edge {
            proxies: proxies.clone(),
            in_flight: InFlight::new(in_flight),
            rate_limit: RateLimit::new(settings.limits.requests_per_minute),
            cors: Cors(server_settings.cors_origins.clone()),
            runtime: tokio::runtime::Handle::current(),
        });
        let proxies = Data::new(proxies);
        let running = Data::new(Running::default());
        let draining_data = Data::new(draining.clone());
        let limits =
            BodyLimits { bytes: server_settings.max_body_bytes, time: millis(server_settings.body_timeout_ms) };

        let app = move || {
            let deps = deps.clone();
            App::new()
                .app_data(Data::from(deps.auth))
                .app_data(Data::from(deps.sessions))
                .app_data(Data::from(deps.trail))
                .app_data(Data::from(deps.tokens))
                .app_data(Data::from(deps.admin))
                .app_data(Data::from(deps.expenses))
                .app_data(Data::from(deps.undo))
                .app_data(Data::from(deps.categories))
                .app_data(Data::from(deps.budgets))
                .app_data(Data::from(deps.insights))
                .app_data(Data::from(deps.inbox))
                .app_data(Data::from(deps.preferences))
                .app_data(Data::from(deps.devices))
                .app_data(Data::from(deps.oversight))
                .app_data(Data::from(deps.operator))
                .app_data(Data::from(deps.receipts))
                .app_data(Data::from(deps.export))
                .app_data(Data::from(deps.erasure))
                .app_data(Data::from(deps.readiness))
                .app_data(running.clone())
                .app_data(edge_data.clone())
                .app_data(proxies.clone())
                .app_data(draining_data.clone())
                .app_data(limits)
                .configure(routes::configure)
                .wrap(from_fn(edge::<BoxBody>))
        };
        let options = http::Options {
            workers: server_settings.workers,
            head_timeout: millis(server_settings.head_timeout_ms),
            shutdown_seconds: server_settings.shutdown_seconds.saturating_sub((NOTICE + CLOSING).as_secs()).max(1),
        };
        Ok(Self { address, server: http::run(listener, app, options)?, draining })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bound port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Serves until SIGTERM or SIGINT, then lets work in flight end.
    ///
    /// # Errors
    /// When the signals cannot be listened to, or the server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        self.run_until(stop).await
    }

    /// Serves until `stop`. Readiness fails then, and a moment later no connection is accepted any more; answers that are
    /// being worked on are still given.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { mut server, draining, .. } = self;
        let handle = server.handle();
        tokio::select! {
            result = &mut server => return result,
            () = stop => {}
        }
        draining.begin();
        tracing::info!("stopping: work in flight may end, nothing new is taken");
        tokio::select! {
            result = &mut server => return result,
            () = tokio::time::sleep(NOTICE) => {}
        }
        let (result, ()) = tokio::join!(server, handle.stop(true));
        result
    }
}

/// A listening socket whose connections are dropped when their peer acknowledges nothing, or reads nothing that waits to
/// be sent, for `write_timeout`. The system watches that, for the HTTP library does not.
fn listen(address: SocketAddr, write_timeout: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(write_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = write_timeout;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
