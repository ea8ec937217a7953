//! All requests of a round are ones that the vendor describes.

use quell_deliver::outbox::Act;

use super::*;

/// Calls that GitHub has and the copy of its description does not.
const LEFT_OUT: [&str; 1] = ["GET /repos/acme/shop/git/commits/"];

async fn round(options: &[(&str, &str)]) -> Stage {
    let stage = staged(options).await;
    let mut fix = fix();
    let pull = stage.open(&fix).await.unwrap();
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    stage.edit(&fix, &pull).await.unwrap();
    stage.host.rewrite(1, "by hand");
    let open = Act::Open { letter: Box::new(fix.clone()) };
    assert_eq!(
        stage.find(&fix.key, open, None).await.unwrap().map(|r| r.id),
        Some(pull.id.clone())
    );
    let issue = stage.open(&letter("x", None)).await.unwrap();
    stage.round(&fix.key, [&pull, &issue]).await;
    stage
}

#[tokio::test]
async fn the_vendor_and_our_own_description_allow_every_request() {
    let ours = include_str!("../../../../testkit/src/sinks/github/contract.json");
    for options in [&[][..], &[("app_id", GithubDouble::APP)][..]] {
        let stage = round(options).await;
        let count = stage.described(ours, "github", &LEFT_OUT);
        assert!(count > 40, "{count}");
    }
}
