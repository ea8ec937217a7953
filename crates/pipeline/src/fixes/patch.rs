//! Changes as one patch that `git apply` and `patch -p1` take.

use similar::TextDiff;

use super::FileChange;

/// One patch of all changes, in the order of their paths.
#[must_use]
pub fn patch_text(changes: &[FileChange]) -> String {
    let mut patch = String::new();
    for FileChange { path, before, after } in changes.iter().filter(|c| c.before != c.after) {
        let (old, new) = (quoted("a/", path), quoted("b/", path));
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        // Git ends a name with a tab where it holds a space, so that nothing is cut off there.
        let tab = if path.contains(' ') { "\t" } else { "" };
        let head = format!("diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n");
        patch.push_str(&head);
        patch.push_str(&diff.unified_diff().context_radius(3).to_string());
    }
    patch
}

/// A path as Git writes it: in quotes, as a string of C, where it holds odd characters.
fn quoted(side: &str, path: &str) -> String {
    let is_odd = |byte: u8| !(0x20..0x7f).contains(&byte) || matches!(byte, b'"' | b'\\');
    if !path.bytes().any(is_odd) {
        return format!("{side}{path}");
    }
    let mut text = format!("\"{side}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            byte if is_odd(byte) => text.push_str(&format!("\\{byte:03o}")),
            byte => text.push(char::from(byte)),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    /// `git apply` makes the new text of it, byte for byte.
    fn check(path: &str, before: &str, after: &str) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, before).unwrap();
        let change = FileChange { path: path.into(), before: before.into(), after: after.into() };
        fs::write(folder.path().join("x.patch"), patch_text(&[change])).unwrap();
        let output = Command::new("git")
            .args(["apply", "--whitespace=nowarn", "x.patch"])
            .current_dir(folder.path())
            .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(&file).unwrap(), after);
    }

    #[test]
    fn git_takes_the_patch_of_any_text_and_name() {
        check("a.tf", "a\nb\nc\n", "a\nB\nc\n");
        check("m/a b.tf", "a\n", "b\n");
        check("é\"x.tf", "a\n", "b\n");
        check("crlf.tf", "a\r\nb\r\n", "a\r\nB\r\nc\r\n");
        check("no-end.tf", "a\nb", "a\nb\nc");
        check("bom.tf", "\u{feff}a\n\tb\n", "\u{feff}a\n\tc\n");
    }

    #[test]
    fn nothing_changed_is_an_empty_patch() {
        let same = FileChange { path: "a".into(), before: "x".into(), after: "x".into() };
        assert_eq!(patch_text(&[same]), "");
    }
}
