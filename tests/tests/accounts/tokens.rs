//! Access tokens: who is let in, and who is not.

use acceptance::{Client, json, spawn};
use florin_api::wire::base64url;
use florin_app::port::{AccessClaims, TokenIssuer};
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_infra::security::{JwtIssuer, SigningKey};
use secrecy::SecretString;

async fn refused(client: &Client, token: &str) -> String {
    let answer = client.signed_out().get("/me").header("authorization", &format!("Bearer {token}")).await;
    let answer = answer.refused(401, "invalid_token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    answer.anonymous()
}

#[tokio::test]
async fn a_missing_or_malformed_header_is_refused_with_one_body() {
    let app = spawn().await;
    let user = app.user().await;
    let expected = app.client.me().await.refused(401, "invalid_token");
    assert_eq!(expected.header("www-authenticate"), Some("Bearer"));
    let token = user.token().unwrap();
    for value in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        token.into(),
        format!("Basic {token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token},{token}"),
        format!("Token {token}"),
        "Bearer \u{e9}".into(),
    ] {
        let answer = app.client.get("/me").header("authorization", &value).await.refused(401, "invalid_token");
        assert_eq!(answer.anonymous(), expected.anonymous(), "{value:?}");
    }
    app.client.get("/me").header("authorization", &format!("bearer {token}")).await.expect(200);
}

#[tokio::test]
async fn forged_tokens_are_refused_with_one_body() {
    let app = spawn().await;
    let user = app.user().await;
    let token = user.token().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let text = |part: &str| String::from_utf8(base64url::decode(part).unwrap()).unwrap();
    let (header, claims) = (text(parts[0]), text(parts[1]));
    let mut forged = vec![
        user.refresh_token.clone(),
        "x".into(),
        "..".into(),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}."),
        format!("{token}="),
        format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        "a".repeat(5000),
    ];
    for algorithm in ["none", "None", "NONE", "nOnE", "HS384", "RS256", ""] {
        let header = base64url::encode(header.replace("HS256", algorithm).as_bytes());
        forged.push(format!("{header}.{}.", parts[1]));
        forged.push(format!("{header}.{}.{}", parts[1], parts[2]));
    }
    // Claims of another person under the same signature.
    let other = claims.replace(&format!("\"sub\":\"{}\"", user.id), &format!("\"sub\":\"{}\"", user.id + 1));
    assert_ne!(other, claims);
    forged.push(format!("{}.{}.{}", parts[0], base64url::encode(other.as_bytes()), parts[2]));
    let session: i64 = claims.split("\"sid\":\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();

    let issue = |secret: &str, issuer: &str, audience: &str, user: i64, session: i64, from: i64, until: i64| {
        let key = SigningKey::new(SecretString::from(secret.to_owned()));
        let claims = AccessClaims {
            user: UserId(user),
            session: SessionId(session),
            issued_at: Timestamp(from),
            expires_at: Timestamp(until),
        };
        JwtIssuer::new(&key, issuer, audience).unwrap().issue(&claims).unwrap()
    };
    let now = app.clock.millis();
    let (secret, hour) = (app.secret(), 3_600_000);
    let good = issue(secret, "florin", "florin-api", user.id, session, now, now + hour);
    app.client.with_token(&good).me().await.expect(200);
    forged.extend([
        issue(
            "another secret of more than thirty-two bytes",
            "florin",
            "florin-api",
            user.id,
            session,
            now,
            now + hour,
        ),
        issue(secret, "somebody", "florin-api", user.id, session, now, now + hour),
        issue(secret, "florin", "another-api", user.id, session, now, now + hour),
        issue(secret, "florin", "florin-api", user.id, session + 1000, now, now + hour),
        issue(secret, "florin", "florin-api", user.id + 1000, session, now, now + hour),
        issue(secret, "florin", "florin-api", user.id, session, now - 2 * hour, now - hour),
        issue(secret, "florin", "florin-api", user.id, session, now - hour, now),
        issue(secret, "florin", "florin-api", user.id, session, now + 1000, now + hour),
    ]);
    let expected = refused(&app.client, "x").await;
    for token in forged {
        assert_eq!(refused(&app.client, &token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn no_flipped_bit_is_let_in() {
    let app = spawn().await;
    let user = app.user().await;
    let token = user.token().unwrap();
    // Every third character, with one bit turned so that it stays a character of Base64.
    for position in (0..token.len()).step_by(3) {
        let mut bytes = token.as_bytes().to_vec();
        bytes[position] = match bytes[position] {
            b'.' => b'A',
            b'A' => b'B',
            _ => b'A',
        };
        refused(&app.client, std::str::from_utf8(&bytes).unwrap()).await;
    }
    user.me().await.expect(200);
}

#[tokio::test]
async fn an_access_token_ends_to_the_second() {
    let app = spawn().await;
    let user = app.user().await;
    let lifetime = app.client.login(&user.email, &user.password).await.expect(200)["expires_in"].as_i64().unwrap();
    app.clock.advance_millis(lifetime * 1000 - 1);
    user.me().await.expect(200);
    app.clock.advance_millis(1);
    user.me().await.refused(401, "invalid_token");
    // The refresh token still is in force.
    let tokens = app.client.refresh(&user.refresh_token).await.expect(200);
    app.client.with_token(&tokens.text("access_token")).me().await.expect(200);
}

#[tokio::test]
async fn a_token_is_asked_for_before_anything_is_read() {
    let app = spawn().await;
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/expenses"),
        ("GET", "/expenses/1"),
        ("GET", "/actions"),
        ("GET", "/actions/verify"),
        ("GET", "/summary"),
        ("GET", "/score"),
        ("GET", "/changes"),
        ("GET", "/tags"),
        ("GET", "/categories"),
        ("GET", "/budgets"),
    ] {
        app.client.call(method, path).await.refused(401, "invalid_token");
    }
    for (method, path) in [
        ("POST", "/expenses"),
        ("PUT", "/expenses/1"),
        ("PATCH", "/expenses/1"),
        ("POST", "/expenses/batch"),
        ("POST", "/actions/undo"),
        ("POST", "/actions/redo"),
        ("PATCH", "/me"),
        ("POST", "/categories"),
        ("POST", "/categorize"),
        ("PUT", "/budgets/1"),
    ] {
        app.client.call(method, path).raw_json("{broken").await.refused(401, "invalid_token");
    }
    app.client.at("POST", "/reverseLastAction").json(&json!({})).await.refused(401, "invalid_token");
}
