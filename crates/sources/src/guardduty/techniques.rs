//! ATT&CK tactics and techniques of finding types.
//!
//! From AWS's public list of finding types, which says what each one saw, and MITRE's
//! descriptions of the techniques. Where a type fits no technique well, only its tactic stands.

/// Tactics and techniques of a family of finding types.
struct Family {
    /// What stands before the colon.
    purpose: &'static str,
    /// What stands between colon and slash; empty for any.
    resource: &'static str,
    /// How the rest begins.
    start: &'static str,
    tactics: &'static [&'static str],
    techniques: &'static [&'static str],
}

/// The tactics and techniques of a type: those of the longest family that it belongs to.
pub(super) fn of_type(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    let (purpose, rest) = kind.split_once(':').unwrap_or((kind, ""));
    let (resource, threat) = rest.split_once('/').unwrap_or(("", rest));
    let fits = |family: &&Family| {
        family.purpose == purpose
            && (family.resource.is_empty() || family.resource == resource)
            && threat.starts_with(family.start)
    };
    let found = FAMILIES
        .iter()
        .filter(fits)
        .max_by_key(|family| (family.start.len(), !family.resource.is_empty()));
    found.map_or((&[], &[]), |family| (family.tactics, family.techniques))
}

/// An id of a technique at the beginning of a text, as signals of a sequence name them.
pub(super) fn technique_id(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    let id = text.get(..end)?.trim_end_matches('.');
    let number = id.strip_prefix('T')?;
    let (main, sub) = number.split_once('.').unwrap_or((number, "000"));
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    (digits(main, 4) && digits(sub, 3)).then_some(id)
}

const C2: &[&str] = &["Command and Control"];
const CREDENTIALS: &[&str] = &["Credential Access"];
const EVASION: &[&str] = &["Defense Evasion"];
const DISCOVERY: &[&str] = &["Discovery"];
const EXECUTION: &[&str] = &["Execution"];
const EXFILTRATION: &[&str] = &["Exfiltration"];
const IMPACT: &[&str] = &["Impact"];
const INITIAL: &[&str] = &["Initial Access"];
const PERSISTENCE: &[&str] = &["Persistence"];
const ESCALATION: &[&str] = &["Privilege Escalation"];

const fn family(
    [purpose, resource, start]: [&'static str; 3],
    tactics: &'static [&'static str],
    techniques: &'static [&'static str],
) -> Family {
    Family { purpose, resource, start, tactics, techniques }
}

const FAMILIES: &[Family] = &[
    family(["Backdoor", "", ""], C2, &[]),
    family(["Backdoor", "", "C&CActivity"], C2, &["T1071"]),
    family(["Backdoor", "", "C&CActivity.B!DNS"], C2, &["T1071.004"]),
    family(["Backdoor", "", "DenialOfService"], IMPACT, &["T1498"]),
    family(["Backdoor", "", "Spambot"], IMPACT, &["T1496"]),
    family(["Backdoor", "", "XORDDOS"], C2, &["T1071"]),
    family(["Behavior", "", "NetworkPortUnusual"], C2, &["T1571"]),
    family(["Behavior", "", "TrafficVolumeUnusual"], EXFILTRATION, &["T1048"]),
    family(["CredentialAccess", "", ""], CREDENTIALS, &[]),
    family(["CredentialAccess", "IAMUser", "AnomalousBehavior"], CREDENTIALS, &["T1555.006"]),
    family(["CredentialAccess", "IAMUser", "CompromisedCredentials"], CREDENTIALS, &["T1078.004"]),
    family(["CredentialAccess", "Kubernetes", ""], CREDENTIALS, &["T1552.007"]),
    family(
        ["CredentialAccess", "Kubernetes", "TorIPCaller"],
        CREDENTIALS,
        &["T1552.007", "T1090.003"],
    ),
    family(["CredentialAccess", "RDS", "AnomalousBehavior.FailedLogin"], CREDENTIALS, &["T1110"]),
    family(
        ["CredentialAccess", "RDS", "AnomalousBehavior.SuccessfulBruteForce"],
        CREDENTIALS,
        &["T1110", "T1078"],
    ),
    family(
        ["CredentialAccess", "RDS", "AnomalousBehavior.SuccessfulLogin"],
        CREDENTIALS,
        &["T1078"],
    ),
    family(["CredentialAccess", "RDS", "MaliciousIPCaller.FailedLogin"], CREDENTIALS, &["T1110"]),
    family(
        ["CredentialAccess", "RDS", "MaliciousIPCaller.SuccessfulLogin"],
        CREDENTIALS,
        &["T1078"],
    ),
    family(
        ["CredentialAccess", "RDS", "TorIPCaller.FailedLogin"],
        CREDENTIALS,
        &["T1110", "T1090.003"],
    ),
    family(
        ["CredentialAccess", "RDS", "TorIPCaller.SuccessfulLogin"],
        CREDENTIALS,
        &["T1078", "T1090.003"],
    ),
    family(["CryptoCurrency", "", ""], IMPACT, &["T1496"]),
    family(["DefenseEvasion", "", ""], EVASION, &[]),
    family(["DefenseEvasion", "EC2", "UnusualDNSResolver"], C2, &["T1071.004"]),
    family(["DefenseEvasion", "EC2", "UnusualDoHActivity"], C2, &["T1071.004", "T1572"]),
    family(["DefenseEvasion", "EC2", "UnusualDoTActivity"], C2, &["T1071.004", "T1572"]),
    family(["DefenseEvasion", "IAMUser", ""], EVASION, &["T1562.008"]),
    family(["DefenseEvasion", "Kubernetes", "SuccessfulAnonymousAccess"], EVASION, &["T1078.001"]),
    family(["DefenseEvasion", "Kubernetes", "TorIPCaller"], EVASION, &["T1090.003"]),
    family(["DefenseEvasion", "Runtime", "FilelessExecution"], EVASION, &["T1620"]),
    family(["DefenseEvasion", "Runtime", "KernelModuleLoaded"], EVASION, &["T1547.006", "T1014"]),
    family(["DefenseEvasion", "Runtime", "ProcessInjection"], EVASION, &["T1055"]),
    family(["DefenseEvasion", "Runtime", "ProcessInjection.Proc"], EVASION, &["T1055.009"]),
    family(["DefenseEvasion", "Runtime", "ProcessInjection.Ptrace"], EVASION, &["T1055.008"]),
    family(["DefenseEvasion", "Runtime", "PtraceAntiDebugging"], EVASION, &["T1622"]),
    family(["DefenseEvasion", "Runtime", "SuspiciousCommand"], EVASION, &["T1562"]),
    family(["Discovery", "", ""], DISCOVERY, &[]),
    family(["Discovery", "IAMUser", ""], DISCOVERY, &["T1580"]),
    family(["Discovery", "Kubernetes", ""], DISCOVERY, &["T1613"]),
    family(
        ["Discovery", "Kubernetes", "AnomalousBehavior.PermissionChecked"],
        DISCOVERY,
        &["T1069.003"],
    ),
    family(["Discovery", "Kubernetes", "TorIPCaller"], DISCOVERY, &["T1613", "T1090.003"]),
    family(["Discovery", "RDS", ""], DISCOVERY, &["T1046"]),
    family(["Discovery", "RDS", "TorIPCaller"], DISCOVERY, &["T1046", "T1090.003"]),
    family(["Discovery", "Runtime", "SuspiciousCommand"], DISCOVERY, &["T1082"]),
    family(["Discovery", "S3", ""], DISCOVERY, &["T1619"]),
    family(["Discovery", "S3", "TorIPCaller"], DISCOVERY, &["T1619", "T1090.003"]),
    family(["Execution", "", ""], EXECUTION, &[]),
    family(["Execution", "", "MaliciousFile"], EXECUTION, &["T1204.002"]),
    family(["Execution", "", "SuspiciousFile"], EXECUTION, &["T1204.002"]),
    family(["Execution", "Kubernetes", "AnomalousBehavior.ExecInPod"], EXECUTION, &["T1609"]),
    family(
        ["Execution", "Kubernetes", "AnomalousBehavior.WorkloadDeployed"],
        EXECUTION,
        &["T1610"],
    ),
    family(["Execution", "Kubernetes", "ExecInKubeSystemPod"], EXECUTION, &["T1609"]),
    family(["Execution", "Runtime", "NewBinaryExecuted"], EXECUTION, &["T1105"]),
    family(["Execution", "Runtime", "NewLibraryLoaded"], EXECUTION, &["T1129"]),
    family(["Execution", "Runtime", "ReverseShell"], EXECUTION, &["T1059.004"]),
    family(["Execution", "Runtime", "SuspiciousCommand"], EXECUTION, &["T1059.004"]),
    family(["Execution", "Runtime", "SuspiciousShellCreated"], EXECUTION, &["T1059.004"]),
    family(["Execution", "Runtime", "SuspiciousTool"], EXECUTION, &["T1059"]),
    family(["Exfiltration", "", ""], EXFILTRATION, &[]),
    family(["Exfiltration", "IAMUser", ""], EXFILTRATION, &["T1537"]),
    family(["Exfiltration", "S3", ""], EXFILTRATION, &["T1530"]),
    family(["Impact", "", ""], IMPACT, &[]),
    family(["Impact", "", "AbusedDomainRequest"], C2, &["T1071.004"]),
    family(["Impact", "", "BitcoinDomainRequest"], IMPACT, &["T1496"]),
    family(["Impact", "", "CryptoMinerExecuted"], IMPACT, &["T1496"]),
    family(["Impact", "", "MaliciousDomainRequest"], C2, &["T1071.004"]),
    family(["Impact", "", "SuspiciousDomainRequest"], C2, &["T1071.004"]),
    family(["Impact", "EC2", "PortSweep"], DISCOVERY, &["T1046"]),
    family(["Impact", "EC2", "WinRMBruteForce"], CREDENTIALS, &["T1110", "T1021.006"]),
    family(["Impact", "Kubernetes", "SuccessfulAnonymousAccess"], IMPACT, &["T1078.001"]),
    family(["Impact", "Kubernetes", "TorIPCaller"], IMPACT, &["T1090.003"]),
    family(["Impact", "S3", "AnomalousBehavior.Delete"], IMPACT, &["T1485"]),
    family(["Impact", "S3", "AnomalousBehavior.Write"], IMPACT, &["T1565.001"]),
    family(["Impact", "S3", "MaliciousIPCaller"], IMPACT, &["T1565.001"]),
    family(["Impact", "S3", "ObjectDelete"], IMPACT, &["T1485"]),
    family(["InitialAccess", "", ""], INITIAL, &[]),
    family(["InitialAccess", "IAMUser", ""], INITIAL, &["T1078.004"]),
    family(["Object", "S3", "MaliciousFile"], C2, &["T1105"]),
    family(["PenTest", "", ""], INITIAL, &["T1078.004"]),
    family(["Persistence", "", ""], PERSISTENCE, &[]),
    family(["Persistence", "IAMUser", ""], PERSISTENCE, &["T1098"]),
    family(["Persistence", "IAMUser", "AnomalousBehavior"], PERSISTENCE, &["T1098.001"]),
    family(["Persistence", "IAMUser", "NetworkPermissions"], PERSISTENCE, &["T1562.007"]),
    family(["Persistence", "IAMUser", "UserPermissions"], PERSISTENCE, &["T1098.003"]),
    family(
        ["Persistence", "Kubernetes", "AnomalousBehavior.WorkloadDeployed"],
        PERSISTENCE,
        &["T1610", "T1611"],
    ),
    family(["Persistence", "Kubernetes", "ContainerWithSensitiveMount"], PERSISTENCE, &["T1611"]),
    family(["Persistence", "Kubernetes", "SuccessfulAnonymousAccess"], PERSISTENCE, &["T1078.001"]),
    family(["Persistence", "Kubernetes", "TorIPCaller"], PERSISTENCE, &["T1090.003"]),
    family(["Policy", "IAMUser", "RootCredentialUsage"], ESCALATION, &["T1078.004"]),
    family(["Policy", "IAMUser", "ShortTermRootCredentialUsage"], ESCALATION, &["T1078.004"]),
    family(
        ["Policy", "Kubernetes", "AdminAccessToDefaultServiceAccount"],
        ESCALATION,
        &["T1098.006"],
    ),
    family(["Policy", "Kubernetes", "AnonymousAccessGranted"], PERSISTENCE, &["T1098.006"]),
    family(["Policy", "Kubernetes", "ExposedDashboard"], INITIAL, &["T1133"]),
    family(["Policy", "Kubernetes", "KubeflowDashboardExposed"], INITIAL, &["T1133"]),
    family(["PrivilegeEscalation", "", ""], ESCALATION, &[]),
    family(["PrivilegeEscalation", "IAMUser", ""], ESCALATION, &["T1098.003"]),
    family(
        ["PrivilegeEscalation", "Kubernetes", "AnomalousBehavior.Role"],
        ESCALATION,
        &["T1098.006"],
    ),
    family(
        ["PrivilegeEscalation", "Kubernetes", "AnomalousBehavior.WorkloadDeployed"],
        ESCALATION,
        &["T1610", "T1611"],
    ),
    family(["PrivilegeEscalation", "Kubernetes", "PrivilegedContainer"], ESCALATION, &["T1611"]),
    family(
        ["PrivilegeEscalation", "Runtime", "CGroupsReleaseAgentModified"],
        ESCALATION,
        &["T1611"],
    ),
    family(
        ["PrivilegeEscalation", "Runtime", "ContainerMountsHostDirectory"],
        ESCALATION,
        &["T1611"],
    ),
    family(["PrivilegeEscalation", "Runtime", "DockerSocketAccessed"], ESCALATION, &["T1611"]),
    family(["PrivilegeEscalation", "Runtime", "ElevationToRoot"], ESCALATION, &["T1548"]),
    family(["PrivilegeEscalation", "Runtime", "RuncContainerEscape"], ESCALATION, &["T1611"]),
    family(["PrivilegeEscalation", "Runtime", "UserfaultfdUsage"], ESCALATION, &["T1068"]),
    family(["Recon", "EC2", "PortProbe"], &["Reconnaissance"], &["T1595.001"]),
    family(["Recon", "EC2", "Portscan"], DISCOVERY, &["T1046"]),
    family(["Recon", "IAMUser", ""], DISCOVERY, &["T1580"]),
    family(["Recon", "IAMUser", "TorIPCaller"], DISCOVERY, &["T1580", "T1090.003"]),
    family(["Recon", "IAMUser", "UserPermissions"], DISCOVERY, &["T1087.004"]),
    family(["Stealth", "", ""], EVASION, &[]),
    family(["Stealth", "IAMUser", "CloudTrailLoggingDisabled"], EVASION, &["T1562.008"]),
    family(["Stealth", "IAMUser", "LoggingConfigurationModified"], EVASION, &["T1562.008"]),
    family(["Stealth", "IAMUser", "PasswordPolicyChange"], EVASION, &["T1556"]),
    family(["Stealth", "S3", "ServerAccessLoggingDisabled"], EVASION, &["T1562.008"]),
    family(["Trojan", "", ""], C2, &[]),
    family(["Trojan", "", "BlackholeTraffic"], C2, &["T1071"]),
    family(["Trojan", "", "BlackholeTraffic!DNS"], C2, &["T1071.004"]),
    family(["Trojan", "", "DGADomainRequest"], C2, &["T1568.002"]),
    family(["Trojan", "", "DNSDataExfiltration"], EXFILTRATION, &["T1048.003"]),
    family(["Trojan", "", "DriveBySourceTraffic"], INITIAL, &["T1189"]),
    family(["Trojan", "", "DropPoint"], EXFILTRATION, &["T1041"]),
    family(["Trojan", "", "PhishingDomainRequest"], INITIAL, &["T1566.002"]),
    family(["UnauthorizedAccess", "", ""], INITIAL, &[]),
    family(["UnauthorizedAccess", "", "MaliciousIPCaller"], C2, &["T1071"]),
    family(["UnauthorizedAccess", "", "MetadataDNSRebind"], CREDENTIALS, &["T1552.005"]),
    family(["UnauthorizedAccess", "", "TorClient"], C2, &["T1090.003"]),
    family(["UnauthorizedAccess", "", "TorIPCaller"], INITIAL, &["T1090.003"]),
    family(["UnauthorizedAccess", "", "TorRelay"], C2, &["T1090.003"]),
    family(["UnauthorizedAccess", "EC2", "RDPBruteForce"], CREDENTIALS, &["T1110", "T1021.001"]),
    family(["UnauthorizedAccess", "EC2", "SSHBruteForce"], CREDENTIALS, &["T1110", "T1021.004"]),
    family(["UnauthorizedAccess", "IAMUser", ""], INITIAL, &["T1078.004"]),
    family(
        ["UnauthorizedAccess", "IAMUser", "InstanceCredentialExfiltration"],
        CREDENTIALS,
        &["T1552.005", "T1078.004"],
    ),
    family(["UnauthorizedAccess", "IAMUser", "MaliciousIPCaller"], INITIAL, &["T1078.004"]),
    family(
        ["UnauthorizedAccess", "IAMUser", "ResourceCredentialExfiltration"],
        CREDENTIALS,
        &["T1552", "T1078.004"],
    ),
    family(["UnauthorizedAccess", "IAMUser", "TorIPCaller"], INITIAL, &["T1078.004", "T1090.003"]),
    family(["UnauthorizedAccess", "S3", "MaliciousIPCaller"], INITIAL, &["T1530"]),
    family(["UnauthorizedAccess", "S3", "TorIPCaller"], INITIAL, &["T1530", "T1090.003"]),
];
