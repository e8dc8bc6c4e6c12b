//! Limits that are kept by holding a row: two who count at two nodes must not both find room.

use std::future::IntoFuture;

use acceptance::json;
use acceptance::torture::size;
use futures::future::join_all;

use crate::{assert_whole, figure, three};

/// The most personal access tokens of an account.
const MOST: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_kept_when_everybody_counts_at_another_node() {
    let rounds = size(3, 10, 100);
    let (cluster, mut fleet) = three().await;
    let user = fleet.user().await;
    let clients: Vec<_> = (0..3).map(|n| fleet.client(n).with_token(user.token().unwrap())).collect();
    let new = json!({"name": "one more", "scopes": ["read"]});
    let mut made = Vec::new();
    while made.len() < MOST - 1 {
        made.push(clients[made.len() % 3].create_token(&new).await.expect(201).id());
    }
    for _ in 0..rounds {
        // Room for one, and nine who want it.
        let asked = (0..9).map(|n| clients[n % 3].create_token(&new).into_future());
        let answers = join_all(asked).await;
        assert!(answers.iter().all(|answer| [201, 409, 503].contains(&answer.status)), "{answers:?}");
        let won: Vec<i64> = answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.id()).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        for client in &clients {
            assert_eq!(client.tokens().await.expect(200).data().len(), MOST);
        }
        clients[1].revoke_token(won[0]).await.expect(204);
    }
    assert_whole(&cluster, &fleet).await;
    figure("limits", &format!("{rounds} times nine at three nodes wanted the last of {MOST}: one got it"));
}
