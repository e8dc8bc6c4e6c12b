use std::net::Ipv4Addr;

use governor::clock::FakeRelativeClock;

use super::*;

const ANA: Key = Key::User(UserId(1));
const BEN: Key = Key::User(UserId(2));

fn limiter(per_minute: u32, most_keys: usize) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::new(NonZeroU32::new(per_minute).unwrap(), most_keys, clock.clone()), clock)
}

fn network_of(n: u32) -> Key {
    Key::Network(IpAddr::V4(Ipv4Addr::from_bits(n)))
}

#[test]
fn the_headers_are_structured_fields_of_one_policy() {
    let (limiter, clock) = limiter(600, 10);
    let texts = |standing: Standing| (standing.policy(), standing.limit());
    let policy = "\"default\";q=600;w=60".to_owned();
    assert_eq!(texts(limiter.count(ANA)), (policy.clone(), "\"default\";r=599;t=1".to_owned()));
    assert_eq!(texts(limiter.count(ANA)), (policy.clone(), "\"default\";r=598;t=1".to_owned()));
    for _ in 2..600 {
        assert!(limiter.count(ANA).admitted);
    }
    let refused = limiter.count(ANA);
    assert_eq!((refused.admitted, texts(refused)), (false, (policy, "\"default\";r=0;t=1".to_owned())));
    clock.advance(Duration::from_secs(30));
    assert_eq!(limiter.count(ANA).limit(), "\"default\";r=299;t=1", "half a minute gives half of it back");
    clock.advance(Duration::from_secs(3600));
    assert_eq!(limiter.count(ANA).left, 599, "and never more than all of it");
}

#[test]
fn whoever_waits_as_long_as_told_is_let_in() {
    for per_minute in [1, 7, 60, 61, 600] {
        let (limiter, clock) = limiter(per_minute, 10);
        clock.advance(Duration::from_millis(12_345));
        for left in (0..per_minute).rev() {
            let standing = limiter.count(ANA);
            assert_eq!((standing.admitted, standing.left), (true, left), "{per_minute}");
            assert_eq!(standing.seconds, 60_u32.div_ceil(per_minute), "{per_minute}");
        }
        clock.advance(Duration::from_millis(1));
        let refused = limiter.count(ANA);
        assert!(!refused.admitted && refused.seconds >= 1, "{per_minute}: {refused:?}");
        clock.advance(Duration::from_secs(u64::from(refused.seconds)));
        assert!(limiter.count(ANA).admitted, "{per_minute}");
    }
}

#[test]
fn everybody_is_counted_apart() {
    let (limiter, _) = limiter(1, 10);
    let address = "192.0.2.1".parse().unwrap();
    for key in [ANA, BEN, Key::Network(address), Key::BadTokens(address), network_of(7)] {
        assert!(limiter.count(key).admitted, "{key:?}");
        assert!(!limiter.count(key).admitted, "{key:?}");
    }
}

#[test]
fn a_look_counts_nothing() {
    let (limiter, _) = limiter(1, 10);
    for _ in 0..5 {
        assert!(limiter.look(ANA).admitted);
    }
    assert!(limiter.limiter.is_empty(), "and leaves nothing behind");
    assert!(limiter.count(ANA).admitted);
    assert!(!limiter.look(ANA).admitted);
}

#[test]
fn counts_that_stand_at_nothing_are_dropped() {
    let (limiter, clock) = limiter(600, usize::MAX);
    for n in 0..SWEEP_EVERY * 4 {
        limiter.count(network_of(n));
        clock.advance(Duration::from_millis(1));
    }
    // Each is given back after 100 ms, so few are live at any time.
    assert!(limiter.limiter.len() <= SWEEP_EVERY as usize, "{}", limiter.limiter.len());
    for _ in 0..300 {
        limiter.count(ANA);
    }
    clock.advance(Duration::from_secs(10));
    limiter.limiter.retain_recent();
    assert_eq!((limiter.limiter.len(), limiter.look(ANA).left), (1, 399), "a count in use stays as it is");
}

#[test]
fn those_for_whom_there_is_no_room_are_counted_together() {
    let (limiter, clock) = limiter(3, 2);
    assert!(limiter.count(ANA).admitted && limiter.count(BEN).admitted);
    let newcomers: Vec<bool> = (0..4).map(|n| limiter.count(network_of(n)).admitted).collect();
    assert_eq!(newcomers, [true, true, true, false], "they share one quota");
    assert_eq!(limiter.limiter.len(), 3);
    assert_eq!(limiter.count(ANA).left, 1, "who is known keeps what is left");
    clock.advance(Duration::from_secs(120));
    limiter.limiter.retain_recent();
    assert_eq!(limiter.count(network_of(9)).left, 2, "and later there is room again");
}

fn tally(per_minute: u32, client: &str) -> (RateLimit, Tally) {
    let limit = RateLimit::new(per_minute);
    let tally = limit.tally(client.parse().ok()).unwrap();
    (limit, tally)
}

#[test]
fn nothing_is_counted_when_the_limit_is_off() {
    assert!(RateLimit::new(0).tally("192.0.2.1".parse().ok()).is_none());
}

#[test]
fn a_refusal_says_how_long_to_wait() {
    let (limit, first) = tally(2, "192.0.2.1");
    first.count(Sender::Unknown).unwrap();
    limit.tally("192.0.2.1".parse().ok()).unwrap().count(Sender::BadToken).unwrap();
    let third = limit.tally("192.0.2.1".parse().ok()).unwrap();
    let problem = third.count(Sender::Unknown).unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.code()), (429, "too_many_requests"));
    let mut response = problem.to_response(None);
    third.add_headers(&mut response);
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "30");
    assert_eq!(header("ratelimit-policy"), "\"default\";q=2;w=60");
    assert_eq!(header("ratelimit"), "\"default\";r=0;t=30", "the same moment as Retry-After");
    limit.tally("192.0.2.2".parse().ok()).unwrap().count(Sender::Unknown).unwrap();
}

#[test]
fn a_flood_of_bad_tokens_and_no_other_ends_their_being_looked_up() {
    let (limit, first) = tally(3, "2001:db8::1");
    let tally = |client: &str| limit.tally(client.parse().ok()).unwrap();
    for _ in 0..9 {
        tally("2001:db8::1").count(Sender::Unknown).ok();
    }
    first.admit_token().expect("requests without a token are not the token's fault");
    for _ in 0..3 {
        tally("2001:db8::2").admit_token().unwrap();
        assert!(tally("2001:db8::2").count(Sender::BadToken).is_err(), "the network's quota is used up");
    }
    let refused = tally("2001:db8::3");
    assert_eq!(refused.admit_token().unwrap_err().code(), "too_many_requests");
    let mut response = HttpResponse::Ok().finish();
    refused.add_headers(&mut response);
    assert_eq!(response.headers().get("ratelimit").unwrap(), "\"default\";r=0;t=20");
    tally("2001:db8:0:1::1").admit_token().expect("another network");
    tally("2001:db8::4").count(Sender::User(UserId(1))).expect("whoever is known to be signed in");
}

#[test]
fn what_was_not_counted_has_no_headers() {
    let (_, tally) = tally(3, "192.0.2.1");
    let mut response = HttpResponse::Ok().finish();
    tally.add_headers(&mut response);
    assert!(response.headers().get("ratelimit").is_none() && response.headers().get("ratelimit-policy").is_none());
}
