//! What a cloud's own description of a resource says of others. Tools hand it on as it is, some
//! with the first letter of each name in upper case.

use quell_model::{Asset, AssetId, Hints, Provider, RelationKind};
use serde_json::Value;

use super::{Related, Way};

use RelationKind::{AttachedTo, CanAssume, Contains, Exposes, UsesImage};
use Way::{In, Out};

/// Where another asset is named, and what it has to do with the one that is described.
#[derive(Debug)]
pub(crate) struct Field {
    /// In which cloud.
    cloud: Provider,
    /// Names from the top; `[]` behind one is each of a list, `{}` each name of an object.
    path: &'static str,
    way: Way,
    kind: RelationKind,
    /// The kind of the other asset.
    of: &'static str,
}

const fn aws(path: &'static str, (way, kind): (Way, RelationKind), of: &'static str) -> Field {
    Field { cloud: Provider::Aws, path, way, kind, of }
}

const fn azure(path: &'static str, (way, kind): (Way, RelationKind)) -> Field {
    Field { cloud: Provider::Azure, path, way, kind, of: "" }
}

const fn gcp(path: &'static str, (way, kind): (Way, RelationKind), of: &'static str) -> Field {
    Field { cloud: Provider::Gcp, path, way, kind, of }
}

impl Field {
    /// A place that only one tool has.
    pub(crate) const fn aws(
        path: &'static str,
        of: (Way, RelationKind),
        kind: &'static str,
    ) -> Self {
        aws(path, of, kind)
    }
}

const VPC: &str = "AWS::EC2::VPC";
const SUBNET: &str = "AWS::EC2::Subnet";
const SECURITY_GROUP: &str = "AWS::EC2::SecurityGroup";
const INSTANCE: &str = "AWS::EC2::Instance";
const PROFILE: &str = "AWS::IAM::InstanceProfile";
const ROLE: &str = "AWS::IAM::Role";
const VOLUME: &str = "AWS::EC2::Volume";
const INTERFACE: &str = "AWS::EC2::NetworkInterface";
const IMAGE: &str = "AWS::EC2::Image";

/// Descriptions of AWS, Azure and Google Cloud.
pub(crate) static CLOUD: &[Field] = &[
    aws("vpcId", (In, Contains), VPC),
    aws("subnetId", (In, Contains), SUBNET),
    aws("vpcConfig.vpcId", (In, Contains), VPC),
    aws("vpcConfig.subnetIds[]", (In, Contains), SUBNET),
    aws("resourcesVpcConfig.vpcId", (In, Contains), VPC),
    aws("resourcesVpcConfig.subnetIds[]", (In, Contains), SUBNET),
    aws("resourcesVpcConfig.securityGroupIds[]", (In, AttachedTo), SECURITY_GROUP),
    aws("vpcConfig.securityGroupIds[]", (In, AttachedTo), SECURITY_GROUP),
    aws("securityGroups[].groupId", (In, AttachedTo), SECURITY_GROUP),
    aws("groups[].groupId", (In, AttachedTo), SECURITY_GROUP),
    aws("vpcSecurityGroups[].vpcSecurityGroupId", (In, AttachedTo), SECURITY_GROUP),
    aws("networkInterfaces[].networkInterfaceId", (In, AttachedTo), INTERFACE),
    aws("blockDeviceMappings[].ebs.volumeId", (In, AttachedTo), VOLUME),
    aws("attachments[].instanceId", (Out, AttachedTo), INSTANCE),
    aws("attachment.instanceId", (Out, AttachedTo), INSTANCE),
    aws("iamInstanceProfile.arn", (In, AttachedTo), PROFILE),
    aws("role", (Out, CanAssume), ROLE),
    aws("roleArn", (Out, CanAssume), ROLE),
    aws("taskRoleArn", (Out, CanAssume), ROLE),
    aws("executionRoleArn", (Out, CanAssume), ROLE),
    aws("imageId", (Out, UsesImage), IMAGE),
    aws("loadBalancerArns[]", (In, Exposes), ""),
    azure("managedBy", (Out, AttachedTo)),
    azure("identity.userAssignedIdentities{}", (Out, CanAssume)),
    azure("properties.networkProfile.networkInterfaces[].id", (In, AttachedTo)),
    azure("properties.storageProfile.osDisk.managedDisk.id", (In, AttachedTo)),
    azure("properties.storageProfile.dataDisks[].managedDisk.id", (In, AttachedTo)),
    azure("properties.virtualMachine.id", (Out, AttachedTo)),
    azure("properties.networkSecurityGroup.id", (In, AttachedTo)),
    azure("properties.ipConfigurations[].properties.subnet.id", (In, Contains)),
    gcp("networkInterfaces[].network", (In, Contains), "network"),
    gcp("networkInterfaces[].subnetwork", (In, Contains), "subnetwork"),
    gcp("serviceAccounts[].email", (Out, CanAssume), "serviceAccount"),
    gcp("disks[].source", (In, AttachedTo), "disk"),
];

/// What a description says of others.
pub(crate) fn described(asset: &Asset, description: &Value, fields: &[Field], to: &mut Related) {
    // A load balancer of AWS says whether everybody may call it.
    let scheme = member(description, "scheme").and_then(Value::as_str);
    if let Some(scheme) = scheme.filter(|_| asset.id.provider == Provider::Aws) {
        to.all_of(asset, "scheme", |to| {
            if scheme == "internet-facing" {
                to.add(&AssetId::internet(), Exposes, &asset.id);
            }
        });
    }
    let properties = member(description, "properties");
    let vm_id = properties.and_then(|properties| member(properties, "vmId"));
    to.same_machine(asset, vm_id.and_then(Value::as_str));
    for field in fields.iter().filter(|field| field.cloud == asset.id.provider) {
        let mut names = Vec::new();
        walk(description, field.path, &mut names);
        let others = names.into_iter().take(super::MOST);
        let others = others.filter_map(|name| other(name, field, &asset.id));
        to.some_or_all_of(asset, (field.path, is_told(description, field.path)), |to| {
            others.for_each(|other| to.beside(asset, (field.way, field.kind), &other));
        });
    }
}

/// Whether a description has a field in each of its places, be it empty. One that is not there says
/// nothing.
fn is_told(value: &Value, path: &str) -> bool {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = step.trim_end_matches("[]").trim_end_matches("{}");
    match member(value, name) {
        None => false,
        Some(Value::Null) => true,
        Some(Value::Array(list)) if !list.is_empty() && !rest.is_empty() => {
            list.iter().all(|one| is_told(one, rest))
        }
        Some(Value::Array(_)) => true,
        Some(below @ (Value::Object(_) | Value::String(_) | Value::Bool(_) | Value::Number(_))) => {
            rest.is_empty() || is_told(below, rest)
        }
    }
}

/// The asset that a description names.
fn other(name: &str, field: &Field, of: &AssetId) -> Option<AssetId> {
    let name = name.trim();
    let is_whole = match field.cloud {
        Provider::Azure => {
            name.get(..15).is_some_and(|s| s.eq_ignore_ascii_case("/subscriptions/"))
        }
        // An id of EC2 and the address of a service account stand for themselves.
        Provider::Gcp => name.contains('@') || name.contains("projects/"),
        Provider::Aws => name.starts_with("arn:") || name.contains('-'),
        Provider::Kubernetes
        | Provider::Image
        | Provider::Iac
        | Provider::Code
        | Provider::Host
        | Provider::Other => false,
    };
    // The default account of a project is named so, and is nobody's in particular.
    if !is_whole || name == "default" {
        return None;
    }
    let service_account;
    let name = if field.of == "serviceAccount" {
        service_account = format!("//iam.googleapis.com/projects/-/serviceAccounts/{name}");
        service_account.as_str()
    } else {
        name
    };
    let hints = Hints {
        provider: Some(field.cloud),
        account: Some(of.account.as_str()).filter(|account| !account.is_empty()),
        region: Some(of.region.as_str()).filter(|region| !region.is_empty()),
        kind: Some(field.of).filter(|kind| !kind.is_empty()),
        ..Hints::default()
    };
    Some(AssetId::parse(name, &hints))
}

/// The texts at a path.
fn walk<'v>(value: &'v Value, path: &str, found: &mut Vec<&'v str>) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let list = step.strip_suffix("[]");
    let names = step.strip_suffix("{}");
    let Some(below) = member(value, list.or(names).unwrap_or(step)) else { return };
    if names.is_some() {
        found.extend(
            below.as_object().into_iter().flat_map(|object| object.keys()).map(String::as_str),
        );
        return;
    }
    let each: &[Value] = match list {
        Some(_) => below.as_array().map_or(&[], Vec::as_slice),
        None => std::slice::from_ref(below),
    };
    for one in each.iter().take(super::MOST) {
        match one.as_str() {
            Some(text) if rest.is_empty() => found.push(text),
            Some(_) | None if rest.is_empty() => {}
            Some(_) | None => walk(one, rest, found),
        }
    }
}

/// A member by its name, or by it with its first letter in upper case.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        let (first, rest) = name.split_at_checked(1)?;
        object.get(&format!("{}{rest}", first.to_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use quell_model::{Record, Tool};
    use serde_json::json;

    use super::*;

    fn texts(native: &str, provider: Provider, description: &Value) -> Vec<String> {
        let hints = Hints { provider: Some(provider), ..Hints::default() };
        let asset = Asset { id: AssetId::parse(native, &hints), ..Asset::default() };
        let mut related = Related::of(Tool::default());
        described(&asset, description, CLOUD, &mut related);
        let own = asset.id.key();
        let short = |id: &AssetId| id.key().replace(own, "it");
        let shown = |record| match record {
            Record::Relation(r) => {
                format!("{} {} {}", short(&r.from), r.kind.words(), short(&r.to))
            }
            Record::Finding(_)
            | Record::Evidence(_)
            | Record::Asset(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Exploited(_) => panic!(),
        };
        related.into_records().map(shown).collect()
    }

    const MACHINE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";

    #[test]
    fn a_description_of_a_machine_names_what_is_around_it_in_both_spellings() {
        let described = json!({
            "vpcId": "vpc-0a1b2c3d4e5f60711", "subnetId": "subnet-0a1b2c3d4e5f60712",
            "securityGroups": [{"groupId": "sg-0a1b2c3d4e5f60713"}, {"groupId": "sg-0a1b2c3d4e5f60713"}],
            "iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/web"},
            "blockDeviceMappings": [{"ebs": {"volumeId": "vol-0a1b2c3d4e5f60714"}}, {"ebs": null}],
            "imageId": "ami-0a1b2c3d4e5f60715",
        });
        let upper = json!({
            "VpcId": "vpc-0a1b2c3d4e5f60711", "SubnetId": "subnet-0a1b2c3d4e5f60712",
            "SecurityGroups": [{"GroupId": "sg-0a1b2c3d4e5f60713"}],
            "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/web"},
            "BlockDeviceMappings": [{"Ebs": {"VolumeId": "vol-0a1b2c3d4e5f60714"}}],
            "ImageId": "ami-0a1b2c3d4e5f60715",
        });
        let found = texts(MACHINE, Provider::Aws, &described);
        assert_eq!(found, texts(MACHINE, Provider::Aws, &upper));
        assert_eq!(
            found,
            [
                "aws:ec2.vpc:vpc-0a1b2c3d4e5f60711 contains it",
                "aws:ec2.subnet:subnet-0a1b2c3d4e5f60712 contains it",
                "aws:ec2.security-group:sg-0a1b2c3d4e5f60713 is attached to it",
                "aws:ec2.volume:vol-0a1b2c3d4e5f60714 is attached to it",
                "aws:iam.instance-profile:111122223333::web is attached to it",
                "it uses the image aws:ec2.image:ami-0a1b2c3d4e5f60715",
            ]
        );
    }

    #[test]
    fn ends_are_the_assets_that_other_records_name() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:pay";
        let role = "arn:aws:iam::111122223333:role/service-role/pay";
        let found = texts(function, Provider::Aws, &json!({"Role": role}));
        let known = AssetId::parse(role, &Hints::default());
        assert_eq!(found, [format!("it can assume {}", known.key())]);

        let machine = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/shop/providers/Microsoft.Compute/virtualMachines/web";
        let card = machine.replace("Compute/virtualMachines", "Network/networkInterfaces");
        let description =
            json!({"properties": {"networkProfile": {"networkInterfaces": [{"id": card}]}}});
        let known = AssetId::parse(&card, &Hints::default());
        assert_eq!(
            texts(machine, Provider::Azure, &description),
            [format!("{} is attached to it", known.key())]
        );

        let machine = "//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/web";
        let network = "https://www.googleapis.com/compute/v1/projects/shop/global/networks/main";
        let account = "web@shop.iam.gserviceaccount.com";
        let description = json!({
            "networkInterfaces": [{"network": network}], "serviceAccounts": [{"email": account}],
        });
        let known = AssetId::parse(network, &Hints::default());
        let who = AssetId::parse(
            &format!("//iam.googleapis.com/projects/shop/serviceAccounts/{account}"),
            &Hints::default(),
        );
        assert_eq!(
            texts(machine, Provider::Gcp, &description),
            [format!("{} contains it", known.key()), format!("it can assume {}", who.key())]
        );
    }

    #[test]
    fn a_load_balancer_for_everybody_is_exposed_by_the_internet() {
        let balancer =
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c49";
        for (scheme, expected) in [("internet-facing", 1), ("internal", 0)] {
            for name in ["scheme", "Scheme"] {
                let found = texts(balancer, Provider::Aws, &json!({name: scheme}));
                assert_eq!(found.len(), expected);
                assert!(found.iter().all(|text| text == "internet exposes it"));
            }
        }
    }

    #[test]
    fn what_a_list_names_is_taken_where_it_is_cut_off_too() {
        let described = json!({"groups": [{"groupId": "sg-0a1b2c3d4e5f60713"}, {"name": "x"}]});
        assert_eq!(texts(MACHINE, Provider::Aws, &described).len(), 1);
    }

    #[test]
    fn a_field_tells_all_where_it_is_there_and_nothing_where_it_is_not() {
        let told = [
            (json!({"groups": []}), true),
            (json!({"Groups": null}), true),
            (json!({"groups": [{"groupId": "sg-1"}]}), true),
            (json!({"groups": [{"groupId": null}]}), true),
            (json!({"groups": [{"groupId": "sg-1"}, {"name": "cut off"}]}), false),
            (json!({"groupId": "sg-1"}), false),
            (json!({}), false),
            (json!(null), false),
        ];
        for (description, expected) in told {
            assert_eq!(is_told(&description, "groups[].groupId"), expected, "{description}");
        }
        for (description, expected) in [
            (json!({"properties": {"networkProfile": null}}), true),
            (json!({"properties": {}}), false),
            (json!({"properties": "x"}), false),
        ] {
            let path = "properties.networkProfile.networkInterfaces[].id";
            assert_eq!(is_told(&description, path), expected, "{description}");
        }
        assert!(is_told(
            &json!({"identity": {"userAssignedIdentities": {}}}),
            "identity.userAssignedIdentities{}"
        ));
    }

    #[test]
    fn what_is_odd_or_of_another_cloud_names_nothing() {
        let described = json!({
            "vpcId": 7, "subnetId": null, "securityGroups": {"groupId": "sg-0a1b2c3d4e5f60713"},
            "imageId": ["ami-0a1b2c3d4e5f60715"], "role": "", "managedBy": "somebody",
        });
        assert!(texts(MACHINE, Provider::Aws, &described).is_empty());
        assert!(texts(MACHINE, Provider::Aws, &json!("text")).is_empty());
        let group = |number: u32| json!({"groupId": format!("sg-{number:017x}")});
        let many = json!({"securityGroups": (0..5000).map(group).collect::<Vec<_>>()});
        assert_eq!(texts(MACHINE, Provider::Aws, &many).len(), super::super::MOST);
    }
}
