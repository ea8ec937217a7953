//! Secrets by the form that those who give them out document.
//!
//! A form is its fixed beginning and how many letters of which kind follow.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, stands_alone, value_of};
use crate::kind::Kind;

/// What it is, and its form. A part called `v` is the secret, else all is.
const FORMS: &[(&str, &str)] = &[
    (
        "private key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-])*(?:-----END [A-Z0-9 ]*-----)?",
    ),
    ("token", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*"),
    ("aws access key", r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}"),
    ("aws session token", r"(?:FwoG|FQoG|IQoJ)[A-Za-z0-9+/=]{60,}"),
    ("aws bedrock key", r"ABSK[A-Za-z0-9+/]{60,}={0,2}"),
    ("github token", r"gh[pousr]_[A-Za-z0-9]{20,}"),
    ("github token", r"github_pat_[A-Za-z0-9_]{22,}"),
    ("gitlab token", r"gl(?:pat|ptt|rt|dt|cbt|oas|ft|soat|agent|imt|ffct)-[A-Za-z0-9_.-]{18,}"),
    ("gitlab token", r"GR1348941[A-Za-z0-9_-]{18,}"),
    ("bitbucket token", r"ATBB[A-Za-z0-9_=-]{20,}"),
    ("atlassian token", r"ATATT3[A-Za-z0-9_=-]{50,}"),
    ("atlassian token", r"ATCTT3[A-Za-z0-9_=-]{50,}"),
    ("slack token", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}"),
    ("slack token", r"xapp-\d-[A-Za-z0-9-]{10,}"),
    ("slack hook", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[A-Za-z0-9/]{20,})"),
    ("teams hook", r"webhook\.office\.com/webhookb2/(?P<v>[A-Za-z0-9@/-]{40,})"),
    ("teams hook", r"logic\.azure\.com[^\s]*?[?&]sig=(?P<v>[A-Za-z0-9_-]{20,})"),
    ("discord hook", r"discord(?:app)?\.com/api/webhooks/(?P<v>\d+/[A-Za-z0-9_-]{30,})"),
    ("discord token", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
    ("telegram token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("stripe key", r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
    ("webhook key", r"whsec_[A-Za-z0-9+/=]{20,}"),
    ("twilio key", r"SK[0-9a-f]{32}"),
    ("sendgrid key", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{30,}"),
    ("mailgun key", r"key-[0-9a-f]{32}"),
    ("mailchimp key", r"[0-9a-f]{32}-us\d{1,2}"),
    ("brevo key", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("npm token", r"npm_[A-Za-z0-9]{30,}"),
    ("pypi token", r"pypi-[A-Za-z0-9_-]{50,}"),
    ("rubygems key", r"rubygems_[0-9a-f]{48}"),
    ("nuget key", r"oy2[a-z0-9]{43}"),
    ("crates token", r"cio[A-Za-z0-9]{32}"),
    ("docker token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("digitalocean token", r"do[opr]_v1_[0-9a-f]{64}"),
    ("heroku key", r"HRKU-[A-Za-z0-9_-]{30,}"),
    ("google key", r"AIza[A-Za-z0-9_-]{35}"),
    ("google secret", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    ("google token", r"ya29\.[A-Za-z0-9_-]{20,}"),
    ("google token", r"1//0[A-Za-z0-9_-]{30,}"),
    ("azure secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"),
    ("azure key", r"(?i:AccountKey|SharedAccessKey|SharedSecretValue)=(?P<v>[A-Za-z0-9+/=]{20,})"),
    ("azure signature", r"[?&;]sig=(?P<v>[A-Za-z0-9%+/=_-]{20,})"),
    ("azure devops token", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    ("databricks token", r"dapi[0-9a-f]{32}(?:-\d)?"),
    ("hugging face token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("openai key", r"sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,}"),
    ("anthropic key", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    ("groq key", r"gsk_[A-Za-z0-9]{40,}"),
    ("replicate token", r"r8_[A-Za-z0-9]{37}"),
    ("perplexity key", r"pplx-[A-Za-z0-9]{40,}"),
    ("xai key", r"xai-[A-Za-z0-9]{60,}"),
    ("facebook token", r"EAA[A-Za-z0-9]{60,}"),
    ("twitter token", r"A{20,}[A-Za-z0-9%]{40,}"),
    ("linear key", r"lin_(?:api|oauth)_[A-Za-z0-9]{30,}"),
    ("notion token", r"(?:secret_|ntn_)[A-Za-z0-9]{40,}"),
    ("airtable token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("figma token", r"fig[dourh]{1,2}_[A-Za-z0-9_-]{30,}"),
    ("shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("square token", r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,}"),
    ("paypal token", r"access_token\$production\$[a-z0-9]{16}\$[0-9a-f]{32}"),
    ("new relic key", r"NR(?:AK|II|JS|IQ|RA)-[A-Za-z0-9_-]{20,}"),
    ("grafana token", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("grafana token", r"glc_[A-Za-z0-9+/=]{32,}"),
    ("sentry token", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("dynatrace token", r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    (
        "launchdarkly key",
        r"(?:sdk|api|mob)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    ("postman key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("pulumi token", r"pul-[0-9a-f]{40}"),
    ("terraform token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    ("vault token", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]+\.)?[A-Za-z0-9]{40,}"),
    ("1password token", r"ops_eyJ[A-Za-z0-9_=-]{50,}"),
    (
        "1password key",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    ),
    ("cloudflare key", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}"),
    ("netlify token", r"nfp_[A-Za-z0-9_-]{30,}"),
    ("vercel token", r"vc[apikr]{1,2}_[A-Za-z0-9]{20,}"),
    ("supabase token", r"sb(?:p|_secret)_[A-Za-z0-9_]{30,}"),
    ("planetscale key", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
    ("sonar token", r"sq[apu]_[0-9a-f]{40}"),
    ("jfrog key", r"AKCp[A-Za-z0-9]{60,}"),
    ("jfrog token", r"cmVmdGtu[A-Za-z0-9+/=]{50,}"),
    ("age key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    ("alibaba key", r"LTAI[A-Za-z0-9]{12,}"),
    ("tencent key", r"AKID[A-Za-z0-9]{32}"),
    ("yandex key", r"AQVN[A-Za-z0-9_-]{35,}"),
    ("yandex token", r"t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{80,}={0,2}"),
    ("tailscale key", r"tskey-[a-z]+-[A-Za-z0-9]+-[A-Za-z0-9]{20,}"),
    ("fly token", r"fm[12]_[A-Za-z0-9+/=_-]{50,}"),
    ("snyk token", r"snyk_[a-z]+\.[A-Za-z0-9_.-]{30,}"),
    ("buildkite token", r"bk(?:ua|at|ct)_[A-Za-z0-9]{30,}"),
    ("circleci token", r"CCIPAT_[A-Za-z0-9_]{40,}"),
    ("adyen key", r"AQE[A-Za-z0-9]{5}[A-Za-z0-9+/=._^\[\]{}-]{60,}"),
    ("asana token", r"[12]/\d{10,}(?:/\d{10,})?:[0-9a-f]{32}"),
    ("contentful token", r"CFPAT-[A-Za-z0-9_-]{40,}"),
    ("easypost key", r"EZ[AT]K[A-Za-z0-9]{54}"),
    ("mapbox key", r"sk\.eyJ[A-Za-z0-9_-]{50,}\.[A-Za-z0-9_-]{20,}"),
    ("rapid key", r"RAPID-[A-Za-z0-9_-]{30,}"),
    ("sumo key", r"su[A-Za-z0-9]{12}(?:[A-Za-z0-9]{50})"),
    (
        "password hash",
        r"\$(?:2[abxy]|5|6|y|apr1|argon2(?:id|i|d)|pbkdf2[a-z0-9-]*|scrypt)\$[A-Za-z0-9./$=,+-]{20,}",
    ),
    ("windows hash", r"[0-9a-fA-F]{32}:[0-9a-fA-F]{32}:::"),
    ("bitcoin key", r"[5KL][1-9A-HJ-NP-Za-km-z]{50,51}"),
    ("extended key", r"[xyz]prv[1-9A-HJ-NP-Za-km-z]{100,}"),
];

struct Form {
    about: &'static str,
    regex: Regex,
}

static COMPILED: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let form = |(about, text): &(&'static str, &str)| {
        Regex::new(text).ok().map(|regex| Form { about, regex })
    };
    FORMS.iter().filter_map(form).collect()
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for form in COMPILED.iter() {
        for one in form.regex.captures_iter(text) {
            let Some(span) = value_of(&one) else { continue };
            // A form within a longer word of letters is most often that word.
            if has_mark(text, span) || stands_alone(text, span, b"") {
                found.push(Found::new(span, Kind::Secret, form.about));
            }
        }
    }
}

/// Whether a part has a mark in it that words have not.
fn has_mark(text: &str, (start, end): (usize, usize)) -> bool {
    text.get(start..end).is_some_and(|part| part.bytes().any(|b| b"_-.:~$/".contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles() {
        for (about, text) in FORMS {
            assert!(Regex::new(text).is_ok(), "{about}: {text}");
        }
    }
}
