//! A request before anybody is logged in: what a dry run shows and what is sent are the same value.

use quell_http::sigv4::encoded;
use serde::{Deserialize, Serialize};

/// Where a request goes. The settings say at which address that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Kubernetes,
    Iam,
    S3,
    Azure,
    Google,
}

impl Service {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Azure => "azure",
            Self::Google => "google",
        }
    }
}

/// A request. Path and query are encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) service: Service,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// The right it takes, in the platform's words.
    pub(crate) right: &'static str,
    /// What tells that the thing is not there, which is then an answer and no failure.
    pub(crate) may_miss: bool,
}

/// A request as people see it in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The platform's service.
    pub service: String,
    /// Method, path and query.
    pub call: String,
    /// Headers beside those of the login.
    pub headers: Vec<String>,
    /// The body. What is read just before it is sent stands as `{name}`.
    pub body: String,
}

impl Draft {
    pub(crate) fn new(service: Service, method: &'static str, path: String) -> Self {
        Self {
            service,
            method,
            path,
            query: String::new(),
            headers: Vec::new(),
            content_type: "",
            body: String::new(),
            right: "",
            may_miss: false,
        }
    }

    /// A call of IAM.
    pub(crate) fn iam(action: &'static str, fields: &[(&str, &str)]) -> Self {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        Self {
            content_type: "application/x-www-form-urlencoded",
            body,
            ..Self::new(Service::Iam, "POST", "/".to_owned())
        }
    }

    pub(crate) fn body(mut self, content_type: &'static str, body: String) -> Self {
        self.content_type = content_type;
        self.body = body;
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let and = if self.query.is_empty() { "" } else { "&" };
        self.query.push_str(&format!("{and}{name}={}", encoded(value)));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) const fn right(mut self, right: &'static str) -> Self {
        self.right = right;
        self
    }

    pub(crate) const fn may_miss(mut self) -> Self {
        self.may_miss = true;
        self
    }

    /// As people see it.
    pub(crate) fn shown(&self) -> Shown {
        let and = if self.query.is_empty() { "" } else { "?" };
        Shown {
            service: self.service.as_str().to_owned(),
            call: format!("{} {}{and}{}", self.method, self.path, self.query),
            headers: self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect(),
            body: self.body.clone(),
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Whether the thing is not there.
    pub(crate) is_missing: bool,
    pub(crate) body: Vec<u8>,
}
