//! All requests of a round are ones that the vendor describes.

use quell_deliver::outbox::Act;
use quell_testkit::sinks::Contract;
use serde_json::Value;

use super::*;

/// Calls that GitHub has and the copy of its description does not.
const LEFT_OUT: [&str; 1] = ["GET /repos/acme/shop/git/commits/"];

async fn round(options: &[(&str, &str)]) -> Stage {
    let stage = staged(options).await;
    let mut fix = fix();
    let pull = stage.open(&fix).await.unwrap();
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    stage.edit(&fix, &pull).await.unwrap();
    stage.github.rewrite(1, "by hand");
    let open = Act::Open { letter: Box::new(fix.clone()) };
    assert_eq!(
        stage.find(&fix.key, open, None).await.unwrap().map(|r| r.id),
        Some(pull.id.clone())
    );
    let issue = stage.open(&letter("x", None)).await.unwrap();
    for remote in [&pull, &issue] {
        for act in [
            Act::Note { body: body("Still there") },
            Act::Close { body: body("Gone") },
            Act::Reopen { body: body("Back") },
        ] {
            stage.act(&fix.key, act.clone(), Some(remote)).await.unwrap();
            assert!(stage.find(&fix.key, act, Some(remote)).await.unwrap().is_some());
        }
        stage.hub.read(remote).await.unwrap().unwrap();
        stage.hub.code(remote).await.unwrap();
    }
    stage.hub.test().await.unwrap();
    stage
}

#[tokio::test]
async fn the_vendor_and_our_own_description_allow_every_request() {
    let ours: Value =
        serde_json::from_str(include_str!("../../../../testkit/src/sinks/github/contract.json"))
            .unwrap();
    for options in [&[][..], &[("app_id", GithubDouble::APP)][..]] {
        let stage = round(options).await;
        let (count, wrong) = Contract::new(&ours).check_all(&stage.double.ledger, "");
        assert!(count > 40 && wrong.is_empty(), "{count} {wrong:?}");
        let all = stage.double.ledger.of("");
        assert!(all.iter().all(|seen| seen.status < 400 || seen.status == 404));
        let Some(vendor) = Contract::of_vendor("github") else { continue };
        let (_, wrong) = vendor.check_all(&stage.double.ledger, "");
        let wrong: Vec<_> =
            wrong.iter().filter(|w| !LEFT_OUT.iter().any(|known| w.0.starts_with(known))).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
