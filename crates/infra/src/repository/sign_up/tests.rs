use florin_domain::account::Email;
use florin_domain::calendar::Zone;
use florin_domain::money::Currency;
use florin_domain::repository::{AccountRepository, NewCode, SessionRepository};
use florin_domain::session::{CODE_LIFETIME_MILLIS, Device, SecretHash};

use super::*;
use crate::repository::account::tests::{Place, START, hash, somebody, token};

const DECOY: UserId = UserId(-7);

fn device() -> Device {
    Device { ip: "203.0.113.9".to_owned(), user_agent: "tests/1".to_owned() }
}

/// The n-th sign-up of an address, as many milliseconds after the start.
fn nth(email: &Email, n: i64) -> NewSignUp {
    let at = START.plus_millis(n);
    NewSignUp {
        email: email.clone(),
        decoy: DECOY,
        name: format!("Ána {n}"),
        currency: Currency::parse(if n % 2 == 0 { "JPY" } else { "KWD" }).unwrap(),
        zone: Zone::parse("Asia/Kolkata").unwrap(),
        password_hash: format!("$argon2id${n}"),
        code_hash: hash(),
        at,
        expires_at: at.plus_millis(CODE_LIFETIME_MILLIS),
        device: device(),
    }
}

fn sign_ups(place: &Place) -> SqlSignUpRepository {
    SqlSignUpRepository::new(place.database.clone())
}

async fn put(place: &Place, new: &NewSignUp) -> UserId {
    match sign_ups(place).put(new).await.unwrap() {
        SignedUp::Waiting(user) => user,
        SignedUp::Taken(user) => panic!("the address is taken by {user}"),
    }
}

/// Proves the address so many milliseconds after the start.
async fn confirm(place: &Place, user: UserId, code: SecretHash, sign_up: Option<SignUpId>, after: i64) -> bool {
    let session = NewSession { user, device: device(), token: token(START.plus_millis(after)) };
    let confirmation = Confirmation { session, code_hash: code, sign_up };
    sign_ups(place).confirm(&confirmation).await.unwrap().is_some()
}

async fn bound(place: &Place, user: UserId, code: SecretHash) -> Option<SignUpId> {
    let waiting = sign_ups(place).waiting(user, START).await.unwrap();
    waiting.into_iter().find(|sign_up| sign_up.code_hash == code).map(|sign_up| sign_up.id)
}

async fn send_again(place: &Place, user: UserId, after: i64) -> SecretHash {
    let (hash, at) = (hash(), START.plus_millis(after));
    let expires_at = at.plus_millis(CODE_LIFETIME_MILLIS);
    let code = NewCode { user, purpose: CodePurpose::Verify, hash, at, expires_at };
    let event = NewLoginEvent::new(Some(user), at, EventKind::Code, EventOutcome::Ok, &device());
    place.sessions().put_code(&code, &event).await.unwrap();
    hash
}

#[tokio::test]
async fn a_code_confirms_the_sign_up_that_it_was_sent_with_and_no_other() {
    let place = Place::new().await;
    for chosen in [1, 2] {
        let email = somebody().email;
        let (one, two) = (nth(&email, 1), nth(&email, 2));
        let user = put(&place, &one).await;
        assert_eq!(put(&place, &two).await, user);
        let before = place.accounts().credentials(&email).await.unwrap().unwrap();
        assert_eq!((before.account.name.as_str(), before.password_hash.as_str()), ("", "$argon2id$2"));

        let wanted = if chosen == 1 { &one } else { &two };
        let sign_up = bound(&place, user, wanted.code_hash).await;
        assert!(!confirm(&place, user, hash(), sign_up, 3).await, "not its code");
        assert!(!confirm(&place, user, wanted.code_hash, sign_up, chosen + CODE_LIFETIME_MILLIS).await, "too late");
        assert!(!confirm(&place, place.somebody().await, wanted.code_hash, sign_up, 3).await, "somebody else's");
        assert!(confirm(&place, user, wanted.code_hash, sign_up, 3).await);
        assert!(!confirm(&place, user, wanted.code_hash, sign_up, 3).await, "once");
        let after = place.accounts().credentials(&email).await.unwrap().unwrap();
        assert_eq!((&after.account.name, &after.password_hash), (&wanted.name, &wanted.password_hash));
        assert_eq!((after.account.currency, after.account.zone), (wanted.currency, wanted.zone));
        assert_eq!(after.account.verified_at, Some(START.plus_millis(3)));
        assert!(sign_ups(&place).waiting(user, START).await.unwrap().is_empty(), "all others are forgotten");
        assert_eq!(place.sessions().spend_guess(user, CodePurpose::Verify, START).await.unwrap(), None);
        let ok = |what: &str| format!("{what} ok 203.0.113.9");
        assert_eq!(place.events(user).await, [ok("sign_up"), ok("sign_up"), ok("verify")]);
    }
}

#[tokio::test]
async fn a_code_that_is_sent_again_is_bound_to_the_only_sign_up_or_to_none() {
    let place = Place::new().await;
    let email = somebody().email;
    let one = nth(&email, 1);
    let user = put(&place, &one).await;
    let again = send_again(&place, user, 5).await;
    assert_eq!(bound(&place, user, one.code_hash).await, None, "the first code is replaced");
    let sign_up = bound(&place, user, again).await;
    assert!(sign_up.is_some());
    assert!(confirm(&place, user, again, sign_up, CODE_LIFETIME_MILLIS + 4).await, "and so is its expiry");
    assert_eq!(place.accounts().credentials(&email).await.unwrap().unwrap().password_hash, one.password_hash);

    let email = somebody().email;
    let user = put(&place, &nth(&email, 1)).await;
    put(&place, &nth(&email, 2)).await;
    let again = send_again(&place, user, 5).await;
    assert_eq!(bound(&place, user, again).await, None);
    assert!(!confirm(&place, user, hash(), None, 6).await);
    assert!(confirm(&place, user, again, None, 6).await);
    let after = place.accounts().credentials(&email).await.unwrap().unwrap();
    assert_eq!((after.account.name.as_str(), after.password_hash.as_str()), ("", ""), "none of their details");
    assert!(after.account.verified_at.is_some());
}

#[tokio::test]
async fn the_newest_five_wait() {
    let place = Place::new().await;
    let email = somebody().email;
    let all: Vec<_> = (0..8).map(|n| nth(&email, n)).collect();
    let mut user = UserId(0);
    for new in &all {
        user = put(&place, new).await;
    }
    let waiting = sign_ups(&place).waiting(user, START).await.unwrap();
    let mut hashes: Vec<_> = waiting.iter().map(|sign_up| sign_up.code_hash).collect();
    let mut expected: Vec<_> = all[3..].iter().map(|new| new.code_hash).collect();
    hashes.sort_unstable();
    expected.sort_unstable();
    assert_eq!(hashes, expected);
    let end = START.plus_millis(5 + CODE_LIFETIME_MILLIS);
    assert_eq!(sign_ups(&place).waiting(user, end).await.unwrap().len(), 2, "those whose codes have not expired");
}

#[tokio::test]
async fn a_taken_address_stays_as_it_is() {
    let place = Place::new().await;
    let email = somebody().email;
    let one = nth(&email, 1);
    let user = put(&place, &one).await;
    assert!(confirm(&place, user, one.code_hash, bound(&place, user, one.code_hash).await, 2).await);
    let before = place.accounts().credentials(&email).await.unwrap();
    let taken = nth(&email, 3);
    assert_eq!(sign_ups(&place).put(&taken).await.unwrap(), SignedUp::Taken(user));
    assert_eq!(place.accounts().credentials(&email).await.unwrap(), before);
    assert!(sign_ups(&place).waiting(user, START).await.unwrap().is_empty());
    assert_eq!(place.events(user).await.last().unwrap(), "sign_up failed 203.0.113.9");
    let decoys = place.sessions().spend_guess(DECOY, CodePurpose::Verify, START.plus_millis(4)).await.unwrap();
    assert_eq!(decoys.unwrap().hash, taken.code_hash, "work to match");
    assert!(!confirm(&place, DECOY, taken.code_hash, None, 5).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_sign_ups_and_proofs_keep_to_one_account_and_one_proof() {
    let place = std::sync::Arc::new(Place::new().await);
    let email = somebody().email;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (place, new) = (place.clone(), nth(&email, n));
            tokio::spawn(async move { (put(&place, &new).await, new) })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.push(task.await.unwrap());
    }
    let user = made[0].0;
    assert!(made.iter().all(|(id, _)| *id == user));
    let waiting = sign_ups(&place).waiting(user, START).await.unwrap();
    assert_eq!(waiting.len(), MAX_SIGN_UPS);
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (place, sign_up) = (place.clone(), waiting[n % MAX_SIGN_UPS]);
            tokio::spawn(async move { confirm(&place, user, sign_up.code_hash, Some(sign_up.id), 9).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap());
    }
    assert_eq!(won, 1);
}
