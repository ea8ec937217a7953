//! Language models as the configuration names them: who is asked, with which key, at what price.

mod grants;
mod spend;
mod trial;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_analyst::{Task, Tasks, Tier};
use quell_config::{Config, Llm, SecretRef};
use quell_llm::{
    KeyFuture, Keys, Kind, LlmError, NoKey, Price, Provider, SchemaBy, Settings, connect,
    known_batch_percent, known_price,
};
use quell_model::Clock;
use quell_pipeline::analyst::Model;

use crate::outside::Outside;

pub use grants::{
    LlmGrant, LlmGrantError, LlmGrantKind, LlmGrantPlan, llm_grant_add, llm_grant_list,
    llm_grant_remove,
};
pub(crate) use spend::{MOST_DAYS, SpendWish, spend_report};
pub use spend::{
    SpendLeftReport, SpendLimitReport, SpendReport, SpendUnderWay, SpentBy, SpentRow, spend_limits,
};
pub(crate) use trial::try_it;

/// The provider that a task is given to, where it is switched on.
pub(crate) fn provider_of<'c>(config: &'c Config, task: &Task) -> Option<&'c str> {
    let name = config.analyst.provider(&task.id, task.tier == Tier::Large)?;
    config.llm.get(name).filter(|one| one.enabled).map(|_| name)
}

/// The providers that are switched on, made when the server starts. None means that nothing is
/// ever asked.
#[derive(Debug, Default)]
pub(crate) struct Models {
    all: BTreeMap<String, Arc<dyn Provider>>,
}

impl Models {
    /// All that are switched on; only one, where a name is given.
    pub(crate) fn new(
        config: &Config,
        outside: &Arc<Outside>,
        clock: &Arc<dyn Clock>,
        only: Option<&str>,
    ) -> Result<Self, LlmError> {
        let wanted = |name: &String| only.is_none_or(|only| only == name);
        let on = config.llm.iter().filter(|(name, one)| one.enabled && wanted(name));
        let mut all: BTreeMap<String, Arc<dyn Provider>> = BTreeMap::new();
        for (name, one) in on {
            let client = outside.client_at(None, clock)?;
            let keys: Arc<dyn Keys> = match &one.secret {
                Some(secret) => {
                    Arc::new(Key { outside: Arc::clone(outside), secret: secret.clone() })
                }
                None => Arc::new(NoKey),
            };
            let provider = connect(settings(name, one)?, client, keys)?;
            all.insert(name.clone(), Arc::from(provider));
        }
        Ok(Self { all })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn Provider>)> {
        self.all.iter().map(|(name, provider)| (name.as_str(), provider))
    }
}

/// A key behind a reference, read anew for each call.
struct Key {
    outside: Arc<Outside>,
    secret: SecretRef,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.secret)
    }
}

impl Keys for Key {
    fn read(&self) -> KeyFuture<'_> {
        Box::pin(async {
            let text = self.outside.text(&self.secret).await;
            text.map(Some).map_err(LlmError::Secret)
        })
    }
}

fn settings(name: &str, one: &Llm) -> Result<Settings, LlmError> {
    let shape: Result<SchemaBy, String> = one.shape.parse();
    let schema_by = shape.map_err(|why| LlmError::Setting { name: "shape", why })?;
    let known = Kind::of(&one.kind);
    if known.is_some_and(|kind| kind.needs_key) && one.secret.is_none() {
        return Err(LlmError::Setting { name: "secret", why: "is missing".to_owned() });
    }
    Ok(Settings {
        url: one.url.clone(),
        embedding_model: one.vectors.clone(),
        api_version: one.api_version.clone(),
        schema_by,
        bearer: one.bearer,
        context_tokens: one.context_tokens,
        timeout: Duration::from_secs(one.timeout_seconds),
        ..Settings::new(name, &one.kind, &one.model)
    })
}

/// What tokens cost there: as configured, else as the table knows for the vendor's own address.
fn price(one: &Llm) -> Option<Price> {
    if let (Some(input), Some(output)) = (one.price_input, one.price_output) {
        let cached = one.price_cached.unwrap_or(input).millionths();
        return Some(Price { input: input.millionths(), cached, output: output.millionths() });
    }
    let kind = Kind::of(&one.kind)?;
    if kind.id == "ollama" {
        // It runs on a machine of the user's own.
        return Some(Price::default());
    }
    // Another address may have other prices.
    if one.url.as_deref().is_some_and(|url| Some(url.trim_end_matches('/')) != kind.url) {
        return None;
    }
    known_price(kind.rules_of, &one.model)
}

/// A provider with what its configuration says of its model.
pub(crate) fn model(provider: Arc<dyn Provider>, one: &Llm) -> Model {
    let price = price(one);
    let batch_price = price.map(|price| price.percent(batch_percent(one)));
    Model { provider, model: one.model.clone(), price, batch_price }
}

/// Hundredths of its prices that a call of a batch costs: as configured, else as the table knows
/// where the price is the table's.
fn batch_percent(one: &Llm) -> u8 {
    let known = || match one.price_input {
        None => known_batch_percent(Kind::of(&one.kind)?.rules_of),
        Some(_) => None,
    };
    one.price_batch_percent.or_else(known).unwrap_or(100)
}

/// What is wrong with the providers and with what names them: the key, and why.
#[must_use]
pub fn llm_faults(config: &Config) -> Vec<(String, String)> {
    let settings = config.llm.iter().filter_map(|(name, one)| match settings(name, one) {
        Ok(_) => None,
        Err(LlmError::Setting { name: key, why }) => Some((format!("llm.{name}.{key}"), why)),
        Err(other) => Some((format!("llm.{name}"), other.to_string())),
    });
    let named = config.analyst.named().into_iter().filter_map(|(key, name)| {
        let why = match config.llm.get(name) {
            None => format!("names `{name}`; there is no `[llm.{name}]`"),
            Some(one) if !one.enabled => format!("names `{name}`, which is switched off"),
            Some(one) if key == "analyst.vectors" && one.vectors.is_none() => {
                format!("names `{name}`, which has no `vectors`")
            }
            Some(one) if key != "analyst.vectors" && price(one).is_none() => format!(
                "names `{name}`, whose price nobody knows, so it is never asked; set `price_input` \
                 and `price_output` (0 is a price)"
            ),
            Some(_) => return None,
        };
        Some((key, why))
    });
    settings.chain(named).chain(unknown_tasks(config)).collect()
}

/// Tasks that are given to somebody and are none.
fn unknown_tasks(config: &Config) -> Vec<(String, String)> {
    let Ok(tasks) = Tasks::embedded() else { return Vec::new() };
    let all: Vec<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    let unknown = config.analyst.tasks.keys().filter(|name| tasks.get(name).is_none());
    let said = |name: &String| format!("gives away `{name}`; the tasks are {}", all.join(", "));
    unknown.map(|name| ("analyst.tasks".to_owned(), said(name))).collect()
}

#[cfg(test)]
mod tests {
    use quell_config::{FileText, Sources};

    use super::*;

    fn config(text: &str) -> Config {
        let file = Some(FileText { path: "quell.toml", text });
        Config::load(&Sources { file, ..Sources::default() }).unwrap().config
    }

    #[test]
    fn what_names_no_provider_is_told() {
        let config = config(
            "[llm.a]\nkind='anthropic'\nmodel='claude-opus-5-5'\n[llm.b]\nkind='ollama'\nmodel='m'\n\
             enabled=false\n[analyst]\nsmall='c'\nlarge='b'\nvectors='a'\ntasks={incident='none', retell='d'}\n",
        );
        let mut faults = llm_faults(&config);
        let unknown = faults.pop().unwrap();
        let faults: Vec<String> =
            faults.into_iter().map(|(key, why)| format!("{key} {why}")).collect();
        assert_eq!(
            faults,
            [
                "llm.a.secret is missing",
                "analyst.small names `c`; there is no `[llm.c]`",
                "analyst.large names `b`, which is switched off",
                "analyst.vectors names `a`, which has no `vectors`",
                "analyst.tasks names `d`; there is no `[llm.d]`",
            ]
        );
        assert_eq!(unknown.0, "analyst.tasks");
        assert!(unknown.1.starts_with("gives away `retell`; the tasks are "), "{unknown:?}");
        assert_eq!(config.analyst.provider("incident", true), None);
        assert_eq!(config.analyst.provider("other", true), Some("b"));
    }

    #[test]
    fn a_price_is_that_of_the_configuration_or_of_the_vendor_s_own_address() {
        let of = |text: &str| price(&config(text).llm["a"]);
        let begin = "[llm.a]\nkind='anthropic'\nmodel='claude-opus-5-5'\nsecret='env:K'\n";
        assert_eq!(of(begin).unwrap().output, 20_000_000);
        assert_eq!(of(&format!("{begin}url='https://gateway.example'\n")), None);
        let own = of(&format!("{begin}price_input='1.5'\nprice_output='2'\n")).unwrap();
        assert_eq!((own.input, own.cached, own.output), (1_500_000, 1_500_000, 2_000_000));
    }

    #[test]
    fn who_has_no_price_is_told_before_it_is_never_asked() {
        let of = |prices: &str| {
            let text = format!(
                "[llm.own]\nkind='openai-compatible'\nurl='https://own.example/v1'\nmodel='m'\n\
                 vectors='v'\n{prices}[analyst]\n\
                 small='own'\nvectors='own'\n"
            );
            llm_faults(&config(&text))
        };
        let faults = of("");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].0 == "analyst.small" && faults[0].1.contains("0 is a price"));
        assert_eq!(of("price_input='0'\nprice_output='0'\n"), []);
    }

    #[test]
    fn nothing_configured_is_nobody_asked() {
        let config = config("");
        assert!(config.llm.is_empty() && llm_faults(&config).is_empty());
        assert_eq!(config.analyst.provider("explain", false), None);
    }
}
