//! Servers on one database, as behind a balancer, each on a port that it keeps.

use std::net::TcpListener;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;

use crate::binary::{Place, Server};
use crate::client::Client;
use crate::torture::{Outcome, Person};
use crate::{User, parse};

/// Servers.
#[derive(Debug)]
pub struct Fleet {
    places: Vec<Place>,
    servers: Vec<Option<Server>>,
    signed_up: usize,
}

impl Fleet {
    /// As many servers on that database.
    pub async fn start(database: &str, servers: usize) -> Self {
        Self::start_with(&vec![database.to_owned(); servers], |place| place).await
    }

    /// A server for each address of the database, with settings of their own.
    pub async fn start_with(databases: &[String], change: impl Fn(Place) -> Place) -> Self {
        let place = |database: &String| {
            let bind = format!("127.0.0.1:{}", free_port());
            change(super::place(database).with("FLORIN__SERVER__BIND", &bind))
        };
        let places: Vec<Place> = databases.iter().map(place).collect();
        let mut servers = Vec::new();
        for place in &places {
            servers.push(Some(place.serve().await));
        }
        Self { places, servers, signed_up: 0 }
    }

    /// How many servers there are, running or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A server that runs.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn server(&self, n: usize) -> &Server {
        self.servers[n].as_ref().expect("the server runs")
    }

    /// The same, to read its output.
    ///
    /// # Panics
    /// When it does not run.
    pub fn server_mut(&mut self, n: usize) -> &mut Server {
        self.servers[n].as_mut().expect("the server runs")
    }

    /// The place that a server runs in.
    #[must_use]
    pub fn place(&self, n: usize) -> &Place {
        &self.places[n]
    }

    /// A client of one server that is not signed in.
    #[must_use]
    pub fn client(&self, n: usize) -> &Client {
        &self.server(n).client
    }

    /// New people, each with a session that every server knows.
    pub async fn people(&mut self, count: usize, seed: u64) -> Vec<Person> {
        let mut people = Vec::new();
        for n in 0..count {
            let user = self.user().await;
            let token = user.token().expect("a token").to_owned();
            let clients = (0..self.len()).map(|server| self.client(server).with_token(&token)).collect();
            people.push(Person::new(user, clients, seed.wrapping_mul(1000).wrapping_add(n as u64)));
        }
        people
    }

    /// A new account, signed in at the first server.
    ///
    /// # Panics
    /// When signing up fails.
    pub async fn user(&mut self) -> User {
        self.signed_up += 1;
        let (email, password) = (format!("person{}@example.com", self.signed_up), "a password of many words");
        let server = self.server_mut(0);
        server.client.register(&json!({"email": email, "password": password})).await.expect(202);
        let otp = loop {
            let line = parse(&server.line().await);
            if line["email"] == email {
                break line["otp"].as_str().expect("a code").to_owned();
            }
        };
        User::of(&server.client, &server.client.verify(&email, &otp).await.expect(200), password)
    }

    /// kill -9.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill(&mut self, n: usize) {
        let mut server = self.servers[n].take().expect("the server runs");
        server.signal("KILL");
        server.child.wait().await.expect("its end");
    }

    /// SIGTERM; returns its log.
    ///
    /// # Panics
    /// When it does not end in time, or not with 0.
    pub async fn stop(&mut self, n: usize) -> Vec<String> {
        self.servers[n].take().expect("the server runs").stop().await
    }

    /// Waits for the end of one that dies by itself.
    ///
    /// # Panics
    /// When it does not run, or goes on running.
    pub async fn ended(&mut self, n: usize) -> ExitStatus {
        let mut server = self.servers[n].take().expect("the server runs");
        let ended = tokio::time::timeout(Duration::from_secs(20), server.child.wait()).await;
        ended.expect("the server ends").expect("its end")
    }

    /// What one is started with from now on.
    pub fn change(&mut self, n: usize, change: impl FnOnce(Place) -> Place) {
        let place = self.places.remove(n);
        self.places.insert(n, change(place));
    }

    /// Starts one that ended, and returns how long it took until it was ready.
    ///
    /// # Panics
    /// When it runs, or does not get ready.
    pub async fn restart(&mut self, n: usize) -> Duration {
        assert!(self.servers[n].is_none(), "the server ended before");
        let began = Instant::now();
        let server = self.places[n].serve().await;
        server.client.at("GET", "/readyz").await.expect(200);
        self.servers[n] = Some(server);
        began.elapsed()
    }

    /// Every chain and every total, as an operator looks at them.
    ///
    /// # Panics
    /// When one does not agree.
    pub fn verify(&self) {
        let (code, stdout, stderr) = self.places[0].outcome(&["verify"]);
        assert_eq!(code, 0, "{stdout}{stderr}");
    }
}

/// Everybody works at once, until the first that is not acknowledged, or `most` operations each. Returns the people.
///
/// # Panics
/// When one of them found a defect.
pub async fn work(people: Vec<Person>, most: usize) -> Vec<(Person, Outcome)> {
    let work = |mut person: Person| {
        tokio::spawn(async move {
            let outcome = person.work(most).await;
            (person, outcome)
        })
    };
    let done = join_all(people.into_iter().map(work).collect::<Vec<_>>()).await;
    done.into_iter().map(|done| done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))).collect()
}

/// Everybody looks at their books, at once.
///
/// # Panics
/// When something does not agree.
pub async fn reconcile(people: &mut [Person]) {
    join_all(people.iter_mut().map(Person::reconcile)).await;
}

/// A port that nobody listens on just now.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    // Below those that the system gives to connections: one of theirs may be taken before it is used.
    const FIRST: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let somewhere = u16::try_from(std::process::id().wrapping_mul(997) % 16_000).expect("a small number");
    for _ in 0..16_000 {
        let port = FIRST + somewhere.wrapping_add(NEXT.fetch_add(7, Ordering::Relaxed)) % 16_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}
