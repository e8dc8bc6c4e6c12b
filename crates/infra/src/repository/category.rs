//! Categories and keywords. Every write bumps the head's `taxonomy_version` first.

use std::collections::BTreeSet;

use async_trait::async_trait;
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::category::Category;
use florin_domain::id::{CategoryId, Seq, UserId};
use florin_domain::receipt::Receipt;
use florin_domain::repository::{
    CategoryChange, CategoryRepository, EmptyMerge, NewCategory, RepositoryError, Result, StoredKeyword, UniqueKey,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::{Database, Failure, failed};
use crate::entity::{category, category_budget, expense, keyword, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::batch::pieces;
use super::budget;
use super::head::{bump_taxonomy, hold_taxonomy};
use super::receipt;

/// The user that the system's categories belong to.
const SYSTEM: i64 = 0;

/// Categories and keywords in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlCategoryRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlCategoryRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

fn read(row: category::Model) -> Category {
    Category {
        id: CategoryId(row.id),
        name: row.name,
        slug: row.slug,
        system: row.user_id == SYSTEM,
        archived_at: row.archived_at.map(Timestamp),
        merged_into: row.merged_into.map(CategoryId),
        merged_by: row.merged_by.map(Seq),
        version: row.version,
    }
}

fn taken(failure: Failure) -> Failure {
    if failure.violates("live_slug") { RepositoryError::Taken(UniqueKey::CategorySlug).into() } else { failure }
}

#[async_trait]
impl CategoryRepository for SqlCategoryRepository {
    async fn categories(&self, user: UserId) -> Result<Vec<Category>> {
        let rows = category::Entity::find()
            .filter(category::Column::UserId.is_in([SYSTEM, user.0]))
            .order_by_asc(category::Column::Id)
            .all(self.database.read())
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(read).collect())
    }

    async fn reserve_id(&self) -> Result<CategoryId> {
        self.ids.next(Sequence::Category).await.map(CategoryId)
    }

    async fn create(&self, new: &NewCategory) -> Result<()> {
        let NewCategory { user, category, phrases, at, receipt } = new;
        let row = &category::Model {
            id: category.id.0,
            user_id: user.0,
            name: category.name.clone(),
            slug: category.slug.clone(),
            live_slug: Some(category.slug.clone()),
            archived_at: None,
            merged_into: None,
            merged_by: None,
            version: category.version,
        };
        self.database
            .write(|tx| async move {
                bump_taxonomy(&tx, *user).await?;
                if let Some(receipt) = receipt {
                    receipt::insert(&tx, *user, receipt, *at).await?;
                }
                let new = category::Entity::insert(row.clone().into_active_model().reset_all());
                new.exec_without_returning(&*tx).await.map_err(|error| taken(error.into()))?;
                insert_keywords(&tx, *user, category.id, phrases).await
            })
            .await
    }

    async fn update(&self, user: UserId, id: CategoryId, version: i64, change: &CategoryChange) -> Result<()> {
        self.database
            .write(|tx| async move {
                bump_taxonomy(&tx, user).await?;
                update(&tx, user, id, version, change).await
            })
            .await
    }

    async fn merge_empty(&self, merge: &EmptyMerge) -> Result<()> {
        self.database
            .write(|tx| async move {
                hold_taxonomy(&tx, merge.user, merge.taxonomy_version).await?;
                bump_taxonomy(&tx, merge.user).await?;
                merge_empty(&tx, merge).await
            })
            .await
    }

    async fn keywords(&self, user: UserId) -> Result<Vec<StoredKeyword>> {
        let rows = keyword::Entity::find()
            .filter(keyword::Column::UserId.eq(user.0))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let stored = |row: keyword::Model| StoredKeyword { category: CategoryId(row.category_id), phrase: row.phrase };
        let mut keywords: Vec<_> = rows.into_iter().map(stored).collect();
        keywords.sort_unstable_by(|a, b| a.phrase.cmp(&b.phrase));
        Ok(keywords)
    }

    async fn put_keywords(&self, user: UserId, category: CategoryId, phrases: &[String]) -> Result<()> {
        self.database
            .write(|tx| async move {
                bump_taxonomy(&tx, user).await?;
                keyword::Entity::delete_many()
                    .filter(keyword::Column::UserId.eq(user.0))
                    .filter(keyword::Column::CategoryId.eq(category.0))
                    .exec(&*tx)
                    .await?;
                insert_keywords(&tx, user, category, phrases).await
            })
            .await
    }

    async fn forget_learned(
        &self,
        user: UserId,
        at: Timestamp,
        receipt: Option<Receipt>,
        now: Timestamp,
    ) -> Result<()> {
        let receipt = receipt.as_ref();
        self.database
            .write(|tx| async move {
                bump_taxonomy(&tx, user).await?;
                receipt::insert_any(&tx, user, receipt, now).await?;
                let earlier = user_login::Column::LearnedSince.lt(at.0).or(user_login::Column::LearnedSince.is_null());
                user_login::Entity::update_many()
                    .set(user_login::ActiveModel { learned_since: Set(Some(at.0)), ..Default::default() })
                    .filter(user_login::Column::Id.eq(user.0))
                    .filter(earlier)
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }
}

/// Gives a category keywords. A phrase that stands under another one moves.
async fn insert_keywords(
    tx: &DatabaseTransaction,
    user: UserId,
    category: CategoryId,
    phrases: &[String],
) -> std::result::Result<(), Failure> {
    let phrases: BTreeSet<&String> = phrases.iter().collect();
    let row = |phrase: &String| keyword::ActiveModel {
        user_id: Set(user.0),
        phrase: Set(phrase.clone()),
        category_id: Set(category.0),
    };
    for rows in pieces(phrases.into_iter().map(row).collect()) {
        keyword::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::columns([keyword::Column::UserId, keyword::Column::Phrase])
                    .update_column(keyword::Column::CategoryId)
                    .to_owned(),
            )
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

async fn update(
    tx: &DatabaseTransaction,
    user: UserId,
    id: CategoryId,
    version: i64,
    change: &CategoryChange,
) -> std::result::Result<(), Failure> {
    let row = category::Entity::find_by_id(id.0).filter(category::Column::UserId.eq(user.0)).one(tx).await?;
    let Some(row) = row.filter(|row| row.version == version) else { return Err(RepositoryError::Stale.into()) };
    // An action merged it; the reversal of that action, and nothing else, brings it back.
    if change.archived_at == Some(None) && row.merged_by.is_some() {
        return Err(RepositoryError::Stale.into());
    }
    let merged_into = row.merged_into.filter(|_| change.archived_at != Some(None));

    let (name, slug) = change.name.clone().unwrap_or((row.name, row.slug));
    let archived_at = change.archived_at.map_or(row.archived_at, |at| at.map(|at| at.0));
    let written = category::Entity::update_many()
        .set(category::ActiveModel {
            live_slug: Set(archived_at.is_none().then(|| slug.clone())),
            name: Set(name),
            slug: Set(slug),
            archived_at: Set(archived_at),
            merged_into: Set(merged_into),
            version: Set(version + 1),
            ..Default::default()
        })
        .filter(category::Column::Id.eq(id.0))
        .filter(category::Column::Version.eq(version))
        .exec(tx)
        .await
        .map_err(|error| taken(error.into()))?;
    if written.rows_affected != 1 {
        return Err(RepositoryError::Stale.into());
    }
    match change.limits_end {
        Some(month) => end_limits(tx, user, id, month).await,
        None => Ok(()),
    }
}

async fn merge_empty(tx: &DatabaseTransaction, merge: &EmptyMerge) -> std::result::Result<(), Failure> {
    // The head row is held: no expense can come in between this and the end of the transaction.
    let filled = expense::Entity::find()
        .select_only()
        .column(expense::Column::Id)
        .filter(expense::Column::UserId.eq(merge.user.0))
        .filter(expense::Column::Live.eq(1_i16))
        .filter(expense::Column::CategoryId.eq(merge.category.0))
        .limit(1)
        .into_tuple::<i64>()
        .one(tx)
        .await?;
    let merged = category::Entity::update_many()
        .set(category::ActiveModel {
            live_slug: Set(None),
            archived_at: Set(Some(merge.at.0)),
            merged_into: Set(Some(merge.into.0)),
            version: Set(merge.version + 1),
            ..Default::default()
        })
        .filter(category::Column::Id.eq(merge.category.0))
        .filter(category::Column::UserId.eq(merge.user.0))
        .filter(category::Column::Version.eq(merge.version))
        .filter(category::Column::ArchivedAt.is_null())
        .exec(tx)
        .await?;
    if filled.is_none() && merged.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
}

/// From `month` on there is no limit, whatever was entered for later months. A category that never had one stays so.
async fn end_limits(
    tx: &DatabaseTransaction,
    user: UserId,
    category: CategoryId,
    month: Month,
) -> std::result::Result<(), Failure> {
    if !budget::any_entry(tx, user, category.0).await? {
        return Ok(());
    }
    category_budget::Entity::delete_many()
        .filter(category_budget::Column::UserId.eq(user.0))
        .filter(category_budget::Column::CategoryId.eq(category.0))
        .filter(category_budget::Column::FromMonth.gt(month.yyyymm()))
        .exec(tx)
        .await?;
    budget::put_entry(tx, user, category.0, month, None).await
}
