//! One call: what leaves, and what stays of what comes back.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, context};
use quell_explain::guard::{self, Facts, Kept, Reason, Sentence};
use quell_mask::{Known, Masker, Piece};
use quell_model::{Claim, Untrusted};
use serde_json::{Map, Value};

use crate::cited::{Cited, sentences};
use crate::task::{Part, Shape, Task, TaskError};
use crate::written::{by_rules, rules, says_something};
use crate::{Audience, Brief, By, Class, Dropped, Grants, Record, Why, Written, WrittenPart};

/// What the masker is told before a version.
const VERSION: &str = "version ";
/// What stands where a value was cut.
const CUT: &str = " [cut]";

/// A call that is ready to be made.
#[derive(Debug)]
pub struct Call<'a> {
    task: &'a Task,
    brief: &'a Brief<'a>,
    audience: Audience,
    grants: Grants,
    instructions: String,
    input: String,
    masker: Masker,
    facts: Facts,
    /// What a record is called in this call → what it is known as.
    ids: BTreeMap<String, String>,
}

impl<'a> Call<'a> {
    /// Puts together what leaves: the fields that the task may read, masked.
    ///
    /// # Errors
    /// When the task's words cannot be filled in, which a test excludes.
    pub fn new(
        task: &'a Task,
        brief: &'a Brief<'a>,
        audience: Audience,
        grants: Grants,
    ) -> Result<Self, TaskError> {
        let instructions = instructions(task, audience, true)?;
        let told = brief.records.iter().filter_map(|record| allowed(task, record, grants));
        let told: Vec<Record> = told.take(task.most_records).collect();
        let mut masker = Masker::new(names(&told, brief), grants.mask);
        let mut facts = Facts::default();
        let (mut ids, mut records) = (BTreeMap::new(), Map::new());
        let mut room = task.most_input_bytes;
        for record in told {
            let id = format!("r{}", ids.len() + 1);
            let value = masked(&record, task.most_field_bytes, &mut masker);
            let text = value.to_string();
            let called = format!("{id} {}", record.kind);
            let Some(left) = room.checked_sub(called.len() + text.len()) else { break };
            room = left;
            facts.record(&id, &text);
            ids.insert(id, record.id);
            records.insert(called, value);
        }
        let mut input = Map::new();
        if !brief.figures.is_empty() {
            let figures = brief.figures.iter();
            let figures: Map<String, Value> = figures
                .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
                .collect();
            let figures = Value::Object(figures);
            facts.common(&figures.to_string());
            input.insert("figures".to_owned(), figures);
        }
        brief.controls.iter().for_each(|control| facts.control(control));
        brief.steps.iter().for_each(|steps| facts.steps(steps));
        input.append(&mut records);
        let input = Value::Object(input).to_string();
        Ok(Self { task, brief, audience, grants, instructions, input, masker, facts, ids })
    }

    /// The task.
    #[must_use]
    pub const fn task(&self) -> &'a Task {
        self.task
    }

    /// Our own words.
    #[must_use]
    pub fn instructions(&self) -> &str {
        &self.instructions
    }

    /// The facts, masked: nothing else of any record leaves. Each stands under its id in this call
    /// and its kind, as `r1 issue`.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The task's words without those of the guard.
    ///
    /// # Errors
    /// When they cannot be filled in, which a test excludes.
    pub(crate) fn unguarded(&self) -> Result<String, TaskError> {
        instructions(self.task, self.audience, false)
    }

    /// A text of an answer with what its placeholders stand for.
    pub(crate) fn open(&self, text: &str) -> String {
        let part = |piece| match piece {
            Piece::Words(words) | Piece::Data(_, words) | Piece::Invented(words) => words,
            Piece::Kept(kind) => format!("[{}]", kind.word()),
        };
        self.masker.pieces(text).into_iter().map(part).collect()
    }

    /// The records that are told, with the fields that are, as they stand.
    pub(crate) fn told(&self) -> impl Iterator<Item = Record> {
        let is_told = |record: &&Record| self.ids.values().any(|id| *id == record.id);
        let told = self.brief.records.iter().filter(is_told);
        told.filter_map(|record| allowed(self.task, record, self.grants))
    }

    /// The figures that are told.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.brief.figures.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The shape of the answer.
    #[must_use]
    pub const fn schema(&self) -> &'a Value {
        &self.task.schema
    }

    /// How many values of each kind were masked.
    #[must_use]
    pub fn masked(&self) -> Vec<(quell_mask::Kind, usize)> {
        self.masker.counts()
    }

    /// What the answer follows from, but for the model: the task and the masked facts.
    #[must_use]
    pub fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let version = self.task.version.to_string();
        let mask = quell_mask::VERSION.to_string();
        let schema = self.task.schema.to_string();
        for text in [&self.task.id, &version, &mask, &schema, &self.instructions, &self.input] {
            hasher.update(&text.len().to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize()
    }

    /// What the rules say, and why they do.
    #[must_use]
    pub fn by_rules(&self, why: Why) -> Written {
        by_rules(self.task, self.brief, why)
    }

    /// Judges an answer that has the shape that was asked for.
    #[must_use]
    pub fn judge(&self, answer: &Value) -> Written {
        let mut judged = Judged::default();
        let mut parts: Vec<WrittenPart> = self
            .task
            .parts
            .iter()
            .filter_map(|part| self.part(part, answer, &mut judged))
            .collect();
        let by_model = judged.kept > 0 || !judged.texts.is_empty();
        let failed = !by_model || judged.dropped.len() > judged.kept || judged.texts_failed;
        if failed {
            let mut written = self.by_rules(Why::Guard);
            written.dropped = judged.dropped;
            return written;
        }
        self.settle(&mut parts);
        parts.retain(says_something);
        Written {
            task: self.task.id.clone(),
            version: self.task.version,
            by: By::Model,
            instead_of: None,
            parts,
            texts: judged.texts,
            dropped: judged.dropped,
        }
    }

    /// A word that speaks of another part is the rules' where that part is.
    fn settle(&self, parts: &mut [WrittenPart]) {
        for part in &self.task.parts {
            let Some(of) = &part.of else { continue };
            let by_rules = parts.iter().any(|one| one.name == *of && one.by == By::Rules);
            if let Some(one) = parts.iter_mut().find(|one| one.name == part.name && by_rules) {
                *one = rules(part, self.brief);
            }
        }
    }

    fn part(&self, part: &Part, answer: &Value, judged: &mut Judged) -> Option<WrittenPart> {
        let value = answer.get(&part.name);
        match &part.shape {
            Shape::Sentences => Some(self.sentences(part, value, judged)),
            Shape::Choice(words) => {
                let choice = value.and_then(Value::as_str)?;
                let choice = words.iter().find(|word| *word == choice)?.clone();
                let (name, title) = (part.name.clone(), part.title.clone());
                let choice = Some(choice);
                Some(WrittenPart { name, title, by: By::Model, sentences: Vec::new(), choice })
            }
            Shape::Text => {
                match value.and_then(Value::as_str).and_then(|text| self.restored(text)) {
                    Some(text) => judged.texts.push((part.name.clone(), Untrusted::from(text))),
                    None => judged.texts_failed = true,
                }
                None
            }
        }
    }

    fn sentences(&self, part: &Part, value: Option<&Value>, judged: &mut Judged) -> WrittenPart {
        let given = value.map(sentences).unwrap_or_default();
        let given: Vec<Sentence> = given.into_iter().map(|one| self.sentence(one)).collect();
        let result = guard::judge(&given, &self.facts);
        let mut kept = result.kept;
        for (text, reason) in result.dropped {
            judged.drop(part, text, &reason);
        }
        for Kept { text, .. } in kept.split_off(part.most.min(kept.len())) {
            judged.drop(part, text, &Reason::TooMany);
        }
        if kept.len() < part.least {
            for Kept { text, .. } in kept {
                judged.drop(part, text, &Reason::Size);
            }
            return rules(part, self.brief);
        }
        judged.kept += kept.len();
        let (name, title) = (part.name.clone(), part.title.clone());
        let sentences = kept.into_iter().map(|kept| self.claim(kept)).collect();
        WrittenPart { name, title, by: By::Model, sentences, choice: None }
    }

    fn sentence(&self, (text, evidence): Cited) -> Sentence {
        let parts = self.masker.pieces(&text).into_iter().map(|piece| match piece {
            Piece::Words(words) => guard::Part::Words(words),
            Piece::Data(_, value) => guard::Part::Data(Untrusted::from(value)),
            Piece::Kept(kind) => guard::Part::Data(Untrusted::from(format!("[{}]", kind.word()))),
            Piece::Invented(name) => guard::Part::Invented(name),
        });
        Sentence { parts: parts.collect(), evidence }
    }

    fn claim(&self, kept: Kept) -> Claim {
        let known = |id: &String| self.ids.get(id).cloned();
        let mut evidence: Vec<String> = kept.evidence.iter().filter_map(known).collect();
        evidence.sort();
        evidence.dedup();
        Claim { text: kept.text, evidence }
    }

    /// A text with what its placeholders stand for; none where one does not come back.
    fn restored(&self, text: &str) -> Option<String> {
        let parts = self.masker.pieces(text).into_iter().map(|piece| match piece {
            Piece::Words(words) => Some(words),
            Piece::Data(_, value) => Some(value),
            Piece::Kept(_) | Piece::Invented(_) => None,
        });
        parts.collect()
    }
}

/// What was judged so far.
#[derive(Debug, Default)]
struct Judged {
    kept: usize,
    dropped: Vec<Dropped>,
    texts: Vec<(String, Untrusted)>,
    /// Whether a text had to be there and was not, or named what does not come back.
    texts_failed: bool,
}

impl Judged {
    fn drop(&mut self, part: &Part, text: Untrusted, reason: &Reason) {
        let detail = match reason {
            Reason::UnknownRecord(what)
            | Reason::Invented(what)
            | Reason::Unresolved(what)
            | Reason::Command(what)
            | Reason::Decides(what) => Some(Untrusted::from(what.as_str()).capped(200)),
            Reason::NoEvidence
            | Reason::Link
            | Reason::Markup
            | Reason::Mention
            | Reason::Hidden
            | Reason::Size
            | Reason::TooMany => None,
        };
        let reason = reason.word().to_owned();
        self.dropped.push(Dropped { part: part.name.clone(), text, reason, detail });
    }
}

/// A task's words for a reader; `guarded` with those that are there because records are a
/// stranger's words and the answer is judged.
fn instructions(task: &Task, audience: Audience, guarded: bool) -> Result<String, TaskError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let wrong = |error: minijinja::Error| TaskError {
        path: format!("{}/instructions.md", task.id),
        why: error.to_string(),
    };
    let parts: BTreeMap<&str, (usize, usize)> =
        task.parts.iter().map(|part| (part.name.as_str(), (part.least, part.most))).collect();
    let values = context! { audience => audience.as_str(), parts => parts, guarded => guarded };
    environment.render_str(&task.template, values).map_err(wrong)
}

/// A record with the fields that a task may read; none where it may read none of them.
fn allowed(task: &Task, record: &Record, grants: Grants) -> Option<Record> {
    let fields = task.fields.get(record.kind.as_ref())?;
    let kept = record.fields.iter().filter(|field| {
        let granted = match field.class {
            Class::Text | Class::Name(..) => true,
            Class::Log => grants.logs,
        };
        granted && fields.iter().any(|name| *name == field.name)
    });
    let fields: Vec<_> = kept.cloned().collect();
    let record = Record { id: record.id.clone(), kind: record.kind.clone(), fields };
    (!record.fields.is_empty()).then_some(record)
}

/// Names that are masked wherever they stand.
fn names(told: &[Record], brief: &Brief<'_>) -> Vec<Known> {
    let fields = told.iter().flat_map(|record| &record.fields);
    let own = fields.filter_map(|field| match &field.class {
        Class::Name(kind, about) => {
            Some(Known { value: field.value.clone(), kind: *kind, about: about.clone() })
        }
        Class::Text | Class::Log => None,
    });
    own.chain(brief.names.iter().cloned()).collect()
}

fn masked(record: &Record, most: usize, masker: &mut Masker) -> Value {
    let mut value = Map::new();
    for field in &record.fields {
        let masked = match &field.class {
            Class::Name(kind, about) => masker.value(&Known {
                value: field.value.clone(),
                kind: *kind,
                about: about.clone(),
            }),
            Class::Text | Class::Log if is_version(&field.name) => {
                masker.mask(&format!("{VERSION}{}", field.value))
            }
            Class::Text | Class::Log => masker.mask(&field.value),
        };
        let masked = masked.as_str();
        // Four numbers with points between them are an address, unless something says otherwise.
        let masked = masked.strip_prefix(VERSION).unwrap_or(masked);
        // Cut after masking: half a secret is none that is found.
        value.insert(field.name.to_string(), Value::from(cut(masked, most)));
    }
    Value::Object(value)
}

fn is_version(name: &str) -> bool {
    matches!(name, "version" | "fixed_in")
}

fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut head = text.get(..end).unwrap_or_default().to_owned();
    // A placeholder that is cut in half would read as words.
    if let Some(open) =
        head.rfind('<').filter(|at| !head.get(*at..).unwrap_or_default().contains('>'))
    {
        head.truncate(open);
    }
    head + CUT
}
