//! Answers kept for writes that a client gave a key, so that asking again does nothing twice (http-api.md,
//! `Idempotency-Key`).
//!
//! A write of the ledger is planned so that its answer is known before it is applied: the answer goes along as a value and
//! is stored in the same transaction. Of two servers that work on one key at once, the later one's transaction fails as a
//! whole. Other writes give the same result when they are done twice; their answer is kept right after the effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_domain::id::UserId;
use florin_domain::receipt::Receipt;
use florin_domain::repository::{ReceiptRepository, RepositoryError, UniqueKey};

use crate::error::{AppError, Result};
use crate::port::{Clock, SecretGenerator};

/// A request that named itself by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose.
    pub user: UserId,
    /// SHA-256 of the key.
    pub key: [u8; 32],
    /// SHA-256 of what is asked.
    pub fingerprint: [u8; 32],
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request is to be worked on.
    New,
    /// It was answered with these bytes.
    Answered(Vec<u8>),
    /// The key was used for another request.
    OtherRequest,
    /// It was answered, with what can no longer be read: the secret that it was sealed with was replaced.
    Unreadable,
}

/// The use cases over kept answers. What the bytes of an answer mean is for the caller to know.
pub struct Receipts {
    repository: Arc<dyn ReceiptRepository>,
    secrets: Arc<dyn SecretGenerator>,
    clock: Arc<dyn Clock>,
}

impl Receipts {
    /// A service over its ports.
    #[must_use]
    pub fn new(
        repository: Arc<dyn ReceiptRepository>,
        secrets: Arc<dyn SecretGenerator>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { repository, secrets, clock }
    }

    /// What is known of a request's key.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn known(&self, request: &RequestKey) -> Result<Known> {
        match self.repository.find(request.user, &request.key, self.clock.now()).await? {
            None => Ok(Known::New),
            Some(receipt) if receipt.fingerprint != request.fingerprint => Ok(Known::OtherRequest),
            Some(receipt) => {
                let answer = self.secrets.unseal(&context(request), &receipt.answer);
                Ok(answer.map_or(Known::Unreadable, Known::Answered))
            }
        }
    }

    /// Keeps an answer that was not kept with its effect; `false` when the key has one already: [`Self::known`] tells it.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn keep(&self, request: &RequestKey, answer: &[u8]) -> Result<bool> {
        match self.repository.keep(request.user, &self.receipt(request, answer)?, self.clock.now()).await {
            Err(RepositoryError::Taken(UniqueKey::Operation)) => Ok(false),
            other => Ok(other.map(|()| true)?),
        }
    }

    fn receipt(&self, request: &RequestKey, answer: &[u8]) -> Result<Receipt> {
        let answer = self.secrets.seal(&context(request), answer)?;
        Ok(Receipt { key: request.key, fingerprint: request.fingerprint, answer })
    }
}

/// Binds a sealed answer to its row.
fn context(request: &RequestKey) -> Vec<u8> {
    [&request.user.0.to_be_bytes()[..], &request.key, &request.fingerprint].concat()
}

type Render<T> = Box<dyn Fn(&T) -> Vec<u8> + Send + Sync>;

/// Whether, and how, the answer to a write is kept in the write's transaction. `T` is what the use case returns.
pub struct Keep<T>(Option<Wanted<T>>);

struct Wanted<T> {
    receipts: Arc<Receipts>,
    request: RequestKey,
    render: Render<T>,
    kept: Arc<AtomicBool>,
}

impl<T> Keep<T> {
    /// The client gave no key.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// Keeps what `render` makes of the outcome, and sets `kept` once that is done.
    pub fn answer(
        receipts: Arc<Receipts>,
        request: RequestKey,
        kept: Arc<AtomicBool>,
        render: impl Fn(&T) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Wanted { receipts, request, render: Box::new(render), kept }))
    }

    /// Whether the client gave a key.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// The receipt of an outcome that is about to be applied.
    pub(crate) fn receipt(&self, outcome: &T) -> Result<Option<Receipt>> {
        let Some(wanted) = &self.0 else { return Ok(None) };
        wanted.receipts.receipt(&wanted.request, &(wanted.render)(outcome)).map(Some)
    }

    /// The outcome of a removal that stores its receipt if there was something to remove.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there was nothing.
    pub(crate) fn note_kept_if(&self, removed: bool) -> Result<()> {
        if !removed {
            return Err(AppError::NotFound);
        }
        self.note_kept();
        Ok(())
    }

    /// Notes that the receipt was stored with its effect.
    pub(crate) fn note_kept(&self) {
        if let Some(wanted) = &self.0 {
            wanted.kept.store(true, Ordering::Release);
        }
    }
}
