//! How long a decision takes with 50 policies, from the question to the verdict. `cargo xtask
//! bench-access` runs it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::{Duration, Instant};

use quell_access::{
    Access, OwnPolicy, Place, PolicyFault, Principal, PrincipalKind, Resource, Right, Role, Scope,
};
use quell_model::TenantId;

/// Policies that are judged, with the built-in ones.
const POLICIES: usize = 50;
/// Rounds of every question, and those that only warm up.
const ROUNDS: usize = 2_000;
const WARM: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let built_in = Access::new(&[]).map_err(told)?.count();
    let own: String = (built_in..POLICIES).map(policy).collect();
    let access =
        Access::new(&[OwnPolicy { path: "own.cedar".to_owned(), text: own }]).map_err(told)?;
    let tenant = TenantId::default();
    let scope = Scope::parse(["account=111122223333", "environment=production", "team=shop"])?;
    let place = Place {
        provider: "aws".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        kind: "s3.bucket".to_owned(),
        team: "shop".to_owned(),
        environments: BTreeSet::from(["production".to_owned()]),
        tags: BTreeSet::from(["app=shop".to_owned()]),
    };
    let who = |role| Principal {
        kind: PrincipalKind::User,
        id: "ana".to_owned(),
        tenant: tenant.clone(),
        roles: BTreeSet::from([role]),
        groups: BTreeSet::from(["web".to_owned()]),
        scope: scope.clone(),
    };
    let all: Vec<Principal> = Role::ALL.into_iter().map(who).collect();
    let (mut times, mut allowed) = (Vec::new(), 0_u64);
    for round in 0..ROUNDS + WARM {
        for (who, right) in all.iter().flat_map(|who| [(who, Right::Read), (who, Right::Decide)]) {
            let begun = now();
            let verdict = access.decide(who, right, Resource::Place(&tenant, &place));
            let time = begun.elapsed();
            allowed += u64::from(verdict.allowed);
            if round >= WARM {
                times.push(time);
            }
        }
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    writeln!(
        std::io::stdout(),
        "{} policies, {} decisions, {allowed} allowed: median {:.1} µs, 90 % within {:.1} µs, 99 % within {:.1} µs",
        access.count(),
        times.len(),
        micros(at(50)),
        micros(at(90)),
        micros(at(99)),
    )?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn told(faults: Vec<PolicyFault>) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A policy such as an organisation would write, which lets everything pass that is asked here.
fn policy(number: usize) -> String {
    let scope = match number % 3 {
        0 => "principal".to_owned(),
        1 => format!("principal in Quell::Group::\"group {number}\""),
        _ => "principal in Quell::Group::\"web\"".to_owned(),
    };
    format!(
        "@id(\"own {number}\") forbid ({scope}, action, resource is Quell::Place)\n\
         when {{ resource.account == \"{number}\" || resource.tags.contains(\"frozen={number}\") }};\n"
    )
}
