//! Reading everything of a person's, page by page.

use std::collections::BTreeSet;

use async_trait::async_trait;
use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::expense::Expense;
use florin_domain::id::{CategoryId, ExpenseId, NotificationId, Seq, SessionId, TokenId, UserId};
use florin_domain::notification::Notification;
use florin_domain::repository::{ExportRepository, LoggedAction, Page, Result, StoredSession, StoredToken};
use florin_domain::session::Device;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, failed};
use crate::entity::{category_budget, expense, keyword, notification, personal_token, session};

use super::budget;
use super::expense::row::with_tags;
use super::ledger::pages_of_log;
use super::notification::notification_of;

/// Reads for exports from a SQL database.
#[derive(Debug, Clone)]
pub struct SqlExportRepository {
    database: Database,
}

impl SqlExportRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Cuts the row too many off, which says that more follow.
pub(super) fn page<T>(mut rows: Vec<T>, limit: u64) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Page { rows, more }
}

#[async_trait]
impl ExportRepository for SqlExportRepository {
    async fn categories_in_use(&self, user: UserId) -> Result<Vec<CategoryId>> {
        let connection = self.database.read();
        let of_expenses = expense::Entity::find()
            .select_only()
            .column(expense::Column::CategoryId)
            .distinct()
            .filter(expense::Column::UserId.eq(user.0));
        let of_limits = category_budget::Entity::find()
            .select_only()
            .column(category_budget::Column::CategoryId)
            .distinct()
            .filter(category_budget::Column::UserId.eq(user.0));
        let of_keywords = keyword::Entity::find()
            .select_only()
            .column(keyword::Column::CategoryId)
            .distinct()
            .filter(keyword::Column::UserId.eq(user.0));
        let mut used: BTreeSet<i64> = BTreeSet::new();
        used.extend(of_expenses.into_tuple::<i64>().all(connection).await.map_err(failed)?);
        used.extend(of_limits.into_tuple::<i64>().all(connection).await.map_err(failed)?);
        used.extend(of_keywords.into_tuple::<i64>().all(connection).await.map_err(failed)?);
        // That of the overall limit is none.
        used.remove(&budget::TOTAL);
        Ok(used.into_iter().map(CategoryId).collect())
    }

    async fn limits(&self, user: UserId, after: Option<(Scope, Month)>, limit: u64) -> Result<Page<BudgetEntry>> {
        use category_budget::{Column, Entity};
        let mut wanted = Condition::all().add(Column::UserId.eq(user.0));
        if let Some((scope, month)) = after {
            let category = budget::stored(scope);
            let later = Condition::all().add(Column::CategoryId.eq(category)).add(Column::FromMonth.gt(month.yyyymm()));
            wanted = wanted.add(Condition::any().add(Column::CategoryId.gt(category)).add(later));
        }
        let in_order = Entity::find().filter(wanted).order_by_asc(Column::CategoryId).order_by_asc(Column::FromMonth);
        let rows = in_order.limit(limit.saturating_add(1)).all(self.database.read()).await.map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        Ok(Page { rows: rows.iter().map(budget::read).collect::<std::result::Result<_, _>>()?, more })
    }

    async fn expenses(&self, user: UserId, after: ExpenseId, limit: u64) -> Result<Page<Expense>> {
        let rows = expense::Entity::find()
            .filter(expense::Column::UserId.eq(user.0))
            .filter(expense::Column::Id.gt(after.0))
            .order_by_asc(expense::Column::Id)
            .limit(limit.saturating_add(1))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        Ok(Page { rows: with_tags(self.database.read(), rows).await?, more })
    }

    async fn actions(&self, user: UserId, after: Seq, limit: u64) -> Result<Page<LoggedAction>> {
        Ok(pages_of_log(&self.database, user, after, limit).await?)
    }

    async fn sessions(&self, user: UserId, after: SessionId, limit: u64) -> Result<Page<StoredSession>> {
        let rows = session::Entity::find()
            .filter(session::Column::UserId.eq(user.0))
            .filter(session::Column::Id.gt(after.0))
            .order_by_asc(session::Column::Id)
            .limit(limit.saturating_add(1))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        let stored = |row: session::Model| StoredSession {
            id: SessionId(row.id),
            created_at: Timestamp(row.created_at),
            last_used_at: Timestamp(row.last_used_at),
            revoked_at: row.revoked_at.map(Timestamp),
            device: Device { ip: row.ip, user_agent: row.user_agent },
        };
        Ok(Page { rows: rows.into_iter().map(stored).collect(), more })
    }

    async fn tokens(&self, user: UserId, after: TokenId, limit: u64) -> Result<Page<StoredToken>> {
        let rows = personal_token::Entity::find()
            .filter(personal_token::Column::UserId.eq(user.0))
            .filter(personal_token::Column::Id.gt(after.0))
            .order_by_asc(personal_token::Column::Id)
            .limit(limit.saturating_add(1))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        let stored = |row: personal_token::Model| StoredToken {
            id: TokenId(row.id),
            name: row.name,
            scopes: row.scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            revoked_at: row.revoked_at.map(Timestamp),
        };
        Ok(Page { rows: rows.into_iter().map(stored).collect(), more })
    }

    async fn notifications(&self, user: UserId, after: NotificationId, limit: u64) -> Result<Page<Notification>> {
        let rows = notification::Entity::find()
            .filter(notification::Column::UserId.eq(user.0))
            .filter(notification::Column::CancelledAt.is_null())
            .filter(notification::Column::Id.gt(after.0))
            .order_by_asc(notification::Column::Id)
            .limit(limit.saturating_add(1))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let Page { rows, more } = page(rows, limit);
        Ok(Page { rows: rows.into_iter().map(notification_of).collect::<Result<_>>()?, more })
    }
}
