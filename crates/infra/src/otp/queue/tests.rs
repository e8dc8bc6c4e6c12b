use florin_app::port::Recipient;
use florin_domain::account::Email;

use super::*;

/// Answers by a script, then `Ok`; tells what it was asked to carry.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<SinkError>>,
    carried: tokio::sync::Mutex<Vec<(String, String)>>,
    carried_one: Notify,
    /// Never answers.
    hangs: bool,
}

#[async_trait]
impl Courier for Arc<Scripted> {
    async fn carry(&self, message: &CodeMessage, name: &str) -> Result<(), SinkError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let CodeMessage::AddressTaken { email } = message else { panic!("only those are sent here") };
        self.carried.lock().await.push((email.to_string(), name.to_owned()));
        self.carried_one.notify_one();
        self.answers.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }

    fn reaches_phones(&self) -> bool {
        false
    }
}

fn message(n: usize) -> CodeMessage {
    CodeMessage::AddressTaken { email: Email::parse(&format!("person{n}@example.com")).unwrap() }
}

fn later() -> SinkError {
    SinkError::Later { reason: "busy".to_owned(), after_millis: None }
}

async fn carried(scripted: &Scripted, n: usize) -> Vec<(String, String)> {
    loop {
        let carried = scripted.carried.lock().await.clone();
        if carried.len() >= n {
            return carried;
        }
        scripted.carried_one.notified().await;
    }
}

fn quick(lifetime: u64) -> Pace {
    let millis = Duration::from_millis;
    Pace { first: millis(10), longest: millis(40), lifetime: millis(lifetime) }
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_name() {
    let scripted = Arc::new(Scripted::default());
    scripted.answers.lock().unwrap().extend([later(), later()]);
    let sender = QueuedOtpSender::with(Arc::clone(&scripted), quick(60_000));
    let begun = Instant::now();
    sender.send(&message(1)).await.unwrap();
    let tries = carried(&scripted, 3).await;
    assert!(begun.elapsed() >= Duration::from_millis(10 + 20), "{:?}", begun.elapsed());
    assert!(tries.iter().all(|one| *one == tries[0]), "{tries:?}");
    sender.close(Duration::from_secs(5)).await;
    assert_eq!(scripted.carried.lock().await.len(), 3);
}

#[tokio::test]
async fn nothing_is_sent_once_its_code_has_expired() {
    let scripted = Arc::new(Scripted::default());
    scripted.answers.lock().unwrap().extend((0..1000).map(|_| later()));
    let sender = QueuedOtpSender::with(Arc::clone(&scripted), quick(100));
    sender.send(&message(1)).await.unwrap();
    carried(&scripted, 2).await;
    let gone = async {
        while !sender.queue.lock().is_empty() || scripted.carried.lock().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    let scripted = Arc::new(Scripted::default());
    scripted.answers.lock().unwrap().push_back(SinkError::Refused { reason: "no".to_owned() });
    let sender = QueuedOtpSender::with(Arc::clone(&scripted), quick(60_000));
    sender.send(&message(1)).await.unwrap();
    carried(&scripted, 1).await;
    sender.close(Duration::from_secs(5)).await;
    assert_eq!(scripted.carried.lock().await.len(), 1);
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest() {
    let sender = QueuedOtpSender::with(Arc::new(Scripted { hangs: true, ..Scripted::default() }), quick(60_000));
    // On a runtime of one thread no worker has run yet, so all of them wait.
    for n in 0..MOST + 3 {
        sender.send(&message(n)).await.unwrap();
    }
    let waiting: Vec<_> = sender.queue.lock().iter().map(|waiting| waiting.message.clone()).collect();
    assert_eq!((waiting.len(), waiting.first()), (MOST, Some(&message(3))));
}

#[tokio::test]
async fn a_code_takes_the_place_of_one_that_is_of_no_use_any_more() {
    let sender = QueuedOtpSender::with(Arc::new(Scripted { hangs: true, ..Scripted::default() }), quick(60_000));
    let code = |n: usize, purpose: CodePurpose, otp: &str| {
        let email = Email::parse(&format!("person{n}@example.com")).unwrap();
        CodeMessage::Code { to: Recipient::Email(email.clone()), email, purpose, otp: otp.to_owned() }
    };
    let (login, reset, verify) = (CodePurpose::Login, CodePurpose::Reset, CodePurpose::Verify);
    let all = [
        code(1, login, "1"),
        code(1, reset, "2"),
        code(2, login, "3"),
        code(1, verify, "4"),
        code(1, verify, "5"),
        code(1, login, "6"),
    ];
    // On a runtime of one thread no worker has run yet.
    for message in &all {
        sender.send(message).await.unwrap();
    }
    let waiting: Vec<_> = sender.queue.lock().iter().map(|waiting| waiting.message.clone()).collect();
    assert_eq!(waiting, all[1..]);
}

#[tokio::test]
async fn what_fails_time_and_again_holds_up_nothing_new() {
    let sender = QueuedOtpSender::with(Arc::new(Scripted { hangs: true, ..Scripted::default() }), quick(60_000));
    for n in 0..3 {
        sender.send(&message(n)).await.unwrap();
    }
    // The first two were tried before, and are due again.
    for (n, waiting) in sender.queue.lock().iter_mut().enumerate().take(2) {
        waiting.wait = Duration::from_millis(40 - 10 * u64::try_from(n).unwrap());
    }
    let order = std::iter::from_fn(|| match sender.queue.next() {
        Next::Send(waiting) => Some(waiting.message),
        Next::Wait(_) | Next::Stop => None,
    });
    assert_eq!(order.collect::<Vec<_>>(), [message(2), message(1), message(0)]);
}

#[tokio::test]
async fn the_end_sends_what_waits_and_is_bounded() {
    let scripted = Arc::new(Scripted::default());
    // An hour until the next try, but for the end.
    let hour = Duration::from_secs(3600);
    let sender = QueuedOtpSender::with(Arc::clone(&scripted), Pace { first: hour, longest: hour, lifetime: 2 * hour });
    scripted.answers.lock().unwrap().push_back(later());
    sender.send(&message(1)).await.unwrap();
    carried(&scripted, 1).await;
    sender.send(&message(2)).await.unwrap();
    sender.close(Duration::from_secs(60)).await;
    assert_eq!(scripted.carried.lock().await.len(), 3);

    let sender = QueuedOtpSender::with(Arc::new(Scripted { hangs: true, ..Scripted::default() }), quick(60_000));
    sender.send(&message(1)).await.unwrap();
    let begun = Instant::now();
    sender.close(Duration::from_millis(50)).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
