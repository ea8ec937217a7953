//! The server that a command talks to, where one is named.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use quell_client::{Address, ClientError, Connection, Token};
use tokio::runtime::{Builder, Runtime};

use crate::console::say;
use crate::environment::{Environment, SystemClock};

/// Bytes that are read of a token's file.
const MOST_TOKEN_BYTES: u64 = 4096;

/// Which server, and the right to ask it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerArguments {
    /// Ask this server [default: $QUELL_SERVER, unless --data is given]
    #[arg(long, value_name = "URL", global = true)]
    server: Option<String>,
    /// A file that holds the token for the server [default: $QUELL_TOKEN]
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

/// What the command line asks is wrong, though it parses.
#[derive(Debug)]
pub(crate) struct Misused(pub(crate) String);

impl fmt::Display for Misused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misused {}

/// A server, asked from a program that waits for each answer.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) runtime: Runtime,
    pub(crate) connection: Connection,
}

impl ServerArguments {
    /// Whether the command line names a server.
    pub(crate) const fn is_named(&self) -> bool {
        self.server.is_some()
    }

    /// The server to ask, if one is named. What the command line says goes over the environment,
    /// so that `--data` alone means the data directory.
    pub(crate) fn connect(
        &self,
        data: Option<&Path>,
        environment: &Environment,
    ) -> Result<Option<Remote>> {
        let text = match (&self.server, data) {
            (Some(_), Some(_)) => {
                let said = "`--server` and `--data` name two places; give one of them";
                return Err(Misused(said.to_owned()).into());
            }
            (Some(server), None) => server.clone(),
            (None, Some(_)) => return Ok(None),
            (None, None) => match &environment.server {
                Some(server) => server.clone(),
                None => return Ok(None),
            },
        };
        let address = Address::parse(&text)?;
        let token = self.token(environment)?;
        if address.is_open_to_listeners() && token.is_some() {
            say(&format!("warning: the token goes to {address} unencrypted; use https"));
        }
        let runtime =
            Builder::new_current_thread().enable_all().build().context("no runtime starts")?;
        let connection = {
            let _inside = runtime.enter();
            Connection::new(address, token, Arc::new(SystemClock))?
        };
        Ok(Some(Remote { runtime, connection }))
    }

    fn token(&self, environment: &Environment) -> Result<Option<Token>> {
        let text = match &self.token_file {
            Some(path) => {
                let mut text = String::new();
                let read = File::open(path)
                    .and_then(|file| file.take(MOST_TOKEN_BYTES).read_to_string(&mut text));
                read.with_context(|| format!("cannot read the token `{}`", path.display()))?;
                text
            }
            None => match &environment.token {
                Some(token) => token.expose().to_owned(),
                None => return Ok(None),
            },
        };
        Ok(Some(Token::parse(&text)?))
    }
}

impl Remote {
    /// Waits so long.
    pub(crate) fn pause(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Waits for an answer.
    pub(crate) fn ask<T>(&self, answer: impl Future<Output = Result<T, ClientError>>) -> Result<T> {
        Ok(self.runtime.block_on(answer)?)
    }
}
