//! The blocks that can be written beside a resource. One file each below `stock/`, one line here.

use hcl_edit::structure::Block;

use crate::terraform::Resource;

/// When a block that stands already serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// Any of its kind.
    Any,
    /// The one key of the module that leaves it to the account who may use it.
    OpenKey,
    /// The one of its kind in the module.
    Lone,
    /// Only one that was written for this.
    Never,
}

/// A block that can be written.
#[derive(Debug)]
pub(super) struct Stock {
    /// The name that recipes use.
    pub(super) id: &'static str,
    /// Its type (`aws_kms_key`).
    pub(super) kind: &'static str,
    /// The name it gets where that is free; the resource's own where this is empty.
    pub(super) name: &'static str,
    pub(super) reuse: Reuse,
    /// Its text; empty where a person has to write it. In it `{{name}}`, `{{resource}}` and the names of blocks above it are put in.
    pub(super) text: &'static str,
}

impl Stock {
    /// Whether it reads something instead of making it.
    pub(super) fn is_data(&self) -> bool {
        self.text.starts_with("data ")
    }

    /// How expressions refer to it.
    pub(super) fn address(&self, name: &str) -> String {
        let root = if self.is_data() { "data." } else { "" };
        format!("{root}{}.{name}", self.kind)
    }

    /// Whether a block is of its type.
    pub(super) fn is_head_of(&self, block: &Block) -> bool {
        let ident = if self.is_data() { "data" } else { "resource" };
        block.ident.as_str() == ident
            && block.labels.len() == 2
            && block.labels.first().is_some_and(|label| label.as_str() == self.kind)
    }

    /// Whether a block that stands is of its type.
    pub(super) fn is_made_by(&self, one: &Resource<'_>) -> bool {
        self.is_head_of(one.block)
    }
}

/// The text of a key that a service uses: what every such key begins and ends with stands apart.
macro_rules! key {
    ($name:literal) => {
        concat!(
            include_str!("stock/key_begin.tf"),
            include_str!(concat!("stock/", $name, ".tf")),
            include_str!("stock/key_end.tf"),
        )
        .trim_ascii_end()
    };
}

macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("stock/", $name, ".tf")).trim_ascii_end()
    };
}

/// Every block, by name.
const STOCK: &[Stock] = &[
    Stock {
        id: "account",
        kind: "aws_caller_identity",
        name: "current",
        reuse: Reuse::Any,
        text: text!("account"),
    },
    Stock {
        id: "aks_workspace",
        kind: "azurerm_log_analytics_workspace",
        name: "",
        reuse: Reuse::Lone,
        text: text!("aks_workspace"),
    },
    Stock {
        id: "alicloud_key",
        kind: "alicloud_kms_key",
        name: "data",
        reuse: Reuse::Lone,
        text: text!("alicloud_key"),
    },
    Stock {
        id: "api_logs",
        kind: "aws_cloudwatch_log_group",
        name: "api",
        reuse: Reuse::Never,
        text: text!("api_logs"),
    },
    Stock {
        id: "backup_daily",
        kind: "azurerm_backup_policy_vm",
        name: "",
        reuse: Reuse::Lone,
        text: text!("backup_daily"),
    },
    Stock {
        id: "backup_plan",
        kind: "aws_backup_plan",
        name: "daily",
        reuse: Reuse::Lone,
        text: text!("backup_plan"),
    },
    Stock {
        id: "backup_role",
        kind: "aws_iam_role",
        name: "backup",
        reuse: Reuse::Never,
        text: text!("backup_role"),
    },
    Stock {
        id: "backup_role_policy",
        kind: "aws_iam_role_policy_attachment",
        name: "backup",
        reuse: Reuse::Never,
        text: text!("backup_role_policy"),
    },
    Stock {
        id: "backup_safe",
        kind: "azurerm_recovery_services_vault",
        name: "",
        reuse: Reuse::Lone,
        text: text!("backup_safe"),
    },
    Stock {
        id: "backup_vault",
        kind: "aws_backup_vault",
        name: "daily",
        reuse: Reuse::Lone,
        text: text!("backup_vault"),
    },
    Stock {
        id: "bigquery_agent",
        kind: "google_bigquery_default_service_account",
        name: "current",
        reuse: Reuse::Any,
        text: text!("bigquery_agent"),
    },
    Stock {
        id: "bucket_versioning",
        kind: "aws_s3_bucket_versioning",
        name: "",
        reuse: Reuse::Never,
        text: text!("bucket_versioning"),
    },
    Stock {
        id: "client_certificate",
        kind: "aws_api_gateway_client_certificate",
        name: "",
        reuse: Reuse::Never,
        text: text!("client_certificate"),
    },
    Stock {
        id: "dataset_key",
        kind: "google_kms_crypto_key",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("dataset_key"),
    },
    Stock {
        id: "dataset_key_user",
        kind: "google_kms_crypto_key_iam_member",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("dataset_key_user"),
    },
    Stock {
        id: "dataset_ring",
        kind: "google_kms_key_ring",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("dataset_ring"),
    },
    Stock {
        id: "dnssec_key",
        kind: "aws_kms_key",
        name: "dnssec",
        reuse: Reuse::Never,
        text: text!("dnssec_key"),
    },
    Stock {
        id: "dnssec_signing_key",
        kind: "aws_route53_key_signing_key",
        name: "",
        reuse: Reuse::Never,
        text: text!("dnssec_signing_key"),
    },
    Stock {
        id: "failed_queue",
        kind: "aws_sqs_queue",
        name: "",
        reuse: Reuse::Never,
        text: text!("failed_queue"),
    },
    Stock {
        id: "failed_queue_policy",
        kind: "aws_iam_role_policy",
        name: "",
        reuse: Reuse::Never,
        text: text!("failed_queue_policy"),
    },
    Stock {
        id: "flow_logs",
        kind: "aws_cloudwatch_log_group",
        name: "flow_logs",
        reuse: Reuse::Never,
        text: text!("flow_logs"),
    },
    Stock {
        id: "flow_role",
        kind: "aws_iam_role",
        name: "flow_logs",
        reuse: Reuse::Never,
        text: text!("flow_role"),
    },
    Stock {
        id: "flow_role_policy",
        kind: "aws_iam_role_policy",
        name: "flow_logs",
        reuse: Reuse::Never,
        text: text!("flow_role_policy"),
    },
    Stock {
        id: "gcp_project",
        kind: "google_project",
        name: "current",
        reuse: Reuse::Any,
        text: text!("gcp_project"),
    },
    Stock {
        id: "global_ring",
        kind: "google_kms_key_ring",
        name: "global",
        reuse: Reuse::Never,
        text: text!("global_ring"),
    },
    Stock {
        id: "glue_security",
        kind: "aws_glue_security_configuration",
        name: "",
        reuse: Reuse::Never,
        text: text!("glue_security"),
    },
    Stock {
        id: "instance_profile",
        kind: "aws_iam_instance_profile",
        name: "",
        reuse: Reuse::Never,
        text: text!("instance_profile"),
    },
    Stock {
        id: "instance_role",
        kind: "aws_iam_role",
        name: "",
        reuse: Reuse::Never,
        text: text!("instance_role"),
    },
    Stock {
        id: "kms_key",
        kind: "aws_kms_key",
        name: "data",
        reuse: Reuse::OpenKey,
        text: text!("kms_key"),
    },
    Stock {
        id: "logs_key",
        kind: "aws_kms_key",
        name: "logs",
        reuse: Reuse::Never,
        text: key!("logs_key"),
    },
    Stock {
        id: "msk_logs",
        kind: "aws_cloudwatch_log_group",
        name: "msk",
        reuse: Reuse::Never,
        text: text!("msk_logs"),
    },
    Stock {
        id: "partition",
        kind: "aws_partition",
        name: "current",
        reuse: Reuse::Any,
        text: text!("partition"),
    },
    Stock {
        id: "pubsub_key",
        kind: "google_kms_crypto_key",
        name: "pubsub",
        reuse: Reuse::Never,
        text: text!("pubsub_key"),
    },
    Stock {
        id: "pubsub_key_user",
        kind: "google_kms_crypto_key_iam_member",
        name: "pubsub",
        reuse: Reuse::Never,
        text: text!("pubsub_key_user"),
    },
    Stock {
        id: "rds_role",
        kind: "aws_iam_role",
        name: "rds_monitoring",
        reuse: Reuse::Never,
        text: text!("rds_role"),
    },
    Stock {
        id: "rds_role_policy",
        kind: "aws_iam_role_policy_attachment",
        name: "rds_monitoring",
        reuse: Reuse::Never,
        text: text!("rds_role_policy"),
    },
    Stock {
        id: "region",
        kind: "aws_region",
        name: "current",
        reuse: Reuse::Any,
        text: text!("region"),
    },
    Stock {
        id: "request_validator",
        kind: "aws_api_gateway_request_validator",
        name: "",
        reuse: Reuse::Never,
        text: text!("request_validator"),
    },
    Stock {
        id: "security_headers",
        kind: "aws_cloudfront_response_headers_policy",
        name: "security_headers",
        reuse: Reuse::Never,
        text: text!("security_headers"),
    },
    Stock {
        id: "stack_topic",
        kind: "aws_sns_topic",
        name: "",
        reuse: Reuse::Never,
        text: text!("stack_topic"),
    },
    Stock {
        id: "storage_account",
        kind: "azurerm_storage_account",
        name: "",
        reuse: Reuse::Lone,
        text: "",
    },
    Stock {
        id: "subnet_nsg",
        kind: "azurerm_network_security_group",
        name: "",
        reuse: Reuse::Never,
        text: text!("subnet_nsg"),
    },
    Stock {
        id: "table_key",
        kind: "google_kms_crypto_key",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("table_key"),
    },
    Stock {
        id: "table_key_user",
        kind: "google_kms_crypto_key_iam_member",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("table_key_user"),
    },
    Stock {
        id: "table_ring",
        kind: "google_kms_key_ring",
        name: "bigquery",
        reuse: Reuse::Never,
        text: text!("table_ring"),
    },
    Stock {
        id: "trail_key",
        kind: "aws_kms_key",
        name: "trail",
        reuse: Reuse::Never,
        text: key!("trail_key"),
    },
    Stock {
        id: "trail_logs",
        kind: "aws_cloudwatch_log_group",
        name: "trail",
        reuse: Reuse::Never,
        text: text!("trail_logs"),
    },
    Stock {
        id: "trail_role",
        kind: "aws_iam_role",
        name: "trail",
        reuse: Reuse::Never,
        text: text!("trail_role"),
    },
    Stock {
        id: "trail_role_policy",
        kind: "aws_iam_role_policy",
        name: "trail",
        reuse: Reuse::Never,
        text: text!("trail_role_policy"),
    },
    Stock {
        id: "trail_topic",
        kind: "aws_sns_topic",
        name: "trail",
        reuse: Reuse::Never,
        text: text!("trail_topic"),
    },
    Stock {
        id: "trail_topic_policy",
        kind: "aws_sns_topic_policy",
        name: "trail",
        reuse: Reuse::Never,
        text: text!("trail_topic_policy"),
    },
    Stock {
        id: "web_acl",
        kind: "aws_wafv2_web_acl",
        name: "web",
        reuse: Reuse::Never,
        text: text!("web_acl"),
    },
    Stock {
        id: "web_acl_logging",
        kind: "aws_wafv2_web_acl_logging_configuration",
        name: "web",
        reuse: Reuse::Never,
        text: text!("web_acl_logging"),
    },
    Stock {
        id: "web_acl_logs",
        kind: "aws_cloudwatch_log_group",
        name: "web",
        reuse: Reuse::Never,
        text: text!("web_acl_logs"),
    },
    Stock {
        id: "zone_signing_key",
        kind: "aws_route53_key_signing_key",
        name: "",
        reuse: Reuse::Never,
        text: text!("zone_signing_key"),
    },
];

/// The block of that name.
pub(super) fn by_id(id: &str) -> Option<&'static Stock> {
    STOCK.iter().find(|stock| stock.id == id)
}
