//! The intake log that stands in a data directory, where it goes on from the one in a backup.
//!
//! What was received after the backup stands in it alone. So it stays when the backup is put back,
//! and the server takes from it what the restored databases do not have.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// The folder of the log, below a data directory.
const LOG: &str = "intake";
/// What tells one server's data from another's.
const KEY: &str = "server.key";
/// The head of a segment, which names it and the one before.
const HEAD_BYTES: u64 = 1024;

/// Whether a backup is another server's than what stands in a data directory. Where one of them
/// has no key, nobody can tell.
pub(super) fn is_another(backup: &Path, data: &Path) -> bool {
    match (fs::read(backup.join(KEY)), fs::read(data.join(KEY))) {
        (Ok(backed_up), Ok(present)) => backed_up != present,
        _ => false,
    }
}

/// Whether the log of a data directory has every segment that a backup has: under the key of the
/// same server, with the same heads, or packed since.
pub(super) fn log_goes_on(backup: &Path, data: &Path) -> bool {
    let same_server = match (fs::read(backup.join(KEY)), fs::read(data.join(KEY))) {
        (Ok(backed_up), Ok(present)) => backed_up == present,
        _ => false,
    };
    let Ok(entries) = fs::read_dir(backup.join(LOG)) else { return false };
    let names: Option<Vec<String>> =
        entries.map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let segments = names.unwrap_or_default();
    let segments: Vec<&String> = segments.iter().filter(|name| is_segment(name)).collect();
    let present = |name: &&String| {
        let sealed = name.strip_suffix(".log").map(|begin| format!("{begin}.seal"));
        sealed.is_some_and(|sealed| data.join(LOG).join(sealed).is_file())
            || head(&backup.join(LOG).join(name)).is_some_and(|head_of_backup| {
                head(&data.join(LOG).join(name)).is_some_and(|head| head == head_of_backup)
            })
    };
    same_server && !segments.is_empty() && segments.iter().all(present)
}

fn is_segment(name: &str) -> bool {
    name.ends_with(".log") || name.ends_with(".seal")
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Leaves the log out of what is put back.
pub(super) fn leave_out(part: &Path) -> std::io::Result<()> {
    fs::remove_dir_all(part.join(LOG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_of_the_same_server_with_every_segment_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let [backup, data] = ["backup", "data"].map(|name| dir.path().join(name));
        let put = |folder: &Path, name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put(&backup, KEY, b"one");
        put(&backup, "intake/0000000001.seal", &[1; 4000]);
        put(&backup, "intake/0000000002.log", &[2; 2000]);
        assert!(!log_goes_on(&backup, &data), "there is none");
        put(&data, KEY, b"one");
        put(&data, "intake/0000000001.seal", &[1; 4000]);
        assert!(!log_goes_on(&backup, &data), "a segment is missing");
        put(&data, "intake/0000000002.log", &[[2; 1024].as_slice(), &[9; 3000]].concat());
        assert!(log_goes_on(&backup, &data));
        fs::rename(data.join("intake/0000000002.log"), data.join("intake/0000000002.seal"))
            .unwrap();
        assert!(log_goes_on(&backup, &data), "it was packed since");
        put(&data, "intake/0000000001.seal", &[7; 4000]);
        assert!(!log_goes_on(&backup, &data), "a segment is another one");
        put(&data, "intake/0000000001.seal", &[1; 4000]);
        put(&data, KEY, b"two");
        assert!(!log_goes_on(&backup, &data), "it is another server");
    }
}
