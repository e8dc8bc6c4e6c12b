//! The same service in Express with a pool of mysql2, as well as it is done.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use acceptance::torture::fleet::free_port;

use crate::load::Requests;
use crate::raw::People;

const SECRET: &str = "a secret of the benchmark alone, of more than 32 bytes";

/// A running server. It ends with this value.
pub(crate) struct Express {
    base: String,
    process: Child,
    tokens: Vec<String>,
}

impl Express {
    /// On a database with these people in it, each with a session.
    pub(crate) fn start(url: &str, people: People) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/served/express");
        let installed =
            Command::new("npm").args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder).status();
        assert!(installed.expect("npm").success(), "Express and mysql2 are installed");
        let port = free_port();
        let process = Command::new("node")
            .env("NODE_ENV", "production")
            .arg("server.js")
            .args([&port.to_string(), url, SECRET, "5000000000000"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("node");
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "Express listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        let tokens = (0..people.count).map(|n| token(people.first + i64::try_from(n).unwrap())).collect();
        Self { base: format!("http://127.0.0.1:{port}"), process, tokens }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// As many clients as [`crate::florin::Florin::posting`] has, who send the same.
    pub(crate) fn posting(&self, clients: usize) -> Vec<Requests> {
        (0..clients)
            .map(|n| {
                let token = self.tokens[n % self.tokens.len()].clone();
                let requests: Requests = Arc::new(move |k| crate::florin::post(&token, n, k));
                requests
            })
            .collect()
    }
}

impl Drop for Express {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn token(user: i64) -> String {
    let claims = serde_json::json!({"user": user});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}
