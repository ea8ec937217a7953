//! One object of a bucket: read, kept, and queued for import. What cannot be read now becomes a job
//! of its own, so that it is tried again, and seen where that does not help.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use quell_bucket::{Bucket, BucketError, BucketSettings, KeyPair, Keys, KeysFound, Object};
use quell_config::{Bucket as Configured, SecretRef};
use quell_http::Verdict;
use quell_model::{KeyHasher, TenantId};
use quell_secrets::{AwsLogins, Secret};
use quell_spool::Payload;
use quell_store::{JobRow, NewJob, StoreError};
use tokio::sync::mpsc;

use super::folders::{Found, queue};
use super::receive::{PIECES, Pieces, keep};
use crate::api::Problem;
use crate::jobs::{Failure, Outcome, Task};
use crate::state::App;

/// A bucket as it is configured.
pub(crate) fn bucket_of(app: &Arc<App>, configured: &Configured) -> Bucket {
    let settings = BucketSettings {
        endpoint: configured.endpoint.clone(),
        ..BucketSettings::new(&configured.region, &configured.bucket, &configured.prefix)
    };
    let keys = Arc::new(BucketKeys {
        app: Arc::clone(app),
        given: configured.access_key.clone().zip(configured.secret_key.clone()),
        own: app.outside.own_keys(&app.config, &configured.region, &app.clock),
    });
    Bucket::new(settings, app.outside.client.clone(), keys, Arc::clone(&app.clock))
}

/// What tells an object from another under the same key.
pub(super) fn version(object: &Object) -> String {
    let tag = object.e_tag.as_deref().unwrap_or_default();
    format!("{} {} {tag}", object.size, object.modified)
}

/// Why an object is not taken.
#[derive(Debug)]
pub(super) struct Untaken {
    pub(super) reason: String,
    pub(super) because_of: Cause,
}

/// What keeps an object from being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The object itself, for good.
    Object,
    /// It is gone, or another one, which is listed anew.
    Change,
    /// What a person has to set right: a right, a key, an address.
    Settings,
    /// Something that passes.
    Time,
}

impl Untaken {
    /// Something of this server: its disk, its database, its end.
    fn here(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), because_of: Cause::Time }
    }
}

impl From<BucketError> for Untaken {
    fn from(error: BucketError) -> Self {
        let because_of = match (&error, error.verdict()) {
            (BucketError::TooLarge { .. }, _) => Cause::Object,
            (BucketError::Denied { code, .. }, _) if code == "InvalidObjectState" => Cause::Object,
            (BucketError::Changed, _) => Cause::Change,
            (_, Verdict::Later(_)) => Cause::Time,
            (_, Verdict::GiveUp | Verdict::NeedsHuman) => Cause::Settings,
        };
        Self { reason: error.to_string(), because_of }
    }
}

/// Reads an object and queues its import.
pub(super) async fn take(
    app: &Arc<App>,
    bucket: &Bucket,
    source: &(TenantId, String),
    (object, format): (&Object, &str),
) -> Result<(), Untaken> {
    let payload = fetch(app, bucket, object).await?;
    let (app, source) = (Arc::clone(app), source.clone());
    let (key, version, format) = (object.key.clone(), version(object), format.to_owned());
    let queued = tokio::task::spawn_blocking(move || {
        let found = Found { name: &key, version: &version, format: &format };
        queue(&app, (&source.0, &source.1), &found, &payload)
    });
    queued.await.map_err(Untaken::here)?.map_err(Untaken::here)
}

async fn fetch(app: &Arc<App>, bucket: &Bucket, object: &Object) -> Result<Payload, Untaken> {
    let most = app.config.server.max_import_bytes;
    let mut stream = bucket.open(object, most).await?;
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
                    drop(send.send(Err(io::Error::other(error.to_string()))).await);
                    return Err(error);
                }
            }
        }
    };
    let sent = sent.await;
    drop(send);
    let kept = kept.await.map_err(Untaken::here)?;
    sent?;
    kept.map_err(|problem: Problem| Untaken::here(problem.detail()))
}

/// Makes a job of an object that could not be taken, and notes that it is: it is not listed again.
pub(super) fn queue_again(
    app: &App,
    (tenant, source): (&TenantId, &str),
    object: &Object,
    untaken: &Untaken,
) -> Result<(), StoreError> {
    let task = Task::Object {
        key: object.key.clone(),
        size: object.size,
        modified: object.modified,
        e_tag: object.e_tag.clone(),
    };
    let (what, version, now) = (serde_json::to_string(&task)?, version(object), app.clock.now());
    let parts = [source, &object.key, &version];
    let id = parts.into_iter().fold(KeyHasher::new("object"), KeyHasher::part).finish();
    let new = NewJob { id, kind: task.kind(), what: &what, source, made_by: source, due_at: now };
    let mut office = app.office();
    match untaken.because_of {
        Cause::Time => office.job_add(tenant, &new, now)?,
        Cause::Object | Cause::Change | Cause::Settings => {
            office.job_bury(tenant, &new, &untaken.reason, now)?
        }
    };
    office.take((tenant, source, &object.key), &version, now)?;
    drop(office);
    app.jobs_waiting.wake();
    Ok(())
}

/// Takes an object that could not be taken before.
pub(crate) fn take_object(
    app: &Arc<App>,
    job: &JobRow,
    object: &Object,
) -> Result<Outcome, Failure> {
    let configured = app.config.buckets.get(&job.source);
    let configured = configured.filter(|bucket| bucket.tenant == job.tenant);
    let gone = || Failure::Never(format!("no bucket `{}` is configured any more", job.source));
    let configured = configured.ok_or_else(gone)?;
    let runtime = app.runtime.get();
    let runtime = runtime.ok_or_else(|| Failure::Later("no server runs".to_owned()))?;
    let (bucket, source) = (bucket_of(app, configured), (job.tenant.clone(), job.source.clone()));
    let taken = runtime.block_on(take(app, &bucket, &source, (object, &configured.format)));
    taken.map(|()| Outcome::nothing()).map_err(|Untaken { reason, because_of }| match because_of {
        Cause::Time => Failure::Later(reason),
        Cause::Object | Cause::Change | Cause::Settings => Failure::Never(reason),
    })
}

/// The key of a bucket, read when a request needs it.
struct BucketKeys {
    app: Arc<App>,
    /// The references to it, where they are configured.
    given: Option<(SecretRef, SecretRef)>,
    /// What AWS's own tools would use.
    own: AwsLogins,
}

impl fmt::Debug for BucketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketKeys").field("given", &self.given).finish_non_exhaustive()
    }
}

impl Keys for BucketKeys {
    fn keys(&self) -> KeysFound<'_> {
        Box::pin(async {
            let Some((access_key, secret_key)) = &self.given else {
                let own = self.own.get().await.map_err(|error| error.to_string())?;
                let token = own.session_token.as_ref();
                return Ok(KeyPair {
                    access_key: text(&own.access_key)?.into(),
                    secret_key: text(&own.secret_key)?.into(),
                    session_token: token.map(text).transpose()?.map(Into::into),
                });
            };
            let read = async |reference: &SecretRef| {
                let secret = self.app.outside.read_any(reference).await;
                text(&secret.map_err(|error| error.to_string())?)
            };
            Ok(KeyPair {
                access_key: read(access_key).await?.into(),
                secret_key: read(secret_key).await?.into(),
                session_token: None,
            })
        })
    }
}

fn text(secret: &Secret) -> Result<String, String> {
    let text = secret.expose_text().map(str::to_owned);
    text.ok_or_else(|| "the key is no text".to_owned())
}
