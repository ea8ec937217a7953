//! What `quell fix` would change or has changed: its contract, and its text for 80 columns.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quell_model::Untrusted;
use serde::Serialize;
use utoipa::ToSchema;

use crate::escape::{plain, terminal};
use crate::steps::{StepsReport, step_lines};
use crate::story::write_fix;
use crate::terminal::wrapped;
use crate::words::short;
use crate::words::{count, grade_words};
use crate::{FixReport, Options};

/// Fixes that are shown with their text and proof.
const MOST_WHOLE: usize = 10;
/// The width of a terminal.
const COLUMNS: usize = 80;
/// Lines of a list.
const MOST_LINES: usize = 20;
/// Issues of which all steps are shown; of more, those of one issue a reason.
const MOST_STEPS: usize = 10;

/// What `quell fix --json` prints.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FixesReport {
    /// The version of the contract, the report's own.
    pub schema_version: &'static str,
    /// The program's version.
    pub quell_version: &'static str,
    /// The repository.
    pub repository: Untrusted,
    /// How many fixes change files.
    pub made: usize,
    /// How many fixes others of the run have made already.
    pub covered: usize,
    /// How many proved fixes `--only safe` leaves out.
    pub left_out: usize,
    /// How many fixes are withheld.
    pub withheld: usize,
    /// The fixes, in the order of files.
    pub fixes: Vec<OfferReport>,
    /// Issues that no change of code closes.
    pub unfixed: Vec<UnfixedReport>,
    /// The settings that withheld fixes ask for.
    pub asks: Vec<AskReport>,
    /// Faults in the code that no recipe closes, and that a language model could be asked about.
    pub for_model: usize,
    /// The files that change.
    pub files: Vec<Untrusted>,
    /// Files of code that could not be looked into.
    pub not_read: Vec<NotRead>,
    /// What was written; absent where nothing was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// A fix, and what becomes of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfferReport {
    /// `made`, `covered`, `left_out` or `withheld`.
    pub taken: &'static str,
    /// The fix with its proof.
    #[serde(flatten)]
    pub fix: FixReport,
}

/// An issue that no change of code closes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnfixedReport {
    /// Its id.
    pub issue: String,
    /// What is wrong.
    pub title: Untrusted,
    /// The asset.
    pub asset: Untrusted,
    /// The control, where the catalogue knows the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Why, and what a person must decide.
    pub reason: Untrusted,
    /// What to run instead, where that is known. Quell runs none of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<StepsReport>,
}

/// A setting that withheld fixes ask for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AskReport {
    /// The parameter, as it stands below `[fix.parameters]` of `quell.toml`.
    pub name: Untrusted,
    /// What it is; empty where the reasons of the fixes say it.
    pub what: String,
    /// How many issues wait for it; some may wait for others too.
    pub issues: usize,
}

/// A file of code that could not be looked into.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotRead {
    /// Its path below the repository.
    pub file: Untrusted,
    /// Why.
    pub reason: Untrusted,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Written {
    /// The files of the repository.
    Write,
    /// A branch with one commit a fix.
    Branch {
        /// Its name.
        name: String,
        /// The commit it starts from.
        base: String,
        /// Its last commit.
        tip: String,
        /// How many commits it has.
        commits: usize,
    },
    /// The outbox, for a code host.
    Deliver {
        /// The sink.
        sink: String,
        /// What it is about.
        subject: String,
    },
    /// A patch.
    Patch {
        /// The file.
        file: String,
    },
}

/// Writes the plan of `quell fix` for a terminal; `all` shows every fix with its text.
///
/// # Errors
/// When the writer fails.
pub fn write_fixes(
    report: &FixesReport,
    (all, _options): (bool, &Options),
    out: &mut dyn Write,
) -> io::Result<()> {
    let most = if all { usize::MAX } else { MOST_WHOLE };
    let lines = if all { usize::MAX } else { MOST_LINES };
    let offered: Vec<&OfferReport> =
        report.fixes.iter().filter(|offer| offer.fix.state == "proved").collect();
    for offer in offered.iter().take(most) {
        write_place(&offer.fix, out)?;
        write_fix(&offer.fix, out)?;
        writeln!(out)?;
    }
    write_rest(&offered, (most, lines), out)?;
    write_withheld(report, lines, out)?;
    write_unfixed(report, lines, out)?;
    for file in report.not_read.iter().take(lines) {
        let text = format!("not read: {}: {}", terminal(&file.file), terminal(&file.reason));
        wrapped(&text, "", out)?;
    }
    write_sums(report, out)?;
    let by_model = report.fixes.iter().filter(|offer| offer.fix.written.is_some()).count();
    if report.for_model > by_model {
        let faults = count((report.for_model - by_model) as u64, "fault");
        let text = format!(
            "For {faults} in the code no recipe makes a fix. A language model may be asked to write \
             one, with --ask-model; docs/fixes.md says what is proved of it."
        );
        wrapped(&text, "", out)?;
    }
    let waiting: usize = report.asks.iter().map(|ask| ask.issues).sum();
    if waiting == 0 {
        return Ok(());
    }
    writeln!(out, "\nWith these settings in quell.toml more can be made (--ask prints them all):")?;
    write_parameters(report.asks.iter().take(lines), out)?;
    more(report.asks.len(), lines, out)
}

/// Writes what `quell fix` asks for as a `quell.toml` to fill in.
///
/// # Errors
/// When the writer fails.
pub fn write_asks(report: &FixesReport, out: &mut dyn Write) -> io::Result<()> {
    if report.asks.is_empty() {
        return writeln!(out, "# no fix waits for a setting");
    }
    writeln!(out, "# What is left empty counts as not answered.")?;
    write_parameters(report.asks.iter(), out)
}

/// The table of parameters, each below what it is.
fn write_parameters<'r>(
    asks: impl Iterator<Item = &'r AskReport>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "[fix.parameters]")?;
    let mut last = "";
    for ask in asks {
        if ask.what != last && !ask.what.is_empty() {
            write_comment(&plain(&ask.what), out)?;
        }
        last = &ask.what;
        let name = terminal(&ask.name).replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(out, "\"{name}\" = \"\" # {}", count(ask.issues as u64, "issue"))?;
    }
    Ok(())
}

/// The block that a fix changes, what it closes, and who must agree.
fn write_place(fix: &FixReport, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&format!("{} {}", terminal(&fix.file), terminal(&fix.address)), "", out)?;
    if !fix.also_in.is_empty() {
        let others: Vec<String> = fix.also_in.iter().map(terminal).collect();
        wrapped(&format!("with it, all or none: {}", others.join(", ")), "  ", out)?;
    }
    let closes = count(fix.closes.len() as u64, "issue");
    let line = format!("fix {} · {} · closes {closes}", fix.id, grade_words(fix));
    wrapped(&line, "  ", out)
}

/// The fixes that are not shown whole, a line each.
fn write_rest(
    offered: &[&OfferReport],
    (most, lines): (usize, usize),
    out: &mut dyn Write,
) -> io::Result<()> {
    let rest = offered.get(most.min(offered.len())..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(());
    }
    writeln!(out, "Also proved; name one, or say --all, to see its change and proof:")?;
    for OfferReport { fix, .. } in rest.iter().take(lines) {
        let title = plain(&fix.title);
        let text =
            format!("{} {} {}: {title}", fix.id, terminal(&fix.file), terminal(&fix.address));
        wrapped(&text, "  ", out)?;
    }
    more(rest.len(), lines, out)?;
    writeln!(out)
}

fn write_withheld(report: &FixesReport, lines: usize, out: &mut dyn Write) -> io::Result<()> {
    let withheld: Vec<&FixReport> =
        report.fixes.iter().map(|offer| &offer.fix).filter(|fix| fix.state != "proved").collect();
    if withheld.is_empty() {
        return Ok(());
    }
    writeln!(out, "Withheld; a person must decide:")?;
    for fix in withheld.iter().take(lines) {
        let reason = fix.reason.as_ref().map(terminal).unwrap_or_default();
        let place = format!("{} {}", terminal(&fix.file), terminal(&fix.address));
        let issue = fix.closes.first().map(|issue| short(issue)).unwrap_or_default();
        let place = if place.trim().is_empty() { format!("issue {issue}") } else { place };
        wrapped(&format!("{place}: {}: {reason}", plain(&fix.title)), "  ", out)?;
    }
    more(withheld.len(), lines, out)?;
    writeln!(out)
}

/// The issues without code, those with the same title and reason together.
fn write_unfixed(report: &FixesReport, lines: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: BTreeMap<(String, String), Vec<&UnfixedReport>> = BTreeMap::new();
    for unfixed in &report.unfixed {
        let words = (terminal(&unfixed.title), terminal(&unfixed.reason));
        reasons.entry(words).or_default().push(unfixed);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    writeln!(out, "No change of code here closes these:")?;
    for ((title, reason), of) in reasons.iter().take(lines) {
        let also = match of.len() {
            1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        wrapped(&format!("{title}{also}: {reason}"), "  ", out)?;
        let own = if report.unfixed.len() <= MOST_STEPS { of.len() } else { 1 };
        for unfixed in of.iter().filter(|one| one.steps.is_some()).take(own) {
            write_steps(unfixed, out)?;
        }
    }
    more(reasons.len(), lines, out)?;
    writeln!(out)
}

/// The commands of an issue, for a shell.
fn write_steps(unfixed: &UnfixedReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(steps) = &unfixed.steps else { return Ok(()) };
    let name = terminal(&unfixed.asset);
    wrapped(&format!("by hand, for {name} ({} {}):", steps.cli, steps.version), "    ", out)?;
    step_lines(steps).iter().try_for_each(|line| writeln!(out, "      {line}"))?;
    wrapped(&format!("may break: {}", plain(&steps.note)), "      ", out)
}

fn more(all: usize, shown: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        left => writeln!(out, "  and {left} more; --all or --json shows them"),
    }
}

/// A comment of TOML in lines of 80 columns.
fn write_comment(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = "#".to_owned();
    for word in text.split(' ') {
        if line.len() > 1 && line.chars().count() + word.chars().count() >= COLUMNS {
            writeln!(out, "{line}")?;
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(out, "{line}")
}

fn write_sums(report: &FixesReport, out: &mut dyn Write) -> io::Result<()> {
    let fixes = |count: usize| if count == 1 { "fix" } else { "fixes" };
    let files = count(report.files.len() as u64, "file");
    let made = report.made;
    let mut parts = vec![format!("{made} {} in {files}", fixes(made))];
    for (count, words) in [
        (report.covered, "made by those already"),
        (report.left_out, "left out, since they need approval"),
        (report.withheld, "withheld"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    let unfixed = report.unfixed.len();
    if unfixed > 0 {
        parts.push(format!("{} without code here", count(unfixed as u64, "issue")));
    }
    wrapped(&parts.join(", "), "", out)?;
    let done = match &report.written {
        None if made == 0 => "nothing to write".to_owned(),
        None => "nothing is written; say --write, --branch NAME or --patch FILE".to_owned(),
        Some(Written::Write | Written::Branch { .. } | Written::Patch { .. }) if made == 0 => {
            "nothing to write, so nothing was written".to_owned()
        }
        Some(Written::Write) => format!("{files} written"),
        Some(Written::Branch { name, commits, .. }) => {
            format!("branch {} made with {}", plain(name), count(*commits as u64, "commit"))
        }
        Some(Written::Deliver { sink, .. }) => format!("in the outbox for {}", plain(sink)),
        Some(Written::Patch { file }) => format!("patch written to {}", plain(file)),
    };
    wrapped(&done, "", out)
}
