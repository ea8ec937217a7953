//! The configuration accepts the references that can be resolved, and no others.

#![cfg(unix)]

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_configuration_and_the_resolver_accept_the_same(
        text in "(env|file|vault|aws-sm|x):/?([a-zA-Z0-9_.%#/ @;?*-]|\\.\\./){0,12}(#[a-z #]{0,3})?",
    ) {
        let configured = text.parse::<quell_config::SecretRef>();
        let resolved = text.parse::<quell_secrets::SecretRef>();
        prop_assert_eq!(configured.is_ok(), resolved.is_ok(), "{}", text);
        if let (Ok(configured), Ok(resolved)) = (configured, resolved) {
            prop_assert_eq!(configured.to_string(), resolved.to_string());
        }
    }
}
