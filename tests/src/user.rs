//! Signed-in people.

use std::ops::Deref;

use serde_json::{Value, json};

use crate::client::Client;
use crate::codes::Codes;
use crate::{Answer, App};

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct User {
    client: Client,
    /// The account's identifier.
    pub id: i64,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// The latest refresh token.
    pub refresh_token: String,
}

impl User {
    /// Signs up with `details` on top of an address and a password, and verifies the address.
    pub async fn sign_up(client: &Client, codes: &Codes, email: &str, details: &Value) -> Self {
        let password = "a password of many words";
        let mut body = json!({"email": email, "password": password});
        for (name, value) in details.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        client.register(&body).await.expect(202);
        let tokens = client.verify(email, &codes.latest(email, "verify")).await.expect(200);
        Self::of(client, &tokens, password)
    }

    /// The person whom these tokens belong to.
    #[must_use]
    pub fn of(client: &Client, tokens: &Answer, password: &str) -> Self {
        Self {
            client: client.with_token(&tokens.text("access_token")),
            id: tokens["user"]["id"].as_i64().expect("a user's id"),
            email: tokens["user"]["email"].as_str().expect("an address").to_owned(),
            password: password.to_owned(),
            refresh_token: tokens.text("refresh_token"),
        }
    }

    /// Another session of the same person.
    pub async fn another_session(&self) -> Self {
        let tokens = self.client.signed_out().login(&self.email, &self.password).await.expect(200);
        Self::of(&self.client, &tokens, &self.password)
    }

    /// Logs in again, for when the clock has outrun the access token.
    pub async fn log_in_again(&mut self) {
        *self = self.another_session().await;
    }

    /// The number of the session that the access token belongs to.
    pub async fn session(&self) -> i64 {
        let sessions = self.sessions().await.expect(200);
        let current = sessions.data().iter().find(|session| session["current"] == true);
        current.and_then(|session| session["id"].as_i64()).unwrap_or_else(|| panic!("no current one: {sessions:?}"))
    }

    /// A client that acts with a new personal access token, and the token's identifier.
    pub async fn personal_token(&self, scopes: &[&str]) -> (Client, i64) {
        let made = self.create_token(&json!({"name": "a script", "scopes": scopes})).await.expect(201);
        (self.client.with_token(&made.text("token")), made.id())
    }

    /// Records an expense and returns it.
    pub async fn spend(&self, amount: &str, date: &str, category: i64) -> Value {
        let body = json!({"amount": amount, "date": date, "category_id": category});
        self.create_expense(&body).await.expect(201).json
    }

    /// Records an expense and returns its identifier.
    pub async fn record(&self, body: &Value) -> i64 {
        self.create_expense(body).await.expect(201).id()
    }

    /// Makes a category and returns its identifier.
    pub async fn own_category(&self, name: &str) -> i64 {
        self.create_category(&json!({"name": name})).await.expect(201).id()
    }
}

impl Deref for User {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl App {
    /// A new person who is signed in.
    pub async fn user(&self) -> User {
        self.user_with(&json!({})).await
    }

    /// A new person who is an admin.
    pub async fn admin(&self) -> User {
        let user = self.user().await;
        let promoted = format!("UPDATE user_login SET user_type = 'admin' WHERE id = {}", user.id);
        assert_eq!(self.database.execute(&promoted).await, 1);
        user
    }

    /// A new person with a name, currency or zone.
    pub async fn user_with(&self, details: &Value) -> User {
        User::sign_up(&self.client, &self.codes, &self.new_address(), details).await
    }
}
