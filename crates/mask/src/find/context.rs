//! Secrets by what stands before them: a key, a flag, a head, a scheme.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Pattern, each, value_of};
use crate::kind::Kind;

/// Words with which the name of a secret ends.
const NAMES: &str = r"pass(?:word|wd|phrase|code)?|pwd|passw|secret|secret[_.-]?(?:key|string|value|text)|(?:api|app|access|account|auth|encryption|license|master|private|shared|signing|storage|service|subscription|write|ssh|hmac|hec|admin|webhook|integration|routing|ingest|deploy)[_. -]?(?:key|token|secret)|secret[_.-]?access[_.-]?key|token|credentials?|connection[_.-]?string|conn[_.-]?str|dsn|sas|authorization|cookie|session[_.-]?id|session|signature|otp|pin|salt|bearer|jwt|private[_.-]?key[_.-]?data|psk|wpa[_.-]?key|community";

/// A name, what stands between, and a value with or without quotes.
static PAIR: Pattern = LazyLock::new(|| {
    let text = format!(
        r#"(?i)(?:^|[^a-z])(?:[a-z0-9]+[_.-]?)*?(?P<name>{NAMES})(?:[_.-]?(?:\d{{1,3}}|value|plain|text|b64|base64))?["'`\]]{{0,2}}[ \t]*(?:=>|:=|==|=|:)[ \t]*(?P<quote>["'`]?)(?P<v>[^\s"'`,;&<>|)}}\]]+)"#
    );
    Regex::new(&text).ok()
});

/// The same with a value in quotes, which may hold blanks.
static QUOTED: Pattern = LazyLock::new(|| {
    let text = format!(
        r#"(?i)(?:{NAMES})["'`\]]{{0,2}}[ \t]*(?:=>|:=|==|=|:)[ \t]*(?:"(?P<a>[^"\n]{{1,400}})"|'(?P<b>[^'\n]{{1,400}})')"#
    );
    Regex::new(&text).ok()
});

/// A name of a secret alone.
static NAME: Pattern = LazyLock::new(|| {
    let text = format!(
        r"(?i)(?:^|[^a-z]|[a-z0-9][_. -]?)(?:{NAMES})(?:[_. -]?(?:\d{{1,3}}|value|plain|text|b64|base64))?$"
    );
    Regex::new(&text).ok()
});

/// Whether a name says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    NAME.as_ref().is_some_and(|pattern| pattern.is_match(name))
}

/// Forms of their own.
static OTHERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Somebody and a password in an address.
        r#"(?i)[a-z][a-z0-9+.-]{1,20}://[^\s/:@"'<>]{0,80}:(?P<v>[^\s/"'<>]{1,200})@"#,
        // Heads.
        r"(?i)\b(?:bearer|basic|negotiate|digest|splunk|token|apikey|ntlm|genericaccesskey)[ \t]+(?P<v>[A-Za-z0-9+/=._~-]{8,})",
        r"(?i)\b(?:x-[a-z-]*(?:key|token|secret|auth)|proxy-authorization|private-token|circle-token|job-token|dd-api-key|api-key)[ \t]*:[ \t]*(?P<v>[^\s,;]+)",
        r"(?i)\b(?:set-)?cookie[ \t]*:[ \t]*(?P<v>[^\r\n]+)",
        // Commands.
        r#"(?i)\bcurl\b[^\n]*?\s(?:-u|--user|-U|--proxy-user)[ \t=]*["']?[^\s:"']+:(?P<v>[^\s"']+)"#,
        r#"(?i)\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n]*?\s-p(?P<v>[^\s"'=-][^\s"']*)"#,
        r#"(?i)\bsshpass[ \t]+-p[ \t]*["']?(?P<v>[^\s"']+)"#,
        r#"(?i)\b(?:docker|podman|az|oc|helm registry)[ \t]+(?:acr )?login\b[^\n]*?\s-p[ \t=]*["']?(?P<v>[^\s"']+)"#,
        r#"(?i)\bredis-cli\b[^\n]*?\s-a[ \t]*["']?(?P<v>[^\s"']+)"#,
        r#"(?i)\bopenssl\b[^\n]*?pass:(?P<v>[^\s"']+)"#,
        r#"(?i)\bnet[ \t]+user[ \t]+\S+[ \t]+(?P<v>[^\s/]\S*)"#,
        r#"(?i)\bhtpasswd\b[^\n]*?-b\S*[ \t]+\S+[ \t]+\S+[ \t]+["']?(?P<v>[^\s"']+)"#,
        r#"(?i)\b(?:identified[ \t]+by|password[ \t]+is|pwd[ \t]+is|set[ \t]+password|with[ \t]+(?:encrypted[ \t]+)?password)[ \t=]*["'`]?(?P<v>[^\s"'`;,]+)"#,
        r"(?i)\bmachine[ \t]+\S+[ \t]+login[ \t]+\S+[ \t]+password[ \t]+(?P<v>\S+)",
        r"(?m)^[^\s:#]+:[^\s:#]*:\d+:[^\s:]+:[^\s:]+:(?P<v>\S+)$",
        r"(?i)//[a-z0-9.-]+/:_(?:authtoken|password|auth)=(?P<v>\S+)",
        r"(?i)\b(?:ENV|ARG)[ \t]+[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)[ \t]+(?P<v>\S+)",
        r#"(?i)ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?["']?(?P<v>[^\s"']+)"#,
        r"(?i)\b(?:private|preshared)key[ \t]*=[ \t]*(?P<v>[A-Za-z0-9+/]{42,44}={0,2})",
    ]
    .into_iter()
    .filter_map(|text| Regex::new(text).ok())
    .collect()
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for one in each(&PAIR, text) {
        add(text, value_of(&one), found);
    }
    for one in each(&QUOTED, text) {
        let value = one.name("a").or_else(|| one.name("b"));
        add(text, value.map(|value| (value.start(), value.end())), found);
    }
    for pattern in OTHERS.iter() {
        for one in pattern.captures_iter(text) {
            add(text, value_of(&one), found);
        }
    }
}

fn add(text: &str, span: Option<(usize, usize)>, found: &mut Vec<Found>) {
    let Some((start, end)) = span else { return };
    let Some(value) = text.get(start..end) else { return };
    if !is_no_value(value.trim()) {
        found.push(Found::new((start, end), Kind::Secret, "by its name"));
    }
}

/// Words that stand where a secret would, and are none.
const WORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "optional",
    "required",
    "must",
    "should",
    "is",
    "are",
    "was",
    "not",
    "for",
    "in",
    "has",
    "have",
    "the",
    "a",
    "an",
    "and",
    "or",
    "of",
    "to",
    "with",
    "by",
    "from",
    "policy",
    "rotation",
    "authentication",
    "string",
    "bool",
    "number",
    "empty",
    "unset",
    "default",
    "missing",
    "expired",
    "expires",
    "can",
    "may",
    "will",
    "be",
    "bearer",
    "basic",
    "iam",
    "oauth",
    "oauth2",
    "jwt",
    "lax",
    "strict",
    "redacted",
    "[redacted]",
    "hidden",
    "masked",
];

/// How what stands for a secret elsewhere begins.
const REFERENCES: &[&str] = &[
    "$",
    "{{",
    "%{",
    "<",
    "env:",
    "file:",
    "vault:",
    "aws-sm:",
    "var.",
    "local.",
    "data.",
    "module.",
    "each.",
    "secrets.",
    "process.env",
    "os.environ",
    "os.getenv",
    "arn:",
    "!ref",
    "!sub",
    "fn::",
    "projects/",
];

/// Whether a text in a secret's place is none: a reference, a word about it, a number of a policy.
pub(super) fn is_no_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_stars =
        value.chars().all(|c| matches!(c, '*' | '•' | 'x' | 'X' | '.' | '-' | '_' | '…'));
    let is_small = value.len() < 4 && value.bytes().all(|b| b.is_ascii_digit());
    is_stars
        || is_small
        || lower.split_whitespace().next().is_some_and(|word| WORDS.contains(&word))
        || REFERENCES.iter().any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!([&PAIR, &QUOTED, &NAME].iter().all(|pattern| pattern.is_some()));
        assert_eq!(OTHERS.len(), 19);
    }

    #[test]
    fn a_secret_is_known_by_what_stands_before_it() {
        for text in [
            "password=zu7Peng!",
            "DB_PASSWORD: zu7Peng!",
            r#"{"apiKey":"zu7Peng!"}"#,
            r#"{"clientSecret" : "zu7Peng!"}"#,
            "postgres://ann:zu7Peng!@db/x",
            "mysql -u root -pzu7Peng! shop",
            "curl -u ann:zu7Peng! https://x",
            r#"{"name":"DB_PASSWORD","value":"zu7Peng!"}"#,
            "<db-password>zu7Peng!</db-password>",
            "login --client-secret zu7Peng!",
            "X-Api-Key: zu7Peng!",
            "CREATE USER ann IDENTIFIED BY 'zu7Peng!'",
            "my.secret.key = zu7Peng!",
            "- name: API_TOKEN\n  value: zu7Peng!",
            "net user ann zu7Peng! /add",
        ] {
            assert!(
                found(text).contains(&("zu7Peng!".to_owned(), "secret")),
                "{text}: {:?}",
                found(text)
            );
        }
        let quoted = found(r#"passphrase: "four words of mine""#);
        assert!(quoted.contains(&("four words of mine".to_owned(), "secret")), "{quoted:?}");
    }

    #[test]
    fn words_about_secrets_are_none() {
        for text in [
            "password: must be rotated",
            "password_length = 14",
            "token_type: Bearer",
            "secret = var.db_password",
            r#"{"password": "${DB_PASSWORD}"}"#,
            "require_password: true",
            "password: ********",
            "MFA token is required",
            "aws_secretsmanager_secret.main",
            "secretKeyRef: key",
            "iam_user_access_key_rotated",
            "--no-password-policy",
            "PasswordReusePrevention",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
