//! Categories, keywords, budgets; the schema.

use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::category::slug;
use florin_domain::expense::ExpenseState;
use florin_domain::id::CategoryId;
use florin_domain::receipt::Receipt;
use florin_domain::repository::{
    AccountRepository, BudgetRepository, CategoryChange, CategoryRepository, EmptyMerge, LedgerRepository,
    RepositoryError, StoredKeyword, UniqueKey,
};
use florin_migration::Migrator;
use florin_migration::sea_orm_migration::MigratorTrait;

use crate::db::{Database, DatabaseError, DatabaseOptions, SchemaState};
use crate::id_allocator::{IdAllocator, Sequence};
use crate::repository::SqlAccountRepository;
use crate::repository::account::tests::somebody;

use super::database::{TestDatabase, with_database};
use super::person::{Person, lunch, tags};

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[tokio::test]
async fn system_categories_are_everybodys() {
    with_database(async |database| {
        let categories = Person::new(&database, 1).categories.categories(lunch_user()).await.unwrap();
        assert_eq!(categories.len(), 19);
        for (n, category) in (1..).zip(&categories) {
            assert_eq!((category.id, category.system, category.is_live()), (CategoryId(n), true, true));
            assert_eq!(category.slug, slug(&category.name));
        }
        assert_eq!((categories[0].name.as_str(), categories[18].name.as_str()), ("Food", "Uncategorized"));
        assert_eq!(categories[10].slug, "personal-care");
    })
    .await;
}

const fn lunch_user() -> florin_domain::id::UserId {
    florin_domain::id::UserId(1)
}

#[tokio::test]
async fn categories_change_only_on_the_version_that_was_read() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let version = async || ana.ledger.head(ana.user).await.unwrap().taxonomy_version;
        let at = Timestamp(5);
        let tea = ana.own_category("Tea", "tea", &[]).await.unwrap();
        let taken = ana.own_category("TEA", "tea", &[]).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::CategorySlug))));
        assert_eq!(version().await, 1, "what failed counted nothing");
        // Somebody else's name is free.
        Person::new(&database, 2).own_category("Tea", "tea", &[]).await.unwrap();

        let rename = |name: &str| CategoryChange { name: Some((name.to_owned(), slug(name))), ..Default::default() };
        ana.categories.update(ana.user, tea.id, 1, &rename("Green Tea")).await.unwrap();
        let stale = ana.categories.update(ana.user, tea.id, 1, &rename("Black Tea")).await;
        assert!(matches!(stale, Err(RepositoryError::Stale)));
        let system = ana.categories.update(ana.user, CategoryId(1), 1, &rename("Mine")).await;
        assert!(matches!(system, Err(RepositoryError::Stale)));
        let coffee = ana.own_category("Coffee", "coffee", &[]).await.unwrap();
        let taken = ana.categories.update(ana.user, coffee.id, 1, &rename("Green Tea")).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::CategorySlug))));

        let archive = CategoryChange { archived_at: Some(Some(at)), ..Default::default() };
        ana.categories.update(ana.user, tea.id, 2, &archive).await.unwrap();
        let archived = ana.taxonomy().await.get(tea.id).cloned().unwrap();
        assert_eq!((archived.archived_at, archived.version), (Some(at), 3));
        // An archived category's name is free; bringing it back then is not possible.
        let other = ana.own_category("Green Tea", "green-tea", &[]).await.unwrap();
        let back = CategoryChange { archived_at: Some(None), ..Default::default() };
        let taken = ana.categories.update(ana.user, tea.id, 3, &back).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::CategorySlug))));
        ana.categories.update(ana.user, other.id, 1, &rename("Oolong")).await.unwrap();
        ana.categories.update(ana.user, tea.id, 3, &back).await.unwrap();
        assert!(ana.taxonomy().await.get(tea.id).unwrap().is_live());

        // What an action merged, only its reversal brings back.
        ana.merge(tea.id, coffee.id).await;
        let stale = ana.categories.update(ana.user, tea.id, 5, &back).await;
        assert!(matches!(stale, Err(RepositoryError::Stale)));
        ana.categories.update(ana.user, tea.id, 5, &rename("White Tea")).await.unwrap();
        assert_eq!(ana.taxonomy().await.resolve(tea.id), coffee.id);
        ana.undo().await;
        assert_eq!(ana.taxonomy().await.live_by_slug("white-tea").map(|tea| tea.id), Some(tea.id));
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn only_an_empty_category_as_it_was_read_is_merged_without_an_action() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let tea = ana.own_category("Tea", "tea", &[]).await.unwrap().id;
        let merge = EmptyMerge {
            user: ana.user,
            category: tea,
            version: 1,
            into: CategoryId(1),
            at: Timestamp(5),
            taxonomy_version: 1,
        };
        ana.create(ExpenseState { category: tea, ..lunch() }).await;
        let of_ben = EmptyMerge { user: florin_domain::id::UserId(2), taxonomy_version: 0, ..merge };
        // An expense lies in it by now; it is somebody else's.
        for stale in [merge, of_ben] {
            let refused = ana.categories.merge_empty(&stale).await;
            assert!(matches!(refused, Err(RepositoryError::Stale)), "{stale:?}");
        }
        ana.undo().await;
        for stale in [EmptyMerge { version: 2, ..merge }, EmptyMerge { taxonomy_version: 0, ..merge }] {
            let refused = ana.categories.merge_empty(&stale).await;
            assert!(matches!(refused, Err(RepositoryError::Stale)), "{stale:?}");
        }
        assert!(ana.taxonomy().await.get(tea).unwrap().is_live());
        ana.categories.merge_empty(&merge).await.unwrap();
        assert_eq!(ana.taxonomy().await.resolve(tea), CategoryId(1));
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().taxonomy_version, 2);
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn a_keyword_stands_under_one_category() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        ana.categories.put_keywords(ana.user, CategoryId(1), &tags(&["zomato", "Ünal", "a"])).await.unwrap();
        ana.categories.put_keywords(ana.user, CategoryId(4), &tags(&["a", "milk", "milk"])).await.unwrap();
        let keyword =
            |category, phrase: &str| StoredKeyword { category: CategoryId(category), phrase: phrase.to_owned() };
        let stored = ana.categories.keywords(ana.user).await.unwrap();
        assert_eq!(stored, [keyword(4, "a"), keyword(4, "milk"), keyword(1, "zomato"), keyword(1, "Ünal")]);
        ana.categories.put_keywords(ana.user, CategoryId(4), &[]).await.unwrap();
        assert_eq!(ana.categories.keywords(ana.user).await.unwrap().len(), 2);
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().taxonomy_version, 3);
    })
    .await;
}

#[tokio::test]
async fn a_category_is_made_with_its_keywords_or_not_at_all() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        ana.categories.put_keywords(ana.user, CategoryId(1), &tags(&["chai", "zomato"])).await.unwrap();
        let tea = ana.own_category("Tea", "tea", &tags(&["oolong", "chai"])).await.unwrap();
        let stored = ana.categories.keywords(ana.user).await.unwrap();
        let stored: Vec<_> = stored.iter().map(|keyword| (keyword.category, keyword.phrase.as_str())).collect();
        assert_eq!(stored, [(tea.id, "chai"), (tea.id, "oolong"), (CategoryId(1), "zomato")]);
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().taxonomy_version, 2);

        let taken = ana.own_category("TEA", "tea", &tags(&["chai", "new"])).await;
        assert!(matches!(taken, Err(RepositoryError::Taken(UniqueKey::CategorySlug))));
        // The keywords fail after the category was written.
        ana.execute("ALTER TABLE keyword RENAME TO keyword_gone").await;
        assert!(ana.own_category("Coffee", "coffee", &tags(&["beans"])).await.is_err());
        ana.execute("ALTER TABLE keyword_gone RENAME TO keyword").await;
        assert!(ana.taxonomy().await.live_by_slug("coffee").is_none());
        assert_eq!(ana.categories.keywords(ana.user).await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn limits_have_a_history() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let entry = |scope, from, limit| BudgetEntry { scope, from_month: month(from), limit };
        let (food, tea) = (Scope::Category(CategoryId(1)), ana.own_category("Tea", "tea", &[]).await.unwrap().id);
        assert!(!ana.budgets.exists(ana.user, food).await.unwrap());
        for entry in [
            entry(food, "2026-03", Some(200)),
            entry(food, "2026-01", Some(100)),
            entry(Scope::Total, "2026-02", Some(0)),
            entry(Scope::Category(tea), "2026-02", Some(7)),
            entry(Scope::Category(tea), "2026-09", Some(8)),
            entry(food, "2026-03", None),
        ] {
            ana.budgets.put(ana.user, &entry, 1).await.unwrap();
        }
        let stale = ana.budgets.put(ana.user, &entry(food, "2026-05", Some(1)), 0).await;
        assert!(matches!(stale, Err(RepositoryError::Stale)));
        let until_march = ana.budgets.entries(ana.user, month("2026-03")).await.unwrap();
        assert_eq!(
            until_march,
            [
                entry(Scope::Total, "2026-02", Some(0)),
                entry(food, "2026-01", Some(100)),
                entry(food, "2026-03", None),
                entry(Scope::Category(tea), "2026-02", Some(7)),
            ]
        );
        assert!(ana.budgets.exists(ana.user, food).await.unwrap());

        let archive = CategoryChange {
            archived_at: Some(Some(Timestamp(2))),
            limits_end: Some(month("2026-04")),
            ..Default::default()
        };
        ana.categories.update(ana.user, tea, 1, &archive).await.unwrap();
        let of_tea: Vec<_> = ana.budgets.entries(ana.user, month("9999-12")).await.unwrap();
        let of_tea: Vec<_> = of_tea.into_iter().filter(|e| e.scope == Scope::Category(tea)).collect();
        assert_eq!(
            of_tea,
            [entry(Scope::Category(tea), "2026-02", Some(7)), entry(Scope::Category(tea), "2026-04", None)]
        );

        let back = CategoryChange { archived_at: Some(None), ..Default::default() };
        ana.categories.update(ana.user, tea, 2, &back).await.unwrap();
        ana.merge(tea, CategoryId(1)).await;
        let entries = ana.budgets.entries(ana.user, month("9999-12")).await.unwrap();
        assert!(entries.iter().all(|e| e.scope != Scope::Category(tea)), "of a merged category there are none");

        // A person without a head.
        let ben = Person::new(&database, 2);
        ben.budgets.put(ben.user, &entry(Scope::Total, "2026-01", Some(5)), 0).await.unwrap();
        assert!(ben.budgets.exists(ben.user, Scope::Total).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_schema_is_made_and_unmade() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.ping().await.unwrap();
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Missing);
    let names = database.migrate().await.unwrap();
    assert_eq!(names.len(), Migrator::migrations().len());
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
    assert_eq!(database.migrate().await.unwrap(), Vec::<String>::new());

    let writing = database.writing();
    Migrator::down(writing, Some(2)).await.unwrap();
    let pending = names[names.len() - 2..].to_vec();
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Older { pending: pending.clone() });
    assert_eq!(database.migrate().await.unwrap(), pending);
    Migrator::down(writing, None).await.unwrap();
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Missing);
    assert_eq!(database.migrate().await.unwrap(), names);

    let ana = Person::new(&database, 1);
    ana.create(lunch()).await;
    ana.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_000001_later', 1)").await;
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Newer);
    let newer = database.migrate().await;
    assert!(matches!(newer, Err(DatabaseError::Newer(name)) if name == "m99990101_000001_later"));
    fresh.remove(&[database]).await;
}

#[tokio::test]
async fn a_migration_that_was_cut_short_is_run_again() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        ana.create(lunch()).await;
        // The tables are there, the notes of them are not.
        ana.execute("DELETE FROM seaql_migrations").await;
        assert_eq!(database.migrate().await.unwrap().len(), Migrator::migrations().len());
        assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
        ana.create(lunch()).await;
        ana.check().await;
    })
    .await;
}

#[tokio::test]
async fn addresses_that_name_no_database_are_refused() {
    let options = DatabaseOptions::default();
    let connect = async |url: &str| Database::connect(url, &options).await.unwrap_err().to_string();
    for url in ["", "florin.db", "sqlite:florin.db", "redis://localhost", "file://x"] {
        assert!(connect(url).await.contains("must start with"), "{url}");
    }
    for url in ["sqlite://", "sqlite://:memory:", "mysql://user:secret@host:port/x"] {
        let message = connect(url).await;
        assert!(message.contains("malformed") && !message.contains("secret"), "{url}");
    }
    assert!(connect("sqlite://no/such/florin.db").await.contains("no database file no/such/florin.db"));
    assert!(!std::path::Path::new("no").exists());
}

#[tokio::test]
async fn identifiers_are_handed_out_once() {
    let fresh = TestDatabase::empty().await;
    let (a, b) = (fresh.connect().await, fresh.connect().await);
    a.migrate().await.unwrap();
    let mut all = Vec::new();
    let tasks: Vec<_> = (0..16)
        .map(|n: usize| {
            let ids = IdAllocator::new(if n.is_multiple_of(2) { a.clone() } else { b.clone() });
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for count in [1, 3, 40, 0, 7] {
                    let some = ids.reserve(Sequence::Tag, count).await.unwrap();
                    assert_eq!(some.len(), count);
                    assert!(some.is_sorted());
                    mine.extend(some);
                }
                mine
            })
        })
        .collect();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), all[0]), (count, 1));
    fresh.remove(&[a, b]).await;
}

/// Asked again under a key that was answered, nothing that was chosen meanwhile is forgotten: both are one transaction.
#[tokio::test]
async fn what_was_learned_is_forgotten_once_under_a_key() {
    with_database(async |database| {
        let accounts = SqlAccountRepository::new(database.clone());
        let id = accounts.create(&somebody()).await.unwrap();
        let ana = Person::new(&database, id.0);
        let receipt = Receipt { key: [1; 32], fingerprint: [2; 32], answer: vec![3] };
        let forget = async |at: i64| {
            ana.categories.forget_learned(id, Timestamp(at), Some(receipt.clone()), Timestamp(at)).await
        };
        let since = async || accounts.account(id).await.unwrap().unwrap().learned_since;
        assert_eq!(since().await, None);
        forget(5000).await.unwrap();
        assert_eq!(since().await, Some(Timestamp(5000)));
        assert!(matches!(forget(6000).await, Err(RepositoryError::Taken(UniqueKey::Operation))));
        assert_eq!(since().await, Some(Timestamp(5000)));
    })
    .await;
}
