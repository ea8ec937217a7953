//! The sink against the double, over HTTP on loopback.

use std::sync::Arc;

use quell_deliver::outbox::{Outcome, Remote};
use quell_testkit::double::{Double, Fault};
use quell_testkit::sinks::ConfluenceDouble;

use super::super::cut;
use super::super::testing::{self, Hands, Login, letter};
use super::section::{Part, is_whole, key_in};
use super::{calls, storage};
use crate::testing::hostile::PAYLOADS;
use crate::{Field, Gone, Phase, RightState, Sink, SinkError, Wanted};

const OWN: &str = include_str!("../../../../testkit/src/sinks/confluence/contract.json");

struct Stage {
    wiki: Arc<ConfluenceDouble>,
    double: Double,
    sink: Box<dyn Sink>,
}

async fn stage(options: &[(&str, &str)]) -> Stage {
    let wiki = Arc::new(ConfluenceDouble::new(Arc::new(Hands::new())));
    let (user, token) = wiki.login();
    let double = Double::start(Arc::clone(&wiki) as _).await.unwrap();
    let plan = testing::plan(&double.url(), &Login::new(&user, &token), options);
    let sink = testing::connect(&super::KIND, plan);
    Stage { wiki, double, sink }
}

impl Stage {
    async fn open(&self, data: &str) -> Result<Remote, SinkError> {
        let made = testing::act(&*self.sink, ("fix:abc", &testing::open(data)), None).await?;
        Ok(made.unwrap())
    }

    async fn edit(&self, data: &str, remote: &Remote) -> Result<(), SinkError> {
        let act = testing::edit(data);
        testing::act(&*self.sink, ("edit", &act), Some(remote)).await.map(|_| ())
    }
}

#[tokio::test]
async fn a_whole_round_is_one_that_the_vendor_describes() {
    let stage = stage(&[("parent", "4711")]).await;
    let sink = &*stage.sink;
    let remote = stage.open("logs-bucket").await.unwrap();
    let url = format!("{}/wiki/pages/viewpage.action?pageId=65537", stage.double.url());
    assert_eq!((remote.id.as_str(), remote.url.as_deref()), ("65537", Some(url.as_str())));
    testing::act(sink, ("note", &testing::note("x")), Some(&remote)).await.unwrap();
    stage.edit("other-bucket", &remote).await.unwrap();
    for (subject, act, phase, word) in [
        ("close", testing::close("x"), Phase::Done, ">Closed<"),
        ("reopen", testing::reopen("x"), Phase::New, ">Open<"),
    ] {
        testing::act(sink, (subject, &act), Some(&remote)).await.unwrap();
        let found = testing::find(sink, (subject, &act), Some(&remote)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&remote));
        let standing = sink.read(&remote).await.unwrap().unwrap();
        assert_eq!((standing.phase, standing.gone), (phase, Gone::No));
        assert!(standing.fields[&Field::Body].contains("other-bucket"));
        let body = stage.wiki.page(&remote.id).unwrap().body;
        assert!(body.contains(&word.replace(['>', '<'], "")), "{body}");
    }
    let found =
        testing::find(sink, ("fix:abc", &testing::open("logs-bucket")), None).await.unwrap();
    assert_eq!(found, Some(remote.clone()));
    let page = stage.wiki.page(&remote.id).unwrap();
    assert_eq!(page.labels, [testing::key("fix:abc").mark().as_str(), "quell", "team-a"]);
    assert_eq!(
        (page.comments.len(), page.files["evidence.json"].as_slice()),
        (3, &b"other-bucket"[..])
    );
    let rights = sink.test().await.unwrap();
    assert!(rights.iter().all(|right| right.state != RightState::Missing), "{rights:?}");
    // The vendor's file has no call for who one is, and its description of a comment's body
    // is one of two that any body fits both of.
    let known = ["/user/current", "POST /wiki/api/v2/footer-comments"];
    testing::hold(&stage.double.ledger, (OWN, "confluence"), &known);
}

#[tokio::test]
async fn what_people_write_stays_and_versions_do_not_collide() {
    let stage = stage(&[]).await;
    let remote = stage.open("one").await.unwrap();
    stage.wiki.by_hand(&remote.id, |page| {
        page.body = format!("<h1>Mine</h1>{}<p>Below &amp; beyond</p>", page.body);
        "Renamed".clone_into(&mut page.title);
    });
    stage.wiki.meddle(&remote.id, "meanwhile", 2);
    stage.edit("two", &remote).await.unwrap();
    let page = stage.wiki.page(&remote.id).unwrap();
    assert!(page.body.starts_with("<h1>Mine</h1>"));
    assert!(page.body.ends_with("<p>Below &amp; beyond</p><p>meanwhile</p><p>meanwhile</p>"));
    assert!(page.body.contains("two") && !page.body.contains("one<"));
    assert_eq!(page.title, "Renamed");
    // The same letter again makes no version, neither of the page nor of its file.
    stage.edit("two", &remote).await.unwrap();
    assert_eq!(stage.wiki.page(&remote.id).unwrap().version, page.version);
    let attached = stage.double.ledger.of(&format!("PUT /wiki/rest/api/content/{}/", remote.id));
    assert_eq!(attached.len(), 2, "once as it was made, and once anew");
    stage.wiki.meddle(&remote.id, "again", 9);
    let error = stage.edit("three", &remote).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(..)), "{error}");
    assert!(stage.wiki.page(&remote.id).unwrap().body.contains("two"));
}

#[tokio::test]
async fn a_section_that_was_taken_apart_is_left_alone() {
    for change in [
        |body: &str| body.replace("-from<", "-gone<"),
        |body: &str| format!("{body}{body}"),
        |body: &str| body.replace("<h3>", "<table><tr><td>x</td></tr><h3>").replace("</h3>", ""),
        |_: &str| String::new(),
    ] {
        let stage = stage(&[]).await;
        let remote = stage.open("one").await.unwrap();
        stage.wiki.by_hand(&remote.id, |page| page.body = change(&page.body));
        let before = stage.wiki.page(&remote.id).unwrap().body;
        let error = stage.edit("two", &remote).await.unwrap_err();
        assert!(matches!(&error, SinkError::Refused(said) if said.contains("by hand")), "{error}");
        assert_eq!(stage.wiki.page(&remote.id).unwrap().body, before);
    }
}

#[tokio::test]
async fn a_page_whose_answer_was_lost_is_found_and_never_made_twice() {
    let stage = stage(&[]).await;
    stage.double.script.add("/v2/pages?", 1, Fault::Lost);
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    let found = testing::find(&*stage.sink, ("fix:abc", &testing::open("x")), None).await.unwrap();
    assert_eq!(stage.open("x").await.ok(), found);
    assert_eq!(stage.wiki.pages().len(), 1);
    // A page of that title that is not Quell's is nobody's to change.
    stage.wiki.by_hand(&found.unwrap().id, |page| "<p>mine</p>".clone_into(&mut page.body));
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(&error, SinkError::Refused(said) if said.contains("not Quell's")), "{error}");
    let found = testing::find(&*stage.sink, ("fix:abc", &testing::open("x")), None).await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn closing_is_taken_up_where_it_was_cut() {
    for part in ["/v2/pages/65537?", "/v2/footer-comments?", "/properties/1?"] {
        let stage = stage(&[]).await;
        let remote = stage.open("x").await.unwrap();
        let close = testing::close("x");
        stage.double.script.add(part, 2, Fault::Lost);
        for _ in 0..3 {
            let _cut = testing::act(&*stage.sink, ("close", &close), Some(&remote)).await;
        }
        stage.double.script.clear();
        testing::act(&*stage.sink, ("close", &close), Some(&remote)).await.unwrap();
        let found = testing::find(&*stage.sink, ("close", &close), Some(&remote)).await.unwrap();
        assert_eq!(found, Some(remote.clone()), "{part}");
        assert_eq!(stage.wiki.page(&remote.id).unwrap().comments.len(), 1, "{part}");
    }
}

#[tokio::test]
async fn what_is_gone_is_told_apart() {
    let stage = stage(&[]).await;
    let remote = stage.open("x").await.unwrap();
    let status = |word: &'static str| {
        move |page: &mut quell_testkit::sinks::ConfluencePage| {
            word.clone_into(&mut page.status);
        }
    };
    stage.wiki.by_hand(&remote.id, status("archived"));
    assert_eq!(stage.sink.read(&remote).await.unwrap().unwrap().gone, Gone::Archived);
    stage.wiki.by_hand(&remote.id, status("trashed"));
    assert_eq!(stage.sink.read(&remote).await.unwrap().unwrap().gone, Gone::Deleted);
    assert!(matches!(stage.edit("y", &remote).await, Err(SinkError::Gone(_))));
    stage.wiki.may_write(false);
    assert!(matches!(stage.open("x").await, Err(SinkError::Refused(_))));
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent() {
    let stage = stage(&[]).await;
    let (key, act) = (testing::key("fix:abc"), testing::open("logs-bucket"));
    let drafts = stage.sink.drafts(&Wanted { key: &key, act: &act, remote: None }).unwrap();
    assert_eq!(stage.double.ledger.count(), 0);
    let remote = stage.open("logs-bucket").await.unwrap();
    let sent = stage.double.ledger.of("");
    let sent: Vec<_> = sent.into_iter().filter(|one| !one.what.starts_with("GET")).collect();
    assert_eq!(drafts.len(), sent.len());
    for (draft, sent) in drafts.iter().zip(sent) {
        let target = draft.target.replace("{page}", &remote.id).replace(&stage.double.url(), "");
        assert_eq!(format!("{} {target}", draft.method), sent.what);
        let body = String::from_utf8(sent.body).unwrap();
        let drafted = draft.body.replace("{space}", "98306");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert!(
            read(&body) == read(&drafted) && (read(&body).is_some() || body == drafted),
            "{body}"
        );
    }
}

/// All tags of a text in the storage format, with their attributes.
fn tags(storage: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = storage;
    while let Some((_, after)) = rest.split_once('<') {
        // One text that is parted in two is still one text.
        if let Some(unread) = after.strip_prefix("![CDATA[") {
            rest = unread.split_once("]]>").unwrap().1;
            while let Some(more) = rest.strip_prefix("<![CDATA[") {
                rest = more.split_once("]]>").unwrap().1;
            }
            out.push("CDATA".to_owned());
            continue;
        }
        let (tag, after) = after.split_once('>').unwrap();
        out.push(tag.to_owned());
        rest = after;
    }
    out
}

#[test]
fn a_section_has_the_same_tags_whatever_the_data_is() {
    let benign = calls::section(&letter("benign"));
    assert_eq!(benign.matches("href=").count(), 2);
    for payload in PAYLOADS {
        let section = calls::section(&letter(payload));
        assert_eq!(tags(&section), tags(&benign), "{payload}");
        assert!(is_whole(&section));
        let expected = quell_model::shown(payload, false);
        assert!(storage::plain(&section).contains(&expected), "{payload}: {section}");
        let key = testing::key("fix:abc");
        let page = format!("<p>a</p>{}<p>b</p>", Part::Letter.whole(&key, &section));
        assert_eq!(Part::Letter.of(&key, &page).unwrap()[1], section);
        assert_eq!(key_in(&page), Some(key));
    }
    let noncharacters = calls::section(&letter("a\u{fffe}b\u{ffff}"));
    assert!(!noncharacters.contains(['\u{fffe}', '\u{ffff}']));
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let section = calls::section(&letter(&"<b>]]>😀".repeat(100_000)));
    assert!(cut::units(&section) < 400_000 && is_whole(&section));
    assert!(section.contains("left out"));
    let title = calls::title(&letter(&"😀".repeat(500)));
    assert!(cut::units(&title) <= 255 && title.ends_with(')'), "{title}");
}
