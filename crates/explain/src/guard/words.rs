//! Words that the guard knows.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Short forms of the field that say nothing about a record.
pub(super) static TERMS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "A ABAC ACL ACLs ACM ACR AES AI AKS ALB AMI AMIs and/or API APIs APT ArgoCD ARN ARNs ARP \
    ASCII ASN ASNs ATT&CK AWS Base64 base64 BGP BigQuery BIOS C&C C2 CA CAs CD CDN CI CI/CD CIDR \
    CIDRs CISA CLI CloudFormation CloudFront CloudTrail CloudWatch ClusterRole \
    ClusterRoleBinding CodeBuild ConfigMap CORS CPU CronJob CSP CSPM CSR CSRF CSV \
    CVE CVEs CVSS CWE CWPP DaemonSet DAST DB DBA DBs DDoS DevOps DevSecOps DHCP DKIM DLL DMARC \
    DMZ DNS DoS DynamoDB e.g. eBPF EBS EC2 EC2s ECDSA ECR ECS EDR EFS EKS ELB EPSS EU FinOps \
    FIPS FTP GB GCE GCP GCR GCS GID GitHub GitLab GitOps GKE GPG GuardDuty GUID HCL \
    HMAC HSM HSTS HTML HTTP HTTPS I i.e. IaaS IaC IAM ICMP ID IDOR IDS IDs IMAP IMDS IMDSv1 \
    IMDSv2 IOC IOCs iOS IP IPS IPs IPv4 IPv6 ISP ISPs JavaScript JIT JSON JWT K8s KB KEV \
    KeyVault KMS LAN LDAP LFI LLM LSASS MAC macOS MB MFA MITRE MongoDB MR mTLS MySQL \
    NAT NATs NDR NetworkPolicy NFS NIST NLB Node.js NSG NSGs NTLM NVD OAuth OAuth2 OIDC OK \
    OpenID OpenShift OpenSSH OpenSSL OpenTofu OS OSV OWASP PaaS PCI PDF PGP PID PIDs PII POC PoC \
    POP3 PostgreSQL PowerShell PR PRs QA RAM RAT RBAC RCE RDP RDS read/write ReplicaSet RFI \
    RoleBinding RSA S3 SaaS SAML SAST SBOM SBOMs SCA SCP SCPs SDK ServiceAccount SHA \
    SIEM SLA SLI SLO SMB SMTP SNS SOC SPF SQL SQLi SQS SSD SSE SSH SSL SSM SSO SSRF StatefulSet \
    STS SUID TB TCP TLS TLSv1 TTL TTP TTPs TTY TypeScript UDP UEFI UI UID UK URL URLs US UTC \
    UTF-8 UUID UX v1 v2 VM VMs VPC VPCs VPN VPNs vs WAF WAN WinRM WMI X.509 XDR XML \
    XSS XXE YAML"
        .split_whitespace()
        .collect()
});

/// Words that stand beside those and name nothing.
pub(super) static PLAIN: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a able abnormal about above absent abuse abuses accepts access accesses accessible account \
    accounted accounts across act active actively activity actor actors acts actual actually \
    added additional address addresses adds admin administrator administrators adversary advice \
    affected after afterwards again against agent ahead alert alerts all allow allowed allows \
    alone along already also alternative always among amount an and anomalies anomalous anomaly \
    another answer answers any anyone anything anyway anywhere appear appears application \
    applications applies apply are around arrive arrives as ask asked asks assume assumed \
    assumes at attached attack attacker attackers attacks attempt attempts attribute audience \
    audit auditing auditor author automated automatic automatically automation available away \
    back backup bad ban based baseline batch be because become becomes been before began begin \
    beginning begins behaves behavior behaviour behind being believe belong belongs below best \
    better between beyond bigger block blocks both breach break breaks briefly bring brings \
    broad browser bucket buckets build building builds business but by call called calls came \
    can cannot capable care carries carry case cause causes certain chain change changed changes \
    channel check checks choose chosen class clean clear client close closed closely closes \
    cloud cluster clusters code come comes command commands commit common communicates company \
    compare compares complete completely component components compromised compute concern \
    configuration configured confirm confirms connect connection connections connects consider \
    consistent console consumes contain container containers contains content contents context \
    continue continues control controlled controls copy correct cost could count country counts \
    cover covers create created creates creating creation credential credentials critical \
    current currently customer customers daily dangerous data database databases date day days \
    deal decide deep default definition delete deleted deletes deliberate denied deny dependency \
    depends deployed deployment deployments deploys describe describes deserve deserves \
    destination detail details detected detection detections developer developers device devices \
    did differ different differs direct directly disable disabled disables disk distance do \
    document does doing domain done door dormant down download downloads during each earlier \
    early easily easy edge effect effective either else elsewhere email employee empty enable \
    enabled enables encryption end endpoint engineer engineers enough ensure ensures enter \
    enters entire entries entry environment equal error escalates especially establish even \
    event events ever every everyone everything evidence exact exactly example exceeds except \
    exception excessive executed execution exists expect expected expects expired expires \
    explain explains exploit exploits export exposed exposes exposure extends external extra \
    fact failed fails failure false far fast feature few fewer field figure file files final \
    find finding findings finds fine firewall first five fix fixed flag flows follow follows for \
    force forensics form format former forward found four frequent frequently fresh from full \
    fully function functions further gain gains gap gateway gave general genuinely get gets give \
    given gives go goes going good got grant granted grants great greater ground group groups \
    guest habit had half hand hands happen happened happens hard harm has have having heavy held \
    help helps hence here hidden high higher highest history hold holder holds hole home host \
    hosting hosts hour hours how however human hundred identical identities identity if image \
    images impact important in inactive inbound incident incidents include includes increase \
    increases indeed independent individual infrastructure ingress initial inside install \
    installation instance instances instead intended interactive interface internal internet \
    into invalid inventory invoke invokes is issue issues it its itself job jobs join jump jumps \
    just keep keeps kept key keys kind knew know known knows lack lacks large last late later \
    latest latter lay layer lead leads leaked learn least leave leaves left legacy legitimate \
    legitimately less let lets letting level library lies life like likely likewise limit limits \
    line link links list listens lists little live load local location lock log logged login \
    logins logs long longer look looked looking looks lookups lose loses lost lot low lower \
    machine machines made mail main mainly maintainers maintenance major make makes malicious \
    malware management manager manages manual many mapping mark mass match matches matter \
    matters maximum may maybe me mean meaning means meant measured member members memory \
    mentions merely merge message metadata method middle might minimum mining minor minute \
    minutes misses missing mistake misuse mode model modifies modify module moment monitor \
    monitoring month months more most mostly move movement moves much must my name named names \
    namespace namespaces narrow nearby nearly need needed needs neither network never new next \
    night nightly nights no nobody node noisy none noon nor normal normally not note notes \
    nothing now number numbers object objects observed obtain obtains occur occurs odd of off \
    offered often old on once one ones only onwards open opens operation operations operator \
    operators option or order ordinary organization origin original other our out outbound \
    outcome outgoing outside over own owned owner owners package packages page parameter part \
    particular parts pass passes passing password past patch path pattern patterns peak peer \
    peers people per perform performs perhaps period permission permissions permits persistence \
    persists person phase piece pipeline pipelines place places plain plan platform plausible \
    plugin pod point points policies policy pool port ports positions possible possibly post \
    potential power practice precise present prevent prevents previous price primary principal \
    principals prior private privilege privileges probably problem problems process processes \
    produce product production profile program programs project projects proof proper protect \
    protection protects prove proves provide provider provides public publicly pull pulls \
    purpose put question quick quietly quite quota raise raises ran range rare rarely rate rates \
    rather raw reach reachable reached reaches read readable reader readers reading reads real \
    really reason receive receives recent recently recognised recognized record recorded records \
    recovery reduces refer reflects region regions registry regular related release relies \
    remain remains remote remove removed removes rename repeat repeats replace reply report \
    reporting reports repository request requests require required requires research resembles \
    resource resources response rest restart restore restrict restricts result results retains \
    return returns reuse reused reveal reveals review revoke right rights rises risk risks role \
    roles rolling rollout root rotate rotated rotates route routes routine row rule rules run \
    runner runners running runs runtime safe safer said same samples sandbox save saw say says \
    scan scanner scanners schedule scheduled schema scope script scripts search second secret \
    secrets section security see seem seems seen sees seldom select send sends sense sensitive \
    separate sequence series serious serve served server servers serves service services serving \
    session sessions set setting settings setup several severe severity shape share shared \
    shares shell shift shifts short shortly should show showing shown shows side sign signal \
    signals signed signs similar simple since single site sits situation size slow small so \
    software some someone something sometimes somewhere soon sort source sources space specific \
    spends spike spikes spread stage stale stand standard standing stands start started starts \
    state statement states stays steal steals step steps still stolen stood stop stopped stops \
    storage store stored stores strange stream string strong strongly structure subject subnet \
    success successful such sudden suggests suits supply support supports suppose sure surface \
    suspicious switch system systems table tag tags take taken takeover takes talks target \
    targets task team teams technique tell telling tells temporary tenant tenants term terminal \
    test tests text than that the their them themselves then there these they thing things third \
    this those though thought thousand threat three through ticket tied time times timing to \
    today together token tokens told tomorrow tonight too took tool tools top total touch \
    traffic transfer transfers tree tries trigger triggers true truly trust trusts try turn \
    twice two type types typical typically under unexpected unfamiliar unknown unless unlike \
    unlikely unrecognised unrecognized unrelated unseen until unused unusual up update updates \
    upgrade upload uploads upon urgent usage use used useful user users uses using usual usually \
    valid value values variations various vendor vendors verified verify version versions very \
    via view visible visit visits volume volumes vulnerability vulnerable wait wakes want wants \
    warning was watch way web week weekday weekdays weekend weekends weeks well went were what \
    whatever when whenever where wherever whether which whichever while who whoever whole whom \
    whose why wide widely wider will with within without word words work worked worker working \
    workload workloads works world worse worth would write writes writing wrong wrote year years \
    yes yesterday yet you your yourself zone"
        .split_whitespace()
        .collect()
});
/// What prose puts before a word.
pub(super) static BEFORE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "all anti auto co cross de ex fully half highly hyper in inter intra mid mis multi newly non \
    off on out over post pre previously publicly re self semi single sub three two un under well"
        .split_whitespace()
        .collect()
});

/// What prose puts behind a word.
pub(super) static BEHIND: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "access accessible agnostic ahead approved around authenticated aware away back backed based \
    bound built by capable centric compatible configured controlled day defined dependent down \
    driven enabled encoded encrypted exposed facing factor fledged focused free friendly \
    generated grade granted growing heavy hosted in inclusive initiated issued known less level \
    like lived local looking made managed minute module native off only oriented originated out \
    over owned party path privilege privileged prone protected provided ranging readable ready \
    related running scoped side sign signed sized source specific standing style supplied term \
    through tier time tolerant trusted type typed up user visible week wide writable written \
    year"
        .split_whitespace()
        .collect()
});

/// Words that are whole with their hyphens.
pub(super) static WHOLE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "ad-hoc add-on add-ons air-gapped allow-list back-door back-end back-up brand-new break-glass \
    brute-force brute-forced brute-forcing built-in buy-in by-product carry-over \
    case-insensitive catch-all check-in cloud-init code-signing command-and-control command-line \
    copy-paste credential-stuffing credential-theft crypto-mining cut-off data-at-rest \
    data-exfiltration data-theft day-to-day deep-dive default-deny defence-in-depth \
    defense-in-depth denial-of-service deny-list double-check drop-in e-mail e-mails east-west \
    end-of-life end-to-end end-user entry-point error-prone fail-safe far-reaching file-system \
    fine-grained follow-on follow-through follow-up foot-hold front-end full-time go-live \
    hand-off hand-over hands-on hard-code hard-coded hard-coding high-impact high-risk \
    high-severity high-value higher-risk hot-fix internet-wide key-value kick-off know-how \
    large-scale last-seen lateral-movement least-privilege light-weight log-in log-on log-out \
    long-lasting long-term longer-lived look-alike look-up low-level low-privilege low-risk \
    low-severity lower-privilege machine-written man-in-the-middle mark-up medium-severity \
    mitre-mapped more-privileged network-wide nice-to-have north-south object-level on-call \
    one-off one-time open-ended opt-in opt-out out-of-band out-of-date out-of-hours \
    password-spraying patch-level pay-out peer-to-peer person-in-the-middle point-in-time \
    port-forwarding port-scan port-scanning pre-shared privilege-escalation problem-free \
    proof-of-concept public-facing pull-request pull-requests push-button put-object quick-fix \
    rate-limit rate-limited rate-limiting re-run re-use read-only read-through read-write \
    real-time real-world remote-code-execution reverse-shell right-hand risk-based role-based \
    roll-back roll-out round-trip run-book run-time second-stage secret-scanning \
    security-relevant security-sensitive self-service server-side service-to-service set-up \
    short-term shut-down side-effect side-effects sign-in sign-ins sign-off sign-on sign-out \
    site-to-site so-called stand-alone stand-in start-up state-changing step-by-step step-up \
    supply-chain take-over threat-intelligence three-day tie-in time-consuming time-limited \
    time-out top-level trade-off two-day up-front up-to-date user-controlled user-supplied \
    warm-up web-facing what-if work-around world-readable world-writable worst-case write-off \
    x-ray year-old zero-day zero-trust"
        .split_whitespace()
        .collect()
});
