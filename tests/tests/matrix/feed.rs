//! How each place that takes an identifier is fed.

use acceptance::notifications::Told;
use acceptance::{Answer, App, User, Value, json};

/// What an identifier is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// An expense.
    Expense,
    /// A category of one's own.
    Category,
    /// A tag.
    Tag,
    /// An action, by its number in its owner's log.
    Action,
    /// What a client calls an expense of its own.
    ExternalId,
    /// A session.
    Session,
    /// A personal access token.
    Token,
    /// A notification.
    Notification,
    /// A device.
    Device,
    /// A delivery of a notification; only admins may name one.
    Delivery,
    /// An account; only admins may name one.
    Account,
}

/// How a place is fed, and what comes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    /// What it takes.
    pub(crate) of: Of,
    /// The status for a stranger's, the same as for one that never was.
    pub(crate) absent: u16,
    /// The status for one's own; `None` where there is none that could be named.
    pub(crate) own: Option<u16>,
    /// The body besides the identifier.
    body: Body,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    None,
    Amount,
    Dated,
    Limit,
    Name,
    Keywords,
    Empty,
}

const fn feed(of: Of, absent: u16, own: u16, body: Body) -> Option<Feed> {
    Some(Feed { of, absent, own: Some(own), body })
}

const fn for_admins(of: Of, body: Body) -> Option<Feed> {
    Some(Feed { of, absent: 403, own: None, body })
}

/// How a place is fed; `None` for one that is not known here.
pub(crate) fn known(slot: &str) -> Option<Feed> {
    match slot {
        "get /api/v1/expenses/{id} path id" => feed(Of::Expense, 404, 200, Body::None),
        "put /api/v1/expenses/{id} path id" => feed(Of::Expense, 404, 200, Body::Dated),
        "patch /api/v1/expenses/{id} path id" => feed(Of::Expense, 404, 200, Body::Amount),
        "delete /api/v1/expenses/{id} path id" => feed(Of::Expense, 404, 204, Body::None),
        "post /api/v1/expenses/batch body /operations/*/id" => feed(Of::Expense, 422, 200, Body::None),
        "post /api/v1/expenses/batch body /operations/*/category_id" => feed(Of::Category, 422, 200, Body::None),
        "post /api/v1/expenses/batch body /operations/*/external_id" => feed(Of::ExternalId, 200, 200, Body::None),
        "post /api/v1/expenses body /category_id" => feed(Of::Category, 422, 201, Body::Amount),
        "put /api/v1/expenses/{id} body /category_id" => feed(Of::Category, 422, 200, Body::Dated),
        "patch /api/v1/expenses/{id} body /category_id" => feed(Of::Category, 422, 200, Body::None),
        "post /api/v1/expenses body /external_id" => feed(Of::ExternalId, 201, 200, Body::Amount),
        "put /api/v1/expenses/{id} body /external_id" => feed(Of::ExternalId, 200, 409, Body::Dated),
        "patch /api/v1/expenses/{id} body /external_id" => feed(Of::ExternalId, 200, 409, Body::None),
        "get /api/v1/expenses query category_id" => feed(Of::Category, 200, 200, Body::None),
        "get /api/v1/expenses query tag" => feed(Of::Tag, 200, 200, Body::None),
        "get /api/v1/categories/{id} path id" => feed(Of::Category, 404, 200, Body::None),
        "patch /api/v1/categories/{id} path id" => feed(Of::Category, 404, 200, Body::Name),
        "delete /api/v1/categories/{id} path id" => feed(Of::Category, 404, 204, Body::None),
        "delete /api/v1/categories/{id} query merge_into" => feed(Of::Category, 422, 204, Body::None),
        "get /api/v1/categories/{id}/keywords path id" => feed(Of::Category, 404, 200, Body::None),
        "put /api/v1/categories/{id}/keywords path id" => feed(Of::Category, 404, 200, Body::Keywords),
        "put /api/v1/budgets/{category_id} path category_id" => feed(Of::Category, 404, 200, Body::Limit),
        "delete /api/v1/budgets/{category_id} path category_id" => feed(Of::Category, 404, 204, Body::None),
        "patch /api/v1/tags/{name} path name" => feed(Of::Tag, 404, 200, Body::Name),
        "delete /api/v1/tags/{name} path name" => feed(Of::Tag, 404, 204, Body::None),
        "post /api/v1/actions/{seq}/reverse path seq" => feed(Of::Action, 404, 200, Body::None),
        "post /api/v1/actions/undo body /expected_action"
        | "post /api/reverseLastAction body /expected_action"
        | "post /reverseLastAction body /expected_action" => feed(Of::Action, 409, 200, Body::None),
        "post /api/v1/actions/redo body /expected_action" => {
            Some(Feed { of: Of::Action, absent: 404, own: None, body: Body::None })
        }
        "delete /api/v1/auth/sessions/{id} path id" => feed(Of::Session, 404, 204, Body::None),
        "delete /api/v1/auth/tokens/{id} path id" => feed(Of::Token, 404, 204, Body::None),
        "post /api/v1/notifications/{id}/read path id" => feed(Of::Notification, 404, 200, Body::None),
        "delete /api/v1/devices/{id} path id" => feed(Of::Device, 404, 204, Body::None),
        "get /api/v1/admin/users/{id} path id"
        | "post /api/v1/admin/users/{id}/revoke-sessions path id"
        | "get /api/v1/admin/login-events query user_id" => for_admins(Of::Account, Body::None),
        "post /api/v1/admin/outbox/{id}/retry path id" => for_admins(Of::Delivery, Body::None),
        "patch /api/v1/admin/users/{id} path id" => for_admins(Of::Account, Body::Empty),
        _ => None,
    }
}

/// Things of one person, one of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Things {
    pub(crate) expense: i64,
    pub(crate) category: i64,
    pub(crate) tag: String,
    pub(crate) action: i64,
    pub(crate) external_id: String,
    pub(crate) session: i64,
    pub(crate) token: i64,
    pub(crate) notification: i64,
    pub(crate) device: i64,
    pub(crate) delivery: i64,
    pub(crate) account: i64,
}

impl Things {
    /// New things of a person, none of which was used before. The latest action is the one that they name.
    pub(crate) async fn of(app: &App, user: &User, n: usize) -> Self {
        let category = user.own_category(&format!("Hobby {n} of {}", user.id)).await;
        user.put_budget(&category.to_string(), &json!({"limit": "10"})).await.expect(200);
        user.put_keywords(category, &[&format!("word{n}")]).await.expect(200);
        let (tag, external_id) = (format!("tag-{n}-of-{}", user.id), format!("key-{n}-of-{}", user.id));
        let body = json!({"amount": "5", "notes": format!("private to {}", user.email), "tags": [tag], "external_id": external_id});
        let made = user.create_expense(&body).await.expect(201);
        let session = user.another_session().await.session().await;
        let token = user.personal_token(&["read"]).await.1;
        let action = made["action"].as_i64().unwrap();
        let notification = app.tell(user.id, Told::Overspend(Some((category, "Hobby")))).await;
        let delivery = app.deliver(user.id, notification, "email", 2).await;
        let body = json!({"token": format!("token-{n}-of-{}", user.id), "platform": "web", "name": user.email});
        let device = user.post("/devices", &body).await.expect(201).id();
        Self {
            expense: made.id(),
            category,
            tag,
            action,
            external_id,
            session,
            token,
            notification,
            device,
            delivery,
            account: user.id,
        }
    }

    /// What never was.
    pub(crate) fn never() -> Self {
        let id = 8_000_000_000;
        let text = || "never-was".to_owned();
        Self {
            expense: id,
            category: id,
            tag: text(),
            action: id,
            external_id: text(),
            session: id,
            token: id,
            notification: id,
            device: id,
            delivery: id,
            account: id,
        }
    }

    /// The one of a kind.
    pub(crate) fn one(&self, of: Of) -> Value {
        match of {
            Of::Expense => json!(self.expense),
            Of::Category => json!(self.category),
            Of::Tag => json!(self.tag),
            Of::Action => json!(self.action),
            Of::ExternalId => json!(self.external_id),
            Of::Session => json!(self.session),
            Of::Token => json!(self.token),
            Of::Notification => json!(self.notification),
            Of::Device => json!(self.device),
            Of::Delivery => json!(self.delivery),
            Of::Account => json!(self.account),
        }
    }
}

/// Asks for `named` at a place; all else that the request needs is `mine`, the asker's own.
pub(crate) async fn ask(user: &User, slot: &str, feed: Feed, named: &Value, mine: &Things) -> Answer {
    let mut parts = slot.split(' ');
    let mut next = || parts.next().expect("method, path, place, name");
    let (method, path, place, name) = (next(), next(), next(), next());
    let text = named.as_str().map_or_else(|| named.to_string(), str::to_owned);
    let own = if path.contains("/expenses/") { mine.expense } else { mine.category };
    let mut concrete = match place {
        "path" => path
            .split('/')
            .map(|part| if part.starts_with('{') { text.as_str() } else { part })
            .collect::<Vec<_>>()
            .join("/"),
        _ => path.replace("{id}", &own.to_string()),
    };
    if place == "query" {
        concrete = format!("{concrete}?{name}={text}");
    }
    let mut body = match feed.body {
        Body::None if place == "body" => json!({}),
        Body::None => Value::Null,
        Body::Amount => json!({"amount": "9"}),
        Body::Dated => json!({"amount": "9", "date": "2026-03-01"}),
        Body::Limit => json!({"limit": "7"}),
        Body::Name => json!({"name": format!("renamed by {}", user.id)}),
        Body::Keywords => json!({"keywords": ["stolen"]}),
        Body::Empty => json!({}),
    };
    if let Some(member) = name.strip_prefix("/operations/*/").filter(|_| place == "body") {
        let operation = if member == "id" { json!({"op": "delete"}) } else { json!({"op": "create", "amount": "9"}) };
        body = json!({"operations": [operation]});
        body["operations"][0][member] = named.clone();
    } else if place == "body" {
        body[name.trim_start_matches('/')] = named.clone();
    }
    let call = user.at(&method.to_uppercase(), &concrete);
    if body.is_null() { call.await } else { call.json(&body).await }
}
