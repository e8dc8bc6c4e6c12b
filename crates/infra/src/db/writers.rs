//! Threads for shared writes.
//!
//! Each step of a transaction waits for the database and then for its turn among the tasks of its thread. Among those that serve
//! requests that would be behind dozens of others, at each step, with the one writing connection, or the rows' locks, held.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// One thread for each writer, begun with its first write. What a writer does stays on its thread: threads that take work off
/// each other wake each other at every step.
///
/// They belong to the database and not to who writes: connections that are opened there are served there, whoever uses them later.
#[derive(Debug)]
pub(super) struct Writers(Vec<OnceLock<Option<Thread>>>);

#[derive(Debug)]
struct Thread {
    handle: Handle,
    /// With this the thread ends. Nobody waits for it: it may be itself who drops this.
    _end: oneshot::Sender<()>,
}

impl Writers {
    /// So many.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| OnceLock::new()).collect())
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// Runs this to its end on the thread of that writer, on those of requests if there can be no other.
    pub(super) fn spawn(&self, writer: usize, work: impl Future<Output = ()> + Send + 'static) {
        let begin = || {
            let thread = Thread::begin();
            thread.inspect_err(|error| tracing::warn!(%error, "writes have no threads of their own")).ok()
        };
        match self.0[writer].get_or_init(begin) {
            Some(thread) => drop(thread.handle.spawn(work)),
            None => drop(tokio::spawn(work)),
        }
    }
}

impl Thread {
    fn begin() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            // Nothing is ever sent.
            drop(runtime.block_on(ended));
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _end: end })
    }
}
