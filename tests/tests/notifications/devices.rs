//! Devices that take push messages.

use acceptance::{User, Value, json, spawn};

async fn listed(user: &User) -> Vec<Value> {
    user.get("/devices").await.expect(200).data().to_vec()
}

#[tokio::test]
async fn a_device_is_registered_seen_again_and_removed() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"token": "fcm:Token_1", "platform": "android", "name": " Ána’s 📱 "});
    let made = user.post("/devices", &body).await.expect(201);
    let began = app.clock.text();
    let expected =
        json!({"id": made.id(), "platform": "android", "name": "Ána’s 📱", "created_at": began, "seen_at": began});
    assert_eq!(made.json, expected);
    app.clock.advance_seconds(60);
    let again = user.post("/devices", &json!({"token": "fcm:Token_1", "platform": "web"})).await.expect(200);
    let expected =
        json!({"id": made.id(), "platform": "web", "name": "", "created_at": began, "seen_at": app.clock.text()});
    assert_eq!(again.json, expected);
    let longest = "~".repeat(4096);
    let second = user.post("/devices", &json!({"token": longest, "platform": "ios"})).await.expect(201);
    let all = listed(&user).await;
    assert_eq!(all, [second.json.clone(), again.json], "newest first");
    assert!(!json!(all).to_string().contains("Token_1"));

    let other = app.user().await;
    let absent = other.delete("/devices/8000000000").await.refused(404, "not_found");
    let theirs = other.delete(&format!("/devices/{}", made.id())).await.refused(404, "not_found");
    assert_eq!(theirs.anonymous(), absent.anonymous());
    user.delete(&format!("/devices/{}", made.id())).await.expect(204);
    user.delete(&format!("/devices/{}", made.id())).await.refused(404, "not_found");
    assert_eq!(listed(&user).await, [second.json]);
}

#[tokio::test]
async fn a_token_moves_to_who_registers_it_last() {
    let app = spawn().await;
    let (ana, ben) = (app.user().await, app.user().await);
    let body = json!({"token": "one for both", "platform": "ios"});
    ana.post("/devices", &body).await.invalid(&["/token invalid_device_token"]);
    let body = json!({"token": "one-for-both", "platform": "ios", "name": "telephone"});
    let first = ana.post("/devices", &body).await.expect(201);
    let moved = ben.post("/devices", &body).await.expect(201);
    assert_ne!(first.id(), moved.id(), "what waits for the old one does not follow");
    assert_eq!((listed(&ana).await.len(), listed(&ben).await.len()), (0, 1));
    ana.delete(&format!("/devices/{}", moved.id())).await.refused(404, "not_found");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM device").await, 1);
}

#[tokio::test]
async fn there_are_twenty_at_most() {
    let app = spawn().await;
    let user = app.user().await;
    let register = |n: usize| user.post("/devices", &json!({"token": format!("t{n}"), "platform": "web"}));
    for n in 0..19 {
        register(n).await.expect(201);
    }
    let racers: Vec<_> = (19..25)
        .map(|n| {
            let call = register(n);
            tokio::spawn(async move { call.await })
        })
        .collect();
    let mut made = 0;
    for racer in racers {
        let answer = racer.await.unwrap();
        if answer.status == 201 {
            made += 1;
        } else {
            answer.refused(409, "too_many_devices");
        }
    }
    assert_eq!((made, listed(&user).await.len()), (1, 20));
    register(3).await.expect(200);
    let oldest = listed(&user).await[19]["id"].clone();
    user.delete(&format!("/devices/{oldest}")).await.expect(204);
    register(99).await.expect(201);
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let app = spawn().await;
    let user = app.user().await;
    let register = async |body: Value| user.post("/devices", &body).await;
    register(json!({})).await.invalid(&["/token required", "/platform required"]);
    let body = json!({"token": "", "platform": "toaster", "name": "x".repeat(101), "id": 1});
    let faults = ["/token invalid_device_token", "/platform unknown_value", "/name too_long", "/id unknown_field"];
    register(body).await.invalid(&faults);
    for (token, code) in [
        (json!("x".repeat(4097)), "too_long"),
        (json!("with blank"), "invalid_device_token"),
        (json!("tökén"), "invalid_device_token"),
        (json!("line\nbreak"), "control_character"),
        (json!(1), "wrong_type"),
    ] {
        register(json!({"token": token, "platform": "web"})).await.invalid(&[&format!("/token {code}")]);
    }
    app.client.get("/devices").await.refused(401, "invalid_token");
    assert_eq!(listed(&user).await, [json!(null); 0]);
}
