//! Records on their way to a SIEM as the log grows. Each arrives at least once: the place in the
//! log is written down once a receiver has taken what was before it. A receiver that is blocked
//! holds up nobody, since a stream reads the log as anybody else does.

mod form;
mod position;
mod send;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_audit::{AuditError, Reader};
use quell_config::AuditStream;
use quell_model::TenantId;

use crate::state::App;
use form::Told;
use position::Position;
use send::Receiver;

/// How often a stream looks for new records, and how long it rests at most when nothing is taken.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Records of one message, and about how many bytes of them.
const MOST_RECORDS: usize = 256;
const MOST_BYTES: usize = 512 << 10;

/// Runs every stream until the server stops.
pub(crate) fn stream_out(app: &Arc<App>) {
    std::thread::scope(|threads| {
        for (name, stream) in app.config.audit_streams.iter().filter(|(_, one)| one.enabled) {
            threads.spawn(|| run(app, name, stream));
        }
    });
}

fn run(app: &App, name: &str, stream: &AuditStream) {
    let mut receiver = Receiver::new(stream);
    let mut rest = LOOK_EVERY;
    let mut failed = false;
    loop {
        // What was written before the end is sent once more after it was told to stop.
        let stopping = app.stopping.load(Ordering::SeqCst);
        let passed = pass(app, (name, stream), &mut receiver);
        match &passed {
            Ok(()) => rest = LOOK_EVERY,
            Err(error) => {
                if !failed {
                    tracing::error!(stream = name, error, "records of the audit log wait");
                }
                rest = rest.saturating_mul(2).min(LONGEST);
            }
        }
        if failed && passed.is_ok() {
            tracing::info!(stream = name, "records of the audit log are taken again");
        }
        failed = passed.is_err();
        if stopping {
            return;
        }
        app.pause(rest);
    }
}

/// Sends what every log has that was not sent yet.
fn pass(
    app: &App,
    (name, stream): (&str, &AuditStream),
    receiver: &mut Receiver,
) -> Result<(), String> {
    let tenants = app.office().tenants().map_err(|error| error.to_string())?;
    let folder = app.data.join("audit-streams");
    for tenant in tenants {
        send_log(app, stream, receiver, &Own { name, tenant: &tenant, folder: &folder })?;
    }
    Ok(())
}

/// A stream's place in one log.
struct Own<'a> {
    name: &'a str,
    tenant: &'a TenantId,
    folder: &'a Path,
}

fn send_log(
    app: &App,
    stream: &AuditStream,
    receiver: &mut Receiver,
    own: &Own<'_>,
) -> Result<(), String> {
    let text = |error: AuditError| error.to_string();
    let mut reader = match Reader::open(&app.audit.folder(own.tenant)) {
        Ok(reader) => reader,
        Err(AuditError::NoLog(_)) => return Ok(()),
        Err(error) => return Err(text(error)),
    };
    let path = own.folder.join(format!("{}.{}", own.name, own.tenant));
    let origin = reader.checkpoint().origin.clone();
    let mut at = Position::read(&path, &origin);
    while at.next < reader.size() {
        if app.hard_stop.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut bytes = 0;
        let mut batch = Vec::new();
        for (index, leaf) in reader.leaves(at.next, MOST_RECORDS).map_err(text)? {
            bytes += leaf.len();
            batch.push(Told::new(&origin, index, &leaf, stream.form)?);
            if bytes > MOST_BYTES {
                break;
            }
        }
        receiver.send(app, &batch)?;
        at.next += u64::try_from(batch.len()).unwrap_or(0);
        at.write(own.folder, &path)?;
    }
    Ok(())
}
