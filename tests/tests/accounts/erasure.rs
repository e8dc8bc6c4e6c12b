//! `DELETE /me`: the account and all that is in it go, at once and for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use acceptance::binary::Place;
use acceptance::category::FOOD;
use acceptance::notifications::Told;
use acceptance::{Answer, App, User, json, parse, spawn};

use super::export::many;

async fn erase(user: &User) -> Answer {
    user.delete("/me").json(&json!({"password": user.password})).await
}

/// A person with something of everything, and the texts by which it would be found.
async fn planted(app: &App) -> (User, Vec<&'static str>) {
    let user = User::sign_up(&app.client, &app.codes, "plantedmail@example.com", &json!({"name": "plantedname"})).await;
    let own = user.create_category(&json!({"name": "plantedcategory", "keywords": ["plantedkeyword"]})).await;
    let own = own.expect(201).id();
    let body = json!({"amount": "10", "notes": "plantednote", "tags": ["plantedtag"], "external_id": "plantedexternal", "category_id": own});
    let id = user.create_expense(&body).header("idempotency-key", "plantedoperation").await.expect(201).id();
    user.patch_expense(id, &json!({"notes": "plantededit"})).await.expect(200);
    user.undo().await.expect(200);
    let deleted = user.record(&json!({"amount": "1", "notes": "planteddeleted", "category_id": FOOD})).await;
    user.call("DELETE", &format!("/expenses/{deleted}")).await.expect(204);
    user.put(&format!("/budgets/{own}"), &json!({"limit": "5"})).await.expect(200);
    let logs_in = app.client.login(&user.email, &user.password).header("user-agent", "plantedagent");
    logs_in.await.expect(200);
    app.client.request_code(&user.email).await.expect(202);
    user.merge_category(own, FOOD).await;
    let told = app.tell(user.id, Told::Overspend(Some((own, "plantedtold")))).await;
    app.deliver(user.id, told, "email", 2).await;
    user.put("/notification-preferences", &json!({"hour": 7})).await.expect(200);
    let device = json!({"token": "plantedpush", "platform": "ios", "name": "planteddevice"});
    user.post("/devices", &device).await.expect(201);
    let texts = vec![
        "plantedmail",
        "plantedname",
        "plantedcategory",
        "plantedkeyword",
        "plantednote",
        "plantedtag",
        "plantedexternal",
        "plantededit",
        "planteddeleted",
        "plantedagent",
        "plantedoperation",
        "plantedtold",
        "plantedpush",
        "planteddevice",
    ];
    (user, texts)
}

#[tokio::test]
async fn nothing_is_left_and_every_token_is_refused_at_once() {
    let mut app = spawn().await;
    let there = app.another_instance().await;
    let (user, texts) = planted(&app).await;
    let second = user.another_session().await;
    let elsewhere = there.with_token(second.token().unwrap());
    elsewhere.me().await.expect(200);
    let actions = user.verify_books().await.expect(200)["actions"].clone();
    let bob = app.user().await;
    bob.record(&json!({"amount": "7", "notes": "of bob"})).await;

    assert!(!app.database.find_text("plantednote").await.is_empty(), "the search finds what is there");
    assert_eq!(erase(&user).await.expect(204).body, b"");

    for token in [&user, &second] {
        token.me().await.refused(401, "invalid_token");
    }
    elsewhere.me().await.refused(401, "invalid_token");
    elsewhere.post("/expenses", &json!({"amount": "1"})).await.refused(401, "invalid_token");
    there.refresh(&second.refresh_token).await.refused(401, "invalid_refresh_token");
    app.client.login(&user.email, &user.password).await.refused(401, "invalid_credentials");
    for text in &texts {
        assert_eq!(app.database.find_text(text).await, [""; 0], "{text}");
    }
    for table in [
        "expenses",
        "tags",
        "monthly_expense",
        "category",
        "keyword",
        "category_budget",
        "session",
        "user_cred",
        "notification",
        "notification_delivery",
        "notification_preference",
        "device",
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {}", user.id);
        assert_eq!(app.database.number(&sql).await, 0, "{table}");
    }
    let noted = "SELECT COUNT(*) FROM login_event WHERE event = 'erasure' AND ip = '' AND user_agent = ''";
    assert_eq!(app.database.number(noted).await, 1);

    // The chain can still be walked, and an alteration of it is named.
    let place = Place::new(app.database.url());
    let verify = ["verify", "--user", &user.id.to_string()];
    let (code, line, stderr) = place.outcome(&verify);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!((&parse(&line)["ok"], &parse(&line)["actions"]), (&json!(true), &actions));
    assert_eq!(place.outcome(&["export", "--user", &user.id.to_string()]).0, 1, "there is nobody to export");
    app.database.execute(&format!("UPDATE user_action SET at = at + 1 WHERE user_id = {} AND seq = 2", user.id)).await;
    let (code, line, _) = place.outcome(&verify);
    assert_eq!((code, &parse(&line)["first_bad"]), (1, &json!({"kind": "action", "seq": 2})));

    // The address is free, and whoever takes it sees nothing of before.
    let again = User::sign_up(&app.client, &app.codes, &user.email, &json!({})).await;
    assert!(again.id > user.id);
    assert_eq!(again.all("/expenses", 50).await.len() + again.all("/actions", 50).await.len(), 0);
    assert_eq!(again.me().await["name"], "");
    assert_eq!(bob.all("/expenses", 50).await.len(), 1);
    acceptance::books::assert_sound(&bob).await;
}

#[tokio::test]
async fn only_the_password_proves_that_it_is_meant() {
    let app = spawn().await;
    let user = app.user().await;
    let wrong = user.delete("/me").json(&json!({"password": "not the password"})).await;
    assert_eq!(wrong.refused(422, "invalid")["errors"][0]["code"], "wrong_password");
    user.delete("/me").json(&json!({})).await.refused(422, "invalid");
    user.delete("/me").json(&json!({"password": user.password, "id": 1})).await.refused(422, "invalid");
    let stale = user.delete("/me").header("if-match", "\"1\"").json(&json!({"password": user.password}));
    stale.await.refused(412, "precondition_failed");
    app.client.delete("/me").json(&json!({"password": user.password})).await.refused(401, "invalid_token");
    user.me().await.expect(200);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM user_login WHERE erased_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn each_try_leaves_one_row_of_the_trail() {
    let app = spawn().await;
    let user = app.user().await;
    let tries = async || {
        let events = app.database.events().await.into_iter().filter(|event| event.what.starts_with("erasure "));
        events.map(|event| (event.user, event.what, event.user_agent)).collect::<Vec<_>>()
    };
    let row = |what: &str, agent: &str| (Some(user.id), what.to_owned(), agent.to_owned());
    let wrong = json!({"password": "not the password"});
    let refused = user.delete("/me").header("user-agent", "thief/1").json(&wrong).await;
    refused.invalid(&["/password wrong_password"]);
    let failed = [row("erasure failed", "thief/1")];
    assert_eq!(tries().await, failed);
    let listed = user.all("/auth/login-events", 50).await;
    assert!(listed.iter().any(|event| event["event"] == "erasure" && event["outcome"] == "failed"), "{listed:?}");
    // What is no try at all is none: a body without a password, another version.
    user.delete("/me").json(&json!({})).await.refused(422, "invalid");
    user.delete("/me").header("if-match", "\"1\"").json(&wrong).await.refused(412, "precondition_failed");
    assert_eq!(tries().await, failed);
    // One too many counts as one, as at the log-in.
    for _ in 0..49 {
        app.client.login(&user.email, "not the password").await.refused(401, "invalid_credentials");
    }
    erase(&user).await.refused(429, "too_many_attempts");
    assert_eq!(tries().await.len(), 2);
    app.clock.advance_days(1);
    erase(&user.another_session().await).await.expect(204);
    let gone = row("erasure failed", "");
    assert_eq!(
        tries().await,
        [gone.clone(), gone, row("erasure ok", "")],
        "where they came from goes with the account"
    );
}

#[tokio::test]
async fn of_many_erasures_at_once_one_is_done() {
    let app = spawn().await;
    let user = app.user().await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let user = user.clone();
            tokio::spawn(async move { erase(&user).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401, 401, 401, 401, 401, 401, 401]);
}

/// Sixteen writers, half of them at another server, while the account is erased.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_erased_too_or_refused() {
    let mut app = spawn().await;
    let there = app.another_instance().await;
    for round in 0..3_u64 {
        let user = app.user().await;
        let here = user.clone();
        let elsewhere = there.with_token(user.token().unwrap());
        let (done, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let writers: Vec<_> = (0..16_u64)
            .map(|writer| {
                let client = if writer % 2 == 0 { (*here).clone() } else { elsewhere.clone() };
                let (done, over) = (Arc::clone(&done), Arc::clone(&over));
                tokio::spawn(async move {
                    for step in 0_u64.. {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        let unique = format!("w{writer} {step}");
                        let answer = match (writer + step) % 6 {
                            0 => client.create_category(&json!({"name": unique, "keywords": [unique]})).await,
                            1 => client.put("/budgets/total", &json!({"limit": step})).await,
                            2 => client.patch_me(&json!({"name": unique})).await,
                            3 => client.undo().await,
                            _ => {
                                client.create_expense(&json!({"amount": "1", "notes": unique, "tags": [unique]})).await
                            }
                        };
                        // Whoever is outrun by all the others, time and again, is told so.
                        assert!(answer.status < 500 || answer["code"] == "contended", "{answer:?}");
                        done.fetch_add(1, Ordering::Relaxed);
                        if answer.status == 401 {
                            break;
                        }
                    }
                })
            })
            .collect();
        while done.load(Ordering::Relaxed) < 60 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(7 * round)).await;
        erase(&user).await.expect(204);
        for writer in writers {
            writer.await.unwrap();
        }
        over.store(true, Ordering::Relaxed);
        for table in ["expenses", "tags", "monthly_expense", "category", "keyword", "category_budget", "session"] {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {}", user.id);
            assert_eq!(app.database.number(&sql).await, 0, "{table}");
        }
        let named = format!("SELECT COUNT(*) FROM user_login WHERE id = {} AND name <> ''", user.id);
        assert_eq!(app.database.number(&named).await, 0);
        let (code, line, _) = Place::new(app.database.url()).outcome(&["verify", "--user", &user.id.to_string()]);
        assert_eq!(code, 0, "{line}");
    }
}

#[tokio::test]
async fn a_large_account_is_erased_within_seconds() {
    let app = spawn().await;
    let user = app.user().await;
    many(&user, 20_000).await;
    let started = Instant::now();
    erase(&user).await.expect(204);
    let took = started.elapsed();
    println!("erased 20,000 expenses in {took:?}");
    assert!(took.as_secs() < 20, "{took:?}");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM expenses").await, 0);
}
