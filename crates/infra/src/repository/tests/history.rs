//! What people do to their expenses, one after the other.

use florin_domain::calendar::parse_date;
use florin_domain::categorizer::{Categorization, Source};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{ActionKind, Effect, Head, amend, record, remove};
use florin_domain::repository::{
    ExpenseRepository, LedgerRepository, ReportRepository, RepositoryError, SpendingBy, UniqueKey,
};

use super::database::with_database;
use super::person::{Person, lunch, tags};

#[tokio::test]
async fn undo_and_redo_bring_everything_back() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        assert_eq!(ana.ledger.head(ana.user).await.unwrap(), Head::EMPTY);
        let first = ExpenseState {
            notes: "  café ☕ \"x\"; DROP TABLE expenses;-- \u{1F600} ".to_owned(),
            tags: tags(&["trip", "work"]),
            categorization: Categorization {
                source: Source::UserKeyword,
                matched: Some("café".to_owned()),
                confidence_bp: 9_900,
                model: None,
                chosen_at: None,
            },
            external_id: Some("bank-1".to_owned()),
            imported: true,
            ..lunch()
        };
        let id = ana.create(first.clone()).await;
        let made = ana.get(id).await;
        assert_eq!((made.state.clone(), made.live, made.version, made.last_action), (first.clone(), true, 1, Seq(1)));

        ana.edit(id, |state| {
            state.amount = 250;
            state.date = parse_date("2026-04-30").unwrap();
            state.category = CategoryId(2);
            state.tags = tags(&["trip", "weekend"]);
        })
        .await;
        let edited = ana.get(id).await;
        ana.delete(id).await;
        assert!(!ana.get(id).await.live);
        assert_eq!(ana.live().await, []);
        assert_eq!(ana.expenses.tags(ana.user).await.unwrap(), []);
        ana.check().await;

        assert_eq!(ana.undo().await, Some(Seq(4)));
        assert_eq!(ana.get(id).await.state, edited.state);
        assert_eq!(ana.undo().await, Some(Seq(5)));
        assert_eq!(ana.get(id).await.state, first);
        assert_eq!(ana.undo().await, Some(Seq(6)));
        assert_eq!(ana.undo().await, None);
        ana.check().await;
        // The creation was taken back: its external id is free.
        assert_eq!(ana.get(id).await.state.external_id, None);

        for _ in 0..3 {
            assert!(ana.redo().await.is_some());
        }
        assert_eq!(ana.redo().await, None);
        let deleted = ana.get(id).await;
        assert!(!deleted.live);
        assert_eq!(deleted.version, 9);
        ana.undo().await;
        assert_eq!(ana.get(id).await.state, edited.state);
        ana.check().await;

        let head = ana.ledger.head(ana.user).await.unwrap();
        assert_eq!((head.seq, head.last_ordinary, head.next_undo), (Seq(10), Seq(3), Some(Seq(2))));
        let log = ana.ledger.actions_before(ana.user, None, 4).await.unwrap();
        assert!(log.more);
        assert_eq!(log.rows.iter().map(|action| action.seq.0).collect::<Vec<_>>(), [10, 9, 8, 7]);
        assert_eq!((log.rows[0].effect, log.rows[0].root, log.rows[1].effect), (Effect::Undo, Seq(3), Effect::Redo));
        let rest = ana.ledger.actions_before(ana.user, Some(Seq(3)), 4).await.unwrap();
        assert_eq!((rest.rows.len(), rest.more), (2, false));
    })
    .await;
}

#[tokio::test]
async fn a_merge_moves_the_expenses_and_is_undone_as_one() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let tea = ana.own_category("Tea", "tea", &[]).await.unwrap();
        assert_eq!(tea.id, CategoryId(1001));
        let (a, b) = (
            ana.create(ExpenseState { category: tea.id, ..lunch() }).await,
            ana.create(ExpenseState { category: tea.id, tags: tags(&["green"]), ..lunch() }).await,
        );
        let before = (ana.get(a).await.state, ana.get(b).await.state);
        let merge = ana.merge(tea.id, CategoryId(1)).await;
        assert_eq!(ana.get(a).await.state.category, CategoryId(1));
        let merged = ana.taxonomy().await.get(tea.id).cloned().unwrap();
        assert_eq!((merged.is_live(), merged.merged_into, merged.version), (false, Some(CategoryId(1)), 2));
        ana.check().await;

        // The name was taken meanwhile: the category comes back under another one.
        ana.own_category("Tea", "tea", &[]).await.unwrap();
        assert!(ana.reverse(merge).await.unwrap().is_ok());
        let back = ana.taxonomy().await.get(tea.id).cloned().unwrap();
        assert_eq!((back.name.as_str(), back.slug.as_str()), ("Tea (2)", "tea-2"));
        assert_eq!((back.is_live(), back.merged_into, back.version), (true, None, 3));
        assert_eq!((ana.get(a).await.state, ana.get(b).await.state), before);
        assert!(ana.redo().await.is_some());
        assert_eq!(ana.in_food().await, 2);
        assert!(ana.undo().await.is_some());
        assert_eq!(ana.in_food().await, 0);
        ana.check().await;
    })
    .await;
}

impl Person {
    async fn in_food(&self) -> usize {
        self.expenses.in_category(self.user, CategoryId(1)).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_plan_on_what_has_changed_is_stale_and_leaves_nothing() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.create(lunch()).await;
        let old = ana.get(id).await;
        let edit = |amount| amend(&old, ExpenseState { amount, ..old.state.clone() }).unwrap();

        let on_old_version = ana.planned(ActionKind::Update, vec![edit(7)]).await;
        ana.edit(id, |state| state.amount = 5).await;
        assert!(matches!(ana.ledger.apply(&on_old_version).await, Err(RepositoryError::Stale)));

        let mut on_old_head = ana.planned(ActionKind::Delete, vec![remove(&ana.get(id).await)]).await;
        on_old_head.guard.seq = Some(Seq(1));
        assert!(matches!(ana.ledger.apply(&on_old_head).await, Err(RepositoryError::Stale)));

        let on_old_taxonomy = ana.planned(ActionKind::Delete, vec![remove(&ana.get(id).await)]).await;
        ana.own_category("Tea", "tea", &[]).await.unwrap();
        assert!(matches!(ana.ledger.apply(&on_old_taxonomy).await, Err(RepositoryError::Stale)));

        // Another person's expense, whatever its version.
        let ben = Person::new(&database, 2);
        let not_bens = ben.planned(ActionKind::Delete, vec![remove(&ana.get(id).await)]).await;
        assert!(matches!(ben.ledger.apply(&not_bens).await, Err(RepositoryError::Stale)));
        assert_eq!(ben.expenses.expense(ben.user, id).await.unwrap(), None);
        assert_eq!(ben.ledger.head(UserId(2)).await.unwrap(), Head::EMPTY);

        assert_eq!(ana.ledger.head(ana.user).await.unwrap().seq, Seq(2));
        assert_eq!(ana.get(id).await.state.amount, 5);
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn an_operation_is_applied_once() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.expenses.reserve_ids(1).await.unwrap()[0];
        let state = ExpenseState { external_id: Some("bank-1".to_owned()), ..lunch() };
        let change_set = ana.planned(ActionKind::Create, vec![record(id, state)]).await;
        ana.ledger.apply(&change_set).await.unwrap();
        assert!(matches!(ana.ledger.apply(&change_set).await, Err(RepositoryError::Taken(UniqueKey::Operation))));

        let mut other =
            ana.planned(ActionKind::Create, vec![record(ana.expenses.reserve_ids(1).await.unwrap()[0], lunch())]).await;
        other.operation = change_set.operation.clone();
        assert!(matches!(ana.ledger.apply(&other).await, Err(RepositoryError::Taken(UniqueKey::Operation))));

        assert_eq!(ana.ledger.head(ana.user).await.unwrap().seq, Seq(1));
        let action = ana.ledger.action(ana.user, Seq(1)).await.unwrap().unwrap();
        assert_eq!(action.changes, change_set.changes);
        // Keys belong to the person.
        let ben = Person::new(&database, 2);
        let mut bens = ben.planned(ActionKind::Batch, vec![]).await;
        bens.operation = change_set.operation.clone();
        ben.ledger.apply(&bens).await.unwrap();
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn an_external_id_is_held_until_the_creation_is_taken_back() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let with_id = |id: &str| ExpenseState { external_id: Some(id.to_owned()), ..lunch() };
        let taken = async |id: &str| {
            let change = record(ana.expenses.reserve_ids(1).await.unwrap()[0], with_id(id));
            let result = ana.ledger.apply(&ana.planned(ActionKind::Create, vec![change]).await).await;
            matches!(result, Err(RepositoryError::Taken(UniqueKey::ExternalId)))
        };
        let id = ana.create(with_id("a")).await;
        assert!(taken("a").await);
        ana.create(with_id("b")).await;
        ana.create(with_id("A")).await;
        ana.edit(id, |state| state.notes = "edited".to_owned()).await;
        ana.delete(id).await;
        assert!(taken("a").await, "a deleted expense keeps its external id");
        let found = ana.expenses.by_external_ids(ana.user, &tags(&["a", "b", "c"])).await.unwrap();
        assert_eq!(found.iter().map(|e| e.state.external_id.as_deref().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        // Ben's are his own.
        Person::new(&database, 2).create(with_id("a")).await;

        let c = ana.create(with_id("c")).await;
        ana.undo().await;
        assert!(!taken("c").await, "an undone creation gives it back");
        ana.check().await;
        assert!(!ana.get(c).await.live);
    })
    .await;
}

fn keyed(id: &str) -> ExpenseState {
    ExpenseState { external_id: Some(id.to_owned()), ..lunch() }
}

impl Person {
    /// Gives some expenses other external ids, in one action.
    async fn rekey(&self, keys: &[(ExpenseId, Option<&str>)], creations: &[&str]) -> Result<(), RepositoryError> {
        let mut changes = Vec::new();
        for (id, key) in keys {
            let expense = self.get(*id).await;
            let after = ExpenseState { external_id: key.map(str::to_owned), ..expense.state.clone() };
            changes.extend(amend(&expense, after));
        }
        let ids = self.expenses.reserve_ids(creations.len()).await?;
        changes.extend(ids.into_iter().zip(creations).map(|(id, key)| record(id, keyed(key))));
        self.ledger.apply(&self.planned(ActionKind::Batch, changes).await).await.map(drop)
    }

    async fn keys(&self) -> Vec<Option<String>> {
        let mut live = self.live().await;
        live.sort_by_key(|expense| expense.id);
        live.into_iter().map(|expense| expense.state.external_id).collect()
    }
}

#[tokio::test]
async fn external_ids_change_hands_within_an_action_in_any_direction() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let (a, b) = (ana.create(keyed("a")).await, ana.create(keyed("b")).await);
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key != "-").then(|| (*key).to_owned())).collect::<Vec<_>>();
        // The one that is written first gets what the other one still has.
        let handed = [(a, Some("b")), (b, None)];
        let swapped = [(a, Some("b")), (b, Some("a"))];
        let back = [(a, None), (b, Some("a"))];
        for (change, creations, after) in [
            (&handed[..], &[][..], &["b", "-"][..]),
            (&swapped[..], &[][..], &["b", "a"][..]),
            (&back[..], &[][..], &["-", "a"][..]),
            // A new one takes over what the action frees; undo then gives it back to a lower id.
            (&[(a, Some("c"))][..], &["a"][..], &["c", "b", "a"][..]),
            (&[(b, None)][..], &["b", "d"][..], &["a", "-", "b", "d"][..]),
        ] {
            ana.rekey(change, creations).await.unwrap();
            assert_eq!(ana.keys().await, keys(after));
            assert!(ana.undo().await.is_some(), "{change:?} {creations:?}");
            assert_eq!(ana.keys().await, keys(&["a", "b"]));
            assert!(ana.redo().await.is_some(), "{change:?} {creations:?}");
            assert_eq!(ana.keys().await, keys(after));
            assert!(ana.undo().await.is_some());
            ana.check().await;
        }
        // What nobody gives up stays taken.
        let taken = ana.rekey(&[(a, Some("b"))], &[]).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::ExternalId))), "{taken:?}");
        ana.delete(b).await;
        let taken = ana.rekey(&[(a, Some("b"))], &["a"]).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::ExternalId))), "{taken:?}");
        assert_eq!(ana.keys().await, keys(&["a"]));
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn a_total_that_leaves_its_range_is_refused() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        ana.create(lunch()).await;
        ana.execute(&format!("UPDATE monthly_expense SET total = {}", i64::MAX - 50)).await;
        let change = record(ana.expenses.reserve_ids(1).await.unwrap()[0], lunch());
        let result = ana.ledger.apply(&ana.planned(ActionKind::Create, vec![change]).await).await;
        assert!(matches!(result, Err(RepositoryError::OutOfRange)), "{result:?}");
        ana.execute("UPDATE monthly_expense SET total = 100").await;
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn one_action_changes_many_expenses() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let ids = ana.expenses.reserve_ids(700).await.unwrap();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        let state = |n: usize| ExpenseState {
            amount: i64::try_from(n).unwrap() + 1,
            tags: tags(&["all", if n.is_multiple_of(2) { "even" } else { "odd" }]),
            category: CategoryId(1 + i64::try_from(n % 19).unwrap()),
            ..lunch()
        };
        let changes = ids.iter().enumerate().map(|(n, id)| record(*id, state(n))).collect();
        ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        assert_eq!(ana.live().await.len(), 700);
        let counts: Vec<_> =
            ana.expenses.tags(ana.user).await.unwrap().into_iter().map(|t| (t.name, t.count)).collect();
        assert_eq!(counts, [("all".to_owned(), 700), ("even".to_owned(), 350), ("odd".to_owned(), 350)]);
        assert_eq!(ana.expenses.with_tag(ana.user, "odd").await.unwrap().len(), 350);
        ana.check().await;
        ana.undo().await;
        assert_eq!(ana.live().await, []);
        ana.redo().await;
        assert_eq!(ana.live().await.len(), 700);
        ana.check().await;
        let by_tag = ana.reports.spending(ana.user, lunch().date, lunch().date, SpendingBy::Tag).await.unwrap();
        assert_eq!(by_tag.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["all", "even", "odd"]);
        assert_eq!(by_tag[0].amount, 700 * 701 / 2);
    })
    .await;
}

/// Any history: the totals are the sums of the live expenses, and the log verifies. The numbers are always the same.
#[tokio::test]
async fn totals_follow_any_history() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let own = ana.own_category("Own", "own", &[]).await.unwrap().id;
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        let mut ids = vec![ana.create(lunch()).await];
        let mut dealt_anew = 0;
        for step in 0..400 {
            let id = ids[usize::try_from(next(ids.len() as u64)).unwrap()];
            let own_is_live = ana.taxonomy().await.get(own).unwrap().is_live();
            let category = if next(4) == 0 && own_is_live { own } else { CategoryId(1 + next(19).cast_signed()) };
            let date = parse_date(&format!("2026-{:02}-{:02}", 1 + next(3), 1 + next(28))).unwrap();
            let some_tags = tags(&["a", "b", "c"][..usize::try_from(next(4)).unwrap()]);
            let amount = 1 + next(1_000_000).cast_signed();
            let live = ana.get(id).await.live;
            match next(12) {
                0..=3 => {
                    ids.push(ana.create(ExpenseState { amount, date, category, tags: some_tags, ..lunch() }).await);
                }
                // All external ids that no deleted expense keeps are dealt anew, in one action.
                10 | 11 => {
                    let mut keys = tags(&["a", "b", "c", "d", "e", "f", "g", "h"]);
                    let mut players = ana.expenses.by_external_ids(ana.user, &keys).await.unwrap();
                    keys.retain(|key| players.iter().all(|e| e.live || e.state.external_id.as_ref() != Some(key)));
                    players.retain(|expense| expense.live && expense.id != id);
                    players.extend([ana.get(id).await].into_iter().filter(|expense| expense.live));
                    let mut deal: Vec<Option<String>> = keys.into_iter().map(Some).chain([None]).collect();
                    let by = usize::try_from(next(deal.len() as u64)).unwrap();
                    deal.rotate_left(by);
                    let mut deal = deal.into_iter();
                    let dealt = players.iter().filter_map(|player| {
                        let external_id = deal.next().flatten();
                        amend(player, ExpenseState { external_id, ..player.state.clone() })
                    });
                    let mut changes: Vec<_> = dealt.collect();
                    if let Some(Some(key)) = deal.next() {
                        ids.extend(ana.expenses.reserve_ids(1).await.unwrap());
                        changes.extend(ids.last().map(|id| record(*id, ExpenseState { date, ..keyed(&key) })));
                    }
                    ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
                    dealt_anew += 1;
                }
                4 | 5 if live => {
                    let which = next(4);
                    ana.edit(id, |state| match which {
                        0 => state.amount = amount,
                        1 => state.date = date,
                        2 => state.category = category,
                        _ => state.tags = some_tags,
                    })
                    .await;
                }
                6 if live => ana.delete(id).await,
                7 => {
                    ana.undo().await;
                }
                8 => {
                    ana.redo().await;
                }
                _ if own_is_live && next(3) == 0 => {
                    ana.merge(own, CategoryId(1)).await;
                }
                _ => {
                    let seq = 1 + next(ana.ledger.head(ana.user).await.unwrap().seq.0.cast_unsigned());
                    let action = ana.ledger.action(ana.user, Seq(seq.cast_signed())).await.unwrap().unwrap();
                    // A redo has put its root in effect: to take it back is to take the root back.
                    let seq = if action.effect == Effect::Redo { action.root } else { action.seq };
                    let _ = ana.reverse(seq).await.unwrap();
                }
            }
            if step % 25 == 0 {
                ana.check().await;
            }
        }
        ana.check().await;
        let head = ana.ledger.head(ana.user).await.unwrap();
        assert!(head.seq > Seq(150) && dealt_anew > 30, "{dealt_anew} {head:?}");
    })
    .await;
}

#[tokio::test]
async fn a_merge_writes_many_at_once_if_none_has_changed() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let ids = ana.expenses.reserve_ids(600).await.unwrap();
        let old = |id: &ExpenseId| id.0 % 3 == 0;
        let state = |id: &ExpenseId| ExpenseState { amount: id.0, tags: tags(&["t"]), ..lunch() };
        let changes = ids.iter().map(|id| record(*id, state(id))).collect();
        ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        // Not all are of one version.
        let mut changes = Vec::new();
        for expense in ana.live().await.iter().filter(|expense| old(&expense.id)) {
            changes.extend(amend(expense, ExpenseState { notes: "edited".to_owned(), ..expense.state.clone() }));
        }
        ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        let tea = ana.own_category("Tea", "tea", &[]).await.unwrap().id;
        let before = ana.live().await;
        let to_tea = |expense: &Expense| amend(expense, ExpenseState { category: tea, ..expense.state.clone() });
        let merge: Vec<_> = before.iter().filter_map(to_tea).collect();
        let change_set = ana.planned(ActionKind::Merge, merge.clone()).await;
        ana.ledger.apply(&change_set).await.unwrap();
        for (was, is) in before.iter().zip(ana.live().await) {
            let state = ExpenseState { category: tea, ..was.state.clone() };
            let updated_at = change_set.at;
            assert_eq!(is, Expense { state, version: was.version + 1, updated_at, last_action: Seq(3), ..was.clone() });
        }
        ana.check().await;
        ana.undo().await.unwrap();
        assert_eq!(ana.live().await.iter().filter(|expense| expense.state.category == tea).count(), 0);
        ana.redo().await.unwrap();
        ana.check().await;
        // One of them has changed since the plan was made: nothing is written.
        ana.undo().await.unwrap();
        let merge: Vec<_> = ana.live().await.iter().filter_map(to_tea).collect();
        ana.edit(ids[300], |state| state.notes = "meanwhile".to_owned()).await;
        let stale = ana.ledger.apply(&ana.planned(ActionKind::Merge, merge).await).await;
        assert!(matches!(stale, Err(RepositoryError::Stale)), "{stale:?}");
        assert_eq!(ana.expenses.in_category(ana.user, tea).await.unwrap(), []);
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn dates_and_amounts_at_the_ends_are_read_back() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        for (date, amount) in [("1970-01-01", 1), ("2024-02-29", 999), ("9999-12-31", 1_000_000_000_000)] {
            let date = parse_date(date).unwrap();
            let state = ExpenseState { date, logged_on: date, amount, notes: "x".repeat(500), ..lunch() };
            let id = ana.create(state.clone()).await;
            assert_eq!(ana.get(id).await.state, state);
        }
        let wide =
            ExpenseState { notes: "\u{1F600}".repeat(500), external_id: Some("\u{1F600}".repeat(100)), ..lunch() };
        let id = ana.create(wide.clone()).await;
        assert_eq!(ana.get(id).await.state, wide);
        ana.check().await;
    })
    .await;
}
