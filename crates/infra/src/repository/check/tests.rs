//! The contract of the daily checks' storage, on whichever database `TEST_DATABASE` names.

mod scans;
mod storing;

use florin_domain::account::Role;
use florin_domain::budget::Scope;
use florin_domain::id::CategoryId;
use florin_domain::money::Currency;
use florin_domain::notification::{Channel, Inactivity, Notice, Overspend};
use florin_domain::repository::{AccountRepository, NewAccount};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::*;
use crate::entity::{category_budget, monthly_expense};
use crate::repository::account::tests::{Place, START, somebody};

const MARCH: i32 = 202_603;

/// The storage under test, on a database of its own.
struct Checks {
    place: Place,
    checks: SqlCheckRepository,
}

fn month(yyyymm: i32) -> Month {
    Month::from_yyyymm(yyyymm).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn day(text: &str) -> NaiveDate {
    florin_domain::calendar::parse_date(text).unwrap()
}

/// What to choose: nothing out of the ordinary.
fn choice(user: UserId) -> notification_preference::Model {
    notification_preference::Model {
        user_id: user.0,
        overspend: 1,
        levels: "80,100".to_owned(),
        least_level: 80,
        inactivity: 1,
        hour: 9,
        channels: None,
        version: 1,
    }
}

fn over(user: UserId, category: i64, limit: i64, level: u16) -> NewNotification {
    let scope = if category == 0 { Scope::Total } else { Scope::Category(CategoryId(category)) };
    let notice = Notice::Overspend(Overspend {
        scope,
        category_name: "Food".to_owned(),
        month: month(MARCH),
        limit,
        spent: 2 * limit,
        currency: Currency::parse("INR").unwrap(),
        level,
    });
    NewNotification { user, notice, channels: vec![Channel::Log] }
}

fn silence(user: UserId, last: i64, stage: u16) -> NewNotification {
    let notice = Notice::Inactivity(Inactivity { last: florin_domain::id::Seq(last), days: stage.into(), stage });
    NewNotification { user, notice, channels: vec![] }
}

impl Checks {
    async fn new() -> Self {
        let place = Place::new().await;
        Self { checks: SqlCheckRepository::new(place.database.clone()), place }
    }

    /// Somebody who proved their address at the start.
    async fn person(&self) -> UserId {
        self.person_with(|_| {}).await
    }

    async fn person_with(&self, change: impl FnOnce(&mut NewAccount)) -> UserId {
        let mut new = NewAccount { verified_at: Some(START), role: Role::User, ..somebody() };
        change(&mut new);
        self.place.accounts().create(&new).await.unwrap()
    }

    async fn execute(&self, sql: &str) {
        self.place.database.writing().execute_unprepared(sql).await.unwrap();
    }

    async fn put<M, A>(&self, row: M)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait + sea_orm::ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let row = row.into_active_model().reset_all();
        A::Entity::insert(row).exec_without_returning(self.place.database.writing()).await.unwrap();
    }

    async fn limit(&self, user: UserId, category: i64, from_month: i32, limit_minor: Option<i64>) {
        self.put(category_budget::Model { user_id: user.0, category_id: category, from_month, limit_minor }).await;
    }

    async fn spent(&self, user: UserId, category: i64, month: i32, total: i64) {
        self.put(monthly_expense::Model { user_id: user.0, month, category_id: category, total }).await;
    }

    /// Somebody with a limit of 1000 on Food who spent so much in March.
    async fn spender(&self, total: i64) -> UserId {
        let user = self.person().await;
        self.limit(user, 1, MARCH, Some(1000)).await;
        self.spent(user, 1, MARCH, total).await;
        user
    }

    async fn everybody(&self) -> Scan {
        Scan { after: UserId(0), up_to: self.checks.last_user().await.unwrap(), zones: None }
    }

    async fn overspends(&self) -> Scanned<OverspendCandidate> {
        let mut scanned = self.checks.overspends(&self.everybody().await, month(MARCH)).await.unwrap();
        scanned.rows.sort_by_key(|row| (row.user, row.scope));
        scanned
    }

    /// Who is over what, how much they spent of how much, and what they were told.
    async fn found(&self) -> Vec<(UserId, i64, i64, i64, Option<u16>)> {
        let rows = self.overspends().await.rows;
        rows.iter().map(|r| (r.user, super::super::budget::stored(r.scope), r.spent, r.limit, r.told)).collect()
    }

    async fn silent(&self, before: Timestamp) -> Vec<InactiveCandidate> {
        let mut rows = self.checks.inactives(&self.everybody().await, before).await.unwrap().rows;
        rows.sort_by_key(|row| row.user);
        rows
    }
}

#[tokio::test]
async fn cohorts_are_every_zone_with_every_hour_and_keep_their_latest_date() {
    let checks = Checks::new().await;
    assert_eq!(checks.checks.cohorts(Kind::Overspend).await.unwrap(), []);
    assert_eq!(checks.checks.last_user().await.unwrap(), UserId(0));
    let ana = checks.person().await;
    checks.person().await;
    let ben = checks.person_with(|new| new.zone = zone("America/New_York")).await;
    let lost = checks.person().await;
    checks.execute(&format!("UPDATE user_login SET timezone = 'Mars/Olympus' WHERE id = {lost}")).await;
    checks.put(notification_preference::Model { hour: 7, ..choice(ana) }).await;
    checks.put(notification_preference::Model { hour: 7, ..choice(ben) }).await;
    checks.put(notification_preference::Model { hour: 77, ..choice(lost) }).await;
    assert_eq!(checks.checks.last_user().await.unwrap(), lost);

    let (kolkata, york) = (zone("Asia/Kolkata"), zone("America/New_York"));
    let noted = async |kind| {
        let mut cohorts = checks.checks.cohorts(kind).await.unwrap();
        cohorts.sort_by_key(|cohort| (cohort.zone.name(), cohort.hour));
        cohorts.into_iter().map(|cohort| (cohort.zone, cohort.hour, cohort.done_on)).collect::<Vec<_>>()
    };
    let nothing = [(york, 7, None), (york, 9, None), (kolkata, 7, None), (kolkata, 9, None)];
    assert_eq!(noted(Kind::Overspend).await, nothing);

    let (first, second) = (day("2026-03-10"), day("2026-03-11"));
    let mark = async |done: &[(Zone, u8, NaiveDate)]| checks.checks.mark_done(Kind::Overspend, done).await.unwrap();
    mark(&[(kolkata, 9, first), (york, 7, first)]).await;
    mark(&[(kolkata, 9, second), (kolkata, 7, second), (york, 7, day("2026-03-09"))]).await;
    let expected = [(york, 7, Some(first)), (york, 9, None), (kolkata, 7, Some(second)), (kolkata, 9, Some(second))];
    assert_eq!(noted(Kind::Overspend).await, expected, "a later date is kept");
    assert_eq!(noted(Kind::Inactivity).await, nothing, "each job has dates of its own");

    // A clock was ahead for a while.
    mark(&[(york, 7, day("2027-03-10"))]).await;
    mark(&[(york, 7, first)]).await;
    assert_eq!(noted(Kind::Overspend).await, expected, "no note is from a year ahead");

    let many: Vec<_> =
        chrono_zones().into_iter().flat_map(|zone| (0..24).map(move |hour| (zone, hour, first))).collect();
    assert!(many.len() > 600);
    mark(&many).await;
    mark(&many).await;
    assert_eq!(noted(Kind::Overspend).await[3], (kolkata, 9, Some(second)));
}

fn chrono_zones() -> Vec<Zone> {
    let hours = (1..=14).map(|n| format!("Etc/GMT-{n}")).chain((1..=12).map(|n| format!("Etc/GMT+{n}")));
    hours.chain(["Asia/Kolkata".to_owned()]).map(|name| zone(&name)).collect()
}
