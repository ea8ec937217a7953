//! What a Compose file says of Dockerfiles and images: from which file a service is built, on which
//! ports it is reached, how it is asked whether it works, and which images are used.

use serde_json::Value;

use super::service::{config, services};
use crate::Config;
use crate::code::Told;

/// What is said of every service that is built from a Dockerfile of the repository, and the images
/// of the others.
pub(super) fn told(path: &str, data: &Value) -> Vec<Told> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (_, service) in services(data) {
        let service = config(service);
        if service.get("build").is_none() {
            let image = service.get("image").and_then(Config::as_text);
            found.extend(image.map(|name| Told::Image { name: name.to_owned() }));
        }
        let Some(dockerfile) = dockerfile(folder, &service) else { continue };
        let command = check(&service);
        found
            .extend(command.map(|command| Told::Check { dockerfile: dockerfile.clone(), command }));
        for list in ["ports", "expose"] {
            let Some(Config::List(items)) = service.get(list) else { continue };
            let ports = items.iter().filter_map(port);
            found.extend(ports.map(|port| Told::Port { dockerfile: dockerfile.clone(), port }));
        }
    }
    found
}

/// What asks a service whether it works, as HEALTHCHECK writes it.
fn check(service: &Config) -> Option<String> {
    // Another stage than the last one may not have what the check asks with.
    if service.get("build").and_then(|build| build.get("target")).is_some() {
        return None;
    }
    let check = service.get("healthcheck")?;
    if check.get("disable").is_some_and(|off| off.same(&Config::Bool(false)) != Some(true)) {
        return None;
    }
    let command = match check.get("test")? {
        Config::Text(command) => command.trim().to_owned(),
        Config::List(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Config::as_text).collect();
            match words?.as_slice() {
                ["CMD-SHELL", command] => command.trim().to_owned(),
                ["CMD", words @ ..] if !words.is_empty() => serde_json::to_string(words).ok()?,
                _ => return None,
            }
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Object(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => return None,
    };
    let whole = !command.is_empty() && !command.contains(['\n', '\r']) && !command.ends_with('\\');
    let says = !["true", "exit 0", ":", "/bin/true", "none"]
        .contains(&command.to_ascii_lowercase().as_str());
    (whole && says).then_some(command)
}

/// The path of the Dockerfile below the repository.
fn dockerfile(folder: &str, service: &Config) -> Option<String> {
    let build = service.get("build")?;
    let context = match build {
        Config::Text(context) => context.as_str(),
        Config::Object(_) => match build.get("context") {
            Some(context) => context.as_text()?,
            None => ".",
        },
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::List(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => return None,
    };
    let name = match build.get("dockerfile") {
        Some(name) => name.as_text()?,
        None => "Dockerfile",
    };
    joined(&[folder, context, name])
}

/// One path of several parts; none where it leaves the repository.
fn joined(parts: &[&str]) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    for part in parts {
        if part.starts_with('/') || part.contains("://") {
            return None;
        }
        for step in part.split('/') {
            match step {
                "" | "." => {}
                ".." => {
                    path.pop()?;
                }
                step => path.push(step),
            }
        }
    }
    Some(path.join("/"))
}

/// The port inside the container: `8080`, `80:8080/tcp`, `127.0.0.1:80:8080`, or a `target`.
fn port(written: &Config) -> Option<u16> {
    let target = written.get("target").unwrap_or(written);
    let text = target.to_text()?;
    let text = text.strip_suffix("/tcp").unwrap_or(&text);
    text.rsplit(':').next()?.parse().ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dockerfile_and_the_port_inside_are_told() {
        let data = serde_json::json!({"services": {
            "a": {"build": "web", "ports": ["80:8080", {"target": 9090}]},
            "b": {"build": {"context": "../x", "dockerfile": "d/Dockerfile.dev"}, "expose": [5000]},
            "c": {"image": "x", "ports": ["1:1"]},
            "d": {"build": "../../out", "ports": ["1:1", "${P}:2"]},
        }});
        let mut told = told("app/compose.yaml", &data);
        told.retain(|one| matches!(one, Told::Port { .. }));
        let expected = [
            ("app/web/Dockerfile", 8080),
            ("app/web/Dockerfile", 9090),
            ("x/d/Dockerfile.dev", 5000),
        ];
        let port = |(path, port): (&str, u16)| Told::Port { dockerfile: path.to_owned(), port };
        assert_eq!(told, expected.map(port));
    }

    #[test]
    fn the_check_and_the_images_are_told() {
        let data = serde_json::json!({"services": {
            "a": {"build": "web", "healthcheck": {"test": ["CMD", "curl", "-f", "http://x"]}},
            "b": {"build": "b", "healthcheck": {"test": "echo $$A | nc x 1"}},
            "c": {"build": "c", "healthcheck": {"test": ["CMD-SHELL", "${UNKNOWN} x"]}},
            "d": {"build": "d", "healthcheck": {"test": ["NONE"]}},
            "e": {"build": "e", "healthcheck": {"test": "exit 0"}},
            "f": {"build": "f", "healthcheck": {"test": "ask", "disable": true}},
            "g": {"image": "redis:7.4"},
        }});
        let check = |dockerfile: &str, command: &str| Told::Check {
            dockerfile: dockerfile.to_owned(),
            command: command.to_owned(),
        };
        let expected = [
            check("web/Dockerfile", r#"["curl","-f","http://x"]"#),
            check("b/Dockerfile", "echo $A | nc x 1"),
            Told::Image { name: "redis:7.4".to_owned() },
        ];
        assert_eq!(told("compose.yaml", &data), expected);
    }
}
