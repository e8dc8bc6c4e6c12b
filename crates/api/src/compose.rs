//! The composition root: adapters into services.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use florin_app::admin::Admin;
use florin_app::auth::{Auth, AuthPolicy, AuthPorts};
use florin_app::budgets::Budgets;
use florin_app::categories::Categories;
use florin_app::demo::{Demo, DemoPorts};
use florin_app::devices::Devices;
use florin_app::erasure::Erasure;
use florin_app::expenses::Expenses;
use florin_app::export::{Export, ExportPorts};
use florin_app::housekeeping::{Housekeeping, HousekeepingPorts, KeptDays};
use florin_app::inbox::Inbox;
use florin_app::insights::Insights;
use florin_app::operator::Operator;
use florin_app::oversight::Oversight;
use florin_app::port::{Clock, OtpSender, PortError};
use florin_app::preferences::NotificationPreferences;
use florin_app::receipts::Receipts;
use florin_app::sessions::Sessions;
use florin_app::tokens::PersonalTokens;
use florin_app::trail::Trail;
use florin_app::undo::Undo;
use florin_app::writer::Writer;
use florin_domain::notification::Channel;
use florin_infra::db::{Database, SchemaState};
use florin_infra::repository::{
    SqlAccountRepository, SqlAdminRepository, SqlAuditRepository, SqlBudgetRepository, SqlCategoryRepository,
    SqlErasureRepository, SqlExpenseRepository, SqlExportRepository, SqlInboxRepository, SqlJobRepository,
    SqlLedgerRepository, SqlOutboxRepository, SqlPhoneRepository, SqlPruningRepository, SqlReachRepository,
    SqlReceiptRepository, SqlReportRepository, SqlSessionRepository, SqlSignUpRepository, SqlThrottleRepository,
    SqlTokenRepository,
};
use florin_infra::security::{Argon2Cost, Argon2Hasher, JwtIssuer, Secrets, SigningKey, SigningKeyError};
use florin_infra::settings::Settings;

use crate::routes::operations::Readiness;
use crate::server::Deps;

/// Why the services cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// There is no signing key.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// A technical part refuses its settings.
    #[error("a technical part cannot be set up")]
    Port(#[from] PortError),
}

/// The adapters that settings and database decide.
struct Adapters {
    accounts: Arc<SqlAccountRepository>,
    sessions: Arc<SqlSessionRepository>,
    categories: Arc<SqlCategoryRepository>,
    expenses: Arc<SqlExpenseRepository>,
    budgets: Arc<SqlBudgetRepository>,
    ledger: Arc<SqlLedgerRepository>,
    reports: Arc<SqlReportRepository>,
    hasher: Arc<Argon2Hasher>,
    issuer: Arc<JwtIssuer>,
    secrets: Arc<Secrets>,
}

/// How many passwords are hashed at once where the settings leave it open (0): one fewer than there are processors, so that
/// a flood of log-ins leaves one to everybody else, and no more than eight, for the memory that each takes.
fn hashes_at_once(chosen: u32) -> u32 {
    if chosen > 0 {
        return chosen;
    }
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    u32::try_from(processors.saturating_sub(1).clamp(1, 8)).unwrap_or(1)
}

impl Adapters {
    fn new(settings: &Settings, database: &Database) -> Result<Self, ComposeError> {
        let auth = &settings.auth;
        let key = SigningKey::of(settings)?;
        let cost = Argon2Cost { m_kib: auth.argon2_m_kib, t: auth.argon2_t, p: auth.argon2_p };
        Ok(Self {
            accounts: Arc::new(SqlAccountRepository::new(database.clone())),
            sessions: Arc::new(SqlSessionRepository::new(database.clone())),
            categories: Arc::new(SqlCategoryRepository::new(database.clone())),
            expenses: Arc::new(SqlExpenseRepository::new(database.clone())),
            budgets: Arc::new(SqlBudgetRepository::new(database.clone())),
            ledger: Arc::new(SqlLedgerRepository::new(database.clone())),
            reports: Arc::new(SqlReportRepository::new(database.clone())),
            hasher: Arc::new(Argon2Hasher::new(cost, hashes_at_once(auth.hash_parallel), auth.hash_queue)?),
            issuer: Arc::new(JwtIssuer::new(&key, &auth.issuer, &auth.audience)?),
            secrets: Arc::new(Secrets::new(&key)),
        })
    }
}

/// The channels that the operator has.
fn channels(settings: &Settings) -> Vec<Channel> {
    settings.delivery.channels.iter().filter_map(|name| Channel::parse(name.as_str())).collect()
}

/// Builds the services over a database. Clock and delivery of codes are the caller's choice, for tests to bring their own.
///
/// # Errors
/// [`ComposeError`].
pub fn services(
    settings: &Settings,
    database: &Database,
    clock: Arc<dyn Clock>,
    sender: Arc<dyn OtpSender>,
) -> Result<Deps, ComposeError> {
    let Adapters { accounts, sessions, categories, expenses, budgets, ledger, reports, hasher, issuer, secrets } =
        Adapters::new(settings, database)?;
    let policy = AuthPolicy {
        access_millis: i64::from(settings.auth.access_minutes) * 60_000,
        refresh_millis: i64::from(settings.auth.refresh_days) * 24 * 3_600_000,
        session_millis: i64::from(settings.auth.session_days) * 24 * 3_600_000,
        default_currency: settings.accounts.default_currency,
        default_zone: settings.accounts.default_timezone,
        throttled: settings.limits.requests_per_minute > 0,
    };
    let audit = Arc::new(SqlAuditRepository::new(database.clone()));
    let tokens = Arc::new(SqlTokenRepository::new(database.clone()));
    let admins = Arc::new(SqlAdminRepository::new(database.clone()));
    let operator =
        Arc::new(Operator::new(accounts.clone(), ledger.clone(), audit.clone(), hasher.clone(), clock.clone(), policy));
    let phones = Arc::new(SqlPhoneRepository::new(database.clone()));
    let ports = AuthPorts {
        phones: phones.clone(),
        accounts: accounts.clone(),
        sessions: sessions.clone(),
        sign_ups: Arc::new(SqlSignUpRepository::new(database.clone())),
        audit: audit.clone(),
        tokens: tokens.clone(),
        throttles: Arc::new(SqlThrottleRepository::new(database.clone())),
        hasher: hasher.clone(),
        issuer,
        secrets: secrets.clone(),
        sender,
        clock: clock.clone(),
    };
    let receipts = SqlReceiptRepository::new(database.clone());
    let receipts = Arc::new(Receipts::new(Arc::new(receipts), secrets.clone(), clock.clone()));
    let personal_tokens = PersonalTokens::new(tokens, secrets.clone(), clock.clone());
    let writer = Writer::new(accounts.clone(), categories.clone(), ledger.clone(), secrets, clock.clone());
    let writer = Arc::new(writer.learning_from(expenses.clone()));
    let reach = Arc::new(SqlReachRepository::new(database.clone()));
    let export_ports = ExportPorts {
        phones,
        accounts: accounts.clone(),
        categories: categories.clone(),
        exports: Arc::new(SqlExportRepository::new(database.clone())),
        reach: reach.clone(),
        audit: audit.clone(),
        clock: clock.clone(),
    };
    let erasures = Arc::new(SqlErasureRepository::new(database.clone()));
    let auth = Arc::new(Auth::new(ports, policy));
    let erasure = Erasure::new(auth.clone(), erasures, writer.clone(), clock.clone());
    let inbox = SqlInboxRepository::new(database.clone());
    let jobs = Arc::new(SqlJobRepository::new(database.clone()));
    let outbox = Arc::new(SqlOutboxRepository::new(database.clone()));
    Ok(Deps {
        inbox: Arc::new(Inbox::new(Arc::new(inbox), clock.clone())),
        preferences: Arc::new(NotificationPreferences::new(reach.clone(), channels(settings))),
        devices: Arc::new(Devices::new(reach, clock.clone())),
        oversight: Arc::new(Oversight::new(jobs, outbox, clock.clone())),
        export: Arc::new(Export::new(export_ports, writer.clone())),
        erasure: Arc::new(erasure),
        auth,
        sessions: Arc::new(Sessions::new(sessions, clock.clone())),
        trail: Arc::new(Trail::new(audit.clone())),
        tokens: Arc::new(personal_tokens),
        admin: Arc::new(Admin::new(admins, audit, operator.clone(), clock.clone())),
        expenses: Arc::new(Expenses::new(writer.clone(), expenses.clone())),
        undo: Arc::new(Undo::new(writer.clone(), ledger, expenses.clone())),
        categories: Arc::new(Categories::new(writer.clone(), categories, expenses, clock.clone())),
        budgets: Arc::new(Budgets::new(writer.clone(), budgets.clone(), clock.clone())),
        insights: Arc::new(Insights::new(writer, budgets, reports, clock)),
        operator,
        receipts,
        readiness: Arc::new(DatabaseReadiness(database.clone())),
    })
}

/// Builds the maker of the demo user.
///
/// # Errors
/// [`ComposeError`].
pub fn demo(settings: &Settings, database: &Database, clock: Arc<dyn Clock>) -> Result<Demo, ComposeError> {
    let adapters = Adapters::new(settings, database)?;
    Ok(Demo::new(DemoPorts {
        accounts: adapters.accounts,
        categories: adapters.categories,
        ledger: adapters.ledger,
        expenses: adapters.expenses,
        budgets: adapters.budgets,
        hasher: adapters.hasher,
        secrets: adapters.secrets,
        clock,
    }))
}

/// Builds what removes what has served its time.
#[must_use]
pub fn housekeeping(settings: &Settings, database: &Database, clock: Arc<dyn Clock>) -> Housekeeping {
    let ports = HousekeepingPorts {
        pruning: Arc::new(SqlPruningRepository::new(database.clone())),
        throttles: Arc::new(SqlThrottleRepository::new(database.clone())),
        audit: Arc::new(SqlAuditRepository::new(database.clone())),
        clock,
    };
    let kept = KeptDays { audit: settings.accounts.audit_days, deliveries: settings.delivery.keep_days };
    Housekeeping::new(ports, kept)
}

/// Ready means: the database answers, and its schema is the one that this program needs.
struct DatabaseReadiness(Database);

#[async_trait]
impl Readiness for DatabaseReadiness {
    async fn check(&self) -> Result<(), String> {
        match self.0.schema_state().await {
            Ok(SchemaState::Current) => Ok(()),
            Ok(other) => Err(other.to_string()),
            Err(_) => Err("the database cannot be reached".to_owned()),
        }
    }
}
