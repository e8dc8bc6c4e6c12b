//! Lines of JSON.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acceptance::parse;
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::Address;
use florin_infra::channel::LogSink;

use super::{delivery, later};

/// Keeps what is flushed; fails once it is told to.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    written: Vec<u8>,
    flushed: Vec<u8>,
    is_broken: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap();
        if inner.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        inner.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        let written = std::mem::take(&mut inner.written);
        inner.flushed.extend(written);
        Ok(())
    }
}

#[tokio::test]
async fn each_is_a_line_and_none_counts_that_nobody_can_read() {
    let output = Output::default();
    let sink = Arc::new(LogSink::to(Box::new(output.clone()), Duration::from_secs(10)));
    let many = (0..50).map(|_| {
        let sink = Arc::clone(&sink);
        tokio::spawn(async move { sink.deliver(&delivery(Channel::Log, Address::None, "Two\nlines")).await })
    });
    for one in many.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    let text = String::from_utf8(output.0.lock().unwrap().flushed.clone()).unwrap();
    assert_eq!(text.lines().count(), 50);
    for line in text.lines() {
        assert!(line.starts_with(r#"{"user_id":7,"type":"overspend","category_id":1,"message":"#), "{line}");
        let json = parse(line);
        assert_eq!((&json["id"], &json["limit"]), (&9.into(), &"1000.00".into()));
    }
    output.0.lock().unwrap().is_broken = true;
    let broken = sink.deliver(&delivery(Channel::Log, Address::None, "Food")).await;
    assert_eq!(broken, later("the output cannot be written to: broken pipe", None));
}

#[tokio::test]
async fn a_reader_that_sleeps_holds_nobody_up_for_ever() {
    struct Stuck(std::sync::mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().ok();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_wake, stuck) = std::sync::mpsc::channel();
    let sink = LogSink::to(Box::new(Stuck(stuck)), Duration::from_millis(100));
    for _ in 0..3 {
        let outcome = sink.deliver(&delivery(Channel::Log, Address::None, "Food")).await;
        assert!(matches!(outcome, Err(SinkError::Later { .. })), "{outcome:?}");
    }
}
