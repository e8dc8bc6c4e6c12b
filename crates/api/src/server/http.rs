//! The HTTP server out of actix's parts. It is what `actix_web::HttpServer` builds, but for [`Stream`], which that has no
//! place for.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use tokio::net::TcpStream;

use super::stream::Stream;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long a connection that ends may take to send its last bytes.
const DISCONNECT: Duration = Duration::from_secs(5);

pub(super) struct Options {
    /// Threads that serve; 0 is one a processor.
    pub(super) workers: usize,
    /// For the request line and headers.
    pub(super) head_timeout: Duration,
    /// For work in flight after the server was told to stop.
    pub(super) shutdown_seconds: u64,
}

/// Serves `app` on a listener, HTTP/1 only.
pub(super) fn run<F, I, S, B>(listener: TcpListener, app: F, options: Options) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig, Error = Error> + 'static,
    S::Future: 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<actix_http::Response<B>> + 'static,
    <S::Service as actix_service::Service<actix_http::Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let builder = ServerBuilder::default().disable_signals().shutdown_timeout(options.shutdown_seconds);
    let builder = if options.workers > 0 { builder.workers(options.workers) } else { builder };
    let stopping = builder.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let builder = builder.listen("florin-api", listener, move || {
        let stopping = stopping.clone();
        let app = app().into_factory().map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            // Idle connections close when the server stops; others close after the request that they are at.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(options.head_timeout)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(async |stream: TcpStream| {
            // Answers are written whole; waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            Ok((Stream::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}
