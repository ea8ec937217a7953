//! A server as a process of its own, that can be killed.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a server may take to listen.
const MOST: Duration = Duration::from_secs(120);
/// How a server says where it listens, and how it shows a token.
const LISTENS: &str = "listens on http://";
const TOKEN: &str = "quell_";

/// A running server. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    token: Arc<Mutex<Option<String>>>,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a server, and waits until it listens. It says so on stderr, as `quell serve` does.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it listens; then what it said is in the error.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let (token, said) = (Arc::default(), Arc::default());
        let Some(stderr) = child.stderr.take() else {
            return Err(io::Error::other("it has no stderr"));
        };
        let (tell, told) = channel();
        let keep = (Arc::clone(&token), Arc::clone(&said));
        std::thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            let addresses = lines.filter_map(|line| {
                note(&line, &keep);
                address_of(&line)
            });
            addresses.for_each(|address| {
                let _nobody_waits = tell.send(address);
            });
        });
        match wait_for(&told) {
            Ok(address) => Ok(Self { child, address, token, said }),
            Err(reason) => {
                let _ended_already = child.kill();
                let status = child.wait()?;
                let said = said.lock().unwrap_or_else(PoisonError::into_inner);
                Err(io::Error::other(format!("{reason}, {status}: {said}")))
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The administrator's token, where it was told; it is told after the address.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills it, as a lost machine would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _waited_already = self.child.wait();
    }
}

type Kept = (Arc<Mutex<Option<String>>>, Arc<Mutex<String>>);

fn note(line: &str, (token, said): &Kept) {
    let word = line.trim();
    if word.starts_with(TOKEN) && !word.contains(' ') {
        *token.lock().unwrap_or_else(PoisonError::into_inner) = Some(word.to_owned());
        return;
    }
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    said.push_str(line);
    said.push('\n');
}

fn address_of(line: &str) -> Option<SocketAddr> {
    line.split_once(LISTENS)?.1.split(' ').next()?.parse().ok()
}

fn wait_for(told: &Receiver<SocketAddr>) -> Result<SocketAddr, &'static str> {
    told.recv_timeout(MOST).map_err(|error| match error {
        RecvTimeoutError::Timeout => "it does not listen",
        RecvTimeoutError::Disconnected => "it ended before it listened",
    })
}

/// Sends a signal by its name to a process that this one started.
///
/// # Errors
/// When there is no `kill`.
pub fn signal(process: u32, name: &str) -> io::Result<()> {
    Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().map(drop)
}

/// The resident size of a process now, as Linux tells it; 0 elsewhere.
#[must_use]
pub fn resident_kib(process: u32) -> u64 {
    line_of(process, "VmRSS:")
}

/// The highest resident size of a process so far, as Linux tells it; 0 elsewhere.
#[must_use]
pub fn peak_memory_kib(process: u32) -> u64 {
    line_of(process, "VmHWM:")
}

fn line_of(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
