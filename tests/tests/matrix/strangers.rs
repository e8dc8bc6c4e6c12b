//! Every place that takes an identifier, fed with a stranger's.

use std::collections::BTreeSet;

use acceptance::{Answer, App, User, Value, json, spawn};

use crate::feed::{Of, Things, ask, known};
use crate::slots;

/// The places of the document, each of which must be known; so must no other be.
async fn all_slots(app: &App) -> BTreeSet<String> {
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let slots = slots::of(&document);
    let unknown: Vec<_> = slots.iter().filter(|slot| known(slot).is_none()).collect();
    assert!(unknown.is_empty(), "teach feed.rs how to feed {unknown:#?}");
    assert!(slots.len() >= 39, "{} places", slots.len());
    slots
}

/// Everything that a person can see of their own.
async fn everything(user: &User) -> Vec<Value> {
    let mut seen = Vec::new();
    for list in
        ["/expenses", "/actions", "/categories?include_archived=true", "/tags", "/auth/login-events", "/notifications"]
    {
        seen.push(json!(user.all(list, 200).await));
    }
    for category in user.all("/categories?include_archived=true", 200).await {
        let id = category["id"].as_i64().unwrap();
        seen.push(user.keywords(id).await.expect(200).json);
    }
    for one in [
        "/me",
        "/changes?since=0",
        "/budgets",
        "/summary",
        "/score",
        "/auth/sessions",
        "/auth/tokens",
        "/devices",
        "/notification-preferences",
        "/actions/verify",
    ] {
        seen.push(user.get(one).await.expect(200).json);
    }
    seen
}

/// The bytes of an answer without the identifier that was asked for, wherever it stands as a whole number or word.
fn bytes(answer: &Answer, named: &Value) -> String {
    let named = named.as_str().map_or_else(|| named.to_string(), str::to_owned);
    let text = answer.anonymous();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if is_part(c) {
            word.push(c);
        } else {
            out.push_str(if word == named { "NAMED" } else { &word });
            out.push(c);
            word.clear();
        }
    }
    out
}

#[tokio::test]
async fn a_strangers_things_are_as_absent_as_what_never_was() {
    let app = spawn().await;
    let ben = app.user().await;
    let slots = all_slots(&app).await;
    // So that no number of Ben's log is one of anybody else's.
    let mut theirs = Things::of(&app, &ben, 1).await;
    for n in 2..8 {
        theirs = Things::of(&app, &ben, n).await;
    }
    let never = Things::never();
    let before = everything(&ben).await;
    for slot in &slots {
        let feed = known(slot).unwrap();
        let ana = app.user().await;
        let mine = Things::of(&app, &ana, 0).await;
        let named = [theirs.one(feed.of), never.one(feed.of)];
        let stranger = ask(&ana, slot, feed, &named[0], &mine).await;
        let absent = ask(&ana, slot, feed, &named[1], &mine).await;
        assert_eq!(stranger.status, feed.absent, "{slot}: {stranger:?}");
        assert_eq!(absent.status, feed.absent, "{slot}: {absent:?}");
        if feed.of == Of::ExternalId {
            // What a client calls its own expenses is its own affair: somebody else's word for something else is free.
            let private = format!("private to {}", ben.email);
            assert!(!stranger.anonymous().contains(&private), "{slot}: {stranger:?}");
            assert_ne!(stranger["id"], theirs.expense, "{slot}: {stranger:?}");
        } else {
            assert_eq!(bytes(&stranger, &named[0]), bytes(&absent, &named[1]), "{slot}");
        }
    }
    assert_eq!(everything(&ben).await, before, "nothing of the other person's changed");
    acceptance::books::assert_sound(&ben).await;
}

#[tokio::test]
async fn the_same_requests_do_something_for_the_owner() {
    let app = spawn().await;
    let slots = all_slots(&app).await;
    for slot in &slots {
        let feed = known(slot).unwrap();
        let Some(own) = feed.own else { continue };
        let user = app.user().await;
        let (mine, named) = if feed.of == Of::Action {
            let things = Things::of(&app, &user, 0).await;
            (things.clone(), things)
        } else {
            (Things::of(&app, &user, 0).await, Things::of(&app, &user, 1).await)
        };
        let answer = ask(&user, slot, feed, &named.one(feed.of), &mine).await;
        assert_eq!(answer.status, own, "{slot}: {answer:?}");
        if slot.starts_with("get /api/v1/expenses query") {
            assert_eq!(answer.data().len(), usize::from(feed.of == Of::Tag), "{slot}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_strangers_cursor_goes_on_in_ones_own_list() {
    let app = spawn().await;
    let (ana, ben) = (app.user().await, app.user().await);
    for n in 0..3 {
        for user in [&ana, &ben] {
            user.record(
                &json!({"amount": "1", "notes": format!("of {}", user.id), "tags": [format!("t{n}-{}", user.id)]}),
            )
            .await;
        }
    }
    for list in ["/expenses", "/actions", "/categories", "/tags", "/auth/login-events"] {
        let page = ben.get(&format!("{list}?limit=1")).await.expect(200);
        let Some(cursor) = page["next_cursor"].as_str() else { continue };
        let rows = ana.get(&format!("{list}?limit=200&cursor={cursor}")).await.expect(200);
        let text = String::from_utf8_lossy(&rows.body);
        assert!(!text.contains(&format!("of {}", ben.id)) && !text.contains(&format!("-{}", ben.id)), "{list}: {text}");
    }
}
