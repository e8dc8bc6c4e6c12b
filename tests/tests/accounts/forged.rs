//! Forged tokens: none is let in, and all are refused with one body.
//!
//! `FLORIN_TEST_FULL=1` turns a thousand bits instead of a hundred.

use acceptance::random::Random;
use acceptance::{App, Client, User, Value, json, spawn};
use florin_api::wire::base64url;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};

/// Sends the headers as they stand, and wants the one refusal.
async fn refused(client: &Client, kind: &str, values: &[String]) -> String {
    let mut call = client.signed_out().get("/me");
    for value in values {
        call = call.header("authorization", value);
    }
    let answer = call.await;
    assert!(answer.status == 401 && answer.json["code"] == "invalid_token", "{kind}: {answer:?}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{kind}");
    answer.anonymous()
}

fn encoded(json: &Value) -> String {
    base64url::encode(json.to_string().as_bytes())
}

fn signature(message: &str, key: &[u8], algorithm: Algorithm) -> String {
    crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), algorithm).unwrap()
}

/// A good token taken apart, and the key that it was signed with, as nobody but the server has it.
struct Forger {
    header: String,
    claims: Value,
    signature: String,
    key: Vec<u8>,
}

impl Forger {
    fn new(app: &App, token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let claims = serde_json::from_slice(&base64url::decode(parts[1]).unwrap()).unwrap();
        let key = base64url::decode(&signature("jwt", app.secret().as_bytes(), Algorithm::HS256)).unwrap();
        let forger = Self { header: parts[0].to_owned(), claims, signature: parts[2].to_owned(), key };
        let message = format!("{}.{}", parts[0], parts[1]);
        assert_eq!(
            signature(&message, &forger.key, Algorithm::HS256),
            forger.signature,
            "the forger has the right key"
        );
        forger
    }

    /// The good claims under another header, signed with the right key.
    fn with_header(&self, changes: Value) -> String {
        let mut header: Value = serde_json::from_slice(&base64url::decode(&self.header).unwrap()).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        header.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.signed(&encoded(&header), &encoded(&self.claims), &self.key)
    }

    /// The good header over other claims, signed with the right key; `null` leaves a claim out.
    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.signed(&self.header, &encoded(&claims), &self.key)
    }

    fn signed(&self, header: &str, claims: &str, key: &[u8]) -> String {
        let message = format!("{header}.{claims}");
        let signature = signature(&message, key, Algorithm::HS256);
        format!("{message}.{signature}")
    }
}

fn bearer(tokens: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    tokens.into_iter().map(|token| vec![format!("Bearer {token}")]).collect()
}

fn access_tokens(forger: &Forger, user: &User, other: &User) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let good = user.token().unwrap();
    let claims = encoded(&forger.claims);
    let seconds = |name: &str| forger.claims[name].as_i64().unwrap();
    let unsigned = |algorithm: &str| {
        let header = encoded(&json!({"typ": "at+jwt", "alg": algorithm}));
        [format!("{header}.{claims}."), format!("{header}.{claims}"), format!("{header}.{claims}.{}", forger.signature)]
    };
    let hs = |name: &str, algorithm: Algorithm| {
        let message = format!("{}.{claims}", encoded(&json!({"typ": "at+jwt", "alg": name})));
        let signature = signature(&message, &forger.key, algorithm);
        format!("{message}.{signature}")
    };
    let mut of_other = forger.claims.clone();
    of_other["sub"] = json!(other.id.to_string());
    let jwk = json!({"kty": "oct", "alg": "HS256", "k": base64url::encode(b"key")});
    let public = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n";
    let rs256 = encoded(&json!({"typ": "at+jwt", "alg": "RS256"}));
    vec![
        ("alg none", bearer(["none", "None", "NONE", "nOnE"].into_iter().flat_map(unsigned))),
        ("alg empty or absent", bearer(unsigned("").into_iter().chain([forger.with_header(json!({"alg": null}))]))),
        ("HS384", bearer([hs("HS384", Algorithm::HS384)])),
        ("HS512", bearer([hs("HS512", Algorithm::HS512)])),
        (
            "RS256 confusion",
            bearer([forger.signed(&rs256, &claims, public.as_bytes()), forger.signed(&rs256, &claims, &forger.key)]),
        ),
        ("ES256", bearer([forger.with_header(json!({"alg": "ES256"}))])),
        (
            "another key",
            bearer([
                forger.signed(&forger.header, &claims, b"another key"),
                forger.signed(&forger.header, &claims, b""),
            ]),
        ),
        ("no signature", bearer([format!("{}.{claims}.", forger.header), format!("{}.{claims}", forger.header)])),
        ("another signature", bearer([format!("{}.{claims}.{}", forger.header, forger.header)])),
        (
            "another person under the same signature",
            bearer([format!("{}.{}.{}", forger.header, encoded(&of_other), forger.signature)]),
        ),
        ("kid", bearer([forger.with_header(json!({"kid": "../../dev/null"}))])),
        ("jwk", bearer([forger.with_header(json!({"jwk": jwk}))])),
        ("jku", bearer([forger.with_header(json!({"jku": "http://127.0.0.1:1/keys"}))])),
        ("x5u", bearer([forger.with_header(json!({"x5u": "http://127.0.0.1:1/cert"}))])),
        ("x5c", bearer([forger.with_header(json!({"x5c": ["AAAA"]}))])),
        ("crit", bearer([forger.with_header(json!({"crit": ["exp"]}))])),
        ("b64 false", bearer([forger.with_header(json!({"b64": false}))])),
        ("typ JWT", bearer([forger.with_header(json!({"typ": "JWT"}))])),
        ("typ missing", bearer([forger.with_header(json!({"typ": null}))])),
        ("typ of a refresh token", bearer([forger.with_header(json!({"typ": "rt+jwt"}))])),
        (
            "expired",
            bearer([
                forger.with_claim("exp", json!(seconds("iat"))),
                forger.with_claim("exp", json!(seconds("iat") - 1)),
            ]),
        ),
        ("exp missing", bearer([forger.with_claim("exp", Value::Null)])),
        (
            "exp of another type",
            bearer([
                forger.with_claim("exp", json!(seconds("exp").to_string())),
                forger.with_claim("exp", json!(i64::MAX)),
            ]),
        ),
        ("nbf in the future", bearer([forger.with_claim("nbf", json!(seconds("nbf") + 1))])),
        ("nbf missing", bearer([forger.with_claim("nbf", Value::Null)])),
        (
            "aud wrong",
            bearer([
                forger.with_claim("aud", json!("another-api")),
                forger.with_claim("aud", json!(["florin-api", "another-api"])),
            ]),
        ),
        ("aud missing", bearer([forger.with_claim("aud", Value::Null)])),
        ("iss wrong", bearer([forger.with_claim("iss", json!("somebody"))])),
        ("iss missing", bearer([forger.with_claim("iss", Value::Null)])),
        ("sub of another person", bearer([forger.with_claim("sub", json!(other.id.to_string()))])),
        (
            "sub that is no identifier",
            bearer([
                forger.with_claim("sub", json!(user.id)),
                forger.with_claim("sub", json!(format!("0{}", user.id))),
                forger.with_claim("sub", json!("0")),
            ]),
        ),
        ("sub missing", bearer([forger.with_claim("sub", Value::Null)])),
        ("sid of another session", bearer([forger.with_claim("sid", json!("8000000000"))])),
        ("sid missing", bearer([forger.with_claim("sid", Value::Null)])),
        ("a claim too many", bearer([forger.with_claim("role", json!("admin"))])),
        (
            "other texts",
            bearer([
                "x".to_owned(),
                "..".to_owned(),
                "a".repeat(5000),
                good.to_lowercase(),
                format!("{claims}.{}.{}", forger.header, forger.signature),
            ]),
        ),
        (
            "padding and tails",
            bearer([format!("{good}."), format!("{good}="), format!(".{good}"), format!("{good}.{good}")]),
        ),
        ("a refresh token", bearer([user.refresh_token.clone()])),
        ("Basic scheme", vec![vec![format!("Basic {good}")], vec![format!("Token {good}")], vec![good.to_owned()]]),
        (
            "whitespace",
            vec![
                vec!["Bearer".to_owned()],
                vec!["Bearer ".to_owned()],
                vec![format!("Bearer {good} x")],
                vec![format!("Bearer\t{good}")],
                vec![format!("Bearer {} {}", &good[..40], &good[40..])],
            ],
        ),
        (
            "two tokens in one header",
            vec![vec![format!("Bearer {good},{good}")], vec![format!("Bearer {good}, Bearer {good}")]],
        ),
        (
            "two headers",
            vec![
                vec![format!("Bearer {good}"), format!("Bearer {good}")],
                vec!["Bearer x".to_owned(), format!("Bearer {good}")],
            ],
        ),
        ("not ASCII", vec![vec![format!("Bearer {good}\u{e9}")], vec!["Bearer \u{e9}".to_owned()]]),
    ]
}

async fn personal_tokens(app: &App, user: &User) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let body = json!({"name": "x", "scopes": ["read", "write"]});
    let good = user.create_token(&body).await.expect(201).text("token");
    let revoked = user.create_token(&body).await.expect(201);
    user.revoke_token(revoked.id()).await.expect(204);
    let mut short = body.clone();
    short["expires_at"] = json!("2026-03-10T06:30:00.001Z");
    let expired = user.create_token(&short).await.expect(201).text("token");
    app.clock.advance_millis(1);
    let of_disabled = app.user().await;
    let disabled = of_disabled.create_token(&body).await.expect(201).text("token");
    app.database.execute(&format!("UPDATE user_login SET disabled_at = 1 WHERE id = {}", of_disabled.id)).await;
    let random = &good["flr_pat_".len()..];
    app.client.with_token(&good).me().await.expect(200);
    vec![
        ("a personal token that was revoked", bearer([revoked.text("token")])),
        ("a personal token that expired", bearer([expired])),
        ("a personal token of a disabled account", bearer([disabled])),
        ("a personal token cut short", bearer([good[..good.len() - 1].to_owned(), "flr_pat_".to_owned()])),
        (
            "a personal token in another case",
            bearer([good.to_uppercase(), good.to_lowercase(), format!("FLR_PAT_{random}")]),
        ),
        (
            "a personal token with blanks",
            bearer([format!("{good} x"), format!("flr_pat_ {random}"), format!("{good},")]),
        ),
        ("a personal token with a tail", bearer([format!("{good}="), format!("{good}A"), format!("{good}.{good}")])),
        ("a personal token by another name", bearer([random.to_owned(), format!("flr_rt_{random}")])),
        ("a personal token by Basic", vec![vec![format!("Basic {good}")]]),
    ]
}

#[tokio::test]
async fn every_kind_of_forged_token_is_refused_with_one_body() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let forger = Forger::new(&app, user.token().unwrap());
    let mut kinds = access_tokens(&forger, &user, &other);
    kinds.extend(personal_tokens(&app, &user).await);
    assert!(kinds.len() >= 50, "{} kinds", kinds.len());
    let expected = app.client.me().await.refused(401, "invalid_token").anonymous();
    for (kind, forgeries) in kinds {
        for values in forgeries {
            assert_eq!(refused(&app.client, kind, &values).await, expected, "{kind}: {values:?}");
        }
    }
    user.me().await.expect(200);
}

/// The token with one bit turned, as far as that can be sent at all.
fn turned(token: &str, random: &mut Random) -> Option<Vec<u8>> {
    let mut bytes = token.as_bytes().to_vec();
    let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
    bytes[at] ^= 1 << random.below(8);
    (bytes[at] >= 0x20 && bytes[at] != 0x7f).then_some(bytes)
}

#[tokio::test]
async fn no_turned_bit_is_let_in() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read"]).await;
    let wanted = if std::env::var("FLORIN_TEST_FULL").is_ok_and(|full| full == "1") { 1000 } else { 100 };
    let expected = app.client.me().await.refused(401, "invalid_token").anonymous();
    let mut random = Random::new(1);
    for client in [&*user, &script] {
        let token = client.token().unwrap();
        let mut sent = 0;
        while sent < wanted {
            let Some(bytes) = turned(token, &mut random) else { continue };
            sent += 1;
            let value = [b"Bearer ", bytes.as_slice()].concat();
            let answer = app.client.get("/me").header_bytes("authorization", &value).await;
            assert!(answer.status == 401, "{answer:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert_eq!(answer.anonymous(), expected);
        }
        client.me().await.expect(200);
    }
}
