//! Servers on the nodes of a MariaDB Galera cluster, each on one of its own, behind an imagined balancer. Each test starts a
//! cluster and ends it, so this program takes no part in `make test`; `make torture` runs it. It needs MariaDB, Galera 4 and rsync.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod crashes;
mod currency;
mod healthy;
mod holds;
mod living;
mod migrations;
mod silence;

use acceptance::torture::Fleet;
use acceptance::torture::galera::Cluster;

/// Three nodes, migrated, and a server on each.
async fn three() -> (Cluster, Fleet) {
    let cluster = Cluster::start(3).await;
    let place = acceptance::torture::place(&cluster.address(0));
    let (code, stdout, stderr) = place.outcome(&["migrate"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let fleet = Fleet::start_with(&cluster.addresses(), |place| place).await;
    (cluster, fleet)
}

/// What must be so once no fault is left: `verify` finds nothing at any node, and every node holds the same. Returns how many
/// rows that is.
async fn assert_whole(cluster: &Cluster, fleet: &Fleet) -> usize {
    for n in 0..fleet.len() {
        let (code, stdout, stderr) = fleet.place(n).outcome(&["verify"]);
        assert_eq!(code, 0, "node {n}: {stdout}{stderr}");
    }
    cluster.assert_equal().await
}

/// Notes a figure of the cluster.
fn figure(row: &str, text: &str) {
    acceptance::torture::figure_of("galera", row, text);
}
