//! Accounts as admins see them.

use florin_app::admin::{AccountPatch, VerifiedAll};
use florin_domain::account::{Account, Role, address_parts};
use florin_domain::id::UserId;
use florin_domain::ledger::FirstBad;
use florin_domain::repository::{Counts, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::etag::tag_of_parts;
use super::page::{id_of_cursor, read_limit};
use super::{Fields, Reader, cursor};
use crate::problem;

/// The most characters of a search: no address has more.
const MAX_SEARCH: usize = 254;
const ROLES: [(&str, Role); 2] = [("user", Role::User), ("admin", Role::Admin)];

/// What an account may do.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are read by ROLES")]
enum RoleName {
    User,
    Admin,
}

/// Which accounts.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Whose address contains all of these words, in any case.
    #[param(max_length = 254)]
    q: Option<String>,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before, with the same search.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl Fields for UsersQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let q = r.get("q").text(MAX_SEARCH);
        Some(Self { q, limit: read_limit(r), cursor: r.get("cursor").text(1024) })
    }
}

impl UsersQuery {
    /// The words of the search.
    pub(crate) fn parts(&self) -> Vec<String> {
        self.q.as_deref().map(address_parts).unwrap_or_default()
    }

    fn filters(&self) -> String {
        format!("accounts {:?}", self.parts())
    }

    /// The account that the page comes after.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn before(&self) -> problem::Result<Option<UserId>> {
        Ok(id_of_cursor(self.cursor.as_ref(), &self.filters())?.map(UserId))
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountBody {
    #[schema(minimum = 1)]
    id: i64,
    #[schema(format = "email")]
    email: String,
    /// May be empty.
    name: String,
    #[schema(value_type = RoleName)]
    role: &'static str,
    /// Whether the address was proved.
    verified: bool,
    /// Whether it may not be used.
    disabled: bool,
    #[schema(format = "date-time")]
    created_at: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// IANA time zone.
    #[schema(example = "Asia/Kolkata")]
    timezone: &'static str,
}

impl From<&Account> for AccountBody {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email.to_string(),
            name: account.name.clone(),
            role: account.role.as_str(),
            verified: account.verified_at.is_some(),
            disabled: account.disabled_at.is_some(),
            created_at: account.created_at.to_rfc3339(),
            currency: account.currency.code().to_owned(),
            timezone: account.zone.name(),
        }
    }
}

/// What an account's `ETag` says: a number made of all that can change in it.
pub(crate) fn tag_of(account: &Account) -> i64 {
    let flag = |set: bool| if set { "1" } else { "0" };
    tag_of_parts(&[
        account.email.as_str(),
        &account.name,
        account.role.as_str(),
        flag(account.verified_at.is_some()),
        flag(account.disabled_at.is_some()),
        account.currency.code(),
        account.zone.name(),
    ])
}

/// A page of accounts, the youngest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPage {
    data: Vec<AccountBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl AccountPage {
    pub(crate) fn new(page: &Page<Account>, query: &UsersQuery) -> Self {
        let last = page.rows.last().filter(|_| page.more);
        let next_cursor = last.map(|account| cursor::encode(&account.id.to_string(), &query.filters()));
        Self { data: page.rows.iter().map(Into::into).collect(), next_cursor }
    }
}

/// Changes of an account; what is left out stays as it is.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"disabled": true}))]
pub(crate) struct AccountPatchBody {
    /// What it may do from the next request on.
    #[schema(value_type = Option<RoleName>, nullable = false)]
    role: Option<Role>,
    /// `true` ends all its sessions and lets nobody in.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl Fields for AccountPatchBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { role: r.get_non_null("role").choice(&ROLES), disabled: r.get_non_null("disabled").boolean() })
    }
}

impl From<AccountPatchBody> for AccountPatch {
    fn from(body: AccountPatchBody) -> Self {
        Self { role: body.role, disabled: body.disabled }
    }
}

/// How many accounts there are of which kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserCounts {
    /// All that were not erased.
    #[schema(minimum = 0)]
    total: i64,
    /// Those of them whose address was proved.
    #[schema(minimum = 0)]
    verified: i64,
    /// Those of them that are disabled.
    #[schema(minimum = 0)]
    disabled: i64,
    /// Those that were erased; not among the others.
    #[schema(minimum = 0)]
    erased: i64,
    /// Those that logged in, refreshed their tokens or used a personal access token within 30 days.
    #[schema(minimum = 0)]
    active_30_days: i64,
}

/// How many there are of what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsBody {
    users: UserCounts,
    /// Sessions that go on.
    #[schema(minimum = 0)]
    sessions: i64,
    /// Expenses that were not deleted.
    #[schema(minimum = 0)]
    expenses: i64,
    /// Actions in everybody's log.
    #[schema(minimum = 0)]
    actions: i64,
    /// `sqlite`, `mysql` or `postgres`.
    #[schema(example = "sqlite")]
    database: &'static str,
}

impl StatsBody {
    pub(crate) const fn new(counts: Counts, database: &'static str) -> Self {
        let Counts { users, verified, disabled, erased, active, sessions, expenses, actions } = counts;
        let users = UserCounts { total: users, verified, disabled, erased, active_30_days: active };
        Self { users, sessions, expenses, actions, database }
    }
}

/// What walking everybody's log and totals found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifiedAllBody {
    /// How many users' logs were walked, those of erased accounts included.
    #[schema(minimum = 0)]
    users: u64,
    /// How many actions they have.
    #[schema(minimum = 0)]
    actions: i64,
    /// How many totals were compared.
    #[schema(minimum = 0)]
    totals_checked: i64,
    /// Whether all agrees.
    ok: bool,
    /// How many users have a log or totals that do not agree.
    #[schema(minimum = 0)]
    bad_users: u64,
    /// The first hundred of them.
    bad: Vec<BadUserBody>,
}

/// A user whose log or totals do not agree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BadUserBody {
    #[schema(minimum = 1)]
    user_id: i64,
    first_bad: BadPlaceBody,
}

/// The first thing of a user that does not agree. Which members it has goes by its kind. What stands there is not told: it is
/// the user's own.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BadPlaceBody {
    /// `action`, `head`, `expense` or `total`.
    #[schema(example = "total")]
    kind: &'static str,
    /// The action.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seq: Option<i64>,
    /// The expense that is not as the log left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expense_id: Option<i64>,
    /// The total's month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2026-03")]
    month: Option<String>,
    /// The total's category.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    category_id: Option<i64>,
}

impl From<FirstBad> for BadPlaceBody {
    fn from(bad: FirstBad) -> Self {
        let none = Self::default();
        match bad {
            FirstBad::Action(seq) => Self { kind: "action", seq: Some(seq.0), ..none },
            FirstBad::Head => Self { kind: "head", ..none },
            FirstBad::Expense(id) => Self { kind: "expense", expense_id: Some(id.0), ..none },
            FirstBad::Total { month, category, .. } => {
                Self { kind: "total", month: Some(month.to_string()), category_id: Some(category.0), ..none }
            }
            FirstBad::StrayTotal { yyyymm, category, .. } => Self {
                kind: "total",
                month: Some(super::action::no_month(yyyymm)),
                category_id: Some(category.0),
                ..none
            },
        }
    }
}

impl From<VerifiedAll> for VerifiedAllBody {
    fn from(all: VerifiedAll) -> Self {
        let bad = |(user, bad): (UserId, FirstBad)| BadUserBody { user_id: user.0, first_bad: bad.into() };
        Self {
            users: all.users,
            actions: all.actions,
            totals_checked: all.totals_checked,
            ok: all.bad_users == 0,
            bad_users: all.bad_users,
            bad: all.bad.into_iter().map(bad).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::calendar::Month;
    use florin_domain::id::{CategoryId, ExpenseId, Seq};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_of_a_disagreement_is_told_and_no_amount() {
        let month = Month::parse("2026-03").unwrap();
        for (bad, expected) in [
            (FirstBad::Action(Seq(2)), json!({"kind": "action", "seq": 2})),
            (FirstBad::Head, json!({"kind": "head"})),
            (FirstBad::Expense(ExpenseId(7)), json!({"kind": "expense", "expense_id": 7})),
            (
                FirstBad::Total { month, category: CategoryId(3), stored: 10_000, live: 9_000 },
                json!({"kind": "total", "month": "2026-03", "category_id": 3}),
            ),
        ] {
            assert_eq!(serde_json::to_value(BadPlaceBody::from(bad)).unwrap(), expected);
        }
    }
}
