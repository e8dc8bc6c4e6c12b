//! Points at which a test has the process die. Nothing of it is in a program that is shipped: the feature `crash-points` is
//! asked for by the package of the acceptance tests alone.

#[cfg(feature = "crash-points")]
mod points {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use florin_migration::sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager};
    use florin_migration::{Migrator, sea_orm_migration::MigratorTrait};

    /// Where the process is to die, and at which pass: `CRASH_AT=ledger.totals:7`.
    static CRASH_AT: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let wanted = std::env::var("CRASH_AT").ok()?;
        let (point, pass) = wanted.split_once(':')?;
        Some((point.to_owned(), AtomicU64::new(pass.parse().ok()?)))
    });

    /// Dies here, with nothing of what happens at an orderly end, if that is wanted.
    pub fn crash_point(name: &'static str) {
        if let Some((point, passes)) = &*CRASH_AT
            && point == name
            && passes.fetch_sub(1, Ordering::Relaxed) == 1
        {
            std::process::abort();
        }
    }

    /// The migrations, with a point before each and one between what it does and its being noted as done.
    #[derive(Debug)]
    pub(crate) struct Migrations;

    impl MigratorTrait for Migrations {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            Migrator::migrations()
                .into_iter()
                .map(|inner| Box::new(Watched(inner)) as Box<dyn MigrationTrait>)
                .collect()
        }
    }

    struct Watched(Box<dyn MigrationTrait>);

    impl MigrationName for Watched {
        fn name(&self) -> &str {
            self.0.name()
        }
    }

    // The trait elides the lifetime, and async-trait accepts no other spelling in the implementations.
    #[allow(elided_lifetimes_in_paths)]
    #[async_trait]
    impl MigrationTrait for Watched {
        async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            crash_point("migration.begun");
            self.0.up(manager).await?;
            crash_point("migration.done");
            Ok(())
        }

        async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            self.0.down(manager).await
        }

        fn use_transaction(&self) -> Option<bool> {
            self.0.use_transaction()
        }
    }
}

#[cfg(not(feature = "crash-points"))]
mod points {
    pub(crate) use florin_migration::Migrator as Migrations;

    /// Does nothing.
    #[inline(always)]
    pub const fn crash_point(_name: &'static str) {}
}

pub(crate) use points::Migrations;
pub use points::crash_point;
