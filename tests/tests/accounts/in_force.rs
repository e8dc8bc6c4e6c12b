//! What ends somebody's access is in force on the next request, on every instance.

use acceptance::{App, Client, User, json, spawn};

/// A person with a session and a personal access token, as two instances see them.
struct Seen {
    user: User,
    clients: Vec<Client>,
}

async fn seen(app: &App, elsewhere: &Client) -> Seen {
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read", "write"]).await;
    let there = |client: &Client| elsewhere.with_token(client.token().unwrap());
    let clients = vec![Client::clone(&user), there(&user), script.clone(), there(&script)];
    for client in &clients {
        client.me().await.expect(200);
    }
    Seen { user, clients }
}

impl Seen {
    /// Tries everything with every token on every instance: by session on both, by token on both.
    async fn served(&self) -> Vec<bool> {
        let mut served = Vec::new();
        for client in &self.clients {
            let answers = [
                client.me().await,
                client.expenses("").await,
                client.create_expense(&json!({"amount": "1"})).await,
                client.at("GET", "/api/score").await,
            ];
            let good = answers.iter().filter(|answer| answer.status < 400).count();
            assert!(good == 0 || good == answers.len(), "served in part: {answers:?}");
            for refused in answers.into_iter().filter(|answer| answer.status >= 400) {
                refused.refused(401, "invalid_token");
            }
            served.push(good > 0);
        }
        served
    }
}

#[tokio::test]
async fn what_ends_access_is_in_force_at_once_and_everywhere() {
    let mut app = spawn().await;
    let elsewhere = app.another_instance().await;
    let admin = app.admin().await;
    let both = |session: bool, token: bool| vec![session, session, token, token];

    let out = seen(&app, &elsewhere).await;
    app.client.logout(&out.user.refresh_token).await.expect(204);
    assert_eq!(out.served().await, both(false, true), "log-out");

    let ended = seen(&app, &elsewhere).await;
    ended.user.another_session().await.end_session(ended.user.session().await).await.expect(204);
    assert_eq!(ended.served().await, both(false, true), "ended from another device");

    let revoked = seen(&app, &elsewhere).await;
    let token = revoked.user.tokens().await.expect(200).data()[0]["id"].as_i64().unwrap();
    revoked.user.revoke_token(token).await.expect(204);
    assert_eq!(revoked.served().await, both(true, false), "a token revoked");

    let all = seen(&app, &elsewhere).await;
    admin.revoke_sessions(all.user.id).await.expect(204);
    assert_eq!(all.served().await, both(false, false), "all revoked by an admin");

    let disabled = seen(&app, &elsewhere).await;
    admin.patch_account(disabled.user.id, &json!({"disabled": true})).await.expect(200);
    assert_eq!(disabled.served().await, both(false, false), "disabled");
    admin.patch_account(disabled.user.id, &json!({"disabled": false})).await.expect(200);
    assert_eq!(disabled.served().await, both(false, true), "enabled again: sessions stay ended");

    let reused = seen(&app, &elsewhere).await;
    let next = app.client.refresh(&reused.user.refresh_token).await.expect(200);
    app.client.refresh(&next.text("refresh_token")).await.expect(200);
    app.client.refresh(&reused.user.refresh_token).await.refused(401, "invalid_refresh_token");
    assert_eq!(reused.served().await, both(false, true), "a used refresh token shown again");
}

#[tokio::test]
async fn a_role_is_in_force_at_once_and_everywhere() {
    let mut app = spawn().await;
    let elsewhere = app.another_instance().await;
    let (user, admin) = (app.user().await, app.admin().await);
    let there = elsewhere.with_token(user.token().unwrap());
    for client in [&*user, &there] {
        client.get("/admin/stats").await.refused(403, "forbidden");
    }
    admin.patch_account(user.id, &json!({"role": "admin"})).await.expect(200);
    for client in [&*user, &there] {
        client.get("/admin/stats").await.expect(200);
        assert_eq!(client.me().await.expect(200)["role"], "admin");
    }
    admin.patch_account(user.id, &json!({"role": "user"})).await.expect(200);
    for client in [&*user, &there] {
        client.get("/admin/stats").await.refused(403, "forbidden");
        assert_eq!(client.me().await.expect(200)["role"], "user");
    }
}
