//! Lists, filters, delta sync, figures.

use std::collections::BTreeSet;

use chrono::Days;
use florin_domain::calendar::{Month, Timestamp, parse_date};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq};
use florin_domain::ledger::{ActionKind, record};
use florin_domain::repository::{
    ExpenseCursor, ExpenseFilter, ExpenseQuery, ExpenseRepository, ExpenseSort, LedgerRepository, ReportRepository,
    SortKey, SpendingBy,
};

use super::database::with_database;
use super::person::{Person, lunch, tags};

const SORTS: [ExpenseSort; 6] = [
    ExpenseSort { key: SortKey::Date, descending: false },
    ExpenseSort { key: SortKey::Date, descending: true },
    ExpenseSort { key: SortKey::Amount, descending: false },
    ExpenseSort { key: SortKey::Amount, descending: true },
    ExpenseSort { key: SortKey::LoggedAt, descending: false },
    ExpenseSort { key: SortKey::LoggedAt, descending: true },
];

async fn thousand(ana: &Person) -> Vec<Expense> {
    thousand_more(ana).await;
    ana.live().await
}

async fn thousand_more(ana: &Person) {
    let ids = ana.expenses.reserve_ids(1_000).await.unwrap();
    let changes = ids.iter().enumerate().map(|(n, id)| {
        let n = n as u64;
        let state = ExpenseState {
            amount: 1 + (n * 7_919 % 50).cast_signed(),
            date: parse_date("2026-01-01").unwrap() + Days::new(n * 104_729 % 40),
            logged_at: Timestamp(1_000 + (n * 1_299_709 % 30).cast_signed()),
            category: CategoryId(1 + (n % 19).cast_signed()),
            tags: tags(&["a", "b", "c"][..usize::try_from(n % 4).unwrap()]),
            ..lunch()
        };
        record(*id, state)
    });
    ana.ledger.apply(&ana.planned(ActionKind::Batch, changes.collect()).await).await.unwrap();
}

fn cursor(key: SortKey, expense: &Expense) -> ExpenseCursor {
    match key {
        SortKey::Date => ExpenseCursor::Date(expense.state.date, expense.id),
        SortKey::Amount => ExpenseCursor::Amount(expense.state.amount, expense.id),
        SortKey::LoggedAt => ExpenseCursor::LoggedAt(expense.state.logged_at, expense.id),
    }
}

#[tokio::test]
async fn pages_put_together_are_the_whole_list() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        Person::new(&database, 2).create(lunch()).await;
        let all = thousand(&ana).await;
        assert_eq!(all.len(), 1_000);
        for sort in SORTS {
            let mut expected = all.clone();
            expected.sort_by_key(|e| match sort.key {
                SortKey::Date => (i64::from(chrono::Datelike::num_days_from_ce(&e.state.date)), e.id),
                SortKey::Amount => (e.state.amount, e.id),
                SortKey::LoggedAt => (e.state.logged_at.0, e.id),
            });
            if sort.descending {
                expected.reverse();
            }
            let mut paged = Vec::new();
            let mut query = ExpenseQuery { filter: ExpenseFilter::default(), sort, after: None, limit: 93 };
            loop {
                let page = ana.expenses.list(ana.user, &query).await.unwrap();
                assert!(page.rows.len() == 93 || !page.more);
                query.after = page.rows.last().map(|last| cursor(sort.key, last));
                paged.extend(page.rows);
                if !page.more {
                    break;
                }
            }
            assert_eq!(paged, expected, "{sort:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn filters_hold_together() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let all = thousand(&ana).await;
        let query = |filter| ExpenseQuery { filter, sort: SORTS[1], after: None, limit: 2_000 };
        let (from, to) = (parse_date("2026-01-05").unwrap(), parse_date("2026-01-20").unwrap());
        let filter = ExpenseFilter {
            from: Some(from),
            to: Some(to),
            categories: vec![CategoryId(1), CategoryId(4), CategoryId(7)],
            tags: tags(&["a", "b"]),
            words: tags(&["lunch", "ana"]),
            min_amount: Some(10),
            max_amount: Some(40),
        };
        let found = ana.expenses.list(ana.user, &query(filter.clone())).await.unwrap().rows;
        let expected: BTreeSet<ExpenseId> = all
            .iter()
            .filter(|e| (from..=to).contains(&e.state.date))
            .filter(|e| filter.categories.contains(&e.state.category))
            .filter(|e| filter.tags.iter().all(|tag| e.state.tags.contains(tag)))
            .filter(|e| (10..=40).contains(&e.state.amount))
            .map(|e| e.id)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(found.iter().map(|e| e.id).collect::<BTreeSet<_>>(), expected);

        for (word, notes, hit) in [
            ("lun", "lunch", false),
            ("100%", "100% cotton", false),
            ("cotton", "100% cotton", true),
            ("a_b", "axb", false),
            ("!", "!", false),
            ("café", "Café!", true),
        ] {
            let id = ana.create(ExpenseState { notes: notes.to_owned(), category: CategoryId(18), ..lunch() }).await;
            let filter = ExpenseFilter { words: tags(&[word]), categories: vec![CategoryId(18)], ..Default::default() };
            let found = ana.expenses.list(ana.user, &query(filter)).await.unwrap().rows;
            assert_eq!(found.iter().any(|e| e.id == id), hit, "{word} in {notes}");
        }
        let none = ExpenseFilter { tags: tags(&["nobody has it"]), ..Default::default() };
        assert_eq!(ana.expenses.list(ana.user, &query(none)).await.unwrap().rows, []);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_follows_the_changes_misses_none() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        for size in [1, 5, 1, 3] {
            let ids = ana.expenses.reserve_ids(size).await.unwrap();
            let changes = ids.into_iter().map(|id| record(id, lunch())).collect();
            ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        }
        let deleted = ana.live().await[2].id;
        ana.delete(deleted).await;
        for limit in [1, 2, 3, 5, 6, 100] {
            let (mut since, mut seen) = (Seq::ZERO, Vec::new());
            loop {
                let page = ana.expenses.changed_since(ana.user, since, limit).await.unwrap();
                let end = page.rows.last().map(|e| e.last_action);
                assert!(page.rows.len() as u64 >= limit || !page.more, "limit {limit}");
                seen.extend(page.rows);
                since = end.unwrap_or(since);
                if !page.more {
                    break;
                }
            }
            assert_eq!(seen.len(), 10, "limit {limit}");
            assert_eq!(seen.iter().map(|e| e.id).collect::<BTreeSet<_>>().len(), 10);
            assert!(seen.is_sorted_by_key(|e| (e.last_action, e.id)));
            assert!(!seen.last().unwrap().live);
        }
        let nothing = ana.expenses.changed_since(ana.user, Seq(5), 10).await.unwrap();
        assert_eq!((nothing.rows.len(), nothing.more), (0, false));
    })
    .await;
}

#[tokio::test]
async fn figures_are_the_sums_of_the_live_expenses() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let all = thousand(&ana).await;
        let (from, to) = (parse_date("2026-01-03").unwrap(), parse_date("2026-02-02").unwrap());
        let within = || all.iter().filter(|e| (from..=to).contains(&e.state.date));
        for by in [SpendingBy::Day, SpendingBy::Category, SpendingBy::Tag] {
            let rows = ana.reports.spending(ana.user, from, to, by).await.unwrap();
            assert!(rows.is_sorted_by(|a, b| (a.date, &a.key) < (b.date, &b.key)));
            for row in &rows {
                let expected: i64 = within()
                    .filter(|e| e.state.date == row.date)
                    .filter(|e| match by {
                        SpendingBy::Day => row.key.is_empty(),
                        SpendingBy::Category => e.state.category.to_string() == row.key,
                        SpendingBy::Tag if row.key.is_empty() => e.state.tags.is_empty(),
                        SpendingBy::Tag => e.state.tags.contains(&row.key),
                    })
                    .map(|e| e.state.amount)
                    .sum();
                assert_eq!(row.amount, expected, "{by:?} {row:?}");
            }
            if by != SpendingBy::Tag {
                let sum: i64 = rows.iter().map(|row| row.amount).sum();
                assert_eq!(sum, within().map(|e| e.state.amount).sum::<i64>());
            }
        }
        let (january, february) = (Month::parse("2026-01").unwrap(), Month::parse("2026-02").unwrap());
        let activity = ana.reports.activity(ana.user, january, february).await.unwrap();
        assert_eq!(activity.iter().map(|row| row.count).sum::<i64>(), 1_000);
        assert!(activity.is_sorted_by_key(|row| (row.date, row.logged_on, row.imported)));
        let totals = ana.reports.totals(ana.user, january, january).await.unwrap();
        assert!(totals.iter().all(|(month, ..)| *month == january));
        assert!(totals.is_sorted());
    })
    .await;
}

/// Long lists stay quick: what is read depends on the page, not on the list. Prints what it measures.
#[tokio::test]
#[ignore = "makes 100,000 expenses"]
async fn a_hundred_thousand_expenses_are_listed_and_verified() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let timer = std::time::Instant::now();
        for _ in 0..100 {
            thousand_more(&ana).await;
        }
        println!("made in {:?}", timer.elapsed());
        for sort in SORTS {
            let mut query = ExpenseQuery { filter: ExpenseFilter::default(), sort, after: None, limit: 50 };
            let mut slowest = std::time::Duration::ZERO;
            for _ in 0..40 {
                let timer = std::time::Instant::now();
                let page = ana.expenses.list(ana.user, &query).await.unwrap();
                slowest = slowest.max(timer.elapsed());
                query.after = page.rows.last().map(|last| cursor(sort.key, last));
            }
            let middle = &ana.expenses.expense(ana.user, ExpenseId(54_321)).await.unwrap().unwrap();
            query.after = Some(cursor(sort.key, middle));
            let timer = std::time::Instant::now();
            ana.expenses.list(ana.user, &query).await.unwrap();
            println!("{sort:?}: slowest page {slowest:?}, one in the middle {:?}", timer.elapsed());
        }
        for (name, filter) in [
            ("category", ExpenseFilter { categories: vec![CategoryId(3), CategoryId(9)], ..Default::default() }),
            ("tags", ExpenseFilter { tags: tags(&["a", "c"]), ..Default::default() }),
            ("words", ExpenseFilter { words: tags(&["dinner"]), ..Default::default() }),
        ] {
            let timer = std::time::Instant::now();
            let query = ExpenseQuery { filter, sort: SORTS[1], after: None, limit: 50 };
            let rows = ana.expenses.list(ana.user, &query).await.unwrap().rows.len();
            println!("{name}: {rows} rows in {:?}", timer.elapsed());
        }
        let timer = std::time::Instant::now();
        let verified = ana.ledger.verify(ana.user).await.unwrap();
        assert_eq!((verified.first_bad, verified.actions), (None, 100));
        println!("verified in {:?}", timer.elapsed());
        let timer = std::time::Instant::now();
        for _ in 0..500 {
            ana.create(lunch()).await;
        }
        println!("500 more, one by one, in {:?}", timer.elapsed());
    })
    .await;
}
