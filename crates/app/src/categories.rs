//! Categories, keywords, and choosing a category for notes.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::calendar::Month;
use florin_domain::categorizer::{Guess, normalize_keyword};
use florin_domain::category::{Category, MAX_KEYWORDS, MAX_OWN, normalize_name, slug};
use florin_domain::id::{CategoryId, Seq};
use florin_domain::ledger::{ActionKind, CategoryLink, ChangeSet, amend, plan};
use florin_domain::repository::{
    CategoryChange, CategoryRepository, EmptyMerge, ExpenseRepository, NewCategory, RepositoryError, StoredKeyword,
};

use crate::error::{AppError, FieldError, Result};
use crate::expenses::{Shown, overflow};
use crate::port::Clock;
use crate::receipts::Keep;
use crate::writer::{Tries, Writer};

mod recategorize;

pub use crate::lessons::Learning;
pub use recategorize::{MAX_CHANGES, MAX_TOLD, Reassigned, Recategorized};

/// A category with the caller's keywords for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryView {
    /// The category.
    pub category: Category,
    /// The caller's own keywords for it, sorted.
    pub keywords: Vec<String>,
}

/// Changes of a category as the client sent them; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct CategoryPatch {
    /// A new name.
    pub name: Option<String>,
    /// Archive it or bring it back.
    pub archived: Option<bool>,
}

/// The use cases of categories.
pub struct Categories {
    writer: Arc<Writer>,
    repository: Arc<dyn CategoryRepository>,
    expenses: Arc<dyn ExpenseRepository>,
    clock: Arc<dyn Clock>,
}

impl Categories {
    /// A service over the shared writer.
    #[must_use]
    pub fn new(
        writer: Arc<Writer>,
        repository: Arc<dyn CategoryRepository>,
        expenses: Arc<dyn ExpenseRepository>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { writer, repository, expenses, clock }
    }

    /// The system's categories and the caller's own, in id order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn list(&self, account: &Account, include_archived: bool) -> Result<Vec<CategoryView>> {
        let categories = self.repository.categories(account.id).await?;
        let keywords = self.repository.keywords(account.id).await?;
        let shown = categories.into_iter().filter(|category| include_archived || category.is_live());
        Ok(shown.map(|category| view(category, &keywords)).collect())
    }

    /// One category, archived ones included.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn get(&self, account: &Account, id: CategoryId) -> Result<CategoryView> {
        let category = self.find(account, id).await?;
        Ok(view(category, &self.repository.keywords(account.id).await?))
    }

    async fn find(&self, account: &Account, id: CategoryId) -> Result<Category> {
        let categories = self.repository.categories(account.id).await?;
        categories.into_iter().find(|category| category.id == id).ok_or(AppError::NotFound)
    }

    async fn own(&self, account: &Account, id: CategoryId) -> Result<Category> {
        let category = self.find(account, id).await?;
        if category.system {
            return Err(AppError::conflict("system_category", "a system category cannot be changed"));
        }
        Ok(category)
    }

    /// Makes a category of the caller's own, with keywords.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::Conflict`] `category_exists`, `too_many_categories` or `too_many_keywords`.
    pub async fn create(
        &self,
        account: &Account,
        name: &str,
        keywords: &[String],
        keep: &Keep<CategoryView>,
    ) -> Result<CategoryView> {
        let mut errors = Vec::new();
        let name = normalize_name(name)
            .map_err(|error| errors.push(FieldError::new("/name", "invalid_name", error.to_string())))
            .unwrap_or_default();
        let phrases = check_keywords(keywords, &mut errors);
        if !errors.is_empty() {
            return Err(AppError::Invalid(errors));
        }
        let existing = self.repository.categories(account.id).await?;
        if existing.iter().filter(|category| !category.system).count() >= MAX_OWN {
            return Err(AppError::conflict("too_many_categories", format!("at most {MAX_OWN} categories of your own")));
        }
        refuse_taken_name(&existing, &slug(&name), None)?;
        self.refuse_too_many(account, None, &phrases).await?;
        let category = Category {
            id: self.repository.reserve_id().await?,
            slug: slug(&name),
            name,
            system: false,
            archived_at: None,
            merged_into: None,
            merged_by: None,
            version: 1,
        };
        let made = CategoryView { category, keywords: phrases };
        let (category, phrases) = (made.category.clone(), made.keywords.clone());
        let receipt = keep.receipt(&made)?;
        let new = NewCategory { user: account.id, category, phrases, at: self.clock.now(), receipt };
        self.repository.create(&new).await?;
        keep.note_kept();
        Ok(made)
    }

    /// Renames, archives or brings back one of the caller's own. One that an action merged is brought back by reversing that
    /// action, and in no other way: only so do the expenses that it moved come back too.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::PreconditionFailed`], [`AppError::Invalid`], [`AppError::Conflict`]
    /// `system_category`, `category_exists`, or `category_merged` when one that an action merged is to be brought back.
    pub async fn update(
        &self,
        account: &Account,
        id: CategoryId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        patch: &CategoryPatch,
    ) -> Result<CategoryView> {
        let name = patch
            .name
            .as_deref()
            .map(|name| normalize_name(name).map_err(|e| AppError::field("/name", "invalid_name", e.to_string())))
            .transpose()?;
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let category = self.own(account, id).await?;
            if !accept(category.version) {
                return Err(AppError::PreconditionFailed);
            }
            if patch.archived == Some(false) && category.merged_by.is_some() {
                return Err(AppError::conflict("category_merged", "a merged category comes back by undoing the merge"));
            }
            let name = name.clone().filter(|name| *name != category.name).map(|name| {
                let slug = slug(&name);
                (name, slug)
            });
            let archived_at = match patch.archived {
                Some(true) if category.is_live() => Some(Some(self.clock.now())),
                Some(false) if !category.is_live() => Some(None),
                _ => None,
            };
            let becomes_live = archived_at == Some(None) || (category.is_live() && archived_at.is_none());
            if becomes_live && (name.is_some() || archived_at.is_some()) {
                let slug = name.as_ref().map_or(&category.slug, |(_, slug)| slug);
                refuse_taken_name(&self.repository.categories(account.id).await?, slug, Some(id))?;
            }
            let limits_end = matches!(archived_at, Some(Some(_))).then(|| self.month(account));
            let change = CategoryChange { name, archived_at, limits_end };
            if change == CategoryChange::default() {
                return self.get(account, id).await;
            }
            match self.repository.update(account.id, id, category.version, &change).await {
                Err(RepositoryError::Stale) if tries.again() => {}
                other => {
                    other?;
                    return self.get(account, id).await;
                }
            }
        }
    }

    fn month(&self, account: &Account) -> Month {
        Month::of(self.clock.now().date_in(account.zone))
    }

    /// Archives one of the caller's own: it keeps its expenses and takes no new ones.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn archive(
        &self,
        account: &Account,
        id: CategoryId,
        accept: impl Fn(i64) -> bool + Send + Sync,
    ) -> Result<()> {
        let patch = CategoryPatch { name: None, archived: Some(true) };
        self.update(account, id, accept, &patch).await.map(drop)
    }

    /// Moves all live expenses of one of the caller's own categories into another, and archives it: one undoable action.
    /// Explicit choices stay explicit. An empty category makes no action; [`Self::update`] brings it back.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::PreconditionFailed`], [`AppError::Invalid`] at `/merge_into`,
    /// [`AppError::Conflict`] `system_category` or `category_archived`.
    pub async fn merge(
        &self,
        account: &Account,
        id: CategoryId,
        into: CategoryId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        keep: &Keep<Option<Seq>>,
    ) -> Result<Option<Seq>> {
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            let source = self.own(account, id).await?;
            if !accept(source.version) {
                return Err(AppError::PreconditionFailed);
            }
            check_target(&basis.books.taxonomy, &source, into)?;
            let expenses = self.expenses.in_category(account.id, id).await?;
            if expenses.is_empty() {
                let merge = EmptyMerge {
                    user: account.id,
                    category: id,
                    version: source.version,
                    into,
                    at: basis.at,
                    taxonomy_version: basis.head.taxonomy_version,
                };
                match self.repository.merge_empty(&merge).await {
                    Err(RepositoryError::Stale) if tries.again() => continue,
                    other => {
                        other?;
                        return Ok(None);
                    }
                }
            }
            let changes = expenses.iter().filter_map(|expense| {
                let mut state = expense.state.clone();
                state.category = into;
                amend(expense, state)
            });
            let link = CategoryLink { category: id, before: None, after: Some(into), revived: None };
            // Exclusive: an expense that came into the category meanwhile would be left behind. And the taxonomy must be the
            // one read: the target may have been archived or merged since.
            let draft = self.writer.draft(account.id, &basis, ActionKind::Merge, &operation, true);
            let change_set = plan(draft, changes.collect(), vec![link]).map_err(overflow)?;
            let outcome = |seq, _: &ChangeSet| Ok(Some(seq));
            if let Some(done) = self.writer.carry_out(&basis, change_set, &mut tries, keep, outcome).await? {
                return Ok(done);
            }
        }
    }

    /// Replaces the caller's keywords for a live category, a system one too. A phrase that spoke for another category
    /// now speaks for this one.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Invalid`] naming each wrong keyword, [`AppError::Conflict`]
    /// `category_archived` or `too_many_keywords`.
    pub async fn put_keywords(&self, account: &Account, id: CategoryId, keywords: &[String]) -> Result<CategoryView> {
        let mut errors = Vec::new();
        let phrases = check_keywords(keywords, &mut errors);
        if !errors.is_empty() {
            return Err(AppError::Invalid(errors));
        }
        if !self.find(account, id).await?.is_live() {
            return Err(AppError::conflict("category_archived", "an archived category takes no keywords"));
        }
        self.refuse_too_many(account, Some(id), &phrases).await?;
        self.repository.put_keywords(account.id, id, &phrases).await?;
        self.get(account, id).await
    }

    /// Refuses more keywords than a person may have, counting these, sorted, in place of those that a category has.
    async fn refuse_too_many(&self, account: &Account, of: Option<CategoryId>, phrases: &[String]) -> Result<()> {
        let kept = self.repository.keywords(account.id).await?;
        let others = kept
            .iter()
            .filter(|keyword| Some(keyword.category) != of && phrases.binary_search(&keyword.phrase).is_err());
        if others.count() + phrases.len() > MAX_KEYWORDS {
            return Err(AppError::conflict("too_many_keywords", format!("at most {MAX_KEYWORDS} keywords in all")));
        }
        Ok(())
    }

    /// Which category notes and tags would get, and why. Changes nothing.
    ///
    /// # Errors
    /// [`AppError::Invalid`].
    pub async fn categorize(&self, account: &Account, notes: &str, tags: &[String]) -> Result<Shown<Guess>> {
        if notes.chars().count() > florin_domain::expense::MAX_NOTES {
            return Err(AppError::field("/notes", "too_long", "must be at most 500 characters"));
        }
        let basis = self.writer.choosing_basis(account.id).await?;
        Ok(Shown { data: basis.guess(notes, tags), books: basis.books })
    }
}

// What people's own choices have taught.
impl Categories {
    /// How much the caller's own choices have taught.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn learning(&self, account: &Account) -> Result<Learning> {
        self.writer.learning(account.id).await
    }

    /// Forgets what the caller's choices up to now have taught. The expenses stay as they are, and no undo brings it back.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn forget_learned(&self, account: &Account, keep: &Keep<()>) -> Result<()> {
        let now = self.clock.now();
        // Another server's clock may be ahead: what was chosen there is forgotten too.
        let latest = self.writer.learning(account.id).await?.latest;
        let at = latest.map_or(now, |latest| latest.max(now));
        self.repository.forget_learned(account.id, at, keep.receipt(&())?, now).await?;
        keep.note_kept();
        Ok(())
    }
}

fn view(category: Category, keywords: &[StoredKeyword]) -> CategoryView {
    let mine = keywords.iter().filter(|keyword| keyword.category == category.id);
    let keywords = mine.map(|keyword| keyword.phrase.clone()).collect();
    CategoryView { category, keywords }
}

fn refuse_taken_name(existing: &[Category], slug: &str, except: Option<CategoryId>) -> Result<()> {
    let taken = existing.iter().any(|other| other.is_live() && other.slug == slug && Some(other.id) != except);
    if taken { Err(RepositoryError::Taken(florin_domain::repository::UniqueKey::CategorySlug).into()) } else { Ok(()) }
}

fn check_target(taxonomy: &florin_domain::category::Taxonomy, source: &Category, into: CategoryId) -> Result<()> {
    if !source.is_live() {
        return Err(AppError::conflict("category_archived", "an archived category cannot be merged"));
    }
    if source.id == into {
        return Err(AppError::field("/merge_into", "same_category", "must be another category"));
    }
    match taxonomy.get(into) {
        Some(target) if target.is_live() => Ok(()),
        Some(_) => Err(AppError::field("/merge_into", "category_archived", "is an archived category")),
        None => Err(AppError::field("/merge_into", "unknown_category", "must be one of your categories")),
    }
}

/// The normal forms of keywords, each once, in order.
fn check_keywords(keywords: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    let mut phrases = Vec::with_capacity(keywords.len());
    for (index, keyword) in keywords.iter().enumerate() {
        match normalize_keyword(keyword) {
            Some(phrase) => phrases.push(phrase),
            None => errors.push(FieldError::new(
                format!("/keywords/{index}"),
                "invalid_keyword",
                "must have a word, and at most 60 characters",
            )),
        }
    }
    phrases.sort_unstable();
    phrases.dedup();
    phrases
}
