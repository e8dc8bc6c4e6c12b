//! What the daily checks read and store.

mod scan;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::NaiveDate;
use florin_domain::calendar::{Month, Timestamp, Zone};
use florin_domain::id::UserId;
use florin_domain::notification::preferences::DEFAULT_HOUR;
use florin_domain::notification::schedule::{Cohort, latest_note};
use florin_domain::notification::{Kind, NewNotification};
use florin_domain::repository::{CheckRepository, InactiveCandidate, OverspendCandidate, Result, Scan, Scanned};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use crate::db::deadline::PATIENT;
use crate::db::{Database, failed};
use crate::entity::{daily_run, notification_preference, user_login};
use crate::id_allocator::IdAllocator;

use super::batch::{padded, pieces};

/// The daily checks' storage in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlCheckRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlCheckRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }

    /// The statements of the two scans, to measure what the database alone needs for them.
    #[must_use]
    pub fn statements(&self, scan: &Scan, month: Month, before: Timestamp) -> [Statement; 3] {
        let backend = self.database.read_patiently().get_database_backend();
        [
            backend.build(&scan::over_limits_of_categories(scan, month)),
            backend.build(&scan::over_overall_limits(&self.database, scan, month)),
            backend.build(&scan::silent(scan, before)),
        ]
    }
}

#[async_trait]
impl CheckRepository for SqlCheckRepository {
    async fn cohorts(&self, kind: Kind) -> Result<Vec<Cohort>> {
        let reading = self.database.read_patiently();
        let zones: Vec<String> = user_login::Entity::find()
            .select_only()
            .column(user_login::Column::Timezone)
            .distinct()
            .into_tuple()
            .all(reading)
            .await
            .map_err(failed)?;
        let hours: Vec<i16> = notification_preference::Entity::find()
            .select_only()
            .column(notification_preference::Column::Hour)
            .distinct()
            .into_tuple()
            .all(reading)
            .await
            .map_err(failed)?;
        let runs = daily_run::Entity::find().filter(daily_run::Column::Job.eq(kind.as_str())).all(reading).await;
        let done: BTreeMap<(String, i16), NaiveDate> =
            runs.map_err(failed)?.into_iter().map(|run| ((run.timezone, run.hour), run.done_on)).collect();

        let hours: BTreeSet<u8> =
            hours.into_iter().filter_map(scan::hour_of).chain(std::iter::once(DEFAULT_HOUR)).collect();
        let mut cohorts = Vec::new();
        for name in zones {
            let Ok(zone) = Zone::parse(&name) else {
                tracing::warn!(zone = %name, "a zone is not known; those who live in it are not checked");
                continue;
            };
            for hour in &hours {
                let done_on = done.get(&(name.clone(), i16::from(*hour))).copied();
                cohorts.push(Cohort { zone, hour: *hour, done_on });
            }
        }
        Ok(cohorts)
    }

    async fn mark_done(&self, kind: Kind, done: &[(Zone, u8, NaiveDate)]) -> Result<()> {
        let row = |(zone, hour, date): &(Zone, u8, NaiveDate)| daily_run::ActiveModel {
            job: Set(kind.as_str().to_owned()),
            timezone: Set(zone.name().to_owned()),
            hour: Set(i16::from(*hour)),
            done_on: Set(*date),
        };
        let mut rows: Vec<_> = done.iter().map(row).collect();
        // In one order, so that processes that note the same wait for each other, and do not lock each other out.
        rows.sort_by(|a, b| (a.timezone.as_ref(), a.hour.as_ref()).cmp(&(b.timezone.as_ref(), b.hour.as_ref())));
        let mut zones: BTreeMap<(i16, NaiveDate), BTreeSet<&str>> = BTreeMap::new();
        for (zone, hour, date) in done {
            zones.entry((i16::from(*hour), *date)).or_default().insert(zone.name());
        }
        let (rows, zones) = (&rows, &zones);
        self.database
            .write_within(PATIENT, |tx| async move {
                for piece in pieces(rows.clone()) {
                    let unless_there = OnConflict::columns([
                        daily_run::Column::Job,
                        daily_run::Column::Timezone,
                        daily_run::Column::Hour,
                    ])
                    .do_nothing_on([daily_run::Column::Job])
                    .to_owned();
                    let new = daily_run::Entity::insert_many(piece).on_conflict(unless_there);
                    new.exec_without_returning(&*tx).await?;
                }
                for ((hour, date), names) in zones {
                    let names: Vec<&str> = names.iter().copied().collect();
                    for list in padded(&names) {
                        daily_run::Entity::update_many()
                            .set(daily_run::ActiveModel { done_on: Set(*date), ..Default::default() })
                            .filter(daily_run::Column::Job.eq(kind.as_str()))
                            .filter(daily_run::Column::Timezone.is_in(list))
                            .filter(daily_run::Column::Hour.eq(*hour))
                            .filter(
                                Condition::any()
                                    .add(daily_run::Column::DoneOn.lt(*date))
                                    .add(daily_run::Column::DoneOn.gt(latest_note(*date))),
                            )
                            .exec(&*tx)
                            .await?;
                    }
                }
                Ok(())
            })
            .await
    }

    async fn last_user(&self) -> Result<UserId> {
        let last: Option<i64> = user_login::Entity::find()
            .select_only()
            .column(user_login::Column::Id)
            .order_by_desc(user_login::Column::Id)
            .limit(1)
            .into_tuple()
            .one(self.database.read_patiently())
            .await
            .map_err(failed)?;
        Ok(UserId(last.unwrap_or_default()))
    }

    async fn overspends(&self, scan: &Scan, month: Month) -> Result<Scanned<OverspendCandidate>> {
        let reading = self.database.read_patiently();
        let of_categories = reading.query_all(&scan::over_limits_of_categories(scan, month)).await.map_err(failed)?;
        let overall = scan::over_overall_limits(&self.database, scan, month);
        let overall = reading.query_all(&overall).await.map_err(failed)?;
        Ok(scan::read(of_categories.iter().chain(&overall), "overspend", scan::overspend_of))
    }

    async fn inactives(&self, scan: &Scan, before: Timestamp) -> Result<Scanned<InactiveCandidate>> {
        let rows = self.database.read_patiently().query_all(&scan::silent(scan, before)).await.map_err(failed)?;
        Ok(scan::read(rows.iter(), "inactivity", scan::inactive_of))
    }

    async fn insert(&self, new: &[NewNotification], at: Timestamp) -> Result<Vec<String>> {
        store::insert(&self.database, &self.ids, new, at).await
    }
}
