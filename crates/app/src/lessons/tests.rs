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
    let mut person = Person::new(None);
    person.is_cut = rows.len() >= WINDOW;
    person.catch_up(Seq::ZERO, taught(rows));
    person
}

/// The choices that were touched last, as storage gives them.
fn window(now: &BTreeMap<ExpenseId, Expense>) -> Vec<Expense> {
    let is_choice = |it: &&Expense| it.live && it.state.categorization.is_explicit();
    let mut last: Vec<Expense> = now.values().filter(is_choice).cloned().collect();
    last.sort_by_key(|it| std::cmp::Reverse((it.last_action, it.id)));
    last.truncate(WINDOW);
    last
}

#[test]
fn step_by_step_the_same_is_learned_as_at_once() {
    // More choices than the window has room for, and then many of them again.
    let more = i64::try_from(WINDOW).unwrap() * 2;
    let mut history: Vec<Expense> = (1..=more).map(|n| expense(n, n, n * n + n / 3)).collect();
    history.extend((1..=40).map(|n| expense(1 + (n * 707) % more, more + n, n * 5 + n / 4)));
    let (mut person, mut now, mut gaps) = (Person::new(None), BTreeMap::new(), 0);
    for (at, touched) in history.iter().enumerate() {
        now.insert(touched.id, touched.clone());
        person.catch_up(touched.last_action, taught(std::slice::from_ref(touched)));
        if person.has_gap {
            gaps += 1;
            person = of(&window(&now));
            person.seq = touched.last_action;
        }
        // What was seen is not seen again, in whatever order it comes.
        person.catch_up(Seq::ZERO, taught(&[history[at / 2].clone(), touched.clone()]));
        if at % 1500 == 0 || at + 1 == history.len() {
            let mut at_once = of(&window(&now));
            assert!(person.learned == at_once.learned, "after {at}");
            assert_eq!(person.rows.keys().collect::<Vec<_>>(), at_once.rows.keys().collect::<Vec<_>>());
            assert_eq!(person.count(), at_once.count());
        }
    }
    assert_eq!((person.rows.len(), person.last_actions.len()), (WINDOW, WINDOW));
    assert!(gaps > 0 && gaps < 40, "{gaps}");
}

/// However much is chosen for somebody, what they chose themselves is remembered.
#[test]
fn what_was_chosen_for_people_takes_the_place_of_no_choice() {
    let mut person = of(&[expense(1, 1, 1)]);
    let learned = Arc::clone(&person.learned);
    let many: Vec<Expense> = (2..=2 * i64::try_from(WINDOW).unwrap()).map(|n| expense(n, n, 4)).collect();
    person.catch_up(Seq(9_999), taught(&many));
    assert_eq!((person.rows.len(), &person.learned), (1, &learned));
    assert!(!person.has_gap);
}

#[test]
fn what_was_forgotten_keeps_its_place_and_teaches_nothing() {
    // Expenses of one note each: chosen at 1, 2 and 3, and one of which it is not known.
    let rows: Vec<Expense> =
        [(1, 3, 2), (2, 6, 6), (3, 9, 10), (4, 10, 1)].map(|(id, seq, kind)| expense(id, seq, kind)).into();
    let mut all = of(&rows);
    assert_eq!((all.count().choices, all.count().since), (4, None));
    let mut later = Person::new(Some(Timestamp(2)));
    later.catch_up(Seq(10), taught(&rows));
    let words = of(&rows[2..3]).count().words;
    assert_eq!(
        later.count(),
        Learning { choices: 1, notes: 1, words, since: Some(Timestamp(2)), latest: Some(Timestamp(3)) }
    );
    assert_eq!((later.rows.len(), &later.learned), (4, &of(&rows[2..3]).learned));
    // Taking away what was not learned takes away nothing.
    later.catch_up(Seq(12), taught(&[expense(1, 12, 7)]));
    assert_eq!((later.rows.len(), &later.learned), (3, &of(&rows[2..3]).learned));
    // What knows of less that was forgotten takes the place of nothing, however much else it knows.
    let (mut kept, user) = (Kept::default(), UserId(1));
    kept.put(user, later);
    kept.put(user, of(&rows));
    assert_eq!((kept.people[&user].since, kept.people[&user].rows.len()), (Some(Timestamp(2)), 3));
    kept.put(user, Person::new(Some(Timestamp(3))));
    assert_eq!((kept.people[&user].rows.len(), kept.room), (0, 1));
}

#[test]
fn others_are_let_go_of_when_there_is_no_room_left() {
    let mut kept = Kept::default();
    let large: Vec<Expense> = (1..=i64::try_from(WINDOW).unwrap()).map(|n| expense(n, n, 1)).collect();
    for user in 1..=60 {
        kept.put(UserId(user), Person::new(None));
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
