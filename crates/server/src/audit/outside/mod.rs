//! Checkpoints that are kept elsewhere: whoever puts an older copy of the whole machine back cannot
//! put those back too.

mod git;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_audit::{Checkpoint, Reader};
use quell_bucket::Bucket;
use quell_http::{Request, Sizes};
use quell_model::TenantId;

use crate::intake::bucket_of;
use crate::state::App;

/// How long an address may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest note that is read.
const MOST_BYTES: u64 = 64 << 10;

/// A place that keeps checkpoints.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// A folder with a file for each log.
    Folder(&'a Path),
    /// A git repository with a branch of them.
    Git(&'a Path),
    /// A bucket of the configuration, with an object for each log.
    Bucket(&'a str),
    /// An address that takes each as the body of a request, and tells it where it is asked.
    Address(&'a str),
}

fn place(text: &str) -> Place<'_> {
    match text.split_once(':') {
        Some(("file", path)) => Place::Folder(Path::new(path)),
        Some(("git", path)) => Place::Git(Path::new(path)),
        Some(("s3", name)) => Place::Bucket(name),
        Some(_) | None => Place::Address(text),
    }
}

impl Place<'_> {
    /// Whether it is asked over the network.
    const fn is_far(self) -> bool {
        match self {
            Self::Folder(_) | Self::Git(_) => false,
            Self::Bucket(_) | Self::Address(_) => true,
        }
    }
}

/// Why a log must not go on, as a checkpoint from outside says.
fn contradiction(reader: &mut Reader, kept: &Checkpoint) -> Option<String> {
    if kept.origin != reader.checkpoint().origin {
        return None;
    }
    if kept.size > reader.size() {
        return Some(format!(
            "it has {} records, and a checkpoint kept outside has {}: an older copy was put back; \
             `quell audit key renew` begins a new log that says so",
            reader.size(),
            kept.size
        ));
    }
    match reader.root_at(kept.size) {
        Ok(root) if root == kept.root => None,
        Ok(_) => Some(format!(
            "its first {} records are not those of a checkpoint kept outside; keep both as proof",
            kept.size
        )),
        Err(error) => Some(error.to_string()),
    }
}

/// Holds every log against what is kept of it on other disks, and lets none go on that is older.
pub(crate) fn look_outside(app: &App, tenants: &[TenantId]) {
    for tenant in tenants {
        for text in &app.config.audit.checkpoints {
            let near = place(text);
            if !near.is_far() {
                look_at(app, tenant, (text, read_near(near, &file_name(app, tenant))));
            }
        }
    }
}

/// The same with what is kept over the network. A place that does not answer does not hold the
/// server up: it is looked at before anything is sent there.
pub(crate) fn look_far(app: &Arc<App>, tenants: &[TenantId]) {
    for text in app.config.audit.checkpoints.iter().filter(|text| place(text).is_far()) {
        let answers = |tenant: &&TenantId| {
            let kept = read_kept(app, text, &file_name(app, tenant));
            look_at(app, tenant, (text, kept)) != Looked::Unknown
        };
        // One that does not answer for a tenant is not waited for again.
        let silent = tenants.iter().find(|tenant| !answers(tenant));
        if silent.is_some() {
            tracing::error!(
                place = text,
                "a place that keeps checkpoints does not answer; whether an older copy of the \
                 audit log was put back is not known"
            );
        }
    }
}

/// What a look at a place came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// What is kept there and the log go together, or nothing is.
    Sound,
    /// The log must not go on.
    Refused,
    /// It could not be looked at.
    Unknown,
}

/// Holds a log against what a place keeps of it.
fn look_at(
    app: &App,
    tenant: &TenantId,
    (place, kept): (&str, Result<Option<Checkpoint>, String>),
) -> Looked {
    let kept = match kept {
        Ok(Some(kept)) => kept,
        Ok(None) => return Looked::Sound,
        Err(error) => {
            tracing::warn!(place, error, "a checkpoint kept outside cannot be read");
            return Looked::Unknown;
        }
    };
    let folder = app.audit.folder(tenant);
    let Ok(mut reader) = Reader::open(&folder) else { return Looked::Sound };
    let keys = quell_audit::public_keys(&folder).unwrap_or_default();
    if !kept.is_signed_by(&keys) {
        tracing::warn!(place, "a checkpoint kept outside is not this log's");
        return Looked::Sound;
    }
    match contradiction(&mut reader, &kept) {
        None => Looked::Sound,
        Some(reason) => {
            tracing::error!(%tenant, reason, "the audit log is refused");
            app.audit.refuse(tenant, &reason);
            Looked::Refused
        }
    }
}

/// What a log is kept under; nothing where there is none yet.
fn file_name(app: &App, tenant: &TenantId) -> String {
    let checkpoint = quell_audit::checkpoint(&app.audit.folder(tenant));
    checkpoint.map(|checkpoint| name_of(&checkpoint.origin)).unwrap_or_default()
}

fn name_of(origin: &str) -> String {
    format!("{}.checkpoint", origin.replace('/', "_"))
}

/// What a place on a disk keeps under a name.
fn read_near(place: Place<'_>, name: &str) -> Result<Option<Checkpoint>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    let text = match place {
        Place::Folder(folder) => read_file(&folder.join(name))?,
        Place::Git(repository) => git::read(repository, name)?,
        Place::Bucket(_) | Place::Address(_) => None,
    };
    Ok(text.and_then(|text| Checkpoint::parse(&text)))
}

fn read_file(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() <= MOST_BYTES => {
            std::fs::read_to_string(path).map(Some).map_err(|error| error.to_string())
        }
        Ok(_) => Err("it is too long".to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What any place keeps under a name.
fn read_kept(app: &Arc<App>, text: &str, name: &str) -> Result<Option<Checkpoint>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    let text = match place(text) {
        near @ (Place::Folder(_) | Place::Git(_)) => return read_near(near, name),
        Place::Bucket(bucket) => {
            let bucket = bucket_named(app, bucket)?;
            wait(app, async { bucket.text(name, MOST_BYTES).await.map_err(|e| e.to_string()) })?
        }
        Place::Address(url) => wait(app, ask(app, url))?,
    };
    Ok(text.and_then(|text| Checkpoint::parse(&text)))
}

fn bucket_named(app: &Arc<App>, name: &str) -> Result<Bucket, String> {
    let configured = app.config.buckets.get(name);
    let configured = configured.ok_or_else(|| format!("there is no `[buckets.{name}]`"))?;
    Ok(bucket_of(app, configured))
}

/// What an address tells. One that is not there to be read tells nothing.
async fn ask(app: &App, url: &str) -> Result<Option<String>, String> {
    let sizes = Sizes { received_bytes: MOST_BYTES, decoded_bytes: MOST_BYTES, ..Sizes::default() };
    let request = Request::get(url).map_err(|error| error.to_string())?.sizes(sizes);
    match app.outside.client.send(&request).await {
        Ok(reply) => Ok(String::from_utf8(reply.into_body().to_vec()).ok()),
        Err(error) if error.status().is_some() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits for an answer on this thread, which is none that serves.
fn wait<T>(app: &App, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = app.runtime.get().ok_or("no server runs")?;
    let done = runtime.block_on(async { tokio::time::timeout(ANSWER, work).await });
    done.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

/// What was sent where: a place and a tenant, and how many records the checkpoint had.
type Sent = BTreeMap<(String, TenantId), u64>;

/// Sends checkpoints outside until the server stops.
pub(crate) fn keep_outside(app: &Arc<App>) {
    let mut sent = Sent::new();
    let every = Duration::from_secs(app.config.audit.checkpoint_seconds);
    while !app.stopping.load(Ordering::SeqCst) && !app.config.audit.checkpoints.is_empty() {
        for tenant in app.audit.tenants() {
            app.audit.settle(&tenant);
            send_new(app, &tenant, &mut sent);
        }
        app.pause(every);
    }
}

/// Sends the last checkpoints, behind which nothing is written.
pub(crate) fn send_last(app: &Arc<App>, tenants: &[TenantId]) {
    tenants.iter().for_each(|tenant| send_new(app, tenant, &mut Sent::new()));
}

fn send_new(app: &Arc<App>, tenant: &TenantId, sent: &mut Sent) {
    let Ok(checkpoint) = quell_audit::checkpoint(&app.audit.folder(tenant)) else { return };
    for text in &app.config.audit.checkpoints {
        let key = (text.clone(), tenant.clone());
        if sent.get(&key) == Some(&checkpoint.size) {
            continue;
        }
        // Never in the place of a newer one.
        if !sent.contains_key(&key) {
            let kept = read_kept(app, text, &name_of(&checkpoint.origin));
            if look_at(app, tenant, (text, kept)) != Looked::Sound {
                continue;
            }
        }
        match send(app, text, &checkpoint) {
            Ok(()) => drop(sent.insert(key, checkpoint.size)),
            Err(error) => tracing::error!(place = text, error, "a checkpoint is not kept outside"),
        }
    }
}

fn send(app: &Arc<App>, text: &str, checkpoint: &Checkpoint) -> Result<(), String> {
    let name = name_of(&checkpoint.origin);
    match place(text) {
        Place::Folder(folder) => keep(&folder.join(name), checkpoint),
        Place::Git(repository) => git::commit(repository, (&name, checkpoint), app.clock.now()),
        Place::Bucket(bucket) => {
            let bucket = bucket_named(app, bucket)?;
            let put = async { bucket.put_text(&name, &checkpoint.note).await };
            wait(app, async { put.await.map_err(|error| error.to_string()) })
        }
        Place::Address(url) => post(app, url, checkpoint),
    }
}

/// Puts it in the place of the older one. One that is not older is never replaced.
fn keep(path: &Path, checkpoint: &Checkpoint) -> Result<(), String> {
    let kept = read_file(path).ok().flatten().and_then(|text| Checkpoint::parse(&text));
    if kept.is_some_and(|kept| kept.size > checkpoint.size) {
        return Err("a newer one is there already".to_owned());
    }
    let failed = |error: std::io::Error| error.to_string();
    let folder = path.parent().unwrap_or(path);
    let mut next = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut next, checkpoint.note.as_bytes()).map_err(failed)?;
    next.as_file().sync_all().map_err(failed)?;
    next.persist(path).map(drop).map_err(|error| error.error.to_string())?;
    // Behind a crash an older one would vouch for a log that was rolled back to it.
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn post(app: &App, url: &str, checkpoint: &Checkpoint) -> Result<(), String> {
    let request = Request::post(url)
        .and_then(|request| request.body("text/plain; charset=utf-8", checkpoint.note.clone()))
        .map_err(|error| error.to_string())?;
    let send = app.outside.client.send(&request);
    wait(app, async { send.await.map(drop).map_err(|error| error.to_string()) })
}
