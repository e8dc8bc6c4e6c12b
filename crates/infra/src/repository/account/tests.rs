mod place;

use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::Month;
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::{BudgetRepository, NewCode, SessionRepository};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, Device, NewRefreshToken, NewSession, Proof};

use super::*;
use crate::entity::last_user_action;
use crate::repository::SqlBudgetRepository;

pub(in crate::repository) use place::Place;

/// An instant to begin at.
pub(in crate::repository) const START: Timestamp = Timestamp(1_790_000_000_000);

/// Bytes that no other test has.
pub(in crate::repository) fn hash() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// How long the sessions of tests go on: sixty days.
pub(in crate::repository) const SESSION_MILLIS: i64 = 60 * 24 * 60 * 60 * 1000;

/// A refresh token that is issued then and good for a day.
pub(in crate::repository) fn token(issued_at: Timestamp) -> NewRefreshToken {
    let expires_at = issued_at.plus_millis(24 * 60 * 60 * 1000);
    NewRefreshToken { hash: hash(), issued_at, expires_at, session_millis: SESSION_MILLIS }
}

/// An account to be made, of nobody else's address.
pub(in crate::repository) fn somebody() -> NewAccount {
    NewAccount {
        email: Email::parse(&format!("a{:016x}@example.com", getrandom::u64().unwrap())).unwrap(),
        name: "Ána 🌱".to_owned(),
        role: Role::User,
        currency: Currency::parse("INR").unwrap(),
        zone: Zone::parse("Asia/Kolkata").unwrap(),
        password_hash: "$argon2id$first".to_owned(),
        created_at: START,
        verified_at: None,
    }
}

async fn head(place: &Place, user: UserId) -> last_user_action::Model {
    last_user_action::Entity::find_by_id(user.0).one(place.database.read()).await.unwrap().unwrap()
}

async fn put_expense(place: &Place, user: UserId) {
    let id = IdAllocator::new(place.database.clone()).next(Sequence::Expense).await.unwrap();
    let day = florin_domain::calendar::parse_date("2026-09-01").unwrap();
    let row = expense::Model {
        id,
        user_id: user.0,
        amount: 1,
        date: day,
        notes: String::new(),
        notes_words: String::new(),
        category_id: 1,
        categorization_source: "default".to_owned(),
        categorization_matched: None,
        categorization_bp: 0,
        categorization_model: None,
        category_chosen_at: None,
        external_id: None,
        logged_at: START.0,
        logged_on: day,
        imported: 0,
        // Deleted: it counts all the same.
        live: 0,
        version: 1,
        updated_at: START.0,
        last_action: 1,
    };
    place
        .database
        .write(|tx| {
            let row: expense::ActiveModel = row.clone().into();
            async move {
                expense::Entity::insert(row).exec_without_returning(&*tx).await?;
                Ok(())
            }
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn an_account_is_read_as_it_was_made() {
    let place = Place::new().await;
    let accounts = place.accounts();
    let new = somebody();
    let id = accounts.create(&new).await.unwrap();
    let account = accounts.account(id).await.unwrap().unwrap();
    let expected = Account {
        id,
        email: new.email.clone(),
        name: new.name.clone(),
        role: new.role,
        currency: new.currency,
        zone: new.zone,
        created_at: START,
        verified_at: None,
        disabled_at: None,
        learned_since: None,
    };
    assert_eq!(account, expected);
    let credentials = accounts.credentials(&new.email).await.unwrap().unwrap();
    assert_eq!(credentials, Credentials { account, password_hash: new.password_hash });
    let head = head(&place, id).await;
    assert_eq!((head.seq, head.taxonomy_version, head.next_undo, head.hash), (0, 0, None, vec![0; 32]));
    assert_eq!(accounts.account(UserId(i64::MAX)).await.unwrap(), None);
    assert_eq!(accounts.credentials(&Email::parse("nobody@example.com").unwrap()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_taken_once() {
    let place = Place::new().await;
    let new = somebody();
    let tries: Vec<_> = (0..32)
        .map(|_| {
            let (accounts, new) = (place.accounts(), new.clone());
            tokio::spawn(async move { accounts.create(&new).await })
        })
        .collect();
    let mut made = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, RepositoryError::Taken(UniqueKey::Email)), "{error:?}"),
        }
    }
    assert_eq!(made, 1);
    let id = place.accounts().credentials(&new.email).await.unwrap().unwrap().account.id;
    assert_eq!(place.accounts().ids_after(UserId(id.0 - 1), 1).await.unwrap(), [id]);
}

#[tokio::test]
async fn a_password_changes_only_while_what_proves_it_holds() {
    let place = Place::new().await;
    let (accounts, sessions) = (place.accounts(), place.sessions());
    let new = somebody();
    let id = accounts.create(&new).await.unwrap();
    let keep = sessions.open(id, &Device::default(), &token(START)).await.unwrap();
    let other = sessions.open(id, &Device::default(), &token(START)).await.unwrap();
    let personal = place.personal_token(id).await;
    let change = |proof: Proof, to: &str, keep| PasswordChange {
        user: id,
        proof,
        password_hash: to.to_owned(),
        keep,
        device: Device { ip: "192.0.2.1".into(), user_agent: "tests/1".into() },
        at: START.plus_millis(5),
    };
    let stored = || async { accounts.credentials(&new.email).await.unwrap().unwrap().password_hash };

    let wrong = change(Proof::Password("$argon2id$wrong".into()), "$argon2id$second", Some(keep));
    assert!(!accounts.change_password(&wrong).await.unwrap());
    assert_eq!(stored().await, "$argon2id$first");
    assert!(sessions.principal(other, id).await.unwrap().is_some());
    let right = change(Proof::Password("$argon2id$first".into()), "$argon2id$second", Some(keep));
    assert!(accounts.change_password(&right).await.unwrap());
    assert!(!accounts.change_password(&right).await.unwrap(), "the old one is gone");
    assert_eq!(stored().await, "$argon2id$second");
    assert!(sessions.principal(keep, id).await.unwrap().is_some());
    assert_eq!(sessions.principal(other, id).await.unwrap(), None);
    assert!(!place.is_revoked(personal).await);

    assert!(!accounts.rehash(id, "$argon2id$first", "$argon2id$third").await.unwrap());
    assert!(accounts.rehash(id, "$argon2id$second", "$argon2id$third").await.unwrap());
    assert_eq!(stored().await, "$argon2id$third");

    let code = hash();
    let reset = change(Proof::Code(CodePurpose::Reset, code), "$argon2id$fourth", None);
    assert!(!accounts.change_password(&reset).await.unwrap(), "there is no code");
    let put = NewCode {
        user: id,
        purpose: CodePurpose::Reset,
        hash: code,
        at: START,
        expires_at: START.plus_millis(CODE_LIFETIME_MILLIS),
    };
    let asked = NewLoginEvent::new(Some(id), START, EventKind::Code, EventOutcome::Ok, &Device::default());
    sessions.put_code(&put, &asked).await.unwrap();
    assert!(accounts.change_password(&reset).await.unwrap());
    assert!(!accounts.change_password(&reset).await.unwrap(), "a code is used once");
    assert_eq!(stored().await, "$argon2id$fourth");
    assert_eq!(sessions.principal(keep, id).await.unwrap(), None);
    assert!(place.is_revoked(personal).await);
    assert_eq!(place.events(id).await, ["password_change ok 192.0.2.1", "code ok ", "password_reset ok 192.0.2.1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_in_with_the_old_password_comes_after_its_change() {
    let place = Place::new().await;
    let (accounts, sessions) = (place.accounts(), place.sessions());
    for _ in 0..10 {
        let id = place.somebody().await;
        let (old, new) = ("$argon2id$first".to_owned(), "$argon2id$second".to_owned());
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (sessions, proof) = (place.sessions(), Proof::Password(old.clone()));
                let new = NewSession { user: id, device: Device::default(), token: token(START) };
                tokio::spawn(async move { sessions.log_in(&new, &proof).await.unwrap() })
            })
            .collect();
        let change = PasswordChange {
            user: id,
            proof: Proof::Password(old),
            password_hash: new,
            keep: None,
            device: Device::default(),
            at: START,
        };
        assert!(accounts.change_password(&change).await.unwrap());
        for tried in tries {
            if let Some(session) = tried.await.unwrap() {
                assert_eq!(
                    sessions.principal(session, id).await.unwrap(),
                    None,
                    "a session of the old password lives on"
                );
            }
        }
    }
}

#[tokio::test]
async fn limits_go_with_the_currency_that_they_are_in() {
    let place = Place::new().await;
    let accounts = place.accounts();
    let budgets = SqlBudgetRepository::new(place.database.clone());
    let (id, other) = (place.somebody().await, place.somebody().await);
    let month = Month::parse("2026-09").unwrap();
    let limit = BudgetEntry { scope: Scope::Total, from_month: month, limit: Some(50_000) };
    for user in [id, other] {
        budgets.put(user, &limit, 0).await.unwrap();
    }
    let to = |code: &str| ProfileChange { currency: Some(Currency::parse(code).unwrap()), ..Default::default() };
    accounts.update_profile(id, &to("INR")).await.unwrap();
    assert_eq!(budgets.entries(id, month).await.unwrap(), [limit], "no new currency");
    accounts.update_profile(id, &to("KWD")).await.unwrap();
    assert_eq!(budgets.entries(id, month).await.unwrap(), []);
    assert_eq!(budgets.entries(other, month).await.unwrap(), [limit]);

    budgets.put(id, &limit, 1).await.unwrap();
    put_expense(&place, id).await;
    assert!(matches!(accounts.update_profile(id, &to("EUR")).await, Err(RepositoryError::Stale)));
    assert_eq!(budgets.entries(id, month).await.unwrap(), [limit], "a refused change removes nothing");
}

#[tokio::test]
async fn a_currency_changes_only_before_the_first_expense() {
    let place = Place::new().await;
    let accounts = place.accounts();
    let id = place.somebody().await;
    let currency = |code: &str| Some(Currency::parse(code).unwrap());
    let change = ProfileChange {
        currency: currency("EUR"),
        name: Some("E".to_owned()),
        zone: Some(Zone::UTC),
        ..Default::default()
    };
    accounts.update_profile(id, &change).await.unwrap();
    let account = accounts.account(id).await.unwrap().unwrap();
    assert_eq!((account.currency.code(), account.name.as_str(), account.zone), ("EUR", "E", Zone::UTC));
    assert_eq!(head(&place, id).await.taxonomy_version, 1);

    accounts.update_profile(id, &ProfileChange { name: Some(String::new()), ..Default::default() }).await.unwrap();
    assert_eq!(head(&place, id).await.taxonomy_version, 1, "a name outdates no plan");

    put_expense(&place, id).await;
    let refused = ProfileChange { currency: currency("USD"), name: Some("no".to_owned()), ..Default::default() };
    assert!(matches!(accounts.update_profile(id, &refused).await, Err(RepositoryError::Stale)));
    let account = accounts.account(id).await.unwrap().unwrap();
    assert_eq!((account.currency.code(), account.name.as_str()), ("EUR", ""), "nothing of it happened");
    assert_eq!(head(&place, id).await.taxonomy_version, 1);

    let same = ProfileChange { currency: currency("EUR"), name: Some("F".to_owned()), ..Default::default() };
    accounts.update_profile(id, &same).await.unwrap();
    assert_eq!(accounts.account(id).await.unwrap().unwrap().name, "F", "the currency that it has is no change");
    accounts.update_profile(UserId(i64::MAX), &same).await.unwrap();
}

#[tokio::test]
async fn being_disabled_ends_all_sessions() {
    let place = Place::new().await;
    let (accounts, sessions) = (place.accounts(), place.sessions());
    let (id, other) = (place.somebody().await, place.somebody().await);
    let others = sessions.open(other, &Device::default(), &token(START)).await.unwrap();

    let session = sessions.open(id, &Device::default(), &token(START)).await.unwrap();
    place.disable(id).await;
    assert_eq!(sessions.principal(session, id).await.unwrap(), None);
    assert_eq!(accounts.account(id).await.unwrap().unwrap().disabled_at, Some(START));
    let opened_meanwhile = sessions.open(id, &Device::default(), &token(START)).await.unwrap();
    assert_eq!(sessions.principal(opened_meanwhile, id).await.unwrap(), None);

    place.enable(id).await;
    assert_eq!(accounts.account(id).await.unwrap().unwrap().disabled_at, None);
    assert_eq!(sessions.principal(session, id).await.unwrap(), None, "an ended session stays ended");
    assert!(sessions.principal(others, other).await.unwrap().is_some(), "other people's go on");
}
