//! What is altered behind the ledger's back is named.

use florin_domain::calendar::Month;
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::ledger::FirstBad;
use florin_domain::repository::LedgerRepository;
use sea_orm::ConnectionTrait;

use super::database::with_database;
use super::person::{Person, lunch, tags};

impl Person {
    /// Runs a statement as somebody with access to the database would.
    pub(super) async fn execute(&self, sql: &str) {
        self.database.writing().execute_unprepared(sql).await.unwrap();
    }
}

#[tokio::test]
async fn verify_names_what_was_altered() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.create(ExpenseState { tags: tags(&["a"]), ..lunch() }).await;
        ana.create(ExpenseState { notes: "Bus".to_owned(), category: CategoryId(2), ..lunch() }).await;
        ana.edit(id, |state| state.amount = 300).await;
        ana.undo().await;
        ana.check().await;
        let total = FirstBad::Total { month: Month::of(lunch().date), category: CategoryId(2), stored: 101, live: 100 };
        let action = |seq| FirstBad::Action(Seq(seq));
        for (alter, repair, named) in [
            (
                "UPDATE monthly_expense SET total = total + 1 WHERE category_id = 2",
                "UPDATE monthly_expense SET total = total - 1 WHERE category_id = 2",
                total,
            ),
            (
                "UPDATE expenses SET amount = 7 WHERE id = 1",
                "UPDATE expenses SET amount = 100 WHERE id = 1",
                FirstBad::Expense(id),
            ),
            (
                "UPDATE expenses SET live = 0 WHERE id = 1",
                "UPDATE expenses SET live = 1 WHERE id = 1",
                FirstBad::Expense(id),
            ),
            (
                "UPDATE expenses SET categorization_source = 'x' WHERE id = 1",
                "UPDATE expenses SET categorization_source = 'client' WHERE id = 1",
                FirstBad::Expense(id),
            ),
            (
                "UPDATE expenses SET category_chosen_at = category_chosen_at + 1 WHERE id = 1",
                "UPDATE expenses SET category_chosen_at = category_chosen_at - 1 WHERE id = 1",
                FirstBad::Expense(id),
            ),
            (
                "UPDATE expenses SET category_chosen_at = NULL WHERE id = 1",
                "UPDATE expenses SET category_chosen_at = logged_at WHERE id = 1",
                FirstBad::Expense(id),
            ),
            ("UPDATE tags SET name = 'z'", "UPDATE tags SET name = 'a'", FirstBad::Expense(id)),
            (
                "UPDATE user_action SET payload = REPLACE(payload, 'lunch', 'lynch') WHERE seq = 1",
                "UPDATE user_action SET payload = REPLACE(payload, 'lynch', 'lunch') WHERE seq = 1",
                action(1),
            ),
            (
                "UPDATE user_action SET payload = CONCAT('x', payload) WHERE seq = 2",
                "UPDATE user_action SET payload = SUBSTR(payload, 2) WHERE seq = 2",
                action(2),
            ),
            (
                "UPDATE user_action SET at = at + 1 WHERE seq = 2",
                "UPDATE user_action SET at = at - 1 WHERE seq = 2",
                action(2),
            ),
            (
                "UPDATE user_action SET kind = 'delete' WHERE seq = 3",
                "UPDATE user_action SET kind = 'update' WHERE seq = 3",
                action(3),
            ),
            (
                "UPDATE user_action SET kind = 'other' WHERE seq = 3",
                "UPDATE user_action SET kind = 'update' WHERE seq = 3",
                action(3),
            ),
            (
                "UPDATE user_action SET reversed_by = NULL, undoable = 1 WHERE seq = 3",
                "UPDATE user_action SET reversed_by = 4, undoable = 0 WHERE seq = 3",
                action(3),
            ),
            (
                "UPDATE user_action SET undoable = 0 WHERE seq = 2",
                "UPDATE user_action SET undoable = 1 WHERE seq = 2",
                action(2),
            ),
            (
                "UPDATE user_action SET effect = 9 WHERE seq = 4",
                "UPDATE user_action SET effect = 1 WHERE seq = 4",
                action(4),
            ),
            ("UPDATE user_action SET seq = 9 WHERE seq = 2", "UPDATE user_action SET seq = 2 WHERE seq = 9", action(3)),
            ("UPDATE last_user_action SET seq = 3", "UPDATE last_user_action SET seq = 4", FirstBad::Head),
            ("UPDATE last_user_action SET next_undo = 1", "UPDATE last_user_action SET next_undo = 2", FirstBad::Head),
        ] {
            ana.execute(alter).await;
            let verified = ana.ledger.verify(ana.user).await.unwrap();
            assert_eq!(verified.first_bad, Some(named), "{alter}");
            ana.execute(repair).await;
            ana.check().await;
        }
        // Another person's log is none of this one's.
        Person::new(&database, 2).check().await;
    })
    .await;
}

/// Payloads go with their owner alone: of somebody who is there, none may be missing.
#[tokio::test]
async fn a_payload_that_was_taken_away_is_named() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.create(lunch()).await;
        ana.edit(id, |state| state.amount = 300).await;
        ana.execute("UPDATE user_action SET payload = NULL, salt = NULL WHERE seq = 2").await;
        let verified = ana.ledger.verify(ana.user).await.unwrap();
        assert_eq!((verified.first_bad, verified.actions), (Some(FirstBad::Action(Seq(2))), 2));
        let action = ana.ledger.action(ana.user, Seq(2)).await.unwrap().unwrap();
        assert_eq!((action.changes.len(), action.links.len()), (0, 0));
    })
    .await;
}
