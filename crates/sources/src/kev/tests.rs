//! A catalogue, read the way files are.

use quell_model::Record;

use crate::testing::normalize_text;

#[test]
fn a_table_says_the_same() {
    let text = "cveID,vendorProject,dateAdded,knownRansomwareCampaignUse,cwes\n\
                CVE-2031-1001,Acme,2031-01-01,Known,CWE-79\nnone,Acme,2031-01-01,Known,\n";
    let made = normalize_text(text);
    let [Ok(first), Err(second)] = made.as_slice() else { panic!("{made:?}") };
    assert!(matches!(first.as_slice(), [Record::Exploited(e)] if e.ransomware), "{first:?}");
    assert!(second.contains("no CVE id"), "{second}");
}

#[test]
fn an_entry_is_intelligence_and_nonsense_is_rejected() {
    let text = r#"{"title":"t","catalogVersion":"2031.01.02","dateReleased":"2031-01-02T00:00:00Z","count":9,"vulnerabilities":[
      {"cveID":"cve-2031-1001","dateAdded":"2031-01-01","knownRansomwareCampaignUse":"Known"},
      {"cveID":"CVE-2031-1002","knownRansomwareCampaignUse":"Unknown"},
      {"cveID":"2031-1003"},{"dateAdded":"2031-01-01"}]}"#;
    let made = normalize_text(text);
    let [Ok(first), Ok(second), Err(third), Err(fourth)] = made.as_slice() else {
        panic!("{made:?}")
    };
    let [Record::Exploited(first)] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!((first.weakness.as_str(), first.ransomware), ("CVE-2031-1001", true));
    assert!(matches!(second.as_slice(), [Record::Exploited(e)] if !e.ransomware));
    assert!(third.contains("no CVE id") && fourth.contains("`cveID` is missing"));
}
