//! The port on which nginx listens by the configuration that a Dockerfile copies in.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Request;
use crate::dockerfile::file::{Stage, run_commands};
use crate::dockerfile::lex::Instruction;
use crate::dockerfile::tree::add_paths;

static LISTEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|[;{}\s])listen\s+([^;{}]+);").ok());

/// Folders whose files nginx reads by itself.
const READ: [&str; 2] = ["/etc/nginx/conf.d", "/etc/nginx/http.d"];

/// The port, where the image is one of nginx and every configuration that is copied in is known.
pub(super) fn port(request: &Request<'_>, last: &Stage) -> Option<u16> {
    let image = request.file.image_of(last)?;
    let name = image.path.rsplit('/').next().unwrap_or_default();
    if !["nginx", "nginx-unprivileged"].contains(&name) {
        return None;
    }
    let mut texts = Vec::new();
    for one in request.file.of(last) {
        match one.keyword.as_str() {
            "COPY" | "ADD" => texts.extend(copied(request, one)?),
            "RUN" if one.args.text.contains("/etc/nginx") => {
                leaves(one, texts.is_empty()).then_some(())?;
            }
            _ => {}
        }
    }
    let (plain, secure) = listens(&texts)?;
    plain.first().or(secure.first()).copied()
}

/// The configurations that an instruction copies to where nginx reads them; none where one of them
/// is not known.
fn copied<'r>(request: &'r Request<'_>, one: &Instruction) -> Option<Vec<&'r str>> {
    let mut paths = add_paths(&one.args.text);
    let to = paths.pop()?;
    if !to.starts_with("/etc/nginx") {
        return Some(Vec::new());
    }
    let to = to.trim_end_matches('/');
    let own = ["--from", "<<", "*", "?", "$"].iter().any(|part| one.args.text.contains(part));
    if own || paths.iter().any(|path| path.contains("..")) {
        return None;
    }
    let mut texts = Vec::new();
    for from in paths.iter().map(|path| path.trim_start_matches("./").trim_matches('/')) {
        let name = from.rsplit('/').next().unwrap_or_default();
        let parent = to.rsplit_once('/').map_or("", |(parent, _)| parent);
        let whole = to == "/etc/nginx/nginx.conf" || (to == "/etc/nginx" && name == "nginx.conf");
        let file = whole || READ.contains(&parent) && to.ends_with(".conf");
        let within = READ.contains(&to);
        if !file && !within {
            return None;
        }
        let found = in_context(request, from);
        // Another name than `.conf` is not read.
        let read = found.iter().filter(|(path, _)| file || path.ends_with(".conf"));
        let read: Vec<&str> = read.map(|(_, text)| *text).collect();
        if read.is_empty() {
            return None;
        }
        texts.extend(read);
    }
    Some(texts)
}

/// The file that a path of the context means, or the files right in it; nothing where it could be
/// two. The context is the folder of the Dockerfile, or the repository.
fn in_context<'r>(request: &'r Request<'_>, from: &str) -> Vec<(&'r str, &'r str)> {
    let folder = request.path.rfind('/').and_then(|at| request.path.get(..=at)).unwrap_or("");
    let of = |folder: &str| -> Vec<(&'r str, &'r str)> {
        let path = format!("{folder}{from}");
        let within = format!("{path}/");
        let fits = |other: &str| {
            let rest = other.strip_prefix(&within);
            other == path || rest.is_some_and(|rest| !rest.contains('/'))
        };
        request.all.beside().filter(|(other, _)| fits(other)).collect()
    };
    match (of(folder), of("")) {
        (own, top) if folder.is_empty() || top.is_empty() => own,
        (own, top) if own.is_empty() => top,
        _ => Vec::new(),
    }
}

/// Whether a RUN leaves what nginx reads as it is; what stood there before may go.
fn leaves(one: &Instruction, before: bool) -> bool {
    let commands = run_commands(one).unwrap_or_default();
    let about = commands
        .iter()
        .filter(|(_, command)| command.words.iter().any(|word| word.text.contains("/etc/nginx")));
    let fits = |program: &str| {
        ["chown", "chmod", "mkdir"].contains(&program) || (program == "rm" && before)
    };
    let mut programs = about.map(|(_, command)| command.program()).peekable();
    programs.peek().is_some() && !one.args.text.contains('>') && programs.all(fits)
}

/// The ports of `listen`, without encryption and with it; none where one is not plain.
fn listens(texts: &[&str]) -> Option<(BTreeSet<u16>, BTreeSet<u16>)> {
    let (mut plain, mut secure) = (BTreeSet::new(), BTreeSet::new());
    for text in texts {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let bare = lines.collect::<Vec<_>>().join("\n");
        for found in LISTEN.as_ref()?.captures_iter(&bare) {
            let mut words = found.get(1)?.as_str().split_whitespace();
            let address = words.next()?;
            let words: Vec<&str> = words.collect();
            if address.starts_with("unix:") || words.contains(&"quic") || words.contains(&"udp") {
                continue;
            }
            let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
            // A name or another address may not be reached from within at the loopback.
            let here = ["", "*", "0.0.0.0", "127.0.0.1"].contains(&host);
            let both = host == "[::]" && words.contains(&"ipv6only=off");
            match port.parse::<u16>().ok().filter(|port| *port > 0) {
                None => return None,
                Some(_) if host == "[::]" && !both => {}
                Some(_) if !here && !both => return None,
                Some(port) if words.contains(&"ssl") => drop(secure.insert(port)),
                Some(port) => drop(plain.insert(port)),
            }
        }
    }
    Some((plain, secure))
}

#[cfg(test)]
mod tests {
    use super::super::testing::run_beside;

    const ASKS: &str = "HEALTHCHECK --start-period=30s --timeout=5s CMD [\"nc\", \"-z\", \"127.0.0.1\", \"8080\"]\n";
    const HEAD: &str = "FROM nginx:1-alpine\n";

    #[track_caller]
    fn check(rest: &str, beside: &[(&str, &str)], asks: bool) {
        let text = format!("{HEAD}{rest}");
        let made = run_beside("recipe = 'healthcheck'", "web/Dockerfile", &text, beside);
        if asks {
            assert_eq!(made.unwrap(), format!("{text}{ASKS}"));
        } else {
            assert!(made.unwrap_err().contains("names no port"));
        }
    }

    const OWN: &str = "server {\n  # listen 1;\n  listen 8080 default_server;\n  listen [::]:8080;\n  listen 8443 ssl; }\n";
    const COPY: &str = "COPY my.conf /etc/nginx/conf.d/default.conf\n";

    #[test]
    fn the_port_is_the_one_that_the_configuration_names() {
        check(COPY, &[("web/my.conf", OWN)], true);
        check(COPY, &[("my.conf", OWN)], true);
        check("COPY etc /etc/nginx/conf.d/\n", &[("web/etc/a.conf", OWN)], true);
        let owned = "RUN chown -R nginx /etc/nginx/conf.d\n";
        check(&format!("{COPY}{owned}"), &[("web/my.conf", OWN)], true);
        let before = "RUN rm /etc/nginx/conf.d/default.conf\n";
        check(&format!("{before}{COPY}"), &[("web/my.conf", OWN)], true);
    }

    #[test]
    fn what_may_say_another_port_is_a_question() {
        let own = [("web/my.conf", OWN)];
        check(COPY, &[], false);
        check(COPY, &[("web/my.conf", OWN), ("my.conf", OWN)], false);
        check(COPY, &[("web/my.conf", "server { listen ${PORT}; }")], false);
        check(COPY, &[("web/my.conf", "server { listen web:8080; }")], false);
        check(COPY, &[("web/my.conf", "server { listen unix:/x; }")], false);
        check(&format!("{COPY}COPY x.conf /etc/nginx/conf.d/x.conf\n"), &own, false);
        check(&format!("{COPY}RUN sed -i s/8/9/ /etc/nginx/conf.d/default.conf\n"), &own, false);
        check(&format!("{COPY}RUN rm /etc/nginx/conf.d/default.conf\n"), &own, false);
        check("COPY my.conf /etc/nginx/templates/default.conf.template\n", &own, false);
        check("COPY --from=x my.conf /etc/nginx/conf.d/default.conf\n", &own, false);
    }
}
