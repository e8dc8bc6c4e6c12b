//! Notifications as their owner sees them.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{NotificationId, UserId};
use florin_domain::notification::Notification;
use florin_domain::repository::{InboxCursor, InboxRepository, Page, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, failed};
use crate::entity::notification::{ActiveModel, Column, Entity};

use super::export::page;
use super::notification::notification_of;

/// Notifications in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlInboxRepository {
    database: Database,
}

impl SqlInboxRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Those that a user sees.
fn of(user: UserId) -> Condition {
    Condition::all().add(Column::UserId.eq(user.0)).add(Column::CancelledAt.is_null())
}

fn unread_of(user: UserId) -> Condition {
    of(user).add(Column::ReadAt.is_null())
}

#[async_trait]
impl InboxRepository for SqlInboxRepository {
    async fn notifications(
        &self,
        user: UserId,
        unread: Option<bool>,
        after: Option<InboxCursor>,
        limit: u64,
    ) -> Result<Page<Notification>> {
        let mut wanted = match unread {
            None => of(user),
            Some(true) => unread_of(user),
            Some(false) => of(user).add(Column::ReadAt.is_not_null()),
        };
        if let Some(InboxCursor { at, id }) = after {
            let as_old = Condition::all().add(Column::CreatedAt.eq(at.0)).add(Column::Id.lt(id.0));
            wanted = wanted.add(Condition::any().add(Column::CreatedAt.lt(at.0)).add(as_old));
        }
        let newest_first = Entity::find().filter(wanted).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        let rows = newest_first.limit(limit.saturating_add(1)).all(self.database.read()).await.map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        Ok(Page { rows: rows.into_iter().map(notification_of).collect::<Result<_>>()?, more })
    }

    async fn read(&self, user: UserId, notification: NotificationId, at: Timestamp) -> Result<Option<Notification>> {
        let row = self.database.write(|tx| async move {
            // Only the first time says when.
            Entity::update_many()
                .set(ActiveModel { read_at: Set(Some(at.0)), ..Default::default() })
                .filter(Column::Id.eq(notification.0))
                .filter(unread_of(user))
                .exec(&*tx)
                .await?;
            Ok(Entity::find_by_id(notification.0).filter(of(user)).one(&*tx).await?)
        });
        row.await?.map(notification_of).transpose()
    }

    async fn read_all(&self, user: UserId, at: Timestamp) -> Result<u64> {
        self.database
            .write(|tx| async move {
                let read = Entity::update_many()
                    .set(ActiveModel { read_at: Set(Some(at.0)), ..Default::default() })
                    .filter(unread_of(user))
                    .exec(&*tx)
                    .await?;
                Ok(read.rows_affected)
            })
            .await
    }
}

#[cfg(test)]
mod tests;
