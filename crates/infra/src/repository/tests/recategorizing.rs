//! Categorizing anew what is more than one action holds.

use std::sync::Arc;

use florin_app::categories::{Categories, MAX_CHANGES, MAX_TOLD, Recategorized};
use florin_app::receipts::Keep;
use florin_app::writer::Writer;
use florin_domain::account::Account;
use florin_domain::categorizer::{Categorization, Source};
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::ledger::{ActionKind, record};
use florin_domain::repository::{AccountRepository, ExpenseRepository, LedgerRepository};

use crate::clock::SystemClock;
use crate::db::Database;
use crate::repository::account::tests::somebody;
use crate::repository::{SqlAccountRepository, SqlCategoryRepository, SqlExpenseRepository, SqlLedgerRepository};
use crate::security::{Secrets, SigningKey};

use super::database::with_database;
use super::person::{Person, lunch};

const TRAVEL: CategoryId = CategoryId(2);
const UNCATEGORIZED: CategoryId = CategoryId(19);

/// The use cases of categories, which learn from expenses.
fn categories(database: &Database) -> Categories {
    let repository = Arc::new(SqlCategoryRepository::new(database.clone()));
    let expenses = Arc::new(SqlExpenseRepository::new(database.clone()));
    let writer = Writer::new(
        Arc::new(SqlAccountRepository::new(database.clone())),
        Arc::clone(&repository) as _,
        Arc::new(SqlLedgerRepository::new(database.clone())),
        Arc::new(Secrets::new(&SigningKey::new("a key of thirty-two letters for tests".to_owned().into()))),
        Arc::new(SystemClock),
    );
    let writer = Arc::new(writer.learning_from(Arc::clone(&expenses) as _));
    Categories::new(writer, repository, expenses, Arc::new(SystemClock))
}

async fn recategorize(categories: &Categories, account: &Account) -> Recategorized {
    categories.recategorize(account, false, &Keep::nothing()).await.unwrap()
}

/// What one choice has taught is applied to all, in as many actions as it takes: what the first of them touched does not take
/// the place of the choice. And it is read page by page.
#[tokio::test]
async fn as_many_actions_as_it_takes() {
    with_database(async |database| {
        let accounts = SqlAccountRepository::new(database.clone());
        let id = accounts.create(&somebody()).await.unwrap();
        let account = accounts.account(id).await.unwrap().unwrap();
        let ana = Person::new(&database, id.0);
        let choice = ana.create(ExpenseState { category: TRAVEL, notes: "qwxzy".to_owned(), ..lunch() }).await;
        let count = MAX_CHANGES + 3;
        for ids in ana.expenses.reserve_ids(count).await.unwrap().chunks(1_000) {
            let (category, categorization) = (UNCATEGORIZED, Categorization::none());
            let state = ExpenseState { notes: "Qwxzy".to_owned(), category, categorization, ..lunch() };
            let changes = ids.iter().map(|id| record(*id, state.clone())).collect();
            ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        }
        let before = ana.ledger.head(ana.user).await.unwrap().seq;
        let server = categories(&database);

        let asked = database.read().asked();
        let would = server.recategorize(&account, true, &Keep::nothing()).await.unwrap();
        let asked = database.read().asked() - asked;
        assert_eq!((would.changed, would.action, would.more), (MAX_CHANGES, None, true));
        // Four pages of two statements; head, categories, keywords, account, choices and their tags.
        assert!(asked <= 2 * 4 + 8, "{asked}");
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().seq, before);

        let first = recategorize(&server, &account).await;
        assert_eq!((first.changed, first.action, first.more), (MAX_CHANGES, Some(before.next()), true));
        assert_eq!((&first.changes, first.changes.len()), (&would.changes, MAX_TOLD));
        let second = recategorize(&server, &account).await;
        let looked_at = u64::try_from(count).unwrap();
        assert_eq!((second.examined, second.changed, second.more), (looked_at, 3, false));
        let third = recategorize(&server, &account).await;
        assert_eq!((third.examined, third.changed, third.action), (looked_at, 0, None));
        let live = ana.live().await;
        assert_eq!(live.len(), count + 1);
        for expense in &live {
            let source = if expense.id == choice { Source::Client } else { Source::Learned };
            assert_eq!((expense.state.category, expense.state.categorization.source), (TRAVEL, source));
        }
        ana.check().await;

        // Each is taken back as a whole.
        assert_eq!(ana.undo().await, Some(Seq(before.0 + 3)));
        assert_eq!(ana.undo().await, Some(Seq(before.0 + 4)));
        let back = ana.live().await;
        let is_back = |state: &ExpenseState| state.categorization == Categorization::none();
        assert_eq!(back.iter().filter(|expense| is_back(&expense.state)).count(), count);
        ana.check().await;
    })
    .await;
}
