//! A Dockerfile as the tree of values that checks look into.
//!
//! ```text
//! stages        every stage: name, base.image, base.tag, base.digest, base.stage, base.scratch
//! final         what holds in the image: user, healthcheck, workdir, entrypoint, command, ports
//! run           every command: program, args, line, user (who runs it)
//! layers        every RUN: updates, installs (lists of packages, and from them)
//! add           every ADD: sources, to
//! env           every ENV and ARG: name, value
//! workdirs, ports, maintainers, labels
//! ```

use std::collections::BTreeMap;

use super::file::{Base, Dockerfile, Stage, exec_form, flags_length, run_commands};
use super::lex::Instruction;
use super::variables::{Variables, pairs, words};
use crate::Config;
use crate::shell::Command;

/// The whole tree.
pub(super) fn config(file: &Dockerfile) -> Config {
    let mut tree = BTreeMap::new();
    let mut put = |name: &str, items: Vec<Config>| {
        tree.insert(name.to_owned(), Config::List(items));
    };
    put("stages", file.stages.iter().map(stage).collect());
    put("run", each(file, "RUN", run));
    put("layers", each(file, "RUN", layer));
    put("add", each(file, "ADD", add));
    put("env", [each(file, "ENV", env), each(file, "ARG", env)].concat());
    put("workdirs", each(file, "WORKDIR", |stage, one, _| vec![text(stage, &one.args.text)]));
    put("ports", each(file, "EXPOSE", |stage, one, _| ports(&stage.variables, &one.args.text)));
    put(
        "maintainers",
        each(file, "MAINTAINER", |_, one, _| vec![Config::Text(one.args.text.clone())]),
    );
    if let Some(last) = file.last() {
        tree.insert("final".to_owned(), Config::Object(image(file, last)));
    }
    Config::Object(tree)
}

type Reader = fn(&Stage, &Instruction, &str) -> Vec<Config>;

/// What a reader makes of every instruction of a keyword; it is told who runs it.
fn each(file: &Dockerfile, keyword: &str, read: Reader) -> Vec<Config> {
    let mut found = Vec::new();
    for stage in &file.stages {
        let mut user = inherited_user(file, stage);
        for one in file.of(stage) {
            if one.keyword == "USER" {
                user = stage.variables.resolve(&one.args.text).unwrap_or_else(|| "?".to_owned());
            }
            if one.keyword == keyword {
                found.extend(read(stage, one, &user));
            }
        }
    }
    found
}

fn inherited_user(file: &Dockerfile, stage: &Stage) -> String {
    let Base::Stage(parent) = stage.base else { return String::new() };
    let parent = file.stages.get(parent).and_then(|parent| file.in_force(parent, "USER"));
    parent.map_or_else(String::new, |(stage, user)| {
        stage.variables.resolve(&user.args.text).unwrap_or_else(|| "?".to_owned())
    })
}

fn stage(stage: &Stage) -> Config {
    let flag = |name: &str| Config::Object(BTreeMap::from([(name.to_owned(), Config::Bool(true))]));
    let base = match &stage.base {
        Base::Image(image) => Config::Object(image.config()),
        Base::Scratch => flag("scratch"),
        Base::Stage(_) => flag("stage"),
        Base::Unknown => Config::Unknown,
    };
    let name = stage.name.clone().map_or(Config::Null, Config::Text);
    Config::Object(BTreeMap::from([("name".to_owned(), name), ("base".to_owned(), base)]))
}

/// What is in force in the image that the last stage makes.
fn image(file: &Dockerfile, last: &Stage) -> BTreeMap<String, Config> {
    let in_force = |keyword: &str| {
        file.in_force(last, keyword)
            .map_or(Config::Null, |(stage, one)| text(stage, one.args.text.trim()))
    };
    let literal = |keyword: &str| {
        file.in_force(last, keyword)
            .map_or(Config::Null, |(_, one)| Config::Text(one.args.text.clone()))
    };
    let exposed = file.ancestry(last).into_iter().flat_map(|stage| {
        let exposes = file.of(stage).iter().filter(|one| one.keyword == "EXPOSE");
        exposes.flat_map(|one| ports(&stage.variables, &one.args.text)).collect::<Vec<_>>()
    });
    BTreeMap::from([
        ("user".to_owned(), in_force("USER")),
        ("workdir".to_owned(), in_force("WORKDIR")),
        ("healthcheck".to_owned(), literal("HEALTHCHECK")),
        ("entrypoint".to_owned(), literal("ENTRYPOINT")),
        ("command".to_owned(), literal("CMD")),
        ("ports".to_owned(), Config::List(exposed.collect())),
    ])
}

fn text(stage: &Stage, written: &str) -> Config {
    let plain = words(written).join(" ");
    stage.variables.resolve(&plain).map_or(Config::Unknown, Config::Text)
}

/// Ports with their protocol, `tcp` where none is named.
pub(super) fn ports(variables: &Variables, written: &str) -> Vec<Config> {
    let one = |word: &str| match variables.resolve(word) {
        Some(port) if port.contains('/') => Config::Text(port.to_ascii_lowercase()),
        Some(port) => Config::Text(format!("{port}/tcp")),
        None => Config::Unknown,
    };
    words(written).iter().map(|word| one(word)).collect()
}

fn run(_: &Stage, one: &Instruction, user: &str) -> Vec<Config> {
    let Some(commands) = run_commands(one) else { return vec![Config::Unknown] };
    commands.iter().map(|(_, one)| command(one, user)).collect()
}

/// What a RUN does with packages.
fn layer(_: &Stage, one: &Instruction, _: &str) -> Vec<Config> {
    let Some(commands) = run_commands(one) else { return vec![Config::Unknown] };
    let any = |test: fn(&Command) -> bool| {
        Config::Bool(commands.iter().any(|(_, command)| test(command)))
    };
    vec![Config::Object(BTreeMap::from([
        ("updates".to_owned(), any(updates)),
        ("installs".to_owned(), any(installs)),
    ]))]
}

/// Programs that install packages from a list that they keep.
const PACKAGERS: [&str; 3] = ["apt-get", "apt", "apk"];

/// Whether a command brings the list of packages up to date.
pub(super) fn updates(command: &Command) -> bool {
    PACKAGERS.contains(&command.program()) && verb(command) == Some("update")
}

/// Whether a command installs packages.
pub(super) fn installs(command: &Command) -> bool {
    let verbs = ["install", "upgrade", "dist-upgrade", "full-upgrade", "add", "reinstall"];
    PACKAGERS.contains(&command.program()) && verb(command).is_some_and(|v| verbs.contains(&v))
}

fn verb(command: &Command) -> Option<&str> {
    command.args().map(|word| word.text.as_str()).find(|word| !word.starts_with('-'))
}

fn command(command: &Command, user: &str) -> Config {
    let args = command.args().map(|word| Config::Text(word.text.clone())).collect();
    let assigned = command.assignments.iter().map(|word| Config::Text(word.text.clone()));
    Config::Object(BTreeMap::from([
        ("program".to_owned(), Config::Text(command.program().to_owned())),
        ("args".to_owned(), Config::List(args)),
        ("assignments".to_owned(), Config::List(assigned.collect())),
        ("line".to_owned(), Config::Text(command.line())),
        ("user".to_owned(), Config::Text(user.to_owned())),
    ]))
}

fn add(_: &Stage, one: &Instruction, _: &str) -> Vec<Config> {
    let mut paths = add_paths(&one.args.text);
    let to = paths.pop().map_or(Config::Null, Config::Text);
    let sources = paths.into_iter().map(Config::Text).collect();
    let fields = [("sources".to_owned(), Config::List(sources)), ("to".to_owned(), to)];
    vec![Config::Object(BTreeMap::from(fields))]
}

/// The sources and the destination of an ADD or COPY.
pub(super) fn add_paths(args: &str) -> Vec<String> {
    let rest = args.get(flags_length(args)..).unwrap_or_default();
    exec_form(rest).unwrap_or_else(|| words(rest))
}

fn env(stage: &Stage, one: &Instruction, _: &str) -> Vec<Config> {
    let named = pairs(&one.args.text, one.keyword == "ENV").into_iter().map(|(name, value)| {
        let value = match value {
            Some(value) => stage.variables.resolve(&value).map_or(Config::Unknown, Config::Text),
            None => Config::Null,
        };
        let fields = [("name".to_owned(), Config::Text(name)), ("value".to_owned(), value)];
        Config::Object(BTreeMap::from(fields))
    });
    named.collect()
}
