//! How a page of a stream is named in the intake log.

use std::fmt;

use quell_spool::APART;

/// Which page of which reading a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageName {
    /// The stream.
    pub(crate) stream: String,
    /// The reading.
    pub(crate) reading: i64,
    /// Whether the reading is one of all that there is.
    pub(crate) whole: bool,
    /// Which page of it; a page that is too large is several.
    pub(crate) page: i64,
}

impl PageName {
    /// The page that a delivery's id names, if it names one.
    pub(crate) fn of(delivery: Option<&str>) -> Option<Self> {
        let mut parts = delivery?.strip_prefix(APART)?.splitn(4, ':');
        let mut next = || parts.next();
        let (reading, page, kind, stream) = (next()?, next()?, next()?, next()?);
        Some(Self {
            stream: stream.to_owned(),
            reading: reading.parse().ok()?,
            whole: kind == "whole",
            page: page.parse().ok()?,
        })
    }
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.whole { "whole" } else { "new" };
        write!(f, "{APART}{}:{}:{kind}:{}", self.reading, self.page, self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_and_others_are_none() {
        let name = PageName { stream: "issues:v2".to_owned(), reading: 7, whole: true, page: 40 };
        assert_eq!(PageName::of(Some(&name.to_string())), Some(name));
        for other in ["", "page", "page:1:2", "page:x:2:whole:a", "a page:1:2:whole:a"] {
            assert_eq!(PageName::of(Some(other)), None, "{other}");
        }
        assert_eq!(PageName::of(None), None);
    }
}
