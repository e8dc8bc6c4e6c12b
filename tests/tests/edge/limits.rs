//! Requests a minute by user, or by client address when signed out.

use acceptance::{Answer, App, json, spawn, spawn_with};

/// A server that lets so many through, behind these proxies.
async fn limited(requests_per_minute: u32, proxies: &[&str]) -> App {
    let proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
    spawn_with(|settings| {
        settings.limits.requests_per_minute = requests_per_minute;
        settings.server.trusted_proxies = proxies;
    })
    .await
}

/// What the headers say: the quota, and what is left of it.
#[track_caller]
fn told(answer: &Answer) -> (u32, u32) {
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"));
    let policy = answer.header("ratelimit-policy").unwrap_or_else(|| panic!("no RateLimit-Policy: {answer:?}"));
    let limit = answer.header("ratelimit").unwrap_or_else(|| panic!("no RateLimit: {answer:?}"));
    let quota = number(policy.strip_prefix("\"default\";q=").and_then(|rest| rest.strip_suffix(";w=60")));
    let (left, seconds) = limit.strip_prefix("\"default\";r=").and_then(|rest| rest.split_once(";t=")).unwrap();
    assert!((1..=60).contains(&number(Some(seconds))), "{answer:?}");
    (quota, number(Some(left)))
}

/// A refusal for too many requests, which says how long to wait.
#[track_caller]
fn refused(answer: Answer) -> Answer {
    let answer = answer.refused(429, "too_many_requests");
    assert_eq!(answer["type"], "urn:florin:problem:too_many_requests");
    assert_eq!(told(&answer).1, 0);
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{answer:?}");
    assert!(answer.header("ratelimit").unwrap().ends_with(&format!(";t={wait}")), "{answer:?}");
    answer
}

#[tokio::test]
async fn one_request_too_many_is_refused_by_user_whatever_the_token() {
    let app = limited(5, &[]).await;
    let ana = app.user().await;
    let again = ana.another_session().await;
    for left in (0..5).rev() {
        let session = if left % 2 == 0 { &ana } else { &again };
        assert_eq!(told(&session.get("/me").await.expect(200)), (5, left));
    }
    for session in [&ana, &again] {
        refused(session.get("/me").await);
        refused(session.at("GET", "/api/score").await);
        refused(session.at("POST", "/reverseLastAction").await);
        refused(session.create_expense(&json!({"amount": "1"})).await);
        refused(session.get("/nothing").await);
        refused(session.call("BREW", "/me").await);
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM expenses").await, 0, "what is refused is not done");
    // Signing up and in was counted by address: two for Ana, one for her other session, two for Ben.
    let ben = app.user().await;
    assert_eq!(told(&ben.get("/me").await.expect(200)), (5, 4), "another person has a count of his own");
    refused(app.client.get("/me").await);
    ben.get("/me").await.expect(200);
}

#[tokio::test]
async fn every_answer_below_api_tells_how_things_stand() {
    let app = limited(20, &[]).await;
    // A slow machine gives some of it back meanwhile: one in three seconds.
    let counted = |answer: &Answer, left: u32| {
        let (quota, found) = told(answer);
        assert!(quota == 20 && (left..left + 3).contains(&found), "wanted {left} left: {answer:?}");
    };
    let user = app.user().await;
    let mut left = 20;
    for (method, path, body, status) in [
        ("POST", "/api/v1/expenses", r#"{"amount":"1"}"#, 201),
        ("POST", "/api/v1/expenses", r#"{"amount":"x"}"#, 422),
        ("POST", "/api/v1/expenses", "{", 400),
        ("GET", "/api/v1/expenses?x=1", "", 422),
        ("GET", "/api/v1/expenses/0", "", 404),
        ("HEAD", "/api/v1/me", "", 200),
        ("OPTIONS", "/api/v1/me", "", 405),
        ("PUT", "/api/v1/me", "", 405),
        ("GET", "/api/v1/nothing", "", 404),
        ("GET", "/api/nothing", "", 404),
        ("GET", "/%61pi/v1/me", "", 200),
        ("GET", "/api/score", "", 200),
        ("POST", "/reverseLastAction", "", 200),
        ("GET", "/reverseLastAction", "", 405),
    ] {
        let call = user.at(method, path);
        let answer = if body.is_empty() { call.await } else { call.raw_json(body).await }.expect(status);
        left -= 1;
        counted(&answer, left);
    }
    let unsupported = user.call("POST", "/expenses").body("text/plain", b"x").await.expect(415);
    counted(&unsupported, left - 1);
    // By address, on top of signing up: no token, a bad one, and a path that nobody reads.
    for (n, answer) in [
        app.client.get("/me").await.expect(401),
        app.client.with_token("nonsense").get("/me").await.expect(401),
        app.client.post("/auth/login", &json!({})).await.expect(422),
        user.at("GET", "/api/v1/%ff").await.expect(400),
    ]
    .iter()
    .enumerate()
    {
        counted(answer, 17 - u32::try_from(n).unwrap());
    }
}

#[tokio::test]
async fn the_signed_out_are_counted_by_address_and_a_spoofed_one_does_not_help() {
    let app = limited(4, &[]).await;
    let mut answers = Vec::new();
    for n in 0..4 {
        let call = if n % 2 == 0 { app.client.get("/me") } else { app.client.with_token("bad").get("/me") };
        answers.push(call.header("x-forwarded-for", &format!("203.0.113.{n}")).await.refused(401, "invalid_token"));
    }
    assert_eq!(answers.iter().map(|answer| told(answer).1).collect::<Vec<_>>(), [3, 2, 1, 0]);
    for forwarded in ["203.0.113.9", "127.0.0.2", "::1", "unknown"] {
        refused(app.client.get("/me").header("x-forwarded-for", forwarded).await);
        refused(app.client.with_token("bad").get("/me").header("x-forwarded-for", forwarded).await);
        refused(app.client.post("/auth/login", &json!({})).header("x-forwarded-for", forwarded).await);
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_apart() {
    let app = limited(3, &["127.0.0.1", "10.0.0.0/8"]).await;
    let from = |forwarded: &str| app.client.get("/me").header("x-forwarded-for", forwarded);
    for left in (0..3).rev() {
        assert_eq!(told(&from("203.0.113.1").await.expect(401)).1, left);
    }
    refused(from("203.0.113.1").await);
    refused(from("203.0.113.7, 203.0.113.1").await);
    refused(from("203.0.113.7, 203.0.113.1, 10.0.0.1").await);
    assert_eq!(told(&from("203.0.113.2").await.expect(401)).1, 2);
    // A customer of IPv6 has a whole /64.
    for n in 1..=3 {
        from(&format!("2001:db8:0:1::{n}")).await.expect(401);
    }
    refused(from("2001:db8:0:1:ffff::1").await);
    from("2001:db8:0:2::1").await.expect(401);
}

#[tokio::test]
async fn a_flood_of_bad_tokens_does_not_reach_the_database_and_spares_the_neighbours() {
    let app = limited(5, &["127.0.0.1"]).await;
    let ana = app.user().await;
    let ended = ana.another_session().await;
    ended.post("/auth/logout", &json!({"refresh_token": ended.refresh_token})).await.expect(204);
    let from =
        |token: &str, forwarded: &str| app.client.with_token(token).get("/me").header("x-forwarded-for", forwarded);
    let (good, bad) = (ana.token().unwrap(), ended.token().unwrap());
    // Requests without a token do not count as bad ones.
    for _ in 0..8 {
        app.client.get("/me").header("x-forwarded-for", "203.0.113.1").await;
    }
    from(good, "203.0.113.1").await.expect(200);
    for _ in 0..5 {
        from(bad, "203.0.113.1").await;
    }
    // From now on no token of theirs is looked up, which shows in that a good one is refused too.
    refused(from(good, "203.0.113.1").await);
    from(good, "203.0.113.2").await.expect(200);
    assert_eq!(from(bad, "203.0.113.2").await.expect(401).json["code"], "invalid_token");
}

#[tokio::test]
async fn what_was_used_up_is_given_back_evenly() {
    let app = limited(60, &[]).await;
    for _ in 0..70 {
        app.client.get("/me").await;
    }
    let answer = refused(app.client.get("/me").await);
    assert_eq!(answer.header("retry-after"), Some("1"));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    app.client.get("/me").await.expect(401);
}

#[tokio::test]
async fn health_and_figures_are_not_limited() {
    let app = limited(1, &[]).await;
    app.client.get("/me").await.expect(401);
    refused(app.client.get("/me").await);
    for path in ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
        for _ in 0..3 {
            let answer = app.client.at("GET", path).await.expect(200);
            assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (None, None), "{path}");
        }
    }
    app.client.at("GET", "/nothing").await.expect(404);
}

#[tokio::test]
async fn nothing_is_counted_when_the_limit_is_0() {
    let app = spawn().await;
    let user = app.user().await;
    for _ in 0..50 {
        for answer in [user.get("/me").await.expect(200), app.client.get("/me").await.expect(401)] {
            assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (None, None));
        }
    }
}
