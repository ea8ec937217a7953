//! The formats that a report can be written in.

use std::io::{self, Write};

use crate::{Report, csv, html, json, markdown, ocsf, sarif, terminal};

/// What a writer is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether to colour; only the terminal writer does.
    pub color: bool,
    /// Whether it stands on a server's page for somebody who may ask for exceptions; only the HTML
    /// writer leads there.
    pub asks: bool,
    /// Whether it stands on a server's page, whose other pages the HTML writer leads to.
    pub serves: bool,
}

/// A format.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Incidents that are shown where the user does not say; all of them where `None`.
    pub default_limit: Option<usize>,
    /// Whether it shows issues one by one, not incidents only.
    pub shows_issues: bool,
    /// Writes the report.
    pub write: fn(&Report, &Options, &mut dyn Write) -> io::Result<()>,
}

/// Every format, the default first. Adding one is its file and a line here.
pub const FORMATS: &[Format] = &[
    Format {
        name: "terminal",
        default_limit: Some(10),
        shows_issues: false,
        write: terminal::write,
    },
    Format { name: "json", default_limit: None, shows_issues: true, write: json::write },
    Format {
        name: "markdown",
        default_limit: Some(20),
        shows_issues: true,
        write: markdown::write,
    },
    Format { name: "html", default_limit: Some(200), shows_issues: true, write: html::write },
    Format { name: "sarif", default_limit: None, shows_issues: true, write: sarif::write },
    Format { name: "ocsf", default_limit: None, shows_issues: true, write: ocsf::write },
    Format { name: "csv", default_limit: None, shows_issues: true, write: csv::write },
];
