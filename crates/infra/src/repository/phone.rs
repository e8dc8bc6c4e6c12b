//! Telephone numbers.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::login_event::NewLoginEvent;
use florin_domain::phone::Phone;
use florin_domain::receipt::Receipt;
use florin_domain::repository::{PhoneRepository, RepositoryError, Result, StoredPhone};
use florin_domain::session::{CodePurpose, SecretHash};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::db::{Database, failed};
use crate::entity::user_phone::{ActiveModel, Column, Entity};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::hold_enabled;
use super::session::code;
use super::{audit, receipt};

/// Telephone numbers in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlPhoneRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlPhoneRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl PhoneRepository for SqlPhoneRepository {
    async fn phone(&self, user: UserId) -> Result<Option<StoredPhone>> {
        let row = Entity::find_by_id(user.0).one(self.database.read()).await.map_err(failed)?;
        let stored = |row: crate::entity::user_phone::Model| StoredPhone {
            phone: Phone::from_stored(row.number),
            proved_at: row.proved_at.map(Timestamp),
        };
        Ok(row.map(stored))
    }

    async fn put(&self, user: UserId, phone: &Phone, at: Timestamp) -> Result<()> {
        self.database
            .write(|tx| async move {
                // Before anything is read: so that two numbers come after one another, and none after an erasure.
                if !hold_enabled(&tx, user).await? {
                    return Err(RepositoryError::Erased.into());
                }
                let present = Entity::find_by_id(user.0).one(&*tx).await?;
                if present.is_some_and(|row| row.number == phone.as_str()) {
                    return Ok(());
                }
                let row = ActiveModel {
                    user_id: Set(user.0),
                    number: Set(phone.as_str().to_owned()),
                    added_at: Set(at.0),
                    proved_at: Set(None),
                };
                let instead = OnConflict::column(Column::UserId)
                    .update_columns([Column::Number, Column::AddedAt, Column::ProvedAt])
                    .to_owned();
                Entity::insert(row).on_conflict(instead).exec_without_returning(&*tx).await?;
                Ok(())
            })
            .await
    }

    async fn prove(&self, user: UserId, phone: &Phone, code: &SecretHash, event: &NewLoginEvent) -> Result<bool> {
        let event_id = self.ids.next(Sequence::LoginEvent).await?;
        let done = self.database.write(|tx| async move {
            let stale = || RepositoryError::Stale.into();
            let at = event.at;
            if !hold_enabled(&tx, user).await? || !code::consume(&tx, user, CodePurpose::Phone, code, at).await? {
                return Err(stale());
            }
            let proved = Entity::update_many()
                .set(ActiveModel { proved_at: Set(Some(at.0)), ..Default::default() })
                .filter(Column::UserId.eq(user.0))
                .filter(Column::Number.eq(phone.as_str()))
                .exec(&*tx)
                .await?;
            if proved.rows_affected != 1 {
                return Err(stale());
            }
            audit::insert(&tx, event_id, event).await
        });
        match done.await {
            Ok(()) => Ok(true),
            Err(RepositoryError::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn remove(&self, user: UserId, event: &NewLoginEvent, receipt: Option<Receipt>) -> Result<bool> {
        let event_id = self.ids.next(Sequence::LoginEvent).await?;
        let receipt = receipt.as_ref();
        self.database
            .write(|tx| async move {
                // What is noted is a row about the person: none comes after an erasure.
                if !hold_enabled(&tx, user).await? {
                    return Ok(false);
                }
                let removed = Entity::delete_by_id(user.0).exec(&*tx).await?.rows_affected == 1;
                if removed {
                    audit::insert(&tx, event_id, event).await?;
                    receipt::insert_any(&tx, user, receipt, event.at).await?;
                }
                Ok(removed)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::login_event::{EventKind, EventOutcome};
    use florin_domain::repository::{NewCode, SessionRepository};
    use florin_domain::session::Device;

    use super::*;
    use crate::repository::SqlSessionRepository;
    use crate::repository::account::tests::{Place, START, hash};

    fn event(user: UserId, kind: EventKind, at: Timestamp) -> NewLoginEvent {
        NewLoginEvent::new(Some(user), at, kind, EventOutcome::Ok, &Device::default())
    }

    #[tokio::test]
    async fn a_number_is_proved_by_its_code_once_and_only_while_it_is_that_one() {
        let place = Place::new().await;
        let user = place.somebody().await;
        let phones = SqlPhoneRepository::new(place.database.clone());
        let sessions = SqlSessionRepository::new(place.database.clone());
        let (one, other) = (Phone::parse("+919812345678").unwrap(), Phone::parse("+919812345679").unwrap());
        let code = hash();
        let put_code = async || {
            let (purpose, expires_at) = (CodePurpose::Phone, START.plus_millis(1000));
            let new = NewCode { user, purpose, hash: code, at: START, expires_at };
            sessions.put_code(&new, &event(user, EventKind::Code, START)).await.unwrap();
        };
        let proof = event(user, EventKind::PhoneProved, START.plus_millis(5));
        assert_eq!(phones.phone(user).await.unwrap(), None);
        phones.put(user, &one, START).await.unwrap();
        assert!(!phones.prove(user, &one, &code, &proof).await.unwrap(), "there is no code yet");
        put_code().await;
        assert!(!phones.prove(user, &other, &code, &proof).await.unwrap());
        assert!(phones.prove(user, &one, &code, &proof).await.unwrap(), "the code was not used up by the other number");
        assert!(!phones.prove(user, &one, &code, &proof).await.unwrap(), "it is now");
        let proved = StoredPhone { phone: one.clone(), proved_at: Some(proof.at) };
        assert_eq!(phones.phone(user).await.unwrap(), Some(proved.clone()));
        phones.put(user, &one, START.plus_millis(9)).await.unwrap();
        assert_eq!(phones.phone(user).await.unwrap(), Some(proved), "the same number stays proved");
        phones.put(user, &other, START).await.unwrap();
        assert_eq!(phones.phone(user).await.unwrap(), Some(StoredPhone { phone: other, proved_at: None }));
        assert!(phones.remove(user, &event(user, EventKind::PhoneRemoved, START), None).await.unwrap());
        assert!(!phones.remove(user, &event(user, EventKind::PhoneRemoved, START), None).await.unwrap());
        assert_eq!(phones.phone(user).await.unwrap(), None);
        let nobody = phones.put(UserId(-5), &one, START).await;
        assert!(matches!(nobody, Err(RepositoryError::Erased)), "{nobody:?}");
    }
}
