//! What people's own choices have taught the categorizer.
//!
//! Nothing of it is stored: it is made of the expenses themselves, of those among the [`WINDOW`] that were touched last whose
//! category the client chose. So an undo, a deletion, a merge or an erasure takes back what it takes back of them, and every
//! server learns the same. In memory it is kept up to date by what this process writes, and by a look at what else was
//! touched since when others write too.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::learned::{Moment, Observation};
use florin_domain::categorizer::{Learned, Note, model};
use florin_domain::category::{Fate, Taxonomy};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::ChangeSet;
use florin_domain::repository::ExpenseRepository;

use crate::error::Result;

/// How many of a person's expenses are looked at: those that were touched last.
const WINDOW: usize = 2_000;
/// How many touched expenses are read at a time.
const STEP: u64 = 200;
/// How much is kept in memory of all people: an expense counts 1, one that teaches something [`LESSON`] more. About 100 bytes
/// each.
const ROOM: usize = 300_000;
const LESSON: usize = 20;

/// What is kept of everybody who was asked about.
pub(crate) struct Lessons {
    expenses: Arc<dyn ExpenseRepository>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    people: HashMap<UserId, Person>,
    room: usize,
}

/// One person's window, as of an action.
struct Person {
    /// The last action that is known of.
    seq: Seq,
    /// The expenses of the window, by the last action on each.
    rows: BTreeMap<(Seq, ExpenseId), Option<Lesson>>,
    last_actions: HashMap<ExpenseId, Seq>,
    /// How many of them teach something.
    lessons: usize,
    learned: Arc<Learned>,
    /// The same without categories that take no expenses, for the categories of that version.
    of_live: Option<(i64, Arc<Learned>)>,
}

struct Lesson {
    observation: Observation,
    category: CategoryId,
    /// When it was chosen; where that was not noted, when the expense was recorded.
    at: Moment,
}

impl Lessons {
    pub(crate) fn new(expenses: Arc<dyn ExpenseRepository>) -> Self {
        Self { expenses, kept: Mutex::default() }
    }

    /// What the person's choices up to action `seq`, or later, have taught. One that knows of that action is asked nothing.
    pub(crate) async fn learned(
        &self,
        user: UserId,
        seq: Seq,
        version: i64,
        taxonomy: &Taxonomy,
    ) -> Result<Arc<Learned>> {
        loop {
            let known = self.kept().people.get(&user).map(|person| person.seq);
            match known {
                Some(known) if known >= seq => {}
                // Far behind, the whole window is read at once.
                Some(known) if seq.0 - known.0 < i64::try_from(STEP).unwrap_or(i64::MAX) => {
                    let page = self.expenses.changed_since(user, known, STEP).await?;
                    if page.more {
                        self.forget(user);
                        continue;
                    }
                    let taught = taught(&page.rows);
                    // Of one who is no more, or who was read anew and knows less, these are not all that they missed.
                    let is_gapless = |person: &Person| person.seq >= known;
                    if !self.kept().change(user, is_gapless, |person| person.catch_up(seq, taught)) {
                        continue;
                    }
                }
                _ => {
                    let rows = self.expenses.touched_last(user, WINDOW).await?;
                    let mut person = Person::new();
                    person.catch_up(seq, taught(&rows));
                    self.kept().put(user, person);
                }
            }
            if let Some(person) = self.kept().people.get_mut(&user) {
                return Ok(person.of_live(version, taxonomy));
            }
        }
    }

    /// Notes what an action of this process did. Of somebody who is not kept, or not up to date, nothing is noted.
    pub(crate) fn note(&self, user: UserId, seq: Seq, change_set: &ChangeSet) {
        let is_next = |person: &Person| person.seq.next() == seq;
        if !self.kept().people.get(&user).is_some_and(is_next) {
            return;
        }
        // Read while nobody else has to wait.
        let taught = change_set.changes.iter().map(|change| {
            let lesson = change.after.as_ref().and_then(|state| lesson(change.expense, state));
            (change.expense, lesson)
        });
        let taught: Vec<_> = taught.collect();
        self.kept().change(user, is_next, |person| {
            for (expense, lesson) in taught {
                person.see(expense, seq, lesson);
            }
            person.seq = seq;
        });
    }

    pub(crate) fn forget(&self, user: UserId) {
        self.kept().forget(user);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Changes what is kept of somebody, if anything is and it is `fit` for it; whether it was.
    fn change(&mut self, user: UserId, fit: impl FnOnce(&Person) -> bool, change: impl FnOnce(&mut Person)) -> bool {
        let Some(person) = self.people.get_mut(&user) else { return false };
        if !fit(person) {
            return false;
        }
        let before = person.room();
        change(person);
        let room = person.room();
        self.room = (self.room + room).saturating_sub(before);
        self.make_room(user);
        true
    }

    /// Keeps what was read of somebody, unless as much is known already.
    fn put(&mut self, user: UserId, person: Person) {
        if self.people.get(&user).is_some_and(|known| known.seq >= person.seq) {
            return;
        }
        self.forget(user);
        self.room += person.room();
        self.people.insert(user, person);
        self.make_room(user);
    }

    /// Lets go of others, whoever they are, until there is room.
    fn make_room(&mut self, user: UserId) {
        while self.room > ROOM {
            let Some(other) = self.people.keys().find(|other| **other != user).copied() else { return };
            self.forget(other);
        }
    }

    fn forget(&mut self, user: UserId) {
        if let Some(person) = self.people.remove(&user) {
            self.room = self.room.saturating_sub(person.room());
        }
    }
}

impl Person {
    fn new() -> Self {
        let (rows, last_actions) = (BTreeMap::new(), HashMap::new());
        Self { seq: Seq::ZERO, rows, last_actions, lessons: 0, learned: Arc::default(), of_live: None }
    }

    /// Takes in expenses that were read after action `seq`: all that were touched since what is known.
    fn catch_up(&mut self, seq: Seq, taught: Vec<Taught>) {
        for (expense, last_action, lesson) in taught {
            self.see(expense, last_action, lesson);
        }
        self.seq = self.seq.max(seq);
    }

    fn room(&self) -> usize {
        self.rows.len() + LESSON * self.lessons
    }

    /// Takes in what an expense teaches as the action `seq` left it: nothing when it is deleted. What is older than what is known
    /// of it is passed over.
    fn see(&mut self, id: ExpenseId, seq: Seq, lesson: Option<Lesson>) {
        match self.last_actions.get(&id) {
            Some(known) if *known >= seq => return,
            Some(known) => {
                let before = (*known, id);
                self.unlearn(before);
            }
            None => {}
        }
        if let Some(Lesson { observation, category, at }) = &lesson {
            Arc::make_mut(&mut self.learned).observe(observation, *category, *at, 1);
            self.lessons += 1;
            self.of_live = None;
        }
        self.rows.insert((seq, id), lesson);
        self.last_actions.insert(id, seq);
        self.seq = self.seq.max(seq);
        while self.rows.len() > WINDOW {
            let Some(oldest) = self.rows.first_key_value().map(|(key, _)| *key) else { break };
            self.unlearn(oldest);
            self.last_actions.remove(&oldest.1);
        }
    }

    fn unlearn(&mut self, key: (Seq, ExpenseId)) {
        if let Some(Some(Lesson { observation, category, at })) = self.rows.remove(&key) {
            Arc::make_mut(&mut self.learned).observe(&observation, category, at, -1);
            self.lessons -= 1;
            self.of_live = None;
        }
    }

    fn of_live(&mut self, version: i64, taxonomy: &Taxonomy) -> Arc<Learned> {
        if taxonomy.all().iter().all(|category| category.is_live()) {
            return Arc::clone(&self.learned);
        }
        match &self.of_live {
            Some((of, learned)) if *of == version => Arc::clone(learned),
            _ => {
                let fate = |category| match taxonomy.fate(category) {
                    Fate::Live => Some(category),
                    Fate::Merged(into) => Some(into),
                    Fate::Gone => None,
                };
                let learned = Arc::new(self.learned.map_categories(fate));
                self.of_live = Some((version, Arc::clone(&learned)));
                learned
            }
        }
    }
}

/// An expense, the last action on it, and what it teaches.
type Taught = (ExpenseId, Seq, Option<Lesson>);

/// What these expenses teach.
fn taught(rows: &[Expense]) -> Vec<Taught> {
    let one = |expense: &Expense| {
        let state = expense.live.then_some(&expense.state);
        (expense.id, expense.last_action, state.and_then(|state| lesson(expense.id, state)))
    };
    rows.iter().map(one).collect()
}

/// What a live expense teaches: something only where the client chose.
fn lesson(expense: ExpenseId, state: &ExpenseState) -> Option<Lesson> {
    state.categorization.is_explicit().then(|| {
        let at = Moment { at: state.categorization.chosen_at.unwrap_or(state.logged_at), expense };
        Lesson { observation: observation(state), category: state.category, at }
    })
}

fn observation(state: &ExpenseState) -> Observation {
    Observation::read(&Note::new(&state.notes, &state.tags), model::shipped(), &mut Reader::default())
}

/// What was learned without what this very expense teaches: for choosing its own category anew.
pub(crate) fn without(learned: &Arc<Learned>, expense: &Expense) -> Arc<Learned> {
    match lesson(expense.id, &expense.state) {
        Some(Lesson { observation, category, at }) if learned.holds(&observation, category, at) => {
            let mut rest = Learned::clone(learned);
            rest.observe(&observation, category, at, -1);
            Arc::new(rest)
        }
        _ => Arc::clone(learned),
    }
}

#[cfg(test)]
mod tests;
