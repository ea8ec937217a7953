//! A webhook whose sender proves who it is by a token that an identity provider signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quell_testkit::net::{Answer, Asked, HttpServer};
use quell_testkit::server::{delivery, uid};

use crate::bench::{Bench, runtime, until};

#[path = "../../src/intake/oidc/tokens.rs"]
mod tokens;

/// When the tokens begin.
const BEGIN: i64 = 1_800_000_000;

#[test]
fn keys_are_fetched_once_and_only_the_right_token_lets_in() {
    let runtime = runtime();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let keys = move |request: &Asked| {
        count.fetch_add(1, Ordering::SeqCst);
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/certs"));
        Answer::new(200, tokens::KEYS)
    };
    let keys = runtime.block_on(HttpServer::start(Arc::new(keys))).unwrap();
    let bench = Bench::with(
        &[],
        &format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[hooks.pushed]\nauth = \"oidc\"\n\
             token = {{ audience = \"https://quell.example/api/v1/hooks/scc\", \
             email = \"push@harbour.iam.gserviceaccount.com\", keys_url = \"{}/certs\" }}\n",
            keys.url()
        ),
    );
    let now = jiff::Timestamp::now().as_second();
    bench.clock.0.store(BEGIN + 60 - now, Ordering::SeqCst);
    let push = |number: u64, token: &str| {
        let bearer = format!("Bearer {token}");
        bench.hook("pushed", &delivery("oidc", number, 600), &[("authorization", &bearer)]).status
    };
    until("the keys are there", || push(1, tokens::GOOD) == 202);
    for wrong in [
        tokens::OTHER_AUDIENCE,
        tokens::OTHER_EMAIL,
        tokens::UNVERIFIED,
        tokens::OTHER_ISSUER,
        tokens::OTHER_KEY,
        tokens::UNKNOWN_KEY,
        tokens::UNSIGNED,
        tokens::SYMMETRIC,
        tokens::WITHOUT_END,
        "",
    ] {
        assert_eq!(push(2, wrong), 401, "{wrong}");
    }
    assert_eq!(bench.hook("pushed", &delivery("oidc", 2, 600), &[]).status, 401);
    bench.clock.0.fetch_add(7_200, Ordering::SeqCst);
    assert_eq!(push(3, tokens::GOOD), 401);
    bench.until_found("default", &[uid("oidc", 1)]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
