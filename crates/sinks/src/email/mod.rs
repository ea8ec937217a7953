//! E-mail over SMTP: one mail for each act, in one thread for each subject.
//!
//! A mail cannot be asked for. Its Message-ID follows from the key, so that a mail that was sent
//! twice after all is shown once by programs that look at it.

mod html;
mod mail;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Client, Rate};
use quell_model::Clock;
use rustls::ClientConfig;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;
use url::Url;

use crate::{
    Credential, Credentials, Draft, Future, Kind, Plan, Right, RightState, Setting, Sink,
    SinkError, Standing, Wanted,
};
use mail::Ends;
use talk::{Auth, Safety, Taken, Talk, Way};
use wire::Server;

/// How mail is sent.
pub(crate) const KIND: Kind = Kind {
    id: "email",
    title: "E-mail",
    settings: SETTINGS,
    rate: Some(Rate::new(2, 1, 5)),
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(&plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "server",
        doc: "The mail server: `smtps://` for TLS from the start, `smtp://` for STARTTLS.",
        required: true,
        sample: "smtp://mail.example.com:587",
    },
    Setting { name: "user", doc: "The user.", required: false, sample: "quell@example.com" },
    Setting {
        name: "secret",
        doc: "The password, or the token where `auth` is `xoauth2`.",
        required: false,
        sample: "env:SMTP_PASSWORD",
    },
    Setting {
        name: "from",
        doc: "Who writes.",
        required: true,
        sample: "Quell <quell@example.com>",
    },
    Setting {
        name: "to",
        doc: "Who gets it, with commas between.",
        required: true,
        sample: "security@example.com, oncall@example.com",
    },
    Setting {
        name: "auth",
        doc: "`plain`, `xoauth2` or `none`; `plain` where there is a user.",
        required: false,
        sample: "plain",
    },
    Setting {
        name: "tls",
        doc: "`required`, or `none` for a relay that takes no login and has no TLS.",
        required: false,
        sample: "required",
    },
    Setting {
        name: "ca_file",
        doc: "A PEM file of certificates that are trusted beside the system's.",
        required: false,
        sample: "/etc/quell/mail-ca.pem",
    },
    Setting {
        name: "hello",
        doc: "What Quell calls itself to the server; the domain of `from` otherwise.",
        required: false,
        sample: "quell.example.com",
    },
];

/// Most recipients.
const MOST_RECIPIENTS: usize = 50;
/// How long all may take that is said before the message.
const MOST_TIME: Duration = Duration::from_secs(300);

/// One login at one mail server.
struct Email {
    name: String,
    server: Server,
    client: Client,
    safety: Safety,
    /// None: `plain` where there is a user.
    auth: Option<Auth>,
    tls: Arc<ClientConfig>,
    hello: String,
    ends: Ends,
    credentials: Arc<dyn Credentials>,
    clock: Arc<dyn Clock>,
}

fn wrong(name: &'static str, why: &str) -> SinkError {
    SinkError::Setting { name, why: why.to_owned() }
}

fn connect(plan: &Plan) -> Result<Email, SinkError> {
    let url = Plan::require("server", plan.options.get("server"))?;
    let url = Url::parse(url).map_err(|_| wrong("server", "is no `smtp://host:587`"))?;
    let no_tls = match plan.option("tls") {
        None | Some("required") => false,
        Some("none") => true,
        Some(_) => return Err(wrong("tls", "is neither `required` nor `none`")),
    };
    let (safety, port) = match (url.scheme(), no_tls) {
        ("smtps", false) => (Safety::Tls, 465),
        ("smtp", false) => (Safety::StartTls, 587),
        ("smtp", true) => (Safety::None, 25),
        ("smtps", true) => {
            return Err(wrong("tls", "is `none`, but `server` begins with `smtps://`"));
        }
        _ => return Err(wrong("server", "begins with neither `smtp://` nor `smtps://`")),
    };
    let auth = match plan.option("auth") {
        None => None,
        Some("plain") => Some(Auth::Plain),
        Some("xoauth2") => Some(Auth::Xoauth2),
        Some("none") => Some(Auth::None),
        Some(_) => return Err(wrong("auth", "is none of `plain`, `xoauth2` and `none`")),
    };
    if safety == Safety::None && matches!(auth, Some(Auth::Plain | Auth::Xoauth2)) {
        return Err(wrong("auth", "sends a login, which is not sent without TLS"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("server", "holds a login; give it as `user` and `secret`"));
    }
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| wrong("server", "names no host"))?.to_owned();
    let server = Server { host, port: url.port().unwrap_or(port), url };
    let ends = ends(plan)?;
    let hello = plan.option("hello").unwrap_or(ends.from.email.domain()).to_owned();
    if !is_domain(&hello) {
        return Err(wrong("hello", "is no name of a host"));
    }
    Ok(Email {
        name: plan.name.clone(),
        server,
        client: plan.client.clone(),
        safety,
        auth,
        tls: Arc::new(wire::tls(plan.option("ca_file"))?),
        hello,
        ends,
        credentials: Arc::clone(&plan.credentials),
        clock: Arc::clone(&plan.clock),
    })
}

fn is_domain(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    (1..=253).contains(&text.len()) && text.bytes().all(letter)
}

fn ends(plan: &Plan) -> Result<Ends, SinkError> {
    let option = |name: &'static str| {
        let text = plan.option(name).filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| wrong(name, "is missing"))
    };
    let from = mailbox("from", option("from")?)?;
    let to: Result<Vec<Mailbox>, SinkError> =
        option("to")?.split(',').map(|one| mailbox("to", one)).collect();
    let to = to?;
    if to.len() > MOST_RECIPIENTS {
        return Err(wrong("to", "names more than 50 recipients; write to a list instead"));
    }
    Ok(Ends { from, to })
}

/// One address, of plain ASCII, as every server takes it.
fn mailbox(name: &'static str, text: &str) -> Result<Mailbox, SinkError> {
    let fault =
        || wrong(name, &format!("holds `{}`, which is no mail address", text.escape_debug()));
    let mailbox: Mailbox = text.trim().parse().map_err(|_| fault())?;
    let address: &str = mailbox.email.as_ref();
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\');
    if address.len() > 254 || !address.bytes().all(plain) || !is_domain(mailbox.email.domain()) {
        return Err(fault());
    }
    if mailbox.name.as_deref().is_some_and(|name| name.contains(char::is_control)) {
        return Err(fault());
    }
    Ok(mailbox)
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({} at {}:{})", self.name, self.server.host, self.server.port)
    }
}

impl Sink for Email {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _act: ActKind) -> OnDoubt {
        OnDoubt::Leave
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let mail = mail::made(&self.ends, wanted, self.clock.now())?;
        let to: Vec<&str> = self.ends.to.iter().map(|to| to.email.as_ref()).collect();
        Ok(vec![Draft {
            method: "MAIL".to_owned(),
            target: format!("{}:{} to {}", self.server.host, self.server.port, to.join(", ")),
            body: String::from_utf8_lossy(&mail.bytes).into_owned(),
        }])
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(send(self, wanted))
    }

    fn find<'a>(&'a self, _wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async { Err(SinkError::Unsupported("a mail server cannot be asked")) })
    }

    fn read<'a>(&'a self, _remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async { Ok(None) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move {
            self.begin().await?.end().await;
            let purpose = "reaches the server and logs in; whether it sends for `from` shows only \
                           by sending";
            Ok(vec![Right {
                name: "SMTP".to_owned(),
                purpose: purpose.to_owned(),
                state: RightState::Held,
            }])
        })
    }
}

impl Email {
    async fn begin(&self) -> Result<Talk, SinkError> {
        let (login, auth) = match self.auth {
            Some(Auth::None) => (no_login(), Auth::None),
            Some(auth @ (Auth::Plain | Auth::Xoauth2)) => (self.credentials.read().await?, auth),
            None => {
                let login = self.credentials.read().await?;
                let named = !login.id.expose_secret().is_empty();
                (login, if named { Auth::Plain } else { Auth::None })
            }
        };
        let way = Way {
            server: &self.server,
            client: &self.client,
            safety: self.safety,
            auth,
            tls: &self.tls,
            hello: &self.hello,
        };
        Talk::begin(&way, &login).await
    }
}

fn no_login() -> Credential {
    Credential { id: "".into(), secret: "".into() }
}

/// All that is said before the message.
async fn address(email: &Email, to: &[String], size: usize) -> Result<(Talk, Taken), SinkError> {
    let mut talk = email.begin().await?;
    let from: &str = email.ends.from.email.as_ref();
    match talk.envelope(from, to, size).await {
        Ok(taken) => Ok((talk, taken)),
        Err(error) => {
            talk.end().await;
            Err(error)
        }
    }
}

async fn send(email: &Email, wanted: &Wanted<'_>) -> Result<Option<Remote>, SinkError> {
    let mail = mail::made(&email.ends, wanted, email.clock.now())?;
    let to: Vec<String> = email.ends.to.iter().map(|to| to.email.to_string()).collect();
    let addressed = timeout(MOST_TIME, address(email, &to, mail.bytes.len())).await;
    let late = || SinkError::Busy {
        wait: None,
        said: "the mail server took too long to say who gets the mail".to_owned(),
    };
    let (mut talk, taken) = addressed.map_err(|_| late())??;
    let handed = talk.hand_over(&mail.bytes).await;
    talk.end().await;
    handed?;
    for (address, said) in &taken.refused {
        tracing::warn!(
            sink = email.name,
            address,
            said,
            "a recipient is refused; the others get the mail"
        );
    }
    let name = match taken.refused.len() {
        0 => format!("mail to {}", taken.by.join(", ")),
        _ => {
            let refused: Vec<&str> = taken.refused.iter().map(|(to, _)| to.as_str()).collect();
            format!("mail to {}; refused: {}", taken.by.join(", "), refused.join(", "))
        }
    };
    let made = Remote { id: mail.remote_id(), name, url: None };
    Ok(matches!(wanted.act, Act::Open { .. }).then_some(made))
}
