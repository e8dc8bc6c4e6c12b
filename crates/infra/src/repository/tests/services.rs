//! Use cases over the repositories, where what they promise needs both.

use std::sync::Arc;

use florin_app::categories::{Categories, CategoryPatch};
use florin_app::error::AppError;
use florin_app::expenses::{Expenses, NewExpense};
use florin_app::receipts::Keep;
use florin_app::undo::Undo;
use florin_app::writer::Writer;
use florin_domain::account::Account;
use florin_domain::category::{Fate, MAX_KEYWORDS};
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::repository::{AccountRepository, CategoryRepository, LedgerRepository};

use crate::clock::SystemClock;
use crate::db::Database;
use crate::repository::account::tests::somebody;
use crate::repository::{SqlAccountRepository, SqlCategoryRepository, SqlExpenseRepository, SqlLedgerRepository};
use crate::security::{Secrets, SigningKey};

use super::database::{TestDatabase, with_database};
use super::person::{Person, lunch, tags};

const TRAVEL: CategoryId = CategoryId(2);

/// One server's use cases.
struct Server {
    categories: Categories,
    expenses: Expenses,
    undo: Undo,
}

impl Server {
    fn new(database: &Database) -> Self {
        let categories = Arc::new(SqlCategoryRepository::new(database.clone()));
        let expenses = Arc::new(SqlExpenseRepository::new(database.clone()));
        let ledger = Arc::new(SqlLedgerRepository::new(database.clone()));
        let writer = Arc::new(Writer::new(
            Arc::new(SqlAccountRepository::new(database.clone())),
            Arc::clone(&categories) as _,
            Arc::clone(&ledger) as _,
            Arc::new(Secrets::new(&SigningKey::new("a key of thirty-two letters for tests".to_owned().into()))),
            Arc::new(SystemClock),
        ));
        let undo = Undo::new(Arc::clone(&writer), ledger, Arc::clone(&expenses) as _);
        let recording = Expenses::new(Arc::clone(&writer), Arc::clone(&expenses) as _);
        let categories = Categories::new(writer, categories, expenses, Arc::new(SystemClock));
        Self { categories, expenses: recording, undo }
    }

    async fn record(&self, account: &Account, category: CategoryId) -> Result<CategoryId, AppError> {
        let new = NewExpense { amount: "1.00".to_owned(), category: Some(category), ..NewExpense::default() };
        let saved = self.expenses.create(account, &new, &Keep::nothing()).await?;
        Ok(saved.expense.state.category)
    }

    async fn own(&self, account: &Account, name: &str) -> CategoryId {
        self.categories.create(account, name, &[], &Keep::nothing()).await.unwrap().category.id
    }

    async fn merge(&self, account: &Account, from: CategoryId, into: CategoryId) -> Result<Option<Seq>, AppError> {
        self.categories.merge(account, from, into, |_| true, &Keep::nothing()).await
    }

    async fn patch(&self, account: &Account, id: CategoryId, archived: bool) -> Result<(), AppError> {
        let patch = CategoryPatch { name: None, archived: Some(archived) };
        self.categories.update(account, id, |_| true, &patch).await.map(drop)
    }
}

/// A person with an account.
async fn ana(database: &Database) -> (Person, Account) {
    let accounts = SqlAccountRepository::new(database.clone());
    let id = accounts.create(&somebody()).await.unwrap();
    (Person::new(database, id.0), accounts.account(id).await.unwrap().unwrap())
}

#[tokio::test]
async fn an_empty_merge_is_no_action_and_is_taken_back_by_hand() {
    with_database(async |database| {
        let (ana, account) = ana(&database).await;
        let server = Server::new(&database);
        let (tea, coffee) = (server.own(&account, "Tea").await, server.own(&account, "Coffee").await);
        assert_eq!(server.merge(&account, tea, coffee).await.unwrap(), None);
        assert_eq!(ana.taxonomy().await.fate(tea), Fate::Merged(coffee));
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().seq, Seq(0));
        server.patch(&account, tea, false).await.unwrap();
        let taxonomy = ana.taxonomy().await;
        assert_eq!((taxonomy.fate(tea), taxonomy.get(tea).unwrap().merged_into), (Fate::Live, None));
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn a_merge_that_moved_something_is_taken_back_by_undo_alone() {
    with_database(async |database| {
        let (ana, account) = ana(&database).await;
        let server = Server::new(&database);
        let (tea, coffee) = (server.own(&account, "Tea").await, server.own(&account, "Coffee").await);
        ana.create(ExpenseState { category: tea, ..lunch() }).await;
        let merge = server.merge(&account, tea, coffee).await.unwrap().unwrap();
        assert_eq!(ana.taxonomy().await.fate(tea), Fate::Merged(coffee));
        let refused = server.patch(&account, tea, false).await;
        assert!(matches!(refused, Err(AppError::Conflict { code: "category_merged", .. })), "{refused:?}");
        let undone = server.undo.undo(&account, Some(merge), &Keep::nothing()).await.unwrap();
        assert_eq!((undone.reversed.seq, undone.changes.len(), undone.adjustments.len()), (merge, 1, 0));
        assert_eq!(ana.taxonomy().await.fate(tea), Fate::Live);
        server.undo.redo(&account, None, &Keep::nothing()).await.unwrap();
        assert_eq!(ana.taxonomy().await.fate(tea), Fate::Merged(coffee));
        let refused = server.patch(&account, tea, false).await;
        assert!(matches!(refused, Err(AppError::Conflict { code: "category_merged", .. })), "{refused:?}");
        server.undo.undo(&account, None, &Keep::nothing()).await.unwrap();
        // What was only archived comes back as before.
        server.patch(&account, tea, true).await.unwrap();
        server.patch(&account, tea, false).await.unwrap();
        assert_eq!(ana.taxonomy().await.fate(tea), Fate::Live);
        ana.check().await;
    })
    .await;
}

/// Two servers: neither knows what the other one is about to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn categories_are_never_merged_in_a_circle() {
    let fresh = TestDatabase::empty().await;
    let (a, b) = (fresh.connect().await, fresh.connect().await);
    a.migrate().await.unwrap();
    let (ana, account) = ana(&a).await;
    let (here, there) = (Server::new(&a), Server::new(&b));
    for round in 0..30 {
        let one = here.own(&account, &format!("One {round}")).await;
        let two = here.own(&account, &format!("Two {round}")).await;
        let both = tokio::join!(here.merge(&account, one, two), there.merge(&account, two, one));
        let taxonomy = ana.taxonomy().await;
        let live = [one, two].map(|id| taxonomy.get(id).unwrap().is_live());
        assert!(live[0] != live[1], "{live:?} {both:?}");
    }
    ana.check().await;
    fresh.remove(&[a, b]).await;
}

#[tokio::test]
async fn a_category_with_too_many_keywords_is_not_made() {
    with_database(async |database| {
        let (ana, account) = ana(&database).await;
        let server = Server::new(&database);
        let many: Vec<String> = (0..MAX_KEYWORDS - 1).map(|n| format!("word{n}")).collect();
        ana.categories.put_keywords(ana.user, TRAVEL, &many).await.unwrap();
        let create = async |name: &str, keywords: &[&str]| {
            server.categories.create(&account, name, &tags(keywords), &Keep::nothing()).await
        };
        let refused = create("Tea", &["oolong", "sencha"]).await;
        assert!(matches!(refused, Err(AppError::Conflict { code: "too_many_keywords", .. })), "{refused:?}");
        assert!(ana.taxonomy().await.live_by_slug("tea").is_none());
        // One that moves here from another category is not one more.
        let made = create("Tea", &["Sencha", "word7", "sencha"]).await.unwrap();
        assert_eq!(made.keywords, ["sencha", "word7"]);
        assert_eq!(server.categories.get(&account, made.category.id).await.unwrap(), made);
        assert_eq!(ana.categories.keywords(ana.user).await.unwrap().len(), MAX_KEYWORDS);
    })
    .await;
}

/// An expense is planned on the categories that its server remembers, and these may be others by now.
#[tokio::test]
async fn what_a_server_remembers_is_never_taken_for_what_is() {
    with_database(async |database| {
        let (ana, account) = ana(&database).await;
        let (here, there) = (Server::new(&database), Server::new(&database));
        assert_eq!(here.record(&account, TRAVEL).await.unwrap(), TRAVEL);
        // It does not remember this one yet.
        let tea = there.own(&account, "Tea").await;
        assert_eq!(here.record(&account, tea).await.unwrap(), tea);
        assert!(matches!(here.record(&account, CategoryId(999_999)).await, Err(AppError::Invalid(_))));
        // And this one as it was.
        there.patch(&account, tea, true).await.unwrap();
        assert!(matches!(here.record(&account, tea).await, Err(AppError::Invalid(_))));
        there.patch(&account, tea, false).await.unwrap();
        there.merge(&account, tea, TRAVEL).await.unwrap();
        assert!(matches!(here.record(&account, tea).await, Err(AppError::Invalid(_))));
        assert_eq!(here.record(&account, TRAVEL).await.unwrap(), TRAVEL);
        ana.check().await;
    })
    .await;
}
