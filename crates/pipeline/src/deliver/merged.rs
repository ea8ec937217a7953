//! Whether code still has what a change was proved to bring about.

use std::collections::BTreeMap;

use quell_catalog::{Catalog, Truth};
use quell_deliver::letter::{CodeChange, Proved};
use quell_deliver::mirror::CodeNow;
use quell_remediate::{Engine, Place, Workspace};

/// Judges the files of a change as they are now; none where one is not there any more. A file that
/// is what the change made of it has its proof. Any other is asked the control's own checks.
#[must_use]
pub fn code_now(
    catalog: &Catalog,
    change: &CodeChange,
    files: &BTreeMap<String, Option<String>>,
) -> CodeNow {
    let is_as_made = |path: &str| {
        let made = change.files.iter().find(|file| file.path == path);
        let now = files.get(path).and_then(Option::as_ref);
        made.zip(now).is_some_and(|(made, now)| made.after == *now)
    };
    if change.files.iter().all(|file| is_as_made(&file.path)) {
        return CodeNow::Holds;
    }
    if change.proved.is_empty() {
        return CodeNow::Unknown;
    }
    let there = files.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?)));
    let workspace = Workspace::parse(there);
    let engine = Engine::new(&catalog.controls().collect::<Vec<_>>());
    let truth = |proved: &Proved| match catalog.control(&proved.control) {
        Some(_) if is_as_made(&proved.path) => Truth::Holds,
        Some(control) => {
            let place = Place { file: proved.path.clone(), address: proved.address.clone() };
            engine.judge(&workspace, control, &place)
        }
        None => Truth::Unknown,
    };
    let all: Vec<Truth> = change.proved.iter().map(truth).collect();
    if all.contains(&Truth::Fails) {
        CodeNow::Fails
    } else if all.contains(&Truth::Unknown) {
        CodeNow::Unknown
    } else {
        CodeNow::Holds
    }
}

#[cfg(test)]
mod tests {
    use quell_deliver::letter::ChangedFile;

    use super::*;

    const OPEN: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"acme-logs\"\n}\n";
    const BLOCK: &str = "resource \"aws_s3_bucket_versioning\" \"logs\" {\n  bucket = aws_s3_bucket.logs.id\n  versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n";

    fn change(proved: bool) -> CodeChange {
        let proved = proved.then(|| Proved {
            control: "aws.s3.bucket_versioning".to_owned(),
            path: "main.tf".to_owned(),
            address: "aws_s3_bucket.logs".to_owned(),
        });
        CodeChange {
            repository: "acme/shop".to_owned(),
            base: "main".to_owned(),
            base_commit: None,
            files: vec![ChangedFile {
                path: "main.tf".to_owned(),
                before: None,
                after: format!("{OPEN}\n{BLOCK}"),
                executable: false,
            }],
            message: String::new(),
            proved: proved.into_iter().collect(),
        }
    }

    #[test]
    fn code_is_judged_by_its_text_and_not_by_what_was_sent() {
        let catalog = Catalog::embedded().unwrap();
        for (text, proved, expected) in [
            (Some(format!("{OPEN}\n{BLOCK}")), false, CodeNow::Holds),
            (Some(format!("# more\n{OPEN}\n{BLOCK}")), true, CodeNow::Holds),
            (Some(format!("# more\n{OPEN}\n{BLOCK}")), false, CodeNow::Unknown),
            (Some(OPEN.to_owned()), true, CodeNow::Fails),
            (Some(BLOCK.to_owned()), true, CodeNow::Unknown),
            (Some("resource {".to_owned()), true, CodeNow::Unknown),
            (None, true, CodeNow::Unknown),
        ] {
            let files = [("main.tf".to_owned(), text.clone())].into();
            assert_eq!(code_now(&catalog, &change(proved), &files), expected, "{text:?}");
        }
    }
}
