//! A database for a test, and the repositories on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use florin_domain::account::Role;
use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::repository::{AccountRepository, AdminRepository, NewAccount, Standing, StandingChange};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, Database as Server, EntityTrait, QueryFilter, QueryOrder};
use tempfile::TempDir;

use super::somebody;
use crate::db::{Database, DatabaseOptions};
use crate::entity::{login_event, personal_token};
use crate::id_allocator::{IdAllocator, Sequence};
use crate::repository::{SqlAccountRepository, SqlAdminRepository, SqlSessionRepository};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A fresh, migrated database, removed in the end: SQLite unless `TEST_DATABASE` names another one (`mariadb`, `postgres`,
/// or an address). One that cannot be reached is a failure, never a reason to skip.
pub(in crate::repository) struct Place {
    pub(in crate::repository) database: Database,
    on_server: Option<(String, String)>,
    _folder: TempDir,
}

fn server() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = |name: &str| Some(variable(name).unwrap_or_else(|| panic!("{name} is not set")));
    match variable("TEST_DATABASE").as_deref() {
        None | Some("sqlite") => None,
        Some("mariadb" | "mysql") => address("TEST_MARIADB_URL"),
        Some("postgres") => address("TEST_POSTGRES_URL"),
        Some(url) if url.contains("://") => Some(url.to_owned()),
        Some(other) => panic!("TEST_DATABASE={other} is no database"),
    }
}

async fn execute(url: &str, sql: &str) {
    let server = Server::connect(url).await.unwrap();
    server.execute_unprepared(sql).await.unwrap();
    server.close().await.unwrap();
}

impl Place {
    pub(in crate::repository) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, on_server) = match server().map(|url| url.replace("mariadb://", "mysql://")) {
            None => (format!("sqlite://{}", folder.path().join("florin.db").display()), None),
            Some(base) => {
                let name = format!("florin_people_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
                execute(&base, &format!("CREATE DATABASE {name}")).await;
                let (server, _) = base.rsplit_once('/').unwrap();
                (format!("{server}/{name}"), Some((base, name)))
            }
        };
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        let database = Database::connect(&url, &options).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, on_server, _folder: folder }
    }

    pub(in crate::repository) fn accounts(&self) -> Arc<SqlAccountRepository> {
        Arc::new(SqlAccountRepository::new(self.database.clone()))
    }

    pub(in crate::repository) fn sessions(&self) -> Arc<SqlSessionRepository> {
        Arc::new(SqlSessionRepository::new(self.database.clone()))
    }

    /// A personal access token of theirs; its identifier.
    pub(in crate::repository) async fn personal_token(&self, user: UserId) -> i64 {
        let id = IdAllocator::new(self.database.clone()).next(Sequence::PersonalToken).await.unwrap();
        let row = personal_token::ActiveModel {
            id: Set(id),
            user_id: Set(user.0),
            name: Set("laptop".to_owned()),
            scopes: Set("read".to_owned()),
            hash: Set(super::hash().to_vec()),
            created_at: Set(super::START.0),
            expires_at: Set(None),
            last_used_at: Set(None),
            revoked_at: Set(None),
        };
        personal_token::Entity::insert(row).exec_without_returning(self.database.writing()).await.unwrap();
        id
    }

    pub(in crate::repository) async fn is_revoked(&self, personal_token: i64) -> bool {
        let found = personal_token::Entity::find_by_id(personal_token).one(self.database.read()).await.unwrap();
        found.unwrap().revoked_at.is_some()
    }

    /// Disables their account, as a new admin does.
    pub(in crate::repository) async fn disable(&self, user: UserId) {
        self.change_standing(user, None, Some(super::START)).await;
    }

    /// Enables an account that was disabled here.
    pub(in crate::repository) async fn enable(&self, user: UserId) {
        self.change_standing(user, Some(super::START), None).await;
    }

    async fn change_standing(&self, user: UserId, before: Option<Timestamp>, after: Option<Timestamp>) {
        let actor = self.accounts().create(&NewAccount { role: Role::Admin, ..somebody() }).await.unwrap();
        let standing = |disabled_at| Standing { role: Role::User, disabled_at };
        let (before, after) = (standing(before), standing(after));
        let change = StandingChange { user, actor, before, after, at: super::START, events: vec![] };
        SqlAdminRepository::new(self.database.clone()).change_standing(&change).await.unwrap();
    }

    /// What the audit trail tells of them, oldest first: kind, outcome, address.
    pub(in crate::repository) async fn events(&self, user: UserId) -> Vec<String> {
        let rows = login_event::Entity::find()
            .filter(login_event::Column::UserId.eq(user.0))
            .order_by_asc(login_event::Column::Id)
            .all(self.database.read())
            .await
            .unwrap();
        rows.into_iter().map(|row| format!("{} {} {}", row.event, row.outcome, row.ip)).collect()
    }

    /// A new account of nobody else's.
    pub(in crate::repository) async fn somebody(&self) -> UserId {
        self.accounts().create(&somebody()).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((base, name)) = self.on_server.take() else { return };
        let force = if base.starts_with("postgres") { " WITH (FORCE)" } else { "" };
        let removal = format!("DROP DATABASE {name}{force}");
        // The test's own runtime cannot be waited on here.
        let removed = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&base, &removal));
        });
        assert!(removed.join().is_ok() || thread::panicking(), "the database of a test is left behind");
    }
}
