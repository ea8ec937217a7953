//! The server from outside: what it takes, refuses, answers, keeps and survives.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod buckets;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod clouds;
#[cfg(test)]
mod containment;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod description;
#[cfg(test)]
mod exceptions;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod inventories;
#[cfg(test)]
mod jobs;
mod letters;
#[cfg(test)]
mod llm;
#[cfg(test)]
mod many;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod merges;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod presses;
#[cfg(test)]
mod reminders;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod signin;
#[cfg(test)]
mod times;
#[cfg(test)]
mod wire;
