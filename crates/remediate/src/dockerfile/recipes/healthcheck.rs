//! Lets Docker see whether the program still answers.
//!
//! # What it changes
//! A `HEALTHCHECK` is added where the image is done: the one that the settings name
//! (`dockerfile.healthcheck`), the base image's own question (`redis-cli ping`), or a connection to
//! the one port that the program listens on, made with what the base image has.
//!
//! # When it is withheld
//! The file names no port, or more than one, or the image has nothing to ask with. A check that
//! always succeeds would say nothing, so none is made up.

use super::user::below;
use super::{Recipe, Request};
use crate::Config;
use crate::dockerfile::edit;
use crate::dockerfile::file::{Base, Stage, run_commands};
use crate::dockerfile::images::{Known, Tool, known};
use crate::dockerfile::tree::add_paths;

pub(super) const RECIPE: Recipe = Recipe { id: "healthcheck", plan };

const TIMES: &str = "--start-period=30s --timeout=5s";

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let Request { text, file, tree, .. } = *request;
    let last = file.last().ok_or("the file has no stage")?;
    match tree.get("final").and_then(|image| image.get("healthcheck")).and_then(Config::as_text) {
        Some(own) if own.eq_ignore_ascii_case("none") => {
            return Err(
                "the check is switched off: a person must say what shows that the program works"
                    .into(),
            );
        }
        Some(_) => return Ok(None),
        None => {}
    }
    let line = format!("{TIMES} CMD {}", question(request, last)?);
    Ok(edit::insert(text, file, last, below(request, last), &[("HEALTHCHECK", line)]))
}

fn question(request: &Request<'_>, last: &Stage) -> Result<String, String> {
    if let Some(named) = request.wish.settings.get("dockerfile.healthcheck") {
        let named = named.trim();
        if named.is_empty() || named.contains(['\n', '\r']) || named.ends_with('\\') {
            return Err("`dockerfile.healthcheck` of the settings is not one line".into());
        }
        return Ok(named.to_owned());
    }
    let image = request.file.image_of(last).and_then(known);
    if let Some(check) = image.and_then(|image| image.check.as_deref()) {
        return Ok(check.to_owned());
    }
    let port = port(request, last, image)?;
    let tool = tool(request, last, image).ok_or_else(|| {
        format!(
            "nothing is known in the image that could ask port {port}: a person must name the check \
             (`dockerfile.healthcheck`)"
        )
    })?;
    Ok(ask(tool, port))
}

/// A command that fails unless the port accepts a connection.
fn ask(tool: Tool, port: u16) -> String {
    match tool {
        Tool::Bash => format!("[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/{port}\"]"),
        Tool::Busybox => format!("[\"nc\", \"-z\", \"127.0.0.1\", \"{port}\"]"),
        Tool::Python => in_python("python", port),
        Tool::DistrolessPython => in_python("/usr/bin/python3", port),
        Tool::Node => in_node("node", port),
        Tool::DistrolessNode => in_node("/nodejs/bin/node", port),
    }
}

fn in_python(program: &str, port: u16) -> String {
    format!(
        "[\"{program}\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', {port}), 4).close()\"]"
    )
}

fn in_node(program: &str, port: u16) -> String {
    format!(
        "[\"{program}\", \"-e\", \"require('net').connect({port}, '127.0.0.1').once('connect', () => process.exit(0)).once('error', () => process.exit(1))\"]"
    )
}

/// What the image can ask with: by its base, else by the package manager that the file uses.
fn tool(request: &Request<'_>, last: &Stage, image: Option<&Known>) -> Option<Tool> {
    if let Some(image) = image {
        return image.tool;
    }
    let mut found = None;
    for stage in request.file.ancestry(last) {
        if stage.base == Base::Scratch {
            return None;
        }
        for run in request.file.of(stage).iter().filter(|one| one.keyword == "RUN") {
            for (_, command) in run_commands(run).unwrap_or_default() {
                found = found.or(match command.program() {
                    "apk" => Some(Tool::Busybox),
                    "apt-get" | "apt" | "yum" | "dnf" | "microdnf" | "zypper" => Some(Tool::Bash),
                    _ => None,
                });
            }
        }
    }
    found
}

/// The one port that the program listens on.
fn port(request: &Request<'_>, last: &Stage, image: Option<&Known>) -> Result<u16, String> {
    let exposed = exposed(request)?;
    let heard = request.all.ports(request.path);
    let heard = if let [one] = heard.as_slice() { Some(*one) } else { None };
    let said = said(request, last).or_else(|| env_port(last)).or(heard);
    match (exposed.as_slice(), said) {
        ([one], _) => return Ok(*one),
        ([], Some(said)) => return Ok(said),
        (several, Some(said)) if several.contains(&said) => return Ok(said),
        ([80, 443], _) => return Ok(80),
        ([8080, 8443], _) => return Ok(8080),
        ([], None) => {}
        (several, _) => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            return Err(format!(
                "the image offers the ports {}: a person must say which shows that the program works",
                several.join(", ")
            ));
        }
    }
    let own = ["ENTRYPOINT", "CMD"].iter().all(|one| request.file.in_force(last, one).is_none());
    let base = image.and_then(|image| image.port).filter(|_| own || is_its_own(request, last));
    let base = base.filter(|_| !brings_configuration(request, last));
    let told = image.and_then(|image| image.port_told);
    usual(request, last).or(told).or(base).ok_or_else(|| {
        "the file names no port that the program listens on: a person must say what shows that it \
         works (`dockerfile.healthcheck`), or that nothing does"
            .into()
    })
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

/// The TCP ports of EXPOSE, in order and once each.
fn exposed(request: &Request<'_>) -> Result<Vec<u16>, String> {
    let ports = request.tree.get("final").and_then(|image| image.get("ports"));
    let Some(Config::List(ports)) = ports else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for port in ports {
        let text = port.as_text().ok_or("a port is a variable to which the file gives no value")?;
        let Some(number) = text.strip_suffix("/tcp") else { continue };
        let number: u16 =
            number.parse().map_err(|_| format!("`{number}` stands for more than one port"))?;
        if !found.contains(&number) {
            found.push(number);
        }
    }
    found.sort_unstable();
    Ok(found)
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
    let number = |text: &str| text.rsplit(':').next().and_then(|last| last.parse::<u16>().ok());
    let mut found: Vec<u16> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word.as_str(), words.get(at + 1).map(String::as_str)),
        };
        if FLAGS.contains(&flag) {
            found.extend(value.and_then(number));
        } else if word.starts_with("0.0.0.0:") {
            found.extend(number(word));
        }
    }
    found.dedup();
    if let [one] = found.as_slice() { Some(*one) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, refuse};

    const FIX: &str = "recipe = 'healthcheck'";
    const HEAD: &str = "HEALTHCHECK --start-period=30s --timeout=5s CMD";

    #[test]
    fn the_port_is_asked_with_what_the_image_has() {
        let one = |from: &str, rest: &str, ask: &str| {
            check(FIX, &format!("{from}{rest}\n"), &format!("{from}\n{HEAD} {ask}{rest}\n"));
        };
        one(
            "FROM golang:1-alpine\nEXPOSE 80",
            "\nCMD x",
            "[\"nc\", \"-z\", \"127.0.0.1\", \"80\"]",
        );
        let bash = "[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/8000\"]";
        one("FROM debian", "\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\"]", bash);
        let python = "[\"python\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', 8000), 4).close()\"]";
        one("FROM python:3", "\nCMD gunicorn app:app", python);
        one("FROM debian\nENV PORT 8000", "\nCMD ./x", bash);
        one("FROM redis:6", "", "redis-cli ping");
        one("FROM nginx:1", "", "[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/80\"]");
        one(
            "FROM x/y\nRUN apt-get update\nEXPOSE 80 443",
            "",
            "[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/80\"]",
        );
    }

    #[test]
    fn the_settings_name_a_check() {
        let named = [("dockerfile.healthcheck", "curl -f http://localhost/health")];
        check_with(
            FIX,
            &named,
            "FROM x\n",
            &format!("FROM x\n{HEAD} curl -f http://localhost/health\n"),
        );
    }

    #[test]
    fn no_check_is_made_up() {
        refuse(FIX, "FROM alpine\nCMD [\"ps\"]\n", "names no port");
        refuse(FIX, "FROM scratch\nEXPOSE 80\n", "could ask port 80");
        refuse(FIX, "FROM alpine\nEXPOSE 80 9090\n", "80, 9090");
        refuse(FIX, "FROM alpine\nHEALTHCHECK NONE\n", "switched off");
        refuse(FIX, "FROM python:3\nCMD gunicorn -c conf.py app:app\n", "names no port");
        refuse(FIX, "FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n", "names no port");
        refuse(FIX, "FROM nginx\nCMD [\"sh\", \"x.sh\"]\n", "names no port");
    }
}
