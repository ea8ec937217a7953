//! The tools: how each is run, and what of its answer is a fault.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Faults;
use super::process::{Ended, run};

/// Longest sentence of a tool that is shown.
const MOST_SAID: usize = 200;

/// A tool that can be run before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `terraform validate`.
    Terraform,
    /// `tofu validate`.
    Tofu,
    /// `checkov`.
    Checkov,
    /// `trivy config`.
    Trivy,
    /// `kubeconform`.
    Kubeconform,
    /// A program that nobody has.
    #[cfg(test)]
    Missing,
}

impl Tool {
    /// Every tool.
    pub const ALL: [Self; 5] =
        [Self::Terraform, Self::Tofu, Self::Checkov, Self::Trivy, Self::Kubeconform];

    /// The program's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
            Self::Checkov => "checkov",
            Self::Trivy => "trivy",
            Self::Kubeconform => "kubeconform",
            #[cfg(test)]
            Self::Missing => "quell-no-such-program",
        }
    }

    /// Whether it has a word on files of that kind.
    pub(super) fn reads(self, path: &str) -> bool {
        let ends = |words: &[&str]| words.iter().any(|word| path.ends_with(word));
        match self {
            Self::Terraform | Self::Tofu => ends(&[".tf", ".tf.json", ".tfvars"]),
            Self::Kubeconform => ends(&[".yaml", ".yml", ".json"]) && !path.starts_with(".github/"),
            Self::Checkov | Self::Trivy => true,
            #[cfg(test)]
            Self::Missing => true,
        }
    }

    /// Its version, as it says itself, or why it cannot be run.
    pub(super) fn version(self, folder: &Path) -> Result<String, String> {
        let flag = match self {
            Self::Terraform | Self::Tofu => "version",
            Self::Kubeconform => "-v",
            Self::Checkov | Self::Trivy => "--version",
            #[cfg(test)]
            Self::Missing => "--version",
        };
        let ended = run(self.command(folder).arg(flag))?;
        let line = ended.out.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let line = line.trim_start_matches("Version:").trim();
        Ok(line.rsplit(' ').next().unwrap_or_default().trim_start_matches('v').to_owned())
    }

    fn command(self, folder: &Path) -> Command {
        let mut command = Command::new(self.name());
        command
            .current_dir(folder)
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("LOG_LEVEL", "ERROR");
        command
    }

    /// What it finds at fault in a folder, or why it cannot tell.
    pub(super) fn faults(self, folder: &Path, paths: &[&str]) -> Result<Faults, String> {
        match self {
            Self::Terraform | Self::Tofu => self.validate(folder, paths),
            Self::Checkov => {
                let mut command = self.command(folder);
                command.args(["-d", ".", "-o", "json", "--compact", "--quiet", "--soft-fail"]);
                command.args(["--skip-download", "--framework", "terraform", "kubernetes"]);
                command.args(["dockerfile", "github_actions"]);
                Ok(checkov(&answer(self, &run(&mut command)?)?))
            }
            Self::Trivy => {
                let mut command = self.command(folder);
                command.args(["config", "--quiet", "--format", "json", "--exit-code", "0", "."]);
                Ok(trivy(&answer(self, &run(&mut command)?)?))
            }
            Self::Kubeconform => {
                let mut command = self.command(folder);
                command.args(["-output", "json", "-strict", "-ignore-missing-schemas"]);
                command.args(paths.iter().filter(|path| self.reads(path)));
                kubeconform(&answer(self, &run(&mut command)?)?)
            }
            #[cfg(test)]
            Self::Missing => Err(String::new()),
        }
    }

    /// `validate` in every folder of which a file changes. It needs the providers, so that a
    /// machine without a network or a cache of them cannot tell.
    fn validate(self, folder: &Path, paths: &[&str]) -> Result<Faults, String> {
        let below = |path: &&str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let folders: BTreeSet<String> =
            paths.iter().copied().filter(|path| self.reads(path)).map(|p| below(&p)).collect();
        let mut faults = Faults::new();
        for below in folders {
            let folder = folder.join(&below);
            let mut init = self.command(&folder);
            init.args(["init", "-backend=false", "-input=false", "-no-color"]);
            let ended = run(&mut init)?;
            if !ended.success {
                return Err(format!("`{} init` fails: {}", self.name(), first(&ended)));
            }
            let answer = answer(self, &run(self.command(&folder).args(["validate", "-json"]))?)?;
            let is_error = |one: &&Value| word(one, "severity") == "error";
            for diagnostic in list(&answer, "diagnostics").filter(is_error) {
                let range = diagnostic.get("range").unwrap_or(&Value::Null);
                let file = format!("{below}/{}", word(range, "filename"));
                let file = file.trim_start_matches('/').to_owned();
                add(&mut faults, file, word(diagnostic, "summary"));
            }
        }
        Ok(faults)
    }
}

/// Its answer as JSON.
fn answer(tool: Tool, ended: &Ended) -> Result<Value, String> {
    serde_json::from_str(ended.out.trim())
        .map_err(|_| format!("`{}` gives no answer: {}", tool.name(), first(ended)))
}

/// The first line that says something.
fn first(ended: &Ended) -> String {
    let lines = ended.err.lines().chain(ended.out.lines());
    let line = lines.map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
    line.unwrap_or("nothing is said").chars().take(MOST_SAID).collect()
}

fn add(faults: &mut Faults, file: String, what: String) {
    *faults.entry((file, what)).or_default() += 1;
}

fn word(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn checkov(answer: &Value) -> Faults {
    let mut faults = Faults::new();
    let reports = answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
    for results in reports.iter().filter_map(|report| report.get("results")) {
        for check in list(results, "failed_checks") {
            let file = word(check, "file_path").trim_start_matches('/').to_owned();
            let what = format!("{} on {}", word(check, "check_id"), word(check, "resource"));
            add(&mut faults, file, what);
        }
        for file in list(results, "parsing_errors").filter_map(Value::as_str) {
            let file = file.trim_start_matches(['.', '/']).to_owned();
            add(&mut faults, file, "it cannot be parsed".into());
        }
    }
    faults
}

fn trivy(answer: &Value) -> Faults {
    let mut faults = Faults::new();
    for result in list(answer, "Results") {
        let failed = |one: &&Value| word(one, "Status") != "PASS";
        for one in list(result, "Misconfigurations").filter(failed) {
            let cause = one.get("CauseMetadata").unwrap_or(&Value::Null);
            let what = format!("{} on {}", word(one, "ID"), word(cause, "Resource"));
            add(&mut faults, word(result, "Target"), what);
        }
    }
    faults
}

fn kubeconform(answer: &Value) -> Result<Faults, String> {
    let mut faults = Faults::new();
    for one in list(answer, "resources") {
        let said = word(one, "msg");
        match word(one, "status").as_str() {
            "statusInvalid" => {
                add(&mut faults, word(one, "filename"), format!("{} {said}", word(one, "kind")));
            }
            "statusError" => {
                let said: String = said.chars().take(MOST_SAID).collect();
                return Err(format!("`kubeconform` cannot tell: {said}"));
            }
            _ => {}
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(faults: &Faults, expected: &[(&str, &str)]) {
        let found: Vec<(&str, &str)> =
            faults.keys().map(|(file, what)| (file.as_str(), what.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_tool_s_answer_is_read() {
        let answer = json!([{"results": {"failed_checks": [{"file_path": "/a.tf",
            "check_id": "CKV_AWS_3", "resource": "aws_ebs_volume.x"}],
            "parsing_errors": ["/b.tf"]}}]);
        let parsed = ("b.tf", "it cannot be parsed");
        check(&checkov(&answer), &[("a.tf", "CKV_AWS_3 on aws_ebs_volume.x"), parsed]);
        check(&checkov(&json!({"passed": 0, "failed": 0})), &[]);
        let answer = json!({"Results": [{"Target": "a.tf", "Misconfigurations": [
            {"ID": "AWS-0026", "Status": "FAIL", "CauseMetadata": {"Resource": "aws_ebs_volume.x"}},
            {"ID": "AWS-0027", "Status": "PASS"}]}]});
        check(&trivy(&answer), &[("a.tf", "AWS-0026 on aws_ebs_volume.x")]);
        let answer = json!({"resources": [{"filename": "a.yaml", "kind": "Pod",
            "status": "statusInvalid", "msg": "additional property"}]});
        check(&kubeconform(&answer).unwrap(), &[("a.yaml", "Pod additional property")]);
        let answer = json!({"resources": [{"status": "statusError", "msg": "no schema"}]});
        assert!(kubeconform(&answer).unwrap_err().contains("no schema"));
    }
}
