//! Everything of a person's, chunk by chunk.
//!
//! A chunk is a page by a key that never changes, so that memory is bounded however much there is. The whole is not as of
//! one moment: a chunk says how things stood when it was read. Each expense comes once, whatever happens to it meanwhile,
//! for it is read by its identifier.

use std::collections::BTreeSet;
use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::expense::Expense;
use florin_domain::id::{ExpenseId, NotificationId, Seq, SessionId, TokenId, UserId};
use florin_domain::ledger::summarize;
use florin_domain::login_event::LoginEvent;
use florin_domain::notification::{Notification, Preferences};
use florin_domain::repository::{
    AccountRepository, AuditRepository, CategoryRepository, EventCursor, EventFilter, ExportRepository, LoggedAction,
    Page, PhoneRepository, ReachRepository, StoredDevice, StoredPhone, StoredSession, StoredToken,
};
use florin_domain::session::Device;

use crate::categories::CategoryView;
use crate::error::{AppError, Result};
use crate::expenses::Shown;
use crate::port::Clock;
use crate::writer::Writer;

/// The most rows of a chunk.
pub const CHUNK: u64 = 250;
/// The most actions of a chunk: each may have changed many expenses.
pub const ACTIONS: u64 = 50;

/// A part of an export. The kinds come in this order, each at least once; one that comes again goes on with its list.
pub enum Chunk {
    /// Whose export it is, and their telephone number.
    Account(Account, Option<StoredPhone>),
    /// What they want to hear.
    Preferences(Preferences),
    /// The person's own categories, archived ones included, and those of the system's that something of theirs names, in
    /// id order.
    Categories(Vec<CategoryView>),
    /// Every limit that was ever set or removed, by scope and month.
    Limits(Vec<BudgetEntry>),
    /// Expenses, deleted ones included, in id order.
    Expenses(Vec<Expense>),
    /// Actions with a line about each, oldest first.
    Actions(Vec<(LoggedAction, String)>),
    /// Log-in sessions, ended ones included, in id order.
    Sessions(Vec<StoredSession>),
    /// Personal access tokens, revoked ones included, in id order.
    Tokens(Vec<StoredToken>),
    /// Devices that take push messages, without their tokens, newest first.
    Devices(Vec<StoredDevice>),
    /// Notifications, read or not, in id order.
    Notifications(Vec<Notification>),
    /// The audit trail of the account, newest first. Where an admin acted, not from where.
    LoginEvents(Vec<LoginEvent>),
}

/// The ports that [`Export`] reads through.
#[derive(Clone)]
pub struct ExportPorts {
    /// Accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Telephone numbers.
    pub phones: Arc<dyn PhoneRepository>,
    /// Categories.
    pub categories: Arc<dyn CategoryRepository>,
    /// Pages of everything else.
    pub exports: Arc<dyn ExportRepository>,
    /// Preferences and devices.
    pub reach: Arc<dyn ReachRepository>,
    /// The audit trail.
    pub audit: Arc<dyn AuditRepository>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use case of exports.
#[derive(Clone)]
pub struct Export {
    ports: ExportPorts,
    writer: Arc<Writer>,
}

/// Where an export goes on.
enum Next {
    Account,
    Preferences,
    Categories,
    Limits(Option<(Scope, Month)>),
    Expenses(ExpenseId),
    Actions(Seq),
    Sessions(SessionId),
    Tokens(TokenId),
    Devices,
    Notifications(NotificationId),
    LoginEvents(Option<EventCursor>),
    Nothing,
}

/// An export under way. It may be dropped at any time.
pub struct Exporting {
    export: Export,
    account: Account,
    at: Timestamp,
    next: Next,
}

impl Export {
    /// A service over its ports and the shared writer.
    #[must_use]
    pub const fn new(ports: ExportPorts, writer: Arc<Writer>) -> Self {
        Self { ports, writer }
    }

    /// Begins an export.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such account (any more).
    pub async fn begin(&self, user: UserId) -> Result<Exporting> {
        let account = self.ports.accounts.account(user).await?.ok_or(AppError::NotFound)?;
        Ok(Exporting { export: self.clone(), account, at: self.ports.clock.now(), next: Next::Account })
    }
}

impl Exporting {
    /// When it began.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whose it is.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The next chunk, of at most [`CHUNK`] rows; `None` after the last. The categories to name it with are no older than
    /// it is.
    ///
    /// # Errors
    /// Those of storage; [`AppError::Unauthenticated`] when the person was erased meanwhile. What was read before is then
    /// not all there is.
    pub async fn next(&mut self) -> Result<Option<Shown<Chunk>>> {
        let user = self.account.id;
        let exports = &self.export.ports.exports;
        let (chunk, next) = match &self.next {
            Next::Account => {
                let phone = self.export.ports.phones.phone(user).await?;
                (Chunk::Account(self.account.clone(), phone), Next::Preferences)
            }
            Next::Preferences => {
                let stored = self.export.ports.reach.preferences(user).await?;
                (Chunk::Preferences(stored.preferences), Next::Categories)
            }
            Next::Categories => (Chunk::Categories(self.categories().await?), Next::Limits(None)),
            Next::Limits(after) => {
                let Page { rows, more } = exports.limits(user, *after, CHUNK).await?;
                let last = rows.last().filter(|_| more).map(|entry| (entry.scope, entry.from_month));
                let next = last.map_or(Next::Expenses(ExpenseId(0)), |last| Next::Limits(Some(last)));
                (Chunk::Limits(rows), next)
            }
            Next::Expenses(after) => {
                let Page { rows, more } = exports.expenses(user, *after, CHUNK).await?;
                let last = rows.last().filter(|_| more).map(|expense| expense.id);
                (Chunk::Expenses(rows), last.map_or(Next::Actions(Seq::ZERO), Next::Expenses))
            }
            Next::Actions(after) => {
                let Page { rows, more } = exports.actions(user, *after, ACTIONS).await?;
                let last = rows.last().filter(|_| more).map(|logged| logged.action.seq);
                let books = self.export.writer.basis(user).await?.books;
                let line = |logged: LoggedAction| {
                    let line = summarize(&logged.action, books.currency, &books.taxonomy);
                    (logged, line)
                };
                let rows = rows.into_iter().map(line).collect();
                (Chunk::Actions(rows), last.map_or(Next::Sessions(SessionId(0)), Next::Actions))
            }
            Next::Sessions(after) => {
                let Page { rows, more } = exports.sessions(user, *after, CHUNK).await?;
                let last = rows.last().filter(|_| more).map(|session| session.id);
                (Chunk::Sessions(rows), last.map_or(Next::Tokens(TokenId(0)), Next::Sessions))
            }
            Next::Tokens(after) => {
                let Page { rows, more } = exports.tokens(user, *after, CHUNK).await?;
                let last = rows.last().filter(|_| more).map(|token| token.id);
                (Chunk::Tokens(rows), last.map_or(Next::Devices, Next::Tokens))
            }
            Next::Devices => {
                let devices = self.export.ports.reach.devices(user).await?;
                (Chunk::Devices(devices), Next::Notifications(NotificationId(0)))
            }
            Next::Notifications(after) => {
                let Page { rows, more } = exports.notifications(user, *after, CHUNK).await?;
                let last = rows.last().filter(|_| more).map(|notification| notification.id);
                (Chunk::Notifications(rows), last.map_or(Next::LoginEvents(None), Next::Notifications))
            }
            Next::LoginEvents(after) => {
                let (rows, last) = self.login_events(*after).await?;
                (Chunk::LoginEvents(rows), last.map_or(Next::Nothing, |last| Next::LoginEvents(Some(last))))
            }
            Next::Nothing => return Ok(None),
        };
        // After the chunk: so that the categories are known which it names, and the end of somebody who was erased since is
        // not taken for the end of the list.
        let books = self.export.writer.basis(user).await?.books;
        self.next = next;
        Ok(Some(Shown { data: chunk, books }))
    }

    async fn categories(&self) -> Result<Vec<CategoryView>> {
        let ports = &self.export.ports;
        let used: BTreeSet<_> = ports.exports.categories_in_use(self.account.id).await?.into_iter().collect();
        let keywords = ports.categories.keywords(self.account.id).await?;
        let categories = ports.categories.categories(self.account.id).await?.into_iter();
        let shown = categories.filter(|category| !category.system || used.contains(&category.id));
        let view = |category: florin_domain::category::Category| {
            let mine = keywords.iter().filter(|keyword| keyword.category == category.id);
            let keywords = mine.map(|keyword| keyword.phrase.clone()).collect();
            CategoryView { category, keywords }
        };
        Ok(shown.map(view).collect())
    }

    async fn login_events(&self, after: Option<EventCursor>) -> Result<(Vec<LoginEvent>, Option<EventCursor>)> {
        let of_person = EventFilter { user: Some(self.account.id), kind: None };
        let Page { mut rows, more } = self.export.ports.audit.events(of_person, after, CHUNK).await?;
        let last = rows.last().filter(|_| more).map(|row| EventCursor { at: row.event.at, id: row.id });
        for row in rows.iter_mut().filter(|row| row.event.actor.is_some()) {
            row.event.device = Device::default();
        }
        Ok((rows, last))
    }
}
