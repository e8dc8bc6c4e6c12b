//! Short messages.

use acceptance::http_sink::{HttpSink, Reply};
use acceptance::json;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Leased};
use florin_infra::settings::ChannelName;

use super::{channel, delivery, later, refused};

fn to(number: &str, category: &str) -> Leased {
    delivery(Channel::Sms, Address::Phone(number.to_owned()), category)
}

#[tokio::test]
async fn a_message_is_posted_as_a_form_and_fits_one() {
    let sink = HttpSink::start().await;
    let (sms, _clock) = channel(ChannelName::Sms, |settings| {
        settings.sms.base_url = sink.url();
        settings.sms.account_sid = "AC1".to_owned();
        settings.sms.auth_token = "s3cret".to_owned().into();
        settings.sms.from = "+15005550006".to_owned();
    })
    .unwrap();
    sink.script([Reply::status(201)]);
    assert_eq!(sms.deliver(&to("+919812345678", "Food")).await, Ok(()));
    let request = sink.last();
    assert_eq!(request.line, "POST /2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(request.header("authorization"), format!("Basic {}", STANDARD.encode("AC1:s3cret")));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(request.body, "To=%2B919812345678&From=%2B15005550006&Body=You+have+overspent+in+category+Food.");
    sms.deliver(&to("+919812345678", &"a".repeat(300))).await.unwrap();
    let body = sink.last().body.split("Body=").nth(1).unwrap().to_owned();
    assert_eq!((body.len(), body.ends_with("a...")), (160, true), "{body}");

    for (reply, outcome) in [
        (Reply::with_header(429, "retry-after", "3"), later("it answered 429", Some(3000))),
        (Reply::status(500), later("it answered 500", None)),
        (Reply::status(401), later("the service refused the credentials: 401", None)),
        (
            Reply::json(400, &json!({"code": 21610, "message": "+919812345678 does not want any"})),
            refused("it answered 400, code 21610"),
        ),
        (Reply::status(404), refused("it answered 404")),
    ] {
        sink.script([reply.clone()]);
        assert_eq!(sms.deliver(&to("+919812345678", "Food")).await, outcome, "{reply:?}");
    }
}
