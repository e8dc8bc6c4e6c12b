//! Everything of a person's, written piece by piece.

use florin_app::expenses::Shown;
use florin_app::export::{Chunk, Exporting};
use florin_app::writer::Bookkeeping;
use florin_domain::account::Account;
use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::Timestamp;
use florin_domain::expense::Expense;
use florin_domain::login_event::LoginEvent;
use florin_domain::money::Currency;
use florin_domain::notification::{Channel, Preferences};
use florin_domain::repository::{LoggedAction, StoredDevice, StoredPhone, StoredSession, StoredToken};
use serde::Serialize;
use utoipa::ToSchema;

use super::action::ChangeBody;
use super::category::{CategorizationBody, CategoryBody, CategoryRef};
use super::expense::StateBody;
use super::notification::NotificationBody;
use super::phone::PhoneBody;

/// What the members mean. A change that a reader could stumble over gets another number.
const FORMAT: &str = "florin-export/1";

/// Everything of a person's. It is not as of one moment: what is written while it is read may be in it or not, but each
/// expense comes once. An export that broke off is no JSON.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; `Renderer` writes it member by member")]
pub(crate) struct ExportBody {
    /// When it began.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    exported_at: String,
    /// `florin-export/1`.
    #[schema(example = "florin-export/1")]
    format: String,
    user: ExportedUser,
    notification_preferences: ExportedPreferences,
    /// Your own categories, archived ones included, and those of everybody's that something of yours names.
    categories: Vec<CategoryBody>,
    /// Every limit that was ever set or removed, by category and month, the overall one first.
    budgets: Vec<ExportedLimit>,
    /// All expenses, deleted ones included, by id.
    expenses: Vec<ExportedExpense>,
    /// All actions, oldest first.
    actions: Vec<ExportedAction>,
    /// All log-in sessions that are still known, by id.
    sessions: Vec<ExportedSession>,
    /// All personal access tokens, by id.
    tokens: Vec<ExportedToken>,
    /// All devices that take push messages, newest first.
    devices: Vec<ExportedDevice>,
    /// All notifications, by id.
    notifications: Vec<NotificationBody>,
    /// The audit trail of the account as far as it is kept, newest first.
    login_events: Vec<ExportedEvent>,
}

/// The person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedUser {
    id: i64,
    #[schema(format = "email")]
    email: String,
    /// May be empty.
    name: String,
    #[schema(example = "user")]
    role: &'static str,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// IANA time zone.
    #[schema(example = "Asia/Kolkata")]
    timezone: &'static str,
    #[schema(format = "date-time")]
    created_at: String,
    /// When the address was proved.
    #[schema(required = true, format = "date-time")]
    verified_at: Option<String>,
    /// Choices of categories up to then were forgotten; `null` when none ever were.
    #[schema(required = true, format = "date-time")]
    learned_since: Option<String>,
    /// The telephone number; `null` when there is none.
    #[schema(required = true)]
    phone: Option<PhoneBody>,
}

impl ExportedUser {
    fn new(account: &Account, phone: Option<StoredPhone>) -> Self {
        Self {
            id: account.id.0,
            email: account.email.to_string(),
            name: account.name.clone(),
            role: account.role.as_str(),
            currency: account.currency.code().to_owned(),
            timezone: account.zone.name(),
            created_at: account.created_at.to_rfc3339(),
            verified_at: account.verified_at.map(Timestamp::to_rfc3339),
            learned_since: account.learned_since.map(Timestamp::to_rfc3339),
            phone: phone.map(PhoneBody::from),
        }
    }
}

/// What the person wants to hear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedPreferences {
    /// Whether to hear of overspending.
    overspend: bool,
    /// At which levels, in percent of a limit.
    #[schema(example = json!([80, 100]))]
    levels: Vec<u16>,
    /// Whether to hear of silence.
    inactivity: bool,
    /// The hour of the day from which on, in the person's zone.
    #[schema(minimum = 0, maximum = 23)]
    hour: u8,
    /// Over which channels; `null` when none were chosen.
    #[schema(required = true, value_type = Option<Vec<String>>, example = json!(["email"]))]
    channels: Option<Vec<&'static str>>,
}

impl From<Preferences> for ExportedPreferences {
    fn from(preferences: Preferences) -> Self {
        let Preferences { overspend, levels, inactivity, hour, channels } = preferences;
        let names = |channels: Vec<Channel>| channels.into_iter().map(Channel::as_str).collect();
        Self { overspend, levels, inactivity, hour, channels: channels.map(names) }
    }
}

/// A limit from a month on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedLimit {
    /// `total` or `category`.
    #[schema(example = "category")]
    scope: &'static str,
    /// `null` for the overall limit.
    #[schema(required = true, minimum = 1)]
    category_id: Option<i64>,
    /// `null` when it was removed from this month on.
    #[schema(required = true, example = "5000.00")]
    limit: Option<String>,
    /// The first month in which it holds.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-03")]
    from_month: String,
}

impl ExportedLimit {
    fn new(entry: &BudgetEntry, currency: Currency) -> Self {
        let (scope, category_id) = match entry.scope {
            Scope::Total => ("total", None),
            Scope::Category(id) => ("category", Some(id.0)),
        };
        Self {
            scope,
            category_id,
            limit: entry.limit.map(|limit| currency.format(limit)),
            from_month: entry.from_month.to_string(),
        }
    }
}

/// An expense, live or deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedExpense {
    #[schema(minimum = 1, example = 4711)]
    id: i64,
    /// Whether it was deleted. It then says what it said last, but for its tags, which its actions tell.
    deleted: bool,
    /// With exactly the decimals of the currency.
    #[schema(example = "1250.75")]
    amount: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// The day on which it occurred.
    #[schema(format = "date", example = "2026-03-01")]
    date: String,
    /// May be empty.
    #[schema(example = "lunch with Ana")]
    notes: String,
    category: CategoryRef,
    categorization: CategorizationBody,
    /// In their normal form, sorted.
    #[schema(example = json!(["team"]))]
    tags: Vec<String>,
    /// Your own key for it.
    #[schema(required = true)]
    external_id: Option<String>,
    /// Counts the actions on it.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was first recorded.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    logged_at: String,
    /// When the last action touched it.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    updated_at: String,
    /// The number of the last action on it.
    #[schema(minimum = 1)]
    action: i64,
}

impl ExportedExpense {
    fn new(expense: Expense, books: &Bookkeeping) -> Self {
        let Expense { id, state, live, version, updated_at, last_action } = expense;
        let StateBody { amount, currency, date, notes, category, categorization, tags, external_id, logged_at } =
            StateBody::new(state, books);
        Self {
            id: id.0,
            deleted: !live,
            amount,
            currency,
            date,
            notes,
            category,
            categorization,
            tags,
            external_id,
            version,
            logged_at,
            updated_at: updated_at.to_rfc3339(),
            action: last_action.0,
        }
    }
}

/// An accepted write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedAction {
    /// Its number, from 1 without gaps.
    #[schema(minimum = 1)]
    seq: i64,
    /// `create`, `update`, `delete`, `batch`, `merge`, `retag`, `recategorize` or `reversal`.
    #[schema(example = "update")]
    kind: &'static str,
    /// When it was accepted.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    at: String,
    /// One English line.
    #[schema(example = "Changed notes of 1250.75 INR, Food, \"lunch with Ana\"")]
    summary: String,
    /// For a reversal: the action that it reversed.
    #[schema(required = true, minimum = 1)]
    reverses: Option<i64>,
    /// The reversal that holds it back, if one does.
    #[schema(required = true, minimum = 1)]
    reversed_by: Option<i64>,
    /// Its hash in hexadecimal, made of that of the action before it and of what it says itself.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// What it did, by expense.
    changes: Vec<ChangeBody>,
}

impl ExportedAction {
    fn new((logged, summary): (LoggedAction, String), books: &Bookkeeping) -> Self {
        let LoggedAction { action, hash } = logged;
        Self {
            seq: action.seq.0,
            kind: action.kind.as_str(),
            at: action.at.to_rfc3339(),
            summary,
            reverses: action.reverses.map(|seq| seq.0),
            reversed_by: action.reversed_by.map(|seq| seq.0),
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            changes: ChangeBody::list(action.changes, books),
        }
    }
}

/// A log-in session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedSession {
    #[schema(minimum = 1)]
    id: i64,
    #[schema(format = "date-time")]
    created_at: String,
    /// When its refresh token was exchanged last.
    #[schema(format = "date-time")]
    last_used_at: String,
    /// When it was ended, if it was.
    #[schema(required = true, format = "date-time")]
    revoked_at: Option<String>,
    /// The address that it was opened from.
    ip: String,
    /// The `User-Agent` that it was opened with.
    user_agent: String,
}

impl From<StoredSession> for ExportedSession {
    fn from(session: StoredSession) -> Self {
        Self {
            id: session.id.0,
            created_at: session.created_at.to_rfc3339(),
            last_used_at: session.last_used_at.to_rfc3339(),
            revoked_at: session.revoked_at.map(Timestamp::to_rfc3339),
            ip: session.device.ip,
            user_agent: session.device.user_agent,
        }
    }
}

/// A personal access token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedToken {
    #[schema(minimum = 1)]
    id: i64,
    name: String,
    /// `read`, `write` or both.
    scopes: Vec<String>,
    #[schema(format = "date-time")]
    created_at: String,
    /// Until when it is good; `null` for no end.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// When it was used last, if it was.
    #[schema(required = true, format = "date-time")]
    last_used_at: Option<String>,
    /// When it was revoked, if it was.
    #[schema(required = true, format = "date-time")]
    revoked_at: Option<String>,
}

impl From<StoredToken> for ExportedToken {
    fn from(token: StoredToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scopes: token.scopes,
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.map(Timestamp::to_rfc3339),
            last_used_at: token.last_used_at.map(Timestamp::to_rfc3339),
            revoked_at: token.revoked_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A device that takes push messages, without its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedDevice {
    #[schema(minimum = 1)]
    id: i64,
    /// `android`, `ios` or `web`.
    #[schema(example = "android")]
    platform: &'static str,
    /// May be empty.
    name: String,
    /// When it was registered first.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was registered last.
    #[schema(format = "date-time")]
    seen_at: String,
}

impl From<StoredDevice> for ExportedDevice {
    fn from(device: StoredDevice) -> Self {
        Self {
            id: device.id.0,
            platform: device.platform.as_str(),
            name: device.name,
            created_at: device.created_at.to_rfc3339(),
            seen_at: device.seen_at.to_rfc3339(),
        }
    }
}

/// Something that happened to the account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedEvent {
    #[schema(format = "date-time")]
    at: String,
    /// As `login`, `refresh` or `password_change`.
    #[schema(example = "login")]
    event: &'static str,
    /// `ok` or `failed`.
    #[schema(example = "ok")]
    outcome: &'static str,
    /// The address that it came from; empty where an admin acted.
    ip: String,
    /// The `User-Agent` that it came with; empty where an admin acted.
    user_agent: String,
}

impl From<LoginEvent> for ExportedEvent {
    fn from(LoginEvent { event, .. }: LoginEvent) -> Self {
        Self {
            at: event.at.to_rfc3339(),
            event: event.kind.as_str(),
            outcome: event.outcome.as_str(),
            ip: event.device.ip,
            user_agent: event.device.user_agent,
        }
    }
}

/// Writes an export as one JSON object, a row a line.
#[derive(Debug, Default)]
pub(crate) struct Renderer {
    /// The member whose list is open, and whether it has a row.
    open: Option<(&'static str, bool)>,
}

impl Renderer {
    /// The bytes of the next chunk; `None` after the last. Only with all of them is it a JSON object.
    ///
    /// # Errors
    /// Those of [`Exporting::next`].
    pub(crate) async fn next(&mut self, exporting: &mut Exporting) -> florin_app::error::Result<Option<Vec<u8>>> {
        let Some(shown) = exporting.next().await? else {
            return Ok(self.open.take().map(|_| b"\n]}\n".to_vec()));
        };
        let mut out = Vec::new();
        let written = self.chunk(shown, exporting.at(), &mut out);
        written.map_err(|error| florin_app::error::AppError::Internal(error.into()))?;
        Ok(Some(out))
    }

    fn chunk(&mut self, shown: Shown<Chunk>, at: Timestamp, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let Shown { data, books } = shown;
        match data {
            Chunk::Account(account, phone) => {
                out.extend_from_slice(b"{\"exported_at\":");
                serde_json::to_writer(&mut *out, &at.to_rfc3339())?;
                out.extend_from_slice(b",\"format\":");
                serde_json::to_writer(&mut *out, FORMAT)?;
                out.extend_from_slice(b",\"user\":");
                serde_json::to_writer(out, &ExportedUser::new(&account, phone))
            }
            Chunk::Preferences(preferences) => {
                out.extend_from_slice(b",\"notification_preferences\":");
                serde_json::to_writer(out, &ExportedPreferences::from(preferences))
            }
            Chunk::Categories(rows) => self.rows("categories", rows, CategoryBody::from, out),
            Chunk::Limits(rows) => self.rows("budgets", rows, |row| ExportedLimit::new(&row, books.currency), out),
            Chunk::Expenses(rows) => self.rows("expenses", rows, |row| ExportedExpense::new(row, &books), out),
            Chunk::Actions(rows) => self.rows("actions", rows, |row| ExportedAction::new(row, &books), out),
            Chunk::Sessions(rows) => self.rows("sessions", rows, ExportedSession::from, out),
            Chunk::Tokens(rows) => self.rows("tokens", rows, ExportedToken::from, out),
            Chunk::Devices(rows) => self.rows("devices", rows, ExportedDevice::from, out),
            Chunk::Notifications(rows) => self.rows("notifications", rows, NotificationBody::from, out),
            Chunk::LoginEvents(rows) => self.rows("login_events", rows, ExportedEvent::from, out),
        }
    }

    fn rows<T, B: Serialize>(
        &mut self,
        member: &'static str,
        rows: Vec<T>,
        body: impl Fn(T) -> B,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let mut has_row = match self.open {
            Some((open, has_row)) if open == member => has_row,
            before => {
                let end = if before.is_some() { "\n]" } else { "" };
                out.extend_from_slice(format!("{end},\"{member}\":[").as_bytes());
                false
            }
        };
        for row in rows {
            out.extend_from_slice(if has_row { b",\n" } else { b"\n" });
            has_row = true;
            serde_json::to_writer(&mut *out, &body(row))?;
        }
        self.open = Some((member, has_row));
        Ok(())
    }
}
