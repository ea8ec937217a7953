//! Lets the program of the image run as an account that is not root.
//!
//! # What it changes
//! A `USER` is added where the image is done: before the last `CMD` and `ENTRYPOINT`. The account
//! is the one that the file went back from or makes itself, else one that the base image has,
//! else `dockerfile.user` of the settings, else the number 10001. What the settings name for the
//! file (`dockerfile.user.<path>`) comes before all of these.
//!
//! # When it is withheld
//! The program is known to need root, or it cannot be told which account is meant.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Stage, run_commands};
use crate::images::{Known, known};
use crate::shell::Command;

pub(super) const RECIPE: Recipe = Recipe { id: "user", plan };

const PARAMETER: &str = "dockerfile.user";

/// A number that no base image gives to an account of its own.
const DEFAULT: &str = "10001";

/// Programs that start as root on purpose.
const NEED_ROOT: [&str; 11] = [
    "sshd",
    "cron",
    "crond",
    "dockerd",
    "dockerd-entrypoint.sh",
    "systemd",
    "init",
    "supervisord",
    "s6-svscan",
    "runsvdir",
    "xinetd",
];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let Request { text, file, .. } = *request;
    let last = file.last().ok_or("the file has no stage")?;
    if let Some((stage, user)) = file.in_force(last, "USER") {
        let Some(name) = stage.variables.resolve(user.args.text.trim()) else {
            return Err("the user is a variable to which the file gives no value".into());
        };
        if !is_root(&name) {
            return Ok(None);
        }
    }
    let (account, prepare) = account(request, last)?;
    let mut lines = Vec::new();
    if let Some(prepare) = prepare {
        lines.push(("RUN", prepare.to_owned()));
    }
    lines.push(("USER", account));
    let below = below(request, last);
    Ok(edit::insert(text, file, last, below, &lines))
}

/// Whether a USER is root by name or number.
fn is_root(user: &str) -> bool {
    let name = user.trim_matches('"').split(':').next().unwrap_or_default();
    name.eq_ignore_ascii_case("root")
        || name.eq_ignore_ascii_case("ContainerAdministrator")
        || name.parse::<u64>() == Ok(0)
}

/// Packages of servers that start as root, or write where only root may.
const SERVERS: [&str; 35] = [
    "apache2",
    "httpd",
    "nginx",
    "lighttpd",
    "squid",
    "varnish",
    "haproxy",
    "bind9",
    "dnsmasq",
    "mysql-server",
    "mariadb-server",
    "postgresql",
    "mongodb",
    "mongodb-org",
    "rabbitmq-server",
    "openssh-server",
    "dropbear",
    "nfs-utils",
    "nfs-kernel-server",
    "samba",
    "vsftpd",
    "proftpd",
    "postfix",
    "dovecot",
    "cron",
    "cronie",
    "dcron",
    "supervisor",
    "systemd",
    "xinetd",
    "rsyslog",
    "iptables",
    "openvpn",
    "strongswan",
    "docker-ce",
];

/// A package of a server that the file installs.
fn server(request: &Request<'_>, last: &Stage) -> Option<String> {
    let stages = request.file.ancestry(last).into_iter();
    let runs = stages.flat_map(|stage| request.file.of(stage)).filter(|one| one.keyword == "RUN");
    let commands = runs.flat_map(|run| run_commands(run).unwrap_or_default());
    let managers = ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper"];
    let mut packages = commands
        .filter(|(_, command)| managers.contains(&command.program()))
        .flat_map(|(_, command)| command.args().map(|word| word.text.clone()).collect::<Vec<_>>());
    packages.find(|package| {
        let name = package.split(['=', '@', '~', '<', '>']).next().unwrap_or_default();
        SERVERS.contains(&name) || (name.starts_with("php") && name.ends_with("-fpm"))
    })
}

fn needs_root(request: &Request<'_>, last: &Stage, image: Option<&Known>) -> Result<(), String> {
    if request.all.is_action(request.path) {
        return Err(
            "the image is an action of GitHub, which must run as root to reach the workspace"
                .into(),
        );
    }
    if let Some(reason) = image.and_then(|image| image.root.as_deref()) {
        return Err(format!("the base image must start as root: {reason}"));
    }
    if let Some(package) = server(request, last) {
        return Err(format!(
            "the image installs `{package}`, which starts as root or writes where only root may: a \
             person must prepare an account for it and name it (`{PARAMETER}.{}`)",
            request.path
        ));
    }
    for keyword in ["ENTRYPOINT", "CMD"] {
        let Some((_, one)) = request.file.in_force(last, keyword) else { continue };
        let programs = run_commands(one).unwrap_or_default();
        let words = programs.iter().flat_map(|(_, command)| &command.words);
        let names = words.map(|word| word.text.rsplit('/').next().unwrap_or_default());
        if let Some(program) = names.into_iter().find(|name| NEED_ROOT.contains(name)) {
            return Err(format!(
                "`{program}` starts as root on purpose: a person must say whether the image needs it, \
                 else which account it can have (`{PARAMETER}.{}`)",
                request.path
            ));
        }
    }
    Ok(())
}

/// The account, and a command that root must run before.
fn account(request: &Request<'_>, last: &Stage) -> Result<(String, Option<&'static str>), String> {
    let own = format!("{PARAMETER}.{}", request.path);
    if let Some(named) = request.wish.settings.get(&own) {
        return Ok((plain(named)?, None));
    }
    let image = request.file.image_of(last).and_then(known);
    needs_root(request, last, image)?;
    evident(request, last, image).map_err(|why| format!("{why} (`{own}`)"))
}

/// The account that the files tell, else the one for all.
fn evident(
    request: &Request<'_>,
    last: &Stage,
    image: Option<&'static Known>,
) -> Result<(String, Option<&'static str>), String> {
    let own = former(request, last).map_or_else(|| made(request, last), |one| Ok(Some(one)))?;
    let known = image.and_then(|image| image.user.clone());
    let prepare = image.and_then(|image| image.prepare.as_deref());
    match (own, known) {
        (Some(own), Some(known)) if own != known && prepare.is_some() => Err(format!(
            "the base image is prepared for `{known}`: a person must give `{own}` the folders that \
             the program writes"
        )),
        (Some(own), _) => Ok((own, None)),
        (None, Some(known)) => Ok((known, prepare)),
        (None, None) => {
            let named = request.wish.settings.at(PARAMETER, request.path).unwrap_or(DEFAULT);
            Ok((plain(named)?, None))
        }
    }
}

/// An account that the settings name.
fn plain(named: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-:.".contains(letter);
    if is_root(named) || named.is_empty() || !named.chars().all(plain) {
        return Err(format!("`{PARAMETER}` of the settings is root, or no account"));
    }
    Ok(named.to_owned())
}

/// The account that the file names before it goes back to root.
fn former(request: &Request<'_>, last: &Stage) -> Option<String> {
    request.file.ancestry(last).into_iter().find_map(|stage| {
        let users = request.file.of(stage).iter().rev().filter(|one| one.keyword == "USER");
        let mut named = users.filter_map(|one| stage.variables.resolve(one.args.text.trim()));
        named.find(|name| !is_root(name))
    })
}

/// The one account that the file makes.
fn made(request: &Request<'_>, last: &Stage) -> Result<Option<String>, String> {
    let mut accounts: Vec<String> = Vec::new();
    let stages = request.file.ancestry(last).into_iter();
    let runs = stages.flat_map(|stage| request.file.of(stage).iter().map(move |one| (stage, one)));
    for (stage, run) in runs.filter(|(_, one)| one.keyword == "RUN") {
        let commands = run_commands(run).unwrap_or_default();
        for name in commands.iter().filter_map(|(_, command)| new_account(command)) {
            let name = stage.variables.resolve(&name).ok_or_else(|| {
                format!("the file makes the account `{name}`, whose name it does not give")
            })?;
            accounts.push(name);
        }
    }
    accounts.sort_unstable();
    accounts.dedup();
    match accounts.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        more => Err(format!(
            "the file makes {} accounts: a person must say which of {} runs the program",
            more.len(),
            more.join(", ")
        )),
    }
}

/// The name that `useradd` or `adduser` is given as its last word.
fn new_account(command: &Command) -> Option<String> {
    if !["useradd", "adduser"].contains(&command.program()) {
        return None;
    }
    let words: Vec<&str> = command.args().map(|word| word.text.as_str()).collect();
    let (name, before) = words.split_last()?;
    let takes_value = before.last().is_some_and(|word| {
        word.starts_with('-')
            && !word.contains('=')
            && !["-D", "-S", "-H", "-m", "-M", "-r", "-N", "-U", "-q", "-o", "--system"]
                .contains(word)
            && !word.starts_with("--disabled-")
            && !["--no-create-home", "--create-home", "--quiet", "--user-group"].contains(word)
    });
    let plain =
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || "_$".contains(letter));
    (plain && !takes_value && *name != "root").then(|| (*name).to_owned())
}

/// The CMD or ENTRYPOINT before which the image is done.
pub(super) fn below(request: &Request<'_>, last: &Stage) -> Option<usize> {
    let builds = ["FROM", "RUN", "COPY", "ADD", "WORKDIR", "USER", "SHELL", "VOLUME", "ONBUILD"];
    let mut found = None;
    for (at, one) in request.file.instructions.iter().enumerate().skip(last.range.start) {
        let keyword = one.keyword.as_str();
        if builds.contains(&keyword) {
            found = None;
        } else if ["CMD", "ENTRYPOINT"].contains(&keyword) {
            found = found.or(Some(at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, refuse};

    const FIX: &str = "recipe = 'user'";

    #[test]
    fn an_account_of_the_base_image_is_used() {
        let before = "FROM node:22\nCOPY . .\n\n# Starts it.\nCMD [\"node\", \"x\"]";
        let after = "FROM node:22\nCOPY . .\n\nUSER node\n# Starts it.\nCMD [\"node\", \"x\"]";
        check(FIX, before, after);
        let before = "FROM nginx:1\n";
        let prepare = "RUN touch /var/run/nginx.pid && chown -R nginx:nginx /var/run/nginx.pid /var/cache/nginx";
        check(FIX, before, &format!("FROM nginx:1\n{prepare}\nUSER nginx\n"));
    }

    #[test]
    fn a_number_is_the_default_and_the_settings_may_name_another() {
        check(
            FIX,
            "FROM golang:1 AS b\r\nUSER x\r\nFROM alpine",
            "FROM golang:1 AS b\r\nUSER x\r\nFROM alpine\r\nUSER 10001",
        );
        check_with(FIX, &[("dockerfile.user", "app")], "from alpine\n", "from alpine\nuser app\n");
    }

    #[test]
    fn the_account_that_the_file_makes_is_used() {
        check(
            FIX,
            "FROM alpine\nRUN adduser -D -u 99 web && x\nENTRYPOINT y\n",
            "FROM alpine\nRUN adduser -D -u 99 web && x\nUSER web\nENTRYPOINT y\n",
        );
        check(
            FIX,
            "FROM debian\nUSER app\nRUN a\nUSER root\nRUN b\nCMD c\n",
            "FROM debian\nUSER app\nRUN a\nUSER root\nRUN b\nUSER app\nCMD c\n",
        );
        refuse(FIX, "FROM alpine\nRUN adduser a; adduser b\n", "which of a, b");
    }

    #[test]
    fn root_stays_where_it_is_needed() {
        refuse(FIX, "FROM docker:27-dind\n", "needs root");
        refuse(FIX, "FROM debian\nCMD [\"/usr/sbin/sshd\", \"-D\"]\n", "`sshd` starts as root");
        refuse(FIX, "FROM debian\nRUN apt-get install -y nginx=1.2 x\n", "installs `nginx=1.2`");
        refuse(FIX, "FROM debian\nARG U\nUSER $U\n", "no value");
    }

    #[test]
    fn an_instruction_that_is_left_open_is_ended() {
        check(FIX, "FROM debian\nRUN x \\\n\n", "FROM debian\nRUN x\nUSER 10001\n\n");
        check(FIX, "FROM debian\nRUN x \\", "FROM debian\nRUN x\nUSER 10001");
        let path = "# escape=`\nFROM debian\nWORKDIR C:\\\n";
        check(FIX, path, &format!("{path}USER 10001\n"));
    }

    #[test]
    fn what_the_user_says_of_the_file_comes_first() {
        let said = [("dockerfile.user.Dockerfile", "web"), ("dockerfile.user", "other")];
        let text = "FROM debian\nRUN apt-get install -y nginx\n";
        check_with(FIX, &said, text, &format!("{text}USER web\n"));
        refuse(FIX, text, "`dockerfile.user.Dockerfile`");
    }

    #[test]
    fn an_earlier_stage_in_force_counts() {
        let text = "FROM alpine AS a\nUSER 5\nFROM a\nRUN x\n";
        check(FIX, text, text);
    }
}
