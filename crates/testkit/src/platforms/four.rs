//! All four platforms over one world.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use quell_model::Clock;

use super::wiz::WizDouble;
use super::{Double, LaceworkDouble, OrcaDouble, PrismaDouble, Seer, World, prisma, wiz};

/// A webhook: the name of the source, headers and body.
pub type Webhook = (&'static str, Vec<(String, String)>, Vec<u8>);

/// All four platforms over one world, each on a port of its own.
#[derive(Debug)]
pub struct Four {
    /// What they look at.
    pub world: World,
    /// Wiz.
    pub wiz: Double,
    /// Prisma Cloud.
    pub prisma: Double,
    /// Orca.
    pub orca: Double,
    /// Lacework.
    pub lacework: Double,
    hooks: Hooks,
}

struct Hooks {
    wiz: Arc<WizDouble>,
    prisma: Arc<PrismaDouble>,
    orca: Arc<OrcaDouble>,
    lacework: Arc<LaceworkDouble>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

/// The secret of all webhooks.
const HOOK_SECRET: &str = "four-platforms-hook-s3cret";

impl Four {
    /// Starts them.
    ///
    /// # Errors
    /// No port can be opened, or a double cannot be made.
    pub async fn start(world: World, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let wiz = WizDouble::new(world.clone(), Arc::clone(&clock)).map_err(io::Error::other)?;
        let hooks = Hooks {
            wiz: Arc::new(wiz),
            prisma: Arc::new(PrismaDouble::new(world.clone(), Arc::clone(&clock))),
            orca: Arc::new(OrcaDouble::new(world.clone(), Arc::clone(&clock))),
            lacework: Arc::new(LaceworkDouble::new(world.clone(), clock)),
        };
        Ok(Self {
            world,
            wiz: Double::start(Arc::<WizDouble>::clone(&hooks.wiz)).await?,
            prisma: Double::start(Arc::<PrismaDouble>::clone(&hooks.prisma)).await?,
            orca: Double::start(Arc::<OrcaDouble>::clone(&hooks.orca)).await?,
            lacework: Double::start(Arc::<LaceworkDouble>::clone(&hooks.lacework)).await?,
            hooks,
        })
    }

    /// All doubles, by the name of their source.
    #[must_use]
    pub const fn all(&self) -> [(&'static str, &Double); 4] {
        [
            ("wiz", &self.wiz),
            ("prisma", &self.prisma),
            ("orca", &self.orca),
            ("lacework", &self.lacework),
        ]
    }

    /// The configuration of a server that asks them, and takes their webhooks.
    #[must_use]
    pub fn config(&self) -> String {
        let [wiz, prisma, orca, lacework] = self.all().map(|(_, double)| double.url());
        let console = prisma::CONSOLE;
        let mut text = format!(
            r#"[egress]
allow = ["http://127.0.0.1"]

[sources.wiz]
kind = "wiz"
url = "{wiz}/graphql"
login_at = "{wiz}/oauth/token"
key_id = "env:WIZ_ID"
key_secret = "env:WIZ_KEY"

[sources.prisma]
kind = "prisma"
url = "{prisma}"
key_id = "env:PRISMA_ID"
key_secret = "env:PRISMA_KEY"
options = {{ compute_url = "{prisma}{console}" }}

[sources.orca]
kind = "orca"
url = "{orca}"
key_secret = "env:ORCA_KEY"

[sources.lacework]
kind = "lacework"
url = "{lacework}"
key_id = "env:LACEWORK_ID"
key_secret = "env:LACEWORK_KEY"
"#
        );
        for (name, _) in self.all() {
            text += &format!(
                "\n[hooks.{name}]\nformat = \"{name}\"\nsource = \"{name}\"\nauth = \"header\"\nheader = \"x-quell-key\"\nsecrets = [\"env:HOOK_KEY\"]\n"
            );
        }
        text
    }

    /// The values that the configuration's references name.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let lacework = super::LaceworkSettings::default();
        let orca = super::OrcaSettings::default();
        [
            ("WIZ_ID", wiz::KEY.0),
            ("WIZ_KEY", wiz::KEY.1),
            ("PRISMA_ID", prisma::KEY_ID),
            ("PRISMA_KEY", prisma::KEY_SECRET),
            ("ORCA_KEY", &orca.token),
            ("LACEWORK_ID", &lacework.key_id),
            ("LACEWORK_KEY", &lacework.secret),
            ("HOOK_KEY", HOOK_SECRET),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }

    /// The webhooks that tell of a flaw, of every platform that sees it and tells of its kind.
    #[must_use]
    pub fn webhooks(&self, flaw: usize) -> Vec<Webhook> {
        let sees = |seer: Seer| {
            self.world.read().flaws.get(flaw).is_some_and(|flaw| flaw.is_seen_by(seer))
        };
        let hooks = &self.hooks;
        let wiz = hooks.wiz.webhook(flaw).map(|(headers, body)| (headers, body.into_bytes()));
        let orca = hooks.orca.webhook(flaw).map(|(headers, body)| (headers, body.into_bytes()));
        let told = [
            ("wiz", Seer::Wiz, wiz),
            ("prisma", Seer::Prisma, hooks.prisma.webhook(flaw)),
            ("orca", Seer::Orca, orca),
            ("lacework", Seer::Lacework, hooks.lacework.webhook(flaw)),
        ];
        let key = || ("x-quell-key".to_owned(), HOOK_SECRET.to_owned());
        let told = told.into_iter().filter(|(_, seer, _)| sees(*seer));
        told.filter_map(|(name, _, sent)| {
            let (mut headers, body) = sent?;
            headers.retain(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            headers.push(key());
            Some((name, headers, body))
        })
        .collect()
    }
}
