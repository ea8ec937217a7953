//! A bench with a double of language models' providers beside it.

use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use quell_testkit::double::{Double, Script};
use quell_testkit::llm::{LLM_KEY, LlmDouble};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Bench;

/// A bench whose configuration names the double. The key is in `MODEL_KEY`.
pub(crate) struct Stage {
    pub(crate) bench: Bench,
    pub(crate) models: Arc<LlmDouble>,
    pub(crate) url: String,
    double: Option<Double>,
    runtime: Runtime,
}

impl Stage {
    /// With the configuration that a closure makes of the double's address.
    pub(crate) fn new(models: LlmDouble, config: impl FnOnce(&str) -> String) -> Self {
        let (runtime, models) = (Runtime::new().unwrap(), Arc::new(models));
        let double = runtime.block_on(Double::start(Arc::clone(&models) as _)).unwrap();
        let (bench, url) = (Bench::new(), double.url());
        bench.file("quell.toml", format!("[egress]\nallow = ['{url}']\n{}", config(&url)));
        Self { bench, models, url, double: Some(double), runtime }
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let output = self.bench.command(words).env("MODEL_KEY", LLM_KEY).output().unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| text(bytes));
        assert!(!err.contains("panicked"), "{err}");
        assert!(!out.contains(LLM_KEY) && !err.contains(LLM_KEY), "{out}{err}");
        output
    }

    /// The same as its exit code and what it said on both.
    pub(crate) fn said(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        (output.status.code(), text(&[output.stdout, output.stderr].concat()))
    }

    /// What it prints as JSON; it has to end well.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Requests that reached the double, of whatever kind.
    pub(crate) fn requests(&self) -> usize {
        self.double.as_ref().map_or(0, |double| double.ledger.count())
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, is: impl Fn() -> bool) {
        for _ in 0..1_200 {
            if is() {
                return;
            }
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(25)).await });
        }
        panic!("never: {what}");
    }

    /// What the double does wrong.
    pub(crate) fn script(&self) -> &Script {
        &self.double.as_ref().unwrap().script
    }

    /// The provider is not there any more.
    pub(crate) fn down(&mut self) {
        let double = self.double.take();
        self.runtime.block_on(async move { drop(double) });
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
