//! What people's own choices have taught the categorizer.
//!
//! Nothing of it is stored: it is made of the expenses themselves, of the [`WINDOW`] that were touched last among those whose
//! category the client chose. So an undo, a deletion, a merge or an erasure takes back what it takes back of them, and every
//! server learns the same. What is chosen for people counts for nothing: however much of it is recorded or categorized anew,
//! it takes the place of no choice. In memory it is kept up to date by what this process writes, and by a look at what else
//! was touched since when others write too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use florin_domain::calendar::Timestamp;
use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::learned::{Moment, Observation};
use florin_domain::categorizer::{Learned, Note, model};
use florin_domain::category::{Fate, Taxonomy};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::ChangeSet;
use florin_domain::repository::ExpenseRepository;

use crate::error::Result;

/// How many of a person's choices are looked at: those whose expenses were touched last.
const WINDOW: usize = 2_000;
/// How many expenses are looked through for them at most: those that were touched last.
const AMONG: u64 = 50_000;
/// How many touched expenses are read at a time.
const STEP: u64 = 200;
/// How many choices are kept in memory of all people, each of whom counts as one more. About 2 kB each.
const ROOM: usize = 15_000;

/// How much somebody's choices have taught.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Learning {
    /// How many choices are remembered.
    pub choices: usize,
    /// For how many different notes.
    pub notes: usize,
    /// How many different words these notes have.
    pub words: usize,
    /// Choices up to this instant were forgotten; `None` when none ever were.
    pub since: Option<Timestamp>,
    /// When the latest of them was made; `None` when there is none.
    pub latest: Option<Timestamp>,
}

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
    /// Choices up to then teach nothing. They keep their places in the window.
    since: Option<Timestamp>,
    /// The last action that is known of.
    seq: Seq,
    /// The choices of the window, by the last action on each expense.
    rows: BTreeMap<(Seq, ExpenseId), Lesson>,
    last_actions: HashMap<ExpenseId, Seq>,
    /// Whether there may be choices that the window has no room for.
    is_cut: bool,
    /// Whether there is room for one of these by now. Which one is not known, so the window is to be read anew.
    has_gap: bool,
    learned: Arc<Learned>,
    /// The same without categories that take no expenses, for the categories of that version.
    of_live: Option<(i64, Arc<Learned>)>,
    counted: Option<Learning>,
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

    /// What the person's choices after `since` and up to action `seq`, or later, have taught. One that knows of that action is
    /// asked nothing.
    pub(crate) async fn learned(
        &self,
        user: UserId,
        seq: Seq,
        since: Option<Timestamp>,
        version: i64,
        taxonomy: &Taxonomy,
    ) -> Result<Arc<Learned>> {
        self.look(user, seq, since, |person| person.of_live(version, taxonomy)).await
    }

    /// How much that is.
    pub(crate) async fn count(&self, user: UserId, seq: Seq, since: Option<Timestamp>) -> Result<Learning> {
        self.look(user, seq, since, Person::count).await
    }

    /// What is kept of the person's choices, with the last action that it knows of; there may be later ones. `None` when nothing is
    /// kept.
    pub(crate) fn remembered(
        &self,
        user: UserId,
        since: Option<Timestamp>,
        version: i64,
        taxonomy: &Taxonomy,
    ) -> Option<(Seq, Arc<Learned>)> {
        let mut kept = self.kept();
        let person = kept.people.get_mut(&user).filter(|person| person.since >= since)?;
        Some((person.seq, person.of_live(version, taxonomy)))
    }

    /// Has a look at what is kept of the person, once it knows of action `seq` and of what was forgotten at `since`.
    async fn look<T>(
        &self,
        user: UserId,
        seq: Seq,
        since: Option<Timestamp>,
        read: impl Fn(&mut Person) -> T + Send + Sync,
    ) -> Result<T> {
        loop {
            // Who has forgotten more is never asked to remember it.
            let known = self.kept().people.get(&user).filter(|person| person.since >= since).map(|person| person.seq);
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
                    let rows = self.expenses.choices_touched_last(user, WINDOW, AMONG).await?;
                    let mut person = Person::new(since);
                    person.is_cut = rows.len() >= WINDOW;
                    person.catch_up(seq, taught(&rows));
                    self.kept().put(user, person);
                }
            }
            let is_fit = |person: &&mut Person| person.seq >= seq && person.since >= since;
            if let Some(person) = self.kept().people.get_mut(&user).filter(is_fit) {
                return Ok(read(person));
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
        let (room, has_gap) = (person.room(), person.has_gap);
        self.room = (self.room + room).saturating_sub(before);
        if has_gap {
            self.forget(user);
        } else {
            self.make_room(user);
        }
        true
    }

    /// Keeps what was read of somebody, unless as much is known already.
    fn put(&mut self, user: UserId, person: Person) {
        if self.people.get(&user).is_some_and(|known| (known.since, known.seq) >= (person.since, person.seq)) {
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
    fn new(since: Option<Timestamp>) -> Self {
        Self {
            since,
            seq: Seq::ZERO,
            rows: BTreeMap::new(),
            last_actions: HashMap::new(),
            is_cut: false,
            has_gap: false,
            learned: Arc::default(),
            of_live: None,
            counted: None,
        }
    }

    /// Takes in expenses that were read after action `seq`: all that were touched since what is known, in any order. What is
    /// known already is passed over.
    fn catch_up(&mut self, seq: Seq, taught: Vec<Taught>) {
        let known = self.seq;
        for (expense, last_action, lesson) in taught {
            if last_action > known {
                self.see(expense, last_action, lesson);
            }
        }
        self.seq = self.seq.max(seq);
    }

    fn room(&self) -> usize {
        self.rows.len() + 1
    }

    /// Takes in what an expense teaches as the action `seq` left it: nothing when it is deleted.
    fn see(&mut self, id: ExpenseId, seq: Seq, lesson: Option<Lesson>) {
        if let Some(known) = self.last_actions.get(&id).copied() {
            self.unlearn((known, id));
            self.has_gap |= self.is_cut && lesson.is_none();
        }
        self.seq = self.seq.max(seq);
        let Some(lesson) = lesson else { return };
        self.observe(&lesson, 1);
        self.rows.insert((seq, id), lesson);
        self.last_actions.insert(id, seq);
        while self.rows.len() > WINDOW {
            let Some(oldest) = self.rows.first_key_value().map(|(key, _)| *key) else { break };
            self.unlearn(oldest);
            self.is_cut = true;
        }
    }

    fn unlearn(&mut self, key: (Seq, ExpenseId)) {
        self.last_actions.remove(&key.1);
        if let Some(lesson) = self.rows.remove(&key) {
            self.observe(&lesson, -1);
        }
    }

    fn observe(&mut self, lesson: &Lesson, delta: i64) {
        if self.teaches(lesson) {
            Arc::make_mut(&mut self.learned).observe(&lesson.observation, lesson.category, lesson.at, delta);
            self.of_live = None;
            self.counted = None;
        }
    }

    fn teaches(&self, lesson: &Lesson) -> bool {
        self.since.is_none_or(|since| lesson.at.at > since)
    }

    fn count(&mut self) -> Learning {
        if let Some(counted) = self.counted {
            return counted;
        }
        let (mut choices, mut notes, mut words) = (0, BTreeSet::new(), BTreeSet::new());
        let latest = self.rows.values().filter(|lesson| self.teaches(lesson)).map(|lesson| lesson.at.at).max();
        for lesson in self.rows.values().filter(|lesson| self.teaches(lesson) && !lesson.observation.is_empty()) {
            choices += 1;
            notes.insert(lesson.observation.note());
            words.extend(lesson.observation.words());
        }
        let counted = Learning { choices, notes: notes.len(), words: words.len(), since: self.since, latest };
        self.counted = Some(counted);
        counted
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
