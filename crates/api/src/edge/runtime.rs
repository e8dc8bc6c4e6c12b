//! On which runtime work is done.
//!
//! Each worker of the server has a runtime of its own, which ends with it. What a handler opens, above all a pooled
//! database connection, would belong to the runtime of the worker that happened to open it: the connection would die with
//! that worker while another one still uses it. So handlers run with the program's runtime in place: connections, timers
//! and tasks belong to it and outlive every worker.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that finds another runtime in place whenever it is polled.
pub(super) struct On<F> {
    runtime: Handle,
    work: Pin<Box<F>>,
}

/// Runs `work`, still in the present task, with `runtime` in place.
pub(super) fn on<F: Future>(runtime: &Handle, work: F) -> On<F> {
    On { runtime: runtime.clone(), work: Box::pin(work) }
}

impl<F: Future> Future for On<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        self.work.as_mut().poll(context)
    }
}
