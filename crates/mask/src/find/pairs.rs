//! Names with their values in whatever form a file has: what the name says is what the value is.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::context::{is_no_value, is_secret_name};
use super::{Found, Pattern, each};
use crate::kind::Kind;

/// Two keys beside each other, one with the name and one with the value.
static LISTED: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)["']?\b(?:name|key|field|parameterkey)["']?\s*[:=]\s*["']?(?P<k>[a-z0-9_.-]{2,60})["']?[ \t]*[,;]?\s*/?>?\s*["']?(?:<value>|(?:value|val|default|parametervalue)["']?\s*[:=]\s*)["']?(?P<v>[^"'\r\n<>,}]+)"#).ok()
});

/// An element of markup.
static ELEMENT: Pattern = LazyLock::new(|| {
    Regex::new(r"<(?:[A-Za-z0-9]+:)?(?P<k>[A-Za-z][A-Za-z0-9_.-]{1,60})(?:\s[^<>]*)?>\s*(?P<v>[^<>]{2,400}?)\s*</").ok()
});

/// A key and a value on a line, or among others of their kind.
static LINE: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s,;{&?(\["'])(?:-{1,2})?(?P<k>[A-Za-z][A-Za-z0-9_.-]{2,60})["']?[ \t]*(?:=>|:=|=|:)[ \t]*["']?(?P<v>[^\s"',;&{}\[\]<>()][^\r\n"',;&{}\[\]<>()]{1,200})"#).ok()
});

/// A flag of a command with its value behind it.
static FLAG: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?:^|\s)--(?P<k>[A-Za-z][A-Za-z0-9_.-]{2,60})[ \t]+["']?(?P<v>[^\s"'-][^\s"']*)"#)
        .ok()
});

/// A sentence.
static SENTENCE: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?P<k>[a-z]+(?:[ _-][a-z]+){0,3})[ \t]+(?:is|was)[ \t]+["'`]?(?P<v>[^\s"'`,;]+(?: (?-i:\p{Lu})[\p{L}'-]+)?)"#).ok()
});

/// How sure it is where a value ends, and that it is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It ends where the pattern says.
    Closed,
    /// Marks may be part of it.
    Line,
    /// It may be the next word of a sentence.
    Sentence,
}

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for (pattern, form) in [
        (&LISTED, Form::Closed),
        (&ELEMENT, Form::Closed),
        (&LINE, Form::Line),
        (&FLAG, Form::Closed),
        (&SENTENCE, Form::Sentence),
    ] {
        found.extend(each(pattern, text).filter_map(|one| value_of(text, &one, form)));
    }
}

/// The value of a name, where the name says what it is.
fn value_of(text: &str, one: &Captures<'_>, form: Form) -> Option<Found> {
    let (name, value) = (one.name("k")?, one.name("v")?);
    let kind = of_name(name.as_str())?;
    let value_text = value.as_str().trim_end().trim_end_matches('.');
    let keeps = is_no_value(value_text)
        || form == Form::Sentence && !has_form(value_text)
        || !fits(kind, value_text);
    if keeps {
        return None;
    }
    let end = value.start() + value_text.len();
    let is_open = form == Form::Line && kind == Kind::Secret;
    let end = if is_open { past_marks(text, end) } else { end };
    Some(Found::new((value.start(), end), kind, "by its name"))
}

/// The end of a password that has marks in it which end other values: `a&3-x`. What begins another
/// pair is not part of it.
fn past_marks(text: &str, mut end: usize) -> usize {
    let is_mark = |c: char| "&;{}[](),".contains(c);
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let Some(mark) = rest.chars().next().filter(|c| is_mark(*c)) else { return end };
        let after = rest.get(mark.len_utf8()..).unwrap_or_default();
        let ends = |c: char| is_mark(c) || c.is_whitespace() || "\"'<>".contains(c);
        let word = after.get(..after.find(ends).unwrap_or(after.len())).unwrap_or_default();
        if word.is_empty() || word.contains(['=', ':']) {
            return end;
        }
        end += mark.len_utf8() + word.len();
    }
}

/// What a name says of its value. Only the end of a name counts: `password_length` is a length.
fn of_name(name: &str) -> Option<Kind> {
    const ENDS: &[(&str, Kind)] = &[
        ("fullname", Kind::Person),
        ("firstname", Kind::Person),
        ("lastname", Kind::Person),
        ("surname", Kind::Person),
        ("givenname", Kind::Person),
        ("username", Kind::User),
        ("loginname", Kind::User),
        ("samaccountname", Kind::User),
        ("userprincipalname", Kind::User),
        ("phonenumber", Kind::Phone),
        ("mobilenumber", Kind::Phone),
        ("passport", Kind::Number),
        ("passportno", Kind::Number),
        ("passportnumber", Kind::Number),
        ("dateofbirth", Kind::Number),
        ("birthdate", Kind::Number),
        ("socialsecuritynumber", Kind::Number),
        ("ssn", Kind::Number),
        ("taxid", Kind::Number),
        ("nationalid", Kind::Number),
        ("licenseplate", Kind::Number),
        ("patientid", Kind::Number),
        ("cvv", Kind::Number),
        ("tenantid", Kind::Account),
        ("subscriptionid", Kind::Account),
        ("accountid", Kind::Account),
        ("accountname", Kind::Account),
        ("projectid", Kind::Account),
        ("organizationid", Kind::Account),
        ("directoryid", Kind::Account),
        ("bucketname", Kind::Resource),
        ("bucket", Kind::Resource),
        ("instancename", Kind::Resource),
        ("clustername", Kind::Resource),
        ("databasename", Kind::Resource),
        ("dbname", Kind::Resource),
        ("hostname", Kind::Host),
        ("servername", Kind::Host),
        ("computername", Kind::Host),
        ("machinename", Kind::Host),
        ("queuename", Kind::Resource),
        ("topicname", Kind::Resource),
        ("functionname", Kind::Resource),
        ("rolename", Kind::Resource),
        ("groupname", Kind::Resource),
        ("vaultname", Kind::Resource),
        ("resourcegroup", Kind::Resource),
        ("resourcename", Kind::Resource),
        ("resourceid", Kind::Resource),
        ("instanceid", Kind::Resource),
        ("storageaccount", Kind::Resource),
        ("podname", Kind::Resource),
        ("nodename", Kind::Resource),
    ];
    if is_secret_name(name) {
        return Some(Kind::Secret);
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    ENDS.iter().find(|(end, _)| plain.ends_with(end)).map(|(_, kind)| *kind)
}

/// Whether a value looks like one rather than the next word of a sentence.
fn has_form(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|b| test(&b));
    has(u8::is_ascii_digit)
        || value.bytes().any(|b| b"-_.:/@!#%^*+=".contains(&b))
        || value.chars().next().is_some_and(char::is_uppercase)
}

/// Whether a value can be of a kind at all.
fn fits(kind: Kind, value: &str) -> bool {
    let has_digit = value.bytes().any(|b| b.is_ascii_digit());
    let is_type =
        value.contains("::") || value.starts_with("aws_") || value.contains(".amazonaws.");
    match kind {
        Kind::Number | Kind::Phone => has_digit || value.len() > 11,
        Kind::Resource | Kind::Account | Kind::Host => !is_type && !value.contains(' '),
        Kind::User => !value.contains(' '),
        Kind::Secret
        | Kind::Encoded
        | Kind::Unknown
        | Kind::Email
        | Kind::Person
        | Kind::Ip
        | Kind::Mac
        | Kind::Position
        | Kind::Arn
        | Kind::Azure
        | Kind::Google => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!([&LISTED, &ELEMENT, &LINE, &FLAG, &SENTENCE].iter().all(|one| one.is_some()));
    }

    #[test]
    fn a_name_says_what_its_value_is() {
        for (text, value, kind) in [
            (r#"{"name":"full_name","value":"Ada Marsh"}"#, "Ada Marsh", "person"),
            ("<tenant_id>0b1f-77</tenant_id>", "0b1f-77", "account"),
            ("app.bucket.name=pay-logs", "pay-logs", "resource"),
            ("--tenant-id '0b1f-77'", "0b1f-77", "account"),
            ("Its user name is ada.marsh today", "ada.marsh", "user"),
            (
                "the splunk hec token is 27c83bb9-f8b4-5307-af22-513de4ed43b0 now",
                "27c83bb9-f8b4-5307-af22-513de4ed43b0",
                "secret",
            ),
            ("date_of_birth: 1984-02-14", "1984-02-14", "number"),
            ("SMTP_PASSWORD=Tr0ub4dor&3-winter x", "Tr0ub4dor&3-winter", "secret"),
            ("password=Tr0ub;4dor,9&user=bob", "Tr0ub;4dor,9", "secret"),
            (r#"{"password":"Tr0ub4dor"},{"a":1}"#, "Tr0ub4dor", "secret"),
        ] {
            assert!(found(text).contains(&(value.to_owned(), kind)), "{text}: {:?}", found(text));
        }
        for text in
            ["the password is required here", "bucket name is missing", "user name is not set"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
