//! Erasing a person.
//!
//! The head of the log and the account's row are written first of all. Whoever writes for the person holds one of the two,
//! so that every such write is either before the erasure, and erased with the rest, or after it, and refused.

use async_trait::async_trait;
use florin_domain::id::UserId;
use florin_domain::login_event::NewLoginEvent;
use florin_domain::repository::{ErasureRepository, RepositoryError, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::crash::crash_point;
use crate::db::deadline::LONG;
use crate::db::{Database, Failure};
use crate::entity::{
    category, category_budget, device, expense, idempotency_key, keyword, login_event, monthly_expense, notification,
    notification_delivery, notification_preference, one_time_code, personal_token, refresh_token, session, sign_up,
    tag, tag_map, user_action, user_cred, user_login, user_phone,
};
use crate::id_allocator::{IdAllocator, Sequence};

use super::audit;
use super::batch::padded;
use super::head::seal;

/// Erasure in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlErasureRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlErasureRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl ErasureRepository for SqlErasureRepository {
    async fn erase(&self, user: UserId, event: &NewLoginEvent) -> Result<()> {
        let id = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write_within(LONG, |tx| async move {
                seal(&tx, user).await?;
                crash_point("erasure.sealed");
                let was_admin = empty_account(&tx, user, event.at.0).await?;
                remove_books(&tx, user.0).await?;
                crash_point("erasure.books_removed");
                remove_access(&tx, user.0).await?;
                remove_notifications(&tx, user.0).await?;
                empty_log(&tx, user.0).await?;
                empty_trail(&tx, user.0, was_admin).await?;
                audit::insert(&tx, id, event).await
            })
            .await?;
        crash_point("erasure.committed");
        self.database.forget_removed().await;
        Ok(())
    }
}

/// Takes name and address out of the account's row; whether it was an admin's.
///
/// # Errors
/// `Erased` when there is no such account, or it was done before.
async fn empty_account(tx: &DatabaseTransaction, user: UserId, at: i64) -> std::result::Result<bool, Failure> {
    let there = || Condition::all().add(user_login::Column::Id.eq(user.0)).add(user_login::Column::ErasedAt.is_null());
    let emptied = user_login::Entity::update_many()
        .set(user_login::ActiveModel {
            // No address has a colon before its @, so nobody can ever want this one.
            email: Set(format!("erased:{user}")),
            name: Set(String::new()),
            disabled_at: Set(Some(at)),
            erased_at: Set(Some(at)),
            learned_since: Set(None),
            ..Default::default()
        })
        .filter(there())
        .exec(tx)
        .await?;
    if emptied.rows_affected != 1 {
        return Err(RepositoryError::Erased.into());
    }
    let row = user_login::Entity::find_by_id(user.0).one(tx).await?;
    Ok(row.is_some_and(|row| row.user_type != florin_domain::account::Role::User.as_str()))
}

async fn remove_books(tx: &DatabaseTransaction, user: i64) -> std::result::Result<(), Failure> {
    let tags: Vec<i64> = tag::Entity::find()
        .select_only()
        .column(tag::Column::Id)
        .filter(tag::Column::UserId.eq(user))
        .into_tuple()
        .all(tx)
        .await?;
    // By lists, not by a subquery: MariaDB would look every row of the table up in it.
    for list in padded(&tags) {
        tag_map::Entity::delete_many().filter(tag_map::Column::TagId.is_in(list)).exec(tx).await?;
    }
    tag::Entity::delete_many().filter(tag::Column::UserId.eq(user)).exec(tx).await?;
    expense::Entity::delete_many().filter(expense::Column::UserId.eq(user)).exec(tx).await?;
    monthly_expense::Entity::delete_many().filter(monthly_expense::Column::UserId.eq(user)).exec(tx).await?;
    category_budget::Entity::delete_many().filter(category_budget::Column::UserId.eq(user)).exec(tx).await?;
    keyword::Entity::delete_many().filter(keyword::Column::UserId.eq(user)).exec(tx).await?;
    category::Entity::delete_many().filter(category::Column::UserId.eq(user)).exec(tx).await?;
    Ok(())
}

async fn remove_access(tx: &DatabaseTransaction, user: i64) -> std::result::Result<(), Failure> {
    let sessions: Vec<i64> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.eq(user))
        .into_tuple()
        .all(tx)
        .await?;
    for list in padded(&sessions) {
        refresh_token::Entity::delete_many().filter(refresh_token::Column::SessionId.is_in(list)).exec(tx).await?;
    }
    session::Entity::delete_many().filter(session::Column::UserId.eq(user)).exec(tx).await?;
    one_time_code::Entity::delete_many().filter(one_time_code::Column::UserId.eq(user)).exec(tx).await?;
    sign_up::Entity::delete_many().filter(sign_up::Column::UserId.eq(user)).exec(tx).await?;
    personal_token::Entity::delete_many().filter(personal_token::Column::UserId.eq(user)).exec(tx).await?;
    idempotency_key::Entity::delete_many().filter(idempotency_key::Column::UserId.eq(user)).exec(tx).await?;
    user_phone::Entity::delete_many().filter(user_phone::Column::UserId.eq(user)).exec(tx).await?;
    user_cred::Entity::delete_many().filter(user_cred::Column::UserId.eq(user)).exec(tx).await?;
    Ok(())
}

/// What the person was told, and how they wanted to be told it. Deliveries go first, for they lead to the rest.
async fn remove_notifications(tx: &DatabaseTransaction, user: i64) -> std::result::Result<(), Failure> {
    let deliveries = notification_delivery::Column::UserId.eq(user);
    notification_delivery::Entity::delete_many().filter(deliveries).exec(tx).await?;
    notification::Entity::delete_many().filter(notification::Column::UserId.eq(user)).exec(tx).await?;
    let preferences = notification_preference::Column::UserId.eq(user);
    notification_preference::Entity::delete_many().filter(preferences).exec(tx).await?;
    device::Entity::delete_many().filter(device::Column::UserId.eq(user)).exec(tx).await?;
    Ok(())
}

/// The actions stay, with what their hashes are made of. What they did is gone, and so is what a client called them.
async fn empty_log(tx: &DatabaseTransaction, user: i64) -> std::result::Result<(), Failure> {
    let named = Func::cust("CONCAT").arg(Expr::cust("'erased:'")).arg(Expr::col(user_action::Column::Seq));
    user_action::Entity::update_many()
        .col_expr(user_action::Column::Payload, Expr::value(None::<String>))
        .col_expr(user_action::Column::Salt, Expr::value(None::<Vec<u8>>))
        .col_expr(user_action::Column::Operation, named.into())
        .filter(user_action::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    Ok(())
}

/// What happened to the account stays known, but not from where. An admin's own address also stands with what they did to
/// other accounts.
async fn empty_trail(tx: &DatabaseTransaction, user: i64, was_admin: bool) -> std::result::Result<(), Failure> {
    let mut rows = Condition::any().add(login_event::Column::UserId.eq(user));
    if was_admin {
        rows = rows.add(login_event::Column::ActorId.eq(user));
    }
    login_event::Entity::update_many()
        .set(login_event::ActiveModel { ip: Set(String::new()), user_agent: Set(String::new()), ..Default::default() })
        .filter(rows)
        .exec(tx)
        .await?;
    Ok(())
}
