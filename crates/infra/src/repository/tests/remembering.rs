//! Plans on what a server remembers, beside other servers.

use std::sync::Arc;

use florin_app::expenses::{Expenses, NewExpense};
use florin_app::receipts::Keep;
use florin_app::writer::Writer;
use florin_domain::account::Account;
use florin_domain::calendar::parse_date;
use florin_domain::id::CategoryId;
use florin_domain::repository::AccountRepository;

use crate::clock::SystemClock;
use crate::db::Database;
use crate::repository::account::tests::somebody;
use crate::repository::{SqlAccountRepository, SqlCategoryRepository, SqlExpenseRepository, SqlLedgerRepository};
use crate::security::{Secrets, SigningKey};

use super::database::with_database;

const TRAVEL: CategoryId = CategoryId(2);
const UNCATEGORIZED: CategoryId = CategoryId(19);

/// One server's use cases of expenses.
struct Server(Expenses);

impl Server {
    fn new(database: &Database) -> Self {
        let expenses = Arc::new(SqlExpenseRepository::new(database.clone()));
        let writer = Writer::new(
            Arc::new(SqlAccountRepository::new(database.clone())),
            Arc::new(SqlCategoryRepository::new(database.clone())),
            Arc::new(SqlLedgerRepository::new(database.clone())),
            Arc::new(Secrets::new(&SigningKey::new("a key of thirty-two letters for tests".to_owned().into()))),
            Arc::new(SystemClock),
        );
        Self(Expenses::new(Arc::new(writer.learning_from(Arc::clone(&expenses) as _)), expenses))
    }

    /// Records something, with that category or with one that is chosen; its category.
    async fn create(&self, account: &Account, category: Option<CategoryId>) -> CategoryId {
        let new = NewExpense {
            amount: "1.00".to_owned(),
            date: parse_date("2026-03-01").ok(),
            notes: Some("qwxzy".to_owned()),
            category,
            ..NewExpense::default()
        };
        self.0.create(account, &new, &Keep::nothing()).await.unwrap().expense.state.category
    }
}

/// Who wrote last knows what there is to know. Who did not finds out, and then asks first.
#[tokio::test]
async fn a_category_is_chosen_by_what_was_learned_at_any_server() {
    with_database(async |database| {
        let accounts = SqlAccountRepository::new(database.clone());
        let id = accounts.create(&somebody()).await.unwrap();
        let account = accounts.account(id).await.unwrap().unwrap();
        let (one, other) = (Server::new(&database), Server::new(&database));
        assert_eq!(one.create(&account, None).await, UNCATEGORIZED);
        let asked = database.read().asked();
        for _ in 0..3 {
            assert_eq!(one.create(&account, None).await, UNCATEGORIZED);
        }
        assert_eq!(database.read().asked(), asked, "nothing has to be asked");

        assert_eq!(other.create(&account, Some(TRAVEL)).await, TRAVEL);
        assert_eq!(one.create(&account, None).await, TRAVEL, "it was chosen at the other one");
        let asked = database.read().asked();
        assert_eq!(one.create(&account, None).await, TRAVEL);
        assert_eq!(database.read().asked(), asked + 1, "others write too: the head is asked for first");
        assert_eq!(other.create(&account, None).await, TRAVEL);
    })
    .await;
}
