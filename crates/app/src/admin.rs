//! What admins do: look after accounts, read the audit trail, count, verify. Nothing here reads anybody's expenses.

use std::sync::Arc;

use florin_domain::account::{Account, Role};
use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::ledger::{FirstBad, Verified};
use florin_domain::login_event::{EventKind, EventOutcome, LoginEvent, NewLoginEvent};
use florin_domain::repository::{
    AdminRepository, AuditRepository, Counts, EventCursor, EventFilter, Page, RepositoryError, Standing, StandingChange,
};
use florin_domain::session::Device;

use crate::error::{AppError, Result};
use crate::operator::Operator;
use crate::port::Clock;

/// How often a change is planned anew when the account changed meanwhile.
const TRIES: usize = 3;
/// For how long after it was used an account counts as active: 30 days, in milliseconds.
const ACTIVE_MILLIS: i64 = 30 * 24 * 60 * 60 * 1000;
/// The most users that a verification names.
const MAX_BAD: usize = 100;

/// An admin, and where their request comes from.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The admin's account.
    pub account: Account,
    /// As it is noted in the trail.
    pub device: Device,
}

/// Changes of an account as the admin sent them; `None` leaves a value as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountPatch {
    /// A new role.
    pub role: Option<Role>,
    /// Whether it may not be used.
    pub disabled: Option<bool>,
}

/// What walking everybody's log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifiedAll {
    /// How many users' logs were walked.
    pub users: u64,
    /// How many actions they have.
    pub actions: i64,
    /// How many totals were compared.
    pub totals_checked: i64,
    /// How many users have a log or totals that do not agree.
    pub bad_users: u64,
    /// The first hundred of them, with the first thing that does not agree.
    pub bad: Vec<(UserId, FirstBad)>,
}

/// The admins' use cases.
pub struct Admin {
    accounts: Arc<dyn AdminRepository>,
    audit: Arc<dyn AuditRepository>,
    operator: Arc<Operator>,
    clock: Arc<dyn Clock>,
}

impl Admin {
    /// A service over its ports and the operator's verification.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AdminRepository>,
        audit: Arc<dyn AuditRepository>,
        operator: Arc<Operator>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { accounts, audit, operator, clock }
    }

    /// Accounts whose address contains every one of `parts`, which are in the normal form of addresses, the youngest first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn accounts(&self, parts: &[String], before: Option<UserId>, limit: u64) -> Result<Page<Account>> {
        Ok(self.accounts.accounts(parts, before, limit).await?)
    }

    /// An account.
    ///
    /// # Errors
    /// [`AppError::NotFound`], for an erased one too.
    pub async fn account(&self, user: UserId) -> Result<Account> {
        self.accounts.account(user).await?.ok_or(AppError::NotFound)
    }

    /// Changes an account's role, disables or enables it, and returns it as it is now. `accept` says whether it may be changed
    /// as it is. Each thing that really changes is noted. A new role holds from the next request on; whoever is disabled is
    /// logged out everywhere.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::PreconditionFailed`]; [`AppError::Conflict`] `own_account`: no admin demotes or
    /// disables themselves, so that there is always one left; [`AppError::Forbidden`] for who is no admin any more.
    pub async fn change(
        &self,
        actor: &Actor,
        user: UserId,
        patch: AccountPatch,
        accept: impl Fn(&Account) -> bool + Send + Sync,
    ) -> Result<Account> {
        for _ in 0..TRIES {
            let account = self.account(user).await?;
            if !accept(&account) {
                return Err(AppError::PreconditionFailed);
            }
            let Some(change) = self.plan(actor, &account, patch)? else { return Ok(account) };
            match self.accounts.change_standing(&change).await {
                Ok(()) => return self.account(user).await,
                Err(RepositoryError::Stale) => self.check_still_admin(actor).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::contended())
    }

    fn plan(&self, actor: &Actor, account: &Account, patch: AccountPatch) -> Result<Option<StandingChange>> {
        let at = self.clock.now();
        let before = Standing::from(account);
        let disabled_at = match patch.disabled {
            Some(true) => before.disabled_at.or(Some(at)),
            Some(false) => None,
            None => before.disabled_at,
        };
        let after = Standing { role: patch.role.unwrap_or(before.role), disabled_at };
        if after == before {
            return Ok(None);
        }
        if account.id == actor.account.id {
            return Err(AppError::conflict("own_account", "nobody changes their own role or disables themselves"));
        }
        let mut events = Vec::new();
        if after.role != before.role {
            events.push(noted(actor, account.id, EventKind::RoleChange, at));
        }
        match (before.disabled_at, after.disabled_at) {
            (None, Some(_)) => events.push(noted(actor, account.id, EventKind::Disable, at)),
            (Some(_), None) => events.push(noted(actor, account.id, EventKind::Enable, at)),
            _ => {}
        }
        Ok(Some(StandingChange { user: account.id, actor: actor.account.id, before, after, at, events }))
    }

    async fn check_still_admin(&self, actor: &Actor) -> Result<()> {
        match self.accounts.account(actor.account.id).await? {
            Some(Account { role: Role::Admin, disabled_at: None, .. }) => Ok(()),
            _ => Err(AppError::Forbidden { code: "forbidden", detail: "this is for admins".to_owned() }),
        }
    }

    /// Ends all sessions of an account and revokes all its personal access tokens.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn revoke_sessions(&self, actor: &Actor, user: UserId) -> Result<()> {
        let at = self.clock.now();
        let event = noted(actor, user, EventKind::SessionsRevoked, at);
        let found = self.accounts.revoke_all(user, at, &event).await?;
        if found { Ok(()) } else { Err(AppError::NotFound) }
    }

    /// Rows of everybody's trail, newest first, after `after`.
    ///
    /// # Errors
    /// None of its own.
    pub async fn events(
        &self,
        filter: EventFilter,
        after: Option<EventCursor>,
        limit: u64,
    ) -> Result<Page<LoginEvent>> {
        Ok(self.audit.events(filter, after, limit).await?)
    }

    /// How many there are of what.
    ///
    /// # Errors
    /// None of its own.
    pub async fn counts(&self) -> Result<Counts> {
        let now = self.clock.now();
        Ok(self.accounts.counts(now.plus_millis(-ACTIVE_MILLIS), now).await?)
    }

    /// What kind of database it is: `sqlite`, `mysql` or `postgres`.
    #[must_use]
    pub fn database(&self) -> &'static str {
        self.accounts.database()
    }

    /// Walks everybody's log and totals.
    ///
    /// # Errors
    /// None of its own.
    pub async fn verify(&self) -> Result<VerifiedAll> {
        let mut all = VerifiedAll::default();
        let add = |user: UserId, verified: &Verified| {
            all.users += 1;
            all.actions += verified.actions;
            all.totals_checked += verified.totals_checked;
            if let Some(bad) = verified.first_bad {
                all.bad_users += 1;
                if all.bad.len() < MAX_BAD {
                    all.bad.push((user, bad));
                }
            }
        };
        self.operator.verify(None, add).await?;
        Ok(all)
    }
}

/// Something that an admin did to an account.
fn noted(actor: &Actor, user: UserId, kind: EventKind, at: Timestamp) -> NewLoginEvent {
    let event = NewLoginEvent::new(Some(user), at, kind, EventOutcome::Ok, &actor.device);
    NewLoginEvent { actor: Some(actor.account.id), ..event }
}
