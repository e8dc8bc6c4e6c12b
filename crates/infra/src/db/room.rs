//! When the database last said that its disk is full.
//!
//! InnoDB then rolls back slowly: what it cannot take out of an index for want of room it tries again for five seconds
//! (`BTR_CUR_RETRY_DELETE_N_TIMES` times `BTR_CUR_RETRY_SLEEP_TIME`), and whoever needs the same rows waits as long. A write that
//! waited in vain is told what was in its way: the disk, not a server that is away.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use florin_domain::repository::RepositoryError;

use super::Failure;
use super::deadline::is_silent;

/// For so long what is not answered is put down to the full disk: longer than such a rollback takes.
const RECENT: Duration = Duration::from_secs(10);

/// The last time that there was no room.
#[derive(Debug, Default)]
pub(super) struct Room(Mutex<Option<Instant>>);

impl Room {
    /// The failure of a write as it is to be told; notes when it is that of a full disk.
    pub(super) fn told(&self, failure: Failure) -> Failure {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_full() {
            *last = Some(Instant::now());
        }
        match failure {
            // Its connection was closed before COMMIT: nothing was written.
            Failure::Database(error) if is_silent(&error) && last.is_some_and(|at| at.elapsed() < RECENT) => {
                Failure::Refused(RepositoryError::StorageFull(error.into()))
            }
            failure => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbErr, RuntimeErr};

    use super::*;
    use crate::db::deadline::silent;

    #[test]
    fn who_waits_in_vain_behind_a_full_disk_is_told_so() {
        let room = Room::default();
        let waited = || Failure::Database(silent());
        assert!(matches!(room.told(waited()), Failure::Database(_)), "nobody said that the disk is full");
        let full = Failure::Refused(RepositoryError::StorageFull("no room".into()));
        assert!(room.told(full).is_full());
        assert!(room.told(waited()).is_full());
        let lost = Failure::Database(DbErr::Conn(RuntimeErr::Internal("gone".to_owned())));
        assert!(!room.told(lost).is_full(), "it is away");
        let unknown = Failure::OutcomeUnknown(silent());
        assert!(matches!(room.told(unknown), Failure::OutcomeUnknown(_)), "it may have been committed");
    }
}
