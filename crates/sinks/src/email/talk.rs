//! The dialog with a mail server (RFC 5321, 3207, 4954): one message, and who takes it.
//!
//! Until the last dot of a message is sent, nothing is taken, whatever breaks; from then on nobody
//! knows until the reply is there.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_http::Client;
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::wire::{Reply, Server, Wire};
use crate::{Credential, SinkError};

/// How a connection is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    /// TLS from the start.
    Tls,
    /// TLS after a word in the clear; without it nothing is said.
    StartTls,
    /// None: a relay that takes no login.
    None,
}

/// How it is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    Plain,
    Xoauth2,
    None,
}

/// How a server is talked to.
pub(super) struct Way<'a> {
    pub(super) server: &'a Server,
    pub(super) client: &'a Client,
    pub(super) safety: Safety,
    pub(super) auth: Auth,
    pub(super) tls: &'a Arc<ClientConfig>,
    /// What Quell calls itself.
    pub(super) hello: &'a str,
}

/// A dialog that is open.
pub(super) struct Talk {
    wire: Wire,
    features: Vec<String>,
    secure: bool,
}

/// Who took a message, and who was refused for good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) by: Vec<String>,
    pub(super) refused: Vec<(String, String)>,
}

/// What broke before anything was taken.
fn broke(error: &io::Error) -> SinkError {
    SinkError::Busy {
        wait: None,
        said: format!("the connection to the mail server broke: {error}"),
    }
}

/// What a reply means that is no success.
fn refusal(reply: &Reply) -> SinkError {
    let said = reply.said();
    match reply.code {
        400..=499 => SinkError::Busy { wait: None, said },
        530 | 534 | 535 | 538 => SinkError::Login(said),
        _ => SinkError::Refused(said),
    }
}

impl Talk {
    /// Connects, makes it safe and logs in.
    pub(super) async fn begin(way: &Way<'_>, login: &Credential) -> Result<Self, SinkError> {
        let mut wire = way.server.dial(way.client).await?;
        if way.safety == Safety::Tls {
            wire = wire.secured(way.server, way.tls).await?;
        }
        let secure = way.safety == Safety::Tls;
        let mut talk = Self { wire, features: Vec::new(), secure };
        let greeting = talk.wire.reply().await.map_err(|error| broke(&error))?;
        if greeting.code != 220 {
            return Err(refusal(&greeting));
        }
        talk.hello(way.hello).await?;
        if way.safety == Safety::StartTls {
            talk = talk.start_tls(way).await?;
        }
        talk.log_in(way.auth, login).await?;
        Ok(talk)
    }

    async fn hello(&mut self, name: &str) -> Result<(), SinkError> {
        let reply = self.command(&format!("EHLO {name}")).await?;
        if reply.code != 250 {
            return Err(refusal(&reply));
        }
        self.features = reply.lines.iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    async fn start_tls(mut self, way: &Way<'_>) -> Result<Self, SinkError> {
        if !self.features.iter().any(|feature| feature == "STARTTLS") {
            return Err(SinkError::Refused(
                "the server offers no STARTTLS, and nothing is sent in the clear".to_owned(),
            ));
        }
        let reply = self.command("STARTTLS").await?;
        if reply.code != 220 {
            return Err(refusal(&reply));
        }
        let wire = self.wire.secured(way.server, way.tls).await?;
        // What was said in the clear counts no more.
        let mut talk = Self { wire, features: Vec::new(), secure: true };
        talk.hello(way.hello).await?;
        Ok(talk)
    }

    async fn log_in(&mut self, auth: Auth, login: &Credential) -> Result<(), SinkError> {
        let (user, secret) = (login.id.expose_secret(), login.secret.expose_secret());
        let (name, first) = match auth {
            Auth::None => return Ok(()),
            Auth::Plain => ("PLAIN", format!("\0{user}\0{secret}")),
            Auth::Xoauth2 => ("XOAUTH2", format!("user={user}\x01auth=Bearer {secret}\x01\x01")),
        };
        if !self.secure {
            return Err(SinkError::Refused("a login is sent over TLS only".to_owned()));
        }
        if user.contains(char::is_control) || secret.contains(char::is_control) {
            return Err(SinkError::Login(
                "the user or the secret holds a control character".to_owned(),
            ));
        }
        let offers = |feature: &String| {
            let mut words = feature.split([' ', '=']);
            words.next() == Some("AUTH") && words.any(|word| word == name)
        };
        if !self.features.iter().any(offers) {
            return Err(SinkError::Refused(format!("the server takes no login by {name}")));
        }
        let command = SecretString::from(format!("AUTH {name} {}", STANDARD.encode(first)));
        let mut reply = self.command(command.expose_secret()).await?;
        if reply.code == 334 {
            // What is wrong is told in the reply after an empty answer.
            reply = self.command("").await?;
        }
        let said =
            if secret.is_empty() { reply.said() } else { reply.said().replace(secret, "[hidden]") };
        match reply.code {
            235 => Ok(()),
            400..=499 => Err(SinkError::Busy { wait: None, said }),
            _ => Err(SinkError::Login(said)),
        }
    }

    async fn command(&mut self, text: &str) -> Result<Reply, SinkError> {
        let line = SecretString::from(format!("{text}\r\n"));
        self.wire.send(line.expose_secret().as_bytes()).await.map_err(|error| broke(&error))?;
        self.wire.reply().await.map_err(|error| broke(&error))
    }

    /// Says who writes to whom. Where one recipient is to be tried later, nothing is sent to any,
    /// so that nobody gets it twice; those who are refused for good are named, and the others get it.
    pub(super) async fn envelope(
        &mut self,
        from: &str,
        to: &[String],
        size: usize,
    ) -> Result<Taken, SinkError> {
        let limit = self.features.iter().find_map(|feature| feature.strip_prefix("SIZE "));
        let limit: usize = limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(0);
        if limit > 0 && size > limit {
            return Err(SinkError::Refused(format!(
                "the message has {size} bytes, and the server takes {limit}"
            )));
        }
        let reply = self.command(&format!("MAIL FROM:<{from}>")).await?;
        if reply.code != 250 {
            return Err(refusal(&reply));
        }
        let mut taken = Taken::default();
        for one in to {
            let reply = self.command(&format!("RCPT TO:<{one}>")).await?;
            match reply.code {
                250 | 251 => taken.by.push(one.clone()),
                500..=599 => taken.refused.push((one.clone(), reply.said())),
                _ => {
                    return Err(SinkError::Busy {
                        wait: None,
                        said: format!("{one}: {}", reply.said()),
                    });
                }
            }
        }
        if taken.by.is_empty() {
            let all: Vec<String> =
                taken.refused.iter().map(|(to, said)| format!("{to}: {said}")).collect();
            return Err(SinkError::Refused(all.join("; ")));
        }
        Ok(taken)
    }

    /// Hands a message over to those who take it.
    pub(super) async fn hand_over(&mut self, message: &[u8]) -> Result<(), SinkError> {
        let reply = self.command("DATA").await?;
        if reply.code != 354 {
            return Err(refusal(&reply));
        }
        self.wire.send(&stuffed(message)).await.map_err(|error| broke(&error))?;
        let lost = |error: io::Error| {
            SinkError::Lost(format!(
                "the mail server did not say whether it took the message: {error}"
            ))
        };
        self.wire.send(b".\r\n").await.map_err(lost)?;
        let reply = self.wire.reply().await.map_err(lost)?;
        match reply.code {
            200..=299 => Ok(()),
            400..=599 => Err(refusal(&reply)),
            _ => Err(SinkError::Lost(reply.said())),
        }
    }

    /// Ends it. Whether the server heard that matters no more.
    pub(super) async fn end(mut self) {
        if let Err(error) = self.wire.send(b"QUIT\r\n").await {
            tracing::debug!(%error, "a mail server ended the connection first");
        }
    }
}

/// A message with its lines ended by CRLF, and a dot more before each that begins with one.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_message_ends_it() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\n.c"), b"a\r\n..\r\n...b\r\n..c\r\n");
        assert_eq!(stuffed(b""), b"");
    }
}
