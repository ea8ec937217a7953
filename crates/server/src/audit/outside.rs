//! Checkpoints that are kept elsewhere: whoever puts an older copy of the whole machine back cannot
//! put those back too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_audit::{Checkpoint, Reader};
use quell_http::Request;
use quell_model::TenantId;

use crate::state::App;

/// How long an address may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest note that is read.
const MOST_BYTES: u64 = 64 << 10;

/// A place that keeps checkpoints.
enum Place<'a> {
    /// A folder with a file for each log.
    Folder(&'a Path),
    /// An address that takes each as the body of a request.
    Address(&'a str),
}

fn place(text: &str) -> Place<'_> {
    match text.strip_prefix("file:") {
        Some(path) => Place::Folder(Path::new(path)),
        None => Place::Address(text),
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

/// Holds every log against what is kept of it outside, and lets none go on that is older.
pub(crate) fn look_outside(app: &App, tenants: &[TenantId]) {
    for tenant in tenants {
        let folder = app.audit.folder(tenant);
        let Ok(mut reader) = Reader::open(&folder) else { continue };
        for text in &app.config.audit.checkpoints {
            let Place::Folder(outside) = place(text) else { continue };
            let Some(kept) = read_kept(&file(outside, &reader.checkpoint().origin)) else {
                continue;
            };
            let keys = quell_audit::public_keys(&folder).unwrap_or_default();
            if !kept.is_signed_by(&keys) {
                tracing::warn!(place = text, "a checkpoint kept outside is not this log's");
                continue;
            }
            if let Some(reason) = contradiction(&mut reader, &kept) {
                tracing::error!(%tenant, reason, "the audit log is refused");
                app.audit.refuse(tenant, &reason);
            }
        }
    }
}

fn read_kept(path: &Path) -> Option<Checkpoint> {
    let length = std::fs::metadata(path).ok()?.len();
    let text = (length <= MOST_BYTES).then(|| std::fs::read_to_string(path).ok())??;
    Checkpoint::parse(&text)
}

/// The file of a log below a folder.
fn file(folder: &Path, origin: &str) -> PathBuf {
    folder.join(format!("{}.checkpoint", origin.replace('/', "_")))
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
pub(crate) fn send_last(app: &App, tenants: &[TenantId]) {
    tenants.iter().for_each(|tenant| send_new(app, tenant, &mut Sent::new()));
}

fn send_new(app: &App, tenant: &TenantId, sent: &mut Sent) {
    let Ok(checkpoint) = quell_audit::checkpoint(&app.audit.folder(tenant)) else { return };
    for text in &app.config.audit.checkpoints {
        let key = (text.clone(), tenant.clone());
        if sent.get(&key) == Some(&checkpoint.size) {
            continue;
        }
        match send(app, text, &checkpoint) {
            Ok(()) => drop(sent.insert(key, checkpoint.size)),
            Err(error) => tracing::error!(place = text, error, "a checkpoint is not kept outside"),
        }
    }
}

fn send(app: &App, text: &str, checkpoint: &Checkpoint) -> Result<(), String> {
    match place(text) {
        Place::Folder(folder) => keep(folder, checkpoint),
        Place::Address(url) => post(app, url, checkpoint),
    }
}

/// Puts it in the place of the older one. One that is not older is never replaced.
fn keep(folder: &Path, checkpoint: &Checkpoint) -> Result<(), String> {
    let path = file(folder, &checkpoint.origin);
    if read_kept(&path).is_some_and(|kept| kept.size > checkpoint.size) {
        return Err("a newer one is there already".to_owned());
    }
    let failed = |error: std::io::Error| error.to_string();
    let mut next = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut next, checkpoint.note.as_bytes()).map_err(failed)?;
    next.as_file().sync_all().map_err(failed)?;
    next.persist(&path).map(drop).map_err(|error| error.error.to_string())
}

fn post(app: &App, url: &str, checkpoint: &Checkpoint) -> Result<(), String> {
    let runtime = app.runtime.get().ok_or("no server runs")?;
    let request = Request::post(url)
        .and_then(|request| request.body("text/plain; charset=utf-8", checkpoint.note.clone()))
        .map_err(|error| error.to_string())?;
    let sent = runtime
        .block_on(async { tokio::time::timeout(ANSWER, app.outside.client.send(&request)).await });
    let sent = sent.map_err(|_| "it does not answer".to_owned())?;
    sent.map(drop).map_err(|error| error.to_string())
}
