//! ATT&CK technique ids of the vendor's technique words.

use crate::wire::Text;

/// The ids of the words that have one; the vendor's words also come from the container matrix.
pub(super) fn ids(words: &[Text<'_>]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for word in words.iter().filter_map(Text::get) {
        let known = TECHNIQUES.iter().find(|(name, _)| *name == word).map(|(_, id)| *id);
        if let Some(id) = known.filter(|id| !ids.iter().any(|seen| seen == id)) {
            ids.push(id.to_owned());
        }
    }
    ids
}

const TECHNIQUES: &[(&str, &str)] = &[
    ("abuseElevationControlMechanisms", "T1548"),
    ("accessKubernetesAPIServer", "T1613"),
    ("accountAccessRemoval", "T1531"),
    ("accountDiscovery", "T1087"),
    ("accountManipulation", "T1098"),
    ("applicationExploitRCE", "T1190"),
    ("cloudInstanceMetadataAPI", "T1552.005"),
    ("compileAfterDelivery", "T1027.004"),
    ("createAccount", "T1136"),
    ("createContainer", "T1610"),
    ("credentialDumping", "T1003"),
    ("endpointDenialOfService", "T1499"),
    ("eventTriggeredExecution", "T1546"),
    ("execIntoContainer", "T1609"),
    ("exploitPublicFacingApplication", "T1190"),
    ("exploitationForPrivilegeEscalation", "T1068"),
    ("exploitationOfRemoteServices", "T1210"),
    ("fileAndDirectoryDiscovery", "T1083"),
    ("hijackExecutionFlow", "T1574"),
    ("impairDefences", "T1562"),
    ("ingressToolTransfer", "T1105"),
    ("kubernetesSecrets", "T1552.007"),
    ("lateralToolTransfer", "T1570"),
    ("manInTheMiddle", "T1557"),
    ("masquerading", "T1036"),
    ("networkServiceScanning", "T1046"),
    ("obfuscatedFiles", "T1027"),
    ("privilegedContainer", "T1611"),
    ("resourceHijacking", "T1496"),
    ("scheduledTaskJob", "T1053"),
    ("softwareDeploymentTools", "T1072"),
    ("softwareDiscovery", "T1518"),
    ("supplyChainCompromise", "T1195"),
    ("systemInformationDiscovery", "T1082"),
    ("systemNetworkConfigurationDiscovery", "T1016"),
    ("systemNetworkConnectionDiscovery", "T1049"),
    ("systemUserDiscovery", "T1033"),
    ("unsecuredCredentials", "T1552"),
    ("webShell", "T1505.003"),
    ("writableVolumes", "T1611"),
];
