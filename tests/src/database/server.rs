//! Database servers: each test gets a database of a name of its own.
//!
//! One thread of this process makes and drops them. It holds a lock on the server for as long as the process lives, so
//! that a later process knows whose databases are of no use any more and drops what a killed run left behind.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use tokio::sync::{mpsc as orders, oneshot};

use super::{connect, is_true, migrate, texts};

/// What every database of ours begins with. Names go `PREFIX PROCESS x SINCE _ NUMBER`, the middle in hexadecimal.
const PREFIX: &str = "florin_acceptance_";

/// The process that a database belongs to, when its name is exactly of the form that is given here. A server may hold
/// databases of other people: whatever looks only nearly like ours is not touched.
fn owner_of(name: &str) -> Option<&str> {
    let (owner, number) = name.rsplit_once('_')?;
    let (process, since) = owner.strip_prefix(PREFIX)?.split_once('x')?;
    let is = |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| fits(&byte));
    let hexadecimal = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let ours =
        is(process, hexadecimal) && is(since, hexadecimal) && since.len() >= 12 && is(number, u8::is_ascii_digit);
    ours.then_some(owner)
}

enum Order {
    Create { migrated: bool, reply: oneshot::Sender<Result<String, String>> },
    Remove { name: String, reply: mpsc::Sender<()> },
}

/// To the thread that makes and drops databases on that server.
fn orders(address: &str) -> orders::UnboundedSender<Order> {
    static ORDERS: Mutex<Option<HashMap<String, orders::UnboundedSender<Order>>>> = Mutex::new(None);
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server).to_owned();
    let mut known = ORDERS.lock().unwrap_or_else(PoisonError::into_inner);
    let start = || {
        let (sender, receiver) = orders::unbounded_channel();
        let address = address.to_owned();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(&address, receiver));
        });
        sender
    };
    known.get_or_insert_default().entry(server).or_insert_with(start).clone()
}

/// A new database's address.
pub(super) async fn create(address: &str, migrated: bool) -> String {
    let (reply, created) = oneshot::channel();
    orders(address).send(Order::Create { migrated, reply }).ok();
    match created.await {
        Ok(Ok(url)) => url,
        Ok(Err(why)) => panic!("the server that TEST_DATABASE names: {why}"),
        Err(_) => panic!("the server that TEST_DATABASE names gives no database"),
    }
}

/// Drops a database. Waits a little for that, so that the last test of a process leaves none.
pub(super) fn remove(url: &str) {
    let (reply, removed) = mpsc::channel();
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    if orders(url).send(Order::Remove { name, reply }).is_ok() {
        removed.recv_timeout(Duration::from_secs(20)).ok();
    }
}

async fn serve(address: &str, mut orders: orders::UnboundedReceiver<Order>) {
    let mut workshop = Workshop::open(address).await;
    while let Some(order) = orders.recv().await {
        match (order, &mut workshop) {
            (Order::Create { migrated, reply }, Ok(workshop)) => {
                reply.send(workshop.create(migrated).await.map_err(|error| error.to_string())).ok();
            }
            (Order::Create { reply, .. }, Err(why)) => {
                reply.send(Err(why.clone())).ok();
            }
            (Order::Remove { name, reply }, Ok(workshop)) => {
                workshop.remove(&name).await;
                reply.send(()).ok();
            }
            (Order::Remove { .. }, Err(_)) => {}
        }
    }
}

struct Workshop {
    admin: DatabaseConnection,
    /// The server's address up to the last slash.
    server: String,
    /// What the databases of this process begin with.
    mine: String,
    made: u32,
    /// On MySQL: the statements that make the tables of a migrated database. On PostgreSQL: empty, the template is copied.
    tables: Option<Vec<String>>,
}

impl Workshop {
    async fn open(address: &str) -> Result<Self, String> {
        let (server, _) = address.rsplit_once('/').ok_or("the address names no database")?;
        let admin = connect(address).await.map_err(|error| error.to_string())?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mine = format!("{PREFIX}{:x}x{since:x}", std::process::id());
        let workshop = Self { admin, server: server.to_owned(), mine, made: 0, tables: None };
        if !workshop.lock(&workshop.mine).await {
            return Err("the lock of this process is taken".to_owned());
        }
        workshop.sweep().await;
        Ok(workshop)
    }

    fn is_mysql(&self) -> bool {
        self.admin.get_database_backend() == DbBackend::MySql
    }

    async fn lock(&self, owner: &str) -> bool {
        let sql = if self.is_mysql() {
            format!("SELECT GET_LOCK('{owner}', 0)")
        } else {
            format!("SELECT pg_try_advisory_lock(hashtextextended('{owner}', 0))")
        };
        is_true(&self.admin, &sql).await
    }

    async fn unlock(&self, owner: &str) {
        let sql = if self.is_mysql() {
            format!("SELECT RELEASE_LOCK('{owner}')")
        } else {
            format!("SELECT pg_advisory_unlock(hashtextextended('{owner}', 0))")
        };
        is_true(&self.admin, &sql).await;
    }

    /// Drops what processes left behind that are gone.
    async fn sweep(&self) {
        let sql = if self.is_mysql() {
            "SELECT CONVERT(schema_name USING utf8mb4) FROM information_schema.schemata"
        } else {
            "SELECT datname::text FROM pg_database"
        };
        let names = texts(&self.admin, sql, 0).await;
        for name in &names {
            let Some(owner) = owner_of(name).filter(|owner| *owner != self.mine) else { continue };
            if self.lock(owner).await {
                self.remove(name).await;
                self.unlock(owner).await;
            }
        }
    }

    async fn create(&mut self, migrated: bool) -> Result<String, sea_orm::DbErr> {
        self.made += 1;
        let name = format!("{}_{}", self.mine, self.made);
        if migrated && self.tables.is_none() {
            self.tables = Some(self.make_template().await?);
        }
        match (&self.tables, self.is_mysql()) {
            (Some(tables), true) if migrated => {
                let sql = format!("CREATE DATABASE {name}; USE {name}; {}", tables.join("; "));
                self.admin.execute_unprepared(&sql).await?;
            }
            (Some(_), false) if migrated => {
                self.admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {}_0", self.mine)).await?;
            }
            _ => {
                self.admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
            }
        }
        Ok(format!("{}/{name}", self.server))
    }

    /// Migrates once, and notes on MySQL how to make the same again.
    async fn make_template(&self) -> Result<Vec<String>, sea_orm::DbErr> {
        let name = format!("{}_0", self.mine);
        self.admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        migrate(&format!("{}/{name}", self.server)).await;
        if !self.is_mysql() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables WHERE table_schema = '{name}'"
        );
        let mut statements = Vec::new();
        for table in texts(&self.admin, &sql, 0).await {
            statements.extend(texts(&self.admin, &format!("SHOW CREATE TABLE {name}.{table}"), 1).await);
            statements.push(format!("INSERT INTO {table} SELECT * FROM {name}.{table}"));
        }
        Ok(statements)
    }

    async fn remove(&self, name: &str) {
        assert!(owner_of(name).is_some(), "{name} is not ours to drop");
        let force = if self.is_mysql() { "" } else { " WITH (FORCE)" };
        // Two processes may sweep the same one.
        self.admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}{force}")).await.ok();
    }
}
