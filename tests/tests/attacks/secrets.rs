//! A full run of the real program at its most talkative: no secret stands in an answer but the one that hands it out, in
//! the log, or in the database.

use std::io::Write;
use std::process::Stdio;

use acceptance::binary::{Place, Server};
use acceptance::codes::another_code;
use acceptance::database::TestDatabase;
use acceptance::{Answer, Client, Value, json, parse};

use crate::traces::{base64, hex, stands_in, text};

const EMAIL: &str = "ana@example.com";
const SIGNING: &str = "the-signing-secret-that-stands-nowhere-0123456789";
const PASSWORDS: [&str; 3] = ["first-password-of-ana", "second-password-of-ana", "third-password-of-ana"];
const ADMIN_PASSWORD: &str = "the-password-of-the-admin";

struct Secret {
    what: &'static str,
    text: String,
    /// In how many answers it stands: those that hand it out.
    answers: usize,
}

/// Everything that was said and everything that was secret.
#[derive(Default)]
struct Run {
    answers: Vec<(String, String)>,
    secrets: Vec<Secret>,
}

impl Run {
    fn secret(&mut self, what: &'static str, text: &str, answers: usize) {
        assert!(text.len() >= 6, "{what}: {text}");
        if !self.secrets.iter().any(|known| known.text == text) {
            self.secrets.push(Secret { what, text: text.to_owned(), answers });
        }
    }

    fn heard(&mut self, answer: Answer, status: u16) -> Answer {
        let answer = answer.expect(status);
        let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {}\n", text(value.as_bytes())));
        let said = headers.collect::<String>() + &text(&answer.body);
        self.answers.push((answer.asked.clone(), said));
        answer
    }

    /// Tokens, which this answer hands out.
    fn tokens(&mut self, answer: Answer) -> Answer {
        let answer = self.heard(answer, 200);
        self.secret("an access token", &answer.text("access_token"), 1);
        self.secret("a refresh token", &answer.text("refresh_token"), 1);
        answer
    }

    /// The code that the server prints.
    async fn code(&mut self, server: &mut Server) -> String {
        let code = parse(&server.line().await)["otp"].as_str().unwrap().to_owned();
        self.secret("a code", &code, 0);
        code
    }

    fn found_in(&self, place: &str, text: &str) -> Vec<String> {
        let found = self.secrets.iter().filter(|secret| stands_in(&secret.text, text));
        found.map(|secret| format!("{} in {place}: {}", secret.what, secret.text)).collect()
    }
}

/// Signs up, proves the address, and logs in by password and by code, with what goes wrong on the way.
async fn come_in(run: &mut Run, server: &mut Server) -> Client {
    let client = server.client.clone();
    let sign_up = json!({"email": EMAIL, "password": PASSWORDS[0], "name": "Ana"});
    run.heard(client.register(&sign_up).await, 202);
    let code = run.code(server).await;
    run.heard(client.verify(EMAIL, &another_code(&code)).await, 401);
    run.heard(client.login(EMAIL, PASSWORDS[0]).await, 403);
    run.tokens(client.verify(EMAIL, &code).await);
    run.heard(client.register(&sign_up).await, 202);
    assert_eq!(parse(&server.line().await)["type"], "address_taken");

    let wrong = "a-wrong-password-of-ana";
    run.secret("a wrong password", wrong, 0);
    run.heard(client.login(EMAIL, wrong).await, 401);
    for body in [
        format!(r#"{{"email": "{EMAIL}", "password": "{}", }}"#, PASSWORDS[0]),
        format!(r#"{{"email": "{EMAIL}", "password": "{}"#, PASSWORDS[0]),
        format!(r#"{{"email": "{EMAIL}", "password": "{0}", "password": "{0}"}}"#, PASSWORDS[0]),
    ] {
        run.heard(client.call("POST", "/auth/login").raw_json(&body).await, 400);
    }
    for body in [
        json!({"email": EMAIL, "password": [PASSWORDS[0]]}),
        json!({"email": EMAIL, "password": PASSWORDS[0], "otp": PASSWORDS[1]}),
        json!({"email": PASSWORDS[0], "password": PASSWORDS[0]}),
        json!({"email": EMAIL, "password": PASSWORDS[0], "x": PASSWORDS[0]}),
    ] {
        run.heard(client.post("/auth/login", &body).await, 422);
    }
    let form = format!("email={EMAIL}&password={}", PASSWORDS[0]);
    run.heard(client.call("POST", "/auth/login").body("application/x-www-form-urlencoded", form.as_bytes()).await, 415);

    run.heard(client.request_code(EMAIL).await, 202);
    let code = run.code(server).await;
    run.heard(client.login_with_code(EMAIL, &another_code(&code)).await, 401);
    run.tokens(client.login_with_code(EMAIL, &code).await);
    let tokens = run.tokens(client.login(EMAIL, PASSWORDS[0]).await);
    let signed_in = client.with_token(&tokens.text("access_token"));
    // Secrets where they do not belong.
    let misplaced = "a-token-in-a-query-0123456789";
    run.secret("a token in a query", misplaced, 0);
    run.heard(signed_in.get(&format!("/me?access_token={misplaced}")).await, 422);
    run.heard(signed_in.get(&format!("/nothing/{misplaced}")).await, 404);
    for token in ["a-token-of-nobody-0123456789", "flr_pat_of-nobody-0123456789abcdefghijklmnop"] {
        run.secret("a bad token", token, 0);
        run.heard(client.with_token(token).me().await, 401);
    }
    run.heard(client.get("/me").header("authorization", "Basic YW5hOnBhc3N3b3JkLW9mLWFuYQ").await, 401);
    run.secret("a password in Basic", "YW5hOnBhc3N3b3JkLW9mLWFuYQ", 0);
    signed_in
}

/// Refreshes, forgives a lost answer, is robbed, and logs out.
async fn refresh(run: &mut Run, client: &Client) {
    let first = run.tokens(client.login(EMAIL, PASSWORDS[0]).await);
    let old = first.text("refresh_token");
    let second = run.tokens(client.refresh(&old).await);
    run.tokens(client.refresh(&second.text("refresh_token")).await);
    run.heard(client.refresh(&old).await, 401);
    run.heard(client.with_token(&first.text("access_token")).me().await, 401);
    let bad = "flr_rt_of-nobody-0123456789abcdefghijklmnopqrstuvw";
    run.secret("a bad refresh token", bad, 0);
    run.heard(client.refresh(bad).await, 401);
    let last = run.tokens(client.login(EMAIL, PASSWORDS[0]).await);
    run.heard(client.logout(&last.text("refresh_token")).await, 204);
    run.heard(client.refresh(&last.text("refresh_token")).await, 401);
}

/// Forgets the password, resets it and changes it.
async fn passwords(run: &mut Run, server: &mut Server) -> Client {
    let client = server.client.clone();
    run.heard(client.forgot_password(EMAIL).await, 202);
    let code = run.code(server).await;
    run.heard(client.reset_password(EMAIL, &another_code(&code), PASSWORDS[1]).await, 401);
    run.heard(client.reset_password(EMAIL, &code, "password123").await, 422);
    run.heard(client.reset_password(EMAIL, &code, PASSWORDS[1]).await, 204);
    let tokens = run.tokens(client.login(EMAIL, PASSWORDS[1]).await);
    let signed_in = client.with_token(&tokens.text("access_token"));
    run.heard(signed_in.change_password(PASSWORDS[0], PASSWORDS[2]).await, 422);
    run.heard(signed_in.change_password(PASSWORDS[1], PASSWORDS[2]).await, 204);
    signed_in
}

/// Makes, shows again and uses a personal token, and writes under keys.
async fn personal_tokens(run: &mut Run, ana: &Client) {
    let key = "key-of-the-new-token-0123456789";
    run.secret("a key", key, 0);
    let wanted = json!({"name": "a script", "scopes": ["read", "write"]});
    let make = async || ana.create_token(&wanted).header("idempotency-key", key).await;
    let made = run.heard(make().await, 201);
    let again = run.heard(make().await, 201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    run.secret("a personal token", &made.text("token"), 2);
    let other = ana.create_token(&json!({"name": "x", "scopes": ["read"]})).header("idempotency-key", key);
    run.heard(other.await, 422);
    let script = ana.with_token(&made.text("token"));
    let key = "key-of-the-new-expense-0123456789";
    run.secret("a key", key, 0);
    for _ in 0..2 {
        let call = script.create_expense(&json!({"amount": "12.50", "notes": "lunch"}));
        run.heard(call.header("idempotency-key", key).await, 201);
    }
    run.heard(script.undo().header("idempotency-key", "key-of-the-undo-0123456789").await, 200);
    run.secret("a key", "key-of-the-undo-0123456789", 0);
    run.heard(script.patch_me(&json!({"name": "x"})).await, 403);
    for path in ["/expenses", "/actions", "/summary"] {
        run.heard(script.get(path).await, 200);
    }
    run.heard(ana.tokens().await, 200);
    run.heard(ana.revoke_token(made.id()).await, 204);
    run.heard(script.get("/expenses").await, 401);
    // One that is left, to be looked for in the database.
    let left = run.heard(ana.create_token(&json!({"name": "left", "scopes": ["read"]})).await, 201);
    run.secret("a personal token", &left.text("token"), 1);
}

/// What an admin does; made at the command line.
async fn administer(run: &mut Run, place: &Place, client: &Client, ana: i64) -> String {
    let mut create = place.command(&["admin", "create", "--email", "root@example.com"]);
    let child = create.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    writeln!(child.stdin.take().unwrap(), "{ADMIN_PASSWORD}").unwrap();
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let tokens = run.tokens(client.login("root@example.com", ADMIN_PASSWORD).await);
    let admin = client.with_token(&tokens.text("access_token"));
    for path in ["/admin/users", "/admin/login-events", "/admin/stats"] {
        run.heard(admin.get(path).await, 200);
    }
    run.heard(admin.account(ana).await, 200);
    run.heard(admin.call("POST", "/admin/verify").await, 200);
    run.heard(admin.patch_account(ana, &json!({"disabled": true})).await, 200);
    run.heard(client.login(EMAIL, PASSWORDS[2]).await, 403);
    run.heard(admin.patch_account(ana, &json!({"disabled": false, "role": "user"})).await, 200);
    run.heard(admin.revoke_sessions(ana).await, 204);
    text(&said.stdout) + &text(&said.stderr)
}

/// The hashes of a table, in hexadecimal.
async fn hashes(database: &TestDatabase, table: &str) -> Vec<String> {
    let as_text = if database.url().starts_with("postgres") { "encode(hash, 'hex')" } else { "HEX(hash)" };
    let hashes = database.texts(&format!("SELECT {as_text} FROM {table}")).await;
    assert!(!hashes.is_empty(), "{table}");
    hashes.into_iter().map(|hash| hash.to_lowercase()).collect()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

/// Whether the dump holds what is stored as bytes: as it is in files, in hexadecimal in rows.
async fn holds_bytes(database: &TestDatabase, dump: &str) -> bool {
    let hash = hashes(database, "refresh_token").await.remove(0);
    [text(&bytes_of(&hash)), hash.to_uppercase(), hash].iter().any(|form| dump.contains(form))
}

/// What stands in the database in place of secrets lets nobody in; how often it was tried.
async fn stored_hashes_are_of_no_use(database: &TestDatabase, client: &Client) -> usize {
    let mut tried = 0;
    for table in ["refresh_token", "personal_token"] {
        for hash in hashes(database, table).await {
            let bytes = bytes_of(&hash);
            assert_eq!(hex(&bytes), hash);
            for form in [hash, base64(&bytes, *b"-_")] {
                for prefix in ["", "flr_rt_", "flr_pat_"] {
                    client.refresh(&format!("{prefix}{form}")).await.refused(401, "invalid_refresh_token");
                    client.with_token(&format!("{prefix}{form}")).me().await.refused(401, "invalid_token");
                    tried += 1;
                }
            }
        }
    }
    let stored = database.texts("SELECT password_hash FROM user_cred").await;
    assert!(stored.iter().all(|hash| hash.starts_with("$argon2id$")), "{stored:?}");
    for hash in stored {
        client.login(EMAIL, &hash).await.refused(401, "invalid_credentials");
        tried += 1;
    }
    tried
}

#[tokio::test]
async fn a_full_run_shows_no_secret_anywhere() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url())
        .with("FLORIN__LOG__LEVEL", "trace")
        .with("FLORIN__LOG__FORMAT", "json")
        .with("FLORIN__AUTH__SECRET", SIGNING);
    let mut run = Run::default();
    run.secret("the signing secret", SIGNING, 0);
    run.secret("a password", ADMIN_PASSWORD, 0);
    for password in PASSWORDS {
        run.secret("a password", password, 0);
    }
    let credentials = database.url().split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    if let Some((_, password)) = credentials.and_then(|(credentials, _)| credentials.split_once(':')) {
        run.secret("the database's password", &format!(":{password}@"), 0);
    }
    let mut server = place.serve().await;
    let client = server.client.clone();
    let ana = come_in(&mut run, &mut server).await;
    refresh(&mut run, &client).await;
    run.heard(ana.sessions().await, 200);
    let ana = passwords(&mut run, &mut server).await;
    personal_tokens(&mut run, &ana).await;
    for path in ["/me", "/me/export", "/auth/sessions", "/auth/login-events", "/auth/tokens"] {
        run.heard(ana.get(path).await, 200);
    }
    let id = ana.me().await.expect(200).id();
    // What can be found, is: one text in a header and the log, one in the database.
    let traced = ana.get("/me").header("x-request-id", "planted-in-a-header").header("user-agent", "x");
    run.heard(traced.await, 200);
    let planted = client.login(EMAIL, PASSWORDS[2]).header("user-agent", "planted-in-the-database");
    run.tokens(planted.await);
    let before = text(&database.dump().await);
    assert!(holds_bytes(&database, &before).await, "the search would find what is no text");
    println!("{} uses of stored hashes refused", stored_hashes_are_of_no_use(&database, &client).await);
    let admin_said = administer(&mut run, &place, &client, id).await;
    for path in ["/metrics", "/openapi.json", "/livez", "/readyz"] {
        run.heard(client.at("GET", path).await, 200);
    }
    let ana = run.tokens(client.login(EMAIL, PASSWORDS[2]).await);
    let ana = client.with_token(&ana.text("access_token"));
    run.heard(ana.delete("/me").json(&json!({"password": "a-wrong-password-of-ana"})).await, 422);
    run.heard(ana.delete("/me").json(&json!({"password": PASSWORDS[2]})).await, 204);
    let after = text(&database.dump().await);
    let log = server.stop().await;
    for line in &log {
        assert!(matches!(parse(line), Value::Object(_)), "{line}");
    }
    let log = text(log.join("\n").as_bytes());

    assert!(stands_in("planted-in-a-header", &log), "the search finds what stands in the log");
    let with_header = run.answers.iter().filter(|(_, said)| stands_in("planted-in-a-header", said)).count();
    assert_eq!(with_header, 1, "the search finds what stands in a header");
    assert!(stands_in("planted-in-the-database", &before), "the search finds what stands in the database");
    assert!(before.len() > 5_000 && after.len() > 1_000 && log.len() > 10_000, "there is something to search");

    let mut findings = Vec::new();
    for secret in &run.secrets {
        let holding: Vec<_> = run.answers.iter().filter(|(_, said)| stands_in(&secret.text, said)).collect();
        if holding.len() != secret.answers {
            let asked: Vec<_> = holding.iter().map(|(asked, _)| asked).collect();
            findings.push(format!("{} in {} answers: {asked:?}", secret.what, holding.len()));
        }
    }
    for (place, said) in [("the log", &log), ("the database", &before), ("the database at the end", &after)] {
        findings.extend(run.found_in(place, said));
    }
    findings.extend(run.found_in("what the command line said", &admin_said));
    println!(
        "{} secrets looked for in {} answers, {} bytes of log and {} bytes of database: {} found",
        run.secrets.len(),
        run.answers.len(),
        log.len(),
        before.len() + after.len(),
        findings.len()
    );
    assert!(run.secrets.len() >= 30, "{}", run.secrets.len());
    assert!(findings.is_empty(), "{findings:#?}");
}
