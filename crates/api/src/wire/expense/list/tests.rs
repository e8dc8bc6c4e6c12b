use florin_domain::repository::SortKey;

use super::*;
use crate::wire::json::{Members, Node};
use crate::wire::reader::{Source, read};

/// Parameters in order of name, each once; lists are separated by commas.
fn members(parameters: &[(&str, &str)]) -> Members {
    let node = |value: &str| match value.split_once(',') {
        Some(_) => Node::List(value.split(',').map(|item| Node::Text(item.to_owned())).collect()),
        None => Node::Text(value.to_owned()),
    };
    let mut members: Members = parameters.iter().map(|(name, value)| ((*name).to_owned(), node(value))).collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

fn listing(parameters: &[(&str, &str)]) -> problem::Result<Listing> {
    let query: ExpensesQuery = read(&members(parameters), Source::Query)?;
    query.listing(Currency::parse("INR").unwrap())
}

fn faults(parameters: &[(&str, &str)]) -> Vec<(String, &'static str)> {
    let problem = listing(parameters).unwrap_err();
    problem.errors().iter().map(|error| (error.pointer.clone(), error.code)).collect()
}

#[test]
fn nothing_asked_for_is_everything_latest_first() {
    let listing = listing(&[]).unwrap();
    assert_eq!(listing.query.filter, ExpenseFilter::default());
    assert_eq!(listing.query.sort, ExpenseSort { key: SortKey::Date, descending: true });
    assert_eq!((listing.query.limit, listing.query.after, listing.matches_nothing), (50, None, false));
}

#[test]
fn filters_are_read_into_their_normal_form() {
    let asked = [
        ("month", "2026-02"),
        ("category_id", "7,3,7"),
        ("tag", " Team  Lunch,a"),
        ("q", "Lunch, with ANA"),
        ("min_amount", "1.5"),
        ("max_amount", "1.50"),
    ];
    let filter = listing(&asked[..3]).unwrap().query.filter;
    assert_eq!((filter.from, filter.to), (NaiveDate::from_ymd_opt(2026, 2, 1), NaiveDate::from_ymd_opt(2026, 2, 28)));
    assert_eq!(filter.categories, [CategoryId(3), CategoryId(7)]);
    assert_eq!(filter.tags, ["a", "team lunch"]);
    let filter = listing(&asked[4..]).unwrap().query.filter;
    assert_eq!((filter.min_amount, filter.max_amount), (Some(150), Some(150)));
    let filter = listing(&[("q", "Lunch with ANA"), ("uncategorized", "true")]).unwrap().query.filter;
    assert_eq!(filter.words, ["ana", "lunch", "with"]);
    assert_eq!(filter.categories, [UNCATEGORIZED]);
    assert!(listing(&[("q", "?!")]).unwrap().matches_nothing);
}

#[test]
fn contradictions_are_refused() {
    for (parameters, pointer, code) in [
        (&[("month", "2026-02"), ("from", "2026-02-01")][..], "/month", "ambiguous"),
        (&[("month", "2026-02"), ("to", "2026-02-01")], "/month", "ambiguous"),
        (&[("from", "2026-02-02"), ("to", "2026-02-01")], "/from", "range_reversed"),
        (&[("category_id", "1"), ("uncategorized", "true")], "/uncategorized", "ambiguous"),
        (&[("min_amount", "2"), ("max_amount", "1")], "/min_amount", "range_reversed"),
        (&[("min_amount", "1.000")], "/min_amount", "too_many_decimals"),
        (&[("max_amount", "-1")], "/max_amount", "invalid_amount"),
        (&[("tag", "x,")], "/tag/1", "invalid_tag"),
        (&[("sort", "logged_at")], "/sort", "unknown_value"),
        (&[("limit", "201")], "/limit", "out_of_range"),
        (&[("cursor", "garbage")], "/cursor", "invalid_cursor"),
    ] {
        assert_eq!(faults(parameters), [(pointer.to_owned(), code)], "{parameters:?}");
    }
}

#[test]
fn positions_come_back_as_they_were() {
    let date = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    for (position, key) in [
        (ExpenseCursor::Date(date, ExpenseId(17)), SortKey::Date),
        (ExpenseCursor::Amount(125_075, ExpenseId(17)), SortKey::Amount),
        (ExpenseCursor::LoggedAt(Timestamp(-5), ExpenseId(1)), SortKey::LoggedAt),
    ] {
        assert_eq!(read_position(&write_position(position), key), Some(position));
    }
    for bad in ["", "2026-03-01", "2026-3-1.4", "2026-03-01.x", "17.2026-03-01"] {
        assert_eq!(read_position(bad, SortKey::Date), None, "{bad:?}");
    }
}

#[test]
fn a_cursor_belongs_to_its_filters_and_order() {
    let first = listing(&[("month", "2026-03"), ("limit", "1")]).unwrap();
    let cursor = cursor::encode("2026-03-01.17", &first.filters);
    let date = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let next = listing(&[("month", "2026-03"), ("limit", "5"), ("cursor", &cursor)]).unwrap();
    assert_eq!(next.query.after, Some(ExpenseCursor::Date(date, ExpenseId(17))));
    for other in [&[("cursor", cursor.as_str())][..], &[("month", "2026-03"), ("sort", "date"), ("cursor", &cursor)]] {
        assert_eq!(faults(other), [("/cursor".to_owned(), "invalid_cursor")]);
    }
}
