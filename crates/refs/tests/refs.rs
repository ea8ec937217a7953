//! Names looked up at doubles of their hosts, and what those do wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quell_http::Policy;
use quell_model::FixedClock;
use quell_refs::{Hosts, Known, Resolver, Wanted};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::{Answer, Slow};
use quell_testkit::refs::RefsDouble;

const DIGEST: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";

struct Rig {
    hosts: Arc<RefsDouble>,
    double: Double,
    resolver: Arc<Resolver>,
}

async fn rig() -> Rig {
    let hosts = Arc::<RefsDouble>::default();
    let double = Double::start(hosts.clone()).await.unwrap();
    let resolver = resolver(&[&double.url()]);
    Rig { hosts, double, resolver }
}

fn resolver(hosts: &[&str]) -> Arc<Resolver> {
    let clock = Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()));
    let hosts = Hosts::parse(hosts.iter().copied()).unwrap();
    Arc::new(Resolver::new(hosts, Policy::default(), clock).unwrap())
}

impl Rig {
    fn host(&self) -> String {
        self.double.url().trim_start_matches("http://").to_owned()
    }

    fn image(&self, name: &str) -> Wanted {
        Wanted::Digest { image: format!("{}/{name}", self.host()) }
    }

    fn commit(&self, path: &str, version: &str) -> Wanted {
        let repository = format!("{}/{path}", self.host());
        Wanted::Commit { repository, version: version.to_owned() }
    }

    async fn find(&self, wanted: Wanted) -> Result<Known, String> {
        find(&self.resolver, wanted).await
    }
}

async fn find(resolver: &Arc<Resolver>, wanted: Wanted) -> Result<Known, String> {
    let mut found = resolver.find(&BTreeSet::from([wanted.clone()])).await;
    found.remove(&wanted).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_leads_to_its_digest() {
    let rig = rig().await;
    rig.hosts.image("acme/shop:1.4", DIGEST);
    let known = rig.find(rig.image("acme/shop:1.4")).await.unwrap();
    assert_eq!(known.value, DIGEST);
    assert_eq!(known.from, format!("`{}` for `acme/shop:1.4`", rig.host()));
    let asked = rig.double.ledger.of("/v2/");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].what.starts_with("HEAD /v2/acme/shop/manifests/1.4"));
    let error = rig.find(rig.image("acme/other:1")).await.unwrap_err();
    assert!(error.contains("does not know `acme/other:1`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_where_the_registry_says_and_goes_nowhere_else() {
    let rig = rig().await;
    rig.hosts.image("acme/shop:1.4", DIGEST);
    rig.hosts.ask_for_token(&format!("{}/token", rig.double.url()));
    assert_eq!(rig.find(rig.image("acme/shop:1.4")).await.unwrap().value, DIGEST);
    let tokens = rig.double.ledger.of("/token");
    assert!(tokens[0].what.contains("scope=repository%3Aacme%2Fshop%3Apull"));
    assert!(tokens[0].headers.iter().all(|(name, _)| name != "authorization"));
    // A registry may send to any address; it is asked only where that was named.
    let other = Double::start(Arc::<RefsDouble>::default()).await.unwrap();
    for realm in [&format!("{}/token", other.url()), "https://tokens.example/", "http://[", "x"] {
        rig.hosts.ask_for_token(realm);
        let error = rig.find(rig.image("acme/shop:1.4")).await.unwrap_err();
        let known = ["fix.look_up", "egress.allow", "no readable way", "only https"];
        assert!(known.iter().any(|part| error.contains(part)), "{realm}: {error}");
    }
    assert_eq!(other.ledger.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_is_not_told_is_made_of_the_manifest() {
    let rig = rig().await;
    rig.hosts.manifest("a/b:latest", b"{}");
    let known = rig.find(rig.image("a/b")).await.unwrap();
    // SHA-256 of `{}`.
    let of = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(known.value, of);
    let page = Answer::new(200, "<html>log in</html>").header("content-type", "text/html");
    rig.double.script.add("/v2/", 2, Fault::Answer(page));
    let error = rig.find(rig.image("a/b")).await.unwrap_err();
    assert!(error.contains("no manifest"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_digest_is_not_taken() {
    let rig = rig().await;
    for lie in ["sha256:00", "sha512:0011", "latest", "sha256:../../etc", &DIGEST.to_uppercase()] {
        rig.hosts.image("acme/shop:1.4", lie);
        let error = rig.find(rig.image("acme/shop:1.4")).await.unwrap_err();
        assert!(error.contains("is no digest") && !error.contains(lie), "{lie}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_the_commit_that_its_tag_leads_to() {
    let rig = rig().await;
    rig.hosts.repository(
        "actions/checkout",
        &[("HEAD", ONE), ("refs/heads/main", ONE), ("refs/tags/v4", TWO), ("refs/tags/v4^{}", ONE)],
    );
    let all = ["v4", "main", "HEAD", "v5"].map(|version| rig.commit("actions/checkout", version));
    let found = rig.resolver.find(&all.iter().cloned().collect()).await;
    let value = |at: usize| found[&all[at]].clone().map(|known| known.value);
    assert_eq!(value(0).as_deref(), Ok(ONE));
    assert_eq!(value(1).as_deref(), Ok(ONE));
    assert_eq!(value(2).as_deref(), Ok(ONE));
    assert!(value(3).unwrap_err().contains("no tag and no branch `v5`"));
    // All versions of a repository are one question.
    assert_eq!(rig.double.ledger.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_is_the_newest_version_that_is_allowed() {
    let rig = rig().await;
    let source = |version: &str| format!("git::https://github.com/o/vpc?ref={version}");
    let (old, new) = (source(ONE), source(TWO));
    rig.hosts.module(
        "o/vpc/aws",
        &[("5.1.0", &old), ("5.20.1", &new), ("6.0.0", "x"), ("5.30.0-rc1", "x")],
    );
    let module = format!("{}/o/vpc/aws", rig.host());
    let wanted = |constraint: &str| Wanted::Module {
        module: module.clone(),
        constraint: constraint.to_owned(),
    };
    assert_eq!(rig.find(wanted("~> 5.0")).await.unwrap().value, new);
    let known = rig.find(wanted("5.1.0")).await.unwrap();
    assert_eq!(
        (known.value.as_str(), known.from.contains("`o/vpc/aws` 5.1.0")),
        (old.as_str(), true)
    );
    for (constraint, why) in [
        ("", "no git source with a commit"),
        (">= 7", "no released version"),
        ("newest", "no constraint on versions"),
    ] {
        let error = rig.find(wanted(constraint)).await.unwrap_err();
        assert!(error.contains(why), "{constraint}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_that_allow_the_same_version_are_one_question() {
    let rig = rig().await;
    let source = format!("git::https://{}/o/vpc?ref=v1.2.0", rig.host());
    rig.hosts.module("o/vpc/aws", &[("1.2.0", &source), ("1.0.0", "x")]);
    rig.hosts.repository("o/vpc", &[("refs/tags/v1.2.0", ONE)]);
    let module = format!("{}/o/vpc/aws", rig.host());
    let all = ["", "~> 1.0", ">= 1.1", "= 1.0", "> 9"];
    let wanted = |constraint: &str| Wanted::Module {
        module: module.clone(),
        constraint: constraint.to_owned(),
    };
    let found = rig.resolver.find(&all.map(wanted).into()).await;
    let is_known = |constraint: &str| found[&wanted(constraint)].is_ok();
    assert_eq!(all.map(is_known), [true, true, true, false, false]);
    let asked = |part: &str| rig.double.ledger.of(part).len();
    assert_eq!(asked("/o/vpc.git"), 1);
    // The services, the versions, and two of these.
    assert_eq!(rig.double.ledger.count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_s_tag_is_asked_of_its_git_host() {
    let rig = rig().await;
    let source = format!("git::https://{}/o/vpc?ref=v1.0.0", rig.host());
    rig.hosts.module("o/vpc/aws", &[("1.0.0", &source)]);
    rig.hosts.repository("o/vpc", &[("refs/tags/v1.0.0", ONE)]);
    let module = format!("{}/o/vpc/aws", rig.host());
    let known = rig.find(Wanted::Module { module, constraint: "1.0.0".into() }).await.unwrap();
    assert_eq!(known.value, format!("git::https://{}/o/vpc?ref={ONE}", rig.host()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_not_named_is_not_asked() {
    let rig = rig().await;
    let other = Double::start(Arc::<RefsDouble>::default()).await.unwrap();
    let host = other.url().trim_start_matches("http://").to_owned();
    let images = [
        format!("{host}/a/b:1"),
        "nginx:1.27".to_owned(),
        "169.254.169.254/a:1".to_owned(),
        "10.0.0.7:5000/a:1".to_owned(),
    ];
    for image in images {
        let error = rig.find(Wanted::Digest { image: image.clone() }).await.unwrap_err();
        let named = error.contains("`fix.look_up`") || error.contains("egress.allow");
        assert!(error.starts_with("not sent") && named, "{image}: {error}");
    }
    let repository = "github.com/actions/checkout".to_owned();
    let error = rig.find(Wanted::Commit { repository, version: "v4".into() }).await.unwrap_err();
    assert!(error.contains("`github.com` is not among the hosts"), "{error}");
    // Nor where a host that was named sends to it.
    let elsewhere = Answer::new(307, "").header("location", &format!("{}/v2/", other.url()));
    rig.double.script.add("/v2/", 1, Fault::Answer(elsewhere));
    assert!(rig.find(rig.image("a/b:1")).await.is_err());
    assert_eq!(other.ledger.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_and_nothing_of_what_the_host_wrote() {
    let rig = rig().await;
    rig.hosts.image("a/b:1", DIGEST);
    rig.hosts.repository("o/r", &[("refs/tags/v1", ONE)]);
    for (status, why) in [
        (403, "asks for a login"),
        (401, "asks for a login"),
        (404, "does not know"),
        (418, "answered 418"),
        (500, "answered 500"),
    ] {
        let answer = Answer::new(status, "<script>hostile</script>");
        rig.double.script.add("/", 2, Fault::Answer(answer));
        let error = rig.find(rig.image("a/b:1")).await.unwrap_err();
        assert!(error.contains(why) && !error.contains("hostile"), "{status}: {error}");
        rig.double.script.clear();
    }
    let wanted = rig.commit("o/r", "v1");
    for bytes in [0, 3, 40, 60] {
        rig.double.script.add("/o/r", 2, Fault::Cut(bytes));
        assert!(rig.find(wanted.clone()).await.is_err(), "{bytes}");
        rig.double.script.clear();
    }
    let page = Answer::new(200, "<html>").header("content-type", "text/html");
    rig.double.script.add("/o/r", 1, Fault::Answer(page));
    let error = rig.find(wanted.clone()).await.unwrap_err();
    assert!(error.contains("not the answer of a git host"), "{error}");
    assert_eq!(rig.find(wanted).await.unwrap().value, ONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_answer_holds_up_nobody_for_long() {
    let rig = rig().await;
    rig.hosts.image("a/b:1", DIGEST);
    let mut slow = Answer::new(200, "{}");
    slow.slow = Some(Slow { first: Duration::from_secs(60), ..Slow::default() });
    rig.double.script.add("/slow", 9, Fault::Answer(slow));
    let clock = Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()));
    let hosts = Hosts::parse([rig.double.url().as_str()]).unwrap();
    let resolver = Resolver::new(hosts, Policy::default(), clock).unwrap();
    let resolver = Arc::new(resolver.within(Duration::from_secs(3)));
    let both = BTreeSet::from([rig.image("a/b:1"), rig.image("slow/b:1")]);
    let found = resolver.find(&both).await;
    assert_eq!(found[&rig.image("a/b:1")].as_ref().unwrap().value, DIGEST);
    let error = found[&rig.image("slow/b:1")].as_ref().unwrap_err();
    assert!(error.contains("not looked up within 3 s"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_not_asked_for() {
    let rig = rig().await;
    let host = rig.host();
    for image in ["${IMAGE}", "{{ .Values.image }}", "a b", &format!("{host}/../x:1"), ""] {
        let error = rig.find(Wanted::Digest { image: image.to_owned() }).await.unwrap_err();
        assert!(error.contains("no name of an image"), "{image}: {error}");
    }
    for version in ["../v1", "v1?x", "-x y", ""] {
        assert!(rig.find(rig.commit("o/r", version)).await.is_err(), "{version}");
    }
    assert!(rig.find(rig.commit("o/../../x", "v1")).await.is_err());
    assert_eq!(rig.double.ledger.of("/v2/").len(), 0);
}
