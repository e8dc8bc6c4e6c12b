use std::sync::atomic::{AtomicI64, Ordering};

use florin_domain::login_event::{EventKind, EventOutcome};
use florin_domain::personal_token::MAX_TOKENS;
use florin_domain::repository::{AccountRepository, AuditRepository, EventFilter};
use florin_domain::session::Device;
use sea_orm::ActiveModelTrait;

use super::*;
use crate::entity::refresh_token;
use crate::repository::SqlAuditRepository;
use crate::repository::account::tests::{Place, START, hash};

const BOTH: Scopes = Scopes { read: true, write: true };

/// A session of a user, with a refresh token that is good until then.
pub(in crate::repository) async fn open_session(place: &Place, user: UserId, expires_at: Timestamp) -> SessionId {
    let id = IdAllocator::new(place.database.clone()).next(Sequence::Session).await.unwrap();
    let opened = session::ActiveModel {
        id: Set(id),
        user_id: Set(user.0),
        created_at: Set(START.0),
        last_used_at: Set(START.0),
        revoked_at: Set(None),
        ip: Set("203.0.113.9".to_owned()),
        user_agent: Set("tests/1 ✓".to_owned()),
    };
    let refresh = refresh_token::ActiveModel {
        hash: Set(hash().to_vec()),
        session_id: Set(id),
        issued_at: Set(START.0),
        expires_at: Set(expires_at.0),
        used_at: Set(None),
        successor: Set(None),
    };
    session::Entity::insert(opened).exec_without_returning(place.database.writing()).await.unwrap();
    refresh_token::Entity::insert(refresh).exec_without_returning(place.database.writing()).await.unwrap();
    SessionId(id)
}

/// Something that a user did.
pub(in crate::repository) fn event(user: UserId, kind: EventKind) -> NewLoginEvent {
    NewLoginEvent::new(Some(user), START, kind, EventOutcome::Ok, &Device::default())
}

/// The kinds of a user's trail, newest first.
pub(in crate::repository) async fn trail(place: &Place, user: UserId) -> Vec<EventKind> {
    let audit = SqlAuditRepository::new(place.database.clone());
    let rows = audit.events(EventFilter { user: Some(user), kind: None }, None, 200).await.unwrap().rows;
    rows.into_iter().map(|row| row.event.kind).collect()
}

/// A token to be stored, of nobody else's secret.
pub(in crate::repository) fn new(user: UserId, expires_at: Option<Timestamp>) -> NewPersonalToken {
    static IDS: AtomicI64 = AtomicI64::new(1);
    let id = TokenId(IDS.fetch_add(1, Ordering::Relaxed));
    NewPersonalToken {
        id,
        receipt: None,
        user,
        name: "a script ✓".to_owned(),
        scopes: BOTH,
        hash: hash(),
        created_at: START,
        expires_at,
    }
}

fn tokens(place: &Place) -> SqlTokenRepository {
    SqlTokenRepository::new(place.database.clone())
}

async fn somebody(place: &Place) -> (UserId, SessionId) {
    let user = place.somebody().await;
    (user, open_session(place, user, START.plus_millis(1000)).await)
}

async fn make(place: &Place, new: &NewPersonalToken, session: SessionId) -> TokenId {
    let made = event(new.user, EventKind::TokenCreated);
    tokens(place).create(new, session, MAX_TOKENS, &made).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_token_lets_its_holder_in_until_it_ends() {
    let place = Place::new().await;
    let (user, session) = somebody(&place).await;
    let tokens = tokens(&place);
    let end = START.plus_millis(1000);
    let only_read = NewPersonalToken { scopes: Scopes { read: true, write: false }, ..new(user, Some(end)) };
    let id = make(&place, &only_read, session).await;
    let holder = tokens.holder(&only_read.hash, end.plus_millis(-1)).await.unwrap().unwrap();
    assert_eq!(holder.principal.access, Access::Token(id, only_read.scopes));
    assert_eq!((holder.principal.account.id, holder.last_used_at), (user, None));
    assert_eq!(holder.principal.account, place.accounts().account(user).await.unwrap().unwrap());
    assert_eq!(tokens.holder(&only_read.hash, end).await.unwrap(), None, "it ends to the millisecond");
    assert_eq!(tokens.holder(&hash(), START).await.unwrap(), None);

    let for_ever = new(user, None);
    let kept = make(&place, &for_ever, session).await;
    assert!(tokens.holder(&for_ever.hash, Timestamp(i64::MAX)).await.unwrap().is_some());
    let shown: Vec<_> = tokens.tokens(user).await.unwrap();
    assert_eq!(shown.iter().map(|token| token.id).collect::<Vec<_>>(), [kept, id], "newest first, expired ones too");
    assert_eq!((shown[0].name.as_str(), shown[0].scopes, shown[0].created_at), ("a script ✓", BOTH, START));

    let revoked = event(user, EventKind::TokenRevoked);
    let other = place.somebody().await;
    assert!(!tokens.revoke(other, kept, START, &revoked, None).await.unwrap(), "another person's");
    assert!(!tokens.revoke(user, TokenId(i64::MAX), START, &revoked, None).await.unwrap());
    assert!(tokens.revoke(user, kept, START, &revoked, None).await.unwrap());
    assert!(!tokens.revoke(user, kept, START, &revoked, None).await.unwrap(), "once");
    assert_eq!(tokens.holder(&for_ever.hash, START).await.unwrap(), None);
    assert_eq!(tokens.tokens(user).await.unwrap().len(), 1);
    let noted = [EventKind::TokenRevoked, EventKind::TokenCreated, EventKind::TokenCreated];
    assert_eq!(trail(&place, user).await, noted, "one row each");
}

#[tokio::test]
async fn a_token_of_a_disabled_or_erased_account_lets_nobody_in() {
    let place = Place::new().await;
    let (user, session) = somebody(&place).await;
    let token = new(user, None);
    make(&place, &token, session).await;
    for column in [user_login::Column::DisabledAt, user_login::Column::ErasedAt] {
        let set = |value: Option<i64>| {
            let row = user_login::Entity::update_many().col_expr(column, Expr::value(value));
            row.filter(user_login::Column::Id.eq(user.0)).exec(place.database.writing())
        };
        set(Some(1)).await.unwrap();
        assert_eq!(tokens(&place).holder(&token.hash, START).await.unwrap(), None, "{column:?}");
        let made = event(user, EventKind::TokenCreated);
        let refused = tokens(&place).create(&new(user, None), session, MAX_TOKENS, &made).await;
        assert!(matches!(refused, Err(RepositoryError::Stale)), "{column:?}: {refused:?}");
        set(None).await.unwrap();
        assert!(tokens(&place).holder(&token.hash, START).await.unwrap().is_some(), "{column:?}");
    }
}

#[tokio::test]
async fn an_ended_session_makes_no_token() {
    let place = Place::new().await;
    let (user, session) = somebody(&place).await;
    let (other, others) = somebody(&place).await;
    let ended = session::ActiveModel { id: Set(session.0), revoked_at: Set(Some(1)), ..Default::default() };
    ended.update(place.database.writing()).await.unwrap();
    for (user, session) in [(user, session), (user, others), (other, SessionId(i64::MAX))] {
        let made = event(user, EventKind::TokenCreated);
        let refused = tokens(&place).create(&new(user, None), session, MAX_TOKENS, &made).await;
        assert!(matches!(refused, Err(RepositoryError::Stale)), "{refused:?}");
        assert_eq!((tokens(&place).tokens(user).await.unwrap(), trail(&place, user).await), (vec![], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_made_than_fit() {
    let place = Place::new().await;
    let user = place.somebody().await;
    let until = START.plus_millis(1000);
    // From two sessions, so that it is the account that keeps them apart.
    let sessions = [open_session(&place, user, until).await, open_session(&place, user, until).await];
    let tries: Vec<_> = (0..16)
        .map(|n| {
            let (tokens, new, session) = (tokens(&place), new(user, None), sessions[n % 2]);
            tokio::spawn(async move { tokens.create(&new, session, 3, &event(user, EventKind::TokenCreated)).await })
        })
        .collect();
    let mut made = Vec::new();
    for tried in tries {
        made.extend(tried.await.unwrap().unwrap());
    }
    assert_eq!((made.len(), tokens(&place).tokens(user).await.unwrap().len()), (3, 3));
    assert_eq!(trail(&place, user).await.len(), 3);
    // An expired one counts, a revoked one does not.
    let revoked = event(user, EventKind::TokenRevoked);
    assert!(tokens(&place).revoke(user, made[0], START, &revoked, None).await.unwrap());
    let made = event(user, EventKind::TokenCreated);
    let expired = new(user, Some(START.plus_millis(-1)));
    assert!(tokens(&place).create(&expired, sessions[0], 3, &made).await.unwrap().is_some());
    assert_eq!(tokens(&place).create(&new(user, None), sessions[0], 3, &made).await.unwrap(), None);
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    let place = Place::new().await;
    let (user, session) = somebody(&place).await;
    let token = new(user, None);
    let id = make(&place, &token, session).await;
    let tokens = tokens(&place);
    for (after, noted) in [(0, 0), (59_999, 0), (60_000, 60_000), (30_000, 60_000)] {
        tokens.note_use(id, START.plus_millis(after)).await.unwrap();
        let holder = tokens.holder(&token.hash, START).await.unwrap().unwrap();
        assert_eq!(holder.last_used_at, Some(START.plus_millis(noted)), "{after}");
    }
    let holder = tokens.holder(&token.hash, START).await.unwrap().unwrap();
    assert!(!holder.is_use_news(START.plus_millis(119_999)) && holder.is_use_news(START.plus_millis(120_000)));
}
