//! Which Dockerfile a service is built from, and on which ports it is reached.

use serde_json::Value;

use super::service::{config, services};
use crate::Config;
use crate::code::Told;

/// The ports of every service that is built from a Dockerfile of the repository.
pub(super) fn built(path: &str, data: &Value) -> Vec<Told> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (_, service) in services(data) {
        let service = config(service);
        let Some(dockerfile) = dockerfile(folder, &service) else { continue };
        for list in ["ports", "expose"] {
            let Some(Config::List(items)) = service.get(list) else { continue };
            let ports = items.iter().filter_map(port);
            found.extend(ports.map(|port| Told::Port { dockerfile: dockerfile.clone(), port }));
        }
    }
    found
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
        let told = built("app/compose.yaml", &data);
        let expected = [
            ("app/web/Dockerfile", 8080),
            ("app/web/Dockerfile", 9090),
            ("x/d/Dockerfile.dev", 5000),
        ];
        let port = |(path, port): (&str, u16)| Told::Port { dockerfile: path.to_owned(), port };
        assert_eq!(told, expected.map(port));
    }
}
