//! Lets Docker see whether the program still answers.
//!
//! # What it changes
//! A `HEALTHCHECK` is added where the image is done: the one that the settings name
//! (`dockerfile.healthcheck`, or `dockerfile.healthcheck.<path>`), the one that a Compose file has
//! for the same image, the base image's own question (`redis-cli ping`), or a connection to the one
//! port that the program listens on, made with what the base image has.
//!
//! # When it is withheld
//! The file names no port, or more than one, or the image has nothing to ask with. A check that
//! always succeeds would say nothing, so none is made up.

use super::port::{Port, port};
use super::user::below;
use super::{Recipe, Request};
use crate::Config;
use crate::dockerfile::edit;
use crate::dockerfile::file::{Base, Stage, run_commands};
use crate::images::{Known, Tool, known};

pub(super) const RECIPE: Recipe = Recipe { id: "healthcheck", plan };

const PARAMETER: &str = "dockerfile.healthcheck";

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
    if request.all.is_action(request.path) {
        return Err(
            "the image is an action of GitHub, which runs to its end and serves nothing".into()
        );
    }
    let line = format!("{TIMES} CMD {}", question(request, last)?);
    Ok(edit::insert(text, file, last, below(request, last), &[("HEALTHCHECK", line)]))
}

fn question(request: &Request<'_>, last: &Stage) -> Result<String, String> {
    if let Some(named) = request.wish.settings.at(PARAMETER, request.path) {
        let named = named.trim();
        if named.is_empty() || named.contains(['\n', '\r']) || named.ends_with('\\') {
            return Err("`dockerfile.healthcheck` of the settings is not one line".into());
        }
        return Ok(named.to_owned());
    }
    evident(request, last).map_err(|why| {
        format!(
            "{why}: a person must say what shows that it works (`{PARAMETER}.{}`)",
            request.path
        )
    })
}

/// What the files tell that can be asked.
fn evident(request: &Request<'_>, last: &Stage) -> Result<String, String> {
    if let Some(check) = request.all.check(request.path) {
        return Ok(check.to_owned());
    }
    let image = request.file.image_of(last).and_then(known);
    if let Some(check) = image.and_then(|image| image.check.as_deref()) {
        return Ok(check.to_owned());
    }
    let port = port(request, last, image)?;
    let tool = tool(request, last, image)
        .ok_or_else(|| format!("nothing is known in the image that could ask port {port}"))?;
    Ok(ask(tool, &port))
}

/// A command that fails unless the port accepts a connection.
fn ask(tool: Tool, port: &Port) -> String {
    match tool {
        Tool::Bash => format!("[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/{port}\"]"),
        Tool::Busybox => match port {
            Port::Number(port) => format!("[\"nc\", \"-z\", \"127.0.0.1\", \"{port}\"]"),
            Port::Variable(_) => format!("[\"sh\", \"-c\", \"nc -z 127.0.0.1 {port}\"]"),
        },
        Tool::Python => in_python("python", port),
        Tool::DistrolessPython => in_python("/usr/bin/python3", port),
        Tool::Node => in_node("node", port),
        Tool::DistrolessNode => in_node("/nodejs/bin/node", port),
    }
}

fn in_python(program: &str, port: &Port) -> String {
    let (modules, port) = match port {
        Port::Number(port) => ("socket", port.to_string()),
        Port::Variable(name) => ("os, socket", format!("int(os.environ['{name}'])")),
    };
    format!(
        "[\"{program}\", \"-c\", \"import {modules}; socket.create_connection(('127.0.0.1', {port}), 4).close()\"]"
    )
}

fn in_node(program: &str, port: &Port) -> String {
    let port = match port {
        Port::Number(port) => port.to_string(),
        Port::Variable(name) => format!("process.env.{name}"),
    };
    format!(
        "[\"{program}\", \"-e\", \"require('net').connect({port}, '127.0.0.1').once('connect', () => process.exit(0)).once('error', () => process.exit(1))\"]"
    )
}

/// What the image can ask with: by its base, else by the package manager that the file uses.
fn tool(request: &Request<'_>, last: &Stage, image: Option<&Known>) -> Option<Tool> {
    if let Some(known) = image {
        let tag = request.file.image_of(last).and_then(|image| image.tag.as_deref());
        let alpine = tag.is_some_and(|tag| tag.contains("alpine"));
        let bash = known.tool == Some(Tool::Bash);
        return if alpine && bash { Some(Tool::Busybox) } else { known.tool };
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
        let variable = "[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/${P}\"]";
        one("FROM debian\nEXPOSE ${P}", "\nCMD ./x", variable);
        one(
            "FROM elasticsearch:8\nEXPOSE 5005 9300 9200",
            "",
            "[\"bash\", \"-c\", \"</dev/tcp/127.0.0.1/9200\"]",
        );
        one("FROM couchdb:3-alpine", "", "[\"nc\", \"-z\", \"127.0.0.1\", \"5984\"]");
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
        refuse(FIX, "FROM debian\nARG P\nEXPOSE $P\n", "gives no value");
        refuse(FIX, "FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n", "names no port");
        refuse(FIX, "FROM nginx\nCMD [\"sh\", \"x.sh\"]\n", "names no port");
    }
}
