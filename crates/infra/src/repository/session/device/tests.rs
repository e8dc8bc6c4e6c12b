use florin_domain::login_event::EventKind;
use florin_domain::repository::SessionRepository;

use super::*;
use crate::repository::account::tests::{Place, START};
use crate::repository::token::tests::{event, open_session, trail};

#[tokio::test]
async fn the_sessions_that_go_on_are_listed_and_ended_one_by_one() {
    let place = Place::new().await;
    let sessions = place.sessions();
    let (user, other) = (place.somebody().await, place.somebody().await);
    let end = START.plus_millis(1000);
    let (one, two) = (open_session(&place, user, end).await, open_session(&place, user, end).await);
    let long = open_session(&place, user, end.plus_millis(1)).await;
    let others = open_session(&place, other, end).await;
    let used = session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::value(START.plus_millis(5).0))
        .filter(session::Column::Id.eq(one.0));
    used.exec(place.database.writing()).await.unwrap();

    let live = async |now: Timestamp| sessions.live(user, now, 10).await.unwrap();
    let ids = |live: Vec<LiveSession>| live.into_iter().map(|session| session.id).collect::<Vec<_>>();
    assert_eq!(ids(live(START).await), [one, long, two], "the last used first");
    assert_eq!(ids(live(end).await), [long], "what cannot be refreshed has ended");
    assert_eq!(ids(sessions.live(user, START, 2).await.unwrap()), [one, long]);
    let first = live(START).await.remove(0);
    assert_eq!((first.created_at, first.last_used_at), (START, START.plus_millis(5)));
    assert_eq!(first.device, Device { ip: "203.0.113.9".to_owned(), user_agent: "tests/1 ✓".to_owned() });

    let out = event(user, EventKind::LogOut);
    assert!(!sessions.close(user, others, START, &out, None).await.unwrap(), "another person's");
    assert!(!sessions.close(user, SessionId(i64::MAX), START, &out, None).await.unwrap());
    assert!(sessions.close(user, one, START, &out, None).await.unwrap());
    assert!(!sessions.close(user, one, START, &out, None).await.unwrap(), "once");
    assert_eq!(ids(live(START).await), [long, two]);
    assert_eq!(sessions.principal(one, user).await.unwrap(), None);
    assert!(sessions.principal(others, other).await.unwrap().is_some());
    assert_eq!(trail(&place, user).await, [EventKind::LogOut], "one row");
}
