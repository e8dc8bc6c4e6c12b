//! Commands on accounts: the first admin, the demo user, verification.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use florin_app::demo::{DEMO_EMAIL, DEMO_PASSWORD};
use florin_app::error::AppError;
use florin_domain::id::UserId;
use florin_domain::ledger::{FirstBad, Verified};
use florin_infra::clock::SystemClock;
use florin_infra::db::Database;
use florin_infra::otp::LogOtpSender;
use florin_infra::settings::Settings;
use serde_json::json;

use super::database::{is_embedded, open};
use super::failure::Failure;
use super::output;
use crate::compose;

/// More than any password has.
const MAX_INPUT: u64 = 64 * 1024;

pub(super) async fn create_admin(settings: &Settings, email: &str) -> Result<(), Failure> {
    let mut password = String::new();
    io::stdin().lock().take(MAX_INPUT).read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::refused("the password is read from standard input, which has none"));
    }
    let database = open(settings).await?;
    let services = compose::services(settings, &database, Arc::new(SystemClock), Arc::new(LogOtpSender))?;
    let id = services.operator.create_admin(email, password).await?;
    database.close().await;
    output::write_json(&json!({"type": "admin", "id": id.0, "email": email}))
}

pub(super) async fn verify(settings: &Settings, user: Option<i64>) -> Result<(), Failure> {
    let database = open(settings).await?;
    let services = compose::services(settings, &database, Arc::new(SystemClock), Arc::new(LogOtpSender))?;
    let (mut bad, mut written) = (0_u64, Ok(()));
    let report = |user: UserId, verified: &Verified| {
        let ok = verified.first_bad.is_none();
        bad += u64::from(!ok);
        let mut line = json!({
            "type": "verified", "user_id": user.0, "actions": verified.actions,
            "totals_checked": verified.totals_checked, "ok": ok,
        });
        if let Some(first_bad) = &verified.first_bad {
            line["first_bad"] = describe(first_bad);
        }
        if written.is_ok() {
            written = output::write_json(&line);
        }
    };
    let walked = services.operator.verify(user.map(UserId), report).await;
    database.close().await;
    match (walked, user) {
        (Err(AppError::NotFound), Some(user)) => return Err(Failure::refused(format!("there is no user {user}"))),
        (walked, _) => walked?,
    }
    written?;
    match bad {
        0 => Ok(()),
        bad => Err(Failure::refused(format!("{bad} of the verified users have a log or totals that do not agree"))),
    }
}

/// What does not agree, as it is told: the same members as in the API.
fn describe(first_bad: &FirstBad) -> serde_json::Value {
    match first_bad {
        FirstBad::Action(seq) => json!({"kind": "action", "seq": seq.0}),
        FirstBad::Head => json!({"kind": "head"}),
        FirstBad::Expense(id) => json!({"kind": "expense", "expense_id": id.0}),
        FirstBad::Total { month, category, stored, live } => json!({
            "kind": "total", "month": month.to_string(), "category_id": category.0,
            "stored_minor_units": stored, "live_minor_units": live,
        }),
        FirstBad::StrayTotal { yyyymm, category, stored } => json!({
            "kind": "total", "month": crate::wire::action::no_month(*yyyymm), "category_id": category.0,
            "stored_minor_units": stored, "live_minor_units": 0,
        }),
    }
}

pub(super) async fn seed_demo(settings: &Settings) -> Result<(), Failure> {
    if !settings.demo.allowed {
        return Err(Failure::settings("demo.allowed: the demo user may not be made here"));
    }
    if is_embedded(settings) {
        let database = Database::of(settings, true).await?;
        database.migrate().await?;
        database.close().await;
    }
    let database = open(settings).await?;
    let made = compose::demo(settings, &database, Arc::new(SystemClock))?.seed().await;
    database.close().await;
    made?;
    output::write_json(&json!({"type": "demo_user", "email": DEMO_EMAIL, "password": DEMO_PASSWORD}))
}
