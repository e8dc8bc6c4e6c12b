//! A method for each endpoint of http-api.md.

use serde_json::{Value, json};

use crate::client::{Call, Client};

impl Client {
    /// POST /auth/register
    pub fn register(&self, body: &Value) -> Call {
        self.post("/auth/register", body)
    }

    /// POST /auth/verify
    pub fn verify(&self, email: &str, otp: &str) -> Call {
        self.post("/auth/verify", &json!({"email": email, "otp": otp}))
    }

    /// POST /auth/otp
    pub fn request_code(&self, email: &str) -> Call {
        self.post("/auth/otp", &json!({"email": email}))
    }

    /// POST /auth/login with a password
    pub fn login(&self, email: &str, password: &str) -> Call {
        self.post("/auth/login", &json!({"email": email, "password": password}))
    }

    /// POST /auth/login with a code
    pub fn login_with_code(&self, email: &str, otp: &str) -> Call {
        self.post("/auth/login", &json!({"email": email, "otp": otp}))
    }

    /// POST /auth/refresh
    pub fn refresh(&self, refresh_token: &str) -> Call {
        self.post("/auth/refresh", &json!({"refresh_token": refresh_token}))
    }

    /// POST /auth/logout
    pub fn logout(&self, refresh_token: &str) -> Call {
        self.post("/auth/logout", &json!({"refresh_token": refresh_token}))
    }

    /// POST /auth/tokens
    pub fn create_token(&self, body: &Value) -> Call {
        self.post("/auth/tokens", body)
    }

    /// GET /auth/tokens
    pub fn tokens(&self) -> Call {
        self.get("/auth/tokens")
    }

    /// DELETE /auth/tokens/{id}
    pub fn revoke_token(&self, id: i64) -> Call {
        self.delete(&format!("/auth/tokens/{id}"))
    }

    /// GET /auth/sessions
    pub fn sessions(&self) -> Call {
        self.get("/auth/sessions")
    }

    /// DELETE /auth/sessions/{id}
    pub fn end_session(&self, id: i64) -> Call {
        self.delete(&format!("/auth/sessions/{id}"))
    }

    /// GET /auth/login-events
    pub fn login_events(&self, query: &str) -> Call {
        self.get(&format!("/auth/login-events{query}"))
    }

    /// GET /admin/users/{id}
    pub fn account(&self, id: i64) -> Call {
        self.get(&format!("/admin/users/{id}"))
    }

    /// PATCH /admin/users/{id}
    pub fn patch_account(&self, id: i64, body: &Value) -> Call {
        self.patch(&format!("/admin/users/{id}"), body)
    }

    /// POST /admin/users/{id}/revoke-sessions
    pub fn revoke_sessions(&self, id: i64) -> Call {
        self.call("POST", &format!("/admin/users/{id}/revoke-sessions"))
    }

    /// POST /auth/password/forgot
    pub fn forgot_password(&self, email: &str) -> Call {
        self.post("/auth/password/forgot", &json!({"email": email}))
    }

    /// POST /auth/password/reset
    pub fn reset_password(&self, email: &str, otp: &str, new_password: &str) -> Call {
        self.post("/auth/password/reset", &json!({"email": email, "otp": otp, "new_password": new_password}))
    }

    /// PUT /auth/password
    pub fn change_password(&self, current_password: &str, new_password: &str) -> Call {
        self.put("/auth/password", &json!({"current_password": current_password, "new_password": new_password}))
    }

    /// GET /me
    pub fn me(&self) -> Call {
        self.get("/me")
    }

    /// PATCH /me
    pub fn patch_me(&self, body: &Value) -> Call {
        self.patch("/me", body)
    }

    /// GET /categories
    pub fn categories(&self, query: &str) -> Call {
        self.get(&format!("/categories{query}"))
    }

    /// POST /categories
    pub fn create_category(&self, body: &Value) -> Call {
        self.post("/categories", body)
    }

    /// GET /categories/{id}
    pub fn category(&self, id: i64) -> Call {
        self.get(&format!("/categories/{id}"))
    }

    /// PATCH /categories/{id}
    pub fn patch_category(&self, id: i64, body: &Value) -> Call {
        self.patch(&format!("/categories/{id}"), body)
    }

    /// DELETE /categories/{id}, which archives it
    pub fn archive_category(&self, id: i64) -> Call {
        self.delete(&format!("/categories/{id}"))
    }

    /// DELETE /categories/{id}?merge_into=
    pub fn merge_category(&self, id: i64, into: i64) -> Call {
        self.delete(&format!("/categories/{id}?merge_into={into}"))
    }

    /// GET /categories/{id}/keywords
    pub fn keywords(&self, id: i64) -> Call {
        self.get(&format!("/categories/{id}/keywords"))
    }

    /// PUT /categories/{id}/keywords
    pub fn put_keywords(&self, id: i64, keywords: &[&str]) -> Call {
        self.put(&format!("/categories/{id}/keywords"), &json!({"keywords": keywords}))
    }

    /// POST /categories/recategorize
    pub fn recategorize(&self) -> Call {
        self.call("POST", "/categories/recategorize")
    }

    /// POST /categories/recategorize?dry_run=true
    pub fn recategorize_dry(&self) -> Call {
        self.call("POST", "/categories/recategorize?dry_run=true")
    }

    /// POST /categorize
    pub fn categorize(&self, body: &Value) -> Call {
        self.post("/categorize", body)
    }

    /// GET /tags
    pub fn tags(&self) -> Call {
        self.get("/tags")
    }

    /// PATCH /tags/{name}; the name as it stands in a path
    pub fn rename_tag(&self, name: &str, to: &str) -> Call {
        self.patch(&format!("/tags/{name}"), &json!({"name": to}))
    }

    /// DELETE /tags/{name}
    pub fn delete_tag(&self, name: &str) -> Call {
        self.delete(&format!("/tags/{name}"))
    }

    /// POST /expenses
    pub fn create_expense(&self, body: &Value) -> Call {
        self.post("/expenses", body)
    }

    /// GET /expenses
    pub fn expenses(&self, query: &str) -> Call {
        self.get(&format!("/expenses{query}"))
    }

    /// GET /expenses/{id}
    pub fn expense(&self, id: i64) -> Call {
        self.get(&format!("/expenses/{id}"))
    }

    /// PUT /expenses/{id}
    pub fn put_expense(&self, id: i64, body: &Value) -> Call {
        self.put(&format!("/expenses/{id}"), body)
    }

    /// PATCH /expenses/{id}
    pub fn patch_expense(&self, id: i64, body: &Value) -> Call {
        self.patch(&format!("/expenses/{id}"), body)
    }

    /// DELETE /expenses/{id}
    pub fn delete_expense(&self, id: i64) -> Call {
        self.delete(&format!("/expenses/{id}"))
    }

    /// POST /expenses/batch
    pub fn batch(&self, body: &Value) -> Call {
        self.post("/expenses/batch", body)
    }

    /// GET /changes
    pub fn changes(&self, query: &str) -> Call {
        self.get(&format!("/changes{query}"))
    }

    /// GET /budgets
    pub fn budgets(&self, query: &str) -> Call {
        self.get(&format!("/budgets{query}"))
    }

    /// PUT /budgets/{scope}: a category's id or `total`
    pub fn put_budget(&self, scope: &str, body: &Value) -> Call {
        self.put(&format!("/budgets/{scope}"), body)
    }

    /// DELETE /budgets/{scope}
    pub fn delete_budget(&self, scope: &str, query: &str) -> Call {
        self.delete(&format!("/budgets/{scope}{query}"))
    }

    /// GET /summary
    pub fn summary(&self, query: &str) -> Call {
        self.get(&format!("/summary{query}"))
    }

    /// GET /score
    pub fn score(&self, query: &str) -> Call {
        self.get(&format!("/score{query}"))
    }

    /// GET /score/history
    pub fn score_history(&self, query: &str) -> Call {
        self.get(&format!("/score/history{query}"))
    }

    /// GET /insights/spending
    pub fn spending(&self, query: &str) -> Call {
        self.get(&format!("/insights/spending{query}"))
    }

    /// GET /actions
    pub fn actions(&self, query: &str) -> Call {
        self.get(&format!("/actions{query}"))
    }

    /// POST /actions/undo without a body
    pub fn undo(&self) -> Call {
        self.call("POST", "/actions/undo")
    }

    /// POST /actions/undo that expects an action
    pub fn undo_expecting(&self, seq: i64) -> Call {
        self.post("/actions/undo", &json!({"expected_action": seq}))
    }

    /// POST /actions/redo without a body
    pub fn redo(&self) -> Call {
        self.call("POST", "/actions/redo")
    }

    /// POST /actions/{seq}/reverse
    pub fn reverse(&self, seq: i64) -> Call {
        self.call("POST", &format!("/actions/{seq}/reverse"))
    }

    /// GET /actions/verify
    pub fn verify_books(&self) -> Call {
        self.get("/actions/verify")
    }
}
