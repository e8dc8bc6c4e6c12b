//! A person who writes through the ledger as the application does: read, plan, apply, and again when it was stale.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use florin_domain::calendar::{Month, Timestamp, parse_date};
use florin_domain::categorizer::Categorization;
use florin_domain::category::{Category, Taxonomy};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{
    ActionKind, Blocked, CategoryLink, Change, ChangeSet, Draft, Effect, Guard, Head, Later, OperationId, amend, plan,
    plan_reversal, record, remove,
};
use florin_domain::repository::{
    CategoryRepository, ExpenseFilter, ExpenseQuery, ExpenseRepository, ExpenseSort, LedgerRepository, NewCategory,
    ReportRepository, RepositoryError, SortKey,
};

use crate::db::Database;
use crate::repository::{
    SqlBudgetRepository, SqlCategoryRepository, SqlExpenseRepository, SqlLedgerRepository, SqlReportRepository,
};

static OPERATIONS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
pub(in crate::repository) struct Person {
    pub(super) user: UserId,
    pub(super) database: Database,
    pub(super) ledger: SqlLedgerRepository,
    pub(super) expenses: SqlExpenseRepository,
    pub(super) categories: SqlCategoryRepository,
    pub(super) budgets: SqlBudgetRepository,
    pub(super) reports: SqlReportRepository,
}

/// An expense of 1.00 in Food on 2026-03-01.
pub(in crate::repository) fn lunch() -> ExpenseState {
    let date = parse_date("2026-03-01").unwrap();
    ExpenseState {
        amount: 100,
        date,
        notes: "lunch with Ana".to_owned(),
        category: CategoryId(1),
        categorization: Categorization::client(Timestamp(1_772_366_400_125)),
        tags: vec![],
        external_id: None,
        logged_at: Timestamp(1_772_366_400_125),
        logged_on: date,
        imported: false,
    }
}

pub(super) fn tags(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Person {
    pub(in crate::repository) fn new(database: &Database, user: i64) -> Self {
        Self {
            user: UserId(user),
            database: database.clone(),
            ledger: SqlLedgerRepository::new(database.clone()),
            expenses: SqlExpenseRepository::new(database.clone()),
            categories: SqlCategoryRepository::new(database.clone()),
            budgets: SqlBudgetRepository::new(database.clone()),
            reports: SqlReportRepository::new(database.clone()),
        }
    }

    pub(super) async fn draft(&self, kind: ActionKind, seq: bool) -> Draft {
        self.draft_on(&self.ledger.head(self.user).await.unwrap(), kind, seq)
    }

    fn draft_on(&self, head: &Head, kind: ActionKind, seq: bool) -> Draft {
        let number = OPERATIONS.fetch_add(1, Ordering::Relaxed);
        Draft {
            user: self.user,
            at: Timestamp(1_772_366_400_000 + i64::try_from(number).unwrap()),
            kind,
            operation: OperationId(format!("operation-{number}")),
            salt: [7; 16],
            guard: Guard { taxonomy_version: head.taxonomy_version, seq: seq.then_some(head.seq) },
        }
    }

    pub(in crate::repository) async fn own_category(
        &self,
        name: &str,
        slug: &str,
        phrases: &[String],
    ) -> Result<Category, RepositoryError> {
        let category = Category {
            id: self.categories.reserve_id().await?,
            name: name.to_owned(),
            slug: slug.to_owned(),
            system: false,
            archived_at: None,
            merged_into: None,
            merged_by: None,
            version: 1,
        };
        let at = Timestamp(1_772_366_400_125);
        let (user, phrases) = (self.user, phrases.to_vec());
        let new = NewCategory { user, category: category.clone(), phrases, at, receipt: None };
        self.categories.create(&new).await.map(|()| category)
    }

    pub(super) async fn planned(&self, kind: ActionKind, changes: Vec<Change>) -> ChangeSet {
        plan(self.draft(kind, false).await, changes, vec![]).unwrap()
    }

    pub(super) fn planned_on(&self, head: &Head, kind: ActionKind, changes: Vec<Change>) -> ChangeSet {
        plan(self.draft_on(head, kind, false), changes, vec![]).unwrap()
    }

    pub(in crate::repository) async fn create(&self, state: ExpenseState) -> ExpenseId {
        let id = self.expenses.reserve_ids(1).await.unwrap()[0];
        let change_set = self.planned(ActionKind::Create, vec![record(id, state)]).await;
        self.ledger.apply(&change_set).await.unwrap();
        id
    }

    pub(super) async fn get(&self, id: ExpenseId) -> Expense {
        self.expenses.expense(self.user, id).await.unwrap().unwrap()
    }

    pub(super) async fn edit(&self, id: ExpenseId, edit: impl FnOnce(&mut ExpenseState)) {
        let expense = self.get(id).await;
        let mut after = expense.state.clone();
        edit(&mut after);
        if let Some(change) = amend(&expense, after) {
            self.ledger.apply(&self.planned(ActionKind::Update, vec![change]).await).await.unwrap();
        }
    }

    pub(super) async fn delete(&self, id: ExpenseId) {
        let change = remove(&self.get(id).await);
        self.ledger.apply(&self.planned(ActionKind::Delete, vec![change]).await).await.unwrap();
    }

    pub(super) async fn taxonomy(&self) -> Taxonomy {
        Taxonomy::new(self.categories.categories(self.user).await.unwrap())
    }

    /// Takes an action back, or brings one back. The guard is on the head's number, so a race makes it stale.
    pub(super) async fn reverse(&self, seq: Seq) -> Result<Result<Seq, Blocked>, RepositoryError> {
        let draft = self.draft(ActionKind::Reversal, true).await;
        let target = self.ledger.action(self.user, seq).await?.unwrap();
        let ids: Vec<ExpenseId> = target.changes.iter().map(|change| change.expense).collect();
        let found = self.expenses.expenses(self.user, &ids).await?;
        let current: BTreeMap<ExpenseId, Expense> = found.into_iter().map(|e| (e.id, e)).collect();
        let head = draft.guard.seq.unwrap().0;
        let later: Vec<Seq> = (target.root.0 + 1..=head).map(Seq).collect();
        let later = self.ledger.actions(self.user, &later).await?;
        let later: Vec<Later> = later.iter().map(|action| Later::of(action, |_| true)).collect();
        let mut stragglers = Vec::new();
        for link in target.links.iter().filter(|link| link.before.is_some()) {
            stragglers.extend(self.expenses.in_category(self.user, link.category).await?);
        }
        match plan_reversal(draft, &target, &current, &later, &self.taxonomy().await, &stragglers) {
            Err(blocked) => Ok(Err(blocked)),
            Ok(reversal) if self.wants_a_taken_key(&reversal.change_set).await? => {
                Ok(Err(Blocked::Conflict { blocking: vec![] }))
            }
            Ok(reversal) => Ok(Ok(self.ledger.apply(&reversal.change_set).await?.seq)),
        }
    }

    /// Whether an expense that the changes leave alone holds an external id that they give to another.
    pub(super) async fn wants_a_taken_key(&self, change_set: &ChangeSet) -> Result<bool, RepositoryError> {
        let touched: BTreeSet<ExpenseId> = change_set.changes.iter().map(|change| change.expense).collect();
        let states = change_set.changes.iter().filter_map(|change| change.after.as_ref());
        let keys: Vec<String> = states.filter_map(|state| state.external_id.clone()).collect();
        let holders = self.expenses.by_external_ids(self.user, &keys).await?;
        Ok(holders.iter().any(|holder| !touched.contains(&holder.id)))
    }

    /// Undoes the latest action in effect, if there is one that nothing blocks.
    pub(in crate::repository) async fn undo(&self) -> Option<Seq> {
        let next = self.ledger.head(self.user).await.unwrap().next_undo?;
        self.reverse(next).await.unwrap().ok()
    }

    /// Redoes the latest undo, unless an ordinary action came after it.
    pub(in crate::repository) async fn redo(&self) -> Option<Seq> {
        let head = self.ledger.head(self.user).await.unwrap();
        let undo = self
            .ledger
            .latest_in_effect(self.user, Effect::Undo, None)
            .await
            .unwrap()
            .filter(|undo| *undo > head.last_ordinary)?;
        self.reverse(undo).await.unwrap().ok()
    }

    /// Merges a category into another: its live expenses move, in one action.
    pub(super) async fn merge(&self, from: CategoryId, into: CategoryId) -> Seq {
        let draft = self.draft(ActionKind::Merge, true).await;
        let moved = self.expenses.in_category(self.user, from).await.unwrap();
        let changes =
            moved.iter().filter_map(|e| amend(e, ExpenseState { category: into, ..e.state.clone() })).collect();
        let link = CategoryLink { category: from, before: None, after: Some(into), revived: None };
        self.ledger.apply(&plan(draft, changes, vec![link]).unwrap()).await.unwrap().seq
    }

    /// All live expenses, by date and id.
    pub(super) async fn live(&self) -> Vec<Expense> {
        let query = ExpenseQuery {
            filter: ExpenseFilter::default(),
            sort: ExpenseSort { key: SortKey::Date, descending: false },
            after: None,
            limit: 1_000_000,
        };
        self.expenses.list(self.user, &query).await.unwrap().rows
    }

    /// Fails unless the totals are the sums of the live expenses and the log verifies.
    pub(super) async fn check(&self) {
        let mut sums: BTreeMap<(Month, CategoryId), i64> = BTreeMap::new();
        for expense in self.live().await {
            *sums.entry((expense.state.month(), expense.state.category)).or_default() += expense.state.amount;
        }
        let (first, last) = (Month::parse("1970-01").unwrap(), Month::parse("9999-12").unwrap());
        let totals = self.reports.totals(self.user, first, last).await.unwrap();
        let totals: BTreeMap<_, _> =
            totals.into_iter().map(|(month, category, total)| ((month, category), total)).collect();
        assert_eq!(totals, sums);
        let head = self.ledger.head(self.user).await.unwrap();
        let verified = self.ledger.verify(self.user).await.unwrap();
        assert_eq!(verified.first_bad, None);
        assert_eq!((verified.actions, verified.head_hash), (head.seq.0, head.hash));
    }

    pub(super) async fn live_ids(&self) -> BTreeSet<ExpenseId> {
        self.live().await.into_iter().map(|expense| expense.id).collect()
    }
}
