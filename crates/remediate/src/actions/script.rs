//! What a script needs of the token: which commands it runs, and which of them are given it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::expression::{gives_token, masked};
use super::permissions::{Level, Rights};
use crate::shell::{self, Command};

/// The variables of a step that hold the token.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Names of variables that are the token.
    pub(super) names: BTreeSet<String>,
    /// Whether `gh` uses another secret.
    pub(super) gh_has_other: bool,
    /// Whether checkout has left the token where `git push` finds it.
    pub(super) git_has_it: bool,
}

impl Held {
    /// The same with more variables that hold the token.
    fn with(&self, names: impl Iterator<Item = String>) -> Self {
        let mut held = self.clone();
        held.names.extend(names);
        held
    }
}

/// Programs that do nothing with a token that they happen to see, or ask with it which versions of
/// themselves there are, which takes no right (`dapr`).
const HARMLESS: &[&str] = &[
    "[",
    "[[",
    "apk",
    "apt",
    "apt-get",
    "awk",
    "basename",
    "brew",
    "bundle",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cmake",
    "cp",
    "cut",
    "dapr",
    "date",
    "df",
    "diff",
    "dirname",
    "dnf",
    "docker",
    "docker-compose",
    "echo",
    "eval",
    "exit",
    "export",
    "false",
    "find",
    "for",
    "gem",
    "git",
    "go",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "helm",
    "hostname",
    "id",
    "install",
    "jq",
    "kubectl",
    "kustomize",
    "ln",
    "local",
    "ls",
    "minikube",
    "mkdir",
    "mktemp",
    "mv",
    "openssl",
    "pip",
    "pip3",
    "popd",
    "printf",
    "ps",
    "pushd",
    "pwd",
    "read",
    "readlink",
    "realpath",
    "return",
    "rm",
    "rustup",
    "sed",
    "set",
    "sha256sum",
    "shasum",
    "shift",
    "skaffold",
    "sleep",
    "sort",
    "source",
    "stat",
    "sudo",
    "tail",
    "tar",
    "tee",
    "terraform",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "unset",
    "unzip",
    "wc",
    "which",
    "whoami",
    "xargs",
    "yq",
    "zip",
];

/// Programs that fetch packages, and publish them with one of their words.
const PACKAGERS: [(&str, &[&str]); 11] = [
    ("npm", &["publish", "unpublish"]),
    ("yarn", &["publish"]),
    ("pnpm", &["publish"]),
    ("mvn", &["deploy"]),
    ("mvnw", &["deploy"]),
    ("gradle", &["publish"]),
    ("gradlew", &["publish"]),
    ("dotnet", &["push"]),
    ("nuget", &["push"]),
    ("gem", &["push"]),
    ("helm", &["push"]),
];

/// Words in the names of scripts that change the repository.
static CHANGES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(^|[^a-z])(release|publish|deploy|push|bump|tag|commit)([^a-z]|$)").ok()
});

/// What a script needs.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(super) fn needs(run: &str, held: &Held) -> Result<Rights, String> {
    let mut rights = Rights::default();
    let text = masked(run);
    let Some(commands) = shell::commands(&text) else {
        let mentions = gives_token(run) || !held.names.is_empty();
        if mentions || run.contains("git push") || run.contains("gh ") {
            return Err("a script that is given the token cannot be read as shell".into());
        }
        return Ok(rights);
    };
    let held = &held.with(commands.iter().filter_map(|one| exported(run, one)));
    let around = !held.names.is_empty();
    for command in commands.iter().filter(|one| exported(run, one).is_none()) {
        let given = is_given(run, command, held);
        let reach = Reach { named: given, in_script: gives_token(run), around };
        rights.join(&of_command(command, reach, held)?);
    }
    Ok(rights)
}

/// The variable that `export` makes the token, for all that runs behind it.
fn exported(run: &str, command: &Command) -> Option<String> {
    let [_, word] = command.words.as_slice() else { return None };
    let name = word.text.split_once('=').filter(|_| command.program() == "export")?.0;
    let value = run.get(word.span.clone())?.split_once('=')?.1.trim_matches(['"', '\'']);
    let token =
        value.starts_with("${{") && value.ends_with("}}") && value.matches("${{").count() == 1;
    (token && gives_token(value)).then(|| name.to_owned())
}

/// Whether the words of a command hold the token, or its variables are in the environment.
fn is_given(run: &str, command: &Command, held: &Held) -> bool {
    let ends = command.words.first().zip(command.words.last());
    let raw = ends.and_then(|(first, last)| run.get(first.span.start..last.span.end));
    let raw = raw.unwrap_or_default();
    gives_token(raw)
        || held
            .names
            .iter()
            .any(|name| raw.contains(&format!("${name}")) || raw.contains(&format!("${{{name}")))
}

/// How the token comes to a command.
#[derive(Clone, Copy)]
struct Reach {
    /// Its own words name it.
    named: bool,
    /// Some word of the script names it.
    in_script: bool,
    /// It is in the environment.
    around: bool,
}

fn of_command(command: &Command, reach: Reach, held: &Held) -> Result<Rights, String> {
    let Reach { named, in_script, around } = reach;
    let program = command.program();
    let words: Vec<&str> = command.args().map(|word| word.text.as_str()).collect();
    let has = |wanted: &str| words.contains(&wanted);
    let mut rights = Rights::default();
    if let Some((_, publish)) = PACKAGERS.iter().find(|(name, _)| *name == program) {
        if named || around {
            let publishes = words.iter().any(|word| publish.contains(word));
            rights.need("packages", if publishes { Level::Write } else { Level::Read });
        }
        scripts(program, &words, around || held.git_has_it)?;
        return Ok(rights);
    }
    match program {
        "git" if has("push") && (held.git_has_it || in_script) => {
            rights.need("contents", Level::Write);
        }
        "gh" if held.gh_has_other || !(around || named) => {}
        "gh" => rights.join(&github_cli(&words)?),
        "docker" | "podman" | "buildah" | "oras" | "crane" | "skopeo" | "helm"
            if named || ((around || in_script) && has("ghcr.io")) =>
        {
            rights.need("packages", Level::Write);
        }
        "goreleaser" if around => rights.need("contents", Level::Write),
        "semantic-release" if around => {
            for scope in ["contents", "issues", "pull-requests"] {
                rights.need(scope, Level::Write);
            }
        }
        "echo" | "printf" if named => piped(&words)?,
        "git" => {}
        _ if HARMLESS.contains(&program) && !named => {}
        _ if named => {
            return Err(format!(
                "`{}` is given the token: a person must say which rights it needs",
                shown(program)
            ));
        }
        _ if around && !is_assignment(command) => {
            return Err(format!(
                "`{}` runs with the token in its environment: a person must say which rights it \
                 needs",
                shown(program)
            ));
        }
        _ => changes_by_name(command, held)?,
    }
    Ok(rights)
}

/// A token that is printed goes to the login of a registry, or nobody knows where.
fn piped(words: &[&str]) -> Result<(), String> {
    if words.iter().any(|word| word.contains("GITHUB_ENV") || word.contains("GITHUB_OUTPUT")) {
        return Err("a script hands the token on to later steps: a person must say which rights \
                    they need"
            .into());
    }
    Ok(())
}

fn is_assignment(command: &Command) -> bool {
    !command.assignments.is_empty() && command.assignments == command.words
}

/// Scripts of a package file may do anything.
fn scripts(program: &str, words: &[&str], given: bool) -> Result<(), String> {
    let script = words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    let name = match script {
        "run" | "run-script" | "exec" | "dlx" => words.iter().skip_while(|w| **w != script).nth(1),
        _ => Some(&script),
    };
    let name = name.copied().unwrap_or_default();
    let package = ["npm", "yarn", "pnpm"].contains(&program);
    if package
        && given
        && CHANGES.as_ref().is_some_and(|words| words.is_match(name))
        && name != "publish"
    {
        return Err(format!(
            "`{program} {}` may change the repository: a person must say which rights it needs",
            shown(name)
        ));
    }
    Ok(())
}

/// A script whose name says that it changes the repository, where git has the token.
fn changes_by_name(command: &Command, held: &Held) -> Result<(), String> {
    let script = command.words.iter().take(2).map(|word| word.text.as_str()).find(|word| {
        let local = word.contains('/') || word.ends_with(".sh") || word.ends_with(".py");
        local && !word.starts_with("http") && !word.starts_with('-')
    });
    let target = match command.program() {
        "make" | "just" | "task" | "mage" => command.args().map(|word| word.text.as_str()).next(),
        _ => script,
    };
    let Some(target) = target.filter(|_| held.git_has_it) else { return Ok(()) };
    if CHANGES.as_ref().is_some_and(|words| words.is_match(target)) {
        return Err(format!(
            "`{}` may change the repository: a person must say which rights it needs",
            shown(target)
        ));
    }
    Ok(())
}

/// What a command of GitHub's own tool needs.
fn github_cli(words: &[&str]) -> Result<Rights, String> {
    let mut plain = words.iter().filter(|word| !word.starts_with('-'));
    let noun = plain.next().copied().unwrap_or_default();
    let verb = plain.next().copied().unwrap_or_default();
    let reads =
        ["view", "list", "status", "diff", "checks", "download", "watch", "checkout", "verify"];
    let level = if reads.contains(&verb) { Level::Read } else { Level::Write };
    let mut rights = Rights::default();
    match noun {
        "auth" | "version" | "help" | "extension" | "alias" | "config" | "" => {}
        "pr" => {
            rights.need("pull-requests", level);
            if verb == "merge" {
                rights.need("contents", Level::Write);
            }
            if verb == "checks" {
                rights.need("checks", Level::Read);
            }
        }
        "issue" | "label" => rights.need("issues", level),
        "release" | "repo" if level == Level::Read || noun == "release" => {
            rights.need("contents", level);
        }
        "run" | "workflow" | "cache" | "actions-cache" => rights.need("actions", level),
        "attestation" => rights.need("attestations", level),
        other => {
            return Err(format!(
                "`gh {}` may need any right: a person must say which",
                shown(other)
            ));
        }
    }
    Ok(rights)
}

/// What a script of `actions/github-script` needs.
///
/// # Errors
///
/// As for [`needs`].
pub(super) fn octokit(script: &str, only_pull_requests: bool) -> Result<Rights, String> {
    static CALL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\bgithub(?:\.rest)?\.([A-Za-z]+)(?:\.([A-Za-z]+))?").ok());
    let unclear =
        || "the script of github-script may need any right: a person must say which".to_owned();
    if ["require(", "import(", "octokit", "getOctokit", "fetch("].iter().any(|w| script.contains(w))
    {
        return Err(unclear());
    }
    let call = CALL.as_ref().ok_or_else(unclear)?;
    let mut rights = Rights::default();
    for found in call.captures_iter(script) {
        let group = |at| found.get(at).map_or("", |part| part.as_str());
        let (space, method) = (group(1), group(2));
        if space == "paginate" || script_context(space) {
            continue;
        }
        let reads = ["get", "list", "compare", "check"].iter().any(|verb| method.starts_with(verb));
        let level = if reads { Level::Read } else { Level::Write };
        match space {
            "issues" if only_pull_requests => rights.need("pull-requests", level),
            "issues" => {
                rights.need("issues", level);
                rights.need("pull-requests", level);
            }
            "pulls" => {
                rights.need("pull-requests", level);
                if method == "merge" || method == "updateBranch" {
                    rights.need("contents", Level::Write);
                }
            }
            "git" => rights.need("contents", level),
            "actions" => rights.need("actions", level),
            "checks" => rights.need("checks", level),
            "repos" => rights.need(repository_scope(method).ok_or_else(unclear)?, level),
            _ => return Err(unclear()),
        }
    }
    Ok(rights)
}

/// Members of the `github` object of old scripts that call nothing.
fn script_context(space: &str) -> bool {
    ["event", "context"].contains(&space)
}

fn repository_scope(method: &str) -> Option<&'static str> {
    if method.contains("Deployment") {
        return Some("deployments");
    }
    if method.contains("Status") {
        return Some("statuses");
    }
    let contents = ["Release", "Content", "Commit", "Branch", "Tag", "Dispatch", "merge"];
    contents.iter().any(|word| method.contains(word)).then_some("contents")
}

fn shown(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(run: &str, names: &[&str], expected: Result<&str, &str>) {
        let held = Held {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            gh_has_other: false,
            git_has_it: true,
        };
        match (needs(run, &held), expected) {
            (Ok(rights), Ok(wanted)) => assert_eq!(Some(rights), Rights::parse(wanted), "{run}"),
            (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{error}"),
            (found, _) => panic!("{found:?} for {run}"),
        }
    }

    #[test]
    fn commands_need_what_they_plainly_do() {
        check("npm ci && make build\n./gradlew test", &[], Ok(""));
        check("git tag v1\ngit push origin v1", &[], Ok("contents:write"));
        check("gh pr comment 1 -b x", &["GH_TOKEN"], Ok("pull-requests:write"));
        check(
            "gh release view x; gh issue create",
            &["GH_TOKEN"],
            Ok("contents:read issues:write"),
        );
        check(
            "echo ${{ secrets.GITHUB_TOKEN }} | docker login ghcr.io -u x --password-stdin",
            &[],
            Ok("packages:write"),
        );
        check("docker login ghcr.io -p ${{ github.token }}", &[], Ok("packages:write"));
        check("npm publish", &["NODE_AUTH_TOKEN"], Ok("packages:write"));
        check("npm ci", &["NODE_AUTH_TOKEN"], Ok("packages:read"));
        check("gh pr list", &[], Ok(""));
        check("gh actions-cache delete $X --confirm", &["GH_TOKEN"], Ok("actions:write"));
        check("export GITHUB_TOKEN=${{ github.token }}\ndapr init", &[], Ok(""));
        check(
            "export GH_TOKEN=\"${{ secrets.GITHUB_TOKEN }}\"\ngh issue create",
            &[],
            Ok("issues:write"),
        );
    }

    #[test]
    fn what_may_do_anything_is_a_question() {
        check(
            "curl -H \"Authorization: ${{ github.token }}\" x",
            &[],
            Err("`curl` is given the token"),
        );
        check("./scripts/x.sh", &["GITHUB_TOKEN"], Err("runs with the token"));
        check("./scripts/release.sh", &[], Err("may change the repository"));
        check("export T=${{ github.token }}\n./x.sh", &[], Err("runs with the token"));
        check("export T=x${{ github.token }}\ndate", &[], Err("`export` is given the token"));
        check("make publish", &[], Err("may change the repository"));
        check("gh api repos/x", &["GH_TOKEN"], Err("`gh api`"));
        check("echo 'open ${{ github.token }}", &[], Err("cannot be read"));
    }

    #[test]
    fn calls_of_a_script_are_counted() {
        let rights = |script| octokit(script, false).ok();
        assert_eq!(rights("await github.rest.pulls.list({})"), Rights::parse("pull-requests:read"));
        let both = Rights::parse("issues:write pull-requests:write");
        assert_eq!(rights("github.issues.createComment({})"), both);
        assert_eq!(rights("core.setOutput('x', context.sha)"), Rights::parse(""));
        assert_eq!(rights("await github.graphql(q)"), None);
        assert_eq!(rights("require('./x.js')({github})"), None);
    }
}
