//! A plan as the report of `quell fix`.

use quell_model::Untrusted;
use quell_report::{
    AskReport, FixesReport, NotRead, OfferReport, SCHEMA_VERSION, UnfixedReport, Written,
};

use super::{Ask, FixPlan, Offer, Taken, Unfixed};
use crate::report::fix_report;

/// A plan, and what was written of it, as the report of `quell fix`.
#[must_use]
pub fn fixes_report(plan: &FixPlan, written: Option<Written>) -> FixesReport {
    let unparsed = plan.unparsed.iter().map(|(file, reason)| (file, reason));
    let count = |taken| plan.offers.iter().filter(|offer| offer.taken == taken).count();
    FixesReport {
        schema_version: SCHEMA_VERSION,
        quell_version: env!("CARGO_PKG_VERSION"),
        repository: Untrusted::from(plan.root.display().to_string()),
        made: count(Taken::Made),
        covered: count(Taken::Covered),
        left_out: count(Taken::LeftOut),
        withheld: count(Taken::Withheld),
        fixes: plan.offers.iter().map(offer).collect(),
        unfixed: plan.unfixed.iter().map(unfixed).collect(),
        asks: plan.asks.iter().map(ask).collect(),
        for_model: plan.open,
        files: plan.files.iter().map(|file| Untrusted::from(file.path.as_str())).collect(),
        not_read: plan
            .unread
            .iter()
            .chain(unparsed)
            .map(|(file, reason)| NotRead {
                file: Untrusted::from(file.as_str()),
                reason: Untrusted::from(reason.as_str()),
            })
            .collect(),
        written,
    }
}

fn offer(offer: &Offer) -> OfferReport {
    let taken = match offer.taken {
        Taken::Made => "made",
        Taken::Covered => "covered",
        Taken::LeftOut => "left_out",
        Taken::Withheld => "withheld",
    };
    OfferReport { taken, fix: fix_report(&offer.fix) }
}

fn ask(ask: &Ask) -> AskReport {
    AskReport {
        name: Untrusted::from(ask.name.as_str()),
        what: ask.what.clone(),
        issues: ask.issues,
    }
}

fn unfixed(unfixed: &Unfixed) -> UnfixedReport {
    UnfixedReport {
        issue: unfixed.issue.to_string(),
        title: unfixed.title.clone(),
        asset: Untrusted::from(unfixed.asset.as_str()),
        control: unfixed.control.clone(),
        reason: Untrusted::from(unfixed.reason.as_str()),
        steps: unfixed.steps.clone(),
    }
}
