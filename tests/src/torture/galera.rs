//! A MariaDB Galera cluster on loopback, of nodes that may be killed, paused and brought back.
//!
//! The nodes are set as deploy/galera.cnf has it, but for addresses and folders, and run as a user without rights. They end, and
//! their folder goes, with the value.

mod node;

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::time::{Duration, Instant};

use sea_orm::sqlx::mysql::MySqlConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, Row};
use sea_orm::{ConnectionTrait, DbErr, SqlxError};
use tempfile::TempDir;

use crate::database::{connect, rows};
use node::{Node, Rights};

/// How long a node may take to join, with a copy of everything, on a busy machine.
const JOINED_WITHIN: Duration = Duration::from_secs(120);
/// How long a question to a node may take before it counts as not answered.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// The database that the servers use.
const DATABASE: &str = "florin";

/// Nodes.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    folder: TempDir,
}

impl Cluster {
    /// As many nodes, all of them synced, with an empty database.
    ///
    /// # Panics
    /// When Galera is not installed, or a node does not join.
    pub async fn start(count: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("florin-galera.").tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("others get to the folder");
        let rights = Rights::chosen();
        let nodes: Vec<Node> = (0..count).map(|n| Node::new(folder.path(), n, &rights)).collect();
        let mut cluster = Self { nodes, folder };
        let all = cluster.group_address();
        for node in &mut cluster.nodes {
            node.configure(&all);
        }
        cluster.nodes[0].install();
        cluster.nodes[0].bootstrap();
        cluster.until_synced(0).await;
        for n in 1..count {
            cluster.nodes[n].start();
            cluster.until_synced(n).await;
        }
        cluster.execute(0, &format!("CREATE DATABASE {DATABASE}")).await;
        cluster
    }

    fn group_address(&self) -> String {
        let all: Vec<String> = self.nodes.iter().map(Node::group_address).collect();
        format!("gcomm://{}", all.join(","))
    }

    /// Of a node, as `database.url` takes it.
    #[must_use]
    pub fn address(&self, n: usize) -> String {
        format!("{}/{DATABASE}", self.nodes[n].address())
    }

    /// Of every node.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        (0..self.nodes.len()).map(|n| self.address(n)).collect()
    }

    /// kill -9 of nodes, at the same moment.
    pub fn kill(&mut self, nodes: &[usize]) {
        for n in nodes {
            self.nodes[*n].signal("KILL");
        }
        for n in nodes {
            self.nodes[*n].ended();
        }
    }

    /// Lets a node stand still, as a machine that hangs: it answers nobody, and its connections stay open.
    pub fn pause(&self, n: usize) {
        self.nodes[n].signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self, n: usize) {
        self.nodes[n].signal("CONT");
    }

    /// Starts nodes that were killed, as their service would, and waits until each is synced. Returns how long that took.
    ///
    /// # Panics
    /// When one does not join.
    pub async fn restart(&mut self, nodes: &[usize]) -> Duration {
        let began = Instant::now();
        for n in nodes {
            self.nodes[*n].recover();
        }
        for n in nodes {
            self.nodes[*n].start();
        }
        for n in nodes {
            self.until_synced(*n).await;
        }
        began.elapsed()
    }

    /// Starts a new cluster from nodes that were all killed: the one that has committed most first, as an operator would. Returns
    /// which it was.
    ///
    /// # Panics
    /// When one does not join.
    pub async fn bootstrap(&mut self) -> usize {
        let mut first = (0, -1);
        for (n, node) in self.nodes.iter_mut().enumerate() {
            let committed = node.recover();
            if committed > first.1 {
                first = (n, committed);
            }
        }
        let first = first.0;
        self.nodes[first].bootstrap();
        self.until_synced(first).await;
        for n in (0..self.nodes.len()).filter(|n| *n != first) {
            self.nodes[n].start();
            self.until_synced(n).await;
        }
        first
    }

    /// Waits until a node takes reads and writes.
    ///
    /// # Panics
    /// When that takes too long, or it ended.
    pub async fn until_synced(&mut self, n: usize) {
        let deadline = Instant::now() + JOINED_WITHIN;
        loop {
            if self.try_status(n, "wsrep_local_state_comment").await.as_deref() == Some("Synced")
                && self.try_status(n, "wsrep_ready").await.as_deref() == Some("ON")
            {
                return;
            }
            let why = if self.nodes[n].has_ended() { "ended" } else { "does not join" };
            assert!(
                Instant::now() < deadline && why != "ended",
                "node {n} {why}; the end of its log:\n{}",
                self.nodes[n].end_of_log(40)
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until a node is, or is not, part of the cluster.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn until_ready_is(&self, n: usize, ready: bool) {
        let wanted = if ready { "ON" } else { "OFF" };
        let deadline = Instant::now() + JOINED_WITHIN;
        while self.try_status(n, "wsrep_ready").await.as_deref() != Some(wanted) {
            assert!(Instant::now() < deadline, "node {n} does not become {wanted}:\n{}", self.nodes[n].end_of_log(40));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A status variable of a node, when it answers.
    pub async fn try_status(&self, n: usize, name: &str) -> Option<String> {
        self.ask(n, &format!("SHOW GLOBAL STATUS LIKE '{name}'"), 1).await.ok()?.pop()
    }

    /// A status variable that counts, summed over every node that answers.
    pub async fn counted(&self, name: &str) -> u64 {
        let mut sum = 0;
        for n in 0..self.nodes.len() {
            sum += self.try_status(n, name).await.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        }
        sum
    }

    /// A text column of every row of an answer, from a session with the node's own defaults.
    ///
    /// # Errors
    /// What the node answered with, or that it did not.
    pub async fn ask(&self, n: usize, sql: &str, column: usize) -> Result<Vec<String>, SqlxError> {
        let address = format!("{}/information_schema", self.nodes[n].address());
        let asking = async {
            let mut connection = MySqlConnection::connect(&address).await?;
            // Not prepared: a node that is cut off answers little else.
            let rows = connection.fetch_all(AssertSqlSafe(sql.to_owned())).await?;
            connection.close().await?;
            rows.iter().map(|row| row.try_get(column)).collect()
        };
        let answer = tokio::time::timeout(ANSWERED_WITHIN, boxed(asking)).await;
        answer.unwrap_or(Err(SqlxError::PoolTimedOut))
    }

    /// Runs statements in the servers' database at a node.
    ///
    /// # Panics
    /// When one fails.
    pub async fn execute(&self, n: usize, sql: &str) -> u64 {
        let address = format!("{}/mysql", self.nodes[n].address());
        let executing = async {
            let connection = connect(&address).await?;
            let done = connection.execute_unprepared(sql).await?;
            connection.close().await?;
            Ok::<_, DbErr>(done.rows_affected())
        };
        boxed(executing).await.unwrap_or_else(|error| panic!("node {n}: {sql}: {error}"))
    }

    /// Every row of every table as a node has it once it has applied all that was committed anywhere, sorted.
    ///
    /// # Panics
    /// When the node does not answer.
    pub async fn rows(&self, n: usize) -> Vec<String> {
        let reading = async {
            let connection = connect(&self.address(n)).await?;
            connection.execute_unprepared("SET SESSION wsrep_sync_wait = 7").await?;
            let bytes = rows(&connection).await;
            connection.close().await?;
            Ok::<_, DbErr>(bytes)
        };
        let bytes = boxed(reading).await.unwrap_or_else(|error| panic!("node {n}: {error}"));
        let mut rows: Vec<String> = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
        rows.sort_unstable();
        rows
    }

    /// Compares every row of every table on every node, and returns how many there are.
    ///
    /// # Panics
    /// When two nodes differ.
    pub async fn assert_equal(&self) -> usize {
        let first = self.rows(0).await;
        for n in 1..self.nodes.len() {
            let other = self.rows(n).await;
            let differs = first.iter().zip(&other).find(|(a, b)| a != b);
            assert!(first == other, "nodes 0 and {n}: {} and {} rows, {differs:?}", first.len(), other.len());
        }
        first.len()
    }

    /// How often a node's log holds a text.
    #[must_use]
    pub fn logged(&self, n: usize, text: &str) -> usize {
        self.nodes[n].log().matches(text).count()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.end();
        }
        node::end_all_in(self.folder.path());
    }
}

/// The types of what waits for a database nest deeply; here they end.
fn boxed<'a, T>(asking: impl Future<Output = T> + Send + 'a) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(asking)
}
