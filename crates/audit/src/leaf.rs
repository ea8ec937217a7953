//! One record: who did what to what, and what came of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_model::TenantId;
use serde_json::{Map, Value, json};

use crate::action::Action;
use crate::canonical;
use crate::error::AuditError;
use crate::hash::{Hash, hex, sha256};
use crate::personal::{Kept, commit};

/// Longest word that is written as it stands; a longer one is written as its hash.
const MOST_WORD_BYTES: usize = 200;
/// Most things that a record names of a kind; of more it keeps the number and a hash over all.
const MOST_NAMED: usize = 64;
/// Longest leaf: a bundle of C2SP tlog-tiles has two bytes for its length.
pub const MOST_LEAF_BYTES: usize = 65_535;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor: `token`, `user`, `local`, `server`, `job`.
    pub kind: &'static str,
    /// An id that names no person by itself.
    pub id: String,
    /// What it may do, where that is known.
    pub role: Option<String>,
    /// What people call it. It stands beside the tree.
    pub name: Option<String>,
}

impl Actor {
    /// The server itself.
    #[must_use]
    pub fn server() -> Self {
        Self { kind: "server", id: "server".to_owned(), role: None, name: None }
    }

    /// The subject whose personal data is erased together.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}:{}", self.kind, word(&self.id))
    }
}

/// Which side of a change a record stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is about to happen.
    Begun,
    /// It has happened, or has not; `of` names the record of its beginning.
    Ended,
    /// It has happened, and nothing had to be asked first.
    Noted,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Ended => "ended",
            Self::Noted => "noted",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, and nothing changed.
    Refused,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// A record before it is written. Its number is given by the log.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub(crate) time: Timestamp,
    tenant: TenantId,
    actor: Actor,
    on_behalf: Option<Actor>,
    action: Action,
    stage: Stage,
    objects: BTreeMap<&'static str, Vec<String>>,
    words: BTreeMap<&'static str, String>,
    hashes: BTreeMap<&'static str, Vec<Hash>>,
    facts: BTreeMap<&'static str, i64>,
    personal: Vec<(&'static str, String, String)>,
    outcome: Option<Outcome>,
    of: Option<u64>,
}

impl Leaf {
    /// A record of something, by somebody, now.
    #[must_use]
    pub fn new(
        (action, stage): (Action, Stage),
        actor: &Actor,
        tenant: &TenantId,
        time: Timestamp,
    ) -> Self {
        let mut leaf = Self {
            time,
            tenant: tenant.clone(),
            actor: actor.clone(),
            on_behalf: None,
            action,
            stage,
            objects: BTreeMap::new(),
            words: BTreeMap::new(),
            hashes: BTreeMap::new(),
            facts: BTreeMap::new(),
            personal: Vec::new(),
            outcome: None,
            of: None,
        };
        if let Some(name) = &actor.name {
            leaf.personal.push(("actor_name", actor.subject(), name.clone()));
        }
        leaf
    }

    /// What came of what a record said is about to happen: the same, with its outcome.
    #[must_use]
    pub fn ended(&self, of: u64, time: Timestamp, outcome: Outcome) -> Self {
        let mut leaf = Self { stage: Stage::Ended, of: Some(of), time, ..self.clone() };
        // What was said at the beginning is not said again.
        leaf.personal.clear();
        leaf.words.clear();
        leaf.hashes.clear();
        leaf.facts.clear();
        leaf.outcome = Some(outcome);
        leaf
    }

    /// On whose behalf it is done.
    #[must_use]
    pub fn on_behalf(mut self, other: &Actor) -> Self {
        if let Some(name) = &other.name {
            self.personal.push(("on_behalf_name", other.subject(), name.clone()));
        }
        self.on_behalf = Some(other.clone());
        self
    }

    /// What it is done to.
    #[must_use]
    pub fn object(mut self, kind: &'static str, id: &str) -> Self {
        self.objects.entry(kind).or_default().push(word(id));
        self
    }

    /// All that it is done to, of one kind.
    #[must_use]
    pub fn objects<I: AsRef<str>>(
        self,
        kind: &'static str,
        ids: impl IntoIterator<Item = I>,
    ) -> Self {
        ids.into_iter().fold(self, |leaf, id| leaf.object(kind, id.as_ref()))
    }

    /// A hash of evidence.
    #[must_use]
    pub fn evidence(self, hash: Hash) -> Self {
        self.hash("evidence", hash)
    }

    /// The model that had a part, and the hash of what it was asked.
    #[must_use]
    pub fn model(self, name: &str, prompt: Hash) -> Self {
        self.word("model", name).hash("prompt", prompt)
    }

    /// What was decided.
    #[must_use]
    pub fn decision(self, text: &str) -> Self {
        self.word("decision", text)
    }

    /// The hash of the change.
    #[must_use]
    pub fn diff(self, hash: Hash) -> Self {
        self.hash("diff", hash)
    }

    /// The approval that it rests on.
    #[must_use]
    pub fn approval(self, id: &str) -> Self {
        self.word("approval", id)
    }

    /// Why. Free text may say anything of anybody, so it stands beside the tree.
    #[must_use]
    pub fn rationale(self, text: &str) -> Self {
        self.beside("rationale", text)
    }

    /// Text that stands beside the tree and can be erased with its actor's.
    #[must_use]
    pub fn beside(mut self, field: &'static str, text: &str) -> Self {
        // A record commits to each field once.
        match self.personal.iter_mut().find(|(known, ..)| *known == field) {
            Some((_, _, known)) => {
                known.push('\n');
                known.push_str(text);
            }
            None => self.personal.push((field, self.actor.subject(), text.to_owned())),
        }
        self
    }

    /// A short word; what is none is written as its hash.
    #[must_use]
    pub fn word(mut self, field: &'static str, text: &str) -> Self {
        self.words.insert(field, word(text));
        self
    }

    /// A number.
    #[must_use]
    pub fn fact(mut self, field: &'static str, number: i64) -> Self {
        self.facts.insert(field, number);
        self
    }

    /// A hash of something.
    #[must_use]
    pub fn hash(mut self, field: &'static str, hash: Hash) -> Self {
        self.hashes.entry(field).or_default().push(hash);
        self
    }

    /// What came of it.
    #[must_use]
    pub const fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Whose log it belongs into.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The bytes of the leaf at its place, and what stands beside the tree for it.
    pub(crate) fn write(
        &self,
        (index, clock_back): (u64, bool),
        salt: &mut dyn FnMut() -> Result<[u8; 32], AuditError>,
    ) -> Result<(Vec<u8>, Vec<Kept>), AuditError> {
        let mut members = self.members(index, clock_back);
        let mut kept = Vec::new();
        let mut commitments = Map::new();
        for (field, subject, value) in &self.personal {
            let salt = salt()?;
            commitments
                .insert((*field).to_owned(), hex(&commit(&salt, (field, subject), value)).into());
            kept.push(Kept {
                index,
                field: (*field).to_owned(),
                subject: subject.clone(),
                salt,
                value: value.clone(),
            });
        }
        if !commitments.is_empty() {
            members.insert("personal".to_owned(), Value::Object(commitments));
        }
        let mut bytes = Vec::with_capacity(512);
        canonical::write(&Value::Object(members), &mut bytes);
        if bytes.len() > MOST_LEAF_BYTES {
            return Err(AuditError::TooLong(bytes.len()));
        }
        Ok((bytes, kept))
    }

    fn members(&self, index: u64, clock_back: bool) -> Map<String, Value> {
        let time = self.time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("v", json!(1));
        put("index", index.into());
        put("time", time.into());
        put("tenant", self.tenant.as_str().into());
        put("actor", actor(&self.actor));
        put("action", self.action.as_str().into());
        put("stage", self.stage.as_str().into());
        if clock_back {
            put("clock", "back".into());
        }
        if let Some(other) = &self.on_behalf {
            put("on_behalf", actor(other));
        }
        if let Some(outcome) = self.outcome {
            put("outcome", outcome.as_str().into());
        }
        if let Some(of) = self.of {
            put("of", of.into());
        }
        if !self.objects.is_empty() {
            put("objects", self.objects.iter().map(named).collect::<Map<_, _>>().into());
        }
        if !self.facts.is_empty() {
            let facts = self.facts.iter().map(|(name, fact)| ((*name).to_owned(), safe(*fact)));
            put("facts", facts.collect::<Map<_, _>>().into());
        }
        for (name, text) in &self.words {
            put(name, text.as_str().into());
        }
        for (name, hashes) in &self.hashes {
            let texts = hashes.iter().map(|hash| hex(hash)).collect();
            put(name, named((name, &texts)).1);
        }
        members
    }
}

fn actor(actor: &Actor) -> Value {
    let mut members = Map::new();
    members.insert("kind".to_owned(), actor.kind.into());
    members.insert("id".to_owned(), word(&actor.id).into());
    if let Some(role) = &actor.role {
        members.insert("role".to_owned(), word(role).into());
    }
    Value::Object(members)
}

/// A list of names; a long one by its beginning, its length and a hash over all of it.
fn named((name, texts): (&&'static str, &Vec<String>)) -> (String, Value) {
    let shown: Vec<Value> = texts.iter().take(MOST_NAMED).map(|id| id.as_str().into()).collect();
    let value = if texts.len() > MOST_NAMED {
        let all = hex(&sha256(texts.join("\n").as_bytes()));
        json!({"first": shown, "count": texts.len(), "sha256": all})
    } else {
        Value::Array(shown)
    };
    ((*name).to_owned(), value)
}

/// A number that every reader of JSON reads as it is (RFC 8785 writes doubles).
fn safe(number: i64) -> Value {
    const MOST: i64 = 1 << 53;
    if (-MOST..=MOST).contains(&number) { number.into() } else { number.to_string().into() }
}

/// Text as it stands where it is a short plain word, else its hash: what an attacker chose can
/// then neither fill the log nor steer a terminal that shows it.
fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\' && b != b'<' && b != b'>';
    if !text.is_empty() && text.len() <= MOST_WORD_BYTES && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("sha256:{}", hex(&sha256(text.as_bytes())))
}
