//! Those of accounts: signing up, codes, logging in, passwords.

use std::sync::Arc;

use florin_app::auth::{Auth, AuthPolicy, AuthPorts, CodeEntry, CodeRequest, LogIn, Registration, Secret};
use florin_app::error::AppError;
use florin_app::port::{CodeMessage, MockOtpSender, MockPasswordHasher, MockTokenIssuer, PortError};
use florin_domain::calendar::Zone;
use florin_domain::id::{SessionId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::money::Currency;
use florin_domain::repository::{
    CodeState, Credentials, MockAccountRepository, MockAuditRepository, MockSessionRepository, MockSignUpRepository,
    MockThrottleRepository, NewCode, RepositoryError, SignedUp,
};
use florin_domain::session::{Access, Device, Principal, Proof};
use florin_domain::throttle::Verdict;

use super::{NOW, account, clock, secrets};

/// The ports of an `Auth` that expect nothing but what every test needs.
struct People {
    accounts: MockAccountRepository,
    sessions: MockSessionRepository,
    sign_ups: MockSignUpRepository,
    audit: MockAuditRepository,
    throttles: MockThrottleRepository,
    hasher: MockPasswordHasher,
    sender: MockOtpSender,
}

impl People {
    /// Whose address book knows one person or nobody, and whose throttles allow everything.
    fn knowing(found: Option<Credentials>) -> Self {
        let mut accounts = MockAccountRepository::new();
        accounts.expect_credentials().returning(move |_| Ok(found.clone()));
        let mut throttles = MockThrottleRepository::new();
        throttles.expect_take().returning(|_, _, _| Ok(Verdict::Allowed));
        Self {
            accounts,
            sessions: MockSessionRepository::new(),
            sign_ups: MockSignUpRepository::new(),
            audit: MockAuditRepository::new(),
            throttles,
            hasher: MockPasswordHasher::new(),
            sender: MockOtpSender::new(),
        }
    }

    /// Expects so many rows of the trail that tell of a refusal.
    fn noting(mut self, kind: EventKind, user: Option<UserId>) -> Self {
        let expected =
            move |event: &NewLoginEvent| (event.kind, event.user, event.outcome) == (kind, user, EventOutcome::Failed);
        self.audit.expect_note().times(1).withf(expected).returning(|_| Ok(()));
        self
    }

    fn auth(mut self) -> Auth {
        self.hasher.expect_has_room().return_const(true);
        let mut secrets = secrets();
        secrets.expect_code().returning(|| "123456".into());
        secrets.expect_hash_code().return_const([1; 32]);
        secrets.expect_hash_subject().return_const([2; 32]);
        secrets.expect_hash_token().return_const([3; 32]);
        secrets.expect_token().returning(|| "token".into());
        secrets.expect_decoy().return_const(UserId(-7));
        secrets.expect_same().returning(|a, b| a == b);
        let mut issuer = MockTokenIssuer::new();
        issuer.expect_issue().returning(|_| Ok("access".into()));
        let ports = AuthPorts {
            tokens: Arc::new(florin_domain::repository::MockTokenRepository::new()),
            accounts: Arc::new(self.accounts),
            sessions: Arc::new(self.sessions),
            sign_ups: Arc::new(self.sign_ups),
            audit: Arc::new(self.audit),
            phones: Arc::new(florin_domain::repository::MockPhoneRepository::new()),
            throttles: Arc::new(self.throttles),
            hasher: Arc::new(self.hasher),
            issuer: Arc::new(issuer),
            secrets: Arc::new(secrets),
            sender: Arc::new(self.sender),
            clock: Arc::new(clock()),
        };
        let policy = AuthPolicy {
            access_millis: 900_000,
            refresh_millis: 2_592_000_000,
            session_millis: 7_776_000_000,
            default_currency: Currency::parse("INR").unwrap(),
            default_zone: Zone::UTC,
            throttled: true,
        };
        Auth::new(ports, policy)
    }
}

fn stored_as(password_hash: &str) -> Option<Credentials> {
    Some(Credentials { account: account(), password_hash: password_hash.into() })
}

fn principal() -> Principal {
    Principal { access: Access::Session(SessionId(3)), account: account() }
}

fn registration() -> Registration {
    Registration { email: "Ana@Example.com".into(), password: "long enough".into(), ..Registration::default() }
}

fn by_password() -> LogIn {
    LogIn { email: "ana@example.com".into(), secret: Secret::Password("long enough".into()), faults: vec![] }
}

fn here() -> Device {
    Device { ip: "192.0.2.1".into(), user_agent: "tests/1".into() }
}

#[tokio::test]
async fn a_log_in_to_no_account_costs_the_same_hashing() {
    for found in [None, stored_as("")] {
        let user = found.as_ref().map(|credentials| credentials.account.id);
        let mut people = People::knowing(found).noting(EventKind::LogIn, user);
        people.hasher.expect_verify().times(1).withf(|_, encoded| encoded.is_none()).returning(|_, _| Ok(false));
        let refused = people.auth().log_in(&by_password(), &here()).await.err().unwrap();
        assert!(matches!(refused, AppError::Unauthenticated { code: "invalid_credentials", .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn a_password_is_not_looked_at_once_too_many_were_wrong() {
    for found in [None, stored_as("hash")] {
        let user = found.as_ref().map(|credentials| credentials.account.id);
        let mut people = People::knowing(found).noting(EventKind::LogIn, user);
        people.throttles = MockThrottleRepository::new();
        people.throttles.expect_take().returning(|throttle, _, at| match throttle.name {
            "password" => Ok(Verdict::Refused { retry_at: at.plus_millis(1_001) }),
            _ => Ok(Verdict::Allowed),
        });
        // The hasher expects no call.
        let refused = people.auth().log_in(&by_password(), &here()).await.err().unwrap();
        assert!(matches!(refused, AppError::TooMany { code: "too_many_attempts", retry_after: 2 }), "{refused:?}");
    }
}

#[tokio::test]
async fn a_log_in_that_was_never_evaluated_is_no_wrong_guess() {
    let mut people = People::knowing(stored_as("hash"));
    people.hasher.expect_verify().times(1).returning(|_, _| Err(PortError::Busy));
    people.throttles.expect_give_back().times(1).returning(|_, _| Ok(()));
    // Nor is it noted as a refusal.
    let refused = people.auth().log_in(&by_password(), &here()).await.err().unwrap();
    assert!(matches!(refused, AppError::Busy), "{refused:?}");
}

#[tokio::test]
async fn a_failed_rehash_or_count_fails_no_log_in() {
    let mut people = People::knowing(stored_as("old"));
    people.hasher.expect_verify().times(1).returning(|_, _| Ok(true));
    people.throttles.expect_give_back().times(1).returning(|_, _| Err(RepositoryError::Unavailable("gone".into())));
    let proof = Proof::Password("old".into());
    people.sessions.expect_log_in().times(1).withf(move |_, by| *by == proof).returning(|_, _| Ok(Some(SessionId(3))));
    people.sessions.expect_principal().returning(|_, _| Ok(Some(principal())));
    people.hasher.expect_is_outdated().return_const(true);
    people.hasher.expect_hash().times(1).returning(|_| Ok("new".into()));
    people.accounts.expect_rehash().times(1).returning(|_, _, _| Err(RepositoryError::StorageFull("full".into())));
    assert_eq!(people.auth().log_in(&by_password(), &here()).await.unwrap().access_token, "access");
}

#[tokio::test]
async fn a_log_in_whose_hash_was_made_anew_meanwhile_is_tried_again_and_not_for_ever() {
    for (opens_on, calls) in [(Some(2), 2), (None, 3)] {
        let mut people = People::knowing(stored_as("hash"));
        if opens_on.is_none() {
            people = people.noting(EventKind::LogIn, Some(UserId(7)));
        }
        people.hasher.expect_verify().times(calls).returning(|_, _| Ok(true));
        people.hasher.expect_is_outdated().return_const(false);
        people.throttles.expect_give_back().times(1).returning(|_, _| Ok(()));
        let mut tries = 0;
        people.sessions.expect_log_in().times(calls).returning(move |_, _| {
            tries += 1;
            Ok((Some(tries) == opens_on).then_some(SessionId(3)))
        });
        people.sessions.expect_principal().returning(|_, _| Ok(Some(principal())));
        assert_eq!(people.auth().log_in(&by_password(), &here()).await.is_ok(), opens_on.is_some());
    }
}

#[tokio::test]
async fn signing_up_a_taken_address_hashes_too_and_tells_its_owner_only() {
    let mut people = People::knowing(None);
    people.hasher.expect_hash().times(1).returning(|_| Ok("hash".into()));
    people.sign_ups.expect_put().times(1).returning(|_| Ok(SignedUp::Taken(UserId(7))));
    let to_owner = |message: &CodeMessage| matches!(message, CodeMessage::AddressTaken { .. });
    people.sender.expect_send().times(1).withf(to_owner).returning(|_| Ok(()));
    assert_eq!(people.auth().register(&registration(), &here()).await.unwrap(), 600);
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_not_told_to_who_asked() {
    let mut people = People::knowing(stored_as("hash"));
    people.sessions.expect_put_code().times(1).returning(|_, _| Ok(()));
    people.sender.expect_send().times(1).returning(|_| Err(PortError::Failed("no route".into())));
    let request = CodeRequest { email: "ana@example.com".into(), ..CodeRequest::default() };
    people.auth().request_code(&request, &here()).await.unwrap();
}

#[tokio::test]
async fn a_code_for_nobody_is_put_for_the_decoy_and_sent_to_nobody() {
    let mut disabled = stored_as("hash").unwrap();
    disabled.account.disabled_at = Some(NOW);
    let mut unproved = stored_as("hash").unwrap();
    unproved.account.verified_at = None;
    for (found, forgotten) in [(None, false), (None, true), (Some(disabled), false), (Some(unproved), true)] {
        let user = found.as_ref().map(|credentials| credentials.account.id);
        let mut people = People::knowing(found);
        let is_decoys = move |code: &NewCode, event: &NewLoginEvent| {
            code.user == UserId(-7)
                && (event.kind, event.user, event.outcome) == (EventKind::Code, user, EventOutcome::Ok)
        };
        people.sessions.expect_put_code().times(1).withf(is_decoys).returning(|_, _| Ok(()));
        let request = CodeRequest { email: "ana@example.com".into(), ..CodeRequest::default() };
        // The sender expects no call.
        match forgotten {
            true => people.auth().forgot_password(&request, &here()).await.unwrap(),
            false => people.auth().request_code(&request, &here()).await.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_lost_race_for_a_code_is_a_wrong_code() {
    let entry = CodeEntry { email: "ana@example.com".into(), otp: "123456".into(), ..CodeEntry::default() };
    let mut unproved = stored_as("hash").unwrap();
    unproved.account.verified_at = None;
    let mut people = People::knowing(Some(unproved)).noting(EventKind::Verify, Some(UserId(7)));
    people
        .sessions
        .expect_spend_guess()
        .times(1)
        .returning(|_, _, _| Ok(Some(CodeState { hash: [1; 32], since: NOW })));
    people.sign_ups.expect_waiting().times(1).returning(|_, _| Ok(vec![]));
    people.sign_ups.expect_confirm().times(1).returning(|_| Ok(None));
    let refused = people.auth().verify(&entry, &here()).await.err().unwrap();
    assert!(matches!(refused, AppError::Unauthenticated { code: "invalid_otp", .. }), "{refused:?}");
}

#[tokio::test]
async fn a_full_hashing_queue_is_busy_and_writes_nothing() {
    let mut people = People::knowing(None);
    people.hasher.expect_hash().times(1).returning(|_| Err(PortError::Busy));
    // Neither the sign-ups nor the sender expect a call.
    let refused = people.auth().register(&registration(), &here()).await;
    assert!(matches!(refused, Err(AppError::Busy)), "{refused:?}");
}

#[tokio::test]
async fn what_finds_no_room_among_the_hashes_costs_the_database_nothing() {
    // Nothing is expected of any repository: a call to one would end the test.
    let full = || {
        let mut people = People::knowing(None);
        (people.accounts, people.throttles) = (MockAccountRepository::new(), MockThrottleRepository::new());
        people.hasher.expect_has_room().return_const(false);
        people.auth()
    };
    let device = Device::default();
    assert!(matches!(full().log_in(&by_password(), &device).await, Err(AppError::Busy)));
    assert!(matches!(full().register(&registration(), &device).await, Err(AppError::Busy)));
    let erasure = full().check_password_of(&account(), "long enough", EventKind::Erasure, &device).await;
    assert!(matches!(erasure, Err(AppError::Busy)));
}
