//! The commands of the operator.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use acceptance::binary::Place;
use acceptance::database::{Engine, TestDatabase};
use acceptance::{Client, User, Value, json, parse};

use crate::start::sign_up;

#[tokio::test]
async fn verify_tells_sound_books_from_altered_ones() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let mut server = place.serve().await;
    let user = sign_up(&mut server).await;
    user.record(&json!({"amount": "10", "date": "2026-03-01", "category_id": 1})).await;
    let (code, stdout, _) = place.outcome(&["verify"]);
    assert_eq!(code, 0);
    let line = parse(&stdout);
    assert_eq!(
        (&line["type"], &line["user_id"], &line["actions"], &line["ok"]),
        (&json!("verified"), &json!(user.id), &json!(1), &json!(true))
    );

    database.execute(&format!("UPDATE monthly_expense SET total = total + 7 WHERE user_id = {}", user.id)).await;
    for arguments in [vec!["verify".to_owned()], vec!["verify".to_owned(), "--user".to_owned(), user.id.to_string()]] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (code, stdout, stderr) = place.outcome(&arguments);
        assert_eq!(code, 1, "{stdout}{stderr}");
        let bad = &parse(&stdout)["first_bad"];
        assert_eq!(
            (&bad["kind"], &bad["month"], &bad["category_id"], &bad["stored_minor_units"], &bad["live_minor_units"]),
            (&json!("total"), &json!("2026-03"), &json!(1), &json!(1007), &json!(1000))
        );
    }
    let (code, stdout, stderr) = place.outcome(&["verify", "--user", "4711"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
}

#[tokio::test]
async fn config_show_hides_secrets_and_says_where_values_came_from() {
    let place = Place::new("postgres://florin:s3cret@db.example/florin?password=als0")
        .with("FLORIN__AUTH__SECRET", "a secret that must not be seen anywhere")
        .with("FLORIN__LOG__LEVEL", "warn");
    let shown = |place: &Place| {
        let (code, stdout, stderr) = place.outcome(&["config", "show"]);
        assert_eq!((code, stderr.as_str()), (0, ""));
        for secret in ["s3cret", "als0", "a secret that"] {
            assert!(!stdout.contains(secret), "{stdout}");
        }
        assert!(stdout.contains("secret = \"***\"") && stdout.contains("db.example"), "{stdout}");
        stdout
    };
    assert!(shown(&place).contains("FLORIN__LOG__LEVEL"));
    for url in ["mysql://florin:s3cret%40:@db.example/florin", "mysql://florin:s3c@s3cret/als0@db.example"] {
        shown(&Place::new(url).with("FLORIN__AUTH__SECRET", "a secret that must not be seen anywhere"));
    }
    // It works with settings that would be refused, to find out what is wrong with them. What is refused tells no secret
    // either, nor does one that comes from a file.
    let place = place.with("FLORIN_ENV", "production").with("FLORIN__AUTH__SECRET", "a secret that");
    shown(&place);
    let (code, stdout, stderr) = place.outcome(&["serve"]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(
        stderr.contains("auth.secret") && !stderr.contains("a secret that") && !stderr.contains("s3cret"),
        "{stderr}"
    );
    let place = place.without("FLORIN__AUTH__SECRET");
    std::fs::create_dir(place.folder().join("config")).unwrap();
    let file = place.folder().join("config/production.toml");
    std::fs::write(&file, "[auth]\nsecret = \"a secret that must not be seen\"\n").unwrap();
    assert!(shown(&place).contains("production.toml"));
}

#[tokio::test]
async fn settings_come_from_files_then_from_variables() {
    let place = Place::new("sqlite://florin.db");
    let folder = place.folder().join("settings");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("default.toml"), "[log]\nlevel = \"warn\"\nformat = \"json\"\n[server]\nworkers = 3\n")
        .unwrap();
    std::fs::write(folder.join("test.toml"), "[log]\nlevel = \"error\"\n").unwrap();
    let shown = |place: &Place, arguments: &[&str]| {
        let (code, stdout, stderr) = place.outcome(arguments);
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let by_option = shown(&place, &["--config", "settings", "config", "show"]);
    assert!(by_option.contains("level = \"warn\"") && by_option.contains("workers = 3"), "{by_option}");
    let place =
        place.with("FLORIN_CONFIG_DIR", "settings").with("FLORIN_ENV", "test").with("FLORIN__SERVER__WORKERS", "4");
    let layered = shown(&place, &["config", "show"]);
    for line in ["level = \"error\"", "format = \"json\"", "workers = 4"] {
        assert!(layered.contains(line), "{layered}");
    }
    std::fs::write(folder.join("test.toml"), "[log]\nlevle = \"error\"\n").unwrap();
    let (code, _, stderr) = place.outcome(&["config", "show"]);
    assert!(code == 3 && stderr.contains("levle") && stderr.contains("test.toml"), "{stderr}");
}

#[tokio::test]
async fn the_first_admin_is_made_at_the_command_line() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let create = |email: &str, password: &str| {
        let mut command = place.command(&["admin", "create", "--email", email]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, stderr) = create("root@example.com", "a long enough passphrase\n");
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!((&parse(&stdout)["type"], &parse(&stdout)["email"]), (&json!("admin"), &json!("root@example.com")));
    assert!(!stdout.contains("passphrase") && !stderr.contains("passphrase"));
    assert_eq!(create("root@example.com", "a long enough passphrase\n").0, Some(1), "taken");
    assert_eq!(create("other@example.com", "fourteen bytes\n").0, Some(1), "too short for an admin");
    assert_eq!(create("other@example.com", "").0, Some(1));
    assert_eq!(create("nonsense", "a long enough passphrase\n").0, Some(1));
    let server = place.serve().await;
    let tokens = server.client.login("root@example.com", "a long enough passphrase").await.expect(200);
    assert_eq!(tokens["user"]["role"], "admin");
    let made = "SELECT COUNT(*) FROM login_event WHERE event = 'sign_up' AND outcome = 'ok' AND actor_id IS NULL";
    assert_eq!(database.number(made).await, 1, "it is noted, and what was refused is not");
}

#[tokio::test]
async fn the_demo_user_has_half_a_year_of_data_and_is_made_once() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let (code, stdout, stderr) = place.outcome(&["seed-demo"]);
    assert_eq!(code, 0, "{stderr}");
    let demo = parse(&stdout);
    assert_eq!(demo["type"], "demo_user");
    assert_eq!(place.outcome(&["seed-demo"]).1, stdout, "again: the same, and nothing twice");
    let server = place.serve().await;
    let (email, password) = (demo["email"].as_str().unwrap(), demo["password"].as_str().unwrap());
    let tokens = server.client.login(email, password).await.expect(200);
    let user = User::of(&server.client, &tokens, password);
    let rows = acceptance::books::assert_sound(&user).await;
    let months: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row["date"].as_str().unwrap()[..7]).collect();
    assert!(months.len() >= 6 && rows.len() > 100, "{} expenses in {months:?}", rows.len());
    assert!(!user.budgets("").await.expect(200)["categories"].as_array().unwrap().is_empty());
    assert!(user.score("").await.expect(200)["score"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn the_openapi_document_is_printed_as_it_is_served() {
    let place = Place::new("sqlite://florin.db");
    let (code, stdout, stderr) = place.outcome(&["openapi"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let app = acceptance::spawn().await;
    let served = app.client.at("GET", "/openapi.json").await.expect(200).body;
    assert!(served == stdout.as_bytes(), "the program prints another document than the server of this test serves");
}

#[tokio::test]
async fn a_health_check_asks_the_server() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let server = place.serve().await;
    let address = server.client.base().trim_start_matches("http://").to_owned();
    let place = Place::new(database.url()).with("FLORIN__SERVER__BIND", &address);
    assert_eq!(place.outcome(&["healthcheck"]).0, 0);
    drop(server);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let (code, stdout, stderr) = place.outcome(&["healthcheck"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
}

#[tokio::test]
async fn a_generated_key_is_kept_and_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::migrated().await;
    // It lies beside an embedded database, and in ./data with a server.
    let place = match Engine::chosen() {
        Engine::Sqlite => Place::new("sqlite://data/florin.db"),
        _ => Place::new(database.url()),
    };
    let mut server = place.serve().await;
    let user = sign_up(&mut server).await;
    let key = place.folder().join("data/signing.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal("TERM");
    server.child.wait().await.unwrap();
    let again = place.serve().await;
    Client::new(again.client.base()).with_token(user.token().unwrap()).me().await.expect(200);
}

/// A server whose log goes to a file, and a client of it.
async fn logging_to(log: &Path, place: &Place) -> (tokio::process::Child, Client) {
    let mut command = tokio::process::Command::from(place.command(&["serve"]));
    command.stdout(Stdio::null()).stderr(std::fs::File::create(log).unwrap()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let text = std::fs::read_to_string(log).unwrap();
        if let Some(start) = text.find("listening on http://") {
            let rest = &text[start + "listening on ".len()..];
            return (child, Client::new(&rest[..rest.find(';').unwrap()]));
        }
    }
}

#[tokio::test]
async fn a_log_line_says_who_and_from_where() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url())
        .with("FLORIN__LOG__FORMAT", "json")
        .with("FLORIN__SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let (_, stdout, _) = place.outcome(&["seed-demo"]);
    let demo = parse(stdout.lines().next().unwrap());
    let log = place.folder().join("log");
    let (mut child, client) = logging_to(&log, &place).await;
    let (email, password) = (demo["email"].as_str().unwrap(), demo["password"].as_str().unwrap());
    let tokens = client.login(email, password).await.expect(200);
    let user = client.with_token(&tokens.text("access_token"));
    let id = &tokens["user"]["id"];
    let from = "203.0.113.9";
    let refused = user.get("/admin/users").header("x-request-id", "refused").header("x-forwarded-for", from);
    refused.await.refused(403, "forbidden");
    let keyed = user.post("/expenses", &json!({"amount": "1"})).header("idempotency-key", "k");
    keyed.header("x-request-id", "keyed").await.expect(201);
    client.get("/me").header("x-request-id", "nobody").await.expect(401);
    child.kill().await.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(parse).collect();
    for (request, status, user, client) in
        [("refused", 403, id, from), ("keyed", 201, id, "127.0.0.1"), ("nobody", 401, &Value::Null, "127.0.0.1")]
    {
        let of_request = |line: &&Value| line["span"]["request_id"] == request && line["message"] == "answered";
        let line = lines.iter().find(of_request).unwrap_or_else(|| panic!("{request}: {text}"));
        assert_eq!((&line["status"], &line["span"]["user"]), (&json!(status), user), "{line}");
        assert_eq!(line["span"]["client"], client, "{line}");
    }
}

#[tokio::test]
async fn another_secret_ends_every_log_in_and_token() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN__AUTH__SECRET", "a secret of one's own");
    let mut server = place.serve().await;
    let user = sign_up(&mut server).await;
    let (script, _) = user.personal_token(&["read"]).await;
    script.me().await.expect(200);
    drop(server);
    let same = place.serve().await;
    let (token, secret) = (user.token().unwrap(), script.token().unwrap());
    for token in [token, secret] {
        same.client.with_token(token).me().await.expect(200);
    }
    drop(same);
    let other = place.with("FLORIN__AUTH__SECRET", "another secret of one's own").serve().await;
    for token in [token, secret] {
        other.client.with_token(token).me().await.refused(401, "invalid_token");
    }
    other.client.refresh(&user.refresh_token).await.refused(401, "invalid_refresh_token");
    other.client.login(&user.email, &user.password).await.expect(200);
}

#[tokio::test]
async fn logs_hold_no_secret_and_no_forged_line() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN__LOG__LEVEL", "trace").with("FLORIN__LOG__FORMAT", "json");
    let log = place.folder().join("log");
    let (mut child, client) = logging_to(&log, &place).await;
    let password = "a-password-to-be-found-nowhere";
    client.register(&json!({"email": "eve@example.com", "password": password})).await.expect(202);
    client.login("eve@example.com", password).await.refused(403, "email_not_verified");
    client.login("eve@example.com\n{\"level\":\"ERROR\"}", password).await.expect(422);
    client.get("/me").header("authorization", "Bearer a-token-to-be-found-nowhere").await.expect(401);
    client.refresh("a-refresh-token-to-be-found-nowhere").await.expect(401);
    client.get("/me").header("user-agent", "forged\u{85}line").await.expect(401);
    child.kill().await.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    for secret in [password, "a-token-to-be-found-nowhere", "a-refresh-token-to-be-found-nowhere", "$argon2"] {
        assert!(!text.contains(secret), "{secret} stands in the log");
    }
    for line in text.lines() {
        assert!(matches!(parse(line), Value::Object(_)), "{line}");
    }
}
