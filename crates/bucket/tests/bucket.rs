//! A bucket listed, read, and failing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use quell_bucket::{Bucket, BucketError, BucketSettings, KeyPair, Keys, KeysFound, Mark, Object};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, FixedClock};
use quell_testkit::net::{BucketDouble, Fault, FaultProxy, SigningKey};

const SECRET: &str = "s3cr3t/key+2";
const DAY_1: &str = "2026-01-01T00:00:00.000Z";
const DAY_2: &str = "2026-01-02T00:00:00.000Z";

#[derive(Debug)]
struct Fixed(&'static str);

impl Keys for Fixed {
    fn keys(&self) -> KeysFound<'_> {
        let secret_key = self.0.to_owned().into();
        Box::pin(async move {
            let access_key = "AKIDEXAMPLE".to_owned().into();
            Ok(KeyPair { access_key, secret_key, session_token: None })
        })
    }
}

async fn double(page: usize) -> BucketDouble {
    let key = SigningKey { access_key: "AKIDEXAMPLE".into(), secret_key: SECRET.into() };
    BucketDouble::start("exports", page, key).await.unwrap()
}

fn bucket(endpoint: String, prefix: &str, secret: &'static str) -> Bucket {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()));
    let egress = Egress::new(vec!["http://127.0.0.1".parse().unwrap()]);
    let rate = Rate::new(10_000, 1, 10_000);
    let retry = Retry { attempts: 1, ..Retry::default() };
    let policy = Policy { egress, rate, retry, ..Policy::default() };
    let client = Client::new(policy, Arc::clone(&clock)).unwrap();
    let mut settings = BucketSettings::new("eu-west-1", "exports", prefix);
    settings.endpoint = Some(endpoint);
    settings.overlap = Duration::from_secs(3_600);
    Bucket::new(settings, client, Arc::new(Fixed(secret)), clock)
}

fn none(_: &Object) -> bool {
    false
}

async fn keys(bucket: &Bucket, mark: Mark) -> Vec<String> {
    let listing = bucket.list_after(mark, 1_000, &none).await.unwrap();
    listing.objects.into_iter().map(|object| object.key).collect()
}

async fn read(bucket: &Bucket, object: &Object) -> Result<Vec<u8>, BucketError> {
    let mut stream = bucket.open(object, 1 << 20).await?;
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn all_pages_are_listed_and_every_key_is_read_back() {
    let double = double(3).await;
    let odd =
        ["x/a b+c.json", "x/a//b", "x/ä%2F?&=#'(!)*~.json", "x/deep/er/1.json", "x/<&>\".json"];
    for key in odd {
        double.put(key, DAY_1, key.as_bytes());
    }
    double.put("x/folder/", DAY_1, b"");
    double.put("y/other", DAY_1, b"other");
    for number in 0..20 {
        double.put(&format!("x/n{number:02}"), DAY_2, b"n");
    }
    let bucket = bucket(double.url(), "x/", SECRET);
    let listing = bucket.list_after(Mark::default(), 1_000, &none).await.unwrap();
    assert_eq!((listing.objects.len(), listing.seen, listing.left), (25, 26, 0));
    assert_eq!(double.listings(), 9);
    for object in &listing.objects[..5] {
        assert_eq!(read(&bucket, object).await.unwrap(), object.key.as_bytes(), "{object:?}");
    }
    assert!(double.faults().is_empty(), "{:?}", double.faults());
}

#[tokio::test]
async fn a_prefix_need_not_end_at_a_slash() {
    let double = double(100).await;
    double.put("wiz-1.json", DAY_1, b"1");
    double.put("orca-1.json", DAY_1, b"1");
    assert_eq!(keys(&bucket(double.url(), "wi", SECRET), Mark::default()).await, ["wiz-1.json"]);
}

#[tokio::test]
async fn only_what_is_new_is_listed_oldest_first() {
    let double = double(2).await;
    double.put("z-first", DAY_1, b"1");
    double.put("a-second", DAY_2, b"2");
    let bucket = bucket(double.url(), "", SECRET);
    assert_eq!(keys(&bucket, Mark::default()).await, ["z-first", "a-second"]);
    let first = bucket.list_after(Mark::default(), 1, &none).await.unwrap();
    assert_eq!((first.objects[0].key.as_str(), first.left), ("z-first", 1));
    let mut mark = Mark::default();
    mark.pass(&first.objects[0]);
    // The overlap brings the last one again; the caller knows it.
    let known = |object: &Object| object.key == "z-first";
    let rest = bucket.list_after(mark, 1_000, &known).await.unwrap();
    assert_eq!(rest.objects[0].key, "a-second");
    mark.pass(&rest.objects[0]);
    double.put("late-upload", "2026-01-01T23:30:00.000Z", b"3");
    assert_eq!(keys(&bucket, mark).await, ["late-upload", "a-second"]);
}

#[tokio::test]
async fn an_object_that_changed_is_not_taken_for_the_one_listed() {
    let double = double(100).await;
    double.put("a", DAY_1, b"one");
    let bucket = bucket(double.url(), "", SECRET);
    let object = bucket.list_after(Mark::default(), 1, &none).await.unwrap().objects.remove(0);
    double.put("a", DAY_2, b"two");
    assert!(matches!(read(&bucket, &object).await, Err(BucketError::Changed)));
    let untagged = Object { e_tag: None, size: 2, ..object.clone() };
    assert!(matches!(read(&bucket, &untagged).await, Err(BucketError::Changed)));
    double.remove("a");
    assert!(matches!(read(&bucket, &object).await, Err(BucketError::Changed)));
    let large = Object { size: 2 << 20, ..object };
    assert!(matches!(read(&bucket, &large).await, Err(BucketError::TooLarge { .. })));
}

#[tokio::test]
async fn a_listing_that_does_not_go_on_ends() {
    let double = double(2).await;
    (0..5).for_each(|n| double.put(&format!("{n}"), DAY_1, b"x"));
    double.set_stuck(true);
    let bucket = bucket(double.url(), "", SECRET);
    let error = bucket.list_after(Mark::default(), 10, &none).await.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
    assert_eq!(double.listings(), 2);
}

#[tokio::test]
async fn a_no_is_told_with_the_next_step_and_without_the_key() {
    let double = double(2).await;
    let wrong = bucket(double.url(), "", "wr0ng-s3cr3t");
    let error = wrong.list_after(Mark::default(), 10, &none).await.unwrap_err();
    assert!(error.to_string().contains("check the secret key"), "{error}");
    assert!(!format!("{error:?} {wrong:?}").contains("wr0ng"));
}

#[tokio::test]
async fn a_cut_object_is_never_whole() {
    let double = double(100).await;
    double.put("a", DAY_1, &[7; 50_000]);
    let direct = bucket(double.url(), "", SECRET);
    let object = direct.list_after(Mark::default(), 1, &none).await.unwrap().objects.remove(0);
    let target = double.url().trim_start_matches("http://").parse().unwrap();
    let proxy = FaultProxy::start(target).await.unwrap();
    let through = bucket(format!("http://{}", proxy.address()), "", SECRET);
    assert_eq!(read(&through, &object).await.unwrap().len(), 50_000);
    for cut in [100, 1_000, 49_999] {
        proxy.set(Fault::CutAfter(cut));
        assert!(read(&through, &object).await.is_err(), "{cut}");
    }
}

#[tokio::test]
async fn a_text_is_put_signed_and_read_back_and_one_that_is_missing_is_none() {
    let double = double(3).await;
    let own = bucket(double.url(), "audit/", SECRET);
    assert_eq!(own.text("log a.checkpoint", 1_000).await.unwrap(), None);
    own.put_text("log a.checkpoint", "one\n\u{2014} key\n").await.unwrap();
    own.put_text("log a.checkpoint", "two").await.unwrap();
    assert_eq!(own.text("log a.checkpoint", 1_000).await.unwrap().as_deref(), Some("two"));
    assert_eq!(double.content("audit/log a.checkpoint").unwrap(), b"two");
    assert!(own.text("log a.checkpoint", 2).await.is_err());
    double.set_broken("audit/log a.checkpoint", Some((403, "AccessDenied")));
    let refused = own.put_text("log a.checkpoint", "three").await.unwrap_err();
    assert!(refused.to_string().contains("s3:PutObject"), "{refused}");
    assert!(double.faults().is_empty(), "{:?}", double.faults());
    let wrong = bucket(double.url(), "audit/", "other");
    assert!(wrong.put_text("x", "y").await.is_err());
    assert!(double.content("audit/x").is_none());
}
