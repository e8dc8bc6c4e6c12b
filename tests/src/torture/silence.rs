//! Somebody between the product and its database whose machine can lose its power: no connection is closed, and nothing
//! comes over it any more.

use std::future::pending;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Forwards TCP connections to a port of this machine.
#[derive(Debug)]
pub struct Silence {
    port: u16,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// How often the power was lost: connections of before are silent for ever.
    losses: u64,
    /// Whether it is back.
    is_on: bool,
    /// Whether what is behind does not learn of it: the network was lost, and not the machine.
    is_unknown_behind: bool,
}

impl Silence {
    /// In front of that port.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(watch::Sender::new(State { losses: 0, is_on: true, is_unknown_behind: false }));
        let states = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(forward(client, target, states.subscribe()));
            }
        });
        Self { port, state, accepting }
    }

    /// The port to connect to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing is heard: not over connections that there are, nor over new ones. The database's sessions end, as
    /// they do with their machine.
    pub fn lose_power(&self) {
        self.fall_silent(false);
    }

    /// The same, but the database runs on, and does not learn that nobody hears it: its sessions stay, with what they have
    /// locked.
    pub fn lose_network(&self) {
        self.fall_silent(true);
    }

    fn fall_silent(&self, is_unknown_behind: bool) {
        self.state.send_modify(|state| *state = State { losses: state.losses + 1, is_on: false, is_unknown_behind });
    }

    /// New connections are forwarded again; those from before stay silent.
    pub fn come_back(&self) {
        self.state.send_modify(|state| state.is_on = true);
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Forwards until nothing is heard any more, then holds the client's connection and reads nothing from it.
async fn forward(mut client: TcpStream, target: u16, mut states: watch::Receiver<State>) {
    if states.borrow_and_update().is_on {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = states.changed() => {}
        }
        if states.borrow().is_unknown_behind {
            return hold(client, Some(server)).await;
        }
    }
    hold(client, None).await;
}

async fn hold(_client: TcpStream, _server: Option<TcpStream>) {
    pending::<()>().await;
}
