use std::sync::Arc;

use florin_domain::session::{CODE_LIFETIME_MILLIS, MAX_CODE_GUESSES, REFRESH_GRACE_MILLIS};

use super::*;
use crate::entity::one_time_code;
use crate::repository::account::tests::{Place, SESSION_MILLIS, START, hash, token};

const LOGIN: CodePurpose = CodePurpose::Login;

/// Somebody's session, and its first token.
async fn session(place: &Place) -> (UserId, SessionId, NewRefreshToken) {
    let user = place.somebody().await;
    let first = token(START);
    let device = Device { ip: "203.0.113.9".to_owned(), user_agent: "tests/1 ✓".to_owned() };
    let id = place.sessions().open(user, &device, &first).await.unwrap();
    (user, id, first)
}

/// Puts a code of somebody's own choice.
async fn put_code(
    sessions: &SqlSessionRepository,
    user: UserId,
    purpose: CodePurpose,
    hash: SecretHash,
    at: Timestamp,
) {
    let code = NewCode { user, purpose, hash, at, expires_at: at.plus_millis(CODE_LIFETIME_MILLIS) };
    let event = NewLoginEvent::new(Some(user), at, EventKind::Code, EventOutcome::Ok, &Device::default());
    sessions.put_code(&code, &event).await.unwrap();
}

/// Logs in by a code; whether that opened a session.
async fn consume(
    sessions: &SqlSessionRepository,
    user: UserId,
    purpose: CodePurpose,
    hash: &SecretHash,
    at: Timestamp,
) -> bool {
    let new = NewSession { user, device: Device::default(), token: token(at) };
    sessions.log_in(&new, &Proof::Code(purpose, *hash)).await.unwrap().is_some()
}

/// Rotates at an instant so many milliseconds after the start; the new token, if one was given.
async fn rotate(sessions: &SqlSessionRepository, old: &NewRefreshToken, after: i64) -> (Rotation, NewRefreshToken) {
    let new = token(START.plus_millis(after));
    (sessions.rotate(&old.hash, &new, &Device::default()).await.unwrap(), new)
}

/// Does the same many times at once.
async fn together<T, F>(times: usize, one: impl Fn() -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..times).map(|_| tokio::spawn(one())).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn a_session_holds_until_it_is_ended() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, id, first) = session(&place).await;
    let principal = sessions.principal(id, user).await.unwrap().unwrap();
    assert_eq!((principal.session(), principal.account.id), (Some(id), user));
    assert_eq!(sessions.principal(id, place.somebody().await).await.unwrap(), None, "another person's");
    assert_eq!(sessions.principal(SessionId(i64::MAX), user).await.unwrap(), None);

    assert_eq!(sessions.close_by_token(&hash(), START, &Device::default()).await.unwrap(), None);
    assert_eq!(sessions.close_by_token(&first.hash, START, &Device::default()).await.unwrap(), Some(user));
    assert_eq!(sessions.close_by_token(&first.hash, START, &Device::default()).await.unwrap(), None, "it ends once");
    assert_eq!(sessions.principal(id, user).await.unwrap(), None);
    assert_eq!(rotate(&sessions, &first, 1).await.0, Rotation::Invalid);
}

#[tokio::test]
async fn all_sessions_but_one_can_be_ended() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, one, first) = session(&place).await;
    let two = sessions.open(user, &Device::default(), &token(START)).await.unwrap();
    let (other, others, _) = session(&place).await;
    sessions.close_all(user, Some(two), START).await.unwrap();
    assert_eq!(sessions.principal(one, user).await.unwrap(), None);
    assert!(sessions.principal(two, user).await.unwrap().is_some());
    assert_eq!(rotate(&sessions, &first, 1).await.0, Rotation::Invalid);
    sessions.close_all(user, None, START).await.unwrap();
    assert_eq!(sessions.principal(two, user).await.unwrap(), None);
    assert!(sessions.principal(others, other).await.unwrap().is_some());
}

#[tokio::test]
async fn a_used_token_is_forgiven_while_its_successor_is_unused() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, id, first) = session(&place).await;
    let rotated =
        |after| Rotation::Rotated { session: id, user, expires_at: token(START.plus_millis(after)).expires_at };
    let (one, lost) = rotate(&sessions, &first, 0).await;
    let (two, lost_too) = rotate(&sessions, &first, 10_000).await;
    let (three, second) = rotate(&sessions, &first, REFRESH_GRACE_MILLIS).await;
    assert_eq!([one, two, three], [rotated(0), rotated(10_000), rotated(REFRESH_GRACE_MILLIS)]);
    // What was replaced is nobody's token, and showing it harms nobody.
    assert_eq!(rotate(&sessions, &lost, 1).await.0, Rotation::Invalid);
    assert_eq!(rotate(&sessions, &lost_too, 1).await.0, Rotation::Invalid);
    let (four, third) = rotate(&sessions, &second, REFRESH_GRACE_MILLIS + 1).await;
    assert_eq!(four, rotated(REFRESH_GRACE_MILLIS + 1));
    // Now the successor is used: the first token again is somebody else's.
    assert_eq!(rotate(&sessions, &first, REFRESH_GRACE_MILLIS + 2).await.0, Rotation::Reused { session: id, user });
    assert_eq!(rotate(&sessions, &third, REFRESH_GRACE_MILLIS + 3).await.0, Rotation::Invalid, "the family is revoked");
    assert_eq!(sessions.principal(id, user).await.unwrap(), None);
}

#[tokio::test]
async fn forgiveness_ends_after_the_grace_and_is_not_prolonged() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, id, first) = session(&place).await;
    rotate(&sessions, &first, 0).await;
    let (_, second) = rotate(&sessions, &first, 20_000).await;
    let late = rotate(&sessions, &first, REFRESH_GRACE_MILLIS + 1).await.0;
    assert_eq!(late, Rotation::Reused { session: id, user });
    assert_eq!(rotate(&sessions, &second, REFRESH_GRACE_MILLIS + 2).await.0, Rotation::Invalid);
}

#[tokio::test]
async fn expired_and_unknown_tokens_are_invalid_and_revoke_nothing() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, id, first) = session(&place).await;
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(rotate(&sessions, &token(START), 1).await.0, Rotation::Invalid);
    assert_eq!(rotate(&sessions, &first, day).await.0, Rotation::Invalid, "expired to the millisecond");
    assert!(sessions.principal(id, user).await.unwrap().is_some());
    let (last, _) = rotate(&sessions, &first, day - 1).await;
    assert!(matches!(last, Rotation::Rotated { .. }));
    assert_eq!(rotate(&sessions, &first, day).await.0, Rotation::Invalid, "used and expired");
    assert!(sessions.principal(id, user).await.unwrap().is_some());
}

#[tokio::test]
async fn a_session_ends_at_its_age_however_much_it_is_used() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, id, mut last) = session(&place).await;
    let day = 24 * 60 * 60 * 1000;
    let end = START.plus_millis(SESSION_MILLIS);
    let mut after = 0;
    while after + day < SESSION_MILLIS {
        after += day - 1;
        let (rotation, next) = rotate(&sessions, &last, after).await;
        let expires_at = START.plus_millis(after + day).min(end);
        assert_eq!(rotation, Rotation::Rotated { session: id, user, expires_at });
        last = next;
    }
    assert_eq!(rotate(&sessions, &last, SESSION_MILLIS).await.0, Rotation::Invalid);
    assert_eq!(sessions.live(user, end.plus_millis(-1), 9).await.unwrap().len(), 1);
    assert_eq!(sessions.live(user, end, 9).await.unwrap().len(), 0);
    // When the limit was lowered meanwhile, a token that is good by itself is refused all the same.
    let (_, _, first) = session(&place).await;
    let shorter = NewRefreshToken { session_millis: 1000, ..token(START.plus_millis(1000)) };
    assert_eq!(sessions.rotate(&first.hash, &shorter, &Device::default()).await.unwrap(), Rotation::Invalid);
}

#[tokio::test]
async fn a_disabled_account_gets_no_token() {
    let place = Place::new().await;
    let (user, _, _) = session(&place).await;
    place.disable(user).await;
    let opened_meanwhile = token(START);
    place.sessions().open(user, &Device::default(), &opened_meanwhile).await.unwrap();
    assert_eq!(rotate(&place.sessions(), &opened_meanwhile, 1).await.0, Rotation::Invalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_simultaneous_uses_of_a_token_one_branch_lives() {
    let place = Place::new().await;
    let (user, id, first) = session(&place).await;
    let old = Arc::new(first);
    let results = together(64, || {
        let (sessions, old) = (place.sessions(), Arc::clone(&old));
        async move { rotate(&sessions, &old, 0).await }
    })
    .await;
    let expires_at = token(START).expires_at;
    let rotated = Rotation::Rotated { session: id, user, expires_at };
    assert!(results.iter().all(|(rotation, _)| *rotation == rotated), "{results:?}");
    let mut live = Vec::new();
    for (_, given) in &results {
        let (rotation, next) = rotate(&place.sessions(), given, 1).await;
        match rotation {
            Rotation::Rotated { .. } => live.push(next),
            other => assert_eq!(other, Rotation::Invalid),
        }
    }
    assert_eq!(live.len(), 1);
    assert!(matches!(rotate(&place.sessions(), &live[0], 2).await.0, Rotation::Rotated { .. }), "and it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_reuse_is_noticed_once() {
    let place = Place::new().await;
    let (user, id, first) = session(&place).await;
    let (_, second) = rotate(&place.sessions(), &first, 0).await;
    rotate(&place.sessions(), &second, 0).await;
    let old = Arc::new(first);
    let results = together(64, || {
        let (sessions, old) = (place.sessions(), Arc::clone(&old));
        async move { rotate(&sessions, &old, 1).await.0 }
    })
    .await;
    let noticed = results.iter().filter(|rotation| **rotation == Rotation::Reused { session: id, user }).count();
    let refused = results.iter().filter(|rotation| **rotation == Rotation::Invalid).count();
    assert_eq!((noticed, refused), (1, 63));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ended_while_tokens_rotate_stays_ended() {
    let place = Place::new().await;
    for _ in 0..10 {
        let (user, id, first) = session(&place).await;
        let old = Arc::new(first);
        let rotating = together(8, || {
            let (sessions, old) = (place.sessions(), Arc::clone(&old));
            async move { rotate(&sessions, &old, 0).await }
        });
        let sessions = place.sessions();
        let (results, closed) = tokio::join!(rotating, sessions.close_all(user, None, START));
        closed.unwrap();
        assert_eq!(sessions.principal(id, user).await.unwrap(), None);
        for (_, given) in results {
            assert_eq!(rotate(&sessions, &given, 1).await.0, Rotation::Invalid);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_guesses_are_evaluated_however_many_are_made_at_once() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    let code = hash();
    put_code(&sessions, user, LOGIN, code, START).await;
    let guesses = together(50, || {
        let sessions = place.sessions();
        async move { sessions.spend_guess(user, LOGIN, START).await.unwrap() }
    })
    .await;
    let evaluated: Vec<_> = guesses.into_iter().flatten().collect();
    assert_eq!(evaluated.len(), usize::try_from(MAX_CODE_GUESSES).unwrap());
    assert!(evaluated.iter().all(|state| state.hash == code));
    assert_eq!(sessions.spend_guess(user, LOGIN, START).await.unwrap(), None);

    // Another code is no way to more guesses.
    let newer = hash();
    put_code(&sessions, user, LOGIN, newer, START).await;
    assert_eq!(sessions.spend_guess(user, LOGIN, START).await.unwrap(), None);
    assert!(!consume(&sessions, user, LOGIN, &code, START).await, "a replaced code is useless");
}

/// Puts a new code at an instant so many milliseconds after the start.
async fn put(sessions: &SqlSessionRepository, user: UserId, after: i64) -> SecretHash {
    let (code, at) = (hash(), START.plus_millis(after));
    put_code(sessions, user, LOGIN, code, at).await;
    code
}

/// Guesses at such an instant until nothing is evaluated any more; how often it was.
async fn guesses(sessions: &SqlSessionRepository, user: UserId, after: i64) -> i32 {
    let mut evaluated = 0;
    while sessions.spend_guess(user, LOGIN, START.plus_millis(after)).await.unwrap().is_some() {
        evaluated += 1;
    }
    evaluated
}

#[tokio::test]
async fn a_new_code_inherits_the_guesses_of_the_one_that_it_replaces() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    put(&sessions, user, 0).await;
    for _ in 0..MAX_CODE_GUESSES - 1 {
        sessions.spend_guess(user, LOGIN, START).await.unwrap().unwrap();
    }
    // Four wrong ones, another code, the right one.
    let second = put(&sessions, user, 1).await;
    let guess = sessions.spend_guess(user, LOGIN, START.plus_millis(1)).await.unwrap();
    assert_eq!(guess, Some(CodeState { hash: second, since: START }));
    assert!(consume(&sessions, user, LOGIN, &second, START.plus_millis(1)).await);
    // Once a code was used, counting begins anew.
    put(&sessions, user, 2).await;
    assert_eq!(guesses(&sessions, user, 2).await, MAX_CODE_GUESSES);
    // Each other purpose and person has guesses of their own.
    let (at, other) = (START.plus_millis(2), place.somebody().await);
    for (user, purpose) in [(user, CodePurpose::Reset), (other, LOGIN)] {
        put_code(&sessions, user, purpose, hash(), at).await;
        assert!(sessions.spend_guess(user, purpose, at).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn asking_for_codes_gives_no_guesses_and_takes_none_away_for_long() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    put(&sessions, user, 0).await;
    assert_eq!(guesses(&sessions, user, 0).await, MAX_CODE_GUESSES);
    let minute = CODE_LIFETIME_MILLIS / 10;
    for n in 1..10 {
        put(&sessions, user, n * minute).await;
        assert_eq!(guesses(&sessions, user, n * minute).await, 0, "minute {n}");
    }
    put(&sessions, user, 10 * minute - 1).await;
    assert_eq!(guesses(&sessions, user, 10 * minute - 1).await, 0);
    // Whoever kept asking waits for no longer than whoever did not.
    put(&sessions, user, 10 * minute).await;
    assert_eq!(guesses(&sessions, user, 10 * minute).await, MAX_CODE_GUESSES);
    put(&sessions, user, 20 * minute - 1).await;
    assert_eq!(guesses(&sessions, user, 20 * minute - 1).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_once() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    let code = hash();
    put_code(&sessions, user, LOGIN, code, START).await;
    assert!(!consume(&sessions, user, LOGIN, &hash(), START).await);
    assert!(!consume(&sessions, user, CodePurpose::Reset, &code, START).await);
    assert!(!consume(&sessions, place.somebody().await, LOGIN, &code, START).await);
    let used = together(64, || {
        let sessions = place.sessions();
        async move { consume(&sessions, user, LOGIN, &code, START).await }
    })
    .await;
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
    assert_eq!(sessions.spend_guess(user, LOGIN, START).await.unwrap(), None, "nothing is left to guess");
}

#[tokio::test]
async fn a_code_expires() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    let code = hash();
    let end = START.plus_millis(CODE_LIFETIME_MILLIS);
    assert_eq!(sessions.spend_guess(user, LOGIN, START).await.unwrap(), None, "there is none yet");
    put_code(&sessions, user, LOGIN, code, START).await;
    assert_eq!(sessions.spend_guess(user, LOGIN, end).await.unwrap(), None);
    assert!(!consume(&sessions, user, LOGIN, &code, end).await);
    assert!(sessions.spend_guess(user, LOGIN, end.plus_millis(-1)).await.unwrap().is_some());
    assert!(consume(&sessions, user, LOGIN, &code, end.plus_millis(-1)).await);
}

#[tokio::test]
async fn a_guess_at_nothing_writes_a_row_too_and_changes_nothing() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, decoy) = (place.somebody().await, UserId(-7));
    let attempts = |owner: UserId| {
        let database = place.database.clone();
        async move {
            let key = (owner.0, LOGIN.as_str().to_owned());
            one_time_code::Entity::find_by_id(key).one(database.read()).await.unwrap().unwrap().attempts
        }
    };
    for owner in [user, decoy] {
        let mut seen = Vec::new();
        for _ in 0..4 {
            assert_eq!(sessions.spend_guess(owner, LOGIN, START).await.unwrap(), None);
            seen.push(attempts(owner).await);
        }
        let mut changes = seen.clone();
        changes.dedup();
        assert_eq!(changes, seen, "the row differs each time");
        // A code that comes now has all its guesses, and those that were spent stay spent.
        put_code(&sessions, owner, LOGIN, hash(), START).await;
        assert_eq!(guesses(&sessions, owner, 0).await, MAX_CODE_GUESSES);
        for _ in 0..4 {
            assert_eq!(sessions.spend_guess(owner, LOGIN, START).await.unwrap(), None);
            assert!(attempts(owner).await >= MAX_CODE_GUESSES);
        }
        put_code(&sessions, owner, LOGIN, hash(), START).await;
        assert_eq!(guesses(&sessions, owner, 0).await, 0);
    }
}

#[tokio::test]
async fn a_session_is_opened_only_while_its_proof_holds_and_noted_with_it() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let user = place.somebody().await;
    let device = Device { ip: "203.0.113.9".to_owned(), user_agent: "tests/1 ✓".to_owned() };
    let log_in = |hash: &str| {
        let (sessions, proof) = (place.sessions(), Proof::Password(hash.to_owned()));
        let new = NewSession { user, device: device.clone(), token: token(START) };
        async move { (sessions.log_in(&new, &proof).await.unwrap(), new.token) }
    };
    assert_eq!(log_in("$argon2id$other").await.0, None);
    assert_eq!(place.events(user).await, [""; 0], "what did not happen is not noted");
    let (opened, first) = log_in("$argon2id$first").await;
    assert!(sessions.principal(opened.unwrap(), user).await.unwrap().is_some());
    place.disable(user).await;
    assert_eq!(log_in("$argon2id$first").await.0, None, "of a disabled account");
    place.enable(user).await;

    assert_eq!(sessions.rotate(&hash(), &token(START), &device).await.unwrap(), Rotation::Invalid);
    assert_eq!(sessions.rotate(&first.hash, &token(START), &device).await.unwrap(), Rotation::Invalid);
    let (_, first) = log_in("$argon2id$first").await;
    let second = token(START);
    sessions.rotate(&first.hash, &second, &device).await.unwrap();
    assert_eq!(sessions.close_by_token(&second.hash, START, &device).await.unwrap(), Some(user));
    assert_eq!(sessions.close_by_token(&second.hash, START, &device).await.unwrap(), None);
    let expected = ["login ok", "refresh failed", "login ok", "refresh ok", "logout ok"];
    assert_eq!(place.events(user).await, expected.map(|what| format!("{what} 203.0.113.9")));
}
