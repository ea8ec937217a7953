//! Commands that change a data directory, whether a server runs there or not.

use std::path::Path;

use quell_audit::{Action, Actor, AuditError, Leaf, Log, Outcome, PublicKey, Stage, put_aside};
use quell_model::{Clock, TenantId};

use super::books::place;

/// Who runs the command.
#[derive(Debug, Clone, Default)]
pub struct LocalUser {
    /// The number of the system's user.
    pub number: Option<u32>,
    /// What the system calls them.
    pub name: Option<String>,
}

impl LocalUser {
    fn actor(&self) -> Actor {
        Actor {
            kind: "local",
            id: self.number.map_or_else(|| "user".to_owned(), |number| format!("uid-{number}")),
            role: None,
            name: self.name.clone(),
        }
    }
}

/// A data directory and who changes it.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The data directory.
    pub data: &'a Path,
    /// Whose data.
    pub tenant: &'a TenantId,
    /// Who.
    pub user: &'a LocalUser,
    /// When.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("data", &self.data).finish_non_exhaustive()
    }
}

/// What a command says of what it did.
pub type Said = Box<dyn FnOnce(Leaf) -> Leaf>;

impl Desk<'_> {
    fn leaf(&self, action: Action, stage: Stage) -> Leaf {
        Leaf::new((action, stage), &self.user.actor(), self.tenant, self.clock.now())
    }

    fn open(&self) -> Result<Log, AuditError> {
        Log::open(&place(self.data, self.tenant))
    }

    /// Does something once the log says that it is about to be done, then says what came of it.
    ///
    /// # Errors
    /// When the log cannot be written, and then nothing is done; or what the work says.
    pub fn change<T, E: From<AuditError>>(
        &self,
        action: Action,
        about: impl FnOnce(Leaf) -> Leaf,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.change_told(action, about, || work().map(|done| (done, Box::new(|leaf| leaf) as Said)))
    }

    /// As [`Self::change`]; the work also tells what the log is to say of its end.
    ///
    /// # Errors
    /// As there.
    pub fn change_told<T, E: From<AuditError>>(
        &self,
        action: Action,
        about: impl FnOnce(Leaf) -> Leaf,
        work: impl FnOnce() -> Result<(T, Said), E>,
    ) -> Result<T, E> {
        let log = self.open()?;
        let leaf = about(self.leaf(action, Stage::Begun));
        let begun = log.append(leaf.clone())?;
        let result = work();
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
        let ended = leaf.ended(begun.index(), self.clock.now(), outcome);
        match result {
            Ok((done, said)) => {
                // It is done; that its end is not written down is seen by its beginning.
                drop(log.append_later(said(ended)));
                Ok(done)
            }
            Err(error) => {
                drop(log.append_later(ended));
                Err(error)
            }
        }
    }

    /// Says that something was done which could not be said before, such as a restore.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn note(
        &self,
        action: Action,
        about: impl FnOnce(Leaf) -> Leaf,
    ) -> Result<u64, AuditError> {
        let told = self.open()?.append(about(self.leaf(action, Stage::Noted)))?;
        Ok(told.index())
    }

    /// Makes another key sign from now on; the new one.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn rotate(&self) -> Result<Option<PublicKey>, AuditError> {
        let log = self.open()?;
        log.rotate(self.leaf(Action::KeyRotate, Stage::Noted))?;
        Ok(log.keys()?.pop())
    }

    /// Puts a log aside that cannot go on, and begins another that names it. Where the old one is.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn renew(&self, reason: &str) -> Result<std::path::PathBuf, AuditError> {
        let place = place(self.data, self.tenant);
        let last = quell_audit::checkpoint(&place.folder).ok();
        let aside = put_aside(&place)?;
        let leaf = self.leaf(Action::LogBegin, Stage::Noted).rationale(reason);
        let leaf = match last {
            Some(last) => leaf
                .word("earlier_log", &last.origin)
                .fact("earlier_size", i64::try_from(last.size).unwrap_or(i64::MAX))
                .hash("earlier_root", last.root),
            None => leaf.word("earlier_log", "unreadable"),
        };
        Log::open(&place)?.append(leaf)?;
        Ok(aside)
    }

    /// Erases the personal data of a subject (`token:4v8k2m9x0qtr`); how many texts there were.
    ///
    /// # Errors
    /// When the log cannot be written, or the system refuses.
    pub fn erase(&self, subject: &str) -> Result<u64, AuditError> {
        let log = self.open()?;
        let leaf = self.leaf(Action::PersonalErase, Stage::Begun).object("subject", subject);
        let begun = log.append(leaf.clone())?;
        let erased = log.erase(subject);
        let outcome = if erased.is_ok() { Outcome::Done } else { Outcome::Failed };
        let count = erased.as_ref().map_or(0, |count| i64::try_from(*count).unwrap_or(i64::MAX));
        let ended = leaf.ended(begun.index(), self.clock.now(), outcome).fact("texts", count);
        drop(log.append_later(ended));
        erased
    }
}

/// The folder of a tenant's log.
#[must_use]
pub fn folder(data: &Path, tenant: &TenantId) -> std::path::PathBuf {
    place(data, tenant).folder
}

/// Looks whether a tenant's log could be written to; how many records are signed, if there is one.
///
/// # Errors
/// When it could not.
pub fn look(data: &Path, tenant: &TenantId) -> Result<Option<u64>, AuditError> {
    match quell_audit::look(&place(data, tenant)) {
        Ok(size) => Ok(Some(size)),
        Err(AuditError::NoLog(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
