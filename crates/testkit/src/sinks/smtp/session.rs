//! One dialog with a client.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Shared, SmtpFault, SmtpMail, SmtpTls, check};

trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

struct Session {
    pipe: BufReader<Box<dyn Pipe>>,
    shared: Arc<Shared>,
    tls: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// What follows a command.
enum Next {
    Reply(String),
    Secure,
    Data,
    End,
}

fn reply(text: impl Into<String>) -> Next {
    Next::Reply(text.into())
}

pub(super) async fn serve(client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let (tls, pipe): (bool, Box<dyn Pipe>) = match (&shared.acceptor, shared.tls) {
        (Some(acceptor), SmtpTls::Implicit) => (true, Box::new(acceptor.accept(client).await?)),
        (_, SmtpTls::Implicit | SmtpTls::StartTls | SmtpTls::None) => (false, Box::new(client)),
    };
    let pipe = BufReader::new(pipe);
    let mut session = Session { pipe, shared, tls, user: None, from: None, to: Vec::new() };
    session.say("220 double ESMTP").await?;
    loop {
        let Some(line) = session.line().await? else { return Ok(()) };
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match session.answer(&word, &line).await? {
            Next::Reply(text) => session.say(&text).await?,
            Next::Secure => session = session.secured().await?,
            Next::Data => {
                if !session.data().await? {
                    return Ok(());
                }
            }
            Next::End => return Ok(()),
        }
    }
}

impl Session {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.pipe.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.pipe.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn answer(&mut self, word: &str, line: &str) -> io::Result<Next> {
        let told = if word == "AUTH" { "AUTH" } else { line };
        self.shared.state().commands.push(told.to_owned());
        let hit = |fault: &SmtpFault| match fault {
            SmtpFault::Reply(command, _)
            | SmtpFault::Cut(command)
            | SmtpFault::Endless(command) => *command == word,
            SmtpFault::Inject => false,
        };
        match self.shared.fault(hit) {
            Some(SmtpFault::Reply(_, text)) => return Ok(reply(text)),
            Some(SmtpFault::Cut(_)) => return Ok(Next::End),
            Some(SmtpFault::Endless(_)) => return self.endless().await,
            Some(SmtpFault::Inject) | None => {}
        }
        Ok(match word {
            "EHLO" => self.features(),
            "STARTTLS" if self.tls || self.shared.acceptor.is_none() => reply("503 not now"),
            "STARTTLS" => Next::Secure,
            "AUTH" => self.log_in(line),
            "MAIL" => {
                self.from = Some(inner(line));
                self.to.clear();
                reply("250 2.1.0 ok")
            }
            "RCPT" => self.recipient(&inner(line)),
            "DATA" if self.to.is_empty() => reply("503 5.5.1 no recipient"),
            "DATA" => Next::Data,
            "QUIT" => {
                self.say("221 bye").await?;
                Next::End
            }
            _ => reply("502 5.5.2 no such command"),
        })
    }

    async fn endless(&mut self) -> io::Result<Next> {
        loop {
            self.say("250-and so on").await?;
        }
    }

    fn features(&self) -> Next {
        let size = self.shared.state().size;
        let mut lines = vec!["double".to_owned(), format!("SIZE {size}")];
        if !self.tls && self.shared.tls == SmtpTls::StartTls {
            lines.push("STARTTLS".to_owned());
        }
        if self.tls {
            lines.push("AUTH PLAIN XOAUTH2".to_owned());
        }
        let last = lines.len() - 1;
        let line = |(at, text): (usize, &String)| {
            let border = if at == last { ' ' } else { '-' };
            format!("250{border}{text}")
        };
        Next::Reply(lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n"))
    }

    fn log_in(&mut self, line: &str) -> Next {
        if !self.tls {
            return reply("538 5.7.11 TLS first");
        }
        let mut words = line.split(' ').skip(1);
        let (kind, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let text = STANDARD.decode(first).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let login = match kind {
            "PLAIN" => text.split_once('\0').and_then(|(_, rest)| rest.split_once('\0')),
            "XOAUTH2" => {
                let parts = text.split_once("\x01auth=Bearer ");
                parts.map(|(user, token)| {
                    (user.trim_start_matches("user="), token.trim_end_matches('\x01'))
                })
            }
            _ => return reply("504 5.5.4 no such login"),
        };
        let known = self.shared.state().logins.clone();
        let found = known.into_iter().find(|(user, secret)| login == Some((user, secret)));
        match found {
            Some((user, _)) => {
                self.user = Some(user);
                reply("235 2.7.0 welcome")
            }
            None => reply("535 5.7.8 user or password not accepted"),
        }
    }

    fn recipient(&mut self, address: &str) -> Next {
        let needs_login = !self.shared.state().logins.is_empty();
        if needs_login && self.user.is_none() {
            return reply("530 5.7.0 log in first");
        }
        match address.split('@').next().unwrap_or_default() {
            "temp" => reply("451 4.7.1 greylisted, try again later"),
            "full" => reply("552 5.2.2 mailbox full"),
            "nouser" => reply("550 5.1.1 no such user"),
            _ => {
                self.to.push(address.to_owned());
                reply("250 2.1.5 ok")
            }
        }
    }

    async fn secured(mut self) -> io::Result<Self> {
        let injects = self.shared.fault(|fault| *fault == SmtpFault::Inject).is_some();
        let text = if injects { "220 go\r\n250-evil\r\n250 AUTH PLAIN" } else { "220 go" };
        self.say(text).await?;
        let Some(acceptor) = self.shared.acceptor.clone() else {
            return Err(io::Error::other("no certificate"));
        };
        let pipe: Box<dyn Pipe> = Box::new(acceptor.accept(self.pipe.into_inner()).await?);
        let shared = self.shared;
        let (user, from, to) = (None, None, Vec::new());
        Ok(Self { pipe: BufReader::new(pipe), shared, tls: true, user, from, to })
    }

    /// Takes a message; false where the connection ends.
    async fn data(&mut self) -> io::Result<bool> {
        self.say("354 go on").await?;
        let mut data = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.pipe.read_until(b'\n', &mut line).await? == 0 {
                return Ok(false);
            }
            if line == b".\r\n" {
                break;
            }
            let begin = usize::from(line.first() == Some(&b'.'));
            data.extend_from_slice(line.get(begin..).unwrap_or_default());
        }
        let ends =
            |fault: &SmtpFault| matches!(fault, SmtpFault::Cut(".") | SmtpFault::Reply(".", _));
        let fault = self.shared.fault(ends);
        if let Some(SmtpFault::Reply(_, text)) = fault {
            self.say(text).await?;
            return Ok(true);
        }
        if let Some(wrong) = check::fault(&data) {
            self.say(&wrong).await?;
            return Ok(true);
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        let (user, tls) = (self.user.clone(), self.tls);
        self.shared.state().mails.push(SmtpMail { from, to, data, user, tls });
        if fault.is_some() {
            return Ok(false);
        }
        self.say("250 2.0.0 queued").await?;
        Ok(true)
    }
}

/// What stands between angle brackets.
fn inner(line: &str) -> String {
    let begin = line.split_once('<').map_or("", |(_, rest)| rest);
    begin.split('>').next().unwrap_or_default().to_owned()
}
