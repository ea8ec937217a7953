//! A receiver of signed webhooks, which checks what Standard Webhooks has a receiver check.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use quell_model::Clock;
use serde_json::Value;
use sha2::Sha256;

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// How far the time of sending may be from now.
const MOST_APART: i64 = 300;

#[derive(Debug)]
struct State {
    secret: u8,
    messages: Vec<(String, Value)>,
}

/// The double.
pub struct HookDouble {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    contract: Contract,
}

impl std::fmt::Debug for HookDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HookDouble({} messages)", self.state().messages.len())
    }
}

impl HookDouble {
    /// A receiver that knows the first secret.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let contract = held::contract(include_str!("contract.json"));
        let state = Mutex::new(State { secret: 1, messages: Vec::new() });
        Self { state, clock, contract }
    }

    /// A secret by its number.
    #[must_use]
    pub fn secret(number: u8) -> String {
        format!("whsec_{}", STANDARD.encode([number; 32]))
    }

    /// Has it know another secret, and no more the one before.
    pub fn knows(&self, number: u8) {
        self.state().secret = number;
    }

    /// The description of what it is sent.
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    /// What it took, by id.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, Value)> {
        self.state().messages.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for HookDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(why) = self.contract.refused(asked) {
            return Answer::new(400, why);
        }
        let mut state = self.state();
        let header = |name: &str| asked.header(name).unwrap_or_default();
        let (id, sent) = (header("webhook-id"), header("webhook-timestamp"));
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&[state.secret; 32]) else {
            return Answer::new(500, "");
        };
        let mac = mac.chain_update(format!("{id}.{sent}.")).chain_update(&asked.body);
        let right = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let is_signed = header("webhook-signature").split(' ').any(|given| given == right);
        let apart =
            sent.parse().map_or(i64::MAX, |at: i64| (self.clock.now().as_second() - at).abs());
        if !is_signed || apart > MOST_APART || id.is_empty() || id.contains('.') {
            return Answer::new(401, "invalid signature");
        }
        // What comes again under an id is the same.
        let body = held::json(asked);
        if state.messages.iter().any(|(known, before)| known == id && *before != body) {
            return Answer::new(409, "another message had this id");
        }
        state.messages.push((id.to_owned(), body));
        Answer::new(204, "")
    }
}
