//! Expenses and tags, read. The ledger's repository writes them.

mod list;
pub(super) mod row;

#[cfg(test)]
pub(super) use list::page_of;

use async_trait::async_trait;
use florin_domain::categorizer::Source;
use florin_domain::expense::Expense;
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::repository::{
    ExpenseQuery, ExpenseRepository, MAX_AT_ONCE, Page, RepositoryError, Result, TagCount,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoCondition, Order, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::db::{Database, Failure, failed};
use crate::entity::{expense, tag, tag_map};
use crate::id_allocator::{IdAllocator, Sequence};

use super::batch::padded;
use row::with_tags;

/// Expenses and tags in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlExpenseRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlExpenseRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }

    /// The user's expenses that meet a condition, in id order.
    async fn find(&self, user: UserId, condition: impl IntoCondition) -> std::result::Result<Vec<Expense>, Failure> {
        self.in_id_order(rows_of(user, condition).all(self.database.read()).await?).await
    }

    /// As [`Self::find`], for a condition that any number may meet: with more than [`MAX_AT_ONCE`] it fails.
    async fn find_to_change(
        &self,
        user: UserId,
        condition: impl IntoCondition,
    ) -> std::result::Result<Vec<Expense>, Failure> {
        let found = rows_of(user, condition).limit(MAX_AT_ONCE as u64 + 1);
        let rows = found.all(self.database.read()).await?;
        if rows.len() > MAX_AT_ONCE { Err(RepositoryError::TooLarge.into()) } else { self.in_id_order(rows).await }
    }

    async fn in_id_order(&self, rows: Vec<expense::Model>) -> std::result::Result<Vec<Expense>, Failure> {
        let mut found = with_tags(self.database.read(), rows).await?;
        found.sort_unstable_by_key(|expense| expense.id);
        Ok(found)
    }

    /// As [`Self::find`], for each of some lists of values of one column.
    async fn find_among<T: Clone + Into<sea_orm::Value>>(
        &self,
        user: UserId,
        column: expense::Column,
        values: &[T],
    ) -> std::result::Result<Vec<Expense>, Failure> {
        let mut found = Vec::with_capacity(values.len());
        for list in padded(values) {
            found.extend(self.find(user, column.is_in(list)).await?);
        }
        found.sort_unstable_by_key(|expense| expense.id);
        found.dedup_by_key(|expense| expense.id);
        Ok(found)
    }

    async fn changed(&self, user: UserId, since: Seq, limit: u64) -> std::result::Result<Page<Expense>, Failure> {
        let touched = || {
            expense::Entity::find()
                .filter(expense::Column::UserId.eq(user.0))
                .order_by_asc(expense::Column::LastAction)
                .order_by_asc(expense::Column::Id)
        };
        let mut rows = touched()
            .filter(expense::Column::LastAction.gt(since.0))
            .limit(limit.saturating_add(1))
            .all(self.database.read())
            .await?;
        let more_than_limit = u64::try_from(rows.len()).is_ok_and(|length| length > limit);
        let Some(last) = rows.last().map(|row| row.last_action).filter(|_| more_than_limit) else {
            return Ok(Page { rows: with_tags(self.database.read(), rows).await?, more: false });
        };
        // The row too many tells whether the page would end inside its action.
        let cut = rows.len() - 1;
        let ends_inside = cut == 0 || rows[cut - 1].last_action == last;
        let mut more = true;
        if ends_inside {
            let from = rows.last().map_or(0, |row| row.id);
            let rest = touched()
                .filter(expense::Column::LastAction.eq(last))
                .filter(expense::Column::Id.gt(from))
                .all(self.database.read())
                .await?;
            rows.extend(rest);
            more = touched()
                .filter(expense::Column::LastAction.gt(last))
                .limit(1)
                .one(self.database.read())
                .await?
                .is_some();
        } else {
            rows.truncate(cut);
        }
        Ok(Page { rows: with_tags(self.database.read(), rows).await?, more })
    }
}

/// The user's expenses that meet a condition.
pub(super) fn rows_of(user: UserId, condition: impl IntoCondition) -> Select<expense::Entity> {
    expense::Entity::find().filter(expense::Column::UserId.eq(user.0)).filter(condition)
}

#[async_trait]
impl ExpenseRepository for SqlExpenseRepository {
    async fn reserve_ids(&self, count: usize) -> Result<Vec<ExpenseId>> {
        Ok(self.ids.reserve(Sequence::Expense, count).await?.into_iter().map(ExpenseId).collect())
    }

    async fn expense(&self, user: UserId, id: ExpenseId) -> Result<Option<Expense>> {
        Ok(self.find(user, expense::Column::Id.eq(id.0)).await?.pop())
    }

    async fn expenses(&self, user: UserId, ids: &[ExpenseId]) -> Result<Vec<Expense>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        Ok(self.find_among(user, expense::Column::Id, &ids).await?)
    }

    async fn by_external_ids(&self, user: UserId, external_ids: &[String]) -> Result<Vec<Expense>> {
        let mut found = self.find_among(user, expense::Column::ExternalId, external_ids).await?;
        // MySQL and MariaDB take trailing blanks for nothing when they compare.
        found.retain(|expense| expense.state.external_id.as_ref().is_some_and(|id| external_ids.contains(id)));
        Ok(found)
    }

    async fn list(&self, user: UserId, query: &ExpenseQuery) -> Result<Page<Expense>> {
        Ok(self.page(user, query).await?)
    }

    async fn in_category(&self, user: UserId, category: CategoryId) -> Result<Vec<Expense>> {
        let live =
            Condition::all().add(expense::Column::Live.eq(1_i16)).add(expense::Column::CategoryId.eq(category.0));
        Ok(self.find_to_change(user, live).await?)
    }

    async fn with_tag(&self, user: UserId, tag: &str) -> Result<Vec<Expense>> {
        let live = Condition::all().add(expense::Column::Live.eq(1_i16)).add(list::has_tag(user, tag));
        Ok(self.find_to_change(user, live).await?)
    }

    async fn changed_since(&self, user: UserId, since: Seq, limit: u64) -> Result<Page<Expense>> {
        Ok(self.changed(user, since, limit).await?)
    }

    async fn choices_touched_last(&self, user: UserId, count: usize, among: u64) -> Result<Vec<Expense>> {
        // Read from the index alone.
        let beyond = Query::select()
            .column(expense::Column::LastAction)
            .from(expense::Entity)
            .and_where(expense::Column::UserId.eq(user.0))
            .order_by(expense::Column::LastAction, Order::Desc)
            .order_by(expense::Column::Id, Order::Desc)
            .limit(1)
            .offset(among)
            .take();
        let beyond = Func::coalesce([Expr::from(beyond), Expr::value(0_i64)]);
        let rows = expense::Entity::find()
            .filter(expense::Column::UserId.eq(user.0))
            .filter(Expr::col((expense::Entity, expense::Column::LastAction)).gt(beyond))
            .filter(expense::Column::Live.eq(1_i16))
            .filter(expense::Column::CategorizationSource.eq(Source::Client.as_str()))
            .order_by_desc(expense::Column::LastAction)
            .order_by_desc(expense::Column::Id)
            .limit(count as u64)
            .all(self.database.read())
            .await
            .map_err(failed)?;
        Ok(with_tags(self.database.read(), rows).await?)
    }

    async fn tags(&self, user: UserId) -> Result<Vec<TagCount>> {
        let counted = Query::select()
            .column((tag::Entity, tag::Column::Name))
            .expr(Expr::col((tag_map::Entity, tag_map::Column::ExpenseId)).count())
            .from(tag::Entity)
            .inner_join(
                tag_map::Entity,
                Expr::col((tag_map::Entity, tag_map::Column::TagId)).equals((tag::Entity, tag::Column::Id)),
            )
            .and_where(Expr::col((tag::Entity, tag::Column::UserId)).eq(user.0))
            .group_by_columns([(tag::Entity, tag::Column::Id), (tag::Entity, tag::Column::Name)])
            .take();
        let rows = sea_orm::ConnectionTrait::query_all(self.database.read(), &counted).await.map_err(failed)?;
        let read = |row: &sea_orm::QueryResult| {
            Ok::<_, sea_orm::DbErr>(TagCount { name: row.try_get_by_index(0)?, count: row.try_get_by_index(1)? })
        };
        let mut tags = rows.iter().map(read).collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
        tags.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(tags)
    }
}
