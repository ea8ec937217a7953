//! What lists of faults are asked by: issues and findings alike.
//!
//! A macro and no shared field: a part that is flattened in would let unknown parameters pass.

/// Declares a question about faults: what all have in common, and some fields of its own.
macro_rules! fault_query {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($own)*
            /// One of these severities.
            #[serde(deserialize_with = "listed")]
            #[param(inline, style = Form, explode = false)]
            pub severity: Vec<Severity>,
            /// One of these statuses.
            #[serde(deserialize_with = "listed")]
            #[param(inline, style = Form, explode = false)]
            pub status: Vec<Status>,
            /// One of these kinds of fault.
            #[serde(deserialize_with = "listed")]
            #[param(inline, style = Form, explode = false)]
            pub class: Vec<FindingClass>,
            /// This control, or one below it: `aws.s3` asks for all of S3.
            pub control: Option<String>,
            /// Seen by one of these tools.
            #[serde(deserialize_with = "listed")]
            #[param(inline, style = Form, explode = false)]
            pub tool: Vec<String>,
            /// This text in the asset's id, in any case.
            pub asset: Option<String>,
            /// On the asset with this id.
            pub asset_id: Option<String>,
            /// In one of these clouds or places.
            #[serde(deserialize_with = "listed")]
            #[param(inline, style = Form, explode = false)]
            pub provider: Vec<Provider>,
            /// In this account, subscription, project or cluster.
            pub account: Option<String>,
            /// In this region.
            pub region: Option<String>,
            /// On an asset of this kind.
            pub kind: Option<String>,
            /// On an asset that says it is owned by this team.
            pub team: Option<String>,
            /// Of an issue with this risk score or more.
            #[serde(deserialize_with = "score")]
            #[param(minimum = 0, maximum = 1000)]
            pub min_score: Option<u32>,
            /// Last seen then or later.
            pub seen_since: Option<Timestamp>,
            /// What the list is sorted by.
            #[param(inline, required = false)]
            pub sort: IssueSort,
            /// In which direction.
            #[param(inline, required = false)]
            pub order: Order,
            /// Items on a page, 1 to 500; 50 where it is not said.
            #[serde(skip_serializing_if = "in_no_cursor")]
            #[param(minimum = 1, maximum = 500)]
            pub limit: Option<usize>,
            /// The page that a page before named.
            #[serde(skip_serializing_if = "in_no_cursor")]
            pub cursor: Option<String>,
            /// Whether values are counted too.
            #[serde(skip_serializing_if = "in_no_cursor")]
            pub facets: bool,
        }

        impl $name {
            /// What all questions about faults have in common.
            fn common(&self) -> ListFilter {
                ListFilter {
                    severities: self.severity.clone(),
                    statuses: self.status.clone(),
                    classes: self.class.clone(),
                    control: self.control.clone(),
                    tools: self.tool.clone(),
                    asset: self.asset.clone(),
                    asset_is: self.asset_id.iter().cloned().collect(),
                    providers: self.provider.iter().map(|p| p.as_str().to_owned()).collect(),
                    account: self.account.clone(),
                    region: self.region.clone(),
                    kind: self.kind.clone(),
                    team: self.team.clone(),
                    min_score: self.min_score,
                    seen_since: self.seen_since,
                    ..ListFilter::default()
                }
            }

            /// Which page of the list is asked for.
            fn turn(&self) -> Turn<'_> {
                Turn { limit: self.limit, cursor: self.cursor.as_deref(), facets: self.facets }
            }
        }
    };
}

pub(super) use fault_query;
