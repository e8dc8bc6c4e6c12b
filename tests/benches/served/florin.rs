//! The released server and the people who write to it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use acceptance::binary::{Place, released};
use acceptance::torture::Fleet;

use crate::load::Requests;

/// What people spend on.
const NOTES: [&str; 8] = [
    "lunch with Ana", "UBER *TRIP 8005928996", "milk and bread", "Netflix march", "petrol", "electricity bill",
    "Gym membership renewal", "something else",
];

/// A running server.
pub struct Florin {
    fleet: Fleet,
    tokens: Vec<String>,
}

impl Florin {
    /// On that database, with as many people.
    pub async fn start(database: &str, people: usize, change: impl Fn(Place) -> Place) -> Self {
        let program = released().expect("cargo build --release");
        let place = |place: Place| change(place.running(program.clone()).with("FLORIN__LOG__LEVEL", "warn"));
        let mut fleet = Fleet::start_with(&[database.to_owned()], place).await;
        let mut tokens = Vec::new();
        for _ in 0..people {
            tokens.push(fleet.user().await.token().expect("a token").to_owned());
        }
        Self { fleet, tokens }
    }

    pub fn base(&self) -> &str {
        self.fleet.client(0).base()
    }

    /// So many clients, each of another person, who record an expense with each request.
    pub fn posting(&self, clients: usize) -> Vec<Requests> {
        (0..clients).map(|n| {
            let token = self.tokens[n % self.tokens.len()].clone();
            let requests: Requests = Arc::new(move |k| {
                let notes = NOTES[(n + k) % NOTES.len()];
                let body = format!(r#"{{"amount":"{}.{:02}","date":"2026-11-{:02}","notes":"{notes}"}}"#, 1 + k % 500, k % 100, 1 + (n + k) % 28);
                format!(
                    "POST /api/v1/expenses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len(),
                ).into_bytes()
            });
            requests
        }).collect()
    }

    /// The processor time that the server used so far, and the bytes that it holds.
    pub fn used(&self) -> (Duration, u64) {
        let id = self.fleet.server(0).child.id().expect("it runs");
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let pages: u64 = fields[21].parse().unwrap();
        (Duration::from_millis(ticks * 10), pages * 4096)
    }

    pub async fn stop(mut self) -> Vec<String> {
        self.fleet.stop(0).await
    }
}
