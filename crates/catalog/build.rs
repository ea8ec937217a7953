//! Builds the catalogue again when a file of `content/` changes: embedding alone does not notice.

fn main() {
    println!("cargo::rerun-if-changed=../../content");
}
