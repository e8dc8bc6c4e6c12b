//! Starting and ending, with a good database and with bad ones.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use acceptance::binary::Place;
use acceptance::database::{Engine, TestDatabase};
use acceptance::{User, json};

/// One line, named after the program, without a trace of how it is built.
#[track_caller]
fn one_line(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("florin-api: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    for noise in ["panicked", "RUST_BACKTRACE", "Error {", "stack backtrace"] {
        assert!(!stderr.contains(noise), "{stderr}");
    }
    lines[0].to_owned()
}

#[tokio::test]
async fn a_missing_database_is_one_line_and_exit_code_4() {
    let database = TestDatabase::empty().await;
    let place = Place::new(database.url());
    let mut commands = vec![vec!["verify"], vec!["admin", "create", "--email", "root@example.com"]];
    if *Engine::chosen() != Engine::Sqlite {
        // An embedded one is made for the demo.
        commands.push(vec!["seed-demo"]);
    }
    for arguments in commands {
        let mut command = place.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"a long enough passphrase\n").ok();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{arguments:?}: {stderr}");
        assert!(one_line(&stderr).contains("migrat"), "it says what to do: {stderr}");
    }
}

#[tokio::test]
async fn an_older_or_newer_database_is_left_alone() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    database
        .execute(
            "UPDATE seaql_migrations SET version = 'm99991231_000000_future' WHERE version LIKE '%000017_user_action'",
        )
        .await;
    for arguments in [&["verify"][..], &["migrate"], &["serve", "--migrate"]] {
        let (code, stdout, stderr) = place.outcome(arguments);
        assert_eq!((code, stdout.as_str()), (4, ""), "{arguments:?}: {stderr}");
        assert!(one_line(&stderr).contains("later version"), "{stderr}");
    }
    database.execute("DELETE FROM seaql_migrations WHERE version LIKE '%future'").await;
    let (code, _, stderr) = place.outcome(&["verify"]);
    assert_eq!(code, 4, "{stderr}");
    assert!(one_line(&stderr).contains("user_action"), "{stderr}");
}

#[tokio::test]
async fn an_unreachable_database_is_one_line_and_exit_code_4() {
    let (address, hidden) = match Engine::chosen() {
        Engine::Sqlite => ("sqlite:///proc/nothing/florin.db", "nothing-to-hide"),
        Engine::MySql(_) => ("mysql://florin:s3cret@127.0.0.1:9/florin", "s3cret"),
        Engine::Postgres(_) => ("postgres://florin:s3cret@127.0.0.1:9/florin", "s3cret"),
    };
    let place = Place::new(address);
    for arguments in [&["verify"][..], &["migrate"]] {
        let (code, stdout, stderr) = place.outcome(arguments);
        assert_eq!((code, stdout.as_str()), (4, ""), "{stderr}");
        one_line(&stderr);
        assert!(!stderr.contains(hidden), "{stderr}");
    }
}

#[tokio::test]
async fn a_server_database_that_is_not_migrated_is_told_by_readiness() {
    let database = TestDatabase::empty().await;
    let place = Place::new(database.url());
    let server = place.serve().await;
    server.client.at("GET", "/livez").await.expect(200);
    let ready = server.client.at("GET", "/readyz").await;
    if *Engine::chosen() == Engine::Sqlite {
        // An embedded database is made and migrated without being asked.
        assert_eq!(ready.status, 200, "{ready:?}");
    } else {
        let ready = ready.refused(503, "not_ready");
        assert!(ready.text("detail").contains("migrate"), "{ready:?}");
        let login = json!({"email": "ana@example.com", "password": "a password of many words"});
        let away = server.client.post("/auth/login", &login).await.refused(503, "unavailable");
        assert!(away.header("retry-after").is_some(), "not migrated is unavailable, and no defect: {away:?}");
        let (code, stdout, stderr) = place.outcome(&["migrate"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.lines().all(|line| line.starts_with('{')) && stdout.lines().count() > 10, "{stdout}");
        server.client.at("GET", "/readyz").await.expect(200);
    }
    let (code, stdout, _) = place.outcome(&["migrate"]);
    assert_eq!((code, stdout.as_str()), (0, ""), "nothing is left to do");
}

#[tokio::test]
async fn wrong_settings_are_named_and_nothing_is_touched() {
    let database = TestDatabase::empty().await;
    for (name, value, key) in [
        ("FLORIN__SERVER__BNID", "127.0.0.1:1", "server.bnid"),
        ("FLORIN__SERVER__BIND", "nonsense", "server.bind"),
        ("FLORIN__AUTH__ARGON2_M_KIB", "8", "auth.argon2_m_kib"),
        ("FLORIN__AUTH__ACCESS_MINUTES", "soon", "auth.access_minutes"),
        ("FLORIN__DATABASE__URL", "oracle://x/y", "database.url"),
        ("FLORIN__ACCOUNTS__DEFAULT_CURRENCY", "XXX", "accounts.default_currency"),
        ("FLORIN__LOG__FORMAT", "xml", "log.format"),
        ("FLORIN_ENV", "prodution", "FLORIN_ENV"),
    ] {
        let place = Place::new(database.url()).with(name, value);
        for arguments in [&["serve"][..], &["migrate"]] {
            let (code, stdout, stderr) = place.outcome(arguments);
            assert_eq!((code, stdout.as_str()), (3, ""), "{name}={value}: {stderr}");
            let line = one_line(&stderr);
            assert!(line.contains(key), "{name}={value}: {line}");
        }
        assert_eq!(std::fs::read_dir(place.folder()).unwrap().count(), 0, "nothing was written");
    }
}

#[tokio::test]
async fn production_refuses_what_is_only_good_for_trying_out() {
    let database = TestDatabase::empty().await;
    let place = Place::new(database.url()).with("FLORIN_ENV", "production");
    let (code, _, stderr) = place.outcome(&["serve"]);
    assert_eq!(code, 3, "{stderr}");
    for key in ["otp.delivery", "auth.secret", "auth.argon2_m_kib", "demo.allowed"] {
        let named = stderr.lines().filter(|line| line.starts_with(&format!("florin-api: {key}: "))).count();
        assert_eq!(named, 1, "{key}: {stderr}");
    }
    let short = place.with("FLORIN__AUTH__SECRET", "hunter2-is-short");
    let (_, _, stderr) = short.outcome(&["serve"]);
    assert!(stderr.contains("auth.secret") && !stderr.contains("hunter2"), "{stderr}");
}

#[tokio::test]
async fn production_names_each_unsafe_setting_in_one_line() {
    let database = TestDatabase::empty().await;
    let safe = || {
        Place::new(database.url())
            .with("FLORIN_ENV", "production")
            .with("FLORIN__AUTH__SECRET", "Zk3vQ9rT1yWb7LxN5cHd8MfJ2gPs6UaE")
            .with("FLORIN__AUTH__ARGON2_M_KIB", "19456")
            .with("FLORIN__AUTH__ARGON2_T", "2")
            .with("FLORIN__DEMO__ALLOWED", "false")
            .with("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "600")
            .with("FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT", "64")
    };
    let refusals = |place: &Place| {
        let (code, stdout, stderr) = place.outcome(&["serve"]);
        assert_eq!((code, stdout.as_str()), (3, ""), "{stderr}");
        assert!(stderr.lines().all(|line| line.starts_with("florin-api: ")), "{stderr}");
        assert_eq!(std::fs::read_dir(place.folder()).unwrap().count(), 0, "nothing was written");
        // How codes are delivered has a test of its own.
        let lines = stderr.lines().filter(|line| !line.contains(" otp."));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(refusals(&safe()), [""; 0]);
    for (name, value, key) in [
        ("FLORIN__AUTH__SECRET", "", "auth.secret"),
        ("FLORIN__AUTH__SECRET", "abababababababababababababababababababab", "auth.secret"),
        ("FLORIN__AUTH__ACCESS_MINUTES", "1441", "auth.access_minutes"),
        ("FLORIN__AUTH__ARGON2_M_KIB", "19455", "auth.argon2_m_kib"),
        ("FLORIN__SERVER__TRUSTED_PROXIES", "0.0.0.0/0", "server.trusted_proxies"),
        ("FLORIN__SERVER__CORS_ORIGINS", "http://app.example.com", "server.cors_origins"),
        ("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "0", "limits.requests_per_minute"),
        ("FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT", "0", "limits.in_flight_per_client"),
        ("FLORIN__DEMO__ALLOWED", "true", "demo.allowed"),
        ("FLORIN__DATABASE__URL", "postgres://ana:s3cret@db.example/florin?sslmode=require", "database.url"),
        ("FLORIN__AUTH__SESSION_DAYS", "0", "auth.session_days"),
    ] {
        let lines = refusals(&safe().with(name, value));
        assert_eq!(lines.len(), 1, "{name}={value}: {lines:?}");
        assert!(!lines[0].contains("s3cret"), "{lines:?}");
        assert!(lines[0].starts_with(&format!("florin-api: {key}: ")) && lines[0].contains(name), "{lines:?}");
    }
}

#[tokio::test]
async fn a_generated_secret_within_reach_of_others_is_logged_and_no_more() {
    let database = TestDatabase::migrated().await;
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new(database.url()).with("FLORIN__SERVER__BIND", &address);
    let warns = |place: &Place| {
        let (code, _, stderr) = place.outcome(&["serve"]);
        assert_eq!(code, 5, "only the port stood in its way: {stderr}");
        stderr.lines().any(|line| line.contains("WARN") && line.contains("server.bind: "))
    };
    assert!(warns(&place));
    assert!(!warns(&place.with("FLORIN__AUTH__SECRET", "a secret of one's own")));
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let database = TestDatabase::migrated().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new(database.url()).with("FLORIN__SERVER__BIND", &address);
    let (code, _, stderr) = place.outcome(&["serve"]);
    assert_eq!(code, 5, "{stderr}");
    assert!(one_line(&stderr).contains(&address), "{stderr}");
}

#[tokio::test]
async fn a_wrong_command_line_is_exit_code_2_and_help_is_data() {
    let place = Place::new("sqlite://florin.db");
    for arguments in
        [&[][..], &["nonsense"], &["serve", "--nonsense"], &["verify", "--user", "0"], &["admin", "create"]]
    {
        let (code, stdout, stderr) = place.outcome(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(!stderr.is_empty());
    }
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["verify", "--help"],
        &["admin", "create", "--help"],
        &["seed-demo", "--help"],
        &["config", "show", "--help"],
        &["openapi", "--help"],
        &["healthcheck", "--help"],
        &["--version"],
    ] {
        let (code, stdout, stderr) = place.outcome(arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(!stdout.is_empty());
    }
    assert!(place.outcome(&["--help"]).1.contains("Exit codes"));
    assert_eq!(std::fs::read_dir(place.folder()).unwrap().count(), 0, "nothing was written");
}

#[tokio::test]
async fn sigterm_ends_it_with_0_and_loses_no_acknowledged_write() {
    for signal in ["TERM", "INT"] {
        let database = TestDatabase::migrated().await;
        let place = Place::new(database.url());
        let mut server = place.serve().await;
        let user = sign_up(&mut server).await;
        let writing = tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            while let Ok(answer) = user.create_expense(&json!({"amount": "1"})).try_send().await {
                match answer.status {
                    201 => acknowledged.push(answer.id()),
                    503 => break,
                    _ => panic!("{answer:?}"),
                }
            }
            acknowledged
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        let began = Instant::now();
        server.signal(signal);
        let status =
            tokio::time::timeout(Duration::from_secs(10), server.child.wait()).await.expect("it ends in time").unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(server.rest().await, Vec::<String>::new(), "standard output is data only");
        let acknowledged = writing.await.unwrap();
        assert!(acknowledged.len() > 3, "{acknowledged:?}");
        for id in &acknowledged {
            assert_eq!(
                database.number(&format!("SELECT COUNT(*) FROM expenses WHERE id = {id} AND live = 1")).await,
                1
            );
        }
        let (code, stdout, stderr) = place.outcome(&["verify"]);
        assert_eq!(code, 0, "{stdout}{stderr}");
    }
}

/// Signs somebody up with the code that the server writes to standard output.
pub(crate) async fn sign_up(server: &mut acceptance::binary::Server) -> User {
    let email = "ana@example.com";
    server.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    let line: acceptance::Value = acceptance::parse(&server.line().await);
    assert_eq!((&line["type"], &line["email"], &line["purpose"]), (&json!("otp"), &json!(email), &json!("verify")));
    let tokens = server.client.verify(email, line["otp"].as_str().unwrap()).await.expect(200);
    User::of(&server.client, &tokens, "correct horse battery")
}
