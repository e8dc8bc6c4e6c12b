//! What went wrong in the database, told apart once for all three.

use florin_domain::repository::RepositoryError;
use sea_orm::{DbErr, RuntimeErr, SqlxError, SqlxMySqlError, SqlxPostgresError, SqlxSqliteError};

use super::deadline::is_silent;

/// Why a unit of work did not happen.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It refused by itself: something that it checked does not hold.
    Refused(RepositoryError),
    /// The database failed; nothing was committed.
    Database(DbErr),
    /// The connection was lost while COMMIT was under way: whether it happened is not known.
    OutcomeUnknown(DbErr),
}

/// What a failure calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Another transaction was in the way.
    Contention,
    /// The connection broke before COMMIT; another one may work.
    Lost,
    /// The server is not there, is full of connections, or takes no writes.
    Unreachable,
    /// The disk is full.
    Full,
    /// A number left the range of its column.
    Range,
    /// A defect.
    Other,
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for RepositoryError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::OutcomeUnknown(error) => Self::Unavailable(error.into()),
            Failure::Database(error) => match class(&error) {
                Class::Contention | Class::Lost | Class::Unreachable => Self::Unavailable(error.into()),
                Class::Full => Self::StorageFull(error.into()),
                Class::Range => Self::OutOfRange,
                Class::Other => Self::Internal(error.into()),
            },
        }
    }
}

/// The repository's error for a database error outside a unit of work.
pub(crate) fn failed(error: DbErr) -> RepositoryError {
    Failure::Database(error).into()
}

impl Failure {
    /// A defect, in words.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Refused(RepositoryError::Internal(message.into().into()))
    }

    /// The failure of a COMMIT. A database that answered with an error has not committed; one that did not answer may
    /// have.
    pub(super) fn of_commit(error: DbErr) -> Self {
        match class(&error) {
            Class::Lost | Class::Unreachable => Self::OutcomeUnknown(error),
            _ => Self::Database(error),
        }
    }

    /// Whether the whole unit of work may succeed when it is run again.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(class(error), Class::Contention | Class::Lost))
    }

    /// Whether the connection was lost.
    pub(super) fn is_loss(&self) -> bool {
        matches!(self, Self::Database(error) | Self::OutcomeUnknown(error) if is_lost(error))
    }

    /// Whether there was no room on the disk.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Refused(error) => matches!(error, RepositoryError::StorageFull(_)),
            Self::Database(error) => class(error) == Class::Full,
            Self::OutcomeUnknown(_) => false,
        }
    }

    /// Whether another transaction was in the way.
    pub(crate) fn is_contention(&self) -> bool {
        matches!(self, Self::Database(error) if class(error) == Class::Contention)
    }

    /// The same for another one who shared the transaction, when it says nothing of what was written in it: the database was
    /// in the way, not the rows.
    pub(crate) fn shared(&self) -> Option<Self> {
        match self {
            Self::Refused(_) => None,
            Self::OutcomeUnknown(error) => Some(Self::OutcomeUnknown(error.clone())),
            Self::Database(error) => match class(error) {
                Class::Contention | Class::Lost | Class::Unreachable | Class::Full => {
                    Some(Self::Database(error.clone()))
                }
                Class::Range | Class::Other => None,
            },
        }
    }

    /// The outcome is not known: nobody is left who would tell it.
    pub(crate) fn untold() -> Self {
        Self::OutcomeUnknown(DbErr::Conn(RuntimeErr::Internal("a transaction ended without a word".to_owned())))
    }

    /// Too much waits already.
    pub(crate) fn overloaded() -> Self {
        Self::Refused(RepositoryError::Unavailable("too many writes wait for the database".into()))
    }

    /// Whether it is a violated unique or primary key.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(error) if unique_key(error).is_some())
    }

    /// Whether it is a violated unique key whose name (or, on SQLite, whose list of columns) contains `key`.
    pub(crate) fn violates(&self, key: &str) -> bool {
        matches!(self, Self::Database(error) if unique_key(error).is_some_and(|name| name.contains(key)))
    }
}

/// Whether a connection was lost with it, and others may be lost for the same reason: it broke, or its server fell silent.
pub(super) fn is_lost(error: &DbErr) -> bool {
    class(error) == Class::Lost || is_silent(error)
}

fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn class(error: &DbErr) -> Class {
    match (error, class_of_cause(error)) {
        (DbErr::ConnectionAcquire(_), _) => Class::Unreachable,
        // No connection, whatever the reason: nobody answers, a wrong password, no such database.
        (DbErr::Conn(_), Class::Lost | Class::Other) => Class::Unreachable,
        (_, class) => class,
    }
}

fn class_of_cause(error: &DbErr) -> Class {
    match sqlx_error(error) {
        Some(SqlxError::Database(error)) => {
            if let Some(error) = error.try_downcast_ref::<SqlxMySqlError>() {
                mysql_class(error.number(), error.message())
            } else if let Some(error) = error.try_downcast_ref::<SqlxPostgresError>() {
                postgres_class(error.code())
            } else if error.try_downcast_ref::<SqlxSqliteError>().is_some() {
                let code = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
                sqlite_class(code, error.message())
            } else {
                Class::Other
            }
        }
        Some(SqlxError::PoolTimedOut | SqlxError::PoolClosed) => Class::Unreachable,
        // `BeginFailed` and `InvalidSavePointStatement` come from a connection that was left inside a transaction; it is
        // closed when it is given back.
        Some(
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed
            | SqlxError::InvalidSavePointStatement,
        ) => Class::Lost,
        _ => Class::Other,
    }
}

fn mysql_class(number: u16, message: &str) -> Class {
    match number {
        // Deadlock, lock wait timeout, record changed since it was read; rolled back by a group's certification. On a Galera node
        // a deadlock is also a conflict with what another node committed, at any statement and at COMMIT, and it is undone
        // everywhere; and a lock wait timeout is also a read that could not be made current.
        1213 | 1205 | 1020 | 3101 => Class::Contention,
        // An error during COMMIT. That a lock was lost is how a replication group says what Galera calls a deadlock. What Galera
        // says with it (no connection to the primary component) tells nothing: the others may have taken the commit.
        1180 if message.contains("Got error 149") => Class::Contention,
        1180 => Class::Lost,
        // Shutdown, interrupted, network errors, connections aborted, not in the cluster's primary component, killed, idle
        // for too long; the group was left before COMMIT was decided.
        1053 | 1079 | 1317 | 1152 | 1158..=1161 | 1184 | 1047 | 1927 | 4031 | 3100 => Class::Lost,
        // Too many connections (three limits), no thread, no memory, read-only (three ways), offline, host blocked, a statement's
        // time is over (MariaDB, MySQL).
        // No such table: not migrated yet.
        1040 | 1203 | 1226 | 1135 | 1037 | 1041 | 1290 | 1792 | 1836 | 3032 | 1129 | 1969 | 3024 | 1146 => {
            Class::Unreachable
        }
        1021 | 1114 => Class::Full,
        1690 | 1264 => Class::Range,
        _ => Class::Other,
    }
}

fn postgres_class(code: &str) -> Class {
    match code {
        "40001" | "40P01" | "55P03" => Class::Contention,
        // Terminated by an administrator or a crash, idle for too long.
        "57P01" | "57P02" | "57P05" | "25P03" => Class::Lost,
        // Too many connections or other limits, out of memory, starting up, cancelled, read-only, no such table: not migrated
        // yet.
        "53000" | "53300" | "53400" | "53200" | "57P03" | "57014" | "25006" | "42P01" => Class::Unreachable,
        "53100" => Class::Full,
        "22003" => Class::Range,
        _ if code.starts_with("08") => Class::Lost,
        // Its disk or its system fails.
        _ if code.starts_with("58") => Class::Unreachable,
        _ => Class::Other,
    }
}

fn sqlite_class(extended_code: i32, message: &str) -> Class {
    match (extended_code, extended_code & 0xff) {
        // A sum that overflowed became a REAL, which a STRICT table refuses for an INTEGER column.
        (3091, _) => Class::Range,
        (1, _) if message.contains("integer overflow") => Class::Range,
        // Not migrated yet.
        (1, _) if message.contains("no such table") => Class::Unreachable,
        // BUSY with its variants (SNAPSHOT, RECOVERY), LOCKED.
        (_, 5 | 6) => Class::Contention,
        (_, 13) => Class::Full,
        // READONLY, IOERR, CANTOPEN.
        (_, 8 | 10 | 14) => Class::Unreachable,
        _ => Class::Other,
    }
}

/// The violated unique key: its name, or `table.column, table.column` on SQLite.
fn unique_key(error: &DbErr) -> Option<String> {
    error.sql_err()?;
    let SqlxError::Database(error) = sqlx_error(error)? else { return None };
    if !error.is_unique_violation() {
        return None;
    }
    match error.constraint() {
        Some(name) => Some(name.to_owned()),
        // The values come first in these messages; what a client sent must not pass for a key's name.
        None => [" for key ", "constraint failed: "]
            .into_iter()
            .find_map(|before| error.message().rsplit_once(before))
            .map(|(_, key)| key.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_is_read_the_same() {
        for (class, expected) in [
            (mysql_class(1213, ""), Class::Contention),
            (mysql_class(1205, ""), Class::Contention),
            (mysql_class(1020, ""), Class::Contention),
            (mysql_class(1040, ""), Class::Unreachable),
            (mysql_class(1290, ""), Class::Unreachable),
            (mysql_class(1053, ""), Class::Lost),
            (mysql_class(1927, ""), Class::Lost),
            (mysql_class(1135, ""), Class::Unreachable),
            (mysql_class(1114, ""), Class::Full),
            (mysql_class(1690, ""), Class::Range),
            (mysql_class(1062, ""), Class::Other),
            (mysql_class(1969, ""), Class::Unreachable),
            (mysql_class(3032, ""), Class::Unreachable),
            (postgres_class("40001"), Class::Contention),
            (postgres_class("40P01"), Class::Contention),
            (postgres_class("55P03"), Class::Contention),
            (postgres_class("25006"), Class::Unreachable),
            (postgres_class("08006"), Class::Lost),
            (postgres_class("57P01"), Class::Lost),
            (postgres_class("57P02"), Class::Lost),
            (postgres_class("25P03"), Class::Lost),
            (postgres_class("57P03"), Class::Unreachable),
            (postgres_class("58030"), Class::Unreachable),
            (postgres_class("53100"), Class::Full),
            (postgres_class("22003"), Class::Range),
            (postgres_class("23505"), Class::Other),
            (sqlite_class(5, "database is locked"), Class::Contention),
            (sqlite_class(517, "database is locked"), Class::Contention),
            (sqlite_class(6, "database table is locked"), Class::Contention),
            (sqlite_class(13, "database or disk is full"), Class::Full),
            (sqlite_class(3091, "cannot store REAL value in INTEGER column"), Class::Range),
            (sqlite_class(2067, "UNIQUE constraint failed"), Class::Other),
        ] {
            assert_eq!(class, expected);
        }
    }

    #[test]
    fn what_a_cluster_answers_is_tried_again_or_not_known() {
        let not_connected =
            "Error while appending streaming replication fragment(provider status: Not connected to Primary Component)";
        for (class, expected) in [
            // Undone everywhere.
            (
                mysql_class(
                    1213,
                    "WSREP detected deadlock/conflict and aborted the transaction. Try restarting the transaction",
                ),
                Class::Contention,
            ),
            (mysql_class(3101, "Plugin instructed the server to rollback the current transaction."), Class::Contention),
            (mysql_class(1180, "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT"), Class::Contention),
            // A read that could not be made current.
            (mysql_class(1205, "Lock wait timeout exceeded; try restarting transaction"), Class::Contention),
            // Nothing was done, or nobody here knows.
            (mysql_class(1047, "WSREP has not yet prepared node for application use"), Class::Lost),
            (mysql_class(1317, "Query execution was interrupted"), Class::Lost),
            (mysql_class(1927, "Connection was killed"), Class::Lost),
            (mysql_class(3100, "Error on observer while running replication hook 'before_commit'."), Class::Lost),
            (mysql_class(1180, not_connected), Class::Lost),
            (mysql_class(1180, "Got error 6 \"No such device or address\" during COMMIT"), Class::Lost),
        ] {
            assert_eq!(class, expected);
        }
    }

    #[test]
    fn without_a_connection_it_is_unavailable() {
        let full_pool = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        assert!(matches!(failed(full_pool), RepositoryError::Unavailable(_)));
        let io = || SqlxError::Io(std::io::ErrorKind::ConnectionReset.into()).into();
        assert!(matches!(failed(DbErr::Conn(RuntimeErr::SqlxError(io()))), RepositoryError::Unavailable(_)));
        assert!(!Failure::Database(DbErr::Conn(RuntimeErr::SqlxError(io()))).is_transient());
        assert!(Failure::Database(DbErr::Query(RuntimeErr::SqlxError(io()))).is_transient());
        assert!(matches!(Failure::of_commit(DbErr::Query(RuntimeErr::SqlxError(io()))), Failure::OutcomeUnknown(_)));
    }
}
