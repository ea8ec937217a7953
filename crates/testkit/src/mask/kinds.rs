//! What must not leave, and what must stay: kinds with a form each, filled from a seed.

use crate::random::Random;

/// A kind of value.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is, as a key in a configuration would be called.
    pub name: &'static str,
    /// Its form: text, and parts such as `{hex:32}`.
    pub form: &'static str,
    /// Whether it is known by its form alone. A password is not.
    pub bare: bool,
}

const fn own(name: &'static str, form: &'static str) -> Kind {
    Kind { name, form, bare: true }
}

const fn named(name: &'static str, form: &'static str) -> Kind {
    Kind { name, form, bare: false }
}

/// What must not leave.
pub const HIDDEN: &[Kind] = &[
    own("aws_access_key", "AK{}IA{b32:16}"),
    own("aws_temporary_access_key", "AS{}IA{b32:16}"),
    named("aws_secret_access_key", "{b64:40}"),
    own("aws_session_token", "IQoJb3JpZ2luX2Vj{b64:200}"),
    own("bedrock_api_key", "ABSK{b62:90}"),
    own("github_token", "gh{}p_{b62:36}"),
    own("github_oauth_token", "gh{}o_{b62:36}"),
    own("github_app_token", "gh{}s_{b62:36}"),
    own("github_fine_token", "github{}_pat_{b62:22}_{b62:59}"),
    own("gitlab_token", "glpat{}-{url:20}"),
    own("gitlab_runner_token", "glrt{}-{url:20}"),
    own("bitbucket_token", "ATBB{b62:32}"),
    own("atlassian_token", "ATATT3{url:180}"),
    own("slack_bot_token", "xox{}b-{d:12}-{d:12}-{b62:24}"),
    own("slack_user_token", "xox{}p-{d:12}-{d:12}-{d:12}-{hex:32}"),
    own("slack_app_token", "xapp{}-1-A{A0:10}-{d:13}-{hex:64}"),
    own("slack_webhook", "https://hooks.slack.com/services/T{A0:8}/B{A0:8}/{b62:24}"),
    own(
        "teams_webhook",
        "https://acme.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/{hex:32}/{uuid}",
    ),
    own("discord_webhook", "https://discord.com/api/webhooks/{d:18}/{url:68}"),
    own("discord_bot_token", "MT{b62:24}.G{b62:5}.{url:38}"),
    own("telegram_token", "{n:9}:AA{url:33}"),
    own("stripe_key", "sk{}_live_{b62:24}"),
    own("stripe_restricted_key", "rk{}_live_{b62:24}"),
    own("stripe_webhook_secret", "whsec{}_{b62:32}"),
    own("twilio_key", "SK{hex:32}"),
    own("sendgrid_key", "SG.{url:22}.{url:43}"),
    own("mailgun_key", "key-{hex:32}"),
    own("mailchimp_key", "{hex:32}-us14"),
    own("brevo_key", "xkeysib-{hex:64}-{b62:16}"),
    own("npm_token", "npm_{b62:36}"),
    own("pypi_token", "pypi-AgEIcHlwaS5vcmc{url:80}"),
    own("rubygems_key", "rubygems_{hex:48}"),
    own("nuget_key", "oy2{a0:43}"),
    own("crates_token", "cio{b62:32}"),
    own("docker_token", "dckr_pat_{url:27}"),
    own("digitalocean_token", "dop_v1_{hex:64}"),
    own("google_api_key", "AIza{url:35}"),
    own("google_client_secret", "GOCSPX-{url:28}"),
    own("google_access_token", "ya29.{url:120}"),
    own("google_refresh_token", "1//0{url:60}"),
    own("azure_client_secret", "{b62:3}8Q~{b62:34}"),
    own(
        "azure_storage_connection",
        "DefaultEndpointsProtocol=https;AccountName=acmelogs;AccountKey={b64:86}==",
    ),
    own(
        "azure_sas_url",
        "https://acmelogs.blob.core.windows.net/c/b?sv=2024-11-04&sp=r&sig={b62:43}",
    ),
    named("azure_devops_token", "{a0:52}"),
    own("databricks_token", "dapi{hex:32}"),
    own("huggingface_token", "hf_{b62:34}"),
    own("openai_key", "sk-proj-{url:100}"),
    own("openai_old_key", "sk-{b62:48}"),
    own("anthropic_key", "sk-ant-api03-{url:93}"),
    own("groq_key", "gsk_{b62:52}"),
    own("replicate_token", "r8_{b62:37}"),
    own("linear_key", "lin_api_{b62:40}"),
    own("notion_token", "ntn_{b62:46}"),
    own("airtable_token", "pat{b62:14}.{hex:64}"),
    own("figma_token", "figd_{url:40}"),
    own("shopify_token", "shpat_{hex:32}"),
    own("square_token", "sq0atp-{url:22}"),
    own("new_relic_key", "NRAK-{A0:27}"),
    named("datadog_api_key", "{hex:32}"),
    own("grafana_token", "glsa_{b62:32}_{hex:8}"),
    own("sentry_token", "sntryu_{hex:64}"),
    own("dynatrace_token", "dt0c01.{A0:24}.{A0:64}"),
    own("launchdarkly_key", "sdk-{uuid4}"),
    own("postman_key", "PMAK-{hex:24}-{hex:34}"),
    own("pulumi_token", "pul-{hex:40}"),
    own("terraform_cloud_token", "{b62:14}.atlasv1.{b62:67}"),
    own("vault_token", "hvs.{url:24}"),
    named("consul_http_token", "{uuid}"),
    own("doppler_token", "dp.pt.{b62:43}"),
    own("planetscale_password", "pscale_pw_{url:43}"),
    own("supabase_token", "sbp_{hex:40}"),
    own("netlify_token", "nfp_{b62:40}"),
    own("sonar_token", "squ_{hex:40}"),
    own("artifactory_key", "AKCp8{b62:68}"),
    own("age_secret_key", "AGE-SECRET-KEY-1{A0:58}"),
    own("alibaba_access_key", "LTAI5t{b62:18}"),
    own("tailscale_key", "tskey-auth-{b62:12}-{b62:32}"),
    own("buildkite_token", "bkua_{hex:40}"),
    own("json_web_token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{url:60}.{url:43}"),
    own(
        "private_key",
        "-----BEGIN PRIVATE{} KEY-----{nl}{b64:64}{nl}{b64:64}{nl}-----END PRIVATE KEY-----",
    ),
    own("password_hash", "$2b$12${b62:53}"),
    own("shadow_hash", "$6${b62:16}${b62:86}"),
    own("database_url_password", "postgres://svc:{pw}@db.acme-pay.internal:5432/pay"),
    own("redis_url_password", "redis://:{pw}@10.4.{n:1}.7:6379/0"),
    named("db_password", "{pw}"),
    named("admin_password", "{word}{n:4}!"),
    named("client_secret", "{b62:40}"),
    named("session_secret", "{b62:24}"),
    named("encryption_key", "{b64:43}="),
    named("splunk_hec_token", "{uuid}"),
    named("snyk_token", "{uuid}"),
    named("pagerduty_routing_key", "{a0:32}"),
    named("unknown_vendor_token", "{b62:32}"),
    named("webhook_secret", "{hex:40}"),
    own("random_base62", "{b62:40}"),
    own("random_hex", "{hex:64}"),
    own("random_base36", "{a0:40}"),
    own("wireguard_private_key", "{b62:43}="),
    // People.
    own("email", "{name}.{surname}@acme-pay.com"),
    own("work_email", "{name}{d:3}@mail.acme-pay.co.uk"),
    own("phone", "+49 30 {n:4} {d:4}"),
    own("us_phone", "({n:3}) 555-{d:4}"),
    own("card_number", "{card}"),
    own("iban", "{iban}"),
    own("us_ssn", "{ssn}"),
    own("brazilian_cpf", "{cpf}"),
    own("spanish_dni", "{dni}"),
    own("aadhaar", "{aadhaar}"),
    own("french_insurance", "{insee}"),
    own("uk_national_insurance", "AB{d:6}C"),
    named("passport_no", "C{A0:8}"),
    named("date_of_birth", "19{n:1}{d:1}-0{n:1}-1{d:1}"),
    named("full_name", "{Name} {Surname}"),
    named("username", "{name}.{surname}"),
    own("home_path", "/home/{name}{d:2}/.kube/config"),
    own("windows_profile", "C:\\Users\\{name}{d:2}\\Desktop"),
    own("coordinates", "52.{d:5}, 13.{d:5}"),
    // Addresses and names.
    own("private_ip", "10.{n:2}.{n:2}.{n:2}"),
    own("public_ip", "203.0.{n:2}.{n:2}"),
    own("ipv6", "2001:db8:{hex:4}:{hex:4}::{hexn:4}"),
    own("mac_address", "02:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}"),
    own("host", "db{d:2}.pay.acme.internal"),
    own("public_host", "vpn{d:2}.acme-pay.com"),
    own("instance_host", "ip-10-{n:2}-{n:2}-{n:2}.eu-west-1.compute.internal"),
    own("rds_endpoint", "pay.c{a0:11}.eu-west-1.rds.amazonaws.com"),
    own("account_id", "{n:12}"),
    own("subscription", "/subscriptions/{uuid}/resourceGroups/pay-{a0:5}"),
    named("tenant_id", "{uuid}"),
    own("role_arn", "arn:aws:iam::{n:12}:role/{name}-ops"),
    own("bucket_arn", "arn:aws:s3:::acme-{name}-{d:5}"),
    own("gcp_name", "//storage.googleapis.com/projects/_/buckets/acme-{name}-{d:4}"),
    own("instance_id", "i-0{hex:16}"),
    own("security_group_id", "sg-0{hex:16}"),
    own("oci_id", "ocid1.instance.oc1.phx.{a0:60}"),
    own("aws_user_id", "AIDA{A0:17}"),
    named("bucket_name", "acme-{name}-{d:4}"),
];

/// What must stay as it is: a model that does not see it cannot speak of the fault.
pub const KEPT: &[Kind] = &[
    own("cve", "CVE-20{d:2}-{n:5}"),
    own("ghsa", "GHSA-{ghsa}"),
    own("cwe", "CWE-{n:3}"),
    own("rhsa", "RHSA-2026:{n:4}"),
    own("usn", "USN-{n:4}-1"),
    own("dsa", "DSA-{n:4}-1"),
    own("attack", "T1{n:3}.00{n:1}"),
    own("tactic", "TA00{n:2}"),
    own("cis", "CIS {n:1}.{n:1}.{n:2}"),
    own("nist", "NIST AC-{n:1}({n:1})"),
    own("iso", "ISO 27001 A.{n:1}.{n:1}.{n:1}"),
    own("pci", "PCI DSS {n:1}.{n:1}.{n:1}"),
    own("soc2", "CC{n:1}.{n:1}"),
    own("checkov", "CKV_AWS_{n:3}"),
    own("checkov2", "CKV2_K8S_{n:1}"),
    own("trivy", "AVD-AWS-0{n:3}"),
    own("kubescape", "C-00{n:2}"),
    own("prowler", "s3_bucket_public_access"),
    own("control", "aws.s3.bucket_public_access"),
    own("hub_control", "EC2.{n:2}"),
    own("package", "log4j-core 2.14.{n:1}"),
    own("npm_package", "@babel/traverse@7.23.{n:1}"),
    own("purl", "pkg:npm/lodash@4.17.{n:1}"),
    own("deb", "openssl 3.0.{n:1}-1~deb12u{n:1}"),
    own("rpm", "kernel-5.14.0-{n:3}.el9_4.x86_64"),
    own("go_module", "golang.org/x/crypto v0.{n:2}.0"),
    own("java_package", "org.springframework.boot:spring-boot-starter"),
    own("semver", "v{n:1}.{n:2}.{n:1}-rc.1+build.{n:2}"),
    own("digest", "sha256:{hex:64}"),
    own("commit", "commit {hex:40}"),
    own("pinned", "actions/checkout@{hex:40}"),
    own("md5", "md5: {hex:32}"),
    own("finding_id", "{uuid}"),
    own("policy", "arn:aws:iam::aws:policy/AdministratorAccess"),
    own("managed_policy", "AmazonSSMManagedInstanceCore"),
    own("action", "s3:GetObjectVersion"),
    own("wildcard", "ec2:Describe*"),
    own("service", "lambda.amazonaws.com"),
    own("google_service", "storage.googleapis.com"),
    own("azure_type", "Microsoft.KeyVault/vaults"),
    own("terraform", "aws_s3_bucket_server_side_encryption_configuration"),
    own("attribute", "metadata_options.http_tokens"),
    own("cfn", "AWS::EC2::SecurityGroup"),
    own("k8s_field", "spec.containers[0].securityContext.allowPrivilegeEscalation"),
    own("k8s_api", "rbac.authorization.k8s.io/v1"),
    own("k8s_kind", "ClusterRoleBinding"),
    own("label", "app.kubernetes.io/managed-by"),
    own("file", "modules/network/main.tf"),
    own("yaml_file", "deploy/base/deployment.yaml:42"),
    own("library", "/usr/lib/x86_64-linux-gnu/libssl.so.3"),
    own("image", "docker.io/library/nginx:1.25.{n:1}"),
    own("mcr", "mcr.microsoft.com/dotnet/aspnet:8.0"),
    own("region", "eu-central-1"),
    own("instance_type", "m6i.4xlarge"),
    own("everyone", "0.0.0.0/0"),
    own("everyone6", "::/0"),
    own("port", "tcp/{n:4}"),
    own("metadata", "169.254.169.254"),
    own("cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    own("epss", "0.9{d:4}"),
    own("time", "2026-11-2{n:1}T03:04:05.{d:3}Z"),
    own("date", "2026-0{n:1}-1{d:1}"),
    own("flag", "--no-cli-pager"),
    own("command", "aws s3api put-public-access-block"),
    own("cipher", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    own("tls_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    own("oid", "1.2.840.113549.1.1.11"),
    own("mime", "application/vnd.oci.image.manifest.v1+json"),
    own("severity", "CRITICAL"),
    own("process", "/usr/sbin/sshd -D"),
    own("licence", "Apache-2.0"),
    own("crs", "OWASP_CRS/WEB_ATTACK/SQL_INJECTION"),
    own("falco", "Terminal shell in container"),
    own("guardduty", "UnauthorizedAccess:EC2/SSHBruteForce"),
    own("advisory", "https://nvd.nist.gov/vuln/detail/CVE-2024-{n:4}"),
];

/// A value of a form, and the parts of it that the form leaves to chance.
pub(super) fn value(form: &str, random: &mut Random) -> (String, Vec<String>) {
    let (mut out, mut parts, mut rest): (_, Vec<String>, _) = (String::new(), Vec::new(), form);
    while let Some((head, tail)) = rest.split_once('{') {
        out.push_str(head);
        let (part, behind) = tail.split_once('}').unwrap_or((tail, ""));
        let piece = piece(part, random);
        out.push_str(&piece);
        match parts.last_mut() {
            Some(last) if head.is_empty() => last.push_str(&piece),
            _ => parts.push(piece),
        }
        rest = behind;
    }
    (out + rest, parts)
}

fn piece(part: &str, random: &mut Random) -> String {
    let (word, count) = part.split_once(':').unwrap_or((part, "0"));
    let count = count.parse().unwrap_or(0);
    match word {
        "hex" => letters("0123456789abcdef", count, random),
        "hexn" => letters("123456789abcdef", count, random),
        "b32" => letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count, random),
        "A0" => letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", count, random),
        "a0" => letters("abcdefghijklmnopqrstuvwxyz0123456789", count, random),
        "b62" => letters(BASE62, count, random),
        "b64" => letters(&format!("{BASE62}+/"), count, random),
        "url" => {
            letters(BASE62, count.min(1), random)
                + &letters(&format!("{BASE62}-_"), count.saturating_sub(2), random)
                + &letters(BASE62, count.saturating_sub(1).min(1), random)
        }
        "d" => letters("0123456789", count, random),
        "n" => {
            letters("123456789", 1, random)
                + &letters("0123456789", count.saturating_sub(1), random)
        }
        "pw" => {
            let head = letters(BASE62, 8, random);
            head + &letters("!%#^*", 1, random) + &letters(BASE62, 3, random)
        }
        "uuid" | "uuid4" => uuid(word == "uuid4", random),
        "ghsa" => {
            let block = |random: &mut Random| letters("23456789cfghjmpqrvwx", 4, random);
            format!("{}-{}-{}", block(random), block(random), block(random))
        }
        "nl" => "\n".to_owned(),
        "name" => one(&["ada", "grace", "alan", "edsger", "barbara", "dennis"], random).to_owned(),
        "surname" => one(&["quill", "marsh", "penrose", "okafor", "lindqvist"], random).to_owned(),
        "Name" => one(&["Ada", "Grace", "Alan", "Edsger", "Barbara"], random).to_owned(),
        "Surname" => one(&["Quill", "Marsh", "Penrose", "Okafor", "Lindqvist"], random).to_owned(),
        "word" => one(&["Winter", "Summer", "Welcome", "Changeme", "Dragon"], random).to_owned(),
        other => super::numbers::number(other, random),
    }
}

const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) fn letters(of: &str, count: usize, random: &mut Random) -> String {
    let of = of.as_bytes();
    (0..count).filter_map(|_| random.pick(of)).map(|b| char::from(*b)).collect()
}

fn one<'a>(of: &[&'a str], random: &mut Random) -> &'a str {
    random.pick(of).copied().unwrap_or_default()
}

fn uuid(fourth: bool, random: &mut Random) -> String {
    let mut block = |count| letters("0123456789abcdef", count, random);
    let (a, b, c, d, e) = (block(8), block(4), block(3), block(3), block(12));
    format!("{a}-{b}-{}{c}-a{d}-{e}", if fourth { '4' } else { '5' })
}
