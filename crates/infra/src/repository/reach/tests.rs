use std::collections::BTreeSet;

use florin_domain::device::MAX_DEVICES;
use florin_domain::notification::Channel;

use super::*;
use crate::repository::account::tests::{Place, START};

fn reach(place: &Place) -> SqlReachRepository {
    SqlReachRepository::new(place.database.clone())
}

fn chosen(hour: u8) -> Preferences {
    Preferences {
        overspend: false,
        levels: vec![1, 50, 100],
        inactivity: false,
        hour,
        channels: Some(vec![Channel::Push, Channel::Email]),
    }
}

fn new(user: UserId, token: &str, after: i64) -> NewDevice {
    let (platform, name) = (Platform::Ios, format!("Ana’s {token:.20} ✓"));
    NewDevice { user, platform, name, token: token.to_owned(), at: START.plus_millis(after) }
}

#[tokio::test]
async fn preferences_are_put_in_the_version_that_they_were_seen_in() {
    let place = Place::new().await;
    let (ana, bob) = (place.somebody().await, place.somebody().await);
    let reach = reach(&place);
    assert_eq!(reach.preferences(ana).await.unwrap(), StoredPreferences::default());
    let stale =
        async |version| matches!(reach.put_preferences(ana, &chosen(1), version).await, Err(RepositoryError::Stale));
    assert!(stale(1).await, "there is none yet");
    assert_eq!(reach.put_preferences(ana, &chosen(0), 0).await.unwrap(), 1);
    assert!(stale(0).await && stale(2).await);
    let stored = StoredPreferences { preferences: chosen(0), version: 1 };
    assert_eq!(reach.preferences(ana).await.unwrap(), stored);
    let kept_inside = Preferences { channels: Some(Vec::new()), ..chosen(23) };
    for (version, preferences) in [(1, kept_inside), (2, Preferences::default())] {
        assert_eq!(reach.put_preferences(ana, &preferences, version).await.unwrap(), version + 1);
        assert_eq!(reach.preferences(ana).await.unwrap(), StoredPreferences { preferences, version: version + 1 });
    }
    let row = notification_preference::Entity::find_by_id(ana.0).one(place.database.writing()).await.unwrap().unwrap();
    assert_eq!((row.least_level, row.channels), (80, None));
    assert_eq!(reach.preferences(bob).await.unwrap().version, 0);

    place.disable(ana).await;
    let refused = reach.put_preferences(ana, &chosen(1), 3).await;
    assert!(matches!(refused, Err(RepositoryError::Erased)), "{refused:?}");
    let refused = reach.register(&new(ana, "t", 0), MAX_DEVICES).await;
    assert!(matches!(refused, Err(RepositoryError::Erased)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_saw_the_same_version_one_wins() {
    let place = Place::new().await;
    let ana = place.somebody().await;
    for version in [0, 1, 2] {
        let racers: Vec<_> = (0..8)
            .map(|hour| {
                let reach = reach(&place);
                tokio::spawn(async move { (hour, reach.put_preferences(ana, &chosen(hour), version).await) })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            match racer.await.unwrap() {
                (hour, Ok(next)) => winners.push((hour, next)),
                (_, Err(RepositoryError::Stale)) => {}
                (_, Err(error)) => panic!("{error:?}"),
            }
        }
        let stored = reach(&place).preferences(ana).await.unwrap();
        assert_eq!(winners, [(stored.preferences.hour, version + 1)]);
    }
}

#[tokio::test]
async fn a_device_keeps_its_number_until_it_moves() {
    let place = Place::new().await;
    let (ana, bob) = (place.somebody().await, place.somebody().await);
    let reach = reach(&place);
    let put = async |device: &NewDevice| reach.register(device, 3).await.unwrap();
    let first = put(&new(ana, "first", 0)).await.unwrap();
    assert!(first.is_new);
    assert_eq!((first.device.created_at, first.device.seen_at), (START, START));
    let again = NewDevice { platform: Platform::Web, name: String::new(), ..new(ana, "first", 5) };
    let seen = put(&again).await.unwrap();
    assert!(!seen.is_new);
    let expected = StoredDevice {
        platform: Platform::Web,
        name: String::new(),
        seen_at: START.plus_millis(5),
        ..first.device.clone()
    };
    assert_eq!(seen.device, expected);
    assert_eq!(reach.devices(ana).await.unwrap(), [expected]);

    let second = put(&new(ana, "second", 6)).await.unwrap().device;
    put(&new(ana, "third", 7)).await.unwrap();
    assert_eq!(put(&new(ana, "fourth", 8)).await, None, "there are three");
    assert!(!put(&new(ana, "second", 9)).await.unwrap().is_new, "one that is there");
    let long = "x".repeat(4096);
    put(&new(bob, &long, 10)).await.unwrap();
    assert_eq!(put(&new(ana, &long, 11)).await, None, "nor does one move to who has enough,");
    assert_eq!(reach.devices(bob).await.unwrap().len(), 1, "and it stays where it was");

    let moved = put(&new(bob, "second", 12)).await.unwrap();
    assert!(moved.is_new && moved.device.id != second.id);
    let left: Vec<_> = reach.devices(ana).await.unwrap().into_iter().map(|device| device.id).collect();
    assert!(!left.contains(&second.id));
    assert_eq!(left.len(), 2);
    assert!(!reach.remove_device(ana, moved.device.id, START, None).await.unwrap(), "another person's");
    assert!(!reach.remove_device(ana, second.id, START, None).await.unwrap(), "gone");
    assert!(reach.remove_device(bob, moved.device.id, START, None).await.unwrap());

    reach.forget_dead(first.device.id, "another token").await.unwrap();
    assert_eq!(reach.devices(ana).await.unwrap().len(), 2);
    reach.forget_dead(first.device.id, "first").await.unwrap();
    assert_eq!(reach.devices(ana).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_belongs_to_one_account_and_an_account_has_its_most() {
    let place = Place::new().await;
    let mut people = Vec::new();
    for _ in 0..4 {
        people.push(place.somebody().await);
    }
    for round in 0..3 {
        let racers: Vec<_> = people
            .iter()
            .flat_map(|user| [*user; 3])
            .map(|user| {
                let reach = reach(&place);
                tokio::spawn(async move { reach.register(&new(user, &format!("shared {round}"), 0), 100).await })
            })
            .collect();
        for racer in racers {
            // Those who are beaten too often may try again.
            let outcome = racer.await.unwrap();
            assert!(matches!(outcome, Ok(Some(_)) | Err(RepositoryError::Stale)), "{outcome:?}");
        }
        let mut rows = 0;
        for user in &people {
            rows += reach(&place).devices(*user).await.unwrap().len();
        }
        assert_eq!(rows, round + 1);
    }
    let ana = place.somebody().await;
    let racers: Vec<_> = (0..8)
        .map(|n| {
            let reach = reach(&place);
            tokio::spawn(async move { reach.register(&new(ana, &format!("own {n}"), n), 5).await.unwrap() })
        })
        .collect();
    let mut made = BTreeSet::new();
    for racer in racers {
        made.extend(racer.await.unwrap().map(|registered| registered.device.id));
    }
    let kept: BTreeSet<_> = reach(&place).devices(ana).await.unwrap().into_iter().map(|device| device.id).collect();
    assert_eq!((made.len(), made), (5, kept));
}
