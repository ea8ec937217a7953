//! The audit log at a restore: it is never put back to an older time.
//!
//! What a backup holds of it is used where there is none. A log that is there stays, and says
//! itself that something was restored.

use std::fs;
use std::io;
use std::path::Path;

use super::{BackupError, about, files};

/// The folder of a log, in the data directory and in each tenant's folder.
pub(super) const AUDIT: &str = "audit";
/// The folder with a folder for each tenant.
const TENANTS: &str = "tenants";
/// How deep folders are followed.
const MOST_DEPTH: usize = 8;

/// Takes the logs of a backup that is about to be put back away where there is one already. The
/// data directory's own stays in its place; those of tenants are copied, since their folders move.
pub(super) fn keep_logs(data: &Path, part: &Path) -> Result<(), BackupError> {
    if data.join(AUDIT).exists() {
        files::remove_folder(&part.join(AUDIT))?;
    }
    let tenants = match fs::read_dir(data.join(TENANTS)) {
        Ok(tenants) => tenants,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(about(data)(error)),
    };
    for tenant in tenants {
        let name = tenant.map_err(about(data))?.file_name();
        let own = data.join(TENANTS).join(&name).join(AUDIT);
        let to = part.join(TENANTS).join(&name).join(AUDIT);
        // A tenant that the backup does not know goes aside with its log.
        if own.exists() && part.join(TENANTS).join(&name).exists() {
            files::remove_folder(&to)?;
            copy(&own, &to, 0)?;
        }
    }
    files::sync_folders(part)
}

fn copy(from: &Path, to: &Path, depth: usize) -> Result<(), BackupError> {
    files::make_folder(to)?;
    for entry in fs::read_dir(from).map_err(about(from))? {
        let entry = entry.map_err(about(from))?;
        let kind = entry.file_type().map_err(about(from))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() && depth < MOST_DEPTH {
            copy(&entry.path(), &target, depth + 1)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).map_err(about(&target))?;
            let file = fs::File::open(&target).map_err(about(&target))?;
            file.sync_all().map_err(about(&target))?;
        }
    }
    Ok(())
}
