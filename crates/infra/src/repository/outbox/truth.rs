//! Whether what is to be told is still true and wanted, in one statement a table whatever the number of deliveries (up to the
//! length of one list).

use std::collections::{BTreeMap, BTreeSet};

use florin_domain::budget::{self, BudgetEntry, Scope};
use florin_domain::calendar::Month;
use florin_domain::id::{DeliveryId, Seq};
use florin_domain::notification::delivery::Leased;
use florin_domain::notification::{Channel, Inactivity, Notice, Overspend, Preferences, overspend};
use florin_domain::repository::Result;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};

use crate::db::failed;
use crate::entity::{
    category, category_budget, last_user_action, monthly_expense, notification_preference, user_login,
};

use super::super::batch::padded;
use super::super::budget::{read, stored};
use super::super::notification::{channels_of, levels_of};
use super::SqlOutboxRepository;

/// What some users did and want, as of now.
#[derive(Debug, Default)]
struct Facts {
    /// Those whose accounts may be used.
    usable: BTreeSet<i64>,
    preferences: BTreeMap<i64, Preferences>,
    /// The last logging act.
    last: BTreeMap<i64, Seq>,
    budgets: BTreeMap<i64, Vec<BudgetEntry>>,
    /// By user, month and stored category.
    spent: BTreeMap<(i64, i32, i64), i64>,
}

impl SqlOutboxRepository {
    pub(super) async fn still_true_of(&self, leased: &[Leased]) -> Result<Vec<DeliveryId>> {
        let users: BTreeSet<i64> = leased.iter().map(|leased| leased.notification.user.0).collect();
        let users: Vec<i64> = users.into_iter().collect();
        let mut months = BTreeSet::new();
        for leased in leased {
            if let Notice::Overspend(overspend) = &leased.notification.notice {
                months.insert(overspend.month.yyyymm());
            }
        }
        let months: Vec<i32> = months.into_iter().collect();
        let mut facts = Facts::default();
        for list in padded(&users) {
            self.gather_people(&mut facts, &list).await?;
            if let Some(last) = months.last() {
                self.gather_books(&mut facts, &list, &months, *last).await?;
            }
        }
        Ok(leased.iter().filter(|leased| facts.bear(leased)).map(|leased| leased.id).collect())
    }

    async fn gather_people(&self, facts: &mut Facts, users: &[i64]) -> Result<()> {
        use user_login::Column;
        let read = self.database.read();
        let usable: Vec<i64> = user_login::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(users.iter().copied()))
            .filter(Column::VerifiedAt.is_not_null())
            .filter(Column::DisabledAt.is_null())
            .filter(Column::ErasedAt.is_null())
            .into_tuple()
            .all(read)
            .await
            .map_err(failed)?;
        facts.usable.extend(usable);
        let chosen: Select<notification_preference::Entity> = notification_preference::Entity::find();
        let chosen = chosen.filter(notification_preference::Column::UserId.is_in(users.iter().copied()));
        let rows = chosen.all(read).await.map_err(failed)?;
        facts.preferences.extend(rows.into_iter().map(|row| (row.user_id, preferences_of(&row))));
        let heads: Vec<(i64, i64)> = last_user_action::Entity::find()
            .select_only()
            .column(last_user_action::Column::UserId)
            .column(last_user_action::Column::LastOrdinary)
            .filter(last_user_action::Column::UserId.is_in(users.iter().copied()))
            .into_tuple()
            .all(read)
            .await
            .map_err(failed)?;
        facts.last.extend(heads.into_iter().map(|(user, last)| (user, Seq(last))));
        Ok(())
    }

    async fn gather_books(&self, facts: &mut Facts, users: &[i64], months: &[i32], last: i32) -> Result<()> {
        // As the reports see budgets: those of merged categories are not in force.
        let merged = Query::select()
            .column(category::Column::Id)
            .from(category::Entity)
            .and_where(category::Column::UserId.is_in(users.iter().copied()))
            .and_where(category::Column::MergedInto.is_not_null())
            .take();
        let entries = category_budget::Entity::find()
            .filter(category_budget::Column::UserId.is_in(users.iter().copied()))
            .filter(category_budget::Column::FromMonth.lte(last))
            .filter(category_budget::Column::CategoryId.not_in_subquery(merged))
            .all(self.database.read())
            .await
            .map_err(failed)?;
        for row in &entries {
            // Nobody else waits because of a row that went wrong.
            match read(row) {
                Ok(entry) => facts.budgets.entry(row.user_id).or_default().push(entry),
                Err(error) => tracing::warn!(user = row.user_id, ?error, "a budget cannot be read and is passed over"),
            }
        }
        for months in padded(months) {
            let totals = monthly_expense::Entity::find()
                .filter(monthly_expense::Column::UserId.is_in(users.iter().copied()))
                .filter(monthly_expense::Column::Month.is_in(months))
                .all(self.database.read())
                .await
                .map_err(failed)?;
            for row in totals {
                facts.spent.insert((row.user_id, row.month, row.category_id), row.total);
            }
        }
        Ok(())
    }
}

fn preferences_of(row: &notification_preference::Model) -> Preferences {
    Preferences {
        overspend: row.overspend != 0,
        levels: levels_of(&row.levels),
        inactivity: row.inactivity != 0,
        hour: u8::try_from(row.hour).unwrap_or_default(),
        channels: row.channels.as_deref().map(channels_of),
    }
}

impl Facts {
    /// Whether they bear a notification out.
    fn bear(&self, leased: &Leased) -> bool {
        let user = leased.notification.user.0;
        let defaults = Preferences::default();
        let preferences = self.preferences.get(&user).unwrap_or(&defaults);
        self.usable.contains(&user)
            && wants(preferences, leased.channel)
            && match &leased.notification.notice {
                Notice::Overspend(overspend) => {
                    preferences.overspend
                        && preferences.levels.contains(&overspend.level)
                        && self.is_overspent(user, overspend)
                }
                Notice::Inactivity(inactivity) => preferences.inactivity && self.is_silent(user, inactivity),
            }
    }

    fn is_overspent(&self, user: i64, told: &Overspend) -> bool {
        let entries = self.budgets.get(&user).map(Vec::as_slice).unwrap_or_default();
        let in_force = budget::in_force(entries, told.month)
            .iter()
            .any(|limit| limit.scope == told.scope && limit.amount == told.limit);
        in_force && overspend::is_reached(self.spent(user, told.month, told.scope), told.limit, told.level)
    }

    fn spent(&self, user: i64, month: Month, scope: Scope) -> i64 {
        let month = month.yyyymm();
        match scope {
            Scope::Total => {
                let all = self.spent.range((user, month, i64::MIN)..=(user, month, i64::MAX));
                all.fold(0, |sum, (_, total)| sum.saturating_add(*total))
            }
            Scope::Category(_) => self.spent.get(&(user, month, stored(scope))).copied().unwrap_or_default(),
        }
    }

    fn is_silent(&self, user: i64, told: &Inactivity) -> bool {
        self.last.get(&user).copied().unwrap_or(Seq::ZERO) == told.last
    }
}

fn wants(preferences: &Preferences, channel: Channel) -> bool {
    preferences.channels.as_ref().is_none_or(|chosen| chosen.contains(&channel))
}
