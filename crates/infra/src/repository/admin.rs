//! What admins see of accounts, and change about them.

use async_trait::async_trait;
use florin_domain::account::Account;
use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::login_event::NewLoginEvent;
use florin_domain::repository::{AdminRepository, Counts, Page, RepositoryError, Result, Standing, StandingChange};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Asterisk, CaseStatement, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::db::{Database, Failure, failed};
use crate::entity::{expense, personal_token, session, user_action, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::{account_of, hold_admin};
use super::like::containing;
use super::session::{end_all, goes_on};
use super::{audit, token};

/// Accounts for admins, in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlAdminRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlAdminRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }

    async fn numbers<const N: usize>(&self, select: SelectStatement) -> Result<[i64; N]> {
        let row = self.database.read_patiently().query_one(&select).await.map_err(failed)?;
        let row = row.ok_or_else(|| RepositoryError::Internal("counting gave no row".into()))?;
        let mut numbers = [0; N];
        for (index, number) in numbers.iter_mut().enumerate() {
            // A sum over no rows is NULL.
            *number = row.try_get_by_index::<Option<i64>>(index).map_err(failed)?.unwrap_or_default();
        }
        Ok(numbers)
    }
}

#[async_trait]
impl AdminRepository for SqlAdminRepository {
    async fn accounts(&self, parts: &[String], before: Option<UserId>, limit: u64) -> Result<Page<Account>> {
        let mut wanted = Condition::all()
            .add(user_login::Column::ErasedAt.is_null())
            .add_option(before.map(|id| user_login::Column::Id.lt(id.0)));
        for part in parts {
            wanted = wanted.add(Expr::col(user_login::Column::Email).like(containing("", part, "")));
        }
        let select = user_login::Entity::find().filter(wanted).order_by_desc(user_login::Column::Id);
        let rows = select.limit(limit.saturating_add(1)).all(self.database.read()).await.map_err(failed)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        Ok(Page { rows: rows.into_iter().take(limit).map(account_of).collect::<Result<_>>()?, more })
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>> {
        let row = user_login::Entity::find_by_id(user.0).filter(user_login::Column::ErasedAt.is_null());
        row.one(self.database.read()).await.map_err(failed)?.map(account_of).transpose()
    }

    async fn change_standing(&self, change: &StandingChange) -> Result<()> {
        let ids = self.ids.reserve(Sequence::LoginEvent, change.events.len()).await?;
        let ids = &ids;
        self.database
            .write(|tx| async move {
                // In one order, so that two admins who change each other wait for each other, and do not lock each other out.
                if change.actor < change.user {
                    keep_admin(&tx, change.actor).await?;
                    set_standing(&tx, change.user, change.before, change.after).await?;
                } else {
                    set_standing(&tx, change.user, change.before, change.after).await?;
                    keep_admin(&tx, change.actor).await?;
                }
                if change.after.disabled_at.is_some() && change.before.disabled_at.is_none() {
                    end_all(&tx, change.user, None, change.at).await?;
                }
                for (id, event) in ids.iter().zip(&change.events) {
                    audit::insert(&tx, *id, event).await?;
                }
                Ok(())
            })
            .await
    }

    async fn revoke_all(&self, user: UserId, at: Timestamp, event: &NewLoginEvent) -> Result<bool> {
        if self.account(user).await?.is_none() {
            return Ok(false);
        }
        let id = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                // Sessions first: a token is made while its session is held.
                end_all(&tx, user, None, at).await?;
                token::revoke_all(&tx, user, at).await?;
                audit::insert(&tx, id, event).await
            })
            .await?;
        Ok(true)
    }

    async fn counts(&self, active_since: Timestamp, now: Timestamp) -> Result<Counts> {
        let count_if =
            |condition: Condition| self.database.sum(CaseStatement::new().case(condition, 1_i64).finally(0_i64));
        let kept = || Condition::all().add(user_login::Column::ErasedAt.is_null());
        let accounts = Query::select()
            .expr(count_if(kept()))
            .expr(count_if(kept().add(user_login::Column::VerifiedAt.is_not_null())))
            .expr(count_if(kept().add(user_login::Column::DisabledAt.is_not_null())))
            .expr(count_if(Condition::all().add(user_login::Column::ErasedAt.is_not_null())))
            .from(user_login::Entity)
            .take();
        let [users, verified, disabled, erased] = self.numbers(accounts).await?;

        let used_session = Query::select()
            .column(session::Column::UserId)
            .from(session::Entity)
            .and_where(session::Column::LastUsedAt.gte(active_since.0))
            .take();
        let used_token = Query::select()
            .column(personal_token::Column::UserId)
            .from(personal_token::Entity)
            .and_where(personal_token::Column::LastUsedAt.gte(active_since.0))
            .take();
        let either = Condition::any()
            .add(user_login::Column::Id.in_subquery(used_session))
            .add(user_login::Column::Id.in_subquery(used_token));
        let [active] = self.numbers(rows_of(user_login::Entity).cond_where(kept().add(either)).take()).await?;
        let [sessions] = self.numbers(rows_of(session::Entity).cond_where(goes_on(now)).take()).await?;
        let live = expense::Column::Live.eq(1_i16);
        let [expenses] = self.numbers(rows_of(expense::Entity).and_where(live).take()).await?;
        let [actions] = self.numbers(rows_of(user_action::Entity)).await?;
        Ok(Counts { users, verified, disabled, erased, active, sessions, expenses, actions })
    }

    fn database(&self) -> &'static str {
        self.database.backend_name()
    }
}

/// How many rows a table has.
fn rows_of(table: impl EntityTrait) -> SelectStatement {
    Query::select().expr(Expr::col(Asterisk).count()).from(table).take()
}

/// Keeps an admin one until the end of the transaction.
async fn keep_admin(tx: &DatabaseTransaction, actor: UserId) -> std::result::Result<(), Failure> {
    if hold_admin(tx, actor).await? { Ok(()) } else { Err(RepositoryError::Stale.into()) }
}

async fn set_standing(
    tx: &DatabaseTransaction,
    user: UserId,
    before: Standing,
    after: Standing,
) -> std::result::Result<(), Failure> {
    let as_planned_on = match before.disabled_at {
        None => user_login::Column::DisabledAt.is_null(),
        Some(at) => user_login::Column::DisabledAt.eq(at.0),
    };
    let changed = user_login::Entity::update_many()
        .set(user_login::ActiveModel {
            user_type: Set(after.role.as_str().to_owned()),
            disabled_at: Set(after.disabled_at.map(|at| at.0)),
            ..Default::default()
        })
        .filter(user_login::Column::Id.eq(user.0))
        .filter(user_login::Column::UserType.eq(before.role.as_str()))
        .filter(as_planned_on)
        .filter(user_login::Column::ErasedAt.is_null())
        .exec(tx)
        .await?;
    if changed.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
}

#[cfg(test)]
mod tests;
