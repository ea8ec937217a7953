//! Ports that can be reached from outside.

use quell_model::Rule;

use super::wire::{Finding, Network};
use crate::wire::{Facts, Text};

/// Inspector has one rule for all ports.
pub(super) fn rule() -> Rule {
    Rule { id: "NETWORK_REACHABILITY".to_owned(), ..Rule::default() }
}

/// Whether the path begins at the internet: others begin at a peer or a private network.
pub(super) fn is_from_internet(finding: &Finding<'_>) -> bool {
    let mut steps = finding.network.path.steps.iter();
    let gateway = steps.any(|step| {
        step.component_id.or_empty().starts_with("igw-")
            || step.component_type.or_empty().ends_with("InternetGateway")
    });
    gateway || finding.title.or_empty().contains("Internet Gateway")
}

/// Ports, protocol and the way to them.
pub(super) fn add_facts(facts: &mut Facts, network: &Network<'_>) {
    let ports = match (network.ports.begin.get(), network.ports.end.get()) {
        (Some(begin), Some(end)) if begin != end => format!("{begin}-{end}"),
        (begin, end) => begin.or(end).unwrap_or_default().to_owned(),
    };
    facts.add("ports", &ports);
    facts.add("protocol", network.protocol.or_empty());
    let steps = network.path.steps.iter().take(32);
    let steps =
        steps.filter_map(|s| [&s.component_id, &s.component_type].into_iter().find_map(Text::get));
    facts.add("path", &steps.collect::<Vec<_>>().join(" > "));
}
