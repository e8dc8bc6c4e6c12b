use florin_domain::calendar::{Timestamp, parse_date};
use florin_domain::categorizer::Categorization;

use super::*;

/// The expense of that number as the action `seq` left it: of a few notes, in one of a few categories, chosen by the client
/// or not, live or not.
fn expense(id: i64, seq: i64, kind: i64) -> Expense {
    let date = parse_date("2026-02-28").unwrap();
    let categorization = match kind % 4 {
        0 => Categorization::none(),
        // From before it was noted when a choice was made.
        1 => Categorization { chosen_at: None, ..Categorization::client(Timestamp(0)) },
        _ => Categorization::client(Timestamp(seq / 3)),
    };
    let state = ExpenseState {
        amount: 1,
        date,
        notes: format!("note of kind {}", ["one", "two", "three"][usize::try_from(kind % 3).unwrap()]),
        category: CategoryId(1 + kind % 5),
        categorization,
        tags: Vec::new(),
        external_id: None,
        logged_at: Timestamp(0),
        logged_on: date,
        imported: false,
    };
    Expense {
        id: ExpenseId(id),
        state,
        live: kind % 7 != 0,
        version: 1,
        updated_at: Timestamp(0),
        last_action: Seq(seq),
    }
}

fn of(rows: &[Expense]) -> Person {
    let mut person = Person::new();
    person.catch_up(Seq::ZERO, taught(rows));
    person
}

#[test]
fn step_by_step_the_same_is_learned_as_at_once() {
    // A little more than the window, and then many of them again.
    let more = i64::try_from(WINDOW).unwrap() + 50;
    let mut history: Vec<Expense> = (1..=more).map(|n| expense(n, n, n * n + n / 3)).collect();
    history.extend((1..=300).map(|n| expense(1 + (n * 7) % more, more + n, n * 5 + n / 4)));
    let mut person = Person::new();
    for (at, touched) in history.iter().enumerate() {
        person.catch_up(touched.last_action, taught(std::slice::from_ref(touched)));
        // What was seen is not seen again, in whatever order it comes.
        let again = [history[at / 2].clone(), touched.clone()];
        let again = if person.last_actions.contains_key(&again[0].id) { &again } else { &again[1..] };
        person.catch_up(Seq::ZERO, taught(again));
    }
    let mut now: BTreeMap<ExpenseId, Expense> = BTreeMap::new();
    now.extend(history.iter().map(|touched| (touched.id, touched.clone())));
    let mut last: Vec<Expense> = now.into_values().collect();
    last.sort_by_key(|it| std::cmp::Reverse((it.last_action, it.id)));
    last.truncate(WINDOW);
    let at_once = of(&last);
    assert!(at_once.lessons > 500 && at_once.lessons < WINDOW, "{}", at_once.lessons);
    assert_eq!((&person.learned, person.lessons), (&at_once.learned, at_once.lessons));
    assert_eq!((person.rows.len(), person.last_actions.len()), (WINDOW, WINDOW));
    assert_eq!(person.seq, at_once.seq);
}

#[test]
fn others_are_let_go_of_when_there_is_no_room_left() {
    let mut kept = Kept::default();
    let large: Vec<Expense> = (1..=i64::try_from(WINDOW).unwrap()).map(|n| expense(n, n, 1)).collect();
    for user in 1..=60 {
        kept.put(UserId(user), Person::new());
        assert!(kept.change(UserId(user), |_| true, |person| person.catch_up(Seq(9), taught(&large))));
        let room: usize = kept.people.values().map(Person::room).sum();
        assert!(kept.people.contains_key(&UserId(user)));
        assert_eq!(kept.room, room);
        assert!(room <= ROOM, "{room}");
    }
    assert!(kept.people.len() > 1 && kept.people.len() < 60, "{}", kept.people.len());
    let users: Vec<UserId> = kept.people.keys().copied().collect();
    users.into_iter().for_each(|user| kept.forget(user));
    assert_eq!(kept.room, 0);
}

#[test]
fn an_expense_does_not_teach_its_own_category() {
    let (mine, other) = (expense(1, 1, 1), expense(2, 2, 1));
    let (one, both) = (of(std::slice::from_ref(&mine)), of(&[mine.clone(), other.clone()]));
    assert!(without(&one.learned, &mine).is_empty());
    assert_eq!(without(&both.learned, &other), one.learned);
    // What is not in the window is not taken away.
    assert_eq!(without(&one.learned, &other), one.learned);
}

/// Two requests may read a person's window at the same time, and the one that began earlier may end later.
#[test]
fn what_knows_less_takes_the_place_of_nothing() {
    let rows: Vec<Expense> = (1..=20).map(|n| expense(n, n, 2 * n)).collect();
    let (mut kept, user) = (Kept::default(), UserId(1));
    kept.put(user, of(&rows));
    kept.put(user, of(&rows[..10]));
    assert_eq!(kept.people[&user].seq, Seq(20));
    assert!(!kept.change(user, |person| person.seq >= Seq(21), |_| panic!("it has missed an action")));
    kept.put(user, of(&(1..=21).map(|n| expense(n, n, 2 * n)).collect::<Vec<_>>()));
    assert_eq!((kept.people[&user].seq, kept.room), (Seq(21), kept.people[&user].room()));
}
