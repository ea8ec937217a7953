//! Where a platform with two sides shows what is wrong.

use super::PrismaDouble;
use crate::platforms::{Cause, Flaw, Kind, Thing};

/// Where something that is wrong shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// An alert of the posture side.
    Alert,
    /// A weakness in a scan of an image.
    Image,
    /// A weakness in a scan of a machine.
    Host,
    /// A weakness in a scan of a function.
    Function,
    /// An incident of the console.
    Incident,
    /// A runtime audit of a machine.
    HostAudit,
    /// A runtime audit of a container.
    ContainerAudit,
    /// A runtime audit of an application with an agent inside.
    AppAudit,
    /// A runtime audit of a function.
    ServerlessAudit,
    /// An audit of the application firewall: of a container, a machine, a function or an
    /// application with an agent inside.
    ContainerFirewall,
    /// The same of a machine.
    HostFirewall,
    /// The same of a function.
    ServerlessFirewall,
    /// The same of an application with an agent inside.
    AppFirewall,
    /// A change to a watched file.
    FileIntegrity,
    /// A line of a watched log.
    LogInspection,
    /// A call to a cluster.
    Kubernetes,
}

/// Seats that show what is wrong in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// Alerts.
    Alerts,
    /// What scans find.
    Scans,
    /// Incidents.
    Incidents,
    /// Audits of processes.
    Processes,
    /// Audits of the application firewall.
    Firewall,
    /// Changes to files.
    Files,
    /// Lines of logs.
    Logs,
    /// Calls to clusters.
    Clusters,
}

impl Seat {
    /// Which others show things as this one does.
    pub(super) const fn kin(self) -> Kin {
        match self {
            Self::Alert => Kin::Alerts,
            Self::Image | Self::Host | Self::Function => Kin::Scans,
            Self::Incident => Kin::Incidents,
            Self::HostAudit | Self::ContainerAudit | Self::AppAudit | Self::ServerlessAudit => {
                Kin::Processes
            }
            Self::ContainerFirewall
            | Self::HostFirewall
            | Self::ServerlessFirewall
            | Self::AppFirewall => Kin::Firewall,
            Self::FileIntegrity => Kin::Files,
            Self::LogInspection => Kin::Logs,
            Self::Kubernetes => Kin::Clusters,
        }
    }

    /// Where a flaw of a thing shows.
    #[must_use]
    pub const fn of(flaw: &Flaw, thing: &Thing) -> Self {
        match &flaw.cause {
            Cause::Misconfiguration(_) => Self::Alert,
            Cause::Vulnerability(_) => match thing.kind {
                Kind::Image => Self::Image,
                Kind::Function => Self::Function,
                Kind::Machine
                | Kind::Bucket
                | Kind::Database
                | Kind::Firewall
                | Kind::Key
                | Kind::Queue => Self::Host,
            },
            // What no process did is seen in the cloud's own log.
            Cause::Detection(detection) if detection.process.is_empty() => Self::Alert,
            Cause::Detection(_) => match flaw.number % 16 {
                0 | 1 => Self::HostAudit,
                2 | 3 => Self::ContainerAudit,
                4 => Self::AppAudit,
                5 => Self::ServerlessAudit,
                6 if (flaw.number / 16).is_multiple_of(2) => Self::ContainerFirewall,
                6 => Self::HostFirewall,
                7 if (flaw.number / 16).is_multiple_of(2) => Self::ServerlessFirewall,
                7 => Self::AppFirewall,
                8 => match flaw.number / 16 % 3 {
                    0 => Self::FileIntegrity,
                    1 => Self::LogInspection,
                    _ => Self::Kubernetes,
                },
                _ => Self::Incident,
            },
        }
    }

    /// The path of an audit's list, where it is one.
    pub(super) fn of_audit(path: &str) -> Option<Self> {
        match path {
            "audits/runtime/host" => Some(Self::HostAudit),
            "audits/runtime/container" => Some(Self::ContainerAudit),
            "audits/runtime/app-embedded" => Some(Self::AppAudit),
            "audits/runtime/serverless" => Some(Self::ServerlessAudit),
            "audits/runtime/file-integrity" => Some(Self::FileIntegrity),
            "audits/runtime/log-inspection" => Some(Self::LogInspection),
            "audits/firewall/app/container" => Some(Self::ContainerFirewall),
            "audits/firewall/app/host" => Some(Self::HostFirewall),
            "audits/firewall/app/serverless" => Some(Self::ServerlessFirewall),
            "audits/firewall/app/app-embedded" => Some(Self::AppFirewall),
            "audits/kubernetes" => Some(Self::Kubernetes),
            _ => None,
        }
    }
}

impl PrismaDouble {
    /// The id under which the platform shows a flaw: an alert's, or that of a record of the console.
    #[must_use]
    pub fn id_of(flaw: &Flaw, thing: &Thing) -> String {
        match Seat::of(flaw, thing).kin() {
            Kin::Alerts => format!("P-{}", flaw.number + 1000),
            Kin::Scans => thing.native.clone(),
            Kin::Incidents
            | Kin::Processes
            | Kin::Firewall
            | Kin::Files
            | Kin::Logs
            | Kin::Clusters => format!("6740{:020x}", flaw.number),
        }
    }

    /// The number of the flaw behind an alert's or an incident's id.
    pub(super) fn number_of(id: &str) -> Option<usize> {
        if let Some(number) = id.strip_prefix("P-") {
            return number.parse::<usize>().ok()?.checked_sub(1000);
        }
        usize::from_str_radix(id.strip_prefix("6740")?, 16).ok()
    }
}
