//! Learning: what a choice changes, and that taking it back changes it back.

use proptest::prelude::*;

use super::super::model::shipped;
use super::super::{APPLIED_BP, Categorizer, Source};
use super::*;

const FOOD: CategoryId = CategoryId(1);
const MINE: CategoryId = CategoryId(1_000);
const OTHER: CategoryId = CategoryId(1_001);

fn observation(notes: &str) -> Observation {
    Observation::read(&Note::new(notes, &[]), shipped(), &mut Reader::default())
}

/// The moment of that number.
fn then(n: i64) -> Moment {
    Moment { at: Timestamp(n), expense: ExpenseId(1) }
}

fn decide(learned: &Learned, notes: &str) -> (CategoryId, Source, Option<String>, u16) {
    let categorizer = Categorizer { keywords: None, learned: Some(learned), model: shipped() };
    let guess = categorizer.decide(&Note::new(notes, &[]));
    let why = guess.categorization;
    (guess.category, why.source, why.matched, why.confidence_bp)
}

#[test]
fn the_last_choice_for_a_note_is_remembered() {
    let mut learned = Learned::default();
    learned.observe(&observation("Lunch with Ana"), MINE, then(1), 1);
    let remembered = |category| (category, Source::Learned, Some("lunch with ana".to_owned()), MEMORY_BP);
    assert_eq!(decide(&learned, "LUNCH with Ana 12"), remembered(MINE));
    learned.observe(&observation("lunch with ana"), OTHER, then(2), 1);
    assert_eq!(decide(&learned, "lunch with ana"), remembered(OTHER));
    learned.observe(&observation("lunch with ana"), OTHER, then(2), -1);
    assert_eq!(decide(&learned, "lunch with ana"), remembered(MINE));
    learned.observe(&observation("lunch with ana"), MINE, then(1), -1);
    assert!(learned.is_empty());
    assert_eq!(decide(&learned, "lunch with ana").1, Source::Model);
}

#[test]
fn of_choices_at_one_instant_the_one_for_the_last_expense_is_remembered() {
    let (first, second) = (then(5), Moment { expense: ExpenseId(2), ..then(5) });
    for order in [[(first, OTHER), (second, MINE)], [(second, MINE), (first, OTHER)]] {
        let mut learned = Learned::default();
        order.into_iter().for_each(|(at, category)| learned.observe(&observation("zork"), category, at, 1));
        assert_eq!(learned.remembered(&observation("zork")), Some(MINE));
        assert!(
            learned.holds(&observation("zork"), OTHER, first) && !learned.holds(&observation("zork"), OTHER, second)
        );
    }
}

#[test]
fn the_words_of_choices_speak_for_other_notes() {
    let mut learned = Learned::default();
    for (at, notes) in (1..).zip(["zork one", "zork two", "big zork", "zork again"]) {
        learned.observe(&observation(notes), MINE, then(at), 1);
    }
    let (category, source, matched, confidence) = decide(&learned, "another zork");
    assert_eq!((category, source, matched.as_deref()), (MINE, Source::Learned, Some("zork")));
    assert!(confidence >= APPLIED_BP);
    assert_eq!(decide(&learned, "pizza").0, FOOD);
}

#[test]
fn what_the_model_calls_one_thing_the_person_may_call_another() {
    let mut learned = Learned::default();
    for (at, notes) in (1..).zip(["taxi", "bus ticket", "flight to Goa", "train", "uber trip", "metro card"]) {
        learned.observe(&observation(notes), MINE, then(at), 1);
    }
    assert_eq!(decide(&learned, "ferry ticket").0, MINE);
}

#[test]
fn words_are_counted_without_what_is_made_of_them() {
    let seen = observation("zork one zork");
    assert_eq!((seen.words().count(), seen.tokens().count()), (2, 5));
    let words: Vec<i64> = seen.words().collect();
    assert!(observation("one").words().all(|word| words.contains(&word)));
}

#[test]
fn merged_and_renamed_categories_map_along() {
    let mut learned = Learned::default();
    learned.observe(&observation("zork"), MINE, then(1), 1);
    learned.observe(&observation("zork two"), OTHER, then(2), 1);
    let mapped = learned.map_categories(|category| Some(if category == MINE { OTHER } else { category }));
    assert_eq!(mapped.remembered(&observation("zork")), Some(OTHER));
    assert_eq!(mapped.words().map(|row| row.count).sum::<i64>(), learned.words().map(|row| row.count).sum::<i64>());
    assert!(learned.map_categories(|_| None).is_empty());
    assert_eq!(Learned::new(learned.words(), learned.choices()), learned);
}

#[test]
fn nothing_is_learned_from_nothing() {
    let mut learned = Learned::default();
    learned.observe(&observation("12345 !"), MINE, then(1), 1);
    assert!(learned.is_empty());
    assert_eq!(observation("12345 !").words().count(), 0);
}

proptest! {
    #![proptest_config(crate::cases::cases(500))]

    #[test]
    fn unlearning_in_any_order_leaves_nothing(
        choices in proptest::collection::vec(("[a-d ]{0,8}", 1..4_i64, 0..3_i64, any::<u32>()), 0..12),
        before in "[a-d ]{1,6}",
    ) {
        let mut learned = Learned::default();
        learned.observe(&observation(&before), MINE, then(0), 1);
        let start = learned.clone();
        let mut steps: Vec<_> = choices.iter().flat_map(|choice| [(choice, 1), (choice, -1)]).collect();
        // Any order, undoing before doing included.
        steps.sort_by_key(|((_, _, _, key), delta)| key.rotate_left(if *delta > 0 { 3 } else { 17 }));
        for ((notes, category, at, _), delta) in steps {
            learned.observe(&observation(notes), CategoryId(*category), then(*at), delta);
        }
        prop_assert_eq!(learned, start);
    }

    #[test]
    fn a_blend_is_a_share_of_one(
        choices in proptest::collection::vec(("[a-c ]{1,8}", 1..30_i64, 1..50_i64), 0..12),
        notes in "[a-c ]{1,8}",
    ) {
        let mut learned = Learned::default();
        for (notes, category, count) in &choices {
            learned.observe(&observation(notes), CategoryId(*category), then(1), *count);
        }
        let likely = likelihoods(&[0; CLASSES]);
        let blend = learned.blend(&observation(&notes), &likely);
        let sum: u32 = blend.ranked.iter().map(|suggestion| u32::from(suggestion.confidence_bp)).sum();
        prop_assert!((9_900..=10_100).contains(&sum), "{}", sum);
        prop_assert!(blend.ranked.is_sorted_by_key(|s| std::cmp::Reverse(s.confidence_bp)));
    }
}
