//! Many processes at once.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use acceptance::binary::Place;
use acceptance::crowd;
use acceptance::database::TestDatabase;

/// 1 March 2026, 12:00 UTC.
const VERIFIED: i64 = 1_772_366_400_000;

fn run(place: &Place, arguments: &[&str]) -> Child {
    place.scheduler(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Ends well, and its lines.
fn lines(child: Child) -> Vec<acceptance::Value> {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(acceptance::parse).collect()
}

#[tokio::test]
async fn five_processes_at_once_tell_everybody_exactly_once() {
    let people = i64::try_from(acceptance::size(200, 1000)).unwrap();
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url());
    crowd::overspend(&database, 1001, people, 202_603, VERIFIED).await;
    for round in 0..i64::try_from(acceptance::size(2, 20)).unwrap() {
        crowd::change_limits(&database, crowd::LIMIT - round).await;
        let processes: Vec<Child> = (0..5).map(|_| run(&place, &["--once", "--at", "2026-03-02T09:00:00Z"])).collect();
        let mut told: BTreeMap<i64, u32> = BTreeMap::new();
        let mut sharing = 0;
        for process in processes {
            let lines = lines(process);
            sharing += i64::from(!lines.is_empty());
            for line in lines {
                assert_eq!(
                    line["limit"],
                    format!("{}.{:02}", (crowd::LIMIT - round) / 100, (crowd::LIMIT - round) % 100)
                );
                *told.entry(line["user_id"].as_i64().unwrap()).or_default() += 1;
            }
        }
        let wrong: Vec<_> = (1001..1001 + people).filter(|id| told.get(id) != Some(&1)).collect();
        assert!(wrong.is_empty(), "round {round}: {} people told not exactly once: {wrong:?}", wrong.len());
        assert_eq!(i64::try_from(told.len()).unwrap(), people);
        println!("round {round}: {people} people told exactly once, by {sharing} of 5 processes");
    }
    let pending = "SELECT COUNT(*) FROM notification_delivery WHERE state <> 1";
    assert_eq!(database.number(pending).await, 0);
}
