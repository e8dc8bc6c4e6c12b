//! Figures over many expenses.

use async_trait::async_trait;
use chrono::NaiveDate;
use florin_domain::calendar::Month;
use florin_domain::id::{CategoryId, UserId};
use florin_domain::repository::{ReportRepository, RepositoryError, Result, SpendingBy, SpentRow};
use florin_domain::score::Activity;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult};

use crate::db::{Database, Failure, failed};
use crate::entity::{expense, monthly_expense, tag, tag_map};

/// Figures in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlReportRepository {
    database: Database,
}

impl SqlReportRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn rows<T>(
        &self,
        select: &SelectStatement,
        read: impl Fn(&QueryResult) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<Vec<T>, Failure> {
        self.database.read().query_all(select).await?.iter().map(read).collect()
    }
}

/// The live expenses of some days.
fn live(user: UserId, from: NaiveDate, to: NaiveDate) -> SelectStatement {
    Query::select()
        .from(expense::Entity)
        .and_where(expense::Column::UserId.eq(user.0))
        .and_where(expense::Column::Live.eq(1_i16))
        .and_where(expense::Column::Date.between(from, to))
        .take()
}

/// How many live expenses each day of these months has, by when they were logged.
pub(super) fn activity_of(user: UserId, from: Month, to: Month) -> SelectStatement {
    let by = [expense::Column::Date, expense::Column::LoggedOn, expense::Column::Imported];
    live(user, from.first_day(), to.last_day())
        .columns(by)
        .expr(Expr::col(expense::Column::Id).count())
        .group_by_columns(by)
        .take()
}

/// What was spent on each of these days.
pub(super) fn spending_of(
    database: &Database,
    user: UserId,
    from: NaiveDate,
    to: NaiveDate,
    by: SpendingBy,
) -> SelectStatement {
    let mut spent = live(user, from, to);
    spent
        .column((expense::Entity, expense::Column::Date))
        .expr(database.sum(Expr::col((expense::Entity, expense::Column::Amount))))
        .add_group_by([Expr::col((expense::Entity, expense::Column::Date))]);
    match by {
        SpendingBy::Day => {}
        SpendingBy::Category => {
            spent.column((expense::Entity, expense::Column::CategoryId));
            spent.add_group_by([Expr::col((expense::Entity, expense::Column::CategoryId))]);
        }
        SpendingBy::Tag => {
            spent.column((tag::Entity, tag::Column::Name));
            spent.add_group_by([Expr::col((tag::Entity, tag::Column::Name))]);
            spent.join(
                JoinType::LeftJoin,
                tag_map::Entity,
                Expr::col((tag_map::Entity, tag_map::Column::ExpenseId)).equals((expense::Entity, expense::Column::Id)),
            );
            spent.join(
                JoinType::LeftJoin,
                tag::Entity,
                Expr::col((tag::Entity, tag::Column::Id)).equals((tag_map::Entity, tag_map::Column::TagId)),
            );
        }
    }
    spent
}

#[async_trait]
impl ReportRepository for SqlReportRepository {
    async fn totals(&self, user: UserId, from: Month, to: Month) -> Result<Vec<(Month, CategoryId, i64)>> {
        let rows = monthly_expense::Entity::find()
            .filter(monthly_expense::Column::UserId.eq(user.0))
            .filter(monthly_expense::Column::Month.between(from.yyyymm(), to.yyyymm()))
            .filter(monthly_expense::Column::Total.ne(0_i64))
            .order_by_asc(monthly_expense::Column::Month)
            .order_by_asc(monthly_expense::Column::CategoryId)
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let read = |row: monthly_expense::Model| {
            let month = Month::from_yyyymm(row.month)
                .map_err(|_| Failure::internal(format!("a total is stored for the month {}", row.month)))?;
            Ok((month, CategoryId(row.category_id), row.total))
        };
        rows.into_iter().map(read).collect()
    }

    async fn activity(&self, user: UserId, from: Month, to: Month) -> Result<Vec<Activity>> {
        let read = |row: &QueryResult| {
            Ok(Activity {
                date: row.try_get_by_index(0)?,
                logged_on: row.try_get_by_index(1)?,
                imported: row.try_get_by_index::<i16>(2)? != 0,
                count: row.try_get_by_index(3)?,
            })
        };
        let mut activity = self.rows(&activity_of(user, from, to), read).await?;
        activity.sort_unstable_by_key(|row| (row.date, row.logged_on, row.imported));
        Ok(activity)
    }

    async fn spending(&self, user: UserId, from: NaiveDate, to: NaiveDate, by: SpendingBy) -> Result<Vec<SpentRow>> {
        let spent = spending_of(&self.database, user, from, to, by);
        let read = |row: &QueryResult| {
            let amount: i64 = row.try_get_by_index(1)?;
            // What does not fit is an error on two databases; MySQL's cast gives the largest value.
            if amount == i64::MAX {
                return Err(RepositoryError::OutOfRange.into());
            }
            let key = match by {
                SpendingBy::Day => String::new(),
                SpendingBy::Category => row.try_get_by_index::<i64>(2)?.to_string(),
                SpendingBy::Tag => row.try_get_by_index::<Option<String>>(2)?.unwrap_or_default(),
            };
            Ok(SpentRow { date: row.try_get_by_index(0)?, key, amount })
        };
        let mut rows = self.rows(&spent, read).await?;
        rows.sort_unstable_by(|a, b| (a.date, &a.key).cmp(&(b.date, &b.key)));
        Ok(rows)
    }
}
