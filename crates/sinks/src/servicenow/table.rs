//! The tables, and what their states mean.

use quell_deliver::mirror::Phase;
use quell_deliver::outbox::Remote;

use crate::SinkError;

/// A table that Quell makes records in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Incident,
    Change,
    Issue,
    Exception,
}

impl Table {
    pub(super) const ALL: [Self; 4] = [Self::Incident, Self::Change, Self::Issue, Self::Exception];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Change => "change_request",
            Self::Issue => "sn_grc_issue",
            Self::Exception => "sn_compliance_policy_exception",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Whether an instance may not have it.
    pub(super) const fn is_plugin(self) -> bool {
        match self {
            Self::Issue | Self::Exception => true,
            Self::Incident | Self::Change => false,
        }
    }

    /// The role that its own access rules ask for.
    pub(super) const fn role(self) -> &'static str {
        match self {
            Self::Incident | Self::Change => "itil",
            Self::Issue => "sn_grc.user",
            Self::Exception => "sn_compliance.user",
        }
    }

    /// How far a record in a state is. States of other tables are told by whether they are active.
    pub(super) fn phase(self, state: &str, is_active: bool) -> Phase {
        match (self, state) {
            (Self::Incident, "6" | "7") | (Self::Change, "3") => Phase::Done,
            (Self::Issue | Self::Exception, "3") => Phase::Done,
            (Self::Incident, "8") | (Self::Change | Self::Issue, "4") => Phase::Declined,
            (Self::Exception, "7") => Phase::Declined,
            // An exception that is approved is in force until it ends.
            (Self::Incident | Self::Issue | Self::Exception, "1") => Phase::New,
            (Self::Change, "-5") => Phase::New,
            _ if is_active => Phase::Begun,
            _ => Phase::Done,
        }
    }
}

/// A record: its table and its sys_id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) table: String,
    pub(super) sys_id: String,
}

impl Place {
    /// The place of a thing that was made or found before.
    pub(super) fn of(remote: &Remote) -> Result<Self, SinkError> {
        let wrong = || SinkError::Refused(format!("`{}` is no record of ServiceNow", remote.id));
        let (table, sys_id) = remote.id.split_once('/').ok_or_else(wrong)?;
        if !is_name(table) || !is_sys_id(sys_id) {
            return Err(wrong());
        }
        Ok(Self { table: table.to_owned(), sys_id: sys_id.to_owned() })
    }

    pub(super) fn path(&self) -> String {
        format!("/api/now/table/{}/{}", self.table, self.sys_id)
    }

    /// Its table, where that is one of those that Quell makes records in.
    pub(super) fn known(&self) -> Result<Table, SinkError> {
        let other = || SinkError::Refused(format!("it was moved to the table `{}`", self.table));
        Table::of(&self.table).ok_or_else(other)
    }
}

/// Whether a text is an id of a record.
pub(super) fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is a name of a table or column.
pub(super) fn is_name(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(letter)
}
