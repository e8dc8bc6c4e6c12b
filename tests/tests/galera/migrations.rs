//! The schema, migrated at several nodes at once.

use std::thread;

use acceptance::torture::galera::Cluster;
use acceptance::torture::{place, size};

use crate::figure;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrating_at_every_node_at_once_ends_well() {
    let rounds = size(2, 5, 20);
    let cluster = Cluster::start(3).await;
    let mut waited = 0;
    for round in 0..rounds {
        cluster.execute(0, "DROP DATABASE florin").await;
        cluster.execute(0, "CREATE DATABASE florin").await;
        // Until each node has it: nobody migrates what is not there.
        for n in 0..cluster.addresses().len() {
            let there = "SET SESSION wsrep_sync_wait = 1; SELECT CONVERT(schema_name USING utf8mb4) \
                         FROM information_schema.schemata WHERE schema_name = 'florin'";
            assert_eq!(cluster.ask(n, there, 0).await.unwrap(), ["florin"]);
        }
        let migrating: Vec<_> = cluster
            .addresses()
            .into_iter()
            .map(|address| thread::spawn(move || place(&address).outcome(&["migrate"])))
            .collect();
        for (n, migrating) in migrating.into_iter().enumerate() {
            let (code, stdout, stderr) = migrating.join().unwrap();
            assert_eq!(code, 0, "round {round}, node {n}: {stdout}{stderr}");
            waited += usize::from(stderr.contains("another node"));
        }
        for address in cluster.addresses() {
            let (code, stdout, stderr) = place(&address).outcome(&["verify"]);
            assert_eq!(code, 0, "{stdout}{stderr}");
        }
        cluster.assert_equal().await;
    }
    // Galera tells rows apart by their primary key, and takes no other.
    let keyless = "SELECT CONVERT(t.table_name USING utf8mb4) FROM information_schema.tables t WHERE t.table_schema = 'florin' \
                   AND NOT EXISTS (SELECT 1 FROM information_schema.table_constraints c WHERE c.table_schema = 'florin' \
                   AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY')";
    assert_eq!(cluster.ask(0, keyless, 0).await.unwrap(), Vec::<String>::new());
    figure(
        "migrating",
        &format!("{rounds} times at three nodes at once: the same schema at each, {waited} waited for another node"),
    );
}
