//! Polled buckets: new objects below a prefix are imported.

use std::sync::Arc;
use std::time::Duration;

use quell_bucket::{Bucket, Mark, Object};
use quell_config::Bucket as Configured;
use quell_model::{TenantId, Timestamp};
use quell_store::Heard;

use super::objects::{Cause, Untaken, bucket_of, queue_again, take, version};
use crate::state::App;

/// Objects taken of one listing; the rest comes with the next.
const MOST_OBJECTS: usize = 1000;

/// Polls one bucket until the server stops.
pub(crate) async fn poll_bucket(app: Arc<App>, name: String, configured: Configured) {
    let bucket = bucket_of(&app, &configured);
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
    let mut untaken: Vec<(Object, Untaken)> = Vec::new();
    let mut taken = 0;
    for object in listing.map_err(|error| error.to_string())?.objects {
        match take(app, bucket, source, (&object, &configured.format)).await {
            Ok(()) => {
                mark.pass(&object);
                taken += 1;
            }
            // It is gone, or listed anew.
            Err(why) if why.because_of == Cause::Change => {}
            Err(why) => {
                tracing::warn!(key = object.key, reason = why.reason, "an object is not taken");
                untaken.push((object, why));
            }
        }
    }
    // Where none can be read it is the bucket, and all are listed again. Otherwise those after one
    // that cannot be read are not held up, and it is tried again by itself.
    let mut reason = None;
    for (object, why) in untaken {
        if taken == 0 && why.because_of != Cause::Object {
            reason.get_or_insert(why.reason);
            continue;
        }
        let queued = queue_again(app, (&source.0, &source.1), &object, &why);
        queued.map_err(|error| error.to_string())?;
        mark.pass(&object);
    }
    write_mark(app, source, mark)?;
    reason.map_or(Ok(()), Err)
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
