use chrono::NaiveDate;
use florin_domain::calendar::Month;

use super::*;
use crate::wire::json::parse;

fn faults_of(json: &str, read: impl FnOnce(&mut Reader<'_>)) -> Vec<(String, &'static str)> {
    let Node::Object(members) = parse(json.as_bytes()).unwrap() else { panic!("not an object") };
    let mut reader = Reader::new(&members, String::new(), Source::Body);
    read(&mut reader);
    reader.finish().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn pairs(expected: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
}

#[test]
fn a_good_body_is_read_whole() {
    let faults = faults_of(
        r#"{"amount": 12.50, "notes": "a\n\tb", "tags": ["x", "y"], "date": "2024-02-29", "id": 9007199254740991,
            "on": true, "month": "2024-02", "none": null}"#,
        |r| {
            assert_eq!(r.need("amount").amount().as_deref(), Some("12.50"));
            assert_eq!(r.get("notes").lines(4).as_deref(), Some("a\n\tb"));
            assert_eq!(r.get("tags").list(2, |tag| tag.text(1)), Some(vec!["x".to_owned(), "y".to_owned()]));
            assert_eq!(r.get("date").date(), NaiveDate::from_ymd_opt(2024, 2, 29));
            assert_eq!(r.get("id").id(), Some(9_007_199_254_740_991));
            assert_eq!(r.get("on").boolean(), Some(true));
            assert_eq!(r.get("month").month(), Month::parse("2024-02").ok());
            assert_eq!(r.get("none").text(1), None);
            assert!(r.has("on") && !r.has("none") && !r.has("absent"));
            assert_eq!(r.get("absent").text(1), None);
        },
    );
    assert_eq!(faults, pairs(&[]));
}

#[test]
fn all_faults_are_found_at_once() {
    let faults = faults_of(
        r#"{"amount": true, "notes": "a\u0000", "tags": ["x", 7, "long", null], "date": " 2024-02-29", "id": 1.0,
            "on": "true", "role": "admin", "a/b~c": 1}"#,
        |r| {
            r.need("amount").amount();
            r.get("notes").lines(10);
            r.get("tags").list(20, |tag| tag.text(3));
            r.get("date").date();
            r.get("id").id();
            r.get("on").boolean();
            r.need("name").text(10);
        },
    );
    let expected = [
        ("/amount", "wrong_type"),
        ("/notes", "control_character"),
        ("/tags/1", "wrong_type"),
        ("/tags/2", "too_long"),
        ("/tags/3", "required"),
        ("/date", "invalid_date"),
        ("/id", "wrong_type"),
        ("/on", "wrong_type"),
        ("/name", "required"),
        ("/a~1b~0c", "unknown_field"),
        ("/role", "unknown_field"),
    ];
    assert_eq!(faults, pairs(&expected));
}

#[test]
fn nested_objects_have_their_own_pointers() {
    let json = r#"{"operations": [{"op": "create", "amount": {}}, 5, {"op": "fly", "x": 1}]}"#;
    let read = |r: &mut Reader<'_>| {
        let op = r.need("op").choice(&[("create", 1)]);
        let amount = r.need("amount").amount();
        Some((op?, amount?))
    };
    let faults = faults_of(json, |r| {
        assert!(r.need("operations").list(3, |item| item.object(read)).is_none());
    });
    let expected = [
        ("/operations/0/amount", "wrong_type"),
        ("/operations/1", "wrong_type"),
        ("/operations/2/op", "unknown_value"),
        ("/operations/2/amount", "required"),
        ("/operations/2/x", "unknown_field"),
    ];
    assert_eq!(faults, pairs(&expected));

    let faults = faults_of(json, |r| {
        let results = r.need("operations").list_of_results(3, |item| item.object(read)).unwrap();
        let counts: Vec<_> = results.iter().map(|result| result.as_ref().err().map_or(0, Vec::len)).collect();
        assert_eq!(counts, [1, 1, 3]);
    });
    assert_eq!(faults, pairs(&[]));
    let faults = faults_of(json, |r| assert!(r.need("operations").list(2, |item| item.object(read)).is_none()));
    assert_eq!(faults, pairs(&[("/operations", "too_many")]));
}

#[test]
fn a_merge_patch_tells_null_from_absent() {
    let faults = faults_of(r#"{"notes": null, "amount": null, "tags": ["a"], "date": 3}"#, |r| {
        assert_eq!(r.patch("notes", |f| f.lines(5)), Patch::Null);
        assert_eq!(r.patch("tags", |f| f.list(1, |tag| tag.text(1))), Patch::Value(vec!["a".to_owned()]));
        assert_eq!(r.patch("category_id", |f| f.id()), Patch::Absent);
        assert_eq!(r.patch("date", |f| f.date()), Patch::Absent);
        assert_eq!(r.get_non_null("amount").amount(), None);
    });
    assert_eq!(faults, pairs(&[("/date", "wrong_type"), ("/amount", "required")]));
}

#[test]
fn integers_are_whole_and_in_range() {
    let cases = [("1", Some(1)), ("200", Some(200)), ("0", None), ("201", None), ("1.0", None), ("1e2", None)];
    for (json, expected) in cases {
        faults_of(&format!(r#"{{"limit": {json}}}"#), |r| assert_eq!(r.get("limit").integer(1..=200), expected));
    }
    let huge = "9".repeat(400);
    let faults = faults_of(&format!(r#"{{"id": {huge}}}"#), |r| assert_eq!(r.get("id").id(), None));
    assert_eq!(faults, pairs(&[("/id", "out_of_range")]));
}
