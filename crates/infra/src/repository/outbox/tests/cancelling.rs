//! What is no longer true or wanted is not told, and may be told again when it is.

use std::sync::Arc;

use super::*;
use crate::entity::notification_preference;

/// What makes a notification of overspending false.
async fn overspend_ends_by(sql: &str) {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let other = place.spender().await;
    place.tell(user, near_limit(), &[Channel::Email]).await;
    place.tell(other, near_limit(), &[Channel::Email]).await;
    let leased = place.lease(Channel::Email, START).await;
    assert_eq!(place.outbox.still_true(&leased).await.unwrap().len(), 2);
    place.execute(&sql.replace("USER", &user.0.to_string())).await;
    let others: Vec<_> = leased.iter().filter(|leased| leased.notification.user == other).map(|l| l.id).collect();
    assert_eq!(place.outbox.still_true(&leased).await.unwrap(), others, "{sql}");
}

#[tokio::test]
async fn an_undo_a_raised_limit_or_a_removed_one_makes_it_false() {
    overspend_ends_by("UPDATE monthly_expense SET total = 7999 WHERE user_id = USER").await;
    overspend_ends_by("UPDATE category_budget SET limit_minor = 10001 WHERE user_id = USER").await;
    overspend_ends_by("UPDATE category_budget SET limit_minor = NULL WHERE user_id = USER").await;
    // A change from this month on; the history stays.
    let changed =
        "INSERT INTO category_budget (user_id, category_id, from_month, limit_minor) VALUES (USER, 1, 202609, 1)";
    overspend_ends_by(changed).await;
    overspend_ends_by("DELETE FROM monthly_expense WHERE user_id = USER").await;
}

#[tokio::test]
async fn a_budget_that_cannot_be_read_keeps_nobody_else_waiting() {
    let place = Outbox::new().await;
    let (user, other) = (place.spender().await, place.spender().await);
    for user in [user, other] {
        place.tell(user, near_limit(), &[Channel::Log]).await;
    }
    place
        .execute(&format!(
            "INSERT INTO category_budget (user_id, category_id, from_month, limit_minor) VALUES ({user}, 2, 202099, 1)"
        ))
        .await;
    let leased = place.lease(Channel::Log, START).await;
    assert_eq!(place.outbox.still_true(&leased).await.unwrap().len(), 2, "nor its owner's other limits");
}

#[tokio::test]
async fn a_limit_of_another_month_changes_nothing() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    place.tell(user, near_limit(), &[Channel::Log]).await;
    let leased = place.one(Channel::Log, START).await;
    for month in [202_512, 202_610] {
        let user = user.0;
        place.execute(&format!("INSERT INTO category_budget (user_id, category_id, from_month, limit_minor) VALUES ({user}, 1, {month}, 1)")).await;
    }
    assert!(place.is_true(&leased).await);
    // The level is looked at exactly.
    place.execute("UPDATE monthly_expense SET total = 8000").await;
    assert!(place.is_true(&leased).await);
}

#[tokio::test]
async fn the_overall_limit_is_of_all_categories() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let Notice::Overspend(food) = near_limit() else { unreachable!() };
    let overall = Overspend { scope: Scope::Total, category_name: String::new(), limit: 15_000, level: 100, ..food };
    place.tell(user, Notice::Overspend(overall), &[Channel::Log]).await;
    let leased = place.one(Channel::Log, START).await;
    assert!(!place.is_true(&leased).await, "there is no overall limit");
    let user = user.0;
    place.execute(&format!("INSERT INTO category_budget (user_id, category_id, from_month, limit_minor) VALUES ({user}, 0, 202609, 15000)")).await;
    assert!(!place.is_true(&leased).await, "90.00 of 150.00");
    place
        .execute(&format!(
            "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES ({user}, 202609, 2, 6001)"
        ))
        .await;
    assert!(place.is_true(&leased).await);
    place.execute("UPDATE monthly_expense SET total = 6000 WHERE category_id = 2").await;
    assert!(!place.is_true(&leased).await, "reached is not past");
}

#[tokio::test]
async fn whoever_may_not_or_does_not_want_to_hear_does_not() {
    overspend_ends_by("UPDATE user_login SET disabled_at = 1 WHERE id = USER").await;
    overspend_ends_by("UPDATE user_login SET erased_at = 1 WHERE id = USER").await;
    overspend_ends_by("UPDATE user_login SET verified_at = NULL WHERE id = USER").await;
    let preferences = |values: &str| {
        format!(
            "INSERT INTO notification_preference (user_id, overspend, levels, least_level, inactivity, hour, channels, \
             version) VALUES (USER, {values}, 1)"
        )
    };
    overspend_ends_by(&preferences("0, '80,100', 80, 1, 9, NULL")).await;
    overspend_ends_by(&preferences("1, '100', 100, 1, 9, NULL")).await;
    overspend_ends_by(&preferences("1, '80,100', 80, 1, 9, ''")).await;
    overspend_ends_by(&preferences("1, '80,100', 80, 1, 9, 'log,sms'")).await;
}

#[tokio::test]
async fn silence_ends_with_the_next_act() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    place.tell(user, silence(), &[Channel::Log]).await;
    let leased = place.one(Channel::Log, START).await;
    assert!(place.is_true(&leased).await);
    let row = |inactivity| notification_preference::ActiveModel {
        user_id: Set(user.0),
        overspend: Set(0),
        levels: Set("80".to_owned()),
        least_level: Set(80),
        inactivity: Set(inactivity),
        hour: Set(9),
        channels: Set(Some("log".to_owned())),
        version: Set(1),
    };
    let writing = place.place.database.writing();
    notification_preference::Entity::insert(row(1)).exec_without_returning(writing).await.unwrap();
    assert!(place.is_true(&leased).await);
    place.execute("UPDATE last_user_action SET last_ordinary = 1, seq = 1").await;
    assert!(!place.is_true(&leased).await);
    place.execute("UPDATE last_user_action SET last_ordinary = 0").await;
    assert!(place.is_true(&leased).await);
    place.execute("UPDATE notification_preference SET inactivity = 0").await;
    assert!(!place.is_true(&leased).await);
}

#[tokio::test]
async fn a_key_is_free_when_nobody_is_to_hear_any_more() {
    let place = Outbox::new().await;
    let user = place.spender().await;
    let told = place.tell(user, near_limit(), &[Channel::Log, Channel::Email]).await;
    let key = place.stored(told).await.dedupe_key;
    let (log, email) = (place.one(Channel::Log, START).await, place.one(Channel::Email, START).await);
    place.settle(&log, Outcome::Cancelled, at(0)).await;
    assert_eq!(place.stored(told).await.cancelled_at, None, "the other one is yet to be tried");
    place.settle(&email, Outcome::Cancelled, at(1)).await;
    let stored = place.stored(told).await;
    assert_eq!((stored.cancelled_at, stored.dedupe_key), (Some(at(1).0), format!("{key}#{}", told.0)));
    assert_eq!(place.entry(&log).await.state, State::Cancelled);
    // So it can be told again.
    let second = place.tell(user, near_limit(), &[Channel::Log, Channel::Email]).await;
    assert_eq!(place.stored(second).await.dedupe_key, key);
    // One that was delivered somewhere was told, and one that is dead may be tried again.
    let (log, email) = (place.one(Channel::Log, START).await, place.one(Channel::Email, START).await);
    place.settle(&log, Outcome::Delivered, at(0)).await;
    place.settle(&email, Outcome::Cancelled, at(0)).await;
    assert_eq!(place.stored(second).await.cancelled_at, None);
    // One that is in the inbox alone is nobody's to cancel.
    let inbox = place.tell(user, silence(), &[]).await;
    assert_eq!(place.stored(inbox).await.cancelled_at, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_cancel_the_last_two_deliveries_at_once_cancel_the_notification() {
    let place = Arc::new(Outbox::new().await);
    let user = place.spender().await;
    for round in 0..20 {
        let told = place.tell(user, Notice::Inactivity(Inactivity { last: Seq(round), days: 6, stage: 6 }), &[]).await;
        for target in 0..4 {
            place.deliver(told.0, user, Channel::Push, target).await;
        }
        let tasks: Vec<_> = place
            .lease(Channel::Push, START)
            .await
            .into_iter()
            .map(|leased| {
                let place = Arc::clone(&place);
                tokio::spawn(async move { place.settle(&leased, Outcome::Cancelled, START).await })
            })
            .collect();
        assert_eq!(tasks.len(), 4);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(place.stored(told).await.cancelled_at, Some(START.0), "round {round}");
    }
}
