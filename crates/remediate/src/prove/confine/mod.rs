//! A change that a model wrote stays with the fault: it touches what the control speaks of, and
//! brings in nothing that runs, nobody who may do something, and nothing from elsewhere.
//!
//! What is not shown to be so withholds the change. That loses good changes; a person makes them.

mod aims;
mod foreign;
mod leaves;
mod lines;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use quell_catalog::Language;

use super::narrow::compares;
use super::{Finding, Patch, Trial, failed};
use crate::code::{Code, Place};
use crate::{Config, Workspace};

use aims::{Aims, statements};
use leaves::Leaf;

/// Names of what runs, or is fetched to be run.
const RUNS: &[&str] = &[
    "args",
    "buildspec",
    "command",
    "commands",
    "custom_data",
    "definition",
    "entrypoint",
    "environment",
    "env",
    "envfrom",
    "exec",
    "filename",
    "handler",
    "image",
    "image_id",
    "image_uri",
    "init_script",
    "inline_code",
    "layers",
    "lifecycle",
    "metadata_startup_script",
    "post_start",
    "run",
    "runtime",
    "s3_bucket",
    "s3_key",
    "script",
    "scripts",
    "source",
    "source_code",
    "startup_script",
    "user_data",
    "user_data_base64",
    "uses",
    "with",
];

/// Names of who may do something, and what.
const RIGHTS: &[&str] = &[
    "access_policies",
    "access_policy",
    "actions",
    "admin",
    "assume_role_policy",
    "email",
    "execution_role_arn",
    "iam_instance_profile",
    "iam_member",
    "iam_role",
    "identifiers",
    "inline_policy",
    "login_username",
    "managed_policy_arns",
    "member",
    "members",
    "object_id",
    "permissions_boundary",
    "policy",
    "policy_arn",
    "policy_arns",
    "policy_document",
    "principal",
    "principal_id",
    "principals",
    "role",
    "role_arn",
    "role_definition_id",
    "role_definition_name",
    "roleref",
    "scopes",
    "service_account",
    "service_account_email",
    "serviceaccountname",
    "special_group",
    "subjects",
    "task_role_arn",
];

/// Lists of which a whole element may go where it is what is wrong.
const MAY_GO: &[&str] = &[
    "access",
    "access_config",
    "authorized_networks",
    "cidr_blocks",
    "egress",
    "ingress",
    "recovery_mechanism",
    "rules",
    "run",
    "variables",
    "volumes",
];

/// Names in a policy that say no right of their own.
const FRAME: &[&str] = &["Effect", "Id", "Sid", "Version", "effect", "policy_id", "sid", "version"];

/// Whether the change stays with the fault.
pub(super) fn confined(trial: &Trial<'_>, after: &dyn Code, patch: &Patch) -> Finding {
    let language = Workspace::language_of(&trial.place.file);
    let (Some(old), Some(new), Some(language)) =
        (block(trial.code, trial.place), block(after, trial.place), language)
    else {
        return failed("the block is gone");
    };
    let judged = lines::judge((old, new), language, patch)
        .and_then(|()| values(trial, after, (old, language)));
    match judged {
        Ok(()) => Ok("what a model wrote touches only what the control speaks of; nothing in it \
                      runs, names a new caller or comes from elsewhere"
            .into()),
        Err(why) => failed(why),
    }
}

fn block<'c>(code: &'c dyn Code, place: &Place) -> Option<&'c str> {
    code.text(&place.file)?.get(code.span(place)?)
}

/// Judges the values that went, and those that came.
fn values(
    trial: &Trial<'_>,
    after: &dyn Code,
    (text, language): (&str, Language),
) -> Result<(), String> {
    let [old, new] = [trial.code, after].map(|code| code.raw(trial.place).without_parts());
    let mut known = trial.code.opaque(trial.place);
    for expression in after.opaque(trial.place) {
        let at = known.iter().position(|one| *one == expression);
        let at = at.ok_or("an expression is new, whose value the files do not give")?;
        known.swap_remove(at);
    }
    let aims = Aims::of(trial.checks, language);
    let free = aims.elements(trial.evaluator, &old, &new)?;
    let moved = leaves::moved(&old, &new)?;
    let kind = trial.code.kind(trial.place).unwrap_or_default();
    let compared = |leaf: &Leaf| compares(&kind, leaf.root(), &old);
    let rights = moved.gone.iter().chain(&moved.come).filter(|leaf| compared(leaf));
    for leaf in rights {
        if FRAME.contains(&leaf.name()) {
            return Err(format!("`{}` changed, and is no right", leaf.path));
        }
        statements(&old, &new, leaf.root())?;
    }
    for leaf in moved.gone.iter().filter(|leaf| !compared(leaf) && !free.contains(leaf)) {
        went(leaf, &aims, (trial, &old))?;
    }
    let is_known = trial.code.arguments(trial.place, &BTreeSet::new()).is_some();
    for leaf in &moved.come {
        let value = leaf.value.as_text();
        if compared(leaf) {
            value.map_or(Ok(()), |value| foreign::judge_right(leaf.name(), value))?;
            continue;
        }
        arrived(leaf, &aims, (&old, language))?;
        if is_new_text(leaf, &moved.gone) {
            return Err(format!("`{}` is a text, and was none", leaf.path));
        }
        // Where nobody knows the arguments of a kind, only those that the control names may come.
        if !is_known && !aims.speaks_of(&leaf.path) && language == Language::Terraform {
            return Err(format!("`{}` is new, and may be no argument of `{kind}`", leaf.path));
        }
        let mut before = moved.gone.iter().filter(|one| one.path == leaf.path).peekable();
        if before.peek().is_none() && aims.is_part_of_what_stood(&leaf.path, &old) {
            return Err(format!("`{}` is new beside what was there", leaf.path));
        }
        if let Some(value) = value {
            foreign::judge(value, text, before.filter_map(|one| one.value.as_text()))
                .map_err(|why| format!("`{}`: {why}", leaf.path))?;
        }
    }
    Ok(())
}

/// Whether a text came where only truths and numbers went: what reads it as false may read it
/// otherwise elsewhere, and a text can say anything.
fn is_new_text(leaf: &Leaf, gone: &[Leaf]) -> bool {
    let mut before = gone.iter().filter(|one| one.path == leaf.path).peekable();
    matches!(leaf.value, Config::Text(_))
        && before.peek().is_some()
        && before.all(|one| matches!(one.value, Config::Bool(_) | Config::Number(_)))
}

/// Whether a value may go.
fn went(leaf: &Leaf, aims: &Aims<'_>, (trial, old): (&Trial<'_>, &Config)) -> Result<(), String> {
    // What a layer installs is told from its commands, which are judged one by one.
    if aims.language == Language::Dockerfile && leaf.root() == "layers" {
        return Ok(());
    }
    let in_workflow = aims.language == Language::GithubActions;
    let of_rights = leaf.path.split('.').any(|part| part == "permissions");
    if !aims.speaks_of(&leaf.path) || in_workflow && !of_rights {
        return Err(format!(
            "`{}` changed or went, of which the control does not speak",
            leaf.path
        ));
    }
    if aims.holds_alone(trial.evaluator, leaf, old) {
        return Err(format!("a part of `{}` went that was not at fault", leaf.path));
    }
    Ok(())
}

/// Whether a new value may stand where it does.
fn arrived(
    leaf: &Leaf,
    aims: &Aims<'_>,
    (old, language): (&Config, Language),
) -> Result<(), String> {
    if matches!(leaf.value, Config::Partly(_) | Config::Unknown) {
        return Err(format!("`{}` has a value that the files do not give", leaf.path));
    }
    let named = |names: &[&str]| {
        leaf.path.split('.').any(|part| names.contains(&part.to_ascii_lowercase().as_str()))
    };
    if named(RUNS) {
        return Err(format!("`{}` is something that runs, and is new", leaf.path));
    }
    let plain = matches!(leaf.value, Config::Bool(_) | Config::Number(_));
    let less = matches!(&leaf.value, Config::Text(text) if text == "read" || text == "none");
    if named(RIGHTS) && !plain {
        return Err(format!("`{}` says who may do something, and is new", leaf.path));
    }
    if language == Language::GithubActions {
        let rights = leaf.path.split('.').any(|part| part == "permissions");
        return match rights && less {
            true => Ok(()),
            false => Err(format!("`{}` is new in a workflow", leaf.path)),
        };
    }
    if aims.speaks_of(&leaf.path)
        || language == Language::Terraform && aims.may_add(&leaf.path, old)
    {
        return Ok(());
    }
    Err(format!("`{}` is new, and the control does not speak of it", leaf.path))
}
