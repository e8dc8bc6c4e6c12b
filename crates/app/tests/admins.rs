//! What becomes of an admin's change when the account, or the admin, changes meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use std::sync::Arc;

use florin_app::admin::{AccountPatch, Actor, Admin};
use florin_app::auth::AuthPolicy;
use florin_app::error::AppError;
use florin_app::operator::Operator;
use florin_app::port::{MockClock, MockPasswordHasher};
use florin_domain::account::{Account, Email, Role};
use florin_domain::calendar::{Timestamp, Zone};
use florin_domain::id::UserId;
use florin_domain::ledger::{FirstBad, Verified};
use florin_domain::login_event::EventKind;
use florin_domain::money::Currency;
use florin_domain::repository::{
    MockAccountRepository, MockAdminRepository, MockAuditRepository, MockLedgerRepository, RepositoryError,
};
use florin_domain::session::Device;

const NOW: Timestamp = Timestamp(1_772_000_000_000);
const ADMIN: UserId = UserId(1);
const USER: UserId = UserId(2);

fn account(id: UserId, role: Role) -> Account {
    Account {
        id,
        email: Email::parse("ana@example.com").unwrap(),
        name: String::new(),
        role,
        currency: Currency::parse("INR").unwrap(),
        zone: Zone::UTC,
        created_at: NOW,
        verified_at: Some(NOW),
        disabled_at: None,
        learned_since: None,
    }
}

fn changing(accounts: MockAdminRepository) -> Admin {
    admins(accounts, MockAccountRepository::new(), MockLedgerRepository::new())
}

fn admins(accounts: MockAdminRepository, people: MockAccountRepository, ledger: MockLedgerRepository) -> Admin {
    let clock = || {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(NOW);
        Arc::new(clock)
    };
    let policy = AuthPolicy {
        access_millis: 1,
        refresh_millis: 1,
        session_millis: 1,
        default_currency: Currency::parse("INR").unwrap(),
        default_zone: Zone::UTC,
        throttled: true,
    };
    let operator = Operator::new(
        Arc::new(people),
        Arc::new(ledger),
        Arc::new(MockAuditRepository::new()),
        Arc::new(MockPasswordHasher::new()),
        clock(),
        policy,
    );
    Admin::new(Arc::new(accounts), Arc::new(MockAuditRepository::new()), Arc::new(operator), clock())
}

async fn disable(admins: &Admin) -> Result<Account, AppError> {
    let actor = Actor { account: account(ADMIN, Role::Admin), device: Device::default() };
    let patch = AccountPatch { disabled: Some(true), ..AccountPatch::default() };
    admins.change(&actor, USER, patch, |_| true).await
}

#[tokio::test]
async fn a_verification_counts_all_and_names_the_first_hundred() {
    let mut people = MockAccountRepository::new();
    people.expect_ids_after().returning(|after, _| Ok((after.0 + 1..=150).take(60).map(UserId).collect()));
    let mut ledger = MockLedgerRepository::new();
    ledger.expect_verify().times(150).returning(|user| {
        let first_bad = (user.0 != 2).then_some(FirstBad::Head);
        Ok(Verified { actions: 2, head_hash: [0; 32], totals_checked: 3, first_bad })
    });
    let all = admins(MockAdminRepository::new(), people, ledger).verify().await.unwrap();
    assert_eq!((all.users, all.actions, all.totals_checked, all.bad_users), (150, 300, 450, 149));
    assert_eq!((all.bad.len(), all.bad[1]), (100, (UserId(3), FirstBad::Head)));
}

#[tokio::test]
async fn a_stale_change_is_planned_again_on_what_is_there_now() {
    let mut accounts = MockAdminRepository::new();
    let mut reads = 0;
    accounts.expect_account().returning(move |id| {
        reads += 1;
        // The other admin's promotion comes in between.
        let role = if id == ADMIN || reads > 1 { Role::Admin } else { Role::User };
        Ok(Some(account(id, role)))
    });
    let mut tries = 0;
    accounts.expect_change_standing().times(2).returning(move |change| {
        tries += 1;
        let kinds: Vec<_> = change.events.iter().map(|event| (event.kind, event.actor)).collect();
        assert_eq!(kinds, [(EventKind::Disable, Some(ADMIN))], "the promotion is not this admin's");
        assert_eq!(change.before.role, change.after.role);
        if tries == 1 { Err(RepositoryError::Stale) } else { Ok(()) }
    });
    disable(&changing(accounts)).await.unwrap();
}

#[tokio::test]
async fn a_change_that_stays_stale_is_given_up() {
    let mut accounts = MockAdminRepository::new();
    let role = |id| if id == ADMIN { Role::Admin } else { Role::User };
    accounts.expect_account().returning(move |id| Ok(Some(account(id, role(id)))));
    accounts.expect_change_standing().times(3).returning(|_| Err(RepositoryError::Stale));
    let refused = disable(&changing(accounts)).await;
    assert!(matches!(refused, Err(AppError::Contended)), "{refused:?}");
}

#[tokio::test]
async fn who_is_no_admin_any_more_is_told_so() {
    for now in [
        Some(account(ADMIN, Role::User)),
        None,
        Some(Account { disabled_at: Some(NOW), ..account(ADMIN, Role::Admin) }),
    ] {
        let mut accounts = MockAdminRepository::new();
        accounts
            .expect_account()
            .returning(move |id| if id == ADMIN { Ok(now.clone()) } else { Ok(Some(account(id, Role::User))) });
        accounts.expect_change_standing().times(1).returning(|_| Err(RepositoryError::Stale));
        let refused = disable(&changing(accounts)).await;
        assert!(matches!(refused, Err(AppError::Forbidden { code: "forbidden", .. })), "{refused:?}");
    }
}
