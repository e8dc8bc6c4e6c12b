//! Kept answers.

use std::time::Duration;

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::receipt::{Receipt, good_since};
use florin_domain::repository::{ReceiptRepository, RepositoryError, Result, UniqueKey};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};

use super::account::hold_enabled;
use super::batch::{padded, pieces};
use crate::db::deadline::PROMPT;
use crate::db::{Database, Failure, failed};
use crate::entity::idempotency_key::{ActiveModel, Column, Entity, Model};

/// How often a receipt is kept anew whose COMMIT was not answered, and the time that has to be left for it.
const MAX_LOST: u32 = 4;
const LEAST: Duration = Duration::from_millis(100);

/// Receipts in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlReceiptRepository {
    database: Database,
}

impl SqlReceiptRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Keeps a receipt, in the transaction of what it tells of. The key decides between two who do the same at once.
///
/// # Errors
/// `Taken(Operation)`; the transaction is then at its end.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    user: UserId,
    receipt: &Receipt,
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    insert_all(tx, vec![(user, receipt, at)]).await
}

/// The same for several people at once.
///
/// # Errors
/// Those of [`insert`].
pub(super) async fn insert_all(
    tx: &DatabaseTransaction,
    receipts: Vec<(UserId, &Receipt, Timestamp)>,
) -> std::result::Result<(), Failure> {
    let Some(at) = receipts.iter().map(|(_, _, at)| *at).min() else { return Ok(()) };
    let keys: Vec<_> = receipts.iter().map(|(user, receipt, _)| (user.0, receipt.key)).collect();
    for list in padded(&keys) {
        let one = |(user, key): (i64, [u8; 32])| {
            Condition::all().add(Column::UserId.eq(user)).add(Column::KeyHash.eq(key.to_vec()))
        };
        Entity::delete_many()
            .filter(list.into_iter().map(one).fold(Condition::any(), Condition::add))
            .filter(Column::CreatedAt.lte(good_since(at).0))
            .exec(tx)
            .await?;
    }
    let rows = receipts.into_iter().map(|(user, receipt, at)| ActiveModel {
        user_id: Set(user.0),
        key_hash: Set(receipt.key.to_vec()),
        fingerprint: Set(receipt.fingerprint.to_vec()),
        answer: Set(receipt.answer.clone()),
        created_at: Set(at.0),
    });
    for rows in pieces(rows.collect()) {
        match Entity::insert_many(rows).exec_without_returning(tx).await.map_err(Failure::from) {
            Ok(_) => {}
            Err(failure) if failure.is_duplicate() => return Err(RepositoryError::Taken(UniqueKey::Operation).into()),
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// The same for the write of somebody who may be erased meanwhile: before the write, whether they are there. Of one without a
/// receipt nothing is left that an erasure would miss, so nothing is asked.
///
/// # Errors
/// None of its own.
pub(super) async fn may_follow(
    tx: &DatabaseTransaction,
    user: UserId,
    receipt: Option<&Receipt>,
) -> std::result::Result<bool, Failure> {
    if receipt.is_some() { hold_enabled(tx, user).await } else { Ok(true) }
}

/// Keeps the receipt of a write that was done, if its client gave it a key.
///
/// # Errors
/// Those of [`insert`].
pub(super) async fn insert_any(
    tx: &DatabaseTransaction,
    user: UserId,
    receipt: Option<&Receipt>,
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    match receipt {
        Some(receipt) => insert(tx, user, receipt, at).await,
        None => Ok(()),
    }
}

#[async_trait]
impl ReceiptRepository for SqlReceiptRepository {
    async fn find(&self, user: UserId, key: &[u8; 32], at: Timestamp) -> Result<Option<Receipt>> {
        let row = Entity::find_by_id((user.0, key.to_vec())).one(self.database.read()).await.map_err(failed)?;
        row.filter(|row| row.created_at > good_since(at).0).map(read).transpose()
    }

    async fn keep(&self, user: UserId, receipt: &Receipt, at: Timestamp) -> Result<()> {
        let deadline = self.database.deadline(PROMPT);
        let mut lost = 0;
        loop {
            let write = self.database.try_write_until(deadline.clone(), |tx| async move {
                // Nothing is kept for somebody who is gone by now.
                if hold_enabled(&tx, user).await? { insert(&tx, user, receipt, at).await } else { Ok(()) }
            });
            match write.await {
                Ok(()) => return Ok(()),
                // Its effect is there already, so it has to be kept: whether it is shows when it is kept again.
                Err(Failure::OutcomeUnknown(error)) if lost < MAX_LOST && deadline.check(LEAST).is_ok() => {
                    tracing::debug!(%error, "keeping an answer is tried again");
                    lost += 1;
                }
                Err(failure) => {
                    let error = RepositoryError::from(failure);
                    let may_be_this = lost > 0 && matches!(error, RepositoryError::Taken(UniqueKey::Operation));
                    if may_be_this && self.find(user, &receipt.key, at).await?.as_ref() == Some(receipt) {
                        return Ok(());
                    }
                    return Err(error);
                }
            }
        }
    }
}

fn read(row: Model) -> Result<Receipt> {
    let hash = |bytes: Vec<u8>| {
        bytes.try_into().map_err(|_| RepositoryError::Internal("a hash of idempotency_key is not of 32 bytes".into()))
    };
    Ok(Receipt { key: hash(row.key_hash)?, fingerprint: hash(row.fingerprint)?, answer: row.answer })
}

#[cfg(test)]
mod tests {
    use florin_domain::receipt::RECEIPT_LIFETIME_MILLIS;

    use super::*;
    use crate::repository::account::tests::{Place, START, hash};

    fn receipt(key: [u8; 32], answer: &[u8]) -> Receipt {
        Receipt { key, fingerprint: [7; 32], answer: answer.to_vec() }
    }

    #[tokio::test]
    async fn a_key_has_one_receipt_for_a_day() {
        let place = Place::new().await;
        let receipts = SqlReceiptRepository::new(place.database.clone());
        let (user, other) = (place.somebody().await, place.somebody().await);
        let key = hash();
        let first = receipt(key, b"\x00first\xff");
        receipts.keep(user, &first, START).await.unwrap();
        assert_eq!(receipts.find(user, &key, START).await.unwrap(), Some(first.clone()));
        assert_eq!(receipts.find(other, &key, START).await.unwrap(), None, "keys belong to a user");
        let again = receipts.keep(user, &receipt(key, b"second"), START.plus_millis(RECEIPT_LIFETIME_MILLIS - 1)).await;
        assert!(matches!(again, Err(RepositoryError::Taken(UniqueKey::Operation))), "{again:?}");
        let later = START.plus_millis(RECEIPT_LIFETIME_MILLIS);
        assert_eq!(receipts.find(user, &key, later).await.unwrap(), None);
        receipts.keep(user, &receipt(key, b"second"), later).await.unwrap();
        assert_eq!(receipts.find(user, &key, later).await.unwrap().unwrap().answer, b"second");
        receipts.keep(other, &receipt(key, b"third"), later).await.unwrap();
    }
}
