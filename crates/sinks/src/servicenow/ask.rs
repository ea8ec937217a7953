//! Encoded queries. `^` would begin another clause and `javascript:` would run on the server, so no
//! value with one of them is asked for.

use url::form_urlencoded::byte_serialize;

use super::table::is_name;
use crate::SinkError;

/// An encoded query.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(String);

impl Query {
    /// The query that asks for a column with a value too.
    pub(super) fn is(self, column: &str, value: &str) -> Result<Self, SinkError> {
        let folded: String =
            value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let is_bad = value.contains('^')
            || value.chars().any(char::is_control)
            || folded.contains("javascript:");
        if is_bad || !is_name(column) {
            return Err(SinkError::Refused(format!(
                "`{column}` is not asked for a value with `^`, a line end or `javascript:`"
            )));
        }
        Ok(self.clause(&format!("{column}={value}")))
    }

    /// The query in order of a column, the oldest first.
    pub(super) fn by(self, column: &str) -> Self {
        self.clause(&format!("ORDERBY{column}"))
    }

    fn clause(mut self, clause: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('^');
        }
        self.0.push_str(clause);
        self
    }

    /// As it stands in a URL.
    pub(super) fn encoded(&self) -> String {
        byte_serialize(self.0.as_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_another_clause_or_runs() {
        let is = |value: &str| Query::default().is("correlation_id", value);
        for bad in [
            "a^ORactive=true",
            "a^NQstate=1",
            "javascript:gs.sleep(9)",
            "JavaScript :x",
            "java\tscript:x",
            "a\nb",
            "a\rb",
            "\u{0}",
        ] {
            assert!(is(bad).is_err(), "{bad:?}");
        }
        assert!(Query::default().is("a=b^c", "x").is_err());
        let query = is("quell-1").unwrap().by("sys_created_on");
        assert_eq!(query.encoded(), "correlation_id%3Dquell-1%5EORDERBYsys_created_on");
    }
}
