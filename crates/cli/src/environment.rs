//! What the program takes from its surroundings, read once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal;
use std::path::PathBuf;

use quell_model::{Clock, Timestamp};
use quell_server::audit::local::LocalUser;

/// What the program takes from its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// Where data is kept when `--data` does not say.
    pub(crate) data: PathBuf,
    /// The server to ask when `--server` does not say (`$QUELL_SERVER`).
    pub(crate) server: Option<String>,
    /// The token for it (`$QUELL_TOKEN`).
    pub(crate) token: Option<Hidden>,
    /// Whether stdout is a terminal.
    pub(crate) terminal_out: bool,
    /// Whether stderr is a terminal.
    pub(crate) terminal_err: bool,
    /// Whether colour is unwanted (`NO_COLOR`, a dumb terminal).
    pub(crate) no_color: bool,
}

impl Environment {
    /// Reads it.
    pub(crate) fn read() -> Self {
        Self {
            data: data_directory(),
            server: variable("QUELL_SERVER"),
            token: variable("QUELL_TOKEN").map(Hidden),
            terminal_out: std::io::stdout().is_terminal(),
            terminal_err: std::io::stderr().is_terminal(),
            no_color: variable("NO_COLOR").is_some()
                || variable("TERM").is_some_and(|t| t == "dumb"),
        }
    }
}

/// Text that is never printed.
#[derive(Clone)]
pub(crate) struct Hidden(String);

impl Hidden {
    /// The text, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who runs the program, as the system knows them.
pub(crate) fn local_user() -> LocalUser {
    #[cfg(unix)]
    let number = std::fs::metadata("/proc/self")
        .ok()
        .map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata));
    #[cfg(not(unix))]
    let number = None;
    LocalUser { number, name: variable("USER").or_else(|| variable("LOGNAME")) }
}

/// The whole environment, for the configuration.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// The environment as a server reads secrets in it.
pub(crate) fn environment_of() -> quell_server::Environment {
    let variables = variables();
    std::sync::Arc::new(move |name: &str| variables.get(name).cloned())
}

/// `$QUELL_DATA`, else the user's data folder as the XDG base directory specification has it.
fn data_directory() -> PathBuf {
    if let Some(data) = variable("QUELL_DATA") {
        return PathBuf::from(data);
    }
    if let Some(data) = variable("XDG_DATA_HOME").or_else(|| variable("LOCALAPPDATA")) {
        return PathBuf::from(data).join("quell");
    }
    match variable("HOME") {
        Some(home) => PathBuf::from(home).join(".local").join("share").join("quell"),
        None => PathBuf::from(".quell"),
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
