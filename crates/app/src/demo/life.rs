//! What the demo user spends, and when they get round to writing it down.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use florin_domain::calendar::{Month, Timestamp, Zone};

use crate::expenses::NewExpense;

/// The system's category Food.
pub(super) const FOOD: i64 = 1;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// India's offset from UTC; it knows no summer time.
const INDIA: i64 = 5 * HOUR + HOUR / 2;

/// Something that the demo user did at an instant.
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What it was.
pub(super) enum What {
    /// They recorded an expense.
    Spend(NewExpense),
    /// They corrected the notes of one.
    Correct { external_id: String, notes: String },
}

/// Numbers that look random and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 33).cast_signed() % sides
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.roll(high - low + 1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.roll(i64::try_from(from.len()).unwrap_or(1));
        &from[usize::try_from(index).unwrap_or_default()]
    }
}

/// Notes, and the least and most that they cost in rupees.
type Price = (&'static str, i64, i64);

const LUNCHES: [Price; 6] = [
    ("Lunch with Ana", 180, 420),
    ("Thali at the canteen", 110, 160),
    ("Dosa and filter coffee", 90, 150),
    ("Biryani lunch", 200, 340),
    ("Sandwich and juice at the cafe", 150, 260),
    ("Zomato order, pizza", 320, 560),
];
const RIDES: [Price; 5] = [
    ("Bus ride to office", 20, 45),
    ("UBER *TRIP 8005928996", 140, 380),
    ("Auto rickshaw home", 60, 140),
    ("Metro card recharge", 200, 200),
    ("Taxi to airport", 650, 980),
];
const GROCERIES: [Price; 4] = [
    ("BigBasket groceries", 850, 1700),
    ("Vegetables and fruit", 220, 480),
    ("Supermarket, weekly shop", 700, 1400),
    ("Milk and eggs", 110, 190),
];
const NOW_AND_THEN: [Price; 10] = [
    ("Movie tickets", 380, 760),
    ("Medicines from the pharmacy", 140, 620),
    ("Haircut", 250, 400),
    ("Cotton shirts", 900, 1900),
    ("Petrol", 500, 1200),
    ("Birthday gift for Ravi", 500, 1500),
    ("Chai and code meetup", 200, 300),
    ("Notebook and pens", 120, 320),
    ("Paid to R. K. 4471", 150, 900),
    ("Doctor consultation", 500, 800),
];
/// What comes every month: day, notes, rupees.
const MONTHLY: [(u32, &str, i64); 8] = [
    (1, "House rent", 22_000),
    (3, "Electricity bill", 1_840),
    (5, "Netflix subscription", 649),
    (6, "Gym membership", 1_500),
    (8, "Mobile recharge", 299),
    (10, "Mutual fund SIP", 5_000),
    (12, "Broadband bill", 799),
    (20, "Health insurance premium", 1_250),
];

/// That hour of a day in India.
pub(super) fn instant(date: NaiveDate, hour: i64) -> Timestamp {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    Timestamp(days * DAY + hour * HOUR - INDIA)
}

/// Once in a while something large: month since the first, day, notes, rupees.
const LARGE: [(i32, u32, &str, i64); 3] = [
    (1, 24, "Cotton shirts and shoes for the wedding", 9_350),
    (2, 14, "Flight tickets to Goa", 8_420),
    (4, 9, "Restaurant dinner for the whole team", 4_900),
];
/// In the second month the demo user was away and wrote nothing down: first and last day.
const AWAY: (u32, u32) = (9, 19);
/// Before today the demo user was silent for that many days.
const SILENT: i64 = 3;

/// Everything from the first day of `first` up to `now`, in the order in which it was done.
pub(super) fn events(first: Month, now: Timestamp, zone: Zone) -> Vec<Event> {
    let mut dice = Dice(20_260_301);
    let mut events = Vec::new();
    let today = now.date_in(zone);
    let mut date = first.first_day();
    while date <= today {
        let habit = first.months_until(Month::of(date));
        let silent = today.signed_duration_since(date).num_days() < SILENT;
        let prices = if silent { Vec::new() } else { day(&mut dice, date, habit) };
        let logged = logged_on(&mut dice, date, habit);
        for (number, (notes, rupees, paise)) in prices.into_iter().enumerate() {
            let external_id = format!("demo-{date}-{number}");
            let hour = 19 + i64::try_from(number).unwrap_or_default() / 3;
            let at = instant(logged, hour).plus_millis(i64::try_from(number).unwrap_or_default() * 61_000);
            let tags = tags(notes, date);
            let new = NewExpense {
                amount: format!("{rupees}.{paise:02}"),
                date: Some(date),
                notes: Some(notes.to_owned()),
                tags,
                external_id: Some(external_id.clone()),
                ..NewExpense::default()
            };
            events.push(Event { at, what: What::Spend(new) });
            if notes == "Paid to R. K. 4471" && dice.roll(2) == 0 {
                let notes = "Paid to R. K. for the plumber".to_owned();
                events.push(Event { at: at.plus_millis(DAY / 2), what: What::Correct { external_id, notes } });
            }
        }
        date = date.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    }
    events.retain(|event| event.at <= now);
    // Stable: what was done at one instant keeps its order.
    events.sort_by_key(|event| event.at);
    events
}

fn day(dice: &mut Dice, date: NaiveDate, habit: i32) -> Vec<(&'static str, i64, i64)> {
    let bills = MONTHLY.into_iter().filter(|(day, ..)| *day == date.day()).map(|(_, notes, rupees)| (notes, rupees, 0));
    let large = LARGE.into_iter().filter(|(month, day, ..)| *month == habit && *day == date.day());
    let mut prices: Vec<_> = bills.chain(large.map(|(.., notes, rupees)| (notes, rupees, 0))).collect();
    if forgotten(dice, date, habit) {
        return prices;
    }
    let mut take = |dice: &mut Dice, (notes, low, high): Price| {
        let paise = if dice.roll(3) == 0 { *dice.pick(&[50, 75, 99]) } else { 0 };
        prices.push((notes, dice.between(low, high), paise));
    };
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    if dice.roll(10) < 8 {
        let lunch = *dice.pick(&LUNCHES);
        take(dice, lunch);
    }
    if !weekend && dice.roll(10) < 7 {
        let ride = *dice.pick(&RIDES);
        take(dice, ride);
    }
    if date.weekday() == Weekday::Sat || dice.roll(6) == 0 {
        let groceries = *dice.pick(&GROCERIES);
        take(dice, groceries);
    }
    if dice.roll(4) == 0 {
        let other = *dice.pick(&NOW_AND_THEN);
        take(dice, other);
    }
    prices
}

fn is_away(date: NaiveDate, habit: i32) -> bool {
    habit == 1 && (AWAY.0..=AWAY.1).contains(&date.day())
}

/// Whether the small things of a day were never written down: less often from month to month.
fn forgotten(dice: &mut Dice, date: NaiveDate, habit: i32) -> bool {
    let of_ten = match habit {
        0 => 7,
        1 => 5,
        2 | 3 => 4,
        4 | 5 => 1,
        _ => 5,
    };
    dice.roll(10) < of_ten || is_away(date, habit)
}

/// The demo user learns: at first they catch up on Sundays, later they write things down on the day.
fn logged_on(dice: &mut Dice, date: NaiveDate, habit: i32) -> NaiveDate {
    let until_sunday = 6 - u64::from(date.weekday().num_days_from_monday());
    let late = match habit {
        1 if is_away(date, habit) => u64::from(AWAY.1 + 1 - date.day()),
        0 | 1 => until_sunday,
        2 if dice.roll(2) == 0 => until_sunday,
        3 | 4 if dice.roll(3) == 0 => 2,
        5 | 6 if dice.roll(5) == 0 => 1,
        _ => 0,
    };
    date.checked_add_days(Days::new(late)).unwrap_or(date)
}

fn tags(notes: &str, date: NaiveDate) -> Vec<String> {
    let mut tags = Vec::new();
    if notes.contains("office") || notes.contains("canteen") {
        tags.push("work".to_owned());
    }
    if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
        tags.push("weekend".to_owned());
    }
    tags
}
