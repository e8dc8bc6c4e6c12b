//! A simulated year, hour by hour, beside an account of what everybody should hear.
//!
//! It is the year from February 2011 on: every zone changed its clocks in a way of its own, Samoa had no 30 December, and there
//! was a 29 February.

use std::collections::BTreeMap;

use acceptance::random::Random;
use acceptance::size;
use florin_app::daily_checks::Mode;
use florin_domain::calendar::{Timestamp, Zone};

use crate::oracle::{Hours, Story};
use crate::people::{Town, run};
use crate::plan::{HOURS, Person, ZONES};

const HOUR: i64 = 60 * 60 * 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn around_the_change_of_clocks_in_march() {
    simulate("2011-03-20T00:00:00Z", 16, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn around_the_end_of_a_year_and_over_the_date_line() {
    simulate("2011-12-19T05:00:00Z", 18, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn around_a_leap_day() {
    simulate("2012-02-18T11:00:00Z", 15, 3).await;
}

/// In full a year and more; else some weeks, in which silence comes to its second stage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_once_and_at_the_first_tick_of_their_hour() {
    simulate("2011-02-10T00:00:00Z", size(25, 390), 4).await;
}

async fn simulate(start: &str, days: usize, seed: u64) {
    let mut random = Random::new(seed);
    let town = Town::at(start).await;
    let (mut people, mut stories) = (Vec::new(), BTreeMap::<i64, Story>::new());
    for name in ZONES {
        for n in 0..3 {
            let id = i64::try_from(people.len()).unwrap() + 1;
            let hour = if n == 0 { 9 } else { *random.pick(&HOURS) };
            people.push(Person::new(id, Zone::parse(name).unwrap(), hour));
            stories.insert(id, Story::default());
        }
    }
    let rows: Vec<String> = people.iter().flat_map(Person::rows).collect();
    town.write(&rows).await;
    // Every zone is checked at every hour that anybody chose.
    let mut hours = BTreeMap::new();
    for name in ZONES {
        for hour in people.iter().map(|person| person.hour) {
            hours.entry((name, hour)).or_insert_with(|| Hours::new(Zone::parse(name).unwrap(), hour));
        }
    }

    let (one, other) = (town.process("one"), town.process("other"));
    let (mut heard, mut down_for) = (0, 0);
    for tick in 0..days * 24 {
        let now = Timestamp(town.clock.millis());
        if tick > 0 {
            let mut statements = Vec::new();
            for person in &mut people {
                let Some((at, act)) = person.acts(now.plus_millis(-HOUR), &mut random) else { continue };
                statements.extend(person.statements(at, act));
                stories.get_mut(&person.id).unwrap().add(at, act);
            }
            town.write(&statements).await;
        }
        // Before the first tick, hours of the day before have come.
        let since = if tick == 0 { now.plus_millis(-48 * HOUR) } else { now.plus_millis(-HOUR) };
        for hours in hours.values_mut() {
            hours.pass(since, now);
        }
        if down_for > 0 {
            down_for -= 1;
        } else {
            let checks: BTreeMap<_, _> = hours.iter_mut().map(|(key, hours)| (*key, hours.check(now))).collect();
            let mut expected = Vec::new();
            for person in &people {
                if let Some(Some(check)) = checks.get(&(person.zone.name(), person.hour)) {
                    expected.extend(stories.get_mut(&person.id).unwrap().hears(person.id, person.zone, check));
                }
            }
            let mut told = match tick % 5 {
                // Two processes tick together; another time one of them ticks twice.
                0 => {
                    let both = tokio::join!(run(&one, Mode::Scheduled), run(&other, Mode::Scheduled));
                    [both.0.1, both.1.1].concat()
                }
                1 => [run(&one, Mode::Scheduled).await.1, run(&one, Mode::Scheduled).await.1].concat(),
                _ => run(&other, Mode::Scheduled).await.1,
            };
            expected.sort_unstable();
            told.sort_unstable();
            assert_eq!(told, expected, "at {}", now.to_rfc3339());
            heard += told.len();
            if random.below(50) == 0 {
                let most = *random.pick(&[90, 20, 20, 20]);
                down_for = 1 + random.below(most);
            }
        }
        town.clock.advance_millis(HOUR);
    }
    assert!(heard > days * 4, "{heard}: a plan in which little happens shows little");
    let stored = town.database.number("SELECT COUNT(*) FROM notification").await;
    let deliveries = town.database.number("SELECT COUNT(*) FROM notification_delivery").await;
    assert_eq!((stored, deliveries), (i64::try_from(heard).unwrap(), stored));
    town.close().await;
}
