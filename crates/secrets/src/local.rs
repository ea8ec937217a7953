//! Secrets of the environment and of files.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use quell_config::{SecretPlace, SecretRef};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::SecretError;
use crate::secret::Secret;

/// Largest secret.
pub(crate) const MOST_BYTES: usize = 64 << 10;
/// Bytes of a file of text that are read.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// Where variables are read: the process's own in the program, a list in tests.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Reads `env:` and `file:`; `None` for references of services.
pub(crate) async fn read(
    reference: &SecretRef,
    environment: &Environment,
) -> Option<Result<Secret, SecretError>> {
    let (asked, environment) = (reference.clone(), Arc::clone(environment));
    let task = tokio::task::spawn_blocking(move || read_local(&asked, &*environment));
    task.await.unwrap_or_else(|_| Some(Err(SecretError::Malformed(reference.to_string()))))
}

/// Reads `env:` and `file:` at once, on the calling thread; `None` for references of services.
///
/// # Errors
/// When there is no value, or it cannot be read.
pub fn read_local(
    reference: &SecretRef,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<Result<Secret, SecretError>> {
    let read = match reference.place() {
        SecretPlace::Env(name) => {
            let value = environment(name).map(Secret::from);
            value.ok_or_else(|| SecretError::NotSet(name.to_owned()))
        }
        SecretPlace::File(path) => file(path, reference),
        SecretPlace::Vault { .. } | SecretPlace::Aws { .. } => return None,
    };
    Some(read.and_then(|secret| checked(reference, secret)))
}

/// Reads what logs in to a service.
pub(crate) async fn login(
    reference: &SecretRef,
    environment: &Environment,
    service: &'static str,
) -> Result<Secret, SecretError> {
    match read(reference, environment).await {
        Some(secret) => secret,
        None => Err(SecretError::Circular(service)),
    }
}

/// Refuses what is empty or too large.
pub(crate) fn checked(reference: &SecretRef, secret: Secret) -> Result<Secret, SecretError> {
    match secret.expose().len() {
        0 => Err(SecretError::Empty(reference.clone())),
        1..=MOST_BYTES => Ok(secret),
        _ => Err(SecretError::TooLarge(reference.clone())),
    }
}

/// Reads a file of text that holds secrets, or the way to them.
pub(crate) async fn text_file(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let path = path.to_owned();
    let fault = {
        let path = path.clone();
        move |why: String| SecretError::File { path, why }
    };
    let read = tokio::task::spawn_blocking(move || {
        let mut text = Zeroizing::new(String::new());
        File::open(&path)?.take(MOST_FILE_BYTES).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    });
    match read.await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(match (error.kind(), fault(error.to_string())) {
            (ErrorKind::NotFound, SecretError::File { path, .. }) => SecretError::NoFile(path),
            (_, fault) => fault,
        }),
        Err(error) => Err(fault(error.to_string())),
    }
}

fn file(path: &Path, reference: &SecretRef) -> Result<Secret, SecretError> {
    let fault = |error: &std::io::Error| {
        if error.kind() == ErrorKind::NotFound {
            return SecretError::NoFile(path.to_owned());
        }
        SecretError::File { path: path.to_owned(), why: error.to_string() }
    };
    let metadata = fs::metadata(path).map_err(|error| fault(&error))?;
    if !metadata.is_file() {
        return Err(SecretError::File { path: path.to_owned(), why: "it is no file".to_owned() });
    }
    if metadata.len() > MOST_BYTES as u64 {
        return Err(SecretError::TooLarge(reference.clone()));
    }
    warn_if_open(path, &metadata);
    // Room for all of it, since growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 1));
    let opened = File::open(path).map_err(|error| fault(&error))?;
    let read = opened.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| fault(&error))?;
    if bytes.len() > MOST_BYTES {
        return Err(SecretError::TooLarge(reference.clone()));
    }
    let mut text = std::mem::take(&mut *bytes);
    let secret = Secret::new(without_line_end(&text).to_vec());
    text.zeroize();
    Ok(secret)
}

/// Editors end a file with a line end, which is no part of the secret.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// Whether others than owner and group may read it.
#[cfg(unix)]
fn is_open(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false
}

fn warn_if_open(path: &Path, metadata: &fs::Metadata) {
    if is_open(metadata) {
        tracing::warn!(
            file = %path.display(),
            "a file with a secret can be read by everyone; `chmod 600` it"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Arc::new(|name| (name == "TOKEN").then(|| "v4lue".to_owned()))
    }

    async fn get(text: &str) -> Result<Secret, SecretError> {
        read(&text.parse().unwrap(), &environment()).await.unwrap()
    }

    #[tokio::test]
    async fn variables_and_files_are_read() {
        assert!(get("env:TOKEN").await.unwrap().matches(b"v4lue"));
        assert!(matches!(get("env:OTHER").await, Err(SecretError::NotSet(_))));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let reference = format!("file:{}", path.display());
        assert!(matches!(get(&reference).await, Err(SecretError::NoFile(_))));
        for (content, expected) in [
            (&b"abc\n"[..], &b"abc"[..]),
            (b"abc\r\n", b"abc"),
            (b"a\nb\n\n", b"a\nb\n"),
            (b"\xff", b"\xff"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(get(&reference).await.unwrap().matches(expected), "{content:?}");
        }
        fs::write(&path, "\n").unwrap();
        assert!(matches!(get(&reference).await, Err(SecretError::Empty(_))));
        fs::write(&path, vec![b'x'; MOST_BYTES + 1]).unwrap();
        assert!(matches!(get(&reference).await, Err(SecretError::TooLarge(_))));
        let folder = format!("file:{}", folder.path().display());
        assert!(matches!(get(&folder).await, Err(SecretError::File { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn open_files_are_noticed() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, open) in [(0o600, false), (0o640, false), (0o644, true), (0o606, true)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(&fs::metadata(file.path()).unwrap()), open, "{mode:o}");
        }
    }
}
