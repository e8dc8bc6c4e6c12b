use std::collections::BTreeSet;

use florin_domain::account::{Email, Role};
use florin_domain::login_event::EventKind;
use florin_domain::repository::{AccountRepository, SessionRepository, TokenRepository};
use florin_domain::session::Access;

use super::*;
use crate::repository::account::tests::{Place, START, somebody};
use crate::repository::token::tests::{event, new, open_session, trail};
use crate::repository::{SqlSessionRepository, SqlTokenRepository};

const FREE: Standing = Standing { role: Role::User, disabled_at: None };
const ADMIN: Standing = Standing { role: Role::Admin, disabled_at: None };

fn admins(place: &Place) -> SqlAdminRepository {
    SqlAdminRepository::new(place.database.clone())
}

async fn admin(place: &Place) -> UserId {
    place.accounts().create(&florin_domain::repository::NewAccount { role: Role::Admin, ..somebody() }).await.unwrap()
}

async fn named(place: &Place, email: &str) -> UserId {
    let email = Email::parse(email).unwrap();
    place.accounts().create(&florin_domain::repository::NewAccount { email, ..somebody() }).await.unwrap()
}

fn change(actor: UserId, user: UserId, before: Standing, after: Standing, events: Vec<EventKind>) -> StandingChange {
    let noted = |kind| NewLoginEvent { actor: Some(actor), ..event(user, kind) };
    StandingChange { user, actor, before, after, at: START, events: events.into_iter().map(noted).collect() }
}

async fn erase(place: &Place, user: UserId) {
    let erased = user_login::Entity::update_many().col_expr(user_login::Column::ErasedAt, Expr::value(1_i64));
    erased.filter(user_login::Column::Id.eq(user.0)).exec(place.database.writing()).await.unwrap();
}

#[tokio::test]
async fn accounts_are_found_by_parts_of_their_address_page_by_page() {
    let place = Place::new().await;
    let admins = admins(&place);
    let mut ids = Vec::new();
    for email in ["ana@example.com", "a_a@example.com", "a%a@example.org", "ben!x@example.com", "élise@example.com"] {
        ids.push(named(&place, email).await);
    }
    let found = async |parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let rows = admins.accounts(&parts, None, 50).await.unwrap().rows;
        rows.into_iter().map(|account| account.id).collect::<Vec<_>>()
    };
    let newest_first: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(found(&[]).await, newest_first);
    assert_eq!(found(&["ana"]).await, [ids[0]]);
    assert_eq!(found(&["a_a"]).await, [ids[1]], "no wildcard");
    assert_eq!(found(&["%"]).await, [ids[2]]);
    assert_eq!(found(&["n!x"]).await, [ids[3]]);
    assert_eq!(found(&["é"]).await, [ids[4]]);
    assert_eq!(found(&["@example.com", "a"]).await, [ids[4], ids[3], ids[1], ids[0]]);
    assert_eq!(found(&["\\"]).await, []);

    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = admins.accounts(&[], before, 2).await.unwrap();
        seen.extend(page.rows.iter().map(|account| account.id));
        before = seen.last().copied();
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, newest_first);

    erase(&place, ids[0]).await;
    assert_eq!(found(&["ana"]).await, []);
    assert_eq!(admins.account(ids[0]).await.unwrap(), None);
    assert_eq!(admins.account(ids[1]).await.unwrap().unwrap().id, ids[1]);
    assert_eq!(admins.account(UserId(i64::MAX)).await.unwrap(), None);
}

#[tokio::test]
async fn a_standing_changes_as_planned_or_not_at_all() {
    let place = Place::new().await;
    let admins = admins(&place);
    let (actor, user) = (admin(&place).await, place.somebody().await);
    let session = open_session(&place, user, START.plus_millis(1000)).await;
    let sessions = SqlSessionRepository::new(place.database.clone());
    let present = async || admins.account(user).await.unwrap().map(|account| Standing::from(&account));

    admins.change_standing(&change(actor, user, FREE, ADMIN, vec![EventKind::RoleChange])).await.unwrap();
    assert_eq!(present().await, Some(ADMIN));
    let principal = sessions.principal(session, user).await.unwrap().unwrap();
    assert_eq!((principal.access, principal.account.role), (Access::Session(session), Role::Admin), "it goes on");

    let stale = admins.change_standing(&change(actor, user, FREE, ADMIN, vec![EventKind::RoleChange])).await;
    assert!(matches!(stale, Err(RepositoryError::Stale)));
    assert_eq!(trail(&place, user).await, [EventKind::RoleChange], "a refused change is not noted");

    let disabled = Standing { role: Role::User, disabled_at: Some(START) };
    let both = vec![EventKind::RoleChange, EventKind::Disable];
    admins.change_standing(&change(actor, user, ADMIN, disabled, both)).await.unwrap();
    assert_eq!(present().await, Some(disabled));
    assert_eq!(trail(&place, user).await.len(), 3);
    admins.change_standing(&change(actor, user, disabled, FREE, vec![EventKind::Enable])).await.unwrap();
    assert_eq!(sessions.principal(session, user).await.unwrap(), None, "an ended session stays ended");

    erase(&place, user).await;
    let stale = admins.change_standing(&change(actor, user, FREE, ADMIN, vec![EventKind::RoleChange])).await;
    assert!(matches!(stale, Err(RepositoryError::Stale)), "nobody is there any more");
}

#[tokio::test]
async fn only_who_still_is_an_admin_changes_anything() {
    let place = Place::new().await;
    let admins = admins(&place);
    // Of a lower and of a higher identifier than the account's: the order of the statements differs.
    let (before, user, after) = (place.somebody().await, place.somebody().await, place.somebody().await);
    for actor in [before, after] {
        let refused = admins.change_standing(&change(actor, user, FREE, ADMIN, vec![EventKind::RoleChange])).await;
        assert!(matches!(refused, Err(RepositoryError::Stale)), "{refused:?}");
        assert_eq!(admins.account(user).await.unwrap().unwrap().role, Role::User);
    }
    assert_eq!(trail(&place, user).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_admins_who_demote_each_other_one_remains() {
    let place = Place::new().await;
    for _ in 0..10 {
        let (ana, ben) = (admin(&place).await, admin(&place).await);
        let demote = |actor, user| {
            let admins = admins(&place);
            tokio::spawn(async move {
                admins.change_standing(&change(actor, user, ADMIN, FREE, vec![EventKind::RoleChange])).await
            })
        };
        let (one, two) = (demote(ana, ben), demote(ben, ana));
        let done = [one.await.unwrap(), two.await.unwrap()];
        for failure in done.iter().filter_map(|done| done.as_ref().err()) {
            assert!(matches!(failure, RepositoryError::Stale), "{failure:?}");
        }
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        let mut roles = BTreeSet::new();
        for user in [ana, ben] {
            roles.insert(admins(&place).account(user).await.unwrap().unwrap().role.as_str());
        }
        assert_eq!(roles, BTreeSet::from(["admin", "user"]));
    }
}

#[tokio::test]
async fn all_sessions_and_tokens_end_together() {
    let place = Place::new().await;
    let (user, other) = (place.somebody().await, place.somebody().await);
    let tokens = SqlTokenRepository::new(place.database.clone());
    let sessions = SqlSessionRepository::new(place.database.clone());
    let mut held = Vec::new();
    for user in [user, other] {
        let session = open_session(&place, user, START.plus_millis(1000)).await;
        let token = new(user, None);
        tokens.create(&token, session, 9, &event(user, EventKind::TokenCreated)).await.unwrap().unwrap();
        held.push((user, session, token.hash));
    }
    let revoked = event(user, EventKind::SessionsRevoked);
    assert!(admins(&place).revoke_all(user, START, &revoked).await.unwrap());
    for (of, session, hash) in held {
        let goes_on = of == other;
        assert_eq!(sessions.principal(session, of).await.unwrap().is_some(), goes_on);
        assert_eq!(tokens.holder(&hash, START).await.unwrap().is_some(), goes_on);
    }
    assert_eq!(trail(&place, user).await.len(), 2);
    assert!(!admins(&place).revoke_all(UserId(i64::MAX), START, &revoked).await.unwrap());
    erase(&place, user).await;
    assert!(!admins(&place).revoke_all(user, START, &revoked).await.unwrap());
    assert_eq!(trail(&place, user).await.len(), 2);
}

#[tokio::test]
async fn everything_is_counted() {
    let place = Place::new().await;
    let admins = admins(&place);
    assert_eq!(admins.counts(START, START).await.unwrap(), Counts::default(), "nobody");
    let (ana, ben, gone) = (admin(&place).await, place.somebody().await, place.somebody().await);
    let disabled = Standing { disabled_at: Some(START), ..FREE };
    admins.change_standing(&change(ana, ben, FREE, disabled, vec![])).await.unwrap();
    let verified = user_login::Entity::update_many().col_expr(user_login::Column::VerifiedAt, Expr::value(1_i64));
    verified.filter(user_login::Column::Id.is_in([ana.0, gone.0])).exec(place.database.writing()).await.unwrap();
    let end = START.plus_millis(1000);
    for user in [ana, ana, ben, gone] {
        open_session(&place, user, end).await;
    }
    erase(&place, gone).await;
    let counts =
        Counts { users: 2, verified: 1, disabled: 1, erased: 1, active: 2, sessions: 4, expenses: 0, actions: 0 };
    assert_eq!(admins.counts(START, end.plus_millis(-1)).await.unwrap(), counts);
    let later = START.plus_millis(1);
    assert_eq!(admins.counts(later, end).await.unwrap(), Counts { active: 0, sessions: 0, ..counts });
    let tokens = SqlTokenRepository::new(place.database.clone());
    let session = open_session(&place, ana, end).await;
    let token = tokens.create(&new(ana, None), session, 9, &event(ana, EventKind::TokenCreated)).await;
    tokens.note_use(token.unwrap().unwrap(), later).await.unwrap();
    assert_eq!(admins.counts(later, end).await.unwrap().active, 1, "who uses a token is active");
}
