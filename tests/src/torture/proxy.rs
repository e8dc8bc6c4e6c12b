//! A wire between Florin and its database that can be cut where it hurts most: at COMMIT.
//!
//! It reads just enough of the protocols of MySQL and PostgreSQL to tell one statement from the next. What is cut is decided
//! by the first connection on which the awaited statement passes.

mod frames;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::database::Engine;
use frames::Frames;

/// Where a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// COMMIT does not reach the database.
    BeforeCommit,
    /// COMMIT was sent to the database, which may see it or not.
    WithCommit,
    /// COMMIT was carried out; its answer does not come back.
    AfterCommit,
    /// A statement, whatever it is, does not reach the database.
    Statement,
}

/// How a connection ends, at both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// RST: what is on its way is lost.
    Reset,
    /// FIN: what was sent still arrives.
    Close,
}

#[derive(Debug, Default)]
struct State {
    /// With how many such statements are to pass before.
    order: Mutex<Option<(Cut, Manner, usize)>>,
    done: Notify,
    cuts: AtomicUsize,
    commits: AtomicUsize,
}

/// The wire. It ends with this value, and every connection over it.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: Arc<State>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// A wire to the server of that database's address.
    ///
    /// # Panics
    /// When the address is of no server.
    pub async fn to(database: &str) -> Self {
        let (before, rest) = database.split_once('@').expect("an address with a user");
        let (host, name) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        // In the clear, or nothing could be read.
        let mode = match Engine::chosen() {
            Engine::Postgres(_) => "sslmode=disable",
            _ => "ssl-mode=DISABLED",
        };
        let joint = if name.contains('?') { '&' } else { '?' };
        let url = format!("{before}@127.0.0.1:{port}/{name}{joint}{mode}");
        let state = Arc::new(State::default());
        let (host, shared) = (host.to_owned(), Arc::clone(&state));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (host, state) = (host.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(&host).await {
                        carry(client, server, &state).await;
                    }
                });
            }
        });
        Self { url, state, accepting }
    }

    /// The database's address over this wire.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts the first connection that comes to that point, after so many that pass. Returns whether one did before `most`.
    ///
    /// # Panics
    /// When a cut is still waited for.
    pub async fn cut(&self, cut: Cut, manner: Manner, after: usize, most: Duration) -> bool {
        let before = self.state.order.lock().expect("the order").replace((cut, manner, after));
        assert!(before.is_none(), "one cut after the other");
        if tokio::time::timeout(most, self.state.done.notified()).await.is_ok() {
            return true;
        }
        let is_withdrawn = self.state.order.lock().expect("the order").take().is_some();
        if !is_withdrawn {
            self.state.done.notified().await;
        }
        !is_withdrawn
    }

    /// How many connections were cut.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::Relaxed)
    }

    /// How many COMMITs came by.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.state.commits.load(Ordering::Relaxed)
    }
}

impl State {
    /// What is to be done about a statement.
    fn decide(&self, is_commit: bool) -> Option<(Cut, Manner)> {
        if is_commit {
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        let mut order = self.order.lock().expect("the order");
        let (cut, manner, left) = order.as_mut()?;
        if !is_commit && *cut != Cut::Statement {
            return None;
        }
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let decided = (*cut, *manner);
        *order = None;
        Some(decided)
    }
}

/// Carries bytes both ways until one side ends or the wire is cut.
async fn carry(mut client: TcpStream, mut server: TcpStream, state: &State) {
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    if let Ok(Some(manner)) = carry_to_cut(&mut client, &mut server, state).await {
        if manner == Manner::Reset {
            client.set_zero_linger().ok();
            server.set_zero_linger().ok();
        }
        drop((client, server));
        state.cuts.fetch_add(1, Ordering::Relaxed);
        state.done.notify_one();
    }
}

/// The manner of the cut; `None` when one side ended by itself.
async fn carry_to_cut(client: &mut TcpStream, server: &mut TcpStream, state: &State) -> io::Result<Option<Manner>> {
    let mut frames = Frames::of(Engine::chosen());
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 {
                    return Ok(None);
                }
                frames.push(&asked[..read]);
                while let Some(frame) = frames.next() {
                    let decision = if frame.is_statement { state.decide(frame.is_commit) } else { None };
                    let Some((cut, manner)) = decision else {
                        server.write_all(&frame.bytes).await?;
                        continue;
                    };
                    if matches!(cut, Cut::WithCommit | Cut::AfterCommit) {
                        server.write_all(&frame.bytes).await.ok();
                    }
                    if cut == Cut::AfterCommit {
                        // The beginning of its answer tells that it was done; whatever came is dropped.
                        let _came = server.read(&mut answered).await;
                    }
                    return Ok(Some(manner));
                }
            }
            read = server.read(&mut answered) => {
                let read = read?;
                if read == 0 {
                    return Ok(None);
                }
                client.write_all(&answered[..read]).await?;
            }
        }
    }
}
