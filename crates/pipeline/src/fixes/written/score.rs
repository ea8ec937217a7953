//! The scorer `proved`: what an answer to a case comes to when it is proved on the case's code.

use quell_analyst::Written;
use quell_analyst::score::{Case, CaseRecord, Score};
use quell_catalog::{Catalog, Control};
use quell_model::{Answered, Fix, FixState};
use quell_policy::{Policies, PolicyError};
use quell_remediate::{Engine, Place, Workspace};

use super::super::impact::graded;
use super::super::policy::judged;
use super::{FixAdvice, Opening, answer};

/// The code of a case, and the fault in it.
pub(super) struct World<'c> {
    pub(super) engine: Engine<'c>,
    pub(super) policies: Policies,
    pub(super) workspace: Workspace,
    pub(super) control: &'c Control,
    pub(super) opening: Opening,
}

/// Proves an answer to a case of the task `fix` on the case's own code. One that changes nothing
/// is right where the case's own good answer changes nothing either.
///
/// # Errors
/// When the policies that come with Quell cannot be read, which a test excludes.
pub fn score_fix(catalog: &Catalog, case: &Case, written: &Written) -> Result<Score, PolicyError> {
    let result = match World::of(catalog, case)? {
        Some(world) => world.fix(written),
        None => Err("the case has no block, or no control of the catalogue".to_owned()),
    };
    let is_still = case.good.get("before") == case.good.get("after");
    let wrong = match result {
        Ok(_) if !is_still => None,
        Ok(_) => Some("it changes what no change of the block mends".to_owned()),
        Err(why) if is_still && why == answer::NOTHING => None,
        Err(why) => Some(why),
    };
    let (right, wrong) = (u32::from(wrong.is_none()), wrong.into_iter().collect());
    Ok(Score { name: "proved", right, of: 1, wrong })
}

impl<'c> World<'c> {
    /// The code that a case shows.
    pub(super) fn of(catalog: &'c Catalog, case: &Case) -> Result<Option<Self>, PolicyError> {
        let control = case.controls.first().and_then(|id| catalog.control(id));
        let of = |kind: &'static str| case.records.iter().filter(move |one| one.kind == kind);
        let (Some(control), Some(block)) = (control, of("block").next()) else { return Ok(None) };
        let place = Place { file: text(block, "file"), address: text(block, "address") };
        let beside: Vec<&CaseRecord> = of("neighbour").collect();
        let workspace = Workspace::parse([(place.file.clone(), file(block, &beside))]);
        let advice = of("advice").map(|one| FixAdvice {
            id: one.id.clone(),
            tool: text(one, "tool"),
            title: text(one, "title"),
            text: text(one, "text"),
        });
        let opening = Opening {
            control: control.id.clone(),
            place,
            issues: Vec::new(),
            advice: advice.collect(),
            said: text(block, "recipe"),
            instead_of: None,
        };
        let controls: Vec<&Control> = catalog.controls().collect();
        let (engine, policies) = (Engine::new(&controls), Policies::new(Vec::new())?);
        Ok(Some(Self { engine, policies, workspace, control, opening }))
    }

    /// What comes of an answer.
    pub(super) fn fix(&self, written: &Written) -> Result<Fix, String> {
        let place = &self.opening.place;
        let answered = Answered { written: written.clone(), made: None };
        let written = answer::of(answered, place)?;
        let at = (self.control, place);
        let fix = self.engine.written(&self.workspace, at, written, Vec::new());
        let fix = judged(graded(fix, Workspace::language_of(&place.file)), &self.policies);
        match &fix.state {
            FixState::Proved => Ok(fix),
            FixState::Withheld(why) => Err(why.clone()),
        }
    }
}

fn text(record: &CaseRecord, name: &str) -> String {
    let found = record.fields.0.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The file that the records show.
fn file(block: &CaseRecord, beside: &[&CaseRecord]) -> String {
    let code = text(block, "code");
    match text(block, "language").as_str() {
        "Compose" => format!("services:\n  {code}"),
        "Terraform" => {
            let beside = beside.iter().map(|one| {
                let code = text(one, "code");
                match text(one, "address").starts_with("local.") {
                    true => format!("\nlocals {{\n  {code}\n}}\n"),
                    false => format!("\n{code}\n"),
                }
            });
            format!("{code}\n{}", beside.collect::<String>())
        }
        _ => code,
    }
}
