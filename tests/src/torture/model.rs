//! What one person's books must hold, worked out without Florin: live expenses, and two stacks for undo and redo.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::random::Random;

/// Months that expenses occur in, so few that totals are shared by many.
const MONTHS: u64 = 3;
/// System categories that are used.
const CATEGORIES: [i64; 5] = [1, 2, 3, 4, 6];
/// The most expenses that are live at a time.
const MOST: usize = 40;

/// An expense as a client sees it, but for what the server chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Holds the expense's key and the number of the operation that wrote it: no two writes leave the same notes.
    pub notes: String,
    /// As the API writes it.
    pub amount: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// The category's identifier.
    pub category: i64,
    /// Sorted.
    pub tags: Vec<String>,
}

/// Live expenses by key.
pub type Books = BTreeMap<u64, Row>;

/// What one action does to each expense: before and after.
pub type Effect = Vec<(u64, Option<Row>, Option<Row>)>;

/// An operation that a person may do.
#[derive(Debug, Clone)]
pub enum Operation {
    /// A write, or several as one action.
    Ordinary(Effect),
    /// Undo.
    Undo,
    /// Redo.
    Redo,
}

/// The model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// What is live.
    pub books: Books,
    /// The server's identifiers, of what was ever shown.
    pub ids: BTreeMap<u64, i64>,
    /// How many actions the log has.
    pub actions: u64,
    done: Vec<Effect>,
    undone: Vec<Effect>,
    keys: u64,
    operations: u64,
}

impl Model {
    /// The next operation. What it names is live and its identifier known.
    pub fn next(&mut self, random: &mut Random) -> Operation {
        self.operations += 1;
        let dice = random.below(20);
        if dice == 0 && !self.done.is_empty() || self.books.len() >= MOST {
            if self.books.len() >= MOST {
                return Operation::Ordinary(self.removal(random).into_iter().collect());
            }
            return Operation::Undo;
        }
        match dice {
            1..=2 if !self.done.is_empty() => Operation::Undo,
            3..=4 if !self.undone.is_empty() => Operation::Redo,
            5..=9 if !self.books.is_empty() => Operation::Ordinary(self.edit(random).into_iter().collect()),
            10..=11 if self.books.len() > 3 => Operation::Ordinary(self.removal(random).into_iter().collect()),
            12..=13 => {
                let mut effect: Effect = (0..2 + random.below(4)).map(|_| self.creation(random)).collect();
                effect.extend(self.edit(random));
                Operation::Ordinary(effect)
            }
            _ => Operation::Ordinary(vec![self.creation(random)]),
        }
    }

    fn row(&self, key: u64, random: &mut Random) -> Row {
        let month = 1 + random.below(MONTHS);
        Row {
            notes: format!("k{key} v{}", self.operations),
            amount: format!("{}.{:02}", 1 + random.below(5000), random.below(100)),
            date: format!("2026-{month:02}-{:02}", 1 + random.below(28)),
            category: *random.pick(&CATEGORIES),
            tags: (0..random.below(3)).map(|n| format!("tag{n}")).collect(),
        }
    }

    fn creation(&mut self, random: &mut Random) -> (u64, Option<Row>, Option<Row>) {
        self.keys += 1;
        (self.keys, None, Some(self.row(self.keys, random)))
    }

    fn one(&self, random: &mut Random) -> Option<(u64, Row)> {
        let known: Vec<u64> = self.books.keys().copied().filter(|key| self.ids.contains_key(key)).collect();
        let key = (!known.is_empty()).then(|| *random.pick(&known))?;
        Some((key, self.books[&key].clone()))
    }

    fn edit(&self, random: &mut Random) -> Option<(u64, Option<Row>, Option<Row>)> {
        let (key, before) = self.one(random)?;
        let mut after = self.row(key, random);
        // Neither category nor month, one of them, or both.
        if random.below(2) == 0 {
            after.category = before.category;
        }
        if random.below(2) == 0 {
            after.date.clone_from(&before.date);
        }
        Some((key, Some(before), Some(after)))
    }

    fn removal(&self, random: &mut Random) -> Option<(u64, Option<Row>, Option<Row>)> {
        self.one(random).map(|(key, before)| (key, Some(before), None))
    }

    /// What the books hold once it is done.
    #[must_use]
    pub fn after(&self, operation: &Operation) -> Books {
        let mut model = self.clone();
        model.apply(operation);
        model.books
    }

    /// Notes that it was done.
    ///
    /// # Panics
    /// When there is nothing to undo or redo.
    pub fn apply(&mut self, operation: &Operation) {
        self.actions += 1;
        match operation {
            Operation::Ordinary(effect) => {
                put(&mut self.books, effect.iter().map(|(key, _, after)| (*key, after.clone())));
                self.done.push(effect.clone());
                self.undone.clear();
            }
            Operation::Undo => {
                let effect = self.done.pop().expect("something to undo");
                put(&mut self.books, effect.iter().map(|(key, before, _)| (*key, before.clone())));
                self.undone.push(effect);
            }
            Operation::Redo => {
                let effect = self.undone.pop().expect("something to redo");
                put(&mut self.books, effect.iter().map(|(key, _, after)| (*key, after.clone())));
                self.done.push(effect);
            }
        }
    }

    /// How it is asked for: method, path, body.
    ///
    /// # Panics
    /// When it names an expense whose identifier is not known.
    #[must_use]
    pub fn request(&self, operation: &Operation) -> (&'static str, String, Value) {
        let effect = match operation {
            Operation::Undo => return ("POST", "/actions/undo".to_owned(), json!({})),
            Operation::Redo => return ("POST", "/actions/redo".to_owned(), json!({})),
            Operation::Ordinary(effect) => effect,
        };
        let fields = |row: &Row| json!({"amount": row.amount, "date": row.date, "notes": row.notes, "category_id": row.category, "tags": row.tags});
        match effect.as_slice() {
            [(_, None, Some(row))] => ("POST", "/expenses".to_owned(), fields(row)),
            [(key, Some(_), Some(row))] => ("PATCH", format!("/expenses/{}", self.ids[key]), fields(row)),
            [(key, Some(_), None)] => ("DELETE", format!("/expenses/{}", self.ids[key]), Value::Null),
            several => {
                let operation = |(key, before, after): &(u64, Option<Row>, Option<Row>)| {
                    let mut operation = after.as_ref().map_or_else(|| json!({}), fields);
                    operation["op"] = json!(match (before, after) {
                        (None, _) => "create",
                        (_, Some(_)) => "update",
                        _ => "delete",
                    });
                    if before.is_some() {
                        operation["id"] = json!(self.ids[key]);
                    }
                    operation
                };
                let operations: Vec<Value> = several.iter().map(operation).collect();
                ("POST", "/expenses/batch".to_owned(), json!({"operations": operations, "atomic": true}))
            }
        }
    }

    /// Takes what the server listed as live, notes identifiers that were not known, and returns the books that it tells.
    ///
    /// # Panics
    /// When an expense is listed twice, under another identifier than before, or is none of ours.
    pub fn read(&mut self, listed: &[Value]) -> Books {
        let mut books = Books::new();
        for expense in listed {
            let (key, row) = read(expense);
            let id = expense["id"].as_i64().expect("an id");
            let known = *self.ids.entry(key).or_insert(id);
            assert_eq!(known, id, "an expense came back under another id: {expense}");
            assert!(books.insert(key, row).is_none(), "an expense is there twice: {expense}");
        }
        books
    }

    /// Notes the identifiers in an answer, wherever an expense stands in it.
    pub fn learn(&mut self, answer: &Value) {
        match answer {
            Value::Object(members) => {
                if let (Some(id), Some(notes)) = (answer["id"].as_i64(), answer["notes"].as_str())
                    && let Some(key) = key(notes)
                {
                    self.ids.insert(key, id);
                }
                members.values().for_each(|value| self.learn(value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }
}

fn put(books: &mut Books, rows: impl Iterator<Item = (u64, Option<Row>)>) {
    for (key, row) in rows {
        match row {
            Some(row) => books.insert(key, row),
            None => books.remove(&key),
        };
    }
}

fn key(notes: &str) -> Option<u64> {
    notes.split_whitespace().next()?.strip_prefix('k')?.parse().ok()
}

fn read(expense: &Value) -> (u64, Row) {
    let text = |name: &str| expense[name].as_str().unwrap_or_else(|| panic!("no {name}: {expense}")).to_owned();
    let tags = expense["tags"].as_array().expect("tags").iter().map(|tag| tag.as_str().expect("a tag").to_owned());
    let mut tags: Vec<String> = tags.collect();
    tags.sort();
    let row = Row {
        notes: text("notes"),
        amount: text("amount"),
        date: text("date"),
        category: expense["category"]["id"].as_i64().expect("a category"),
        tags,
    };
    (key(&row.notes).unwrap_or_else(|| panic!("an expense of nobody: {expense}")), row)
}

/// The first differences between two books, in words.
#[must_use]
pub fn differences(wanted: &Books, found: &Books) -> Vec<String> {
    let keys: std::collections::BTreeSet<&u64> = wanted.keys().chain(found.keys()).collect();
    let differs = keys.into_iter().filter(|key| wanted.get(key) != found.get(key));
    differs.take(5).map(|key| format!("k{key}: wanted {:?}, found {:?}", wanted.get(key), found.get(key))).collect()
}
