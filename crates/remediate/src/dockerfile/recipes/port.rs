//! The port that the program of an image listens on, by what its file and others say.

use std::fmt;

use super::{Request, nginx};
use crate::dockerfile::file::{Stage, run_commands};
use crate::dockerfile::tree::add_paths;
use crate::dockerfile::variables::{pairs, words};
use crate::images::Known;

/// A port, or the variable that names it when the image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Port {
    Number(u16),
    Variable(String),
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Variable(name) => write!(formatter, "${{{name}}}"),
        }
    }
}

/// The one port that the program listens on.
///
/// # Errors
///
/// None is named, or more than one.
pub(super) fn port(
    request: &Request<'_>,
    last: &Stage,
    image: Option<&Known>,
) -> Result<Port, String> {
    let exposed = exposed(request, last)?;
    let base = image.and_then(|image| image.port);
    let heard = request.all.ports(request.path);
    let heard = if let [one] = heard.as_slice() { Some(*one) } else { None };
    let said = said(request, last).or_else(|| env_port(last)).or(heard);
    let said = said.map(Port::Number);
    let its_own = base.map(Port::Number).filter(|port| exposed.contains(port));
    let chosen = match (exposed.as_slice(), said) {
        ([one], _) => Some(one.clone()),
        ([], said) => said,
        (several, Some(said)) if several.contains(&said) => Some(said),
        (_, _) if its_own.is_some() => its_own,
        ([Port::Number(80), Port::Number(443)], _) => Some(Port::Number(80)),
        ([Port::Number(8080), Port::Number(8443)], _) => Some(Port::Number(8080)),
        (several, _) => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            return Err(format!(
                "the image offers the ports {}, and nothing says which shows that the program works",
                several.join(", ")
            ));
        }
    };
    if let Some(chosen) = chosen {
        return Ok(chosen);
    }
    let own = ["ENTRYPOINT", "CMD"].iter().all(|one| request.file.in_force(last, one).is_none());
    let base = base.filter(|_| own || is_its_own(request, last));
    let base = base.filter(|_| !brings_configuration(request, last));
    usual(request, last)
        .or(base)
        .or_else(|| nginx::port(request, last).filter(|_| own || is_its_own(request, last)))
        .map(Port::Number)
        .ok_or_else(|| "the file names no port that the program listens on".into())
}

/// The port that a variable tells the program to listen on.
fn env_port(last: &Stage) -> Option<u16> {
    let names = [
        "PORT",
        "HTTP_PORT",
        "SERVER_PORT",
        "LISTEN_PORT",
        "APP_PORT",
        "WEB_PORT",
        "FLASK_RUN_PORT",
        "UVICORN_PORT",
        "ASPNETCORE_HTTP_PORTS",
        "ASPNETCORE_URLS",
    ];
    let values = names.iter().filter_map(|name| last.variables.get(name));
    let mut ports = values.filter_map(|value| {
        let first = value.split([';', ',']).next().unwrap_or_default();
        let number = first.trim_end_matches('/').rsplit(':').next()?;
        number.parse::<u16>().ok().filter(|port| *port > 0)
    });
    ports.next()
}

/// Programs and a word that must follow, with the port that they listen on unless they are told
/// another.
const USUAL: [(&str, &str, u16); 24] = [
    ("gunicorn", "", 8000),
    ("uvicorn", "", 8000),
    ("hypercorn", "", 8000),
    ("daphne", "", 8000),
    ("flask", "run", 5000),
    ("streamlit", "run", 8501),
    ("mlflow", "server", 5000),
    ("manage.py", "runserver", 8000),
    ("artisan", "serve", 8000),
    ("http.server", "", 8000),
    ("rails", "server", 3000),
    ("rails", "s", 3000),
    ("puma", "", 9292),
    ("hugo", "server", 1313),
    ("http-server", "", 8080),
    ("nginx", "", 80),
    ("apache2-foreground", "", 80),
    ("httpd-foreground", "", 80),
    ("php-fpm", "", 9000),
    ("redis-server", "", 6379),
    ("mongod", "", 27017),
    ("catalina.sh", "run", 8080),
    ("memcached", "", 11211),
    ("prometheus", "", 9090),
];

/// The port that the program listens on when nobody tells it another.
fn usual(request: &Request<'_>, last: &Stage) -> Option<u16> {
    let words = started(request, last);
    let told = |word: &String| {
        let flag = word.split('=').next().unwrap_or_default();
        FLAGS.contains(&flag) || ["-p", "-c", "--config", "--config-file"].contains(&flag)
    };
    let found = USUAL.iter().find(|(program, follows, _)| {
        let at = words.iter().position(|word| word.rsplit('/').next() == Some(*program));
        at.is_some_and(|at| follows.is_empty() || words.iter().skip(at).any(|word| word == follows))
    });
    let (program, _, port) = found?;
    let config_only = ["nginx", "apache2-foreground", "httpd-foreground", "php-fpm"];
    if config_only.contains(program) {
        return (!brings_configuration(request, last)).then_some(*port);
    }
    (!words.iter().any(told)).then_some(*port)
}

/// Whether the file brings a configuration that may name another port.
fn brings_configuration(request: &Request<'_>, last: &Stage) -> bool {
    let copies =
        request.file.of(last).iter().filter(|one| ["COPY", "ADD"].contains(&one.keyword.as_str()));
    let mut paths = copies.flat_map(|one| add_paths(&one.args.text));
    paths.any(|path| {
        [".conf", ".cnf", "/etc/nginx", "conf.d", "/etc/apache2"]
            .iter()
            .any(|part| path.contains(part))
    })
}

/// Whether the file starts the base image's own program.
fn is_its_own(request: &Request<'_>, last: &Stage) -> bool {
    let Some(image) = request.file.image_of(last) else { return false };
    let name = image.path.rsplit('/').next().unwrap_or_default();
    ["ENTRYPOINT", "CMD"].iter().any(|keyword| {
        let one = request.file.in_force(last, keyword);
        let commands = one.and_then(|(_, one)| run_commands(one)).unwrap_or_default();
        commands.first().is_some_and(|(_, command)| command.program() == name)
    })
}

/// Ports that debuggers of Java, Node, Go and PHP listen on.
const DEBUGGERS: [u16; 5] = [5005, 9229, 40000, 2345, 9003];

/// The TCP ports of EXPOSE, in order and once each.
fn exposed(request: &Request<'_>, last: &Stage) -> Result<Vec<Port>, String> {
    let mut found: Vec<Port> = Vec::new();
    for stage in request.file.ancestry(last) {
        let all = request.file.of(stage).iter().filter(|one| one.keyword == "EXPOSE");
        for word in all.flat_map(|one| words(&one.args.text)) {
            let port = match stage.variables.resolve(&word) {
                Some(text) => number(&text)?,
                None => Some(Port::Variable(run_time_variable(request, &word)?)),
            };
            found.extend(port);
        }
    }
    found.sort_by_key(ToString::to_string);
    found.dedup();
    if found.len() > 1 {
        found.retain(|port| !DEBUGGERS.iter().any(|one| *port == Port::Number(*one)));
    }
    found.sort_by_key(|port| if let Port::Number(number) = port { *number } else { 0 });
    Ok(found)
}

/// The number of a TCP port; none for another protocol.
fn number(text: &str) -> Result<Option<Port>, String> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !protocol.eq_ignore_ascii_case("tcp") {
        return Ok(None);
    }
    let port = port.parse().map_err(|_| format!("`{port}` stands for more than one port"))?;
    Ok(Some(Port::Number(port)))
}

/// The variable that a port is, where the program finds it too when the image runs.
fn run_time_variable(request: &Request<'_>, word: &str) -> Result<String, String> {
    let open = || format!("the port `{word}` is a variable to which the file gives no value");
    let bare = word.strip_suffix("/tcp").unwrap_or(word);
    let name = bare.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
    let name = name.or_else(|| bare.strip_prefix('$')).ok_or_else(open)?;
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let declared = |keyword: &str| {
        let all = request.file.instructions.iter().filter(|one| one.keyword == keyword);
        all.flat_map(|one| pairs(&one.args.text, keyword == "ENV")).any(|(one, _)| one == name)
    };
    let only_when_built = declared("ARG") && !declared("ENV");
    if name.is_empty() || !plain || only_when_built {
        return Err(open());
    }
    Ok(name.to_owned())
}

/// Options that name a port.
const FLAGS: [&str; 7] =
    ["--port", "--bind", "-b", "--listen", "--http-port", "--server.port", "--http.port"];

/// The words of what the image starts.
fn started(request: &Request<'_>, last: &Stage) -> Vec<String> {
    let mut words = Vec::new();
    for keyword in ["ENTRYPOINT", "CMD"] {
        let Some((stage, one)) = request.file.in_force(last, keyword) else { continue };
        for (_, command) in run_commands(one).unwrap_or_default() {
            let resolved = command.words.iter().map(|word| stage.variables.resolve(&word.text));
            words.extend(resolved.map(Option::unwrap_or_default));
        }
    }
    words
}

/// The port that the arguments of the program name.
fn said(request: &Request<'_>, last: &Stage) -> Option<u16> {
    let words = started(request, last);
    let short = words.iter().any(|word| {
        ["rails", "flask", "http-server", "puma", "hugo", "serve"]
            .contains(&word.rsplit('/').next().unwrap_or_default())
    });
    let number = |text: &str| text.rsplit(':').next().and_then(|last| last.parse::<u16>().ok());
    let mut found: Vec<u16> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word.as_str(), words.get(at + 1).map(String::as_str)),
        };
        if FLAGS.contains(&flag) || (flag == "-p" && short) {
            found.extend(value.and_then(number));
        } else if word.starts_with("0.0.0.0:") {
            found.extend(number(word));
        }
    }
    found.dedup();
    if let [one] = found.as_slice() { Some(*one) } else { None }
}
