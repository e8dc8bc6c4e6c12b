//! The released server and the people who write to it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use acceptance::User;
use acceptance::binary::{Place, released};
use acceptance::torture::Fleet;

use crate::load::Requests;

/// What people spend on.
const NOTES: [&str; 8] = [
    "lunch with Ana",
    "UBER *TRIP 8005928996",
    "milk and bread",
    "Netflix march",
    "petrol",
    "electricity bill",
    "Gym membership renewal",
    "something else",
];

/// How many expenses a large batch has: the most that one may have.
pub(crate) const BATCH: usize = 500;

/// A running server.
pub(crate) struct Florin {
    fleet: Fleet,
    users: Vec<User>,
}

impl Florin {
    /// On that database, with as many people.
    pub(crate) async fn start(database: &str, people: usize, change: impl Fn(Place) -> Place) -> Self {
        let program = released().expect("cargo build --release");
        let place =
            |place: Place| change(place.running(program.clone()).with("FLORIN__LOG__LEVEL", "warn,florin_api=info"));
        let mut fleet = Fleet::start_with(&[database.to_owned()], place).await;
        let mut users = Vec::new();
        for _ in 0..people {
            users.push(fleet.user().await);
        }
        Self { fleet, users }
    }

    pub(crate) fn base(&self) -> &str {
        self.fleet.client(0).base()
    }

    pub(crate) fn user(&self, n: usize) -> &User {
        &self.users[n]
    }

    /// So many clients, each of another person, who record an expense with each request.
    pub(crate) fn posting(&self, clients: usize) -> Vec<Requests> {
        (0..clients)
            .map(|n| {
                let token = self.token(n % self.users.len());
                let requests: Requests = Arc::new(move |k| post(&token, n, k));
                requests
            })
            .collect()
    }

    /// So many clients, each of another person, who record [`BATCH`] expenses with each request.
    pub(crate) fn batching(&self, clients: usize) -> Vec<Requests> {
        (0..clients)
            .map(|n| {
                let bytes = batch(&self.token(n % self.users.len()), n);
                let requests: Requests = Arc::new(move |_| bytes.clone());
                requests
            })
            .collect()
    }

    /// So many clients, each of another person, who log in by their password with each request.
    pub(crate) fn logging_in(&self, clients: usize) -> Vec<Requests> {
        (0..clients)
            .map(|n| {
                let User { email, password, .. } = &self.users[n % self.users.len()];
                let bytes = message("/auth/login", "", &format!(r#"{{"email":"{email}","password":"{password}"}}"#));
                let requests: Requests = Arc::new(move |_| bytes.clone());
                requests
            })
            .collect()
    }

    /// One client of that person, who asks for the same again and again.
    pub(crate) fn getting(&self, person: usize, path: &str) -> Vec<Requests> {
        let token = self.token(person);
        let bytes = format!("GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
        let requests: Requests = Arc::new(move |_| bytes.clone().into_bytes());
        vec![requests]
    }

    fn token(&self, person: usize) -> String {
        self.users[person].token().expect("a token").to_owned()
    }

    /// The processor time that the server used so far, and the bytes that it holds.
    pub(crate) fn used(&self) -> (Duration, u64) {
        let id = self.fleet.server(0).child.id().expect("it runs");
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let pages: u64 = fields[21].parse().unwrap();
        (Duration::from_millis(ticks * 10), pages * 4096)
    }

    pub(crate) async fn stop(mut self) {
        self.fleet.stop(0).await;
    }
}

/// The k-th request of the n-th client.
pub(crate) fn post(token: &str, n: usize, k: usize) -> Vec<u8> {
    let notes = NOTES[(n + k) % NOTES.len()];
    let (units, cents, day) = (1 + k % 500, k % 100, 1 + (n + k) % 28);
    let body = format!(r#"{{"amount":"{units}.{cents:02}","date":"2026-11-{day:02}","notes":"{notes}"}}"#);
    message("/expenses", token, &body)
}

/// A request for [`BATCH`] new expenses.
fn batch(token: &str, n: usize) -> Vec<u8> {
    let operation = |k: usize| {
        let notes = NOTES[(n + k) % NOTES.len()];
        let (units, cents, day) = (1 + k, k % 100, 1 + (n + k) % 28);
        format!(r#"{{"op":"create","amount":"{units}.{cents:02}","date":"2026-11-{day:02}","notes":"{notes}"}}"#)
    };
    let operations: Vec<String> = (0..BATCH).map(operation).collect();
    message("/expenses/batch", token, &format!(r#"{{"operations":[{}]}}"#, operations.join(",")))
}

/// A POST of that JSON; without a token, of nobody.
fn message(path: &str, token: &str, body: &str) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len(),
    )
    .into_bytes()
}
