//! A server in this process, and the program as a user of it.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each test file uses a part of it, and fails by panicking"
)]

use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use quell_config::{Config, FileText, Override, Sources};
use quell_pipeline::Setup;
use quell_server::{Plan, Server};
use quell_testkit::llm::LLM_KEY;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::common::{Bench, SystemClock};

/// A server that runs, or ran, on a folder of its own.
pub(crate) struct Served {
    pub(crate) bench: Bench,
    pub(crate) url: String,
    pub(crate) token: String,
    runtime: Runtime,
    server: Option<Server>,
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::configured("")
    }

    /// One whose configuration says more; `MODEL_KEY` is the double's.
    pub(crate) fn configured(text: &str) -> Self {
        let bench = Bench::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listen = Override {
            flag: "--listen",
            key: "server.listen".to_owned(),
            value: "127.0.0.1:0".to_owned(),
        };
        let loaded = Config::load(&Sources {
            file: Some(FileText { path: "quell.toml", text }),
            environment: None,
            overrides: &[listen],
            formats: &[],
        });
        let plan = Plan {
            config: loaded.unwrap_or_else(|faults| panic!("{faults:?}")).config,
            data: bench.folder.path().join("data"),
            setup: Setup::embedded(None).unwrap(),
            environment: Arc::new(|name: &str| (name == "MODEL_KEY").then(|| LLM_KEY.to_owned())),
        };
        let mut server =
            runtime.block_on(quell_server::start(plan, Arc::new(SystemClock))).unwrap();
        let url = format!("http://{}", server.address());
        let token = server.take_first_token().unwrap();
        Self { bench, url, token, runtime, server: Some(server) }
    }

    /// The same folder once the server has stopped.
    pub(crate) fn stop(mut self) -> Self {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
        self
    }

    /// Runs the program against the server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self
            .bench
            .command(arguments)
            .env_remove("QUELL_DATA")
            .env("QUELL_SERVER", &self.url)
            .env("QUELL_TOKEN", &self.token)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked") && !stderr.contains(&self.token), "{stderr}");
        output
    }

    /// Runs the program on the data directory.
    pub(crate) fn run_offline(&self, arguments: &[&str]) -> Output {
        self.bench.run(arguments)
    }

    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8(done(self.run(arguments)).stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&done(self.run(arguments)).stdout).unwrap()
    }

    pub(crate) fn json_offline(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&done(self.run_offline(arguments)).stdout).unwrap()
    }

    /// Uploads a file and waits for its job.
    pub(crate) fn import(&self, name: &str, body: &str) -> Value {
        self.runtime.block_on(async {
            let policy = quell_http::Policy {
                egress: quell_http::Egress::new(vec![self.url.parse().unwrap()]),
                ..quell_http::Policy::default()
            };
            let client = quell_http::Client::new(policy, Arc::new(SystemClock)).unwrap();
            let url = format!("{}/api/v1/imports?name={name}&wait=true", self.url);
            let request = quell_http::Request::post(&url).unwrap();
            let request = request.bearer(&self.token).unwrap();
            let request = request.body("application/octet-stream", body.to_owned()).unwrap();
            client.send(&request).await.unwrap().json().unwrap()
        })
    }

    /// Waits until a job is over.
    pub(crate) fn over(&self, id: &str) {
        for _ in 0..300 {
            let job = self.json(&["jobs", "show", id, "--json"]);
            if !matches!(job["state"].as_str(), Some("queued" | "running")) {
                return;
            }
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(100)).await });
        }
        panic!("the job {id} does not end");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

fn done(output: Output) -> Output {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    output
}
