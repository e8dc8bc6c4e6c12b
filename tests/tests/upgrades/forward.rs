//! A database of each release, brought forward by the program: what its people see is what they saw.

use acceptance::release::{RELEASES, Release};
use acceptance::torture::{figure, place};
use acceptance::{App, Client, User, Value, books, json, spawn_on};

use super::{ROW, migrate};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_every_release_is_brought_forward_and_shows_what_it_showed() {
    let mut rows = 0;
    for name in RELEASES {
        let release = Release::read(name);
        rows += release.counts().values().sum::<usize>();
        let database = release.restored().await;
        let place = place(database.url()).with("FLORIN__AUTH__SECRET", &release.secret);
        migrate(&place, &database).await;

        // The programs as they are started today.
        let server = place.serve().await;
        for person in &release.people {
            log_in(&server.client, person).await;
        }
        server.stop().await;

        // And at the time of the release, when its sessions, tokens and codes were still good.
        let app = spawn_on(database, &release.at, |settings| {
            settings.auth.secret = release.secret.clone().into();
        })
        .await;
        for person in &release.people {
            let user = log_in(&app.client, person).await;
            sees_what_it_saw(&release, &user).await;
            keeps_its_access(&app, &release, person).await;
            undoes_what_it_did(&user, person).await;
        }
        proves_its_address(&app, &release).await;
    }
    figure(ROW, &format!("{} releases, {rows} rows, every answer the same bytes", RELEASES.len()));
}

fn text<'a>(person: &'a Value, name: &str) -> &'a str {
    person[name].as_str().unwrap_or_else(|| panic!("no {name}: {person}"))
}

async fn log_in(client: &Client, person: &Value) -> User {
    let password = text(person, "password");
    let tokens = client.login(text(person, "email"), password).await.expect(200);
    User::of(client, &tokens, password)
}

/// An answer without the members that were added since the release, which say of what is older that there was none of it.
fn without_later_members(answer: &str) -> String {
    let answer = answer.replace(r#","suggested":false,"model":null}"#, "}");
    let Some((before, learned)) = answer.split_once(r#","learned":{"#) else { return answer };
    format!("{before}{}", learned.split_once('}').expect("its end").1)
}

/// Byte for byte what the release's own program answered.
async fn sees_what_it_saw(release: &Release, user: &User) {
    let asked: Vec<&Value> = release.answers.iter().filter(|asked| asked["person"] == user.email.as_str()).collect();
    assert!(asked.len() > 10, "{} was asked for", user.email);
    for asked in asked {
        let path = text(asked, "get");
        let answer = user.get(path).await;
        assert_eq!(i64::from(answer.status), asked["status"].as_i64().unwrap(), "{path}: {answer:?}");
        let body = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(without_later_members(&body), text(asked, "answer"), "release {}, {path}", release.name);
    }
    books::assert_sound(user).await;
}

/// Sessions, tokens of scripts and kept answers.
async fn keeps_its_access(app: &App, release: &Release, person: &Value) {
    if let Some(token) = person["token"].as_str() {
        let script = app.client.with_token(token);
        script.expenses("").await.expect(200);
        let keyed = &person["keyed"];
        // The same bytes, as they were sent.
        let again = script.call("POST", "/expenses").raw_json(text(keyed, "body"));
        let again = again.header("idempotency-key", text(keyed, "key")).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    }
    let refreshed = app.client.refresh(text(person, "refresh_token")).await;
    if release.name == RELEASES[0] {
        // Later releases store tokens under the installation's secret: sessions of the first one have ended, and are told so.
        refreshed.refused(401, "invalid_refresh_token");
    } else {
        refreshed.expect(200);
    }
}

/// The last action is an edit; before it everything had other values, and has them again.
async fn undoes_what_it_did(user: &User, person: &Value) {
    let id = person["edited"].as_i64().unwrap();
    let edited = user.expense(id).await.expect(200);
    assert_eq!((edited.text("notes").as_str(), &edited["tags"]), ("to be undone", &json!(["undone"])), "{edited:?}");
    user.undo().await.expect(200);
    let restored = user.expense(id).await.expect(200);
    assert_ne!(restored["notes"], edited["notes"], "{restored:?}");
    assert_ne!(restored["amount"], edited["amount"], "{restored:?}");
    books::assert_sound(user).await;
    user.redo().await.expect(200);
    let again = user.expense(id).await.expect(200);
    for field in ["notes", "amount", "tags", "date", "category"] {
        assert_eq!(again[field], edited[field], "{field}");
    }
    // Older ones as well, as far as they go.
    for _ in 0..12 {
        user.undo().await.expect(200);
    }
    books::assert_sound(user).await;
}

/// Who had signed up when the program was replaced, and has the code, goes on.
async fn proves_its_address(app: &App, release: &Release) {
    let (email, code) = (text(&release.waiting, "waiting"), text(&release.waiting, "code"));
    let (verified, password) = (app.client.verify(email, code).await, "a password of many words");
    if release.name == RELEASES[0] {
        // Later releases bind a code to the sign-up that it was sent for, and keep it under another key: that code is none any
        // more, and whoever waits signs up once more.
        verified.refused(401, "invalid_otp");
        app.clock.advance_seconds(120);
        app.client.register(&json!({"email": email, "password": password})).await.expect(202);
        app.client.verify(email, &app.codes.latest(email, "verify")).await.expect(200);
    } else {
        verified.expect(200);
    }
    app.client.login(email, password).await.expect(200);
}
