//! Properties of Dockerfiles, workflows and Compose files: no text makes the engine panic, and a
//! proved fix can be read, stays proved and changes no line that it does not name.

use std::sync::LazyLock;

use proptest::prelude::*;
use quell_catalog::{Catalog, Control, Language};
use quell_model::FixState;
use quell_remediate::{Engine, Target, Workspace};

const PATHS: [(&str, Language); 3] = [
    ("a/Dockerfile", Language::Dockerfile),
    (".github/workflows/a.yml", Language::GithubActions),
    ("compose.yaml", Language::Compose),
];

static CATALOG: LazyLock<Option<Catalog>> = LazyLock::new(|| Catalog::embedded().ok());

/// Lines that make trouble, for all three.
const LINES: &[&str] = &[
    "FROM node",
    "FROM alpine:latest AS b",
    "from b",
    "FROM $X",
    "ARG X=golang",
    "RUN apt update \\",
    "  # a comment",
    " && apt install x",
    "RUN sudo curl -k 'x",
    "RUN <<EOF",
    "apt upgrade",
    "EOF",
    "ADD a /a",
    "ADD [\"a\", \"/b\"]",
    "EXPOSE 22 80",
    "EXPOSE $P/udp",
    "WORKDIR x",
    "USER root",
    "USER $U",
    "HEALTHCHECK NONE",
    "CMD [\"gunicorn\", \"-b\", \"0.0.0.0:\"]",
    "MAINTAINER \"é\"",
    "ENTRYPOINT x \\",
    "# escape=`",
    "ENV PORT",
    "ENV A=\"b",
    "\u{feff}",
    "\r",
    "",
    "on: push",
    "on:",
    "  workflow_dispatch:",
    "    inputs:",
    "      a: {}",
    "permissions: write-all",
    "env:",
    "  ACTIONS_ALLOW_UNSECURE_COMMANDS: true",
    "jobs:",
    "  a:",
    "    runs-on: x",
    "    runs-on: [self-hosted, linux]",
    "    permissions: write-all",
    "    steps:",
    "      - uses: actions/checkout@v4",
    "      - uses: peter-evans/create-pull-request@v7",
    "      - run: |",
    "          git push ${{ github.head_ref }}",
    "          echo '${{ github.event.issue.title }}'",
    "      - run: gh pr merge ${{ github.head_ref }}",
    "        env: {GH_TOKEN: \"${{ github.token }}\"}",
    "    uses: ./.github/workflows/a.yml",
    "      - uses: ./a",
    "  b: &x",
    "  c: *x",
    "services:",
    "  web:",
    "    image: a:${V:-1}",
    "    privileged: true",
    "    pid: host",
    "    security_opt: [seccomp:unconfined]",
    "    security_opt:",
    "      - label:disable",
    "    network_mode: host",
    "    ports: [\"80:80\"]",
    "    build: ..",
    "    <<: *x",
    "\t- x",
    "---",
];

fn exercise(engine: &Engine<'_>, controls: &[&Control], text: &str) {
    for (path, language) in PATHS {
        let workspace = Workspace::parse([(path.to_owned(), text.to_owned())]);
        let own =
            controls.iter().filter(|one| one.fixes.iter().any(|fix| fix.language == language));
        let mut fixes = Vec::new();
        for control in own {
            for (place, _) in workspace.places(path) {
                let address = Some(place.address);
                let target = Target { file: Some(path.into()), address, ..Target::default() };
                fixes.push(engine.propose(&workspace, &target, control, Vec::new()));
            }
        }
        fixes.retain(|fix| fix.state == FixState::Proved);
        let applied = engine.apply_all(&workspace, &fixes);
        for (path, after) in &applied.files {
            let again = Workspace::parse([(path.clone(), after.clone())]);
            assert!(again.unparsed().is_empty(), "{text}\nbecame\n{after}");
        }
        for fix in &fixes {
            check_diff(&fix.diff, text);
        }
    }
}

/// What a diff takes away stood in the text, and it takes away little.
fn check_diff(diff: &str, text: &str) {
    let gone = diff.lines().filter(|line| line.starts_with('-') && !line.starts_with("---"));
    for line in gone {
        let line = line.get(1..).unwrap_or_default();
        assert!(text.contains(line.trim_end_matches('\r')), "{line:?} did not stand in the text");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_it_panic(picks in prop::collection::vec(0..LINES.len(), 0..24), crlf: bool, open: bool) {
        let controls: Vec<&Control> = CATALOG.as_ref().unwrap().controls().collect();
        let engine = Engine::new(&controls);
        let end = if crlf { "\r\n" } else { "\n" };
        let lines: Vec<&str> = picks.iter().filter_map(|at| LINES.get(*at)).copied().collect();
        let mut text = lines.join(end);
        if !open {
            text.push_str(end);
        }
        exercise(&engine, &controls, &text);
        // The same behind a beginning that each language takes.
        for head in ["FROM node:22", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:", "services:\n  web:\n    image: a"] {
            exercise(&engine, &controls, &format!("{}{end}{text}", head.replace('\n', end)));
        }
    }
}
