//! What the rules cost: a guess at a category, a score, a plan of the ledger.
//!
//! In nanoseconds, by criterion: `cargo bench -p florin-domain`. In instructions, which do not depend on what else the machine
//! does: under callgrind, with `RULES_ONCE="NAME"` and `RULES_TIMES=N`, which does that one so many times and nothing else;
//! `tests/instructions.sh` runs it so and compares with what is kept.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark prints what it found, and ends when something goes wrong"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::Criterion;
use florin_domain::budget::{Limit, Scope};
use florin_domain::calendar::{Month, Timestamp, parse_date};
use florin_domain::categorizer::{Categorizer, Guesser, Learned, Note, model, system};
use florin_domain::category::Taxonomy;
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{
    Action, ActionKind, ChangeSet, Draft, Effect, GENESIS, Guard, Header, OperationId, action_hash, payload_hash, plan,
    plan_reversal, record,
};
use florin_domain::score::{Activity, MonthFacts, model as score_model, score};

/// Something that is measured, under its name.
type Case = (&'static str, Box<dyn Fn()>);

/// As long as most notes are.
const NOTE: &str = "lunch with Ana";
/// As banks write.
const LINE: &str = "CARD PAYMENT UBER *TRIP 8005928996 HELP.UBER.COM 12NOV";
/// How many expenses a large action has.
const MANY: i64 = 500;

fn categorizer(learned: Option<&Learned>) -> Categorizer<'_> {
    Categorizer { keywords: None, learned, model: model::shipped() }
}

fn state(n: i64) -> ExpenseState {
    ExpenseState {
        amount: 100 + n,
        date: parse_date("2026-11-12").unwrap(),
        notes: NOTE.to_owned(),
        category: CategoryId(1 + n % 18),
        categorization: categorizer(None).decide(&Note::new(NOTE, &[])).categorization,
        tags: vec!["friends".to_owned()],
        external_id: None,
        logged_at: Timestamp(1_795_000_000_000),
        logged_on: parse_date("2026-11-12").unwrap(),
        imported: false,
    }
}

fn draft() -> Draft {
    Draft {
        user: UserId(1),
        at: Timestamp(1_795_000_000_000),
        kind: ActionKind::Create,
        operation: OperationId("0123456789abcdef0123456789abcdef".to_owned()),
        salt: [7; 16],
        guard: Guard { taxonomy_version: 0, seq: None },
    }
}

fn states(count: i64) -> Vec<ExpenseState> {
    (1..=count).map(state).collect()
}

fn recorded(states: &[ExpenseState]) -> ChangeSet {
    let changes = (1..).zip(states).map(|(n, state)| record(ExpenseId(n), state.clone()));
    plan(draft(), changes.collect(), Vec::new()).unwrap()
}

/// The action of that change set, and the expenses as it left them.
fn done(set: &ChangeSet) -> (Action, BTreeMap<ExpenseId, Expense>) {
    let stored = |id, state: &ExpenseState| Expense {
        id,
        state: state.clone(),
        live: true,
        version: 1,
        updated_at: set.at,
        last_action: Seq(1),
    };
    let expenses =
        set.changes.iter().map(|change| (change.expense, stored(change.expense, change.after.as_ref().unwrap())));
    let expenses = expenses.collect();
    let action = Action {
        seq: Seq(1),
        kind: set.kind,
        at: set.at,
        reverses: None,
        reversed_by: None,
        root: Seq(1),
        effect: Effect::Original,
        changes: set.changes.clone(),
        links: Vec::new(),
    };
    (action, expenses)
}

/// A month with a limit on each of ten categories, something on most days, and a day left to do better.
fn month() -> MonthFacts {
    let month = Month::parse("2026-11").unwrap();
    let day = |day: u32| parse_date(&format!("2026-11-{day:02}")).unwrap();
    let limit = |n: i64| Limit { scope: Scope::Category(CategoryId(n)), from_month: month, amount: 20_000 };
    MonthFacts {
        month,
        today: day(25),
        signed_up_on: parse_date("2025-01-15").unwrap(),
        limits: (1..=10).map(limit).collect(),
        spent: (1..=18).map(|n| (CategoryId(n), 1_700 * n)).collect(),
        activity: (1..=24)
            .filter(|n| n % 5 != 0)
            .flat_map(|n| {
                let late = day((n + n % 3).min(25));
                [(day(n), 2), (late, 1)].map(|(logged_on, count)| Activity {
                    date: day(n),
                    logged_on,
                    imported: false,
                    count,
                })
            })
            .collect(),
    }
}

fn cases() -> Vec<Case> {
    let guess =
        |text: &'static str| move || drop(black_box(categorizer(None).decide(&Note::new(black_box(text), &[]))));
    let facts = month();
    let standard = score_model("standard/1").unwrap();
    let (few, many) = (states(1), states(MANY));
    let one = recorded(&few);
    let header = {
        let payload = payload_hash(&one.salt, &one.changes, &one.links);
        Header { user: one.user, seq: Seq(1), at: one.at, kind: one.kind, reverses: None, payload }
    };
    let (action, expenses) = done(&recorded(&many));
    let taxonomy = Taxonomy::new(Vec::new());
    vec![
        ("categorize: a note", Box::new(guess(NOTE))),
        ("categorize: a bank's line", Box::new(guess(LINE))),
        (
            "categorize: a note's keyword",
            Box::new(|| drop(black_box(system().guess(&Note::new(black_box(NOTE), &[]))))),
        ),
        ("score: a month", Box::new(move || drop(black_box(score(standard, black_box(&facts)))))),
        ("ledger: plan a creation", Box::new(move || drop(black_box(recorded(black_box(&few)))))),
        (
            "ledger: hash a creation",
            Box::new(move || {
                let payload = payload_hash(&one.salt, black_box(&one.changes), &one.links);
                black_box(action_hash(&GENESIS, &Header { payload, ..header }));
            }),
        ),
        ("ledger: plan 500 creations", Box::new(move || drop(black_box(recorded(black_box(&many)))))),
        (
            "ledger: plan the undo of 500",
            Box::new(move || {
                let undo = plan_reversal(draft(), black_box(&action), &expenses, &[], &taxonomy, &[]);
                drop(black_box(undo.unwrap()));
            }),
        ),
    ]
}

fn main() {
    let cases = cases();
    if let Ok(name) = std::env::var("RULES_ONCE") {
        let times: usize = std::env::var("RULES_TIMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
        let (_, case) = cases.iter().find(|(known, _)| *known == name).expect("a case of that name");
        (0..times).for_each(|_| case());
        return;
    }
    if std::env::args().any(|argument| argument == "--names") {
        cases.iter().for_each(|(name, _)| println!("{name}"));
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().without_plots();
    for (name, case) in &cases {
        criterion.bench_function(name, |bencher| bencher.iter(case));
    }
    criterion.final_summary();
}
