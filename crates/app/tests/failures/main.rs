//! What the use cases do when a port fails or a race is lost: the paths that no database can be made to take at will.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

mod accounts;
mod deliveries;

use std::sync::Arc;

use chrono::NaiveDate;
use florin_app::error::AppError;
use florin_app::expenses::{Expenses, NewExpense};
use florin_app::port::{MockClock, MockSecretGenerator};
use florin_app::receipts::Keep;
use florin_app::undo::Undo;
use florin_app::writer::Writer;
use florin_domain::account::{Account, Email, Role};
use florin_domain::calendar::{Timestamp, Zone};
use florin_domain::categorizer::Categorization;
use florin_domain::category::Category;
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{Action, ActionKind, Effect, Head, OperationId, record, remove};
use florin_domain::money::Currency;
use florin_domain::repository::{
    Applied, MockAccountRepository, MockCategoryRepository, MockExpenseRepository, MockLedgerRepository,
    RepositoryError, UniqueKey,
};

const NOW: Timestamp = Timestamp(1_772_000_000_000);

fn account() -> Account {
    Account {
        id: UserId(7),
        email: Email::parse("ana@example.com").unwrap(),
        name: "Ana".into(),
        role: Role::User,
        currency: Currency::parse("INR").unwrap(),
        zone: Zone::UTC,
        created_at: NOW,
        verified_at: Some(NOW),
        disabled_at: None,
        learned_since: None,
    }
}

fn clock() -> MockClock {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(NOW);
    clock
}

fn secrets() -> MockSecretGenerator {
    let mut secrets = MockSecretGenerator::new();
    secrets.expect_salt().return_const([0; 16]);
    secrets.expect_operation().returning(|| OperationId("op".into()));
    secrets
}

fn category() -> Category {
    let (name, slug) = ("Uncategorized".into(), "uncategorized".into());
    Category {
        id: CategoryId(19),
        name,
        slug,
        system: true,
        archived_at: None,
        merged_into: None,
        merged_by: None,
        version: 1,
    }
}

fn expenses(ledger: MockLedgerRepository, repository: MockExpenseRepository) -> Expenses {
    let mut accounts = MockAccountRepository::new();
    accounts.expect_account().returning(|_| Ok(Some(account())));
    let mut categories = MockCategoryRepository::new();
    categories.expect_categories().returning(|_| Ok(vec![category()]));
    categories.expect_keywords().returning(|_| Ok(vec![]));
    let writer =
        Writer::new(Arc::new(accounts), Arc::new(categories), Arc::new(ledger), Arc::new(secrets()), Arc::new(clock()));
    Expenses::new(Arc::new(writer), Arc::new(repository))
}

fn new_expense() -> NewExpense {
    NewExpense { amount: "1.00".into(), external_id: Some("key".into()), ..NewExpense::default() }
}

fn stored() -> Expense {
    let date = NaiveDate::from_ymd_opt(2026, 2, 25).unwrap();
    let state = ExpenseState {
        amount: 100,
        date,
        notes: String::new(),
        category: CategoryId(19),
        categorization: Categorization::none(),
        tags: vec![],
        external_id: Some("key".into()),
        logged_at: NOW,
        logged_on: date,
        imported: false,
    };
    Expense { id: ExpenseId(5), state, live: true, version: 1, updated_at: NOW, last_action: Seq(3) }
}

#[tokio::test]
async fn a_stale_plan_is_made_again() {
    let mut ledger = MockLedgerRepository::new();
    ledger.expect_head().times(3).returning(|_| Ok(Head::EMPTY));
    let mut tries = 0;
    ledger.expect_apply().times(3).returning(move |_| {
        tries += 1;
        if tries < 3 { Err(RepositoryError::Stale) } else { Ok(Applied { seq: Seq(9) }) }
    });
    let mut repository = MockExpenseRepository::new();
    repository.expect_by_external_ids().returning(|_, _| Ok(vec![]));
    repository.expect_reserve_ids().returning(|_| Ok(vec![ExpenseId(1)]));
    let saved = expenses(ledger, repository).create(&account(), &new_expense(), &Keep::nothing()).await.unwrap();
    assert!(saved.created);
    assert_eq!(saved.expense.last_action, Seq(9));
}

#[tokio::test]
async fn an_ever_stale_plan_ends_in_a_conflict_and_not_in_a_loop() {
    let mut ledger = MockLedgerRepository::new();
    ledger.expect_head().returning(|_| Ok(Head::EMPTY));
    ledger.expect_apply().times(50).returning(|_| Err(RepositoryError::Stale));
    let mut repository = MockExpenseRepository::new();
    repository.expect_by_external_ids().returning(|_, _| Ok(vec![]));
    repository.expect_reserve_ids().returning(|_| Ok(vec![ExpenseId(1)]));
    let refused =
        expenses(ledger, repository).create(&account(), &new_expense(), &Keep::nothing()).await.err().unwrap();
    assert!(matches!(refused, AppError::Contended), "{refused:?}");
}

#[tokio::test]
async fn a_lost_race_for_an_external_id_returns_the_winners_expense() {
    let mut ledger = MockLedgerRepository::new();
    ledger.expect_head().returning(|_| Ok(Head::EMPTY));
    ledger.expect_apply().times(1).returning(|_| Err(RepositoryError::Taken(UniqueKey::ExternalId)));
    let mut repository = MockExpenseRepository::new();
    let mut looks = 0;
    repository.expect_by_external_ids().times(2).returning(move |_, _| {
        looks += 1;
        Ok(if looks == 1 { vec![] } else { vec![stored()] })
    });
    repository.expect_reserve_ids().returning(|_| Ok(vec![ExpenseId(1)]));
    let saved = expenses(ledger, repository).create(&account(), &new_expense(), &Keep::nothing()).await.unwrap();
    assert!(!saved.created);
    assert_eq!(saved.expense, stored());
}

#[tokio::test]
async fn a_failing_database_is_told_as_what_it_is() {
    for (failure, expected) in [
        (RepositoryError::Unavailable("gone".into()), "storage is unavailable"),
        (RepositoryError::StorageFull("full".into()), "storage is full"),
        (RepositoryError::Internal("odd".into()), "internal error"),
    ] {
        let mut ledger = MockLedgerRepository::new();
        let mut failure = Some(failure);
        ledger.expect_head().times(1).returning(move |_| Err(failure.take().unwrap()));
        let refused =
            expenses(ledger, MockExpenseRepository::new()).create(&account(), &new_expense(), &Keep::nothing()).await;
        assert_eq!(refused.err().unwrap().to_string(), expected);
    }
}

/// An undo over a log whose one action is taken back by another server between the first two reads of its head.
fn outrun() -> MockLedgerRepository {
    let mut ledger = MockLedgerRepository::new();
    let mut reads = 0;
    ledger.expect_head().returning(move |_| {
        reads += 1;
        let next_undo = (reads == 1).then_some(Seq(1));
        Ok(Head { seq: Seq(reads), last_ordinary: Seq(1), next_undo, ..Head::EMPTY })
    });
    ledger.expect_action().returning(|_, _| {
        Ok(Some(Action {
            seq: Seq(1),
            kind: ActionKind::Create,
            at: NOW,
            reverses: None,
            reversed_by: None,
            root: Seq(1),
            effect: Effect::Original,
            changes: vec![record(ExpenseId(5), stored().state)],
            links: vec![],
        }))
    });
    ledger.expect_latest_in_effect().returning(|_, _, _| Ok(None));
    ledger
}

async fn undo(ledger: MockLedgerRepository, expense: Expense) -> AppError {
    let mut repository = MockExpenseRepository::new();
    repository.expect_expenses().returning(move |_, _| Ok(vec![expense.clone()]));
    let mut accounts = MockAccountRepository::new();
    accounts.expect_account().returning(|_| Ok(Some(account())));
    let mut categories = MockCategoryRepository::new();
    categories.expect_categories().returning(|_| Ok(vec![category()]));
    categories.expect_keywords().returning(|_| Ok(vec![]));
    let ledger = Arc::new(ledger);
    let writer = Writer::new(
        Arc::new(accounts),
        Arc::new(categories),
        Arc::clone(&ledger) as _,
        Arc::new(secrets()),
        Arc::new(clock()),
    );
    let undo = Undo::new(Arc::new(writer), ledger, Arc::new(repository));
    undo.undo(&account(), None, &Keep::nothing()).await.err().unwrap()
}

#[tokio::test]
async fn an_undo_whose_target_vanished_meanwhile_is_planned_again() {
    let mut ledger = outrun();
    ledger.expect_actions().returning(|_, _| Ok(vec![]));
    ledger.expect_apply().times(1).returning(|_| Err(RepositoryError::Stale));
    let refused = undo(ledger, stored()).await;
    assert!(matches!(refused, AppError::NothingToDo { code: "nothing_to_reverse", .. }), "{refused:?}");
}

#[tokio::test]
async fn a_reversal_that_came_while_an_undo_was_planned_is_not_in_its_way() {
    let mut ledger = outrun();
    // The target was read before the other server's reversal, the expense after it.
    let gone = Expense { live: false, version: 2, last_action: Seq(2), ..stored() };
    ledger.expect_actions().returning(|_, _| {
        Ok(vec![Action {
            seq: Seq(2),
            kind: ActionKind::Reversal,
            at: NOW,
            reverses: Some(Seq(1)),
            reversed_by: None,
            root: Seq(1),
            effect: Effect::Undo,
            changes: vec![remove(&Expense { last_action: Seq(1), ..stored() })],
            links: vec![],
        }])
    });
    ledger.expect_apply().never();
    let refused = undo(ledger, gone).await;
    assert!(matches!(refused, AppError::NothingToDo { code: "nothing_to_reverse", .. }), "{refused:?}");
}
