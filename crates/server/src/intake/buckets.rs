//! Polled buckets: new objects below a prefix are imported.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quell_bucket::{Bucket, BucketSettings, KeyPair, Keys, KeysFound, Mark, Object};
use quell_config::{Bucket as Configured, SecretRef};
use quell_model::{TenantId, Timestamp};
use quell_spool::Payload;
use quell_store::Heard;
use tokio::sync::mpsc;

use super::folders::{Found, queue};
use super::receive::{PIECES, Pieces, keep};
use crate::api::Problem;
use crate::state::App;

/// Objects taken of one listing; the rest comes with the next.
const MOST_OBJECTS: usize = 1000;

/// Polls one bucket until the server stops.
pub(crate) async fn poll_bucket(app: Arc<App>, name: String, configured: Configured) {
    let settings = BucketSettings {
        endpoint: configured.endpoint.clone(),
        ..BucketSettings::new(&configured.region, &configured.bucket, &configured.prefix)
    };
    let keys = Arc::new(BucketKeys {
        app: Arc::clone(&app),
        access_key: configured.access_key.clone(),
        secret_key: configured.secret_key.clone(),
    });
    let bucket = Bucket::new(settings, app.outside.client.clone(), keys, Arc::clone(&app.clock));
    let source = (configured.tenant.clone(), name);
    loop {
        if let Err(reason) = poll(&app, &bucket, &source, &configured).await {
            tracing::warn!(bucket = source.1, reason, "a bucket is not read");
            let (app, source) = (Arc::clone(&app), source.clone());
            let noted = tokio::task::spawn_blocking(move || {
                let heard = Heard { failed: Some(reason), ..Heard::default() };
                let key = (&source.0, source.1.as_str(), "bucket");
                app.office().source_heard(key, &heard, app.clock.now())
            });
            // It is in the log too.
            drop(noted.await);
        }
        tokio::time::sleep(Duration::from_secs(configured.every_seconds)).await;
    }
}

/// Takes what is new, oldest first.
async fn poll(
    app: &Arc<App>,
    bucket: &Bucket,
    source: &(TenantId, String),
    configured: &Configured,
) -> Result<(), String> {
    let mut mark = read_mark(app, source)?;
    let known = |object: &Object| {
        let key = (&source.0, source.1.as_str(), object.key.as_str());
        app.office().taken(key).is_ok_and(|taken| taken.as_deref() == Some(&*version(object)))
    };
    let listing = bucket.list_after(mark, MOST_OBJECTS, &known).await;
    for object in listing.map_err(|error| error.to_string())?.objects {
        // One that cannot be taken is named and left; those after it are not held up.
        match take(app, bucket, source, (&object, &configured.format)).await {
            Ok(()) => mark.pass(&object),
            Err(reason) => tracing::warn!(key = object.key, reason, "an object is not taken"),
        }
    }
    write_mark(app, source, mark)
}

/// What tells an object from another under the same key.
fn version(object: &Object) -> String {
    let tag = object.e_tag.as_deref().unwrap_or_default();
    format!("{} {} {tag}", object.size, object.modified)
}

async fn take(
    app: &Arc<App>,
    bucket: &Bucket,
    source: &(TenantId, String),
    (object, format): (&Object, &str),
) -> Result<(), String> {
    let payload = fetch(app, bucket, object).await?;
    let (app, source) = (Arc::clone(app), source.clone());
    let (key, version, format) = (object.key.clone(), version(object), format.to_owned());
    let queued = tokio::task::spawn_blocking(move || {
        let found = Found { name: &key, version: &version, format: &format };
        queue(&app, (&source.0, &source.1), &found, &payload)
    });
    queued.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

async fn fetch(app: &Arc<App>, bucket: &Bucket, object: &Object) -> Result<Payload, String> {
    let most = app.config.server.max_import_bytes;
    let mut stream = bucket.open(object, most).await.map_err(|error| error.to_string())?;
    let (send, pieces) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    let keeping = Arc::clone(app);
    let kept = tokio::task::spawn_blocking(move || keep(&keeping, Pieces::new(pieces)));
    let sent = async {
        loop {
            match stream.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(piece)) => {
                    // Where nobody listens any more, the disk refused, and says why.
                    drop(send.send(Ok(piece)).await);
                }
                Err(error) => {
                    let reason = error.to_string();
                    drop(send.send(Err(io::Error::other(reason.clone()))).await);
                    return Err(reason);
                }
            }
        }
    };
    let sent = sent.await;
    drop(send);
    let kept = kept.await.map_err(|error| error.to_string())?;
    sent?;
    kept.map_err(|problem: Problem| problem.detail().to_owned())
}

fn setting(source: &(TenantId, String)) -> String {
    format!("bucket {} {}", source.0, source.1)
}

fn read_mark(app: &App, source: &(TenantId, String)) -> Result<Mark, String> {
    let known = app.office().setting(&setting(source)).map_err(|error| error.to_string())?;
    let text = known.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(Mark(text.and_then(|text| text.parse::<Timestamp>().ok())))
}

fn write_mark(app: &App, source: &(TenantId, String), mark: Mark) -> Result<(), String> {
    let Some(at) = mark.0 else { return Ok(()) };
    let set = app.office().setting_set(&setting(source), at.to_string().as_bytes());
    set.map_err(|error| error.to_string())
}

/// The key of a bucket, read when a request needs it.
struct BucketKeys {
    app: Arc<App>,
    access_key: SecretRef,
    secret_key: SecretRef,
}

impl fmt::Debug for BucketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketKeys({}, {})", self.access_key, self.secret_key)
    }
}

impl Keys for BucketKeys {
    fn keys(&self) -> KeysFound<'_> {
        Box::pin(async {
            let read = async |reference: &SecretRef| {
                let secret = self.app.outside.read_any(reference).await;
                let secret = secret.map_err(|error| error.to_string())?;
                secret
                    .expose_text()
                    .map(|text| text.to_owned().into())
                    .ok_or_else(|| format!("`{reference}` is no text"))
            };
            Ok(KeyPair {
                access_key: read(&self.access_key).await?,
                secret_key: read(&self.secret_key).await?,
                session_token: None,
            })
        })
    }
}
