//! Much of everything: what is read at once is bounded.

use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::ledger::{ActionKind, Change, ChangeSet, Effect, Mark, amend};
use florin_domain::repository::{ExpenseRepository, LedgerRepository, MAX_AT_ONCE, Page, RepositoryError};

use super::database::with_database;
use super::person::{Person, lunch, tags};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn pages_of_large_actions_are_short() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        for _ in 0..8 {
            ana.create(lunch()).await;
        }
        // Blanks after a payload mean nothing, but take room.
        let blanks = " ".repeat(3 * MIB / 2);
        ana.execute(&format!("UPDATE user_action SET payload = CONCAT(payload, '{blanks}') WHERE seq IN (3, 4, 5, 6)"))
            .await;
        ana.execute(&format!("UPDATE user_action SET payload = CONCAT(payload, '{0}{0}{0}') WHERE seq = 7", blanks))
            .await;
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let Page { rows, more } = ana.ledger.actions_before(ana.user, before, 6).await.unwrap();
            before = rows.last().map(|action| action.seq);
            pages.push(rows.iter().map(|action| action.seq.0).collect::<Vec<_>>());
            if !more {
                break;
            }
        }
        assert_eq!(pages, [vec![8], vec![7], vec![6, 5], vec![4, 3, 2, 1]]);
        let all: Vec<Seq> = (1..=8).map(Seq).collect();
        let found = ana.ledger.actions(ana.user, &all).await.unwrap();
        assert_eq!(found.iter().map(|action| action.seq).collect::<Vec<_>>(), all);
        ana.check().await;
        ana.execute("UPDATE user_action SET payload = NULL, salt = NULL WHERE seq = 6").await;
        let page = ana.ledger.actions_before(ana.user, Some(Seq(7)), 6).await.unwrap();
        assert_eq!((page.rows.len(), page.rows[0].changes.len(), page.more), (3, 0, true));
    })
    .await;
}

#[tokio::test]
async fn more_expenses_than_an_action_can_hold_are_not_read() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        ana.create(ExpenseState { tags: tags(&["t"]), ..lunch() }).await;
        let mut count = 1;
        while count <= MAX_AT_ONCE {
            // As many again, but no more than one too many.
            let more = count.min(MAX_AT_ONCE + 1 - count);
            ana.execute(&format!(
                "INSERT INTO expenses SELECT id + {count}, user_id, amount, date, notes, notes_words, category_id, \
                 categorization_source, categorization_matched, categorization_bp, external_id, logged_at, logged_on, \
                 imported, live, version, updated_at, last_action, categorization_model, category_chosen_at \
                 FROM expenses WHERE id <= {more}"
            ))
            .await;
            let labels = "INSERT INTO tag_map (expense_id, tag_id) SELECT expense_id";
            ana.execute(&format!("{labels} + {count}, tag_id FROM tag_map WHERE expense_id <= {more}")).await;
            count += more;
        }
        let food = CategoryId(1);
        let too_many = ana.expenses.in_category(ana.user, food).await;
        assert!(matches!(too_many, Err(RepositoryError::TooLarge)), "{too_many:?}");
        let too_many = ana.expenses.with_tag(ana.user, "t").await;
        assert!(matches!(too_many, Err(RepositoryError::TooLarge)), "{too_many:?}");
        // Deleted ones do not count.
        ana.execute("UPDATE expenses SET live = 0 WHERE id = 7").await;
        let found = ana.expenses.in_category(ana.user, food).await.unwrap();
        assert_eq!((found.len(), found[6].id.0), (MAX_AT_ONCE, 8));
        assert_eq!(ana.expenses.with_tag(ana.user, "t").await.unwrap().len(), MAX_AT_ONCE);
    })
    .await;
}

/// What a change was made on is in its payload alone, so that this one is as large as wanted and writes little.
fn heavy(of: &Change, bytes: usize) -> Vec<Change> {
    let before = of.before.clone().map(|state| ExpenseState { notes: "x".repeat(bytes), ..state });
    vec![Change { before, ..of.clone() }]
}

#[tokio::test]
async fn a_reversal_may_be_larger_than_what_it_takes_back() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.create(lunch()).await;
        let expense = ana.get(id).await;
        let edit = amend(&expense, ExpenseState { amount: 7, ..expense.state.clone() }).unwrap();
        let undo = |change_set: ChangeSet| {
            let marks = vec![Mark { seq: Seq(1), from: None, reversed: true }];
            ChangeSet { effect: Effect::Undo, root: Some(Seq(1)), reverses: Some(Seq(1)), marks, ..change_set }
        };
        let planned = async |kind, bytes| ana.planned(kind, heavy(&edit, bytes)).await;
        let room = 2000;
        for refused in
            [planned(ActionKind::Update, 12 * MIB).await, undo(planned(ActionKind::Reversal, 15 * MIB).await)]
        {
            assert!(matches!(ana.ledger.apply(&refused).await, Err(RepositoryError::TooLarge)));
        }
        ana.ledger.apply(&undo(planned(ActionKind::Reversal, 15 * MIB - room).await)).await.unwrap();
        let action = ana.ledger.action(ana.user, Seq(2)).await.unwrap().unwrap();
        assert_eq!(action.changes[0].before.as_ref().unwrap().notes.len(), 15 * MIB - room);
        assert_eq!(ana.ledger.verify(ana.user).await.unwrap().first_bad, None);
    })
    .await;
}
