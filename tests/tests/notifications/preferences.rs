//! What people want to hear, when, and over what.

use acceptance::{Value, json, spawn, spawn_with};
use florin_infra::settings::ChannelName;

const PATH: &str = "/notification-preferences";

fn defaults() -> Value {
    json!({"overspend": {"enabled": true, "levels": [80, 100]}, "inactivity": {"enabled": true}, "hour": 9,
           "channels": ["log"]})
}

#[tokio::test]
async fn what_is_put_is_got_and_what_is_left_out_has_its_default() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let before = user.get(PATH).await.expect(200);
    assert_eq!(before.json, defaults());
    let whole = json!({"overspend": {"enabled": false, "levels": [50, 1, 100]}, "inactivity": {"enabled": false},
                       "hour": 23, "channels": ["push", "email"]});
    let put = user.put(PATH, &whole).await.expect(200);
    let mut kept = whole.clone();
    kept["overspend"]["levels"] = json!([1, 50, 100]);
    assert_eq!(put.json, kept);
    let got = user.get(PATH).await.expect(200);
    assert_eq!((&got.json, got.etag()), (&kept, put.etag()));
    assert_ne!(put.etag(), before.etag());
    user.get(PATH).header("if-none-match", &put.etag()).await.expect(304);

    for (body, expected) in [
        (json!({"hour": 0}), json!({"hour": 0})),
        (json!({"channels": []}), json!({"channels": []})),
        (json!({"overspend": {"levels": [7]}}), json!({"overspend": {"enabled": true, "levels": [7]}})),
        (json!({"overspend": {"enabled": false}}), json!({"overspend": {"enabled": false, "levels": [80, 100]}})),
        (json!({"inactivity": {}}), json!({})),
        (json!({"overspend": null, "inactivity": null, "hour": null, "channels": null}), json!({})),
        (json!({}), json!({})),
    ] {
        user.put(PATH, &whole).await.expect(200);
        let mut wanted = defaults();
        wanted.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
        assert_eq!(user.put(PATH, &body).await.expect(200).json, wanted, "{body}");
        assert_eq!(user.get(PATH).await.expect(200).json, wanted, "{body}");
    }
    assert_eq!(other.get(PATH).await.expect(200).json, defaults(), "nobody else's");
}

#[tokio::test]
async fn who_chose_no_channels_sees_those_of_the_operator() {
    let mut app = spawn().await;
    let elsewhere = app
        .another_instance_with(|settings| settings.delivery.channels = vec![ChannelName::Log, ChannelName::Webhook])
        .await;
    let user = app.user().await;
    let (here, there) = (user.get(PATH).await.expect(200), elsewhere.with_token(user.token().unwrap()));
    let changed = there.get(PATH).header("if-none-match", &here.etag()).await.expect(200);
    assert_eq!((&here["channels"], &changed["channels"]), (&json!(["log"]), &json!(["log", "webhook"])));
    user.put(PATH, &json!({"channels": ["sms"]})).await.expect(200);
    assert_eq!(
        there.get(PATH).await.expect(200)["channels"],
        json!(["sms"]),
        "what was chosen, whether or not it is there"
    );
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let app = spawn_with(|_| {}).await;
    let user = app.user().await;
    let body = json!({
        "overspend": {"enabled": "yes", "levels": [0, 101, 50, 50, -1], "level": 1},
        "inactivity": {"enabled": 1},
        "hour": 24,
        "channels": ["log", "pigeon"],
        "user_id": 1,
    });
    let faults = [
        "/overspend/enabled wrong_type",
        "/overspend/level unknown_field",
        "/overspend/levels/0 out_of_range",
        "/overspend/levels/1 out_of_range",
        "/overspend/levels/3 repeated",
        "/overspend/levels/4 out_of_range",
        "/inactivity/enabled wrong_type",
        "/hour out_of_range",
        "/channels/1 unknown_value",
        "/user_id unknown_field",
    ];
    user.put(PATH, &body).await.invalid(&faults);
    for (body, faults) in [
        (
            json!({"overspend": {"levels": [0, 101, 50, 50, -1]}, "hour": -1, "channels": ["log", "sms", "log"]}),
            vec![
                "/overspend/levels/0 out_of_range",
                "/overspend/levels/1 out_of_range",
                "/overspend/levels/3 repeated",
                "/overspend/levels/4 out_of_range",
                "/hour out_of_range",
                "/channels/2 repeated",
            ],
        ),
        (json!({"overspend": {"levels": []}}), vec!["/overspend/levels required"]),
        (json!({"overspend": {"levels": (1..=11).collect::<Vec<_>>()}}), vec!["/overspend/levels too_many"]),
        (
            json!({"overspend": {"levels": [80.5, "80"]}}),
            vec!["/overspend/levels/0 wrong_type", "/overspend/levels/1 wrong_type"],
        ),
        (
            json!({"overspend": 1, "channels": "log", "hour": "9"}),
            vec!["/overspend wrong_type", "/channels wrong_type", "/hour wrong_type"],
        ),
    ] {
        user.put(PATH, &body).await.invalid(&faults);
    }
    user.put(PATH, &json!([])).await.refused(422, "invalid");
    let ten = json!({"overspend": {"levels": (1..=10).collect::<Vec<_>>()}});
    user.put(PATH, &ten).await.expect(200);
    app.client.get(PATH).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn of_those_who_saw_the_same_version_one_wins() {
    let app = spawn().await;
    let user = app.user().await;
    let first = user.get(PATH).await.expect(200).etag();
    user.put(PATH, &json!({"hour": 99})).header("if-match", "\"1\"").await.refused(412, "precondition_failed");
    for round in 0..acceptance::size(3, 50) {
        let seen = user.get(PATH).await.expect(200).etag();
        let racers: Vec<_> = (0..16)
            .map(|hour| {
                let put = user.put(PATH, &json!({"hour": hour})).header("if-match", &seen);
                tokio::spawn(async move { (hour, put.await) })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            let (hour, answer) = racer.await.unwrap();
            match answer.status {
                200 => winners.push(hour),
                _ => drop(answer.refused(412, "precondition_failed")),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        assert_eq!(user.get(PATH).await.expect(200)["hour"], winners[0]);
    }
    user.put(PATH, &json!({})).header("if-match", &first).await.refused(412, "precondition_failed");
    user.put(PATH, &json!({})).header("if-match", "*").await.expect(200);
}

#[tokio::test]
async fn who_names_no_version_comes_after_the_others() {
    let app = spawn().await;
    let user = app.user().await;
    let puts: Vec<_> = (0..4)
        .map(|hour| {
            let put = user.put(PATH, &json!({"hour": hour}));
            tokio::spawn(async move { put.await.expect(200) })
        })
        .collect();
    for put in puts {
        put.await.unwrap();
    }
    assert_eq!(app.database.number("SELECT version FROM notification_preference").await, 4);
}
