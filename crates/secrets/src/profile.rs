//! The profile files of AWS's own tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::aws_login::AwsLogin;
use crate::error::SecretError;
use crate::local::{Environment, text_file};
use crate::secret::Secret;
use crate::sts::Role;

/// Ways to a key that need a program or a person, by the setting that names them.
const UNSUPPORTED: [&str; 6] = [
    "credential_process",
    "credential_source",
    "login_session",
    "source_profile",
    "sso_session",
    "sso_start_url",
];

/// What a profile leads to.
pub(crate) enum Profile {
    /// A key.
    Key(AwsLogin),
    /// A role that is taken with a token.
    Role(Role),
}

type Settings = BTreeMap<String, Zeroizing<String>>;

/// The profile that the variables name; nothing where there is none and none is named.
pub(crate) async fn find(environment: &Environment) -> Result<Option<Profile>, SecretError> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
    let name = named.clone().unwrap_or_else(|| "default".to_owned());
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from);
    let file = |said: &str, below: &str| {
        let said = variable(said).map(PathBuf::from);
        said.or_else(|| Some(home.as_ref()?.join(".aws").join(below)))
    };
    let config = file("AWS_CONFIG_FILE", "config");
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let heading = if name == "default" { name.clone() } else { format!("profile {name}") };
    let mut settings = read(config.as_deref(), &heading).await?;
    settings.extend(read(credentials.as_deref(), &name).await?);
    match (of(settings, &name)?, named) {
        (None, Some(name)) => {
            Err(SecretError::Profile { name, why: "it holds no key and no role".to_owned() })
        }
        (found, _) => Ok(found),
    }
}

async fn read(file: Option<&Path>, section: &str) -> Result<Settings, SecretError> {
    let Some(file) = file else { return Ok(Settings::new()) };
    match text_file(file).await {
        Ok(text) => Ok(parse(&text, section)),
        Err(SecretError::NoFile(_)) => Ok(Settings::new()),
        Err(error) => Err(error),
    }
}

/// The settings of one section. Indented lines belong to a setting of their own, and are not
/// looked at.
fn parse(text: &str, section: &str) -> Settings {
    let mut settings = Settings::new();
    let mut inside = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let is_heading = line.starts_with('[');
        if is_heading {
            let name = line.trim_start_matches('[').split(']').next().unwrap_or_default();
            inside = name.split_whitespace().eq(section.split_whitespace());
        }
        let is_set = inside && !is_heading && !line.starts_with(['#', ';', ' ', '\t']);
        if let Some((key, value)) = line.split_once('=').filter(|_| is_set) {
            let value = value.split(" #").next().unwrap_or_default().trim();
            let value = Zeroizing::new(value.to_owned());
            settings.insert(key.trim().to_ascii_lowercase(), value);
        }
    }
    settings
}

fn of(mut settings: Settings, name: &str) -> Result<Option<Profile>, SecretError> {
    let mut take = |key: &str| settings.remove(key).filter(|value| !value.is_empty());
    let secret = |text: Zeroizing<String>| Secret::new(text.as_bytes().to_vec());
    if let (Some(id), Some(key)) = (take("aws_access_key_id"), take("aws_secret_access_key")) {
        let session_token = take("aws_session_token").map(secret);
        let login = AwsLogin { access_key: secret(id), secret_key: secret(key), session_token };
        return Ok(Some(Profile::Key(login)));
    }
    if let (Some(arn), Some(file)) = (take("role_arn"), take("web_identity_token_file")) {
        let session = take("role_session_name").map(|name| name.to_string());
        let token_file = PathBuf::from(file.as_str());
        return Ok(Some(Profile::Role(Role { arn: arn.to_string(), session, token_file })));
    }
    match UNSUPPORTED.iter().find(|key| settings.contains_key(**key)) {
        Some(key) => Err(SecretError::Profile {
            name: name.to_owned(),
            why: format!("it uses `{key}`, which is not followed here"),
        }),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}# of the team\n[default]\naws_access_key_id = KEYID1 # old\n\
        aws_secret_access_key=a/b+c=\n[profile  team]\nregion = eu-west-1\ns3 =\n  role_arn = no\n\
        role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /t\n[sso]\nsso_session = x\n";

    #[test]
    fn a_section_has_its_own_settings() {
        let Ok(Some(Profile::Key(login))) = of(parse(TEXT, "default"), "default") else {
            panic!("the default profile has a key");
        };
        assert!(login.access_key.matches(b"KEYID1") && login.secret_key.matches(b"a/b+c="));
        let Ok(Some(Profile::Role(role))) = of(parse(TEXT, "profile team"), "team") else {
            panic!("the profile has a role");
        };
        assert_eq!((role.arn.as_str(), role.session), ("arn:aws:iam::1:role/r", None));
        assert!(of(parse(TEXT, "other"), "other").is_ok_and(|found| found.is_none()));
        let error = of(parse(TEXT, "sso"), "sso").err().unwrap().to_string();
        assert!(error.contains("sso_session"), "{error}");
    }
}
