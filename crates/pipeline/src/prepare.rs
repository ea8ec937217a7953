//! From a normalized record to rows ready to be written. Runs on the parser threads.

use quell_catalog::{Catalog, Control, Intel};
use quell_correlate::{Member, identify};
use quell_model::{
    Activity, Asset, ContextMapping, Evidence, Exploited, Finding, FindingKey, IssueKey, KeyHasher,
    Label, Record, Relation, Scope, Severity, Statement, StatementKey, Status, Teller, Timestamp,
    Tool,
};
use quell_owners::Owners;
use quell_store::{
    Added, Block, BlockBuilder, Brief, Packed, PreparedEvidence, PreparedFinding, PreparedOther,
    PreparedRelation, PreparedStatement,
};

use crate::assess::Judgement;

/// What every record is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Knowledge<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) intel: &'a Intel,
    pub(crate) owners: &'a Owners,
    pub(crate) mapping: &'a ContextMapping,
    /// The moment of the run, for what ages.
    pub(crate) now: Timestamp,
}

/// The control that knows a finding's rule.
pub(crate) fn control_of<'a>(catalog: &'a Catalog, finding: &Finding) -> Option<&'a Control> {
    let rule = &finding.rule;
    let ids = std::iter::once(rule.id.as_str()).chain(rule.aliases.iter().map(String::as_str));
    let title = if rule.title.is_empty() { &finding.title } else { &rule.title };
    let product = &finding.tool.product;
    let found = catalog.control_for(product, ids, title.raw(), &finding.asset.id);
    found.map(|(control, _)| control)
}

/// The control that stands for a finding's fault: by the names of its rule, else by what its title
/// says.
pub(crate) fn control_or_words<'a>(catalog: &'a Catalog, finding: &Finding) -> Option<&'a Control> {
    control_of(catalog, finding).or_else(|| {
        let title = quell_correlate::title_to_read(finding)?;
        let kind = &finding.asset.id.kind;
        catalog.control_by_words(&finding.tool.product, title, kind)
    })
}

/// One row to be written.
#[derive(Debug)]
pub(crate) enum Row {
    Finding(Box<FindingRow>),
    Evidence(EvidenceRow),
    Other(OtherRow),
    Relation(RelationRow),
    Statement(StatementRow),
    Exploited(Exploited),
}

#[derive(Debug)]
pub(crate) struct FindingRow {
    pub(crate) key: FindingKey,
    issue: IssueKey,
    control: Option<String>,
    content_hash: i64,
    status: Status,
    severity: Severity,
    tool: String,
    last_seen: Timestamp,
    scope: Option<Scope>,
    body: Added,
    alone: Option<(Brief, Added)>,
    /// The block that is full with this row's bodies.
    pub(crate) closes: Option<Block>,
}

#[derive(Debug)]
pub(crate) struct EvidenceRow {
    key: FindingKey,
    content_hash: i64,
    observed: Timestamp,
    passed: bool,
    scope: Option<Scope>,
    body: Packed,
}

#[derive(Debug)]
pub(crate) struct OtherRow {
    pub(crate) kind: &'static str,
    key: [u8; 16],
    content_hash: i64,
    observed: Timestamp,
    body: Packed,
}

#[derive(Debug)]
pub(crate) struct RelationRow {
    /// What a label says.
    label: Option<String>,
    key: [u8; 16],
    from: [u8; 16],
    to: [u8; 16],
    content_hash: i64,
    observed: Timestamp,
    teller: Option<Teller>,
    body: Packed,
}

#[derive(Debug)]
pub(crate) struct StatementRow {
    key: StatementKey,
    weaknesses: Vec<String>,
    content_hash: i64,
    observed: Timestamp,
    body: Packed,
}

impl Row {
    /// Makes the row of a record. `imported_at` stands in where the record says no time. Bodies
    /// of findings and their issues go into the block.
    pub(crate) fn of(
        record: Record,
        knowledge: Knowledge<'_>,
        imported_at: Timestamp,
        block: &mut BlockBuilder,
    ) -> Result<Self, serde_json::Error> {
        match record {
            Record::Finding(finding) => of_finding(*finding, knowledge, imported_at, block),
            Record::Evidence(evidence) => of_evidence(*evidence, imported_at),
            Record::Asset(mut asset) => {
                knowledge.mapping.apply(&mut asset);
                of_asset(&asset, imported_at)
            }
            Record::Relation(relation) => of_relation((*relation, None), imported_at),
            Record::Activity(activity) => of_activity(&activity, imported_at),
            Record::Statement(statement) => of_statement(&statement, imported_at),
            Record::Exploited(entry) => Ok(Self::Exploited(*entry)),
        }
    }
}

/// Adds what comes of one record of a tool's file.
pub(crate) fn add_rows(
    rows: &mut Vec<Row>,
    record: Record,
    knowledge: Knowledge<'_>,
    (tool, imported_at): (&str, Timestamp),
    (block, tellers): (&mut BlockBuilder, &mut Vec<Teller>),
) -> Result<(), serde_json::Error> {
    if let Record::Asset(asset) = record {
        rows.extend(of_inventory(*asset, tool, knowledge, (imported_at, tellers))?);
    } else {
        rows.push(Row::of(record, knowledge, imported_at, block)?);
    }
    Ok(())
}

fn of_finding(
    mut finding: Finding,
    knowledge: Knowledge<'_>,
    imported_at: Timestamp,
    block: &mut BlockBuilder,
) -> Result<Row, serde_json::Error> {
    knowledge.mapping.apply(&mut finding.asset);
    let last_seen = finding.last_seen.take().unwrap_or(imported_at);
    let control = control_or_words(knowledge.catalog, &finding);
    let identity = identify(&finding, control, knowledge.catalog.words());
    let scope = finding.scope.take();
    let (body, body_hash) = block.write(|to| serde_json::to_writer(to, &finding), content_hash)?;
    let (key, status) = (finding.key(), finding.status);
    finding.last_seen = Some(last_seen);
    let (severity, tool) = (finding.severity, finding.tool.product.clone());
    let member = Member { key, finding, status };
    let by = Judgement { catalog: knowledge.catalog, intel: knowledge.intel, now: knowledge.now };
    let alone = by.of(knowledge.owners, identity.key, &[member], (control, None))?;
    let alone = match alone {
        Some(judged) => {
            let write = |to: &mut Vec<u8>| serde_json::to_writer(to, &judged.issue);
            let (body, ()) = block.write(write, |_| ())?;
            Some((judged.brief, body))
        }
        None => None,
    };
    Ok(Row::Finding(Box::new(FindingRow {
        key,
        issue: identity.key,
        control: control.map(|c| c.id.clone()),
        content_hash: body_hash,
        status,
        severity,
        tool,
        last_seen,
        scope,
        alone,
        body,
        closes: if block.is_full() { block.pack() } else { None },
    })))
}

fn of_evidence(mut evidence: Evidence, imported_at: Timestamp) -> Result<Row, serde_json::Error> {
    let observed = evidence.observed.take().unwrap_or(imported_at);
    let scope = evidence.scope.take();
    let body = serde_json::to_vec(&evidence)?;
    Ok(Row::Evidence(EvidenceRow {
        key: evidence.finding_key(),
        content_hash: content_hash(&body),
        observed,
        passed: evidence.passed,
        scope,
        body: Packed::of(&body),
    }))
}

fn of_asset(asset: &Asset, imported_at: Timestamp) -> Result<Row, serde_json::Error> {
    let body = serde_json::to_vec(asset)?;
    let key = KeyHasher::new("asset").part(asset.id.key());
    Ok(other("asset", &key, imported_at, &body))
}

/// The rows of an inventory's record: the asset, and what is said of it in words. Those are gone
/// once a later record has tags and does not say them; what tells that is noted.
fn of_inventory(
    mut asset: Asset,
    tool: &str,
    knowledge: Knowledge<'_>,
    (imported_at, tellers): (Timestamp, &mut Vec<Teller>),
) -> Result<Vec<Row>, serde_json::Error> {
    knowledge.mapping.apply(&mut asset);
    let mut rows = vec![of_asset(&asset, imported_at)?];
    if asset.id.key().is_empty() {
        return Ok(rows);
    }
    // A tag that Quell put there itself says nothing of the others.
    let is_own = |key: &String| key.strip_prefix(tool).is_some_and(|rest| rest.starts_with(':'));
    let teller = asset.tags.keys().any(|key| !is_own(key)).then(|| {
        let tool = Tool { product: tool.to_owned(), format: tool.to_owned() };
        Teller::new(&tool, &asset.id, "labels")
    });
    for label in Label::of(&asset, &knowledge.owners.tagged(&asset), tool) {
        let Some(mut relation) = label.relation(&asset.id) else { continue };
        relation.teller = teller;
        let text = serde_json::to_string(&label)?;
        rows.push(of_relation((relation, Some(text)), imported_at)?);
    }
    tellers.extend(teller);
    Ok(rows)
}

fn of_activity(activity: &Activity, imported_at: Timestamp) -> Result<Row, serde_json::Error> {
    let body = serde_json::to_vec(&activity)?;
    let key = KeyHasher::new("activity").part(&activity.tool.product).part(&activity.native_id);
    let key = if activity.native_id.is_empty() {
        key.part(&activity.action)
            .part(activity.principal.raw())
            .part(&String::from_utf8_lossy(&body))
    } else {
        key
    };
    Ok(other("activity", &key, activity.time.unwrap_or(imported_at), &body))
}

fn of_relation(
    (mut relation, label): (Relation, Option<String>),
    imported_at: Timestamp,
) -> Result<Row, serde_json::Error> {
    // The time stands in a column, so that a repeat is the same content.
    let seen = relation.seen.take();
    // What a record tells all of is compared with the next one by when both came.
    let observed = seen.filter(|_| relation.teller.is_none()).unwrap_or(imported_at);
    let body = serde_json::to_vec(&relation)?;
    Ok(Row::Relation(RelationRow {
        label,
        key: relation.key(),
        from: Relation::end_of(relation.from.key()),
        to: Relation::end_of(relation.to.key()),
        content_hash: content_hash(&body),
        observed,
        teller: relation.teller,
        body: Packed::of(&body),
    }))
}

fn of_statement(statement: &Statement, imported_at: Timestamp) -> Result<Row, serde_json::Error> {
    let body = serde_json::to_vec(statement)?;
    Ok(Row::Statement(StatementRow {
        key: statement.key(),
        weaknesses: statement.weaknesses().map(|id| id.trim().to_ascii_uppercase()).collect(),
        content_hash: content_hash(&body),
        observed: statement.time.unwrap_or(imported_at),
        body: Packed::of(&body),
    }))
}

fn other(kind: &'static str, key: &KeyHasher, observed: Timestamp, body: &[u8]) -> Row {
    let key = *key.finish::<()>().as_bytes();
    let body_hash = content_hash(body);
    Row::Other(OtherRow { kind, key, content_hash: body_hash, observed, body: Packed::of(body) })
}

/// The first eight bytes of BLAKE3, as the number SQLite keeps.
fn content_hash(body: &[u8]) -> i64 {
    let hash = blake3::hash(body);
    let first = hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
    i64::from_le_bytes(first)
}

impl FindingRow {
    pub(crate) fn prepared(&self, offset_bytes: u64) -> PreparedFinding<'_> {
        PreparedFinding {
            key: self.key,
            issue: self.issue,
            control: self.control.as_deref(),
            content_hash: self.content_hash,
            status: self.status,
            severity: self.severity,
            tool: &self.tool,
            last_seen: self.last_seen,
            scope: self.scope.as_ref(),
            offset_bytes,
            body: self.body.as_new(),
            alone: self.alone.as_ref().map(|(brief, body)| (brief, body.as_new())),
        }
    }
}

impl EvidenceRow {
    pub(crate) fn prepared(&self) -> PreparedEvidence<'_> {
        PreparedEvidence {
            key: self.key,
            content_hash: self.content_hash,
            observed: self.observed,
            passed: self.passed,
            scope: self.scope.as_ref(),
            body: &self.body,
        }
    }
}

impl StatementRow {
    pub(crate) fn prepared(&self) -> PreparedStatement<'_> {
        PreparedStatement {
            key: self.key,
            weaknesses: &self.weaknesses,
            content_hash: self.content_hash,
            observed: self.observed,
            body: &self.body,
        }
    }
}

impl RelationRow {
    pub(crate) fn prepared(&self) -> PreparedRelation<'_> {
        PreparedRelation {
            label: self.label.as_deref(),
            key: self.key,
            from: self.from,
            to: self.to,
            content_hash: self.content_hash,
            observed: self.observed,
            teller: self.teller,
            body: &self.body,
        }
    }
}

impl OtherRow {
    pub(crate) fn prepared(&self) -> PreparedOther<'_> {
        PreparedOther {
            key: self.key,
            kind: self.kind,
            content_hash: self.content_hash,
            observed: self.observed,
            body: &self.body,
        }
    }
}
