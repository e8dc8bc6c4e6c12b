//! A Redis of a test's own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_app::port::DeliveryQueue;
use florin_infra::queue::RedisQueue;
use tempfile::TempDir;

/// How long somebody may be silent before what they took is somebody else's, in these tests.
pub(crate) const DEAD_AFTER: Duration = Duration::from_millis(300);

/// A server, until it is dropped.
pub(crate) struct Redis {
    port: u16,
    server: Option<Child>,
    _folder: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut redis = Self { port, server: None, _folder: tempfile::tempdir().unwrap() };
        redis.start_again().await;
        redis
    }

    /// Starts it, with nothing in it.
    pub(crate) async fn start_again(&mut self) {
        let begun = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self._folder.path())
            .stdout(Stdio::null())
            .spawn();
        let server = begun.unwrap_or_else(|error| {
            panic!(
                "redis-server cannot be run ({error}): install Redis (Debian: redis-server), or leave this program out"
            )
        });
        self.server = Some(server);
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.queue("waiting for it").ping().await.is_err() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().ok();
            server.wait().ok();
        }
    }

    /// The queue in it, for a process of that name.
    pub(crate) fn queue(&self, instance: &str) -> RedisQueue {
        RedisQueue::new(&format!("redis://127.0.0.1:{}", self.port), instance, DEAD_AFTER).unwrap()
    }

    pub(crate) fn shared_queue(&self, instance: &str) -> Arc<dyn DeliveryQueue> {
        Arc::new(self.queue(instance))
    }

    /// Runs a command.
    pub(crate) async fn command(&self, command: &[&str]) {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut asked = redis::cmd(command[0]);
        asked.arg(&command[1..]);
        asked.query_async::<()>(&mut connection).await.unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
