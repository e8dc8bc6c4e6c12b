//! Budgets.

use async_trait::async_trait;
use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::Month;
use florin_domain::id::{CategoryId, UserId};
use florin_domain::repository::{BudgetRepository, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::db::{Database, Failure, failed};
use crate::entity::{category, category_budget};

use super::head::hold_taxonomy;

/// The stored category of the overall limit.
pub(super) const TOTAL: i64 = 0;

/// Budgets in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlBudgetRepository {
    database: Database,
}

impl SqlBudgetRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// A scope as it is stored.
pub(super) const fn stored(scope: Scope) -> i64 {
    match scope {
        Scope::Total => TOTAL,
        Scope::Category(category) => category.0,
    }
}

/// A row as the domain knows it.
pub(super) fn read(row: &category_budget::Model) -> std::result::Result<BudgetEntry, Failure> {
    let scope = if row.category_id == TOTAL { Scope::Total } else { Scope::Category(CategoryId(row.category_id)) };
    let from_month = Month::from_yyyymm(row.from_month)
        .map_err(|_| Failure::internal(format!("a limit is stored from the month {}", row.from_month)))?;
    Ok(BudgetEntry { scope, from_month, limit: row.limit_minor })
}

#[async_trait]
impl BudgetRepository for SqlBudgetRepository {
    async fn entries(&self, user: UserId, until: Month) -> Result<Vec<BudgetEntry>> {
        let merged = Query::select()
            .column(category::Column::Id)
            .from(category::Entity)
            .and_where(category::Column::UserId.eq(user.0))
            .and_where(category::Column::MergedInto.is_not_null())
            .take();
        let rows = category_budget::Entity::find()
            .filter(category_budget::Column::UserId.eq(user.0))
            .filter(category_budget::Column::FromMonth.lte(until.yyyymm()))
            .filter(category_budget::Column::CategoryId.not_in_subquery(merged))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let mut entries = rows.iter().map(read).collect::<std::result::Result<Vec<_>, _>>()?;
        entries.sort_unstable_by_key(|entry| (entry.scope, entry.from_month));
        Ok(entries)
    }

    async fn put(&self, user: UserId, entry: &BudgetEntry, taxonomy_version: i64) -> Result<()> {
        let BudgetEntry { scope, from_month, limit } = *entry;
        self.database
            .write(|tx| async move {
                hold_taxonomy(&tx, user, taxonomy_version).await?;
                put_entry(&tx, user, stored(scope), from_month, limit).await
            })
            .await
    }

    async fn exists(&self, user: UserId, scope: Scope) -> Result<bool> {
        Ok(any_entry(self.database.read(), user, stored(scope)).await?)
    }
}

/// Whether there is any entry for a stored category.
pub(super) async fn any_entry<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    category: i64,
) -> std::result::Result<bool, Failure> {
    let found = category_budget::Entity::find()
        .filter(category_budget::Column::UserId.eq(user.0))
        .filter(category_budget::Column::CategoryId.eq(category))
        .limit(1)
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// Puts an entry in place of one with the same category and month.
pub(super) async fn put_entry(
    tx: &DatabaseTransaction,
    user: UserId,
    category: i64,
    month: Month,
    limit: Option<i64>,
) -> std::result::Result<(), Failure> {
    category_budget::Entity::insert(category_budget::ActiveModel {
        user_id: Set(user.0),
        category_id: Set(category),
        from_month: Set(month.yyyymm()),
        limit_minor: Set(limit),
    })
    .on_conflict(
        OnConflict::columns([
            category_budget::Column::UserId,
            category_budget::Column::CategoryId,
            category_budget::Column::FromMonth,
        ])
        .update_column(category_budget::Column::LimitMinor)
        .to_owned(),
    )
    .exec_without_returning(tx)
    .await?;
    Ok(())
}
