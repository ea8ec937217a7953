//! An Inspector finding as written: the fields that are read.
//!
//! Some dumps begin names with a capital, so each field takes both.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, many, object, texts};

/// A finding, or the event around it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Finding<'a> {
    #[serde(borrow, alias = "FindingArn")]
    pub(super) finding_arn: Text<'a>,
    #[serde(borrow, rename = "awsAccountId", alias = "AwsAccountId")]
    pub(super) account_id: Text<'a>,
    #[serde(borrow, alias = "Account")]
    pub(super) account: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Title")]
    pub(super) title: Text<'a>,
    #[serde(borrow, alias = "Description")]
    pub(super) description: Text<'a>,
    #[serde(borrow, alias = "Severity")]
    pub(super) severity: Text<'a>,
    #[serde(borrow, alias = "Status")]
    pub(super) status: Text<'a>,
    #[serde(borrow, alias = "FirstObservedAt")]
    pub(super) first_observed_at: Text<'a>,
    #[serde(borrow, alias = "LastObservedAt")]
    pub(super) last_observed_at: Text<'a>,
    #[serde(borrow, alias = "UpdatedAt")]
    pub(super) updated_at: Text<'a>,
    #[serde(borrow, alias = "InspectorScore")]
    pub(super) inspector_score: Text<'a>,
    #[serde(borrow, alias = "ExploitAvailable")]
    pub(super) exploit_available: Text<'a>,
    #[serde(borrow, alias = "Region")]
    pub(super) region: Text<'a>,
    #[serde(borrow, alias = "Epss", deserialize_with = "object")]
    pub(super) epss: Epss<'a>,
    #[serde(
        borrow,
        rename = "exploitabilityDetails",
        alias = "ExploitabilityDetails",
        deserialize_with = "object"
    )]
    pub(super) exploitability: Exploitability<'a>,
    #[serde(
        borrow,
        rename = "inspectorScoreDetails",
        alias = "InspectorScoreDetails",
        deserialize_with = "object"
    )]
    pub(super) score_details: ScoreDetails<'a>,
    #[serde(
        borrow,
        rename = "packageVulnerabilityDetails",
        alias = "PackageVulnerabilityDetails",
        deserialize_with = "object"
    )]
    pub(super) packages: Packages<'a>,
    #[serde(
        borrow,
        rename = "networkReachabilityDetails",
        alias = "NetworkReachabilityDetails",
        deserialize_with = "object"
    )]
    pub(super) network: Network<'a>,
    #[serde(
        borrow,
        rename = "codeVulnerabilityDetails",
        alias = "CodeVulnerabilityDetails",
        deserialize_with = "object"
    )]
    pub(super) code: Code<'a>,
    #[serde(borrow, alias = "Remediation", deserialize_with = "object")]
    pub(super) remediation: Remediation<'a>,
    #[serde(borrow, alias = "Resources", deserialize_with = "many")]
    pub(super) resources: Vec<Resource<'a>>,
    #[serde(borrow, alias = "Detail")]
    pub(super) detail: Option<Box<Finding<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Epss<'a> {
    #[serde(borrow, alias = "Score")]
    pub(super) score: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Exploitability<'a> {
    #[serde(borrow, alias = "LastKnownExploitAt")]
    pub(super) last_known_exploit_at: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ScoreDetails<'a> {
    #[serde(borrow, rename = "adjustedCvss", alias = "AdjustedCvss", deserialize_with = "object")]
    pub(super) adjusted: Adjusted<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Adjusted<'a> {
    #[serde(borrow, alias = "Score")]
    pub(super) score: Text<'a>,
    #[serde(borrow, rename = "scoringVector", alias = "ScoringVector")]
    pub(super) vector: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Packages<'a> {
    #[serde(borrow, rename = "vulnerabilityId", alias = "VulnerabilityId")]
    pub(super) id: Text<'a>,
    #[serde(borrow, alias = "SourceUrl")]
    pub(super) source_url: Text<'a>,
    #[serde(
        borrow,
        rename = "relatedVulnerabilities",
        alias = "RelatedVulnerabilities",
        deserialize_with = "texts"
    )]
    pub(super) related: Vec<Text<'a>>,
    #[serde(borrow, alias = "ReferenceUrls", deserialize_with = "texts")]
    pub(super) reference_urls: Vec<Text<'a>>,
    #[serde(borrow, alias = "Cvss", deserialize_with = "many")]
    pub(super) cvss: Vec<Cvss<'a>>,
    #[serde(
        borrow,
        rename = "vulnerablePackages",
        alias = "VulnerablePackages",
        deserialize_with = "many"
    )]
    pub(super) packages: Vec<Package<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cvss<'a> {
    #[serde(borrow, rename = "baseScore", alias = "BaseScore")]
    pub(super) score: Text<'a>,
    #[serde(borrow, rename = "scoringVector", alias = "ScoringVector")]
    pub(super) vector: Text<'a>,
    #[serde(borrow, alias = "Version")]
    pub(super) version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Package<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Version")]
    pub(super) version: Text<'a>,
    #[serde(borrow, alias = "Release")]
    pub(super) release: Text<'a>,
    #[serde(borrow, alias = "Epoch")]
    pub(super) epoch: Text<'a>,
    #[serde(borrow, alias = "Arch")]
    pub(super) arch: Text<'a>,
    #[serde(borrow, rename = "fixedInVersion", alias = "FixedInVersion")]
    pub(super) fixed: Text<'a>,
    #[serde(borrow, rename = "filePath", alias = "FilePath")]
    pub(super) path: Text<'a>,
    #[serde(borrow, alias = "Remediation")]
    pub(super) remediation: Text<'a>,
    #[serde(borrow, rename = "packageManager", alias = "PackageManager")]
    pub(super) manager: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Network<'a> {
    #[serde(borrow, alias = "Protocol")]
    pub(super) protocol: Text<'a>,
    #[serde(
        borrow,
        rename = "openPortRange",
        alias = "OpenPortRange",
        deserialize_with = "object"
    )]
    pub(super) ports: PortRange<'a>,
    #[serde(borrow, rename = "networkPath", alias = "NetworkPath", deserialize_with = "object")]
    pub(super) path: NetworkPath<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PortRange<'a> {
    #[serde(borrow, alias = "Begin")]
    pub(super) begin: Text<'a>,
    #[serde(borrow, alias = "End")]
    pub(super) end: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NetworkPath<'a> {
    #[serde(borrow, alias = "Steps", deserialize_with = "many")]
    pub(super) steps: Vec<Step<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Step<'a> {
    #[serde(borrow, alias = "ComponentId")]
    pub(super) component_id: Text<'a>,
    #[serde(borrow, alias = "ComponentType")]
    pub(super) component_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Code<'a> {
    #[serde(borrow, alias = "RuleId")]
    pub(super) rule_id: Text<'a>,
    #[serde(borrow, alias = "DetectorId")]
    pub(super) detector_id: Text<'a>,
    #[serde(borrow, alias = "DetectorName")]
    pub(super) detector_name: Text<'a>,
    #[serde(borrow, alias = "Cwes", deserialize_with = "texts")]
    pub(super) cwes: Vec<Text<'a>>,
    #[serde(borrow, alias = "ReferenceUrls", deserialize_with = "texts")]
    pub(super) reference_urls: Vec<Text<'a>>,
    #[serde(borrow, rename = "filePath", alias = "FilePath", deserialize_with = "object")]
    pub(super) place: FilePath<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FilePath<'a> {
    #[serde(borrow, rename = "filePath", alias = "FilePath")]
    pub(super) path: Text<'a>,
    #[serde(borrow, rename = "fileName", alias = "FileName")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "StartLine")]
    pub(super) start_line: Text<'a>,
    #[serde(borrow, alias = "EndLine")]
    pub(super) end_line: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Remediation<'a> {
    #[serde(borrow, alias = "Recommendation", deserialize_with = "object")]
    pub(super) recommendation: Recommendation<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Recommendation<'a> {
    #[serde(borrow, alias = "Text")]
    pub(super) text: Text<'a>,
    #[serde(borrow, alias = "Url")]
    pub(super) url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow, alias = "Id")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Region")]
    pub(super) region: Text<'a>,
    #[serde(borrow, alias = "Partition")]
    pub(super) partition: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
    #[serde(borrow, alias = "Details", deserialize_with = "object")]
    pub(super) details: Details<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Details<'a> {
    #[serde(
        borrow,
        rename = "awsEcrContainerImage",
        alias = "AwsEcrContainerImage",
        deserialize_with = "object"
    )]
    pub(super) image: EcrImage<'a>,
    #[serde(
        borrow,
        rename = "awsLambdaFunction",
        alias = "AwsLambdaFunction",
        deserialize_with = "object"
    )]
    pub(super) lambda: Lambda<'a>,
    #[serde(
        borrow,
        rename = "codeRepository",
        alias = "CodeRepository",
        deserialize_with = "object"
    )]
    pub(super) repository: Repository<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EcrImage<'a> {
    #[serde(borrow, alias = "RepositoryName")]
    pub(super) repository_name: Text<'a>,
    #[serde(borrow, alias = "ImageTags", deserialize_with = "texts")]
    pub(super) image_tags: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Lambda<'a> {
    #[serde(borrow, alias = "FunctionName")]
    pub(super) function_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Repository<'a> {
    #[serde(borrow, alias = "ProjectName")]
    pub(super) project_name: Text<'a>,
    #[serde(borrow, alias = "ProviderType")]
    pub(super) provider_type: Text<'a>,
}
