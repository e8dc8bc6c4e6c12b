//! Kept answers.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::UserId;
use crate::receipt::Receipt;

use super::Result;

/// Receipts (`idempotency_key`), one a user and key. Those of the ledger's writes are kept by
/// [`super::LedgerRepository::apply`], in the transaction of the write.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReceiptRepository: Send + Sync {
    /// The receipt of a key, if it is still good at `at`.
    ///
    /// # Errors
    /// None of its own.
    async fn find(&self, user: UserId, key: &[u8; 32], at: Timestamp) -> Result<Option<Receipt>>;

    /// Keeps a receipt, in place of one that is no longer good. None for an account that is disabled or erased by now.
    ///
    /// # Errors
    /// `Taken(Operation)` when the key has one that is.
    async fn keep(&self, user: UserId, receipt: &Receipt, at: Timestamp) -> Result<()>;
}
