//! Which block of code made a thing: what `quell trace` prints.

use std::io::{self, Write};

use quell_model::Untrusted;
use serde::Serialize;
use utoipa::ToSchema;

use crate::escape::{plain, terminal};
use crate::terminal::wrapped;

/// Candidates that are shown on a terminal.
const MOST_SHOWN: usize = 10;

/// What `quell trace --json` prints.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TraceReport {
    /// The version of the contract, the report's own.
    pub schema_version: &'static str,
    /// The program's version.
    pub quell_version: &'static str,
    /// The repository.
    pub repository: Untrusted,
    /// The thing, by its canonical key.
    pub asset: Untrusted,
    /// `found`, `ambiguous` or `nothing`.
    pub verdict: &'static str,
    /// `exact`, `strong` or `weak`; absent where nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<&'static str>,
    /// The blocks that may have made it, the surest first.
    pub candidates: Vec<CandidateReport>,
    /// What its tags say of the code.
    #[serde(skip_serializing_if = "TagsReport::is_empty")]
    pub tags: TagsReport,
    /// The state files and plans that were looked into.
    pub sources: Vec<TraceSource>,
    /// What speaks against it or could not be followed.
    pub notes: Vec<Untrusted>,
}

/// A block that may have made the thing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateReport {
    /// Path below the repository.
    pub file: Untrusted,
    /// Its first line, from 1; 0 where that is not known.
    pub line: u32,
    /// Its address in the file.
    pub address: Untrusted,
    /// What it makes.
    pub kind: Untrusted,
    /// Where its module comes from, where the block is in another repository; the place is that
    /// of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<Untrusted>,
    /// Whole addresses of what it made, as state files and plans have them.
    pub instances: Vec<Untrusted>,
    /// `exact`, `strong` or `weak`.
    pub confidence: &'static str,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<TraceReason>,
    /// Who owns the file, as CODEOWNERS says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owners: Option<CodeOwnersReport>,
    /// Who changed the block last, as git says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedReport>,
}

/// One thing that speaks for a block.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TraceReason {
    /// `state_id`, `plan_id`, `yor_trace`, `output`, `git_file`, `git_repository`, `stack`,
    /// `object`, `state_name`, `name`, `name_prefix` or `only_in_file`.
    pub why: &'static str,
    /// Where it stands and what it says.
    pub detail: Untrusted,
}

/// A line of CODEOWNERS.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CodeOwnersReport {
    /// The owners, as they stand there.
    pub owners: Untrusted,
    /// The line.
    pub line: u64,
}

/// The last change of a block.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangedReport {
    /// The commit.
    pub commit: Untrusted,
    /// Its author.
    pub author: Untrusted,
    /// When it was written, with the offset of its author.
    pub at: Untrusted,
}

/// What tags say of the code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TagsReport {
    /// The repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Untrusted>,
    /// The file in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Untrusted>,
    /// The commit that changed the block last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Untrusted>,
    /// Who changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Untrusted>,
    /// The stack of CloudFormation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<Untrusted>,
}

impl TagsReport {
    /// Whether they say nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A state file or a plan that was looked into.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TraceSource {
    /// Its path.
    pub file: Untrusted,
    /// `state` or `plan`.
    pub what: &'static str,
    /// The folder of its root module below the repository; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<Untrusted>,
    /// How many things it tells of.
    pub things: usize,
}

/// Writes it for people, 80 columns wide.
///
/// # Errors
/// When the writer refuses.
pub fn write_trace(report: &TraceReport, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&terminal(&report.asset), "", out)?;
    let confidence = report.confidence.unwrap_or_default();
    let head = match report.verdict {
        "found" => format!("found, {confidence}"),
        "ambiguous" => format!("ambiguous, {confidence}: a person must say which"),
        _ => "no block of this repository is known to make it".to_owned(),
    };
    writeln!(out, "{head}")?;
    for candidate in report.candidates.iter().take(MOST_SHOWN) {
        write_candidate(candidate, out)?;
    }
    let left = report.candidates.len().saturating_sub(MOST_SHOWN);
    if left > 0 {
        writeln!(out, "\n{left} more: --json lists them")?;
    }
    write_tags(&report.tags, out)?;
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &report.notes {
        wrapped(&format!("note: {}", terminal(note)), "", out)?;
    }
    Ok(())
}

fn write_candidate(one: &CandidateReport, out: &mut dyn Write) -> io::Result<()> {
    let line = if one.line > 0 { format!(":{}", one.line) } else { String::new() };
    let place = format!("{}{line} {}", terminal(&one.file), terminal(&one.address));
    writeln!(out)?;
    wrapped(&format!("{:<7} {place}", one.confidence), "  ", out)?;
    if let Some(module) = &one.module {
        wrapped(
            &format!("in the module {}, not in this repository", terminal(module)),
            INDENT,
            out,
        )?;
    }
    for reason in &one.reasons {
        wrapped(&format!("{}: {}", words(reason.why), terminal(&reason.detail)), INDENT, out)?;
    }
    if let Some(owners) = &one.owners {
        let text = format!("owner: {} (CODEOWNERS line {})", terminal(&owners.owners), owners.line);
        wrapped(&text, INDENT, out)?;
    }
    if let Some(changed) = &one.changed {
        let commit: String = plain(changed.commit.raw()).chars().take(10).collect();
        let (author, at) = (terminal(&changed.author), terminal(&changed.at));
        wrapped(&format!("last changed: {author}, {commit}, {at}"), INDENT, out)?;
    }
    Ok(())
}

/// Before what is said of a candidate.
const INDENT: &str = "          ";

fn write_tags(tags: &TagsReport, out: &mut dyn Write) -> io::Result<()> {
    let said = [
        ("repository", &tags.repository),
        ("file", &tags.file),
        ("commit", &tags.commit),
        ("by", &tags.author),
        ("stack", &tags.stack),
    ];
    let said: Vec<String> = said
        .into_iter()
        .filter_map(|(what, text)| Some(format!("{what} {}", terminal(text.as_ref()?))))
        .collect();
    if said.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    wrapped(&format!("its tags say: {}", said.join(", ")), "", out)
}

/// What speaks for a block, in words.
fn words(why: &str) -> &str {
    match why {
        "state_id" => "the state has its id",
        "plan_id" => "the plan has its id",
        "yor_trace" => "the block has its tag",
        "output" => "an output has its id",
        "git_file" => "its tag names the file",
        "git_repository" => "its tag names the repository",
        "stack" => "its tags name the resource of the template",
        "object" => "kind, namespace and name",
        "state_name" => "the state has its name",
        "name" => "name",
        "name_prefix" => "beginning of its name",
        "only_in_file" => "the only one in the file that its tag names",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> TraceReport {
        let text = |text: &str| Untrusted::from(text);
        TraceReport {
            schema_version: "1",
            quell_version: "0",
            repository: text("infra"),
            asset: text("aws:s3.bucket:acme\u{1b}[31m"),
            verdict: "found",
            confidence: Some("exact"),
            candidates: vec![CandidateReport {
                file: text("prod/main.tf"),
                line: 7,
                address: text("aws_s3_bucket.logs"),
                kind: text("aws_s3_bucket"),
                module: None,
                instances: Vec::new(),
                confidence: "exact",
                reasons: vec![TraceReason {
                    why: "state_id",
                    detail: text("a\nb.tfstate: x\u{202e}"),
                }],
                owners: Some(CodeOwnersReport { owners: text("@acme/infra"), line: 3 }),
                changed: Some(ChangedReport {
                    commit: text("0123456789abcdef"),
                    author: text("A Person"),
                    at: text("2026-01-02T03:04:05+00:00"),
                }),
            }],
            tags: TagsReport { author: Some(text("b")), ..TagsReport::default() },
            sources: Vec::new(),
            notes: vec![text("its tags name another")],
        }
    }

    #[test]
    fn what_was_found_is_said_with_its_reasons_and_nothing_hidden() {
        let mut out = Vec::new();
        write_trace(&report(), &mut out).unwrap();
        let expected = "aws:s3.bucket:acme[31m\nfound, exact\n\n  exact   prod/main.tf:7 \
                        aws_s3_bucket.logs\n          the state has its id: a b.tfstate: x\n          \
                        owner: @acme/infra (CODEOWNERS line 3)\n          last changed: A Person, \
                        0123456789, 2026-01-02T03:04:05+00:00\n\nits tags say: by b\n\n\
                        note: its tags name another\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
