use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn categorizer() -> Categorizer<'static> {
    Categorizer { keywords: None, learned: None, model: model::shipped() }
}

/// What somebody new is answered.
fn answer(notes: &str) -> Guess {
    categorizer().decide(&Note::new(notes, &[]))
}

fn name(category: CategoryId) -> &'static str {
    SYSTEM_CATEGORIES.iter().find(|(id, _)| *id == category).map_or("?", |(_, name)| name)
}

#[rstest]
#[case("lunch with Ana", "Food", "lunch")]
#[case("Bus ride to airport", "Travel", "bus ride")]
#[case("Gym membership renewal", "Fitness", "gym membership")]
#[case("UBER *TRIP 8005928996", "Travel", "uber trip")]
#[case("ＵＢＥＲ trip", "Travel", "uber trip")]
#[case("Netflix march", "Entertainment", "netflix")]
#[case("busy day groceries", "Grocery", "grocery")]
#[case("current bill", "Utilities", "current bill")]
#[case("gift for parents", "Gifts", "gift for")]
#[case("training shoes", "Shopping", "training shoes")]
#[case("business cards", "Shopping", "business card")]
#[case("business lunch", "Food", "business lunch")]
#[case("car rental", "Travel", "car rental")]
#[case("dog food", "Family", "dog food")]
#[case("Whole Foods", "Grocery", "whole foods")]
#[case("insufficient funds fee", "Finance", "insufficient funds")]
#[case("uber eats", "Food", "uber eats")]
#[case("costco gas", "Vehicle", "costco gas")]
#[case("gas bill", "Utilities", "gas bill")]
#[case("house rent", "Rent", "house rent")]
#[case("Rent for March", "Rent", "rent")]
#[case("rent a car in Goa", "Travel", "rent a car")]
#[case("electricity bill", "Utilities", "electricity bill")]
#[case("milk", "Grocery", "milk")]
#[case("petrol", "Vehicle", "petrol")]
#[case("masala dosa", "Food", "masala dosa")]
#[case("cheese pizza", "Food", "cheese pizza")]
#[case("book a cab", "Travel", "book a cab")]
#[case("MCDONALD’S 4412", "Food", "mcdonald")]
#[case("home loan EMI", "Finance", "home loan emi")]
#[case("LIC premium", "Insurance", "lic premium")]
#[case("SIP in mutual funds", "Savings", "mutual fund")]
#[case("haircut", "Personal Care", "haircut")]
#[case("vet visit", "Family", "vet visit")]
#[case("school fees for June", "Education", "school fee")]
#[case("plumber", "Household", "plumber")]
#[case("doctor's fee", "Health", "doctor fee")]
fn notes_are_recognised(#[case] notes: &str, #[case] category: &str, #[case] matched: &str) {
    let guess = answer(notes);
    assert_eq!((name(guess.category), guess.categorization.matched.as_deref()), (category, Some(matched)));
    assert_eq!(guess.categorization.source, Source::Model);
    assert_eq!(guess.categorization.model, model::shipped().map(model::Model::version));
    assert!(guess.categorization.confidence_bp >= APPLIED_BP);
    assert_eq!(guess.categorization.is_suggested(), guess.categorization.confidence_bp < SILENT_BP);
    assert!(guess.suggestions.is_empty());
}

#[rstest]
#[case("uber trip", "Travel")]
#[case("costco", "Grocery")]
#[case("mom birthday", "Gifts")]
#[case("ATM WDL", "Finance")]
#[case("auto to office", "Travel")]
#[case("alquiler", "Rent")]
#[case("Déjeuner", "Food")]
#[case("DEJEUNER", "Food")]
fn more_notes_are_recognised(#[case] notes: &str, #[case] category: &str) {
    assert_eq!(name(answer(notes).category), category, "{notes}");
}

#[rstest]
fn nothing_is_read_into_other_words(
    #[values(
        "Please refund",
        "different",
        "POS DEBIT 12345",
        "parents",
        "transparent",
        "training",
        "",
        "🍕",
        "\0",
        "qwxzy",
        "xyzzy",
        "asdfgh"
    )]
    notes: &str,
) {
    let guess = answer(notes);
    assert_eq!((guess.category, guess.categorization), (UNCATEGORIZED, Categorization::none()), "{notes}");
    assert!(guess.suggestions.len() <= 3);
}

#[test]
fn the_first_stage_that_knows_decides() {
    let mine = [Keyword { phrase: "Ana".to_owned(), category: CategoryId(40) }];
    let mine = KeywordSet::new(mine, Source::UserKeyword);
    let stages: [&dyn Guesser; 2] = [&mine, system()];
    let guess = categorize(&stages, &Note::new("restaurant with Ana", &[]));
    let by_me = Categorization {
        source: Source::UserKeyword,
        matched: Some("ana".to_owned()),
        confidence_bp: 10_000,
        model: None,
        chosen_at: None,
    };
    assert_eq!(guess, Guess { category: CategoryId(40), categorization: by_me, suggestions: Vec::new() });
    assert_eq!(name(categorize(&stages, &Note::new("restaurant", &[])).category), "Food");
    assert_eq!(categorize(&[], &Note::new("restaurant", &[])).category, UNCATEGORIZED);
}

#[test]
fn tags_are_read_too() {
    assert_eq!(name(categorize(&[system()], &Note::new("Ana", &["lunch".to_owned()])).category), "Food");
}

#[test]
fn sources_are_read_back_as_written() {
    for source in Source::ALL {
        assert_eq!(Source::parse(source.as_str()), Some(source));
    }
    assert_eq!(Source::parse("Client"), None);
    assert!(Categorization::client(crate::calendar::Timestamp(1)).is_explicit());
    assert!(!Categorization::none().is_explicit());
}

proptest! {
    #![proptest_config(crate::cases::cases(10_000))]

    #[test]
    fn any_text_has_one_answer(notes in any::<String>(), tags in proptest::collection::vec(any::<String>(), 0..3)) {
        let note = Note::new(&notes, &tags);
        let guess = categorizer().decide(&note);
        prop_assert_eq!(&guess, &categorizer().decide(&Note::new(&notes, &tags)));
        prop_assert!(SYSTEM_CATEGORIES.iter().any(|(id, _)| *id == guess.category));
        prop_assert_eq!(guess.category == UNCATEGORIZED, guess.categorization.source == Source::None);
        prop_assert!(guess.categorization.confidence_bp <= 10_000 && guess.suggestions.len() <= 3);
    }

    #[test]
    fn case_does_not_matter(notes in "[a-z' ]{0,40}") {
        prop_assert_eq!(answer(&notes), answer(&notes.to_uppercase()));
    }
}
