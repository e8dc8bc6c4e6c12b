//! The real server, in this process.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use florin_api::compose;
use florin_api::server::Application;
use florin_app::port::{Clock, OtpSender};
use florin_domain::calendar::Zone;
use florin_domain::money::Currency;
use florin_infra::db::Database;
use florin_infra::settings::Settings;
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::BEGINNING;
use crate::client::Client;
use crate::clock::TestClock;
use crate::codes::Codes;
use crate::database::TestDatabase;

const SECRET: &str = "a signing secret for tests, of no use elsewhere";

/// A running server with all that a test can lay its hands on. It stops, and its database goes, with this value.
#[derive(Debug)]
pub struct App {
    /// A client that is not signed in.
    pub client: Client,
    /// The server's time.
    pub clock: TestClock,
    /// The one-time codes that it sent.
    pub codes: Codes,
    /// Its database.
    pub database: TestDatabase,
    addresses: AtomicU32,
    stops: Vec<oneshot::Sender<()>>,
    settings: Settings,
}

/// A server with a migrated database of its own.
pub async fn spawn() -> App {
    spawn_with(|_| {}).await
}

/// The same with other settings.
pub async fn spawn_with(change: impl FnOnce(&mut Settings)) -> App {
    spawn_on(TestDatabase::migrated().await, BEGINNING, change).await
}

/// A server on a database that is there already, at an instant.
pub async fn spawn_on(database: TestDatabase, now: &str, change: impl FnOnce(&mut Settings)) -> App {
    let mut settings = settings(database.url());
    change(&mut settings);
    let (clock, codes) = (TestClock::at(now), Codes::default());
    let (base, stop) = start(settings.clone(), clock.clone(), codes.clone()).await;
    let client = Client::new(&base);
    App { client, clock, codes, database, addresses: AtomicU32::new(0), stops: vec![stop], settings }
}

/// The built-in settings, but for the cheapest passwords, no limits, and access tokens that last a day.
fn settings(database: &str) -> Settings {
    let mut settings = Settings::built_in().expect("the built-in settings");
    settings.server.bind = ([127, 0, 0, 1], 0).into();
    settings.server.workers = 2;
    settings.database.url = SecretString::from(database.to_owned());
    settings.accounts.default_currency = Currency::parse("INR").expect("a currency");
    settings.accounts.default_timezone = Zone::parse("Asia/Kolkata").expect("a time zone");
    settings.auth.secret = SecretString::from(SECRET.to_owned());
    settings.auth.access_minutes = 24 * 60;
    settings.auth.argon2_m_kib = 1024;
    settings.auth.argon2_t = 1;
    settings.auth.argon2_p = 1;
    settings.auth.hash_queue = 1000;
    settings.limits.requests_per_minute = 0;
    settings.limits.in_flight_per_client = 0;
    settings
}

/// Servers outlive the runtime of the test that started them by a moment, so they have one of their own.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("a runtime")
    })
}

async fn start(settings: Settings, clock: TestClock, codes: Codes) -> (String, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel();
    let (ready, address) = oneshot::channel();
    runtime().spawn(async move {
        let database = Database::of(&settings, false).await.expect("the database opens");
        let (clock, sender): (Arc<dyn Clock>, Arc<dyn OtpSender>) = (Arc::new(clock), Arc::new(codes));
        let services = compose::services(&settings, &database, clock, sender).expect("the services are built");
        let application = Application::build(services, &settings).expect("the port is bound");
        ready.send(application.address()).ok();
        let stop = async {
            stopped.await.ok();
        };
        application.run_until(stop).await.ok();
        database.close().await;
    });
    let address = address.await.expect("the server starts");
    (format!("http://{address}"), stop)
}

impl App {
    /// The secret that tokens are signed with.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        SECRET
    }

    /// An address that nobody has.
    #[must_use]
    pub fn new_address(&self) -> String {
        format!("person{}@example.com", self.addresses.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A client of another server on the same database, as behind a load balancer.
    pub async fn another_instance(&mut self) -> Client {
        self.another_instance_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn another_instance_with(&mut self, change: impl FnOnce(&mut Settings)) -> Client {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let (base, stop) = start(settings, self.clock.clone(), self.codes.clone()).await;
        self.stops.push(stop);
        Client::new(&base)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for stop in self.stops.drain(..) {
            stop.send(()).ok();
        }
    }
}
