//! What was released is not changed any more.

use std::collections::BTreeMap;
use std::path::Path;

use acceptance::release::{RELEASES, Release, folder};
use aws_lc_rs::digest::{SHA256, digest};

/// The migrations that were released, with the hash of each file as it was released (as `sha256sum` prints them).
fn listed() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("migrations.sha256")).unwrap();
    let parts = |line: &str| line.split_once("  ").map(|(hash, name)| (name.to_owned(), hash.to_owned())).unwrap();
    text.lines().map(parts).collect()
}

#[test]
fn a_released_migration_is_never_edited() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("migration/src");
    let listed = listed();
    for (name, wanted) in &listed {
        let bytes = std::fs::read(sources.join(name)).unwrap_or_else(|error| panic!("{name} was released: {error}"));
        let hash: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, *wanted, "{name} was released: change what it made by a new migration");
    }
    for release in RELEASES.map(Release::read) {
        for migration in release.migrations {
            let name = format!("{migration}.rs");
            assert!(
                listed.contains_key(&name),
                "{name} is of release {}: note its hash in migrations.sha256",
                release.name
            );
        }
    }
}
