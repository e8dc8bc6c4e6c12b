//! Clients on connections that they keep, and what they saw. They cost next to nothing: what is measured is the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a client sends as its n-th request: the bytes of it.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// When clients send.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each sends as soon as it is answered.
    Closed,
    /// So many a second by all of them together, whether or not the server keeps up. What is answered late counts from when
    /// it should have been sent.
    Open(f64),
}

/// What was seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// How many were answered as they should be.
    pub(crate) done: usize,
    /// Other answers, by status.
    pub(crate) refused: Vec<u16>,
    /// How long it took.
    pub(crate) took: Duration,
    /// Of each answer, in microseconds, ascending.
    latencies: Vec<u64>,
}

impl Seen {
    /// Answers in a second.
    #[must_use]
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    /// The latency that this share of the answers kept, in microseconds.
    #[must_use]
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let at = (self.latencies.len() as f64 * share) as usize;
        self.latencies.get(at.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Lets every client send for that long, on a thread of their own; all must be answered with `status`.
#[must_use]
pub(crate) fn load(base: &str, clients: Vec<Requests>, status: u16, pace: Pace, time: Duration) -> Seen {
    let address = base.trim_start_matches("http://").to_owned();
    let clients = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let count = clients.len();
            let mut streams = Vec::new();
            for _ in 0..count {
                let stream = TcpStream::connect(&address).await.expect("the server listens");
                stream.set_nodelay(true).unwrap();
                streams.push(stream);
            }
            let began = Instant::now();
            let all = streams.into_iter().zip(clients).enumerate();
            let work = all
                .map(|(n, (stream, requests))| client(stream, requests, status, pace_of(pace, n, count), began, time));
            let mut seen = Seen::default();
            for (latencies, refused) in join_all(work).await {
                seen.done += latencies.len();
                seen.latencies.extend(latencies);
                seen.refused.extend(refused);
            }
            seen.took = began.elapsed();
            seen.latencies.sort_unstable();
            seen
        })
    });
    clients.join().expect("the clients end well")
}

/// The first moment and the time between two of one of so many clients.
fn pace_of(pace: Pace, n: usize, count: usize) -> Option<(Duration, Duration)> {
    match pace {
        Pace::Closed => None,
        Pace::Open(rate) => {
            let between = Duration::from_secs_f64(count as f64 / rate);
            Some((between.mul_f64(n as f64 / count as f64), between))
        }
    }
}

async fn client(
    mut stream: TcpStream,
    requests: Requests,
    status: u16,
    pace: Option<(Duration, Duration)>,
    began: Instant,
    time: Duration,
) -> (Vec<u64>, Vec<u16>) {
    let (mut latencies, mut refused) = (Vec::new(), Vec::new());
    let mut buffer = Vec::with_capacity(64 * 1024);
    for n in 0.. {
        let due = match pace {
            None => Instant::now(),
            Some((first, between)) => {
                let due = began + first + between * u32::try_from(n).unwrap();
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        if began.elapsed() >= time {
            break;
        }
        stream.write_all(&requests(n)).await.expect("the server reads");
        let answered = answer(&mut stream, &mut buffer).await;
        if answered == status {
            latencies.push(u64::try_from(due.elapsed().as_micros()).unwrap());
        } else {
            refused.push(answered);
        }
    }
    (latencies, refused)
}

/// Reads one answer and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.expect("the server answers") > 0, "the server closed a connection");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end]).expect("a head");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        let whole = end + 4 + length.expect("a content-length");
        let status = head[9..12].parse().expect("a status");
        while buffer.len() < whole {
            assert!(stream.read_buf(buffer).await.expect("the server answers") > 0, "the server closed a connection");
        }
        return status;
    }
}
