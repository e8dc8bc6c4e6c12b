//! Accounts.

pub(super) mod password;

use async_trait::async_trait;
use florin_domain::account::{Account, Email, Role};
use florin_domain::calendar::{Timestamp, Zone};
use florin_domain::id::UserId;
use florin_domain::money::Currency;
use florin_domain::repository::{
    AccountRepository, Credentials, NewAccount, PasswordChange, ProfileChange, RepositoryError, Result, UniqueKey,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::db::{self, Database, Failure, failed};
use crate::entity::{category_budget, expense, user_cred, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::head::{bump_taxonomy, insert_head};

/// Accounts in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlAccountRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlAccountRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl AccountRepository for SqlAccountRepository {
    async fn create(&self, new: &NewAccount) -> Result<UserId> {
        let id = self.ids.next(Sequence::User).await?;
        let made = self.database.try_write(|tx| async move { insert(&tx, id, new).await }).await;
        match made {
            Ok(()) => Ok(UserId(id)),
            // The violated key, not a look beforehand, decides between two who sign up at the same time.
            Err(failure) if failure.violates("email") => Err(RepositoryError::Taken(UniqueKey::Email)),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>> {
        let row = user_login::Entity::find_by_id(user.0).filter(user_login::Column::ErasedAt.is_null());
        row.one(self.database.read()).await.map_err(failed)?.map(account_of).transpose()
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        // One statement, whether or not the address is there.
        let mut by_address = user_login::Entity::find().filter(user_login::Column::Email.eq(email.as_str()));
        QueryTrait::query(&mut by_address).inner_join(
            user_cred::Entity,
            Expr::col((user_cred::Entity, user_cred::Column::UserId))
                .equals((user_login::Entity, user_login::Column::Id)),
        );
        let found = by_address.select_also(user_cred::Entity).one(self.database.read()).await.map_err(failed)?;
        let Some((row, Some(cred))) = found else { return Ok(None) };
        Ok(Some(Credentials { account: account_of(row)?, password_hash: cred.password_hash }))
    }

    async fn update_profile(&self, user: UserId, change: &ProfileChange) -> Result<bool> {
        let Some(present) = self.account(user).await? else { return Ok(false) };
        // What is asked for already holds: no change of currency, so nothing that could be refused.
        let currency = change.currency.filter(|currency| *currency != present.currency);
        if currency.is_none() && change.name.is_none() && change.zone.is_none() {
            return Ok(true);
        }
        self.database
            .write(|tx| async move {
                if currency.is_some() {
                    // Before anything is read: whoever records an expense at the same time bumps the head too, so that one of
                    // the two waits for the other and then sees what it did.
                    bump_taxonomy(&tx, user).await?;
                    let expenses = expense::Entity::find().filter(expense::Column::UserId.eq(user.0));
                    if expenses
                        .select_only()
                        .column(expense::Column::Id)
                        .limit(1)
                        .into_tuple::<i64>()
                        .one(&*tx)
                        .await?
                        .is_some()
                    {
                        return Err(RepositoryError::Stale.into());
                    }
                }
                let mut values = user_login::ActiveModel::default();
                if let Some(name) = &change.name {
                    values.name = Set(name.clone());
                }
                if let Some(currency) = currency {
                    values.currency = Set(currency.code().to_owned());
                }
                if let Some(zone) = change.zone {
                    values.timezone = Set(zone.name().to_owned());
                }
                let its_row = user_login::Column::Id.eq(user.0).and(user_login::Column::ErasedAt.is_null());
                let as_it_was = change.only_if.as_ref().map_or_else(Condition::all, same_profile);
                let changed = user_login::Entity::update_many().set(values).filter(its_row).filter(as_it_was);
                if changed.exec(&*tx).await?.rows_affected != 1 {
                    return Ok(false);
                }
                if currency.is_some() {
                    // Limits are amounts of the old currency: 500 of its minor units are not 500 of the new one's.
                    let limits = category_budget::Column::UserId.eq(user.0);
                    category_budget::Entity::delete_many().filter(limits).exec(&*tx).await?;
                }
                Ok(true)
            })
            .await
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<bool> {
        let event = self.ids.next(Sequence::LoginEvent).await?;
        self.database.write(|tx| async move { password::change(&tx, event, change).await }).await
    }

    async fn rehash(&self, user: UserId, old: &str, new: &str) -> Result<bool> {
        self.database
            .write(|tx| async move {
                let replaced = user_cred::Entity::update_many()
                    .set(user_cred::ActiveModel { password_hash: Set(new.to_owned()), ..Default::default() })
                    .filter(user_cred::Column::UserId.eq(user.0))
                    .filter(user_cred::Column::PasswordHash.eq(old))
                    .exec(&*tx)
                    .await?;
                Ok(replaced.rows_affected == 1)
            })
            .await
    }

    async fn ids_after(&self, after: UserId, limit: u64) -> Result<Vec<UserId>> {
        let ids: Vec<i64> = user_login::Entity::find()
            .select_only()
            .column(user_login::Column::Id)
            .filter(user_login::Column::Id.gt(after.0))
            .order_by_asc(user_login::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(self.database.read())
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(UserId).collect())
    }
}

/// What the row of an account with that profile and role says.
fn same_profile(account: &Account) -> Condition {
    Condition::all()
        .add(user_login::Column::Name.eq(account.name.as_str()))
        .add(user_login::Column::Currency.eq(account.currency.code()))
        .add(user_login::Column::Timezone.eq(account.zone.name()))
        .add(user_login::Column::UserType.eq(account.role.as_str()))
}

/// Makes an account of that identifier, its password and the head of its log.
pub(super) async fn insert(tx: &DatabaseTransaction, id: i64, new: &NewAccount) -> std::result::Result<(), Failure> {
    let login = user_login::ActiveModel {
        id: Set(id),
        email: Set(new.email.as_str().to_owned()),
        name: Set(new.name.clone()),
        user_type: Set(new.role.as_str().to_owned()),
        currency: Set(new.currency.code().to_owned()),
        timezone: Set(new.zone.name().to_owned()),
        created_at: Set(new.created_at.0),
        verified_at: Set(new.verified_at.map(|at| at.0)),
        disabled_at: Set(None),
        learned_since: Set(None),
        erased_at: Set(None),
    };
    user_login::Entity::insert(login).exec_without_returning(tx).await?;
    let cred = user_cred::ActiveModel {
        user_id: Set(id),
        password_hash: Set(new.password_hash.clone()),
        updated_at: Set(new.created_at.0),
    };
    user_cred::Entity::insert(cred).exec_without_returning(tx).await?;
    insert_head(tx, UserId(id)).await
}

pub(super) async fn write_password(
    tx: &DatabaseTransaction,
    user: UserId,
    password_hash: &str,
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    user_cred::Entity::update_many()
        .set(user_cred::ActiveModel {
            password_hash: Set(password_hash.to_owned()),
            updated_at: Set(at.0),
            ..Default::default()
        })
        .filter(user_cred::Column::UserId.eq(user.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Keeps others from writing the account's row until the end of the transaction, if it is unproved and neither disabled nor
/// erased; whether it is.
pub(super) async fn hold_unproved(tx: &DatabaseTransaction, user: UserId) -> std::result::Result<bool, Failure> {
    hold(tx, user, user_login::Column::VerifiedAt.is_null()).await
}

/// The same of an account that is neither disabled nor erased, proved or not.
pub(super) async fn hold_enabled(tx: &DatabaseTransaction, user: UserId) -> std::result::Result<bool, Failure> {
    hold(tx, user, Condition::all()).await
}

/// The same of an account that is not erased, disabled or not.
pub(super) async fn hold_present(tx: &DatabaseTransaction, user: UserId) -> std::result::Result<bool, Failure> {
    let row = user_login::Column::Id.eq(user.0).and(user_login::Column::ErasedAt.is_null());
    Ok(db::hold::<user_login::Entity>(tx, user_login::Column::CreatedAt, Condition::all().add(row)).await? == 1)
}

/// The same of an admin who is neither disabled nor erased.
pub(super) async fn hold_admin(tx: &DatabaseTransaction, user: UserId) -> std::result::Result<bool, Failure> {
    hold(tx, user, user_login::Column::UserType.eq(Role::Admin.as_str())).await
}

async fn hold(
    tx: &DatabaseTransaction,
    user: UserId,
    condition: impl IntoCondition,
) -> std::result::Result<bool, Failure> {
    let row = Condition::all()
        .add(user_login::Column::Id.eq(user.0))
        .add(user_login::Column::DisabledAt.is_null())
        .add(user_login::Column::ErasedAt.is_null())
        .add(condition.into_condition());
    Ok(db::hold::<user_login::Entity>(tx, user_login::Column::CreatedAt, row).await? == 1)
}

/// A row as the domain knows it.
pub(super) fn account_of(row: user_login::Model) -> Result<Account> {
    let unknown =
        |what: &str, value: &str| RepositoryError::Internal(format!("user_login has {what} {value:?}").into());
    Ok(Account {
        id: UserId(row.id),
        role: Role::parse(&row.user_type).ok_or_else(|| unknown("user_type", &row.user_type))?,
        currency: Currency::parse(&row.currency).map_err(|_| unknown("currency", &row.currency))?,
        zone: Zone::parse(&row.timezone).map_err(|_| unknown("timezone", &row.timezone))?,
        email: Email::from_stored(row.email),
        name: row.name,
        created_at: Timestamp(row.created_at),
        verified_at: row.verified_at.map(Timestamp),
        disabled_at: row.disabled_at.map(Timestamp),
        learned_since: row.learned_since.map(Timestamp),
    })
}

#[cfg(test)]
pub(super) mod tests;
