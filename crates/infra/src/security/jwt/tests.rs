use jsonwebtoken::Header;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::security::secrets::random;

const NOW: Timestamp = Timestamp(1_790_000_000_500);
const SECRET: &str = "an example secret of forty or so bytes, yes";

fn key(secret: &str) -> SigningKey {
    SigningKey::new(SecretString::from(secret))
}

fn issuer() -> JwtIssuer {
    JwtIssuer::new(&key(SECRET), "florin", "florin-api").unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        user: UserId(42),
        session: SessionId(7),
        issued_at: NOW,
        expires_at: NOW.plus_millis(15 * 60 * 1000),
    }
}

fn good() -> (Value, Value) {
    let seconds = NOW.0 / 1000;
    (
        json!({"typ": "at+jwt", "alg": "HS256"}),
        json!({"iss": "florin", "aud": "florin-api", "sub": "42", "sid": "7", "iat": seconds, "nbf": seconds,
               "exp": seconds + 900, "jti": "x"}),
    )
}

/// Signs any header and claims with the right key (or `key`), as somebody who had it could.
fn forge(header: &str, claims: &Value, key: &[u8]) -> String {
    let message =
        format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.to_string().as_bytes()));
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn right_key() -> Vec<u8> {
    key(SECRET).derive("jwt").expose_secret().to_vec()
}

/// The header text that this crate writes: the order of its fields counts.
fn header() -> String {
    serde_json::to_string(&Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::HS256) }).unwrap()
}

#[test]
fn what_is_issued_is_read_back_to_the_second() {
    let issuer = issuer();
    let token = issuer.issue(&claims()).unwrap();
    let read = issuer.read(&token, NOW).unwrap();
    assert_eq!((read.user, read.session), (UserId(42), SessionId(7)));
    assert_eq!(read.issued_at, Timestamp(1_790_000_000_000));
    assert_eq!(read.expires_at, Timestamp(1_790_000_900_000));
    assert_ne!(token, issuer.issue(&claims()).unwrap(), "every token has a jti of its own");
    assert!(issuer.read(&token, Timestamp(1_790_000_000_000)).is_some(), "its first second");
    assert!(issuer.read(&token, Timestamp(1_789_999_999_999)).is_none(), "before it");
    assert!(issuer.read(&token, Timestamp(1_790_000_899_999)).is_some(), "its last second");
    assert!(issuer.read(&token, Timestamp(1_790_000_900_000)).is_none(), "after it");
    assert!(issuer.read(&forge(&header(), &good().1, &right_key()), NOW).is_some(), "the forger below can forge");
}

#[test]
fn forged_headers_are_refused_even_with_the_right_key() {
    let issuer = issuer();
    let (_, claims) = good();
    let jwk = json!({"kty": "oct", "k": base64url::encode(b"secret"), "alg": "HS256"});
    for forged in [
        json!({"typ": "JWT", "alg": "HS256"}),
        json!({"alg": "HS256"}),
        json!({"typ": "rt+jwt", "alg": "HS256"}),
        json!({"typ": "at+jwt", "alg": "none"}),
        json!({"typ": "at+jwt", "alg": "None"}),
        json!({"typ": "at+jwt", "alg": "RS256"}),
        json!({"typ": "at+jwt", "alg": "HS384"}),
        json!({"typ": "at+jwt", "alg": "ES256"}),
        json!({"typ": "at+jwt", "alg": "HS256", "kid": "../../dev/null"}),
        json!({"typ": "at+jwt", "alg": "HS256", "jwk": jwk}),
        json!({"typ": "at+jwt", "alg": "HS256", "jku": "https://evil.example/keys"}),
        json!({"typ": "at+jwt", "alg": "HS256", "x5u": "https://evil.example/cert"}),
        json!({"typ": "at+jwt", "alg": "HS256", "x5c": ["AAAA"]}),
        json!({"typ": "at+jwt", "alg": "HS256", "crit": ["exp"]}),
        json!({"typ": "at+jwt", "alg": "HS256", "b64": false}),
    ] {
        let token = forge(&forged.to_string(), &claims, &right_key());
        assert!(issuer.read(&token, NOW).is_none(), "{forged}");
    }
    for (header, signature) in [(r#"{"typ":"at+jwt","alg":"none"}"#, ""), (header().as_str(), "")] {
        let message =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.to_string().as_bytes()));
        assert!(issuer.read(&format!("{message}.{signature}"), NOW).is_none(), "unsigned");
        assert!(issuer.read(&message, NOW).is_none());
    }
}

#[test]
fn forged_claims_are_refused() {
    let issuer = issuer();
    let (_, claims) = good();
    let seconds = NOW.0 / 1000;
    for (name, value) in [
        ("iss", json!("somebody")),
        ("iss", json!(["florin"])),
        ("iss", Value::Null),
        ("aud", json!("another-api")),
        ("aud", json!(["florin-api", "another-api"])),
        ("aud", Value::Null),
        ("sub", json!("0")),
        ("sub", json!("042")),
        ("sub", json!("-42")),
        ("sub", json!("9007199254740992")),
        ("sub", json!(42)),
        ("sub", Value::Null),
        ("sid", json!("")),
        ("sid", Value::Null),
        ("exp", json!(seconds)),
        ("exp", json!(seconds - 1)),
        ("exp", json!((seconds + 900).to_string())),
        ("exp", json!(1e30)),
        ("exp", json!(i64::MAX)),
        ("exp", Value::Null),
        ("nbf", json!(seconds + 1)),
        ("nbf", Value::Null),
        ("role", json!("admin")),
    ] {
        let mut forged = claims.clone();
        forged[name] = value;
        assert!(issuer.read(&forge(&header(), &forged, &right_key()), NOW).is_none(), "{name}: {}", forged[name]);
    }
    for name in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"] {
        let mut forged = claims.clone();
        forged.as_object_mut().unwrap().remove(name);
        assert!(issuer.read(&forge(&header(), &forged, &right_key()), NOW).is_none(), "without {name}");
    }
}

#[test]
fn other_keys_and_other_texts_are_refused() {
    let issuer = issuer();
    let (_, claims) = good();
    for wrong in [&b""[..], b"secret", SECRET.as_bytes(), key(SECRET).derive("otp").expose_secret()] {
        assert!(issuer.read(&forge(&header(), &claims, wrong), NOW).is_none());
    }
    let token = issuer.issue(&self::claims()).unwrap();
    let other = JwtIssuer::new(&key("another secret, just as long as the first"), "florin", "florin-api").unwrap();
    assert!(other.read(&token, NOW).is_none());
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}.{token}"),
        token.to_lowercase(),
        "é".repeat(40),
        "a".repeat(100_000),
        "flr_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        assert!(issuer.read(&text, NOW).is_none(), "{text:?}");
    }
}

#[test]
fn no_character_can_be_changed() {
    let issuer = issuer();
    let token = issuer.issue(&claims()).unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
    let replaced = |at: usize, with: char| format!("{}{with}{}", &token[..at], &token[at + 1..]);
    for _ in 0..1000 {
        let [a, b, c, d] = random::<4>().map(usize::from);
        let at = (a * 256 + b) % token.len();
        let with = char::from(alphabet.as_bytes()[(c * 256 + d) % alphabet.len()]);
        let changed = replaced(at, with);
        assert!(changed == token || issuer.read(&changed, NOW).is_none(), "{at}: {with}");
    }
    // The last character of the signature has bits that decoding ignores, as may that of each part.
    let ends: Vec<usize> = token.match_indices('.').map(|(at, _)| at - 1).chain([token.len() - 1]).collect();
    for at in ends {
        for with in alphabet.chars() {
            let changed = replaced(at, with);
            assert!(changed == token || issuer.read(&changed, NOW).is_none(), "{at}: {with}");
        }
    }
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(issuer.read(&changed, NOW).is_none(), "bit {bit} of {at}");
        }
    }
}
