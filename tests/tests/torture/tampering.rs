//! What is altered behind the server's back is named.

use acceptance::database::{Engine, TestDatabase};
use acceptance::random::Random;
use acceptance::torture::{Fleet, Outcome, figure, seed, size};
use acceptance::{Value, json, parse};
use sea_orm::ConnectionTrait;

/// What is copied before, and brought back after each alteration.
const TABLES: [&str; 6] = ["user_action", "last_user_action", "monthly_expense", "expenses", "tag_map", "tags"];

/// An alteration: statements, and what must be named. Of an expense, any of the alterations of it names it.
struct Alteration {
    statements: Vec<String>,
    /// `first_bad` as far as it is certain.
    named: Value,
}

/// The books of the person whose books are altered.
struct Books<'a> {
    database: &'a TestDatabase,
    user: i64,
    /// Somebody else.
    other: i64,
    random: Random,
}

impl Books<'_> {
    /// One of the numbers in that column.
    async fn one(&mut self, column: &str, from: &str) -> i64 {
        let text = if matches!(Engine::chosen(), Engine::MySql(_)) { "CHAR" } else { "TEXT" };
        let from = from.replace("{user}", &self.user.to_string());
        let found = self.database.texts(&format!("SELECT CAST({column} AS {text}) FROM {from}")).await;
        self.random.pick(&found).parse().unwrap_or_else(|error| panic!("{error}: {from}"))
    }

    async fn live(&mut self) -> i64 {
        self.one("id", "expenses WHERE user_id = {user} AND live = 1 ORDER BY id").await
    }

    async fn action(&mut self) -> i64 {
        self.one("seq", "user_action WHERE user_id = {user} ORDER BY seq").await
    }

    async fn last(&mut self) -> i64 {
        self.one("MAX(seq)", "user_action WHERE user_id = {user}").await
    }

    /// A value of 32 bytes that is nobody's hash.
    fn bytes(&mut self, count: usize) -> String {
        let hex: String = (0..count).map(|_| format!("{:02x}", self.random.below(256))).collect();
        if matches!(Engine::chosen(), Engine::Postgres(_)) { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    }

    async fn total(&mut self, kind: u64) -> Alteration {
        let category =
            self.one("category_id", "monthly_expense WHERE user_id = {user} AND total > 0 ORDER BY category_id").await;
        let month = self
            .one(
                "month",
                &format!(
                    "monthly_expense WHERE user_id = {{user}} AND total > 0 AND category_id = {category} ORDER BY month"
                ),
            )
            .await;
        let (user, by) = (self.user, 1 + self.random.below(5000));
        let row = format!("user_id = {user} AND month = {month} AND category_id = {category}");
        let of = |month: i64, category: i64| json!({"kind": "total", "month": format!("{}-{:02}", month / 100, month % 100), "category_id": category});
        let (statement, named) = match kind {
            0 => (format!("UPDATE monthly_expense SET total = total + {by} WHERE {row}"), of(month, category)),
            1 => (format!("UPDATE monthly_expense SET total = total - {by} WHERE {row}"), of(month, category)),
            2 => (format!("DELETE FROM monthly_expense WHERE {row}"), of(month, category)),
            3 => (
                format!(
                    "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES ({user}, 201907, 3, {by})"
                ),
                of(201_907, 3),
            ),
            // Where it went to is earlier, and named first.
            4 => (format!("UPDATE monthly_expense SET month = 201907 WHERE {row}"), of(201_907, category)),
            5 => (format!("UPDATE monthly_expense SET user_id = {} WHERE {row}", -user), of(month, category)),
            // A month that there is not.
            _ => (
                format!(
                    "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES ({user}, 202613, 3, {by})"
                ),
                of(202_613, 3),
            ),
        };
        Alteration { statements: vec![statement], named }
    }

    async fn expense(&mut self, kind: u64) -> Alteration {
        let id = self.live().await;
        let set = match kind {
            0 => format!("amount = amount + {}", 1 + self.random.below(5000)),
            1 => "date = '2026-06-07'".to_owned(),
            2 => "category_id = category_id + 1".to_owned(),
            3 => "notes = CONCAT(notes, '.')".to_owned(),
            4 => "live = 0".to_owned(),
            5 => format!("user_id = {}", self.other),
            6 => format!("external_id = 'x{}'", self.random.below(1000)),
            7 => "logged_at = logged_at + 1".to_owned(),
            8 => "logged_on = '2026-06-07'".to_owned(),
            9 => "imported = 1 - imported".to_owned(),
            10 => "categorization_bp = categorization_bp - 1".to_owned(),
            11 => "categorization_model = COALESCE(categorization_model, 0) + 1".to_owned(),
            12 => "category_chosen_at = COALESCE(category_chosen_at, 0) + 1".to_owned(),
            13 => {
                let statements = vec![format!("DELETE FROM expenses WHERE id = {id}")];
                return Alteration { statements, named: json!({"kind": "expense", "expense_id": id}) };
            }
            _ => {
                let id = self.one("id", "expenses WHERE user_id = {user} AND live = 0 ORDER BY id").await;
                let statements = vec![format!("UPDATE expenses SET live = 1 WHERE id = {id}")];
                return Alteration { statements, named: json!({"kind": "expense", "expense_id": id}) };
            }
        };
        let statements = vec![format!("UPDATE expenses SET {set} WHERE id = {id}")];
        Alteration { statements, named: json!({"kind": "expense", "expense_id": id}) }
    }

    async fn label(&mut self, kind: u64) -> Alteration {
        let shown =
            "tag_map WHERE expense_id IN (SELECT id FROM expenses WHERE user_id = {user} AND live = 1) ORDER BY tag_id";
        let tag = self.one("tag_id", shown).await;
        let statement = match kind {
            0 => format!("UPDATE tags SET name = 'altered' WHERE id = {tag}"),
            _ => format!("DELETE FROM tag_map WHERE tag_id = {tag}"),
        };
        Alteration { statements: vec![statement], named: json!({"kind": "expense"}) }
    }

    async fn logged(&mut self, kind: u64) -> Alteration {
        let (seq, user) = (self.action().await, self.user);
        let named = json!({"kind": "action", "seq": seq});
        let set = match kind {
            0 => "at = at + 1".to_owned(),
            1 => "kind = CASE kind WHEN 'create' THEN 'update' ELSE 'create' END".to_owned(),
            2 => "kind = 'other'".to_owned(),
            3 => format!("hash = {}", self.bytes(32)),
            4 => format!("payload_hash = {}", self.bytes(32)),
            5 => format!("salt = {}", self.bytes(16)),
            6 => "payload = CONCAT(payload, ' x')".to_owned(),
            7 => "payload = NULL, salt = NULL".to_owned(),
            8 => "reverses = COALESCE(reverses, 0) + 1".to_owned(),
            9 => "reversed_by = CASE WHEN reversed_by IS NULL THEN seq + 1 ELSE NULL END".to_owned(),
            10 => "undoable = 1 - undoable".to_owned(),
            11 => "redoable = 1 - redoable".to_owned(),
            12 => "effect = 7".to_owned(),
            // Of a redo it is another action that no longer agrees.
            13 => {
                let statement =
                    format!("UPDATE user_action SET root = root + 1 WHERE user_id = {user} AND seq = {seq}");
                return Alteration { statements: vec![statement], named: json!({"kind": "action"}) };
            }
            _ => format!(
                "payload = (SELECT p FROM (SELECT payload AS p FROM user_action WHERE user_id = {} AND seq = 1) AS one)",
                self.other
            ),
        };
        Alteration {
            statements: vec![format!("UPDATE user_action SET {set} WHERE user_id = {user} AND seq = {seq}")],
            named,
        }
    }

    /// The amount in a payload: one digit of it.
    async fn amount(&mut self) -> Alteration {
        let user = self.user;
        let seq = self.one("seq", "user_action WHERE user_id = {user} AND kind = 'create' ORDER BY seq").await;
        let payload = self
            .database
            .texts(&format!("SELECT payload FROM user_action WHERE user_id = {user} AND seq = {seq}"))
            .await;
        let altered = alter_amount(&parse(&payload[0]), &mut self.random).to_string().replace('\'', "''");
        let altered =
            if matches!(Engine::chosen(), Engine::MySql(_)) { altered.replace('\\', "\\\\") } else { altered };
        let statement = format!("UPDATE user_action SET payload = '{altered}' WHERE user_id = {user} AND seq = {seq}");
        Alteration { statements: vec![statement], named: json!({"kind": "action", "seq": seq}) }
    }

    /// Actions that are gone, in another order, or more than there were.
    async fn order(&mut self, kind: u64) -> Alteration {
        let (user, last) = (self.user, self.last().await);
        let seq = 1 + i64::try_from(self.random.below(u64::try_from(last - 2).expect("some"))).expect("a small number");
        let swap =
            |from: i64, to: i64| format!("UPDATE user_action SET seq = {to} WHERE user_id = {user} AND seq = {from}");
        match kind {
            // Gone: the next one follows from nothing.
            0 => Alteration {
                statements: vec![format!("DELETE FROM user_action WHERE user_id = {user} AND seq = {seq}")],
                named: json!({"kind": "action", "seq": seq + 1}),
            },
            1 => Alteration {
                statements: vec![format!("DELETE FROM user_action WHERE user_id = {user} AND seq = {last}")],
                named: json!({}),
            },
            2 => Alteration {
                statements: vec![swap(seq, 0), swap(seq + 1, seq), swap(0, seq + 1)],
                named: json!({"kind": "action", "seq": seq}),
            },
            3 => {
                Alteration { statements: vec![swap(last, last + 1)], named: json!({"kind": "action", "seq": last + 1}) }
            }
            // The whole end of the log, with the head: what is live tells.
            _ => Alteration {
                statements: vec![
                    format!(
                        "UPDATE last_user_action SET seq = {0}, hash = (SELECT hash FROM user_action WHERE user_id = {user} AND seq = {0}) \
                         WHERE user_id = {user}",
                        last - 1
                    ),
                    format!("DELETE FROM user_action WHERE user_id = {user} AND seq = {last}"),
                ],
                named: json!({}),
            },
        }
    }

    async fn head(&mut self, kind: u64) -> Alteration {
        let user = self.user;
        let set = match kind {
            0 => "seq = seq - 1".to_owned(),
            1 => format!("hash = {}", self.bytes(32)),
            2 => "next_undo = COALESCE(next_undo, 0) - 1".to_owned(),
            // No hash has this length.
            3 => format!("hash = {}", self.bytes(5)),
            _ => "last_ordinary = last_ordinary - 1".to_owned(),
        };
        let statements = vec![format!("UPDATE last_user_action SET {set} WHERE user_id = {user}")];
        Alteration { statements, named: json!({"kind": "head"}) }
    }

    async fn alteration(&mut self, n: u64) -> Alteration {
        match n % 8 {
            0 | 5 => {
                let kind = (n / 4) % 7;
                self.total(kind).await
            }
            1 => self.expense((n / 8) % 15).await,
            2 | 6 => {
                let kind = (n / 4) % 15;
                self.logged(kind).await
            }
            3 => self.amount().await,
            4 => self.order((n / 8) % 5).await,
            _ if n % 16 < 8 => self.head((n / 16) % 5).await,
            _ => self.label((n / 16) % 2).await,
        }
    }
}

/// The payload with another amount, wherever it stands first.
fn alter_amount(payload: &Value, random: &mut Random) -> Value {
    fn alter(value: &mut Value, by: u64) -> bool {
        match value {
            Value::Object(members) => members.iter_mut().any(|(name, member)| match member.as_u64() {
                Some(amount) if name == "amount" => {
                    *member = json!(amount + by);
                    true
                }
                _ => alter(member, by),
            }),
            Value::Array(items) => items.iter_mut().any(|item| alter(item, by)),
            _ => false,
        }
    }
    let mut altered = payload.clone();
    assert!(alter(&mut altered, 1 + random.below(9)), "an amount in {payload}");
    altered
}

#[track_caller]
fn assert_named(what: &Alteration, found: &Value) {
    assert_eq!(found["ok"], false, "{:?} is not found: {found}", what.statements);
    for (member, value) in what.named.as_object().expect("members") {
        assert_eq!(&found["first_bad"][member], value, "{:?}: {found}", what.statements);
    }
    assert!(found["first_bad"]["kind"].is_string(), "{:?}: {found}", what.statements);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_altered_is_named() {
    let alterations = size(16, 100, 100);
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 1).await;
    let mut people = fleet.people(2, seed()).await;
    for person in &mut people {
        assert_eq!(person.work(60).await, Outcome::Acknowledged);
        // What was written last is live, so that it is missed when the log ends before it.
        person.user.record(&json!({"amount": "12.34", "date": "2026-05-06", "tags": ["last"]})).await;
    }
    let (user, other) = (people[0].user.id, people[1].user.id);
    let behind = database.connect().await;
    let execute =
        async |sql: &str| behind.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    for table in TABLES {
        execute(&format!("CREATE TABLE copy_of_{table} AS SELECT * FROM {table}")).await;
    }
    let mut books = Books { database: &database, user, other, random: Random::new(seed()) };
    let client = &people[0].clients[0];
    for n in 0..alterations {
        let alteration = books.alteration(n.try_into().expect("a small number")).await;
        for statement in &alteration.statements {
            assert!(execute(statement).await.rows_affected() > 0, "{statement}");
        }
        assert_named(&alteration, &client.verify_books().await.expect(200).json);
        let (code, line, stderr) = fleet.place(0).outcome(&["verify", "--user", &user.to_string()]);
        assert_eq!(code, 1, "{:?}: {line}{stderr}", alteration.statements);
        assert_named(&alteration, &parse(&line));
        for table in TABLES {
            execute(&format!("DELETE FROM {table}")).await;
        }
        for table in TABLES {
            execute(&format!("INSERT INTO {table} SELECT * FROM copy_of_{table}")).await;
        }
        assert_eq!(client.verify_books().await.expect(200)["ok"], true, "{:?}", alteration.statements);
    }
    fleet.verify();
    behind.close().await.expect("the connection closes");
    figure(
        "a total or an action altered by SQL",
        &format!("{alterations} of {alterations} named, over HTTP and by the command line"),
    );
}
