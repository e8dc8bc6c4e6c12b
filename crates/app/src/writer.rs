//! What every write of the ledger shares: what it is planned on, and how often it is planned anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use florin_domain::account::Account;
use florin_domain::calendar::Timestamp;
use florin_domain::categorizer::{Categorizer, Guess, Keyword, KeywordSet, Learned, Note, Source, model};
use florin_domain::category::Taxonomy;
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{Seq, UserId};
use florin_domain::ledger::{ActionKind, CategoryLink, ChangeSet, Draft, Guard, Head, OperationId};
use florin_domain::money::Currency;
use florin_domain::repository::{
    AccountRepository, CategoryRepository, ExpenseRepository, LedgerRepository, RepositoryError, UniqueKey,
};

use crate::error::{AppError, Result};
use crate::lessons::{self, Learning, Lessons};
use crate::port::{Clock, SecretGenerator};
use crate::receipts::Keep;

/// How many users' categories are kept in memory.
const CACHED_USERS: usize = 10_000;
/// Writers of one user take turns within a process; this many locks are shared by all users.
const LOCKS: usize = 256;
/// How long a writer waits for its turn: on a busy machine long enough for several others, and short enough for an answer in time
/// when storage is away.
const COURTESY: Duration = Duration::from_secs(2);
/// How often a plan is made in all. Where several servers write for one person at once, most plans are outrun; so many in a row
/// hardly ever. With the pauses between them that is some two seconds.
const MAX_TRIES: u32 = 50;
/// For so long after others were seen to write, storage is asked for the last action before a plan is made.
const ALONE_AGAIN_MILLIS: i64 = 60_000;

/// A user's categories and keywords, ready for use.
pub struct Bookkeeping {
    /// Every category that the user sees.
    pub taxonomy: Taxonomy,
    /// The currency of every amount.
    pub currency: Currency,
    keywords: Arc<KeywordSet>,
    /// Choices up to then teach nothing.
    learned_since: Option<Timestamp>,
}

impl Bookkeeping {
    /// The same with the categories as they are after an action that makes or takes back these merges.
    #[must_use]
    pub fn after(&self, links: &[CategoryLink]) -> Self {
        let taxonomy = links.iter().fold(self.taxonomy.clone(), |taxonomy, link| link.applied_to(&taxonomy));
        let Self { currency, learned_since, .. } = *self;
        Self { taxonomy, currency, keywords: Arc::clone(&self.keywords), learned_since }
    }
}

/// What a plan is made on.
pub struct Basis {
    /// The head of the user's log.
    pub head: Head,
    /// The user's categories, keywords and currency, no older than the head.
    pub books: Arc<Bookkeeping>,
    /// The instant of the write.
    pub at: Timestamp,
    /// What the user's own choices have taught; nothing where no category is to be chosen.
    learned: Option<Arc<Learned>>,
}

impl Basis {
    /// Chooses a category: by the user's keywords, then by what they last chose for the same note, then by the model and
    /// their choices for its words where that is sure enough, else Uncategorized with what may be meant.
    #[must_use]
    pub fn guess(&self, notes: &str, tags: &[String]) -> Guess {
        let Self { books, learned, .. } = self;
        let categorizer =
            Categorizer { keywords: Some(&books.keywords), learned: learned.as_deref(), model: model::shipped() };
        categorizer.decide(&Note::new(notes, tags))
    }

    /// The instant of a choice that is made now: after what was forgotten, by whichever server's clock that was.
    #[must_use]
    pub fn chosen_at(&self) -> Timestamp {
        self.books.learned_since.map_or(self.at, |since| self.at.max(since.plus_millis(1)))
    }

    /// Whether what a choice taught was forgotten.
    #[must_use]
    pub fn is_forgotten(&self, choice: &ExpenseState) -> bool {
        let at = choice.categorization.chosen_at.unwrap_or(choice.logged_at);
        self.books.learned_since.is_some_and(|since| at <= since)
    }

    /// The same without what this expense teaches: for choosing its own category anew.
    #[must_use]
    pub fn without(&self, expense: &Expense) -> Self {
        let Self { head, books, at, learned } = self;
        let learned = learned.as_ref().map(|learned| lessons::without(learned, expense));
        Self { head: head.clone(), books: Arc::clone(books), at: *at, learned }
    }
}

/// Plans' common ground and their way to the ledger.
pub struct Writer {
    accounts: Arc<dyn AccountRepository>,
    categories: Arc<dyn CategoryRepository>,
    ledger: Arc<dyn LedgerRepository>,
    secrets: Arc<dyn SecretGenerator>,
    clock: Arc<dyn Clock>,
    cache: Mutex<HashMap<UserId, (i64, Arc<Bookkeeping>)>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    lessons: Option<Lessons>,
    /// When a plan on what is remembered was last stale; 0 for never.
    outrun_at: AtomicI64,
}

impl Writer {
    /// A writer over its ports.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AccountRepository>,
        categories: Arc<dyn CategoryRepository>,
        ledger: Arc<dyn LedgerRepository>,
        secrets: Arc<dyn SecretGenerator>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let turns = (0..LOCKS).map(|_| tokio::sync::Mutex::new(())).collect();
        Self {
            accounts,
            categories,
            ledger,
            secrets,
            clock,
            cache: Mutex::default(),
            turns,
            lessons: None,
            outrun_at: AtomicI64::new(0),
        }
    }

    /// The same, learning from the choices in these expenses.
    #[must_use]
    pub fn learning_from(self, expenses: Arc<dyn ExpenseRepository>) -> Self {
        Self { lessons: Some(Lessons::new(expenses)), ..self }
    }

    /// Waits a little until no other write of this user is under way in this process. Only a courtesy that spares vain
    /// plans, so it ends soon: the conditional writes of the ledger decide every race, those between processes too.
    #[allow(clippy::disallowed_methods, reason = "how long to be polite decides nothing")]
    pub async fn turn(&self, user: UserId) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let lock = usize::try_from(user.0).unwrap_or_default() % LOCKS;
        tokio::time::timeout(COURTESY, self.turns[lock].lock()).await.ok()
    }

    /// What to plan on now.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_token` when the person was erased meanwhile; else those of storage.
    pub async fn basis(&self, user: UserId) -> Result<Basis> {
        let head = self.ledger.head(user).await?;
        if head.is_sealed() {
            self.forget(user);
            return Err(AppError::invalid_token());
        }
        let books = self.books(user, head.taxonomy_version).await?;
        Ok(Basis { head, books, at: self.clock.now(), learned: None })
    }

    /// What to plan on now where a category may have to be chosen: with what the user's own choices have taught, no older
    /// than the head.
    ///
    /// # Errors
    /// Those of [`Self::basis`].
    pub async fn choosing_basis(&self, user: UserId) -> Result<Basis> {
        let basis = self.basis(user).await?;
        let Some(lessons) = &self.lessons else { return Ok(basis) };
        let Head { seq, taxonomy_version, .. } = basis.head;
        let Bookkeeping { taxonomy, learned_since, .. } = &*basis.books;
        let learned = Some(lessons.learned(user, seq, *learned_since, taxonomy_version, taxonomy).await?);
        Ok(Basis { learned, ..basis })
    }

    /// How much the user's own choices have taught.
    ///
    /// # Errors
    /// Those of [`Self::basis`].
    pub async fn learning(&self, user: UserId) -> Result<Learning> {
        let Basis { head, books, .. } = self.basis(user).await?;
        match &self.lessons {
            Some(lessons) => lessons.count(user, head.seq, books.learned_since).await,
            None => Ok(Learning { since: books.learned_since, ..Learning::default() }),
        }
    }

    /// What to plan on as last known here, without asking storage: of the head only the version of the categories. For a first
    /// plan that other actions may precede; when the version is no longer this one, it is stale. `None` when nothing is known.
    #[must_use]
    pub fn remembered(&self, user: UserId) -> Option<Basis> {
        let cached = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned();
        let (taxonomy_version, books) = cached?;
        Some(Basis { head: Head { taxonomy_version, ..Head::EMPTY }, books, at: self.clock.now(), learned: None })
    }

    /// The same with the last action that is known here, and what was learned up to it. For a first plan that no other action may
    /// precede: with the guard of one that is exclusive it is stale when there is a later one. `None` also while others than this
    /// process write: most such plans would then be made in vain.
    #[must_use]
    pub fn remembered_choosing(&self, user: UserId) -> Option<Basis> {
        let mut basis = self.remembered(user)?;
        let outrun_at = Timestamp(self.outrun_at.load(Ordering::Relaxed));
        if basis.at < outrun_at.plus_millis(ALONE_AGAIN_MILLIS) {
            return None;
        }
        let Bookkeeping { taxonomy, learned_since, .. } = &*basis.books;
        let version = basis.head.taxonomy_version;
        let (seq, learned) = self.lessons.as_ref()?.remembered(user, *learned_since, version, taxonomy)?;
        basis.head.seq = seq;
        basis.learned = Some(learned);
        Some(basis)
    }

    /// Notes that a plan on [`Self::remembered_choosing`] was stale. Others write too, unless it was the categories that were
    /// older.
    pub fn note_outrun(&self, remembered: &Basis, known: &Basis) {
        if remembered.head.taxonomy_version == known.head.taxonomy_version {
            self.outrun_at.store(known.at.0, Ordering::Relaxed);
        }
    }

    /// Whether there are actions that the basis does not know of.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn is_outrun(&self, user: UserId, basis: &Basis) -> Result<bool> {
        Ok(self.ledger.head(user).await?.seq != basis.head.seq)
    }

    /// Lets go of what is kept in memory of a user.
    pub fn forget(&self, user: UserId) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
        if let Some(lessons) = &self.lessons {
            lessons.forget(user);
        }
    }

    /// The user's categories, no older than `version`.
    async fn books(&self, user: UserId, version: i64) -> Result<Arc<Bookkeeping>> {
        let cached = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned();
        if let Some((_, books)) = cached.filter(|(at, _)| *at == version) {
            return Ok(books);
        }
        let taxonomy = Taxonomy::new(self.categories.categories(user).await?);
        let keywords = self.categories.keywords(user).await?;
        // Without an account, it was erased since its head was read.
        let account = self.accounts.account(user).await?.ok_or_else(AppError::invalid_token)?;
        let live = keywords.into_iter().filter_map(|keyword| {
            // A keyword of a merged category speaks for the one that it was merged into; of an archived one, for none.
            let category = match taxonomy.fate(keyword.category) {
                florin_domain::category::Fate::Live => keyword.category,
                florin_domain::category::Fate::Merged(into) => into,
                florin_domain::category::Fate::Gone => return None,
            };
            Some(Keyword { phrase: keyword.phrase, category })
        });
        let keywords = Arc::new(KeywordSet::new(live, Source::UserKeyword));
        let Account { currency, learned_since, .. } = account;
        let books = Arc::new(Bookkeeping { taxonomy, currency, keywords, learned_since });
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_USERS {
            cache.clear();
        }
        cache.insert(user, (version, Arc::clone(&books)));
        Ok(books)
    }

    /// The draft of an action. With `exclusive` the plan is stale after any other action.
    #[must_use]
    pub fn draft(
        &self,
        user: UserId,
        basis: &Basis,
        kind: ActionKind,
        operation: &OperationId,
        exclusive: bool,
    ) -> Draft {
        let guard = Guard { taxonomy_version: basis.head.taxonomy_version, seq: exclusive.then_some(basis.head.seq) };
        Draft { user, at: basis.at, kind, operation: operation.clone(), salt: self.secrets.salt(), guard }
    }

    /// A name for a write whose client gave none.
    #[must_use]
    pub fn operation(&self) -> OperationId {
        self.secrets.operation()
    }

    /// Applies a plan whose outcome is known by the action's number, and keeps the answer with it where that is wanted: the
    /// plan must then be exclusive. `None` when it was stale: plan again on a new [`Basis`].
    ///
    /// # Errors
    /// Those of storage; `stale` after several vain plans; what `outcome` refuses.
    pub async fn carry_out<T>(
        &self,
        basis: &Basis,
        mut change_set: ChangeSet,
        tries: &mut Tries,
        keep: &Keep<T>,
        outcome: impl FnOnce(Seq, &ChangeSet) -> Result<T>,
    ) -> Result<Option<T>> {
        if !keep.is_wanted() {
            let seq = self.apply(&change_set, tries).await?;
            return seq.map(|seq| outcome(seq, &change_set)).transpose();
        }
        let expected = outcome(basis.head.seq.next(), &change_set)?;
        change_set.receipt = keep.receipt(&expected)?;
        let applied = self.apply(&change_set, tries).await?;
        Ok(applied.map(|_| {
            keep.note_kept();
            expected
        }))
    }

    /// Applies a plan. `None` when it was stale.
    async fn apply(&self, change_set: &ChangeSet, tries: &mut Tries) -> Result<Option<Seq>> {
        match self.ledger.apply(change_set).await {
            Ok(applied) => {
                if let Some(lessons) = &self.lessons {
                    lessons.note(change_set.user, applied.seq, change_set);
                }
                Ok(Some(applied.seq))
            }
            // A taken external_id was free when the plan was made: the next plan sees who has it.
            Err(RepositoryError::Stale | RepositoryError::Taken(UniqueKey::ExternalId)) if tries.again() => {
                pause(tries, change_set.salt[0]).await;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Lets others go first, so that those who plan at once part: writers who wait for the same row one behind the other would be
/// outrun by all who wait before them, each time. The salt of a plan is as random as anything; at most 64 ms.
#[allow(clippy::disallowed_methods, reason = "how long to pause decides nothing")]
async fn pause(tries: &Tries, random: u8) {
    tokio::time::sleep(Duration::from_millis(u64::from(random) * u64::from(tries.0.min(8)) / 32)).await;
}

/// How often a plan was made.
#[derive(Debug, Default)]
pub struct Tries(u32);

impl Tries {
    /// For plans that are dear: no more than `most` of them.
    pub(crate) const fn at_most(most: u32) -> Self {
        Self(MAX_TRIES.saturating_sub(most))
    }

    /// Whether another try is left; counts this one.
    pub(crate) fn again(&mut self) -> bool {
        self.0 += 1;
        self.0 < MAX_TRIES
    }
}
