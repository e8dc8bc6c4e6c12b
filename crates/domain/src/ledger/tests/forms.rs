//! Names, fields, and the canonical form.

use super::*;
use crate::ledger::canonical::state_hash;

#[test]
fn names_are_the_stored_ones_and_are_read_back() {
    let kinds = [
        (ActionKind::Create, "create"),
        (ActionKind::Update, "update"),
        (ActionKind::Delete, "delete"),
        (ActionKind::Batch, "batch"),
        (ActionKind::Merge, "merge"),
        (ActionKind::Retag, "retag"),
        (ActionKind::Recategorize, "recategorize"),
        (ActionKind::Reversal, "reversal"),
    ];
    for (kind, name) in kinds {
        assert_eq!((kind.as_str(), ActionKind::parse(name)), (name, Some(kind)));
    }
    assert_eq!(ActionKind::parse("Create"), None);
    for (effect, code) in [(Effect::Original, 0), (Effect::Undo, 1), (Effect::Redo, 2)] {
        assert_eq!((effect.code(), Effect::from_code(code)), (code, Some(effect)));
    }
    assert_eq!(Effect::from_code(3), None);
    let reasons = [AdjustmentReason::CategoryMerged, AdjustmentReason::CategoryGone, AdjustmentReason::CategoryRenamed];
    assert_eq!(reasons.map(AdjustmentReason::as_str), ["category_merged", "category_gone", "category_renamed"]);
}

#[test]
fn an_ordinary_action_in_effect_can_be_undone() {
    let original = action(4, ActionKind::Create, vec![]);
    assert!(original.is_undoable());
    assert!(!Action { reversed_by: Some(Seq(5)), ..original.clone() }.is_undoable());
    assert!(!Action { effect: Effect::Undo, ..original.clone() }.is_undoable());
    assert!(!Action { effect: Effect::Redo, ..original }.is_undoable());
}

#[test]
fn a_head_is_sealed_by_its_version_alone() {
    assert_eq!(Head::SEALED, -1);
    assert!(!Head::EMPTY.is_sealed());
    assert!(Head { taxonomy_version: -1, ..Head::EMPTY }.is_sealed());
    assert!(!Head { taxonomy_version: 1, ..Head::EMPTY }.is_sealed());
}

#[test]
fn a_link_is_applied_to_the_categories() {
    let merge = CategoryLink { category: PETS, before: None, after: Some(FOOD), revived: None };
    let merged = merge.applied_to(&taxonomy());
    assert_eq!(merged.resolve(PETS), FOOD);
    let back = CategoryLink { category: PETS, before: Some(FOOD), after: None, revived: None };
    let revived = back.applied_to(&merged);
    assert_eq!((revived.resolve(PETS), revived.get(PETS).map(|c| c.name.as_str())), (PETS, Some("Pets")));
    let name = Revived { name: "Pets (2)".to_owned(), slug: "pets-2".to_owned() };
    let renamed = CategoryLink { revived: Some(name), ..back }.applied_to(&merged);
    let shown = renamed.get(PETS).map(|c| (c.name.as_str(), c.slug.as_str()));
    assert_eq!((renamed.resolve(PETS), shown), (PETS, Some(("Pets (2)", "pets-2"))));
}

#[test]
fn each_field_is_told_and_copied_apart_from_the_others() {
    for (field, after) in Field::ALL.into_iter().zip(edits()) {
        let change = edit(state(), after.clone());
        let changed: Vec<_> = Field::ALL.into_iter().filter(|f| change.fields().contains(*f)).collect();
        assert_eq!(changed, [field]);
        for other in Field::ALL {
            assert_eq!(other.same(&state(), &after), other != field, "{other:?}");
            let (alone, both) = (FieldSet::from_iter([other]), FieldSet::from_iter([field, other]));
            assert_eq!(alone.overlaps(change.fields()), other == field);
            assert!(both.overlaps(change.fields()) && both.contains(other) && both.contains(field));
            let mut copied = state();
            other.copy(&after, &mut copied);
            assert_eq!(copied, if other == field { after.clone() } else { state() });
        }
        assert!(FieldSet::ALL.contains(field) && !FieldSet::default().contains(field));
    }
    assert!(!FieldSet::default().overlaps(FieldSet::ALL));
    // Who chose is part of the category; another keyword that chose the same is not.
    let by_client = Categorization::client(Timestamp(9));
    let chosen = edit(state(), ExpenseState { categorization: by_client, ..state() });
    assert_eq!(chosen.fields(), FieldSet::from_iter([Field::Category]));
    let explained = edit(state(), ExpenseState { categorization: by_keyword("bus"), ..state() });
    assert_eq!(explained.fields(), FieldSet::default());
}

#[test]
fn changes_are_planned_on_what_is_stored() {
    let created = record(ExpenseId(5), state());
    let expected = Change {
        expense: ExpenseId(5),
        version: 0,
        previous: Seq::ZERO,
        before: None,
        after: Some(state()),
        uncreated: false,
    };
    assert_eq!(created, expected);
    assert_eq!(created.fields(), FieldSet::ALL);
    let stored = expense(5, state());
    assert_eq!(amend(&stored, state()), None, "an edit that changes nothing is none");
    let [edited, ..] = edits();
    let expected =
        Change { version: 2, previous: Seq(3), before: Some(state()), after: Some(edited.clone()), ..expected };
    assert_eq!(amend(&stored, edited), Some(expected.clone()));
    assert_eq!(remove(&stored), Change { after: None, ..expected });
    assert_eq!(remove(&stored).fields(), FieldSet::ALL);
}

#[test]
fn postings_are_merged_sorted_and_never_zero() {
    let [cheaper, earlier, _, elsewhere, ..] = edits();
    let april = ExpenseState { date: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(), ..state() };
    let changes = [record(ExpenseId(1), april), edit(state(), cheaper), record(ExpenseId(2), elsewhere)];
    let month = |text| crate::calendar::Month::parse(text).unwrap();
    let posting = |m, category, amount| Posting { month: month(m), category, amount };
    let expected =
        [posting("2026-03", FOOD, 4500), posting("2026-03", TRAVEL, 1 - 4500), posting("2026-04", TRAVEL, 4500)];
    assert_eq!(post(&changes).unwrap(), expected);
    assert_eq!(post(&[edit(state(), earlier)]).unwrap(), [], "another day of the month");
    let huge = || ExpenseState { amount: i64::MAX, ..state() };
    let overflow = [record(ExpenseId(1), huge()), record(ExpenseId(2), huge())];
    assert_eq!(post(&overflow), Err(crate::money::MoneyError::Overflow));
    let planned = plan(draft(ActionKind::Batch), vec![changes[2].clone(), changes[0].clone()], vec![]).unwrap();
    assert_eq!(planned.changes.iter().map(|change| change.expense.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((planned.effect, planned.root, planned.reverses), (Effect::Original, None, None));
}

fn hex(hash: Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Chains that are stored must verify for ever: a form that changes gets another first line.
#[test]
fn the_canonical_form_never_changes() {
    let name = Revived { name: "Pets (2)".to_owned(), slug: "pets-2".to_owned() };
    let link = CategoryLink { category: PETS, before: Some(FOOD), after: None, revived: Some(name) };
    // From before it was noted when a choice was made.
    let by_client = Categorization { chosen_at: None, ..Categorization::client(Timestamp(9)) };
    let chosen = ExpenseState { categorization: by_client, imported: true, ..edits()[4].clone() };
    let changes = [
        record(ExpenseId(5), state()),
        edit(state(), chosen),
        Change { uncreated: true, ..remove(&expense(6, state())) },
    ];
    let payload = payload_hash(&[7; 16], &changes, &[link]);
    let header = Header {
        user: USER,
        seq: Seq(2),
        at: Timestamp(1_772_500_000_000),
        kind: ActionKind::Reversal,
        reverses: Some(Seq(1)),
        payload,
    };
    let hashes = [state_hash(&state()), payload, action_hash(&GENESIS, &header)].map(hex);
    // Computed by another program from the description above `canonical`.
    assert_eq!(
        hashes,
        [
            "184fa6150bb5cbe908cdc647e280782913ad458ad5fe938aab7b3b267a1d54ea",
            "7d14fb0ffc6353fb69ef05f1653d1b5c321e20d88d26541aa9437dc1e572ad17",
            "f6856456823cab572261e245c60f13f771498a37a3b5e0b737dc1b19c37a6f56",
        ]
    );
}

#[test]
fn everything_that_an_action_says_is_in_its_hash() {
    let mut hashes = vec![];
    for changed in edits().into_iter().chain([
        state(),
        ExpenseState { categorization: by_keyword("bus"), ..state() },
        ExpenseState { categorization: Categorization { confidence_bp: 1, ..by_keyword("bus ride") }, ..state() },
        ExpenseState {
            categorization: Categorization { source: Source::UserKeyword, ..by_keyword("bus ride") },
            ..state()
        },
        ExpenseState { categorization: Categorization { matched: None, ..by_keyword("") }, ..state() },
        ExpenseState {
            categorization: Categorization { source: Source::Model, model: Some(1), ..by_keyword("bus ride") },
            ..state()
        },
        ExpenseState {
            categorization: Categorization { source: Source::Model, model: Some(2), ..by_keyword("bus ride") },
            ..state()
        },
        ExpenseState {
            categorization: Categorization { chosen_at: None, ..Categorization::client(Timestamp(1)) },
            ..state()
        },
        ExpenseState { categorization: Categorization::client(Timestamp(1)), ..state() },
        ExpenseState { categorization: Categorization::client(Timestamp(2)), ..state() },
        // Which only somebody who alters rows makes.
        ExpenseState { categorization: Categorization { model: Some(1), ..by_keyword("bus ride") }, ..state() },
        ExpenseState { tags: vec!["wo".to_owned(), "rk".to_owned()], ..state() },
        ExpenseState { logged_at: Timestamp(1), ..state() },
        ExpenseState { logged_on: day(9), ..state() },
        ExpenseState { imported: true, ..state() },
    ]) {
        hashes.push(state_hash(&changed));
        hashes.push(payload_hash(&[0; 16], &[record(ExpenseId(1), changed)], &[]));
    }
    let created = record(ExpenseId(1), state());
    let link = CategoryLink { category: PETS, before: None, after: Some(FOOD), revived: None };
    for (salt, changes, links) in [
        (1, vec![], vec![]),
        (0, vec![], vec![]),
        (0, vec![Change { expense: ExpenseId(2), ..created.clone() }], vec![]),
        (0, vec![Change { version: 1, ..created.clone() }], vec![]),
        (0, vec![Change { previous: Seq(1), ..created.clone() }], vec![]),
        (0, vec![Change { uncreated: true, ..created.clone() }], vec![]),
        (0, vec![Change { before: Some(state()), ..created.clone() }], vec![]),
        (0, vec![created.clone(), created.clone()], vec![]),
        (0, vec![created.clone()], vec![link.clone()]),
        (0, vec![created.clone()], vec![CategoryLink { before: Some(FOOD), ..link.clone() }]),
        (0, vec![created.clone()], vec![CategoryLink { after: None, ..link.clone() }]),
        (0, vec![created], vec![CategoryLink { category: TRAVEL, ..link }]),
    ] {
        hashes.push(payload_hash(&[salt; 16], &changes, &links));
    }
    let header = Header {
        user: USER,
        seq: Seq(2),
        at: Timestamp(3),
        kind: ActionKind::Create,
        reverses: None,
        payload: [4; 32],
    };
    for (previous, header) in [
        (0, header),
        (1, header),
        (0, Header { user: UserId(8), ..header }),
        (0, Header { seq: Seq(3), ..header }),
        (0, Header { at: Timestamp(4), ..header }),
        (0, Header { kind: ActionKind::Update, ..header }),
        (0, Header { reverses: Some(Seq(1)), ..header }),
        (0, Header { payload: [5; 32], ..header }),
    ] {
        hashes.push(action_hash(&[previous; 32], &header));
    }
    let many = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), many);
}
