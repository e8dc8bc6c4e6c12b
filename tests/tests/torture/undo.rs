//! Undo brings every field back.

use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, Person, figure, seed, size};
use acceptance::{Answer, Value, json};
use std::collections::BTreeMap;

/// Expenses that one action touches, at most.
const TOGETHER: usize = 50;
/// Characters that programs stumble over: composed and not, right to left, beyond 16 bits, joined, quotes, what SQL and
/// patterns are made of.
const CHARACTERS: [&str; 24] = [
    "a",
    "Z",
    "7",
    " ",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "ş",
    "Ω",
    "ж",
    "字",
    "かな",
    "हिन्दी",
    "שלום",
    "🍜",
    "👩‍👩‍👧",
    "'",
    "\"",
    "\\",
    "%",
    "_",
    "\u{200b}",
    "\u{feff}",
];

/// Live expenses by identifier: all that is shown of each but what counts actions.
type Shown = BTreeMap<i64, String>;

fn text(random: &mut Random, most: u64) -> String {
    let characters: String = (0..random.below(most)).map(|_| *random.pick(&CHARACTERS)).collect();
    // Blanks at the ends are not kept, nor in a row.
    characters.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fields(random: &mut Random, unique: &str) -> Value {
    let mut fields = json!({
        "amount": format!("{}.{:02}", 1 + random.below(99_999), random.below(100)),
        "date": format!("{}-{:02}-{:02}", 2024 + random.below(3), 1 + random.below(11), 1 + random.below(28)),
        "notes": text(random, 40),
        "tags": (0..random.below(4)).map(|n| format!("{n} {}", random.pick(&["é", "字", "🍜", "o'k", "тег"]))).collect::<Vec<_>>(),
    });
    // One in two is categorized by its notes.
    if random.below(2) == 0 {
        fields["category_id"] = json!(1 + random.below(6));
    }
    if random.below(3) == 0 {
        fields["external_id"] = json!(format!("{unique} 🍜 {}", random.below(1000)));
    }
    fields
}

fn lasting(expense: &Value) -> String {
    let mut lasting = expense.clone();
    for counter in ["version", "updated_at", "action"] {
        lasting.as_object_mut().expect("an expense").remove(counter);
    }
    lasting.to_string()
}

/// Somebody with a large history.
struct Owner {
    person: Person,
    random: Random,
    /// The log as it was seen last, oldest first, without the marks of what was taken back.
    log: Vec<String>,
    operations: usize,
    compared: usize,
}

impl Owner {
    async fn shown(&self) -> Shown {
        let client = &self.person.clients[self.operations % self.person.clients.len()];
        let listed = client.all("/expenses?sort=date", 200).await;
        let shown = listed.iter().map(|expense| (expense["id"].as_i64().expect("an id"), lasting(expense)));
        shown.collect()
    }

    /// Every action that was in the log still is, at its place.
    async fn look_at_log(&mut self) {
        let mut log: Vec<String> = Vec::new();
        for action in self.person.user.all("/actions", 200).await.iter().rev() {
            let mut action = action.clone();
            action.as_object_mut().expect("an action").remove("reversed_by");
            log.push(action.to_string());
        }
        assert!(log.len() >= self.log.len(), "{} of {} actions are left", log.len(), self.log.len());
        for (was, is) in self.log.iter().zip(&log) {
            assert_eq!(was, is, "an action is not what it was");
        }
        self.log = log;
    }

    fn some(&mut self, shown: &Shown, count: usize) -> Vec<i64> {
        let mut ids: Vec<i64> = shown.keys().copied().collect();
        let mut some = Vec::new();
        while some.len() < count && !ids.is_empty() {
            let at = usize::try_from(self.random.below(ids.len() as u64)).expect("an index");
            some.push(ids.swap_remove(at));
        }
        some
    }

    fn edit(&mut self, id: i64) -> Value {
        let unique = format!("e{id} {}", self.operations);
        fields(&mut self.random, &unique)
    }

    /// One action on some of the expenses, in any of the ways there are.
    async fn act(&mut self, shown: &Shown) -> Answer {
        self.operations += 1;
        let one = self.some(shown, 1)[0];
        let client = self.person.clients[self.operations % self.person.clients.len()].clone();
        match self.operations % 8 {
            0 => client.put_expense(one, &self.edit(one)).await,
            1 => client.patch_expense(one, &self.edit(one)).await,
            2 => client.delete_expense(one).await,
            3 => {
                // Those that it holds come with the category.
                let own = self.person.user.own_category(&format!("Own {} 字", self.operations)).await;
                let moved: Vec<Value> = self
                    .some(shown, TOGETHER)
                    .iter()
                    .map(|id| json!({"op": "update", "id": id, "category_id": own}))
                    .collect();
                client.batch(&json!({"operations": moved})).await.expect(200);
                client.merge_category(own, 1).await
            }
            4 => client.rename_tag("0%20%C3%A9", "renamed 🍜").await,
            5 => client.delete_tag("1%20%E5%AD%97").await,
            _ => {
                let mut operations = Vec::new();
                for (n, id) in self.some(shown, TOGETHER).into_iter().enumerate() {
                    let mut operation = if n % 4 == 0 { json!({"op": "delete"}) } else { self.edit(id) };
                    if n % 4 != 0 {
                        operation["op"] = json!("update");
                    }
                    operation["id"] = json!(id);
                    operations.push(operation);
                }
                let mut created = self.edit(0);
                created["op"] = json!("create");
                operations.push(created);
                client.batch(&json!({"operations": operations})).await
            }
        }
    }

    #[track_caller]
    fn assert_same(&mut self, what: &str, wanted: &Shown, found: &Shown) {
        let keys: std::collections::BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
        for key in keys {
            assert_eq!(wanted.get(key), found.get(key), "{what}, operation {}", self.operations);
        }
        self.compared += wanted.len();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undo_brings_every_field_back() {
    let (expenses, operations) = (size(80, 400, 1000), size(8, 40, 160));
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 2).await;
    let person = fleet.people(1, seed()).await.remove(0);
    let mut owner = Owner { person, random: Random::new(seed()), log: Vec::new(), operations: 0, compared: 0 };
    for first in (0..expenses).step_by(TOGETHER) {
        let mut creations = Vec::new();
        for n in first..expenses.min(first + TOGETHER) {
            let mut creation = fields(&mut owner.random, &format!("c{n}"));
            creation["op"] = json!("create");
            creations.push(creation);
        }
        owner.person.user.batch(&json!({"operations": creations})).await.expect(200);
    }
    let mut touched = std::collections::BTreeSet::new();
    for _ in 0..operations {
        let before = owner.shown().await;
        let actions = owner.person.user.verify_books().await["actions"].as_u64().expect("a number");
        let answer = owner.act(&before).await;
        // Of tags that nobody has any more.
        assert!(answer.status < 300 || answer.status == 404 && answer.asked.contains("/tags/"), "{answer:?}");
        let after = owner.shown().await;
        // A merge needed an action before it, which is taken back too; renaming what nobody has is none.
        let done = owner.person.user.verify_books().await["actions"].as_u64().expect("a number") - actions;
        touched.extend(before.iter().filter(|(id, shown)| after.get(id) != Some(shown)).map(|(id, _)| *id));
        for _ in 0..2 {
            for _ in 0..done {
                owner.person.user.undo().await.expect(200);
            }
            let undone = owner.shown().await;
            owner.assert_same("undone", &before, &undone);
            for _ in 0..done {
                owner.person.user.redo().await.expect(200);
            }
            let redone = owner.shown().await;
            owner.assert_same("redone", &after, &redone);
        }
        owner.look_at_log().await;
        // One in two stays done.
        if owner.operations.is_multiple_of(2) {
            for _ in 0..done {
                owner.person.user.undo().await.expect(200);
            }
        }
    }
    acceptance::books::assert_sound(&owner.person.user).await;
    fleet.verify();
    figure(
        "undo",
        &format!(
            "{} operations on {expenses} expenses ({} of them changed), each undone and redone twice: 0 fields differ in {} comparisons; the {} actions are what they were",
            owner.operations,
            touched.len(),
            owner.compared,
            owner.log.len()
        ),
    );
}
