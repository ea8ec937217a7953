//! `liveness_probe` and `readiness_probe`: Kubernetes asks each container whether it works.
//!
//! What is asked is what the user says (`kubernetes.probe.<image>`), else what evidence tells: the
//! other probe of the container, a port that it declares, the numbered port of a Service that
//! selects its pods, the port that an argument tells it to listen on, the port that a known image
//! listens on when it is started as it is, or the one that other containers of the image declare
//! which are started in the same way. Where there is none, a person must say what tells that the
//! program works.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::image::split;
use super::{Plan, Recipe, Request, below, name_of};
use crate::images::{Image, known};
use crate::kubernetes::judge::{covers, together};
use crate::yaml::Edit;

pub(super) const LIVENESS: Recipe = Recipe {
    name: "liveness_probe",
    plan: |request| plan(request, "livenessProbe", &["startupProbe", "readinessProbe"]),
};

pub(super) const READINESS: Recipe = Recipe {
    name: "readiness_probe",
    plan: |request| plan(request, "readinessProbe", &["startupProbe", "livenessProbe"]),
};

/// What a probe may ask.
const HANDLERS: [&str; 4] = ["httpGet", "tcpSocket", "exec", "grpc"];

fn plan(request: &Request<'_>, probe: &str, others: &[&str]) -> Result<Plan, String> {
    request.whole_containers()?;
    let mut edits = Vec::new();
    let mut lacking = BTreeSet::new();
    let containers = request.object.containers(&["containers"]);
    let alone = containers.len() == 1;
    for (path, container) in containers {
        if container.get(probe).is_some_and(|there| !there.is_null()) {
            continue;
        }
        let found = match said(request, container)? {
            Some(said) => Some(said),
            None => others
                .iter()
                .find_map(|other| handler(container.get(other)?))
                .or_else(|| socket(container))
                .or_else(|| if alone { served(request) } else { None })
                .or_else(|| ordered(container))
                .or_else(|| usual(container))
                .or_else(|| elsewhere(request, container)),
        };
        let Some(mut new) = found else {
            lacking.insert(ask(container));
            continue;
        };
        // A restart is the harder answer, so that it comes later.
        let (delay, period) = if probe == "livenessProbe" { (15, 20) } else { (5, 10) };
        new.insert("initialDelaySeconds".to_owned(), json!(delay));
        new.insert("periodSeconds".to_owned(), json!(period));
        edits.push(Edit::Set(below(&path, probe), Value::Object(new)));
    }
    if lacking.is_empty() {
        return Ok(Plan::Edits(edits));
    }
    let lacking: Vec<String> = lacking.into_iter().collect();
    Err(format!(
        "nothing in the manifests tells how to ask {} whether it works: it declares no port and has \
         no other probe",
        lacking.join(" and ")
    ))
}

/// The parameter for the containers of an image.
fn parameter(container: &Value) -> Option<String> {
    let image = container.get("image")?.as_str().filter(|image| !image.is_empty())?;
    Some(format!("kubernetes.probe.{}", split(image).0))
}

/// The container, and what answers for it.
fn ask(container: &Value) -> String {
    let name = name_of(container);
    match parameter(container) {
        Some(parameter) => format!("the container `{name}` (`{parameter}`)"),
        None => format!("the container `{name}`"),
    }
}

/// What the user says of the image.
fn said(request: &Request<'_>, container: &Value) -> Result<Option<Map<String, Value>>, String> {
    let Some(parameter) = parameter(container) else { return Ok(None) };
    let Some(said) = request.wish.settings.get(&parameter) else { return Ok(None) };
    let wrong = || {
        format!(
            "the parameter `{parameter}` is none of `tcp:PORT`, `http:PORT/PATH`, \
             `https:PORT/PATH`, `grpc:PORT` and `exec:COMMAND`"
        )
    };
    written(said).map(Some).ok_or_else(wrong)
}

/// A probe as a parameter writes it.
fn written(said: &str) -> Option<Map<String, Value>> {
    let (way, rest) = said.split_once(':')?;
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    let (name, value) = match way.trim() {
        "tcp" => ("tcpSocket", json!({ "port": port(rest)? })),
        "grpc" => ("grpc", json!({ "port": port(rest)? })),
        "exec" => {
            let command = rest.trim();
            let one_line = !command.is_empty() && !command.contains(['\n', '\r']);
            one_line.then_some(("exec", json!({ "command": ["sh", "-c", command] })))?
        }
        scheme @ ("http" | "https") => {
            let (number, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (path, port) = (format!("/{}", path.trim()), port(number)?);
            let get = match scheme {
                "https" => json!({ "path": path, "port": port, "scheme": "HTTPS" }),
                _ => json!({ "path": path, "port": port }),
            };
            ("httpGet", get)
        }
        _ => return None,
    };
    Some(Map::from_iter([(name.to_owned(), value)]))
}

/// A connection to the port that a known image listens on, where nothing tells it another.
fn usual(container: &Value) -> Option<Map<String, Value>> {
    if ["command", "args", "envFrom"].iter().any(|key| container.get(key).is_some()) {
        return None;
    }
    let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
    let mut paths = mounts.filter_map(|mount| mount.get("mountPath")?.as_str());
    if paths.any(|path| path.contains("conf") || path.starts_with("/etc")) {
        return None;
    }
    let env = container.get("env").and_then(Value::as_array).into_iter().flatten();
    let mut names = env.filter_map(|one| one.get("name")?.as_str());
    if names.any(|name| name.to_ascii_uppercase().contains("PORT")) {
        return None;
    }
    let port = known(&Image::parse(container.get("image")?.as_str()?))?.port?;
    Some(connect(&json!(port)))
}

/// Arguments by which programs are told where to listen themselves.
const LISTEN: [&str; 12] = [
    "bind-address",
    "health-probe-bind-address",
    "healthz-bind-address",
    "http-port",
    "https-port",
    "listen-addr",
    "listen-address",
    "metrics-addr",
    "metrics-address",
    "metrics-bind-address",
    "secure-port",
    "web.listen-address",
];

/// A connection to the port that an argument tells the program to listen on, for all who ask.
fn ordered(container: &Value) -> Option<Map<String, Value>> {
    let lists = ["command", "args"].iter().filter_map(|key| container.get(key)?.as_array());
    let words: Vec<&str> = lists.flatten().filter_map(Value::as_str).collect();
    let named = words.iter().enumerate().filter_map(|(at, word)| {
        let word = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
        let (name, value) = match word.split_once('=') {
            Some(pair) => pair,
            None => (word, *words.get(at + 1)?),
        };
        LISTEN.contains(&name).then_some(value)
    });
    let ports: BTreeSet<u16> = named.filter_map(own_port).collect();
    ports.first().map(|port| connect(&json!(port)))
}

/// The port of an address that is reached from outside of the pod: `8080`, `:8080`, `0.0.0.0:8080`.
fn own_port(address: &str) -> Option<u16> {
    let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse::<u16>().ok().filter(|port| *port > 0);
    port.filter(|_| matches!(host, "" | "0.0.0.0" | "::" | "*"))
}

/// A connection to the port that all other containers of the image declare, where they are started
/// in the same way.
fn elsewhere(request: &Request<'_>, container: &Value) -> Option<Map<String, Value>> {
    let image = |one: &Value| one.get("image")?.as_str().map(|image| split(image).0.to_owned());
    let own = image(container).filter(|image| !image.is_empty())?;
    let start = |one: &Value| [one.get("command").cloned(), one.get("args").cloned()];
    let told = |one: &Value| {
        let env = one.get("env").and_then(Value::as_array).into_iter().flatten();
        let port = |one: &Value| {
            let name = one.get("name").and_then(Value::as_str).unwrap_or_default();
            name.to_ascii_uppercase().contains("PORT")
        };
        one.get("envFrom").is_some() || env.into_iter().any(port)
    };
    if told(container) {
        return None;
    }
    let objects = request.manifests.objects();
    let others = objects.flat_map(|(_, object)| object.containers(&["containers"]));
    let same = others.map(|(_, other)| other).filter(|other| {
        image(other).as_ref() == Some(&own) && start(other) == start(container) && !told(other)
    });
    let mut asked = same.filter_map(socket);
    let first = asked.next()?;
    asked.all(|other| other == first).then_some(first)
}

/// What another probe asks.
fn handler(probe: &Value) -> Option<Map<String, Value>> {
    let one = HANDLERS.iter().find_map(|name| Some((name, probe.get(name)?)))?;
    Some(Map::from_iter([((*one.0).to_owned(), one.1.clone())]))
}

/// A connection to the first port that the container declares.
fn socket(container: &Value) -> Option<Map<String, Value>> {
    let ports = container.get("ports")?.as_array()?;
    let port = ports.iter().find(|port| tcp(port))?.get("containerPort")?;
    port.as_u64()?;
    Some(connect(port))
}

/// A connection to the port that a Service sends its traffic to.
fn served(request: &Request<'_>) -> Option<Map<String, Value>> {
    let labels = request.object.pod_labels();
    request.manifests.objects().find_map(|(file, object)| {
        let selector = object.data.get("spec")?.get("selector")?.as_object()?;
        let ours =
            object.kind == "Service" && together(file, request.file) && covers(selector, &labels);
        let ports = object.data.get("spec")?.get("ports")?.as_array().filter(|_| ours)?;
        let port = ports.iter().find(|port| tcp(port))?;
        let port = port.get("targetPort").or_else(|| port.get("port"))?;
        port.as_u64()?;
        Some(connect(port))
    })
}

fn tcp(port: &Value) -> bool {
    port.get("protocol").and_then(Value::as_str).is_none_or(|protocol| protocol == "TCP")
}

fn connect(port: &Value) -> Map<String, Value> {
    Map::from_iter([("tcpSocket".to_owned(), json!({ "port": port }))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: &Value) {
        let found = written(said).map_or(Value::Null, Value::Object);
        assert_eq!(&found, expected, "{said}");
    }

    #[test]
    fn a_probe_is_written_in_one_word() {
        check("tcp:8080", &json!({"tcpSocket": {"port": 8080}}));
        check("grpc:9000", &json!({"grpc": {"port": 9000}}));
        check("http:80/health", &json!({"httpGet": {"path": "/health", "port": 80}}));
        let https = json!({"httpGet": {"path": "/", "port": 8443, "scheme": "HTTPS"}});
        check("https:8443", &https);
        let exec = json!({"exec": {"command": ["sh", "-c", "pgrep worker"]}});
        check("exec: pgrep worker", &exec);
        for wrong in ["8080", "tcp:0", "tcp:x", "http:/x", "exec:", "udp:1", "exec:a\nb"] {
            check(wrong, &Value::Null);
        }
    }

    #[test]
    fn an_argument_tells_where_a_program_listens() {
        let port = |args: Value| ordered(&json!({"args": args})).map(Value::Object);
        let at = |port: u16| Some(json!({"tcpSocket": {"port": port}}));
        assert_eq!(port(json!(["--metrics-bind-address=:8080", "-v=2"])), at(8080));
        assert_eq!(port(json!(["--web.listen-address", "0.0.0.0:9100"])), at(9100));
        assert_eq!(port(json!(["--secure-port=[::]:443", "--secure-port=x"])), at(443));
        let others = [
            json!(["--metrics-bind-address=127.0.0.1:8080"]),
            json!(["--metrics-bind-address=0"]),
            json!(["--port=5432", "listen-address=:80"]),
            json!(["--listen-address"]),
            json!(["--listen-address=db.example:80"]),
        ];
        others.into_iter().for_each(|args| assert_eq!(port(args), None));
    }

    #[test]
    fn a_known_image_is_asked_where_it_listens() {
        let port = |container: Value| usual(&container).map(Value::Object);
        let redis = Some(json!({"tcpSocket": {"port": 6379}}));
        assert_eq!(port(json!({"image": "redis:7"})), redis);
        assert_eq!(port(json!({"image": "docker.io/library/redis"})), redis);
        assert_eq!(port(json!({"image": "redis", "args": ["--port", "1"]})), None);
        assert_eq!(port(json!({"image": "acme/redis"})), None);
        let env = json!([{"name": "REDIS_PORT", "value": "1"}]);
        assert_eq!(port(json!({"image": "redis", "env": env})), None);
        let mounts = json!([{"mountPath": "/usr/local/etc/redis/redis.conf"}]);
        assert_eq!(port(json!({"image": "redis", "volumeMounts": mounts})), None);
    }
}
