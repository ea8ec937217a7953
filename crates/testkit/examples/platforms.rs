//! Doubles of four platforms over one made-up world, until they are ended.
//!
//! `cargo run --release -p quell-testkit --features platforms --example platforms -- 300000 DIR`
//! writes `DIR/quell.toml` and `DIR/environment`, which a shell can read.

use std::path::PathBuf;
use std::sync::Arc;

use quell_model::{Clock, Timestamp};
use quell_testkit::platforms::{Four, World};

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let flaws = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(Now);
        let four = Four::start(World::new(7, flaws, clock.now()), clock).await?;
        std::fs::write(folder.join("quell.toml"), four.config())?;
        let values = four.environment().into_iter();
        let lines: String =
            values.map(|(name, value)| format!("export {name}='{value}'\n")).collect();
        std::fs::write(folder.join("environment"), lines)?;
        std::future::pending::<()>().await;
        Ok(())
    })
}
