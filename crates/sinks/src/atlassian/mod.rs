//! What Atlassian's products have in common, and one folder for each of them.

mod adf;
mod client;
pub(crate) mod confluence;
mod cut;
#[cfg(test)]
mod histories;
pub(crate) mod jira;
pub(crate) mod jsm;
mod settings;
#[cfg(test)]
mod testing;
mod wiki;
