//! What the scans find.

use florin_domain::id::Seq;

use super::*;
use crate::entity::notification;
use crate::repository::tests::{Person, lunch};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_limit_is_found_from_its_lowest_level_on() {
    let checks = Checks::new().await;
    for spent in [1, 799] {
        checks.spender(spent).await;
    }
    let mut expected = Vec::new();
    for spent in [800, 999, 1000, 1001] {
        expected.push((checks.spender(spent).await, 1, spent, 1000, None));
    }
    let nothing_allowed = checks.person().await;
    checks.limit(nothing_allowed, 2, MARCH, Some(0)).await;
    checks.limit(nothing_allowed, 3, MARCH, Some(0)).await;
    checks.spent(nothing_allowed, 2, MARCH, 1).await;
    checks.spent(nothing_allowed, 3, MARCH, 0).await;
    expected.push((nothing_allowed, 2, 1, 0, None));
    assert_eq!(checks.found().await, expected);

    let first = checks.overspends().await.rows.swap_remove(0);
    let as_stored = OverspendCandidate {
        user: expected[0].0,
        zone: zone("Asia/Kolkata"),
        hour: 9,
        verified_at: START,
        currency: Currency::parse("INR").unwrap(),
        scope: Scope::Category(CategoryId(1)),
        category_name: "Food".to_owned(),
        limit: 1000,
        spent: 800,
        levels: vec![80, 100],
        told: None,
        channels: None,
    };
    assert_eq!(first, as_stored);
}

#[tokio::test]
async fn the_limit_is_the_one_in_force_in_the_month() {
    let checks = Checks::new().await;
    let (raised, removed, later, other_month) =
        (checks.spender(900).await, checks.spender(900).await, checks.person().await, checks.person().await);
    for user in [raised, removed] {
        checks.execute(&format!("UPDATE category_budget SET from_month = 202601 WHERE user_id = {user}")).await;
    }
    checks.limit(raised, 1, 202_602, Some(900)).await;
    checks.limit(raised, 1, 202_604, Some(1)).await;
    checks.limit(removed, 1, MARCH, None).await;
    checks.limit(later, 1, 202_604, Some(1)).await;
    checks.spent(later, 1, MARCH, 500).await;
    checks.limit(other_month, 1, 202_601, Some(1)).await;
    checks.spent(other_month, 1, 202_602, 500).await;
    assert_eq!(checks.found().await, [(raised, 1, 900, 900, None)]);
}

#[tokio::test]
async fn the_overall_limit_is_of_all_that_was_spent() {
    let checks = Checks::new().await;
    let user = checks.person().await;
    checks.limit(user, 0, 202_601, Some(5000)).await;
    checks.limit(user, 0, 202_602, Some(1000)).await;
    for (category, total) in [(1, 300), (2, 400), (3, 101)] {
        checks.spent(user, category, MARCH, total).await;
        checks.spent(user, category, 202_602, 9000).await;
    }
    let below = checks.person().await;
    checks.limit(below, 0, MARCH, Some(1003)).await;
    checks.spent(below, 19, MARCH, 802).await;
    assert_eq!(checks.found().await, [(user, 0, 801, 1000, None)]);
    assert_eq!(checks.overspends().await.rows[0].category_name, "");
}

#[tokio::test]
async fn what_was_told_is_not_found_again_until_the_limit_changes() {
    let checks = Checks::new().await;
    let (near, full, crossed) = (checks.spender(850).await, checks.spender(2000).await, checks.spender(1500).await);
    checks.limit(near, 0, MARCH, Some(1000)).await;
    let tell = async |new: NewNotification| checks.checks.insert(&[new], START).await.unwrap().len();
    for new in [over(near, 1, 1000, 80), over(near, 0, 1000, 80), over(full, 1, 1000, 100), over(crossed, 1, 1000, 80)]
    {
        assert_eq!(tell(new).await, 1);
    }
    assert_eq!(checks.found().await, [(crossed, 1, 1500, 1000, Some(80))]);
    assert_eq!(tell(over(crossed, 1, 1000, 100)).await, 1);
    assert_eq!(checks.found().await, []);

    checks.execute(&format!("UPDATE category_budget SET limit_minor = 1200 WHERE user_id = {full}")).await;
    assert_eq!(checks.found().await, [(full, 1, 2000, 1200, None)], "another limit");
    let cancelled = "UPDATE notification SET cancelled_at = 1, dedupe_key = CONCAT(dedupe_key, '#1') WHERE user_id =";
    checks.execute(&format!("{cancelled} {crossed} AND level = 100")).await;
    let again = checks.found().await;
    assert!(again.contains(&(crossed, 1, 1500, 1000, Some(80))), "what was cancelled was not told: {again:?}");
}

#[tokio::test]
async fn levels_are_the_users_own() {
    let checks = Checks::new().await;
    let early = checks.spender(500).await;
    let own = |levels: &str, least_level| notification_preference::Model {
        levels: levels.to_owned(),
        least_level,
        hour: 21,
        channels: Some("log,carrier pigeon,push".to_owned()),
        ..choice(early)
    };
    checks.put(own("50,90", 50)).await;
    let late = checks.spender(999).await;
    checks
        .put(notification_preference::Model { user_id: late.0, channels: Some(String::new()), ..own("100", 100) })
        .await;
    let rows = checks.overspends().await.rows;
    let [row] = &*rows else { panic!("{rows:?}") };
    assert_eq!((row.user, row.hour, &*row.levels), (early, 21, &[50, 90][..]));
    assert_eq!(
        row.channels.as_deref(),
        Some(&[Channel::Log, Channel::Push][..]),
        "words of other versions are passed over"
    );

    // Told at 50, it is left to the rule whether the next level is reached.
    checks.checks.insert(&[over(early, 1, 1000, 50)], START).await.unwrap();
    assert_eq!(checks.found().await, [(early, 1, 500, 1000, Some(50))]);
    checks.execute(&format!("UPDATE monthly_expense SET total = 1001 WHERE user_id = {late}")).await;
    assert_eq!(checks.found().await.len(), 2);
    let rows = checks.overspends().await.rows;
    assert_eq!(rows[1].channels.as_deref(), Some(&[][..]));
}

#[tokio::test]
async fn nobody_hears_who_does_not_want_to_or_is_not_there() {
    let checks = Checks::new().await;
    let (deaf, disabled, erased, unproved) = (
        checks.spender(2000).await,
        checks.spender(2000).await,
        checks.spender(2000).await,
        checks.spender(2000).await,
    );
    let quiet = checks.person().await;
    for user in [deaf, disabled, erased, unproved] {
        checks.limit(user, 0, MARCH, Some(10)).await;
    }
    assert_eq!(checks.overspends().await.rows.len(), 8);
    assert_eq!(checks.silent(START.plus_millis(1)).await.len(), 5);
    checks.put(notification_preference::Model { overspend: 0, ..choice(deaf) }).await;
    checks.put(notification_preference::Model { inactivity: 0, ..choice(quiet) }).await;
    checks.place.disable(disabled).await;
    checks.execute(&format!("UPDATE user_login SET erased_at = 1 WHERE id = {erased}")).await;
    checks.execute(&format!("UPDATE user_login SET verified_at = NULL WHERE id = {unproved}")).await;
    assert_eq!(checks.found().await, []);
    let silent = checks.silent(START.plus_millis(1)).await;
    assert_eq!(silent.iter().map(|row| row.user).collect::<Vec<_>>(), [deaf], "one choice is not the other");
}

#[tokio::test]
async fn a_merged_category_has_no_limit_and_an_archived_one_keeps_its() {
    let checks = Checks::new().await;
    let user = checks.person().await;
    let ana = Person::new(&checks.place.database, user.0);
    let merged = ana.own_category("Sweets", "sweets", &[]).await.unwrap();
    let archived = ana.own_category("Books", "books", &[]).await.unwrap();
    for category in [merged.id.0, archived.id.0] {
        checks.limit(user, category, MARCH, Some(10)).await;
        checks.spent(user, category, MARCH, 20).await;
    }
    assert_eq!(checks.found().await.len(), 2);
    checks.execute(&format!("UPDATE category SET archived_at = 1 WHERE id = {}", archived.id)).await;
    checks.execute(&format!("UPDATE category SET archived_at = 1, merged_into = 1 WHERE id = {}", merged.id)).await;
    assert_eq!(checks.found().await, [(user, archived.id.0, 20, 10, None)]);
    assert_eq!(checks.overspends().await.rows[0].category_name, "Books");
}

#[tokio::test]
async fn nobody_goes_without_because_of_somebody_elses_row() {
    let checks = Checks::new().await;
    let good = checks.spender(2000).await;
    let broken = [
        ("user_login", "timezone = 'Mars/Olympus' WHERE id"),
        ("user_login", "currency = '???' WHERE id"),
        ("notification_preference", "hour = 99 WHERE user_id"),
        ("notification_preference", "levels = 'many' WHERE user_id"),
    ];
    for (table, change) in broken {
        let user = checks.spender(2000).await;
        checks.put(choice(user)).await;
        checks.execute(&format!("UPDATE {table} SET {change} = {user}")).await;
    }
    // Amounts that nobody can have, at which a multiplication or a sum would leave 64 bits.
    for (spent, limit) in [(i64::MAX, i64::MAX), (i64::MAX, 5), (i64::MIN, 5), (i64::MAX - 1, i64::MAX)] {
        let user = checks.person().await;
        for category in [0, 1] {
            checks.limit(user, category, MARCH, Some(limit)).await;
        }
        for category in [1, 2, 3] {
            checks.spent(user, category, MARCH, spent).await;
        }
        checks.put(notification_preference::Model { least_level: i32::MAX, ..choice(user) }).await;
    }
    let scanned = checks.overspends().await;
    assert_eq!(scanned.unreadable, 4);
    assert_eq!(scanned.rows[0].user, good);
    assert!(scanned.rows.iter().any(|row| row.spent == i64::MAX && row.limit == 5));

    let one_zone = Scan { zones: Some(vec![zone("Asia/Kolkata")]), ..checks.everybody().await };
    let scanned = checks.checks.overspends(&one_zone, month(MARCH)).await.unwrap();
    assert_eq!(scanned.unreadable, 3, "who lives nowhere is in no zone");
    let lost = checks.checks.inactives(&checks.everybody().await, START.plus_millis(1)).await.unwrap();
    assert_eq!((lost.unreadable, lost.rows.len()), (2, 7), "of silence, zone and hour count");
}

#[tokio::test]
async fn a_scan_keeps_to_its_range_and_zones() {
    let checks = Checks::new().await;
    let mut users = Vec::new();
    for name in ["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"] {
        let user = checks.spender(2000).await;
        checks.execute(&format!("UPDATE user_login SET timezone = '{name}' WHERE id = {user}")).await;
        checks.limit(user, 0, MARCH, Some(1)).await;
        users.push(user);
    }
    let found = async |after: i64, up_to: i64, zones: Option<&[&str]>| {
        let zones = zones.map(|names| names.iter().map(|name| zone(name)).collect());
        let scan = Scan { after: UserId(after), up_to: UserId(up_to), zones };
        let over = checks.checks.overspends(&scan, month(MARCH)).await.unwrap().rows;
        let silent = checks.checks.inactives(&scan, START.plus_millis(1)).await.unwrap().rows;
        let mut silent: Vec<_> = silent.iter().map(|row| row.user).collect();
        silent.sort_unstable();
        let mut both: Vec<_> = over.iter().map(|row| row.user).collect();
        both.sort_unstable();
        assert_eq!(both, silent.iter().flat_map(|user| [*user, *user]).collect::<Vec<_>>());
        silent
    };
    let [first, second, third] = users[..] else { panic!("{users:?}") };
    assert_eq!(found(first.0, third.0, None).await, [second, third], "after the first, up to the last");
    assert_eq!(found(0, second.0, None).await, [first, second]);
    assert_eq!(found(0, third.0, Some(&["America/New_York"])).await, [second]);
    assert_eq!(found(0, third.0, Some(&["Australia/Lord_Howe", "Asia/Kolkata", "UTC"])).await, [first, third]);
    assert_eq!(found(third.0, third.0 + 1, None).await, []);
    let everywhere: Vec<Zone> = (0..600).map(|n| if n == 599 { zone("Asia/Kolkata") } else { Zone::UTC }).collect();
    let scan = Scan { zones: Some(everywhere), ..checks.everybody().await };
    assert_eq!(checks.checks.overspends(&scan, month(MARCH)).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn silence_is_counted_from_the_last_logging_act() -> Result<()> {
    let checks = Checks::new().await;
    let never = checks.person().await;
    let user = checks.person().await;
    let ana = Person::new(&checks.place.database, user.0);
    let acted = async |seq: i64, at: i64| {
        checks.execute(&format!("UPDATE user_action SET at = {at} WHERE user_id = {user} AND seq = {seq}")).await;
    };
    ana.create(lunch()).await;
    ana.create(lunch()).await;
    acted(1, START.0).await;
    acted(2, START.0 + DAY).await;
    let of_ana = async |before: i64| {
        let rows = checks.silent(START.plus_millis(before)).await;
        rows.into_iter().find(|row| row.user == user).map(|row| (row.last, row.since, row.told))
    };
    assert_eq!(of_ana(DAY).await, None);
    let second = (Seq(2), START.plus_millis(DAY), None);
    assert_eq!(of_ana(DAY + 1).await, Some(second));

    // To undo and to redo is to log nothing.
    ana.undo().await.unwrap();
    ana.redo().await.unwrap();
    acted(3, START.0 + 50 * DAY).await;
    acted(4, START.0 + 51 * DAY).await;
    assert_eq!(of_ana(DAY + 1).await, Some(second));

    let silent = checks.silent(START.plus_millis(1)).await;
    assert_eq!(silent.iter().map(|row| (row.user, row.last, row.since)).collect::<Vec<_>>(), [(never, Seq(0), START)]);
    assert_eq!(checks.silent(START).await, [], "before, not at");

    // What was told is told of that act alone, and the last stage is the last word.
    checks.checks.insert(&[silence(user, 2, 6), silence(never, 0, 6), silence(never, 0, 14)], START).await?;
    assert_eq!(of_ana(DAY + 1).await, Some((Seq(2), START.plus_millis(DAY), Some(6))));
    let told: Vec<_> = checks.silent(START.plus_millis(1)).await.iter().map(|row| row.told).collect();
    assert_eq!(told, [Some(14)]);
    checks.checks.insert(&[silence(user, 2, 30), silence(never, 0, 30)], START).await?;
    assert_eq!(checks.silent(START.plus_millis(99 * DAY)).await, []);
    ana.create(lunch()).await;
    acted(5, START.0 + 2 * DAY).await;
    assert_eq!(of_ana(99 * DAY).await, Some((Seq(5), START.plus_millis(2 * DAY), None)));

    // A log may have lost its head, and a head its action.
    checks.execute(&format!("UPDATE notification SET cancelled_at = 1 WHERE user_id = {never}")).await;
    checks.execute(&format!("DELETE FROM last_user_action WHERE user_id = {never}")).await;
    checks.execute(&format!("DELETE FROM user_action WHERE user_id = {user} AND seq = 5")).await;
    let scanned = checks.checks.inactives(&checks.everybody().await, START.plus_millis(99 * DAY)).await?;
    assert_eq!(scanned.unreadable, 1);
    assert_eq!(scanned.rows.iter().map(|row| (row.user, row.told)).collect::<Vec<_>>(), [(never, None)]);
    assert_eq!(notification::Entity::find().all(checks.place.database.read()).await.unwrap().len(), 5);
    Ok(())
}
