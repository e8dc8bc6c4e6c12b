//! Threads for shared writes.
//!
//! Each step of a transaction waits for the database and then for its turn among the tasks of its thread. Among those that serve
//! requests that would be behind dozens of others, at each step, with the one writing connection, or the rows' locks, held.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

/// One thread for each writer, begun with the first write.
///
/// They belong to the database and not to who writes: connections that are opened there are served there, whoever uses them later.
#[derive(Debug)]
pub(super) struct Writers {
    count: usize,
    threads: OnceLock<Option<Runtime>>,
}

impl Writers {
    /// So many.
    pub(super) const fn new(count: usize) -> Self {
        Self { count, threads: OnceLock::new() }
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Runs this to its end, on the threads of requests if there can be no others.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let begin = || {
            let threads =
                Builder::new_multi_thread().worker_threads(self.count).thread_name("writer").enable_all().build();
            threads.inspect_err(|error| tracing::warn!(%error, "writes have no threads of their own")).ok()
        };
        match self.threads.get_or_init(begin) {
            Some(threads) => drop(threads.spawn(work)),
            None => drop(tokio::spawn(work)),
        }
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        if let Some(Some(threads)) = self.threads.take() {
            // Waits for nothing: the last of them may be who drops this.
            threads.shutdown_background();
        }
    }
}
