//! The statements of the scans, each over a bounded range of users, and what their rows say.
//!
//! What decides is the domain's rule; the statements only leave out what it would certainly not tell. The range of users is
//! named of every table, since no planner concludes it from a join.

use florin_domain::budget::Scope;
use florin_domain::calendar::{Month, Timestamp, Zone};
use florin_domain::id::{CategoryId, Seq, UserId};
use florin_domain::money::Currency;
use florin_domain::notification::inactivity::STAGES;
use florin_domain::notification::overspend::{DEFAULT_LEVELS, FULL};
use florin_domain::notification::preferences::DEFAULT_HOUR;
use florin_domain::notification::{Channel, Kind};
use florin_domain::repository::{InactiveCandidate, OverspendCandidate, Scan, Scanned};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{Condition, DbErr, QueryResult};

use crate::db::Database;
use crate::entity::{
    category, category_budget, last_user_action, monthly_expense, notification, notification_preference, user_action,
    user_login,
};

use super::super::batch::padded;
use super::super::budget::TOTAL;
use super::super::notification::{channels_of, levels_of};

/// The largest amount of a limit (rules.md, "Money"): 100 times as much is far from the end of 64 bits.
const MOST: i64 = 1_000_000_000_000;
/// What a category adds to a person's sum at most. All limits are smaller by far, and no number of categories sums up to the
/// end of 64 bits: one row that went wrong does not fail the statement for everybody.
const MOST_OF_CATEGORY: i64 = 1000 * MOST;

/// Another entry of the same budget.
const OTHER: &str = "other";
/// The limits in force.
const LIMITS: &str = "limits";
/// What was spent of the overall limit.
const SPENDING: &str = "spending";

fn user(column: user_login::Column) -> Expr {
    Expr::col((user_login::Entity, column))
}

fn chosen(column: notification_preference::Column) -> Expr {
    Expr::col((notification_preference::Entity, column))
}

fn budget(column: category_budget::Column) -> Expr {
    Expr::col((LIMITS, column))
}

fn expense(column: monthly_expense::Column) -> Expr {
    Expr::col((monthly_expense::Entity, column))
}

fn told(column: notification::Column) -> Expr {
    Expr::col((notification::Entity, column))
}

/// The scan's range of a column of users.
fn within(scan: &Scan, column: Expr) -> Condition {
    Condition::all().add(column.clone().gt(scan.after.0)).add(column.lte(scan.up_to.0))
}

/// Those of the scan who may hear of something, with what they chose.
fn people(scan: &Scan, wanted: notification_preference::Column) -> SelectStatement {
    use notification_preference::Column as P;
    use user_login::Column as U;
    let mut select = Query::select();
    select
        .exprs([user(U::Id), user(U::Timezone), user(U::VerifiedAt), user(U::Currency)])
        .exprs([chosen(P::Hour), chosen(P::Levels), chosen(P::Channels)])
        .from(user_login::Entity)
        .join(
            JoinType::LeftJoin,
            notification_preference::Entity,
            within(scan, chosen(P::UserId)).add(chosen(P::UserId).eq(user(U::Id))),
        )
        .cond_where(within(scan, user(U::Id)))
        .and_where(user(U::VerifiedAt).is_not_null())
        .and_where(user(U::DisabledAt).is_null())
        .and_where(user(U::ErasedAt).is_null())
        .cond_where(Condition::any().add(chosen(wanted).is_null()).add(chosen(wanted).ne(0_i16)));
    if let Some(zones) = &scan.zones {
        let names: Vec<&str> = zones.iter().map(|zone| zone.name()).collect();
        let lists = padded(&names).map(|list| user(U::Timezone).is_in(list));
        select.cond_where(lists.fold(Condition::any(), Condition::add));
    }
    select
}

/// The limits that are in force in a month: of each category's entries the latest, unless it is a removal. Which that is, is
/// looked up entry by entry: a join with the latest ones lets MariaDB find those anew for every row of what is joined before.
fn limits(scan: &Scan, month: Month, which: Expr) -> SelectStatement {
    use category_budget::Column as B;
    let entry = |column: B| Expr::col((category_budget::Entity, column));
    let other = |column: B| Expr::col((OTHER, column));
    let latest = Query::select()
        .expr(other(B::FromMonth).max())
        .from_as(category_budget::Entity, OTHER)
        .and_where(other(B::UserId).eq(entry(B::UserId)))
        .and_where(other(B::CategoryId).eq(entry(B::CategoryId)))
        .and_where(other(B::FromMonth).lte(month.yyyymm()))
        .take();
    Query::select()
        .exprs([entry(B::UserId), entry(B::CategoryId), entry(B::LimitMinor)])
        .from(category_budget::Entity)
        .cond_where(within(scan, entry(B::UserId)))
        .and_where(entry(B::FromMonth).lte(month.yyyymm()))
        .and_where(entry(B::FromMonth).eq(Expr::SubQuery(None, Box::new(latest.into()))))
        .and_where(entry(B::LimitMinor).gte(0_i64))
        .and_where(which)
        .take()
}

/// Whether the lowest level may be reached. In arms, which are gone through in order: nothing is multiplied that could leave
/// 64 bits. What is too large for that is left to the rule.
fn is_reached(spent: &Expr, limit: &Expr) -> Expr {
    let least = Expr::from(Func::coalesce([
        chosen(notification_preference::Column::LeastLevel),
        Expr::val(i32::from(DEFAULT_LEVELS[0])),
    ]));
    let share = spent.clone().mul(100_i64).gte(limit.clone().mul(least.clone()));
    CaseStatement::new()
        .case(spent.clone().lte(0_i64), 0_i32)
        .case(spent.clone().gt(limit.clone()), 1_i32)
        .case(limit.clone().gt(MOST).or(least.gt(i32::from(FULL))), 1_i32)
        .case(share, 1_i32)
        .finally(0_i32)
        .eq(1_i32)
}

/// What was told of a limit in a month, as far as it still stands.
fn told_of(scan: &Scan, category: &Expr, limit: &Expr, month: Month) -> SelectStatement {
    use notification::Column as N;
    Query::select()
        .from(notification::Entity)
        .cond_where(within(scan, told(N::UserId)))
        .and_where(told(N::UserId).eq(user(user_login::Column::Id)))
        .and_where(told(N::Kind).eq(Kind::Overspend.as_str()))
        .and_where(told(N::Basis).eq(limit.clone()))
        .and_where(told(N::Month).eq(month.yyyymm()))
        .and_where(told(N::CategoryId).eq(category.clone()))
        .and_where(told(N::CancelledAt).is_null())
        .take()
}

/// The highest level told, as a column; and without those of whom all was said: past the limit that is the full level, below
/// it the lower one of those who chose none.
fn with_told(
    scan: &Scan,
    mut select: SelectStatement,
    category: &Expr,
    limit: &Expr,
    spent: &Expr,
    month: Month,
) -> SelectStatement {
    use notification::Column as N;
    let highest = told_of(scan, category, limit, month).expr(told(N::Level).max()).take();
    let last_word = CaseStatement::new()
        .case(spent.clone().gt(limit.clone()), i32::from(FULL))
        .case(chosen(notification_preference::Column::UserId).is_null(), i32::from(DEFAULT_LEVELS[0]))
        .finally(i32::from(FULL));
    let all_said =
        told_of(scan, category, limit, month).expr(Expr::val(1_i32)).and_where(told(N::Level).gte(last_word)).take();
    select.expr(Expr::SubQuery(None, Box::new(highest.into()))).and_where(Expr::not_exists(all_said));
    select
}

/// Limits of categories in force in a month of which a level is reached that was not told.
pub(super) fn over_limits_of_categories(scan: &Scan, month: Month) -> SelectStatement {
    use category_budget::Column as B;
    use monthly_expense::Column as E;
    let id = || user(user_login::Column::Id);
    let (limit, spent, category) = (budget(B::LimitMinor), expense(E::Total), budget(B::CategoryId));
    let its_category = Expr::col((category::Entity, category::Column::Id)).eq(category.clone());
    let its_total = within(scan, expense(E::UserId))
        .add(expense(E::UserId).eq(id()))
        .add(expense(E::Month).eq(month.yyyymm()))
        .add(expense(E::CategoryId).eq(category.clone()));
    let mut select = people(scan, notification_preference::Column::Overspend);
    let limits = limits(scan, month, Expr::col(B::CategoryId).ne(TOTAL));
    select
        .join_subquery(JoinType::InnerJoin, limits, LIMITS, budget(B::UserId).eq(id()))
        .exprs([category.clone(), Expr::col((category::Entity, category::Column::Name)), limit.clone(), spent.clone()])
        .join(JoinType::InnerJoin, monthly_expense::Entity, its_total)
        .join(JoinType::InnerJoin, category::Entity, its_category)
        .and_where(Expr::col((category::Entity, category::Column::MergedInto)).is_null())
        .and_where(is_reached(&spent, &limit));
    with_told(scan, select, &category, &limit, &spent, month)
}

/// Overall limits in force in a month of which a level is reached that was not told. Its columns are those of
/// [`over_limits_of_categories`].
pub(super) fn over_overall_limits(database: &Database, scan: &Scan, month: Month) -> SelectStatement {
    use category_budget::Column as B;
    use monthly_expense::Column as E;
    let bounded =
        CaseStatement::new().case(expense(E::Total).gt(MOST_OF_CATEGORY), MOST_OF_CATEGORY).finally(expense(E::Total));
    let its_totals = within(scan, expense(E::UserId))
        .add(expense(E::UserId).eq(budget(B::UserId)))
        .add(expense(E::Month).eq(month.yyyymm()))
        .add(expense(E::Total).gt(0_i64));
    // Summed up before anything else is joined, of those alone who have such a limit.
    let spending = Query::select()
        .columns([(LIMITS, B::UserId), (LIMITS, B::LimitMinor)])
        .expr_as(database.sum(bounded), E::Total)
        .from_subquery(limits(scan, month, Expr::col(B::CategoryId).eq(TOTAL)), LIMITS)
        .join(JoinType::InnerJoin, monthly_expense::Entity, its_totals)
        .group_by_columns([(LIMITS, B::UserId), (LIMITS, B::LimitMinor)])
        .take();
    let of_spending = |column: B| Expr::col((SPENDING, column));
    let (limit, spent) = (of_spending(B::LimitMinor), Expr::col((SPENDING, E::Total)));
    let category = Expr::val(TOTAL);
    let its_user = of_spending(B::UserId).eq(user(user_login::Column::Id));
    let select = people(scan, notification_preference::Column::Overspend)
        .exprs([category.clone(), Expr::val(""), limit.clone(), spent.clone()])
        .join_subquery(JoinType::InnerJoin, spending, SPENDING, its_user)
        .and_where(is_reached(&spent, &limit))
        .take();
    with_told(scan, select, &category, &limit, &spent, month)
}

/// Those who logged nothing since `before`, unless the last stage was told.
pub(super) fn silent(scan: &Scan, before: Timestamp) -> SelectStatement {
    use last_user_action::Column as L;
    use notification::Column as N;
    use user_action::Column as A;
    let id = || user(user_login::Column::Id);
    let head = |column: L| Expr::col((last_user_action::Entity, column));
    let action = |column: A| Expr::col((user_action::Entity, column));
    // A log may have lost its head; it is made anew by the next write.
    let last = Expr::from(Func::coalesce([head(L::LastOrdinary), Expr::val(0_i64)]));
    let since = Expr::from(Func::coalesce([action(A::At), user(user_login::Column::VerifiedAt)]));
    let told_since = || {
        Query::select()
            .from(notification::Entity)
            .cond_where(within(scan, told(N::UserId)))
            .and_where(told(N::UserId).eq(id()))
            .and_where(told(N::Kind).eq(Kind::Inactivity.as_str()))
            .and_where(told(N::Basis).eq(last.clone()))
            .and_where(told(N::CancelledAt).is_null())
            .take()
    };
    let last_stage = i32::from(STAGES[STAGES.len() - 1]);
    let all_said = told_since().expr(Expr::val(1_i32)).and_where(told(N::Level).gte(last_stage)).take();
    let highest = told_since().expr(told(N::Level).max()).take();
    // Undo and redo are actions, but not ordinary ones: they log nothing.
    let last_act =
        within(scan, action(A::UserId)).add(action(A::UserId).eq(id())).add(action(A::Seq).eq(head(L::LastOrdinary)));
    people(scan, notification_preference::Column::Inactivity)
        .expr(last.clone())
        .expr(action(A::At))
        .expr(Expr::SubQuery(None, Box::new(highest.into())))
        .join(JoinType::LeftJoin, last_user_action::Entity, within(scan, head(L::UserId)).add(head(L::UserId).eq(id())))
        .join(JoinType::LeftJoin, user_action::Entity, last_act)
        .and_where(since.lt(before.0))
        .and_where(Expr::not_exists(all_said))
        .take()
}

/// Reads rows one by one: what cannot be read is counted and noted, and nobody else goes without.
pub(super) fn read<'a, T>(
    rows: impl Iterator<Item = &'a QueryResult>,
    job: &str,
    of: impl Fn(&QueryResult) -> Result<T, Unreadable>,
) -> Scanned<T> {
    let mut scanned = Scanned { rows: Vec::new(), unreadable: 0 };
    for row in rows {
        match of(row) {
            Ok(read) => scanned.rows.push(read),
            Err(Unreadable(what)) => {
                let user: Option<i64> = row.try_get_by_index(0).ok();
                tracing::warn!(job, user, what, "a row cannot be read; its owner is passed over");
                scanned.unreadable += 1;
            }
        }
    }
    scanned
}

/// What of a row cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable(&'static str);

impl From<DbErr> for Unreadable {
    fn from(_: DbErr) -> Self {
        Self("a column")
    }
}

/// The hour of a stored number.
pub(super) fn hour_of(stored: i16) -> Option<u8> {
    u8::try_from(stored).ok().filter(|hour| *hour < 24)
}

/// The columns of [`people`].
struct Person {
    user: UserId,
    zone: Zone,
    verified_at: Timestamp,
    hour: u8,
    channels: Option<Vec<Channel>>,
}

fn person_of(row: &QueryResult) -> Result<Person, Unreadable> {
    let hour: Option<i16> = row.try_get_by_index(4)?;
    Ok(Person {
        user: UserId(row.try_get_by_index(0)?),
        zone: Zone::parse(&row.try_get_by_index::<String>(1)?).map_err(|_| Unreadable("the zone"))?,
        verified_at: Timestamp(row.try_get_by_index(2)?),
        hour: hour.map_or(Some(DEFAULT_HOUR), hour_of).ok_or(Unreadable("the hour"))?,
        channels: row.try_get_by_index::<Option<String>>(6)?.map(|text| channels_of(&text)),
    })
}

fn level_of(stored: Option<i32>) -> Result<Option<u16>, Unreadable> {
    stored.map(u16::try_from).transpose().map_err(|_| Unreadable("a level"))
}

pub(super) fn overspend_of(row: &QueryResult) -> Result<OverspendCandidate, Unreadable> {
    let Person { user, zone, verified_at, hour, channels } = person_of(row)?;
    let levels: Option<String> = row.try_get_by_index(5)?;
    let levels = levels.map_or_else(|| DEFAULT_LEVELS.to_vec(), |text| levels_of(&text));
    if levels.is_empty() {
        return Err(Unreadable("the levels"));
    }
    let scope = match row.try_get_by_index(7)? {
        TOTAL => Scope::Total,
        category => Scope::Category(CategoryId(category)),
    };
    Ok(OverspendCandidate {
        user,
        zone,
        hour,
        verified_at,
        currency: Currency::parse(&row.try_get_by_index::<String>(3)?).map_err(|_| Unreadable("the currency"))?,
        scope,
        category_name: row.try_get_by_index(8)?,
        limit: row.try_get_by_index(9)?,
        spent: row.try_get_by_index(10)?,
        levels,
        told: level_of(row.try_get_by_index(11)?)?,
        channels,
    })
}

pub(super) fn inactive_of(row: &QueryResult) -> Result<InactiveCandidate, Unreadable> {
    let Person { user, zone, verified_at, hour, channels } = person_of(row)?;
    let last = Seq(row.try_get_by_index(7)?);
    let acted_at: Option<i64> = row.try_get_by_index(8)?;
    if last != Seq::ZERO && acted_at.is_none() {
        return Err(Unreadable("the last logging act"));
    }
    let since = acted_at.map_or(verified_at, Timestamp);
    let told = level_of(row.try_get_by_index(9)?)?;
    Ok(InactiveCandidate { user, zone, hour, verified_at, last, since, told, channels })
}
