//! What no sentence may hold, wherever it comes from.

use quell_model::is_deceiving;

use super::{Facts, Reason};

/// Programs whose name with something behind it is a command.
const PROGRAMS: &[&str] = &[
    "aws",
    "az",
    "gcloud",
    "gsutil",
    "bq",
    "kubectl",
    "oc",
    "helm",
    "terraform",
    "tofu",
    "pulumi",
    "docker",
    "podman",
    "git",
    "curl",
    "wget",
    "bash",
    "sh",
    "zsh",
    "pwsh",
    "powershell",
    "sudo",
    "su",
    "rm",
    "mv",
    "dd",
    "chmod",
    "chown",
    "kill",
    "pkill",
    "iptables",
    "nc",
    "ncat",
    "ssh",
    "scp",
    "psql",
    "mysql",
    "mongo",
    "redis-cli",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pipx",
    "apt",
    "apt-get",
    "yum",
    "dnf",
    "apk",
    "brew",
    "gem",
    "cargo",
    "python",
    "python3",
    "perl",
    "ruby",
    "eval",
    "quell",
    "invoke-webrequest",
    "iex",
    "certutil",
    "reg",
    "net",
    "crontab",
    "systemctl",
];

/// Words behind a program's name that make a sentence of it and no command.
const PROSE: &[&str] = &[
    "is",
    "was",
    "are",
    "has",
    "had",
    "and",
    "or",
    "in",
    "on",
    "to",
    "for",
    "from",
    "with",
    "by",
    "as",
    "at",
    "of",
    "that",
    "which",
    "access",
    "account",
    "accounts",
    "service",
    "services",
    "resource",
    "resources",
    "environment",
    "organization",
    "console",
    "cli",
    "process",
    "processes",
    "shell",
    "client",
    "repository",
    "repositories",
    "image",
    "images",
    "container",
    "daemon",
    "socket",
    "token",
    "credentials",
    "key",
    "keys",
    "api",
    "session",
    "provider",
    "state",
    "module",
    "can",
    "could",
    "may",
    "will",
    "would",
    "should",
    "ran",
    "runs",
    "running",
    "started",
    "spawned",
    "user",
    "identity",
    "role",
    "region",
    "package",
    "packages",
    "server",
    "cluster",
    "load",
    "config",
    "usage",
    "traffic",
    "activity",
    "executed",
    "connected",
    "fetched",
    "downloaded",
    "opened",
    "wrote",
    "made",
    "called",
    "spoke",
    "under",
    "then",
    "did",
    "does",
    "itself",
    "binary",
    "tool",
    "effect",
    "result",
    "the",
    "a",
    "an",
    "root",
];

/// Words that would have somebody look away, or that decide.
const DECIDES: &[&str] = &[
    "false positive",
    "false alarm",
    "can be ignored",
    "safely ignore",
    "safe to ignore",
    "should be ignored",
    "ignore this",
    "ignore the finding",
    "ignore these",
    "no action is needed",
    "no action needed",
    "no action required",
    "no action is required",
    "no further action",
    "nothing to do",
    "not a risk",
    "no risk",
    "no real risk",
    "poses no",
    "not a threat",
    "harmless",
    "is benign",
    "are benign",
    "likely benign",
    "low priority",
    "lower the severity",
    "reduce the severity",
    "severity should be",
    "downgrade",
    "deprioriti",
    "can be closed",
    "should be closed",
    "close this",
    "safe to close",
    "mark as resolved",
    "marked as resolved",
    "already been resolved",
    "already resolved",
    "already fixed",
    "has been fixed",
    "was fixed",
    "has been remediated",
    "has been approved",
    "was approved",
    "is approved",
    "pre-approved",
    "approval is not",
    "no approval",
    "without approval",
    "skip approval",
    "approve this",
    "suppress",
    "whitelist",
    "allowlist this",
    "accept the risk",
    "risk is accepted",
    "grant an exception",
    "add an exception",
    "disable the alert",
    "mute ",
    "snooze",
    "do not escalate",
    "need not be escalated",
    "not urgent",
    "can wait",
    "expected behavior",
    "expected behaviour",
    "by design",
    "authorized test",
    "authorised test",
    "penetration test",
    "ignore previous",
    "ignore all",
    "previous instructions",
    "system prompt",
    "as an ai",
    "reassign",
    "change the owner",
    "transfer ownership",
    "not exploitable",
    "cannot be exploited",
    "not reachable",
    "duplicate of",
    "informational only",
    "test data",
    "known issue",
];

pub(super) fn fault(text: &str, facts: &Facts) -> Option<Reason> {
    // The mark where a record's own words stand is ours.
    let hides = |c: char| (c.is_control() && c != '\u{1}') || is_deceiving(c);
    if text.chars().any(hides) {
        return Some(Reason::Hidden);
    }
    let lower = text.to_lowercase();
    let links = ["://", "www.", "mailto:", "javascript:", "data:", "tel:", "vbscript:", "file:"];
    if links.iter().any(|link| lower.contains(link)) || has_host(&lower) {
        return Some(Reason::Link);
    }
    if has_markup(text) {
        return Some(Reason::Markup);
    }
    if has_mention(&lower) {
        return Some(Reason::Mention);
    }
    let plain = lower.split_whitespace().collect::<Vec<_>>().join(" ").replace('’', "'");
    if let Some(words) = DECIDES.iter().find(|words| plain.contains(*words)) {
        return Some(Reason::Decides((*words).to_owned()));
    }
    command(text, facts).map(Reason::Command)
}

/// Whether a word is a host that a sink would make a link of.
pub(super) fn has_host(lower: &str) -> bool {
    const ENDS: &[&str] = &[
        "com", "net", "org", "io", "dev", "app", "ai", "co", "uk", "de", "ru", "cn", "info", "biz",
        "xyz", "top", "site", "online", "me", "us", "eu", "gg", "ly", "sh", "to", "link", "click",
        "zip", "mov", "cc", "tk", "example",
    ];
    // Ends of files that are ends of hosts too: behind a `/` they are a file's.
    const FILES: &[&str] = &["sh", "app", "zip", "mov", "ai", "io", "to", "me"];
    let is_host = |word: &str, is_path: bool| {
        let labels: Vec<&str> = word.trim_matches('.').split('.').collect();
        labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && labels
                .last()
                .is_some_and(|end| ENDS.contains(end) && !(is_path && FILES.contains(end)))
    };
    let is_of_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    lower.split(|c: char| !(is_of_host(c) || c == '/')).any(|word| {
        let mut parts = word.split('/').enumerate();
        parts.any(|(at, part)| is_host(part, at > 0 && !word.starts_with("//")))
    })
}

/// Whether a sink would read something as markup. Sinks escape all of it; a sentence has no use
/// for it either.
fn has_markup(text: &str) -> bool {
    let starts = text.trim_start();
    let is_block = [
        "# ", "- ", "* ", "> ", "|", "```", "~~~", "h1.", "h2.", "bq.", "{panel", "{code", "1. ",
        "+ ",
    ]
    .iter()
    .any(|mark| starts.starts_with(mark));
    let inside = [
        "](", "![", "```", "**", "__", "~~", "{{", "}}", "${", "%{", "<!", "</", "/>", "||", "$(",
        "&&", "{color", "[[", "<@", "<#", "\\x", "\\u",
    ];
    let is_element = text.split('<').skip(1).any(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    });
    let is_entity = text
        .split('&')
        .skip(1)
        .any(|part| part.bytes().take(12).position(|b| b == b';').is_some_and(|end| end > 0));
    let is_formula = starts.starts_with(['=', '+', '@', '-']);
    is_block
        || is_element
        || is_entity
        || is_formula
        || inside.iter().any(|mark| text.contains(mark))
}

fn has_mention(lower: &str) -> bool {
    let bytes = lower.as_bytes();
    let at = bytes.iter().enumerate().filter(|(_, b)| **b == b'@' || **b == b'!');
    at.into_iter().any(|(at, mark)| {
        let begins = at == 0 || bytes.get(at - 1).is_some_and(|b| !b.is_ascii_alphanumeric());
        let goes_on = bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'<');
        begins
            && goes_on
            && (*mark == b'@'
                || lower
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with("!here") || rest.starts_with("!channel")))
    }) || ["[~", "/remind", "/invite", "/assign", "/close", "/merge", "/approve", "/lgtm"]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// A command that the catalogue does not have. One that it has may stand.
fn command(text: &str, facts: &Facts) -> Option<String> {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '—' | '–'));
    let words: Vec<&str> = parts.filter(|word| !word.is_empty()).collect();
    let plain = |word: &str| {
        word.trim_matches(|c: char| {
            matches!(
                c,
                '`' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | '.' | ';' | ':'
            )
        })
        .to_lowercase()
    };
    for (at, word) in words.iter().enumerate() {
        let program = plain(word);
        let last = program.rsplit('-').next().unwrap_or_default();
        if !PROGRAMS.contains(&program.as_str()) && !PROGRAMS.contains(&last) {
            continue;
        }
        let Some(next) = words.get(at + 1).map(|next| plain(next)) else { continue };
        // A process with its id in brackets is no command either.
        let ends = word.ends_with([',', '.', ';', ':', ')'])
            || words.get(at + 1).is_some_and(|next| next.starts_with('('));
        // A capital makes a name of it: AWS, Docker, Git.
        let is_name = word.starts_with(char::is_uppercase) && !next.starts_with('-');
        // `python 3.13` is a thing and its version.
        let is_version = next.starts_with(|c: char| c.is_ascii_digit()) && next.contains('.');
        if ends || is_name || is_version || next.is_empty() || PROSE.contains(&next.as_str()) {
            continue;
        }
        let tail = words.get(at..).unwrap_or_default();
        let known = (2..=tail.len()).rev().any(|count| {
            let part = tail.get(..count).unwrap_or_default();
            let line = part.join(" ");
            facts.has_command(line.trim_matches(|c: char| matches!(c, '`' | '.' | ',')))
        });
        if !known {
            return Some(format!("{program} {next}"));
        }
    }
    None
}
