//! A person of the workload: one operation after the other, each acknowledged or not, and the books looked at afterwards.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::random::Random;
use crate::torture::model::{Model, Operation, differences};
use crate::{Answer, User, books};

/// No answer within this is a hang: a defect, whatever the fault.
const HANG: Duration = Duration::from_secs(40);

/// What came of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A 2xx reached the client: it must be there from now on.
    Acknowledged,
    /// 507: it must not be there.
    Refused,
    /// 503, or no answer: it may be there, or not, but whole. [`Person::reconcile`] finds out, once the fault is over.
    Unknown,
}

/// A person with their model.
#[derive(Debug)]
pub struct Person {
    /// The account, signed in at the first of the servers.
    pub user: User,
    /// The same session at each server.
    pub clients: Vec<Client>,
    /// What must be there.
    pub model: Model,
    /// Whether operations have keys, by which they are asked for again: always, never, or one in two.
    pub keyed: Option<bool>,
    /// How many operations were acknowledged.
    pub acknowledged: usize,
    /// The slowest answer.
    pub slowest: Duration,
    /// How many operations were found done, and not done, though nothing had been acknowledged.
    pub resolved: (usize, usize),
    random: Random,
    sent: u64,
    pending: Option<Pending>,
}

#[derive(Debug, Clone)]
struct Pending {
    operation: Operation,
    /// Method, path, body: as they were when it was first asked for.
    request: (&'static str, String, Value),
    key: Option<String>,
    why: String,
    /// Whether there was an answer, if not one that says what came of it.
    is_answered: bool,
}

impl Person {
    /// Somebody who has nothing yet.
    #[must_use]
    pub fn new(user: User, clients: Vec<Client>, seed: u64) -> Self {
        Self {
            user,
            clients,
            model: Model::default(),
            keyed: None,
            acknowledged: 0,
            slowest: Duration::ZERO,
            resolved: (0, 0),
            random: Random::new(seed),
            sent: 0,
            pending: None,
        }
    }

    /// Whether an operation's outcome is not known yet.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Does one operation at one of the servers.
    ///
    /// # Panics
    /// When an answer is none that may be given, or none comes at all; when an outcome is still unknown.
    pub async fn step(&mut self) -> Outcome {
        assert!(self.pending.is_none(), "reconcile first: {:?}", self.pending);
        let operation = self.model.next(&mut self.random);
        let request = self.model.request(&operation);
        self.sent += 1;
        let is_keyed = self.keyed.unwrap_or_else(|| self.random.below(2) == 0);
        let key = is_keyed.then(|| format!("{}-{}", self.user.id, self.sent));
        let pending = Pending { operation, request, key, why: String::new(), is_answered: false };
        match self.send(&pending).await {
            Ok(answer) if answer.status < 300 => {
                self.model.apply(&pending.operation);
                self.model.learn(&answer.json);
                self.acknowledged += 1;
                Outcome::Acknowledged
            }
            Ok(answer) if answer.status == 507 => Outcome::Refused,
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                self.pending = Some(Pending { why: format!("{answer:?}"), is_answered: true, ..pending });
                Outcome::Unknown
            }
            Err(why) => {
                self.pending = Some(Pending { why, ..pending });
                Outcome::Unknown
            }
        }
    }

    /// Does operations until one is not acknowledged, or `most` of them.
    pub async fn work(&mut self, most: usize) -> Outcome {
        for _ in 0..most {
            match self.step().await {
                Outcome::Acknowledged => {}
                other => return other,
            }
        }
        Outcome::Acknowledged
    }

    /// Whether the last operation was answered 503, and not by silence.
    #[must_use]
    pub fn was_told_to_wait(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.is_answered)
    }

    async fn send(&mut self, pending: &Pending) -> Result<Answer, String> {
        let client = self.random.pick(&self.clients);
        let (method, path, body) = &pending.request;
        let mut call = client.call(method, path);
        if let Some(key) = &pending.key {
            call = call.header("idempotency-key", key);
        }
        let call = if body.is_null() { call } else { call.json(body) };
        let began = Instant::now();
        let answer = tokio::time::timeout(HANG, call.try_send()).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer within {HANG:?}: {pending:?}"));
        if answer.is_ok() {
            self.slowest = self.slowest.max(began.elapsed());
        }
        answer.map_err(|error| format!("{error:?}"))
    }

    /// Looks at the books, now that the fault is over: everything acknowledged is there, the operation of unknown outcome whole
    /// or not at all, totals and listings and the chain agree. Asks again for what had a key: it must be there once.
    ///
    /// # Panics
    /// When something is lost, doubled, partial, or does not agree.
    pub async fn reconcile(&mut self) {
        self.reconcile_within(1).await;
    }

    /// The same while the server is still busy with others: asks again up to so many times while it says 503.
    ///
    /// # Panics
    /// As [`Self::reconcile`].
    pub async fn reconcile_within(&mut self, most: usize) {
        let pending = self.pending.take();
        let happened = self.look(pending.as_ref()).await;
        if let Some(pending) = pending.filter(|pending| pending.key.is_some()) {
            let mut tries = 1;
            let answer = loop {
                let answer = self.send(&pending).await.unwrap_or_else(|error| panic!("{error}: {pending:?}"));
                if answer.status != 503 || tries == most {
                    break answer;
                }
                tries += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            };
            // What was not done the first time is done now; of what was done, the answer is given again.
            assert!(answer.status < 300, "asked again: {answer:?}, first {}: {pending:?}", pending.why);
            assert!(
                !happened || answer.header("idempotency-replayed") == Some("true"),
                "{answer:?}, first {pending:?}"
            );
            self.model.learn(&answer.json);
            if !happened {
                self.model.apply(&pending.operation);
            }
            self.look(None).await;
        }
    }

    /// Returns whether the operation of unknown outcome was done.
    async fn look(&mut self, pending: Option<&Pending>) -> bool {
        let client = self.random.pick(&self.clients).clone();
        let listed = books::assert_sound(&client).await;
        let found = self.model.read(&listed);
        let verified = client.verify_books().await.expect(200);
        let actions = verified["actions"].as_u64().expect("a number of actions");
        let happened = pending.is_some() && actions == self.model.actions + 1;
        if let Some(pending) = pending {
            self.resolved = (self.resolved.0 + usize::from(happened), self.resolved.1 + usize::from(!happened));
            if happened {
                self.model.apply(&pending.operation);
            }
        }
        let differences = differences(&self.model.books, &found);
        assert!(
            differences.is_empty(),
            "user {}: not what was acknowledged: {differences:#?}\n{actions} actions, {} known; {happened} {pending:#?}",
            self.user.id,
            self.model.actions
        );
        assert_eq!(actions, self.model.actions, "user {}: actions; pending {pending:#?}", self.user.id);
        happened
    }
}
