//! Every text of the model, and what may depend on it. A test holds this list against the model's own
//! source, so that a new field has to be thought about.

/// What may depend on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treated {
    /// Nothing that is decided: outputs are equal whatever it says.
    Held,
    /// Nothing, but that evidence joins stories: a weakness, an address or a name in it that others
    /// have too. Equal for every text that names nothing there; else nothing is lowered.
    Points,
    /// It says which thing something is, or what that is: outputs are equal but for that name.
    Names(&'static str),
    /// It is read as a word of a list or as a number, and is no free text.
    Word(&'static str),
    /// No stage that decides reads it.
    Unread(&'static str),
    /// Quell makes it; it is read from nobody.
    Ours(&'static str),
}

use Treated::{Held, Names, Ours, Points, Unread, Word};

const FAULT: &str = "which fault it is";
const THING: &str = "which asset it is";
const WEAK: &str = "which weakness in which package it is";
const ACTOR: &str = "who acted: detections of one actor are one";
const LISTED: &str = "vendors' words that normalizers know; others count as unknown";
const WRITTEN: &str = "made by the stages from what is listed here";
const MODEL: &str = "a model's or the rules' words, which no stage reads";
const OPERATOR: &str = "an operator writes it";
const KEPT: &str = "is kept and shown";

/// The texts of the model: struct or enum, field, what may depend on it.
pub const FIELDS: &[(&str, &str, Treated)] = &[
    ("Activity", "action", Unread(KEPT)),
    ("Activity", "evidence", Unread(KEPT)),
    ("Activity", "native_id", Unread(KEPT)),
    ("Activity", "principal", Unread(KEPT)),
    ("Asset", "name", Names(THING)),
    ("Asset", "native_id", Names(THING)),
    ("Asset", "native_kind", Held),
    (
        "Asset",
        "tags",
        Names(
            "a tag that the mapping reads names the owner, the environment, the application or the data class; others are held equal",
        ),
    ),
    ("AssetId", "account", Names(THING)),
    ("AssetId", "key", Names(THING)),
    ("AssetId", "kind", Names(THING)),
    ("AssetId", "name", Names(THING)),
    ("AssetId", "region", Names(THING)),
    ("Claim", "evidence", Ours(WRITTEN)),
    ("Claim", "text", Ours(MODEL)),
    ("ContextMapping", "keys", Ours(OPERATOR)),
    ("ContextMapping", "values", Ours(OPERATOR)),
    ("Decided", "because", Ours(WRITTEN)),
    ("Detection", "principal", Names(ACTOR)),
    ("Detection", "remote_addresses", Points),
    ("Detection", "tactics", Held),
    ("Detection", "techniques", Points),
    ("Dropped", "detail", Ours(MODEL)),
    ("Dropped", "part", Ours(MODEL)),
    ("Dropped", "reason", Ours(MODEL)),
    ("Dropped", "text", Ours(MODEL)),
    ("Evidence", "native_id", Names(FAULT)),
    ("Evidence", "result_native", Word(LISTED)),
    ("Exploited", "added", Word("a date")),
    ("Exploited", "weakness", Names(WEAK)),
    ("Explanation", "breaks", Ours(WRITTEN)),
    ("Explanation", "confidence_because", Ours(WRITTEN)),
    ("Explanation", "steps", Ours(WRITTEN)),
    ("Finding", "description", Points),
    ("Finding", "evidence", Points),
    ("Finding", "native_id", Names("which finding it is")),
    ("Finding", "references", Held),
    ("Finding", "remediation", Held),
    ("Finding", "severity_native", Held),
    ("Finding", "status_native", Held),
    (
        "Finding",
        "title",
        Names("where no rule is known the title says which fault it is; else it is held equal"),
    ),
    ("Fix", "address", Ours(WRITTEN)),
    ("Fix", "also_in", Ours(WRITTEN)),
    ("Fix", "control", Ours(WRITTEN)),
    ("Fix", "diff", Ours(WRITTEN)),
    ("Fix", "file", Ours(WRITTEN)),
    ("Fix", "id", Ours(WRITTEN)),
    ("Fix", "may_break", Ours(WRITTEN)),
    ("Fix", "recipe", Ours(WRITTEN)),
    ("Fix", "title", Ours(WRITTEN)),
    ("HandMade", "by", Ours("who is signed in")),
    ("Impact", "also_closes", Ours(WRITTEN)),
    ("Impact", "rollback", Ours(WRITTEN)),
    ("Issue", "control", Ours(WRITTEN)),
    ("Issue", "title", Ours(WRITTEN)),
    ("Label", "key", Ours(WRITTEN)),
    ("Label", "tool", Ours(WRITTEN)),
    ("Label", "value", Ours(WRITTEN)),
    ("Location", "address", Names("which block of code it is")),
    ("Location", "file", Names("which file it is, and so who owns it")),
    ("Made", "model", Ours(OPERATOR)),
    ("Made", "provider", Ours(OPERATOR)),
    ("Mark", "by", Ours("who is signed in")),
    ("Mark", "reason", Ours("a signed-in person writes it, and it is shown")),
    ("MergeBasis", "control", Ours(WRITTEN)),
    ("MergeBasis", "id", Ours(WRITTEN)),
    ("MergeBasis", "package", Ours(WRITTEN)),
    ("MergeBasis", "product", Ours(WRITTEN)),
    ("MergeBasis", "rule", Ours(WRITTEN)),
    ("MergeBasis", "shared", Ours(WRITTEN)),
    ("MergeBasis", "title", Ours(WRITTEN)),
    ("Origin", "key", Ours(WRITTEN)),
    ("Origin", "name", Ours("the name of an inventory, which an operator gives")),
    ("Origin", "tool", Ours(WRITTEN)),
    ("Process", "command_line", Points),
    ("Process", "name", Names(ACTOR)),
    ("Process", "user", Held),
    ("Product", "name", Names("what a statement speaks of")),
    ("Product", "purl", Names("what a statement speaks of")),
    ("Product", "range", Word("versions")),
    ("Product", "sha256", Word("a digest")),
    ("Product", "version", Word("a version")),
    ("Proof", "detail", Ours(WRITTEN)),
    ("Purl", "kind", Ours("parts of a package URL that is listed where it stands")),
    ("Purl", "name", Ours("parts of a package URL that is listed where it stands")),
    ("Purl", "namespace", Ours("parts of a package URL that is listed where it stands")),
    ("Purl", "qualifiers", Ours("parts of a package URL that is listed where it stands")),
    ("Purl", "version", Ours("parts of a package URL that is listed where it stands")),
    ("RawField", "tags", Ours(OPERATOR)),
    ("RawField", "values", Ours(OPERATOR)),
    ("Reject", "path", Unread(KEPT)),
    ("Reject", "reason", Unread(KEPT)),
    ("Relation", "by", Unread(KEPT)),
    ("Relation", "evidence", Unread(KEPT)),
    ("RiskChange", "change", Ours(WRITTEN)),
    ("RiskPart", "because", Ours(WRITTEN)),
    ("RiskPart", "name", Ours(WRITTEN)),
    ("Rule", "aliases", Names(FAULT)),
    ("Rule", "id", Names(FAULT)),
    ("Rule", "title", Names(FAULT)),
    ("Scope", "check", Names("what a scan looked at: what it covered and did not raise closes")),
    ("Scope", "place", Names("what a scan looked at: what it covered and did not raise closes")),
    ("Scope", "target", Names("what a scan looked at: what it covered and did not raise closes")),
    (
        "Sourced",
        "value",
        Names(
            "a tag or field that names the owner, the environment, the application or the data class",
        ),
    ),
    ("Statement", "aliases", Names(WEAK)),
    ("Statement", "author", Held),
    ("Statement", "justification", Held),
    ("Statement", "native_id", Held),
    ("Statement", "text", Held),
    ("Statement", "verdict_native", Held),
    ("Statement", "vulnerability", Names(WEAK)),
    ("TimelineEvent", "asset", Ours(WRITTEN)),
    ("TimelineEvent", "command_line", Ours(WRITTEN)),
    ("TimelineEvent", "name", Ours(WRITTEN)),
    ("TimelineEvent", "parent", Ours(WRITTEN)),
    ("TimelineEvent", "remote_addresses", Ours(WRITTEN)),
    ("TimelineEvent", "source", Ours(WRITTEN)),
    ("TimelineEvent", "title", Ours(WRITTEN)),
    ("TimelineEvent", "user", Ours(WRITTEN)),
    ("TimelineProcess", "asset", Ours(WRITTEN)),
    ("TimelineProcess", "command_line", Ours(WRITTEN)),
    ("TimelineProcess", "name", Ours(WRITTEN)),
    ("TimelineProcess", "user", Ours(WRITTEN)),
    ("Tool", "format", Word("the id of the source that read it")),
    ("Tool", "product", Word("the tool's short name")),
    ("Verification", "detail", Ours("what a program on this machine said")),
    ("Verification", "tool", Ours("what a program on this machine said")),
    ("Verification", "version", Ours("what a program on this machine said")),
    ("Vulnerability", "aliases", Names(WEAK)),
    ("Vulnerability", "cvss_vector", Held),
    ("Vulnerability", "fixed_version", Held),
    ("Vulnerability", "id", Names(WEAK)),
    ("Vulnerability", "package", Names(WEAK)),
    ("Vulnerability", "path", Points),
    ("Vulnerability", "purl", Points),
    ("Vulnerability", "version", Names("of which version a statement speaks")),
    ("Written", "task", Ours(MODEL)),
    ("Written", "texts", Ours(MODEL)),
    ("WrittenFix", "after", Ours("a model's, held to the proof and to what its fault speaks of")),
    ("WrittenFix", "before", Ours("the block as the file has it")),
    ("WrittenFix", "task", Ours(WRITTEN)),
    ("WrittenPart", "choice", Ours(MODEL)),
    ("WrittenPart", "name", Ours(MODEL)),
    ("WrittenPart", "title", Ours(MODEL)),
];

/// What may depend on a field.
#[must_use]
pub fn treated(of: &str, field: &str) -> Option<Treated> {
    FIELDS.iter().find(|(one, name, _)| *one == of && *name == field).map(|(_, _, how)| *how)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }

    /// The fields that hold text, as `Struct.field`, told from the lines of a file.
    fn texts(source: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut of: Option<String> = None;
        for line in source.lines().take_while(|line| *line != "mod tests {") {
            let words =
                line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let head = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
            if let Some(head) = head.filter(|_| !line.starts_with(' ')) {
                let name: String = head.chars().take_while(|c| c.is_alphanumeric()).collect();
                of = line.ends_with('{').then_some(name);
            }
            if line.starts_with('}') {
                of = None;
            }
            let Some((name, kind)) = words.split_once(": ") else { continue };
            let is_name =
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let is_text =
                ["Untrusted", "String", "Cow<", "str"].iter().any(|text| kind.contains(text));
            if let Some(of) = of.as_ref().filter(|_| is_name && is_text && kind.ends_with(',')) {
                found.insert((of.clone(), name.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_text_of_the_model_is_listed_and_nothing_else_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        // What a record says beside an id; its parts stand in the id.
        let private = ["Hints"];
        let mut model: BTreeSet<(String, String)> = BTreeSet::new();
        for file in files.iter().filter(|file| !file.to_string_lossy().contains("tests")) {
            model.extend(texts(&fs::read_to_string(file).unwrap()));
        }
        model.retain(|(of, _)| !private.contains(&of.as_str()));
        let listed: BTreeSet<(String, String)> =
            FIELDS.iter().map(|(of, field, _)| ((*of).to_owned(), (*field).to_owned())).collect();
        let new: Vec<_> = model.difference(&listed).collect();
        assert!(new.is_empty(), "say in `FIELDS` what may depend on {new:?}");
        let gone: Vec<_> = listed.difference(&model).collect();
        assert!(gone.is_empty(), "the model has no {gone:?}");
        assert_eq!(listed.len(), FIELDS.len(), "a field is listed twice");
    }

    #[test]
    fn a_new_text_is_seen() {
        let source = "pub struct New {\n    /// Doc.\n    pub words: Option<Untrusted>,\n    pub count: u32,\n}\n";
        let found = texts(source);
        assert_eq!(found.len(), 1);
        assert!(found.contains(&("New".to_owned(), "words".to_owned())));
    }
}
