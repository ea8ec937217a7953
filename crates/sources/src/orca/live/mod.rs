//! Orca asked over the network: the serving layer, or the older API where a tenant has no other.

mod answer;
mod call;
mod older;
mod serving;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use quell_http::Renewing;

use super::asset::has_own_id;
use super::wire::FlatAsset;
use crate::live::{
    Ask, Change, Connector, Future, Live, LiveError, Pace, Page, Plan, Right, RightState, Setting,
    Stream, Target, Written,
};
use call::{Api, Login, Orca, REST, Token};

/// How Orca is asked.
pub(crate) const LIVE: Live = Live {
    settings: SETTINGS,
    // Orca documents no limits. What it asks for when it is too much is kept by the client.
    rate: None,
    call_rates: &[],
    notes: &["alerts"],
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where the API of your region answers.",
        required: true,
        sample: "https://api.orcasecurity.io",
    },
    Setting {
        name: "key_secret",
        doc: "The API token, or the API key where `login` is `session`.",
        required: true,
        sample: "env:ORCA_TOKEN",
    },
    Setting {
        name: "login",
        doc: "`token`: an API token, sent as it is. `session`: an API key, for which a session is had.",
        required: false,
        sample: "token",
    },
    Setting {
        name: "api",
        doc: "`serving-layer`, or `alerts` for the API that Orca had before September 2025.",
        required: false,
        sample: "serving-layer",
    },
    Setting {
        name: "page_size",
        doc: "Records asked for at once, up to 10000.",
        required: false,
        sample: "1000",
    },
];

const READ_ALERTS: &str = "alerts.alert.read";
const READ_ASSETS: &str = "assets.asset.read";
const WRITE_ALERTS: &str = "alerts.alert.write";

/// A page reads as one answer of Orca's, of either API.
const AROUND: (&str, &str) = (r#"{"data":["#, "]}");

static STREAMS: [Stream; 3] = [
    Stream {
        name: "alerts",
        title: "Alerts of all kinds, ways to attack among them",
        pace: Pace::Often,
        around: AROUND,
        closes: true,
        overlap_seconds: 300,
        right: READ_ALERTS,
    },
    Stream {
        name: "vulnerabilities",
        title: "Vulnerabilities of installed packages",
        pace: Pace::Nightly,
        around: AROUND,
        closes: true,
        overlap_seconds: 0,
        right: READ_ASSETS,
    },
    Stream {
        name: "assets",
        title: "Assets of the inventory",
        pace: Pace::Nightly,
        around: AROUND,
        closes: true,
        overlap_seconds: 0,
        right: READ_ASSETS,
    },
];

/// What a stream is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alerts,
    Vulnerabilities,
    Assets,
}

impl Kind {
    fn of(stream: &str) -> Result<Self, LiveError> {
        match stream {
            "alerts" => Ok(Self::Alerts),
            "vulnerabilities" => Ok(Self::Vulnerabilities),
            "assets" => Ok(Self::Assets),
            other => Err(LiveError::Refused(format!("Orca has no stream `{other}`"))),
        }
    }
}

fn connect(plan: Plan) -> Result<Orca, LiveError> {
    let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
    let option = |name: &str| plan.options.get(name).map(String::as_str);
    let wrong = |name: &'static str, why: &str| LiveError::Setting { name, why: why.to_owned() };
    let login = match option("login") {
        None | Some("token") => Login::Token,
        Some("session") => Login::Session,
        Some(_) => return Err(wrong("login", "is neither `token` nor `session`")),
    };
    let api = match option("api") {
        None | Some("serving-layer") => Api::Serving,
        Some("alerts") => Api::Older,
        Some(_) => return Err(wrong("api", "is neither `serving-layer` nor `alerts`")),
    };
    let size = option("page_size").map_or(Ok(1000), str::parse);
    let size = size.ok().filter(|size: &usize| (10..=10_000).contains(size));
    let page_size = size.ok_or_else(|| wrong("page_size", "is no number from 10 to 10000"))?;
    Ok(Orca {
        url,
        login,
        api,
        page_size,
        credentials: plan.credentials,
        client: plan.client,
        clock: plan.clock,
        tokens: Renewing::<Token>::new(REST),
    })
}

impl Connector for Orca {
    fn streams(&self) -> &'static [Stream] {
        &STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(async move {
            let kind = Kind::of(ask.stream.name)?;
            match (self.api, kind) {
                (Api::Older, _) => older::page(self, kind, ask).await,
                (Api::Serving, Kind::Alerts) => serving::changed(self, ask).await,
                (Api::Serving, Kind::Vulnerabilities | Kind::Assets) => {
                    serving::whole(self, kind, ask).await
                }
            }
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(rights(self))
    }

    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written> {
        Box::pin(write::write(self, target, change))
    }

    /// The webhook names an asset by Orca's own id alone where it is not one of AWS; such an alert is asked for.
    fn announced(&self, body: &[u8]) -> Option<Vec<Target>> {
        let asset: FlatAsset<'_> = serde_json::from_slice(body).ok()?;
        let id = answer::alert_id(std::str::from_utf8(body).ok()?)?;
        (!has_own_id(&asset)).then(|| vec![Target { stream: "alerts".to_owned(), id }])
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(async move {
            let kind = Kind::of(&target.stream)?;
            let page = match (self.api, kind) {
                (Api::Older, Kind::Alerts) => older::one(self, &target.id).await?,
                (Api::Serving, Kind::Alerts | Kind::Assets) => {
                    serving::one(self, kind, &target.id).await?
                }
                (Api::Older | Api::Serving, Kind::Vulnerabilities) | (Api::Older, Kind::Assets) => {
                    return Err(LiveError::Unsupported("Orca"));
                }
            };
            let stream = STREAMS.iter().find(|stream| stream.name == target.stream);
            Ok((stream.ok_or(LiveError::Unsupported("Orca"))?, page))
        })
    }
}

/// Looks at one record of each kind. Whether alerts may be changed shows only by changing one.
async fn rights(orca: &Orca) -> Result<Vec<Right>, LiveError> {
    let mut rights = Vec::new();
    for (name, purpose, kind) in [
        (READ_ALERTS, "reads alerts", Kind::Alerts),
        (READ_ASSETS, "reads assets and their vulnerabilities", Kind::Assets),
    ] {
        let state = match orca.try_one(kind).await {
            Ok(()) => RightState::Held,
            Err(LiveError::Forbidden { .. }) => RightState::Missing,
            Err(error) => return Err(error),
        };
        rights.push(Right { name: name.to_owned(), purpose: purpose.to_owned(), state });
    }
    let purpose = "writes comments and states of alerts".to_owned();
    let state = RightState::Unknown;
    rights.push(Right { name: WRITE_ALERTS.to_owned(), purpose, state });
    Ok(rights)
}

impl Orca {
    async fn try_one(&self, kind: Kind) -> Result<(), LiveError> {
        match self.api {
            Api::Serving => serving::try_one(self, kind).await,
            Api::Older => older::try_one(self, kind).await,
        }
    }

    /// The hash of a record that has no id.
    fn hash(text: &str) -> String {
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}

impl std::fmt::Debug for Orca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Orca({:?} at {})", self.api, self.url)
    }
}

/// A token as it was when it was had, so that only that one is refused.
type Held = Arc<Token>;
