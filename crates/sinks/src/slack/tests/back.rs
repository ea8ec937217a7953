//! The way back: signatures and buttons.

use jiff::Timestamp;
use quell_testkit::sinks::{Press, Pressed};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::back::{Decision, Forged, NoAction, read_action, verify};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: i64 = 1_531_420_618;

fn secret() -> SecretString {
    SecretString::from(SECRET)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn pressed() -> Pressed {
    press().signed(SECRET, NOW)
}

fn press() -> Press<'static> {
    Press {
        action: "quell.approve",
        value: "abcdefghijklmnop",
        user: "U1",
        team: "T1",
        app: "A1",
        ts: "1900000001.000007",
    }
}

fn check(pressed: &Pressed, now: i64) -> Result<(), Forged> {
    let headers = [
        ("X-Slack-Request-Timestamp", pressed.timestamp.as_bytes()),
        ("X-Slack-Signature", pressed.signature.as_bytes()),
    ];
    verify(&secret(), &headers, pressed.body.as_bytes(), at(now))
}

/// Slack's own example of a signature.
#[test]
fn the_vendors_own_example_is_taken() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let pressed = Pressed {
        timestamp: "1531420618".to_owned(),
        signature: signature.to_owned(),
        body: body.to_owned(),
    };
    assert_eq!(check(&pressed, NOW), Ok(()));
}

#[test]
fn no_changed_bit_is_taken() {
    let right = pressed();
    assert_eq!(check(&right, NOW), Ok(()));
    for at in 0..right.signature.len() {
        for bit in 0..7 {
            let mut bytes = right.signature.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let signature = String::from_utf8(bytes).unwrap();
            assert!(check(&Pressed { signature, ..right.clone() }, NOW).is_err(), "{at} {bit}");
        }
    }
    for body in [right.body.replace("%20", "+"), format!("{} ", right.body), String::new()] {
        let other = Pressed { body, ..right.clone() };
        if other.body != right.body {
            assert_eq!(check(&other, NOW), Err(Forged::Signature));
        }
    }
    let later = Pressed { timestamp: (NOW + 1).to_string(), ..right.clone() };
    assert_eq!(check(&later, NOW), Err(Forged::Signature));
    let other = SecretString::from("other");
    let headers = [
        ("x-slack-request-timestamp", right.timestamp.as_bytes()),
        ("x-slack-signature", right.signature.as_bytes()),
    ];
    let taken = verify(&other, &headers, right.body.as_bytes(), at(NOW));
    assert_eq!(taken, Err(Forged::Signature));
}

#[test]
fn nothing_is_signed_with_no_secret() {
    let forged = press().signed("", NOW);
    let headers = [
        ("x-slack-request-timestamp", forged.timestamp.as_bytes()),
        ("x-slack-signature", forged.signature.as_bytes()),
    ];
    let none = SecretString::from("");
    let taken = verify(&none, &headers, forged.body.as_bytes(), at(NOW));
    assert_eq!(taken, Err(Forged::Signature));
}

#[test]
fn what_is_old_or_ahead_is_refused() {
    for (offset, taken) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
        let expected = if taken { Ok(()) } else { Err(Forged::Time) };
        assert_eq!(check(&pressed(), NOW + offset), expected, "{offset}");
    }
    for timestamp in ["", "x", "+1531420618", "1531420618.0", " 1531420618", "99999999999999"] {
        let other = Pressed { timestamp: timestamp.to_owned(), ..pressed() };
        let wrong = Forged::Header("x-slack-request-timestamp");
        assert_eq!(check(&other, NOW), Err(wrong), "{timestamp}");
    }
}

#[test]
fn headers_that_are_missing_or_twice_there_are_refused() {
    let right = pressed();
    let (time, sign) = (right.timestamp.as_bytes(), right.signature.as_bytes());
    let (stamp, name) = ("X-Slack-Request-Timestamp", "X-Slack-Signature");
    for headers in [
        vec![],
        vec![(stamp, time)],
        vec![(name, sign)],
        vec![(stamp, time), (name, sign), (name, sign)],
        vec![(stamp, time), ("x-slack-request-timestamp", time), (name, sign)],
    ] {
        let taken = verify(&secret(), &headers, right.body.as_bytes(), at(NOW));
        assert!(matches!(taken, Err(Forged::Header(_))), "{headers:?}");
    }
    for signature in [
        "",
        "v0=",
        "v1=ab",
        &right.signature.to_uppercase(),
        right.signature.trim_start_matches("v0="),
    ] {
        let other = Pressed { signature: signature.to_owned(), ..pressed() };
        assert_eq!(check(&other, NOW), Err(Forged::Header("x-slack-signature")), "{signature}");
    }
}

#[test]
fn a_button_says_who_pressed_it_where() {
    let action = read_action(pressed().body.as_bytes()).unwrap();
    assert_eq!(action.decision(), Some(Decision::Approve));
    let ids = [&action.value, &action.user_id, &action.team_id, &action.api_app_id];
    assert_eq!(ids, ["abcdefghijklmnop", "U1", "T1", "A1"]);
    assert_eq!(action.message_ts.as_deref(), Some("1900000001.000007"));
    assert_eq!(action.channel_id.as_deref(), Some("C0SECURITY"));
    assert_eq!(action.trigger_id.as_deref(), Some("12345.98765.abcd"));
    let url = "https://hooks.slack.com/actions/T0EXAMPLE/1/abc";
    assert_eq!(action.response_url.as_deref(), Some(url));
    let deny = Press { action: "quell.deny", ..press() }.signed(SECRET, NOW);
    assert_eq!(read_action(deny.body.as_bytes()).unwrap().decision(), Some(Decision::Deny));
    let other = Press { action: "other", ..press() }.signed(SECRET, NOW);
    assert_eq!(read_action(other.body.as_bytes()).unwrap().decision(), None);
}

fn form(payload: &Value) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish()
}

#[test]
fn what_is_no_press_of_one_button_is_refused() {
    let read = |change: &dyn Fn(&mut Value)| {
        let mut payload = press().payload();
        change(&mut payload);
        read_action(form(&payload).as_bytes())
    };
    assert!(read(&|_| {}).is_ok());
    assert_eq!(read(&|p| p["type"] = json!("view_submission")), Err(NoAction::Kind));
    assert_eq!(read(&|p| p["actions"] = json!([])), Err(NoAction::Kind));
    let twice = |p: &mut Value| {
        let one = p["actions"][0].clone();
        p["actions"] = json!([one, one]);
    };
    assert_eq!(read(&twice), Err(NoAction::Kind));
    assert_eq!(read(&|p| p["actions"][0]["type"] = json!("overflow")), Err(NoAction::Kind));
    assert_eq!(read(&|p| p["actions"] = json!("x")), Err(NoAction::Kind));
    assert_eq!(read(&|p| p["user"]["id"] = json!("")), Err(NoAction::Field("user.id")));
    let long = |p: &mut Value| p["user"]["id"] = json!("U".repeat(300));
    assert_eq!(read(&long), Err(NoAction::Field("user.id")));
    assert_eq!(read(&|p| p["api_app_id"] = json!("A 1")), Err(NoAction::Field("api_app_id")));
    let elsewhere = read(&|p| p["response_url"] = json!("https://hooks.slack.com.evil.example/"));
    assert_eq!(elsewhere.unwrap().response_url, None);
    let enterprise = read(&|p| p["team"] = Value::Null).unwrap();
    assert_eq!(enterprise.team_id, "T1");
    for body in ["", "payload=", "payload=%7B", "payload={}&payload={}", "other=1", "\u{0}\u{1}"] {
        assert!(read_action(body.as_bytes()).is_err(), "{body}");
    }
    assert_eq!(read_action(&vec![b'a'; 2 << 20]), Err(NoAction::Large));
    let deep = format!("payload={}", "%5B".repeat(100_000));
    assert_eq!(read_action(deep.as_bytes()), Err(NoAction::Form));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(body in proptest::collection::vec(0_u8.., 0..400)) {
        proptest::prop_assert!(read_action(&body).is_err());
        let headers: [(&str, &[u8]); 2] =
            [("x-slack-signature", &body), ("x-slack-request-timestamp", &body)];
        proptest::prop_assert!(verify(&secret(), &headers, &body, at(NOW)).is_err());
    }
}
