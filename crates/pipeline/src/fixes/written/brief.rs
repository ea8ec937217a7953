//! What there is to tell of a fault and the block that it stands in.

use quell_analyst::{Brief, Record};
use quell_catalog::Control;
use quell_mask::Kind;
use quell_model::{Claim, Untrusted};
use quell_remediate::Seen;

use super::{Advice, Opening};

/// Shortest name that is masked: shorter ones stand in too much.
const LEAST_NAME: usize = 4;
/// The fields of its names.
const NAMES: [&str; 3] = ["name", "name_2", "name_3"];

/// The records of a fault, what matters most first.
pub(super) fn of<'c>(control: &'c Control, seen: &Seen, opening: &Opening) -> Brief<'c> {
    let mut records = vec![fault(control, seen), block(seen, &opening.said)];
    if !seen.arguments.is_empty() {
        records.push(
            Record::new(format!("schema:{}", seen.kind), "schema")
                .text("kind", seen.kind.as_str())
                .text("arguments", seen.arguments.as_str())
                .text("blocks", seen.blocks.as_str()),
        );
    }
    records.extend(seen.neighbours.iter().map(|(address, code)| {
        Record::new(format!("block:{address}"), "neighbour")
            .text("address", address.as_str())
            .text("code", code.as_str())
    }));
    records.extend(opening.advice.iter().map(advice));
    let known = control.explain.steps.iter().map(|step| Claim {
        text: Untrusted::from(step.as_str()),
        evidence: vec![format!("control:{}", control.id)],
    });
    Brief {
        records,
        controls: vec![control],
        known: vec![("why", known.collect())],
        ..Brief::default()
    }
}

fn fault(control: &Control, seen: &Seen) -> Record {
    let of = |text: &str| text.replace("{asset}", &seen.address);
    let explain = &control.explain;
    Record::new(format!("control:{}", control.id), "fault")
        .text("title", control.title.as_str())
        .text("what", of(&explain.what))
        .text("why", of(&explain.why))
        .text("do", explain.steps.iter().map(|step| of(step)).collect::<Vec<_>>().join(" "))
        .text("decide", control.decide.as_deref().map(of).unwrap_or_default())
        .text("breaks", of(&explain.breaks))
}

fn block(seen: &Seen, said: &str) -> Record {
    let block = Record::new(format!("block:{}", seen.address), "block")
        .text("language", seen.language)
        .text("file", seen.file.as_str())
        .text("address", seen.address.as_str())
        .text("kind", seen.kind.as_str());
    let own = seen.names.iter().filter(|name| name.len() >= LEAST_NAME);
    let own = own.filter(|name| !seen.address.contains(name.as_str()));
    NAMES
        .into_iter()
        .zip(own)
        .fold(block, |block, (field, name)| {
            block.name(field, name.as_str(), (Kind::Resource, "name"))
        })
        .text("code", seen.code.as_str())
        .text("others", seen.others.join(" "))
        .text("recipe", said)
}

fn advice(advice: &Advice) -> Record {
    Record::new(advice.id.as_str(), "advice")
        .text("tool", advice.tool.as_str())
        .text("title", advice.title.as_str())
        .text("text", advice.text.as_str())
}
