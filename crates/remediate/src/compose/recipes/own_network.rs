//! Gives a service a network of its own instead of the host's.
//!
//! # What it changes
//! `network_mode` goes away.
//!
//! # When it is withheld
//! The service publishes no port: then nobody but a person knows which must still be reached.

use super::{Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "own_network", plan };

fn plan(request: &Request<'_>) -> Result<Vec<Edit>, String> {
    if request.service.get("network_mode").is_none() {
        return Ok(Vec::new());
    }
    if request.service.get("ports").is_none() {
        return Err("the service is reached through the host's network: a person must say which \
                    ports it publishes instead"
            .into());
    }
    Ok(vec![Edit::Remove(request.below([Step::from("network_mode")]))])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    #[test]
    fn ports_that_are_named_are_enough() {
        let fix = "recipe = 'own_network'";
        check(
            fix,
            "services:\n  web:\n    network_mode: host\n    ports: [\"80:80\"]\n",
            "services:\n  web:\n    ports: [\"80:80\"]\n",
        );
        refuse(fix, "services:\n  web:\n    network_mode: host\n", "which ports");
    }
}
