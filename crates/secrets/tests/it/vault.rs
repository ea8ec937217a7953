//! Vault: logins, renewals, denials and outages.

use std::sync::Arc;
use std::time::Duration;

use quell_secrets::{SecretError, Secrets, Settings, VaultLogin, VaultSettings};
use quell_testkit::net::VaultDouble;
use serde_json::json;

use crate::{eager, get, reference, secrets, text};

const WIZ: &str = "vault:secret/team/wiz#token";

fn app_role(vault: &VaultDouble, namespace: Option<&str>, settings: Settings) -> Secrets {
    let login = VaultLogin::AppRole {
        mount: "approle".to_owned(),
        role_id: reference("env:ROLE"),
        secret_id: reference("env:SECRET"),
    };
    let namespace = namespace.map(str::to_owned);
    let vault = VaultSettings { address: vault.url(), namespace, login };
    let ids = [("ROLE", VaultDouble::ROLE_ID), ("SECRET", VaultDouble::SECRET_ID)];
    secrets(Settings { vault: Some(vault), ..settings }, &ids)
}

async fn vault(ttl: u64) -> VaultDouble {
    let vault = VaultDouble::start(ttl).await.unwrap();
    vault.put("secret/team/wiz", json!({"token": "v-1", "port": 8443, "list": [1]}));
    vault
}

#[tokio::test]
async fn fields_are_read_under_one_login_and_kept() {
    let vault = vault(3_600).await;
    let secrets = Arc::new(app_role(&vault, None, Settings::default()));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let secrets = Arc::clone(&secrets);
        tasks.spawn(async move { get(&secrets, WIZ).await.map(|s| text(&s).to_owned()) });
    }
    while let Some(value) = tasks.join_next().await {
        assert_eq!(value.unwrap().unwrap(), "v-1");
    }
    assert_eq!((vault.count("login"), vault.count("read")), (1, 1));
    assert_eq!(text(&get(&secrets, "vault:secret/team/wiz#port").await.unwrap()), "8443");
    assert_eq!(vault.count("login"), 1);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() {
    let vault = vault(3_600).await;
    let secrets = app_role(&vault, None, eager());
    get(&secrets, WIZ).await.unwrap();
    vault.revoke_all();
    vault.put("secret/team/wiz", json!({"token": "v-2"}));
    assert_eq!(text(&get(&secrets, WIZ).await.unwrap()), "v-2");
    assert_eq!(vault.count("login"), 2);
}

#[tokio::test]
async fn a_policy_that_denies_costs_no_login() {
    let vault = vault(3_600).await;
    let secrets = app_role(&vault, None, eager());
    get(&secrets, WIZ).await.unwrap();
    let error = get(&secrets, "vault:secret/deny/x#y").await.unwrap_err();
    assert!(matches!(error, SecretError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("policy"), "{error}");
    assert_eq!((vault.count("login"), vault.count("lookup")), (1, 1));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let vault = vault(0).await;
    vault.delete("secret/gone");
    let secrets = app_role(&vault, None, eager());
    for (place, part) in [
        ("vault:secret/team/wiz#none", "no such field"),
        ("vault:secret/team/wiz#list", "holds no text"),
        ("vault:secret/other#x", "no such mount or path"),
        ("vault:secret/gone#x", "newest version was deleted"),
    ] {
        let error = get(&secrets, place).await.unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(place), "{error}");
    }
}

#[tokio::test]
async fn the_last_good_value_serves_through_an_outage_and_not_after_a_no() {
    let vault = vault(3_600).await;
    let secrets = app_role(&vault, None, eager());
    get(&secrets, WIZ).await.unwrap();
    for status in [503, 500, 429, 412] {
        vault.set_failing(Some(status));
        assert_eq!(text(&get(&secrets, WIZ).await.unwrap()), "v-1", "{status}");
        let states = secrets.states();
        assert!(states[0].has_value && states[0].failed.is_some(), "{states:?}");
    }
    let error = get(&secrets, "vault:secret/team/wiz#port").await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }), "{error}");
    vault.set_failing(None);
    vault.put("secret/team/wiz", json!({"token": "v-2"}));
    assert_eq!(text(&get(&secrets, WIZ).await.unwrap()), "v-2");
    let states = secrets.states();
    let wiz = states.iter().find(|state| state.reference == reference(WIZ)).unwrap();
    assert_eq!(wiz.failed, None);
    vault.delete("secret/team/wiz");
    assert!(matches!(get(&secrets, WIZ).await, Err(SecretError::Missing { .. })));
    vault.set_failing(Some(503));
    assert!(get(&secrets, WIZ).await.is_err(), "a deleted value lives on");
}

/// Lets time pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_or_replaced() {
    let vault = vault(2).await;
    let secrets = app_role(&vault, None, eager());
    get(&secrets, WIZ).await.unwrap();
    pass(Duration::from_millis(1_500)).await;
    get(&secrets, WIZ).await.unwrap();
    assert_eq!((vault.count("renew"), vault.count("login")), (1, 1));
    vault.set_renewals_fail(true);
    pass(Duration::from_millis(1_500)).await;
    get(&secrets, WIZ).await.unwrap();
    assert_eq!((vault.count("renew"), vault.count("login")), (2, 2));
}

#[tokio::test]
async fn a_namespace_is_sent_and_a_used_up_secret_id_is_told() {
    let vault = vault(3_600).await;
    vault.set_namespace("team-a");
    assert!(get(&app_role(&vault, None, eager()), WIZ).await.is_err());
    assert_eq!(text(&get(&app_role(&vault, Some("team-a"), eager()), WIZ).await.unwrap()), "v-1");
    vault.set_logins_fail(true);
    let error = get(&app_role(&vault, Some("team-a"), eager()), WIZ).await.unwrap_err();
    assert!(error.to_string().contains("used up"), "{error}");
    assert!(!error.to_string().contains(VaultDouble::SECRET_ID), "{error}");
}

#[tokio::test]
async fn a_token_is_taken_from_its_reference_and_again_when_it_changes() {
    let vault = vault(3_600).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "agent-1\n").unwrap();
    vault.add_token("agent-1");
    let login = VaultLogin::Token(reference(&format!("file:{}", path.display())));
    let settings = VaultSettings { address: vault.url(), namespace: None, login };
    let secrets = secrets(Settings { vault: Some(settings), ..eager() }, &[]);
    assert_eq!(text(&get(&secrets, WIZ).await.unwrap()), "v-1");
    vault.revoke_all();
    std::fs::write(&path, "agent-2\n").unwrap();
    vault.add_token("agent-2");
    vault.put("secret/team/wiz", json!({"token": "v-2"}));
    assert_eq!(text(&get(&secrets, WIZ).await.unwrap()), "v-2");
}

#[tokio::test]
async fn a_login_by_vault_itself_is_refused() {
    let vault = vault(0).await;
    let login = VaultLogin::Token(reference("vault:a/b#c"));
    let settings = VaultSettings { address: vault.url(), namespace: None, login };
    let secrets = secrets(Settings { vault: Some(settings), ..eager() }, &[]);
    assert!(matches!(get(&secrets, WIZ).await, Err(SecretError::Circular(_))));
}
