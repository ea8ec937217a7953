//! What rows of flow logs become.

use quell_model::{Activity, Record};

use crate::testing::normalize_text;

fn activities(text: &str) -> Vec<Activity> {
    let records = normalize_text(text).into_iter().flat_map(Result::unwrap);
    let activity = |record| match record {
        Record::Activity(activity) => *activity,
        other @ (Record::Finding(_)
        | Record::Evidence(_)
        | Record::Asset(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_)) => {
            panic!("{other:?}")
        }
    };
    records.map(activity).collect()
}

const BARE: &str = "\
2 111122223333 eni-0123456789abcdef0 198.51.100.7 10.0.0.5 49152 22 6 20 4249 1790841600 1790841660 ACCEPT OK
2 111122223333 eni-0123456789abcdef0 198.51.100.8 10.0.0.5 49153 3389 6 1 40 1790841600 1790841660 REJECT OK
2 111122223333 eni-0123456789abcdef0 - - - - - - - 1790841660 1790841720 - NODATA
2 111122223333 eni-0123456789abcdef0 - - - - - - - 1790841720 1790841780 - SKIPDATA
";

#[test]
fn every_row_is_an_activity_of_its_interface() {
    let all = activities(BARE);
    let actions: Vec<_> = all.iter().map(|a| (a.action.as_str(), a.succeeded)).collect();
    let expected =
        [("ACCEPT", Some(true)), ("REJECT", Some(false)), ("NODATA", None), ("SKIPDATA", None)];
    assert_eq!(actions, expected);
    assert_eq!(all[0].principal.raw(), "198.51.100.7");
    assert_eq!(all[0].asset.id.account, "111122223333");
    assert_eq!(all[0].asset.id.name, "eni-0123456789abcdef0");
    assert_eq!(all[0].time.unwrap().as_second(), 1_790_841_600);
    assert_ne!(all[2].native_id, all[3].native_id);
}

#[test]
fn a_header_in_another_order_and_a_queried_table_are_read_alike() {
    let header = "srcaddr dstaddr interface-id account-id start end action log-status srcport \
dstport protocol\n198.51.100.7 10.0.0.5 eni-0123456789abcdef0 111122223333 1790841600 1790841660 \
ACCEPT OK 49152 22 6\n";
    let queried = "account_id,interface_id,srcaddr,dstaddr,srcport,dstport,protocol,start,end,\
action,log_status\n111122223333,eni-0123456789abcdef0,198.51.100.7,10.0.0.5,49152,22,6,\
1790841600,1790841660,ACCEPT,OK\n";
    let (header, queried) = (activities(header), activities(queried));
    assert_eq!(header[0].native_id, queried[0].native_id);
    assert_eq!(header[0].asset.id, queried[0].asset.id);
    assert_eq!(header[0].native_id, activities(BARE)[0].native_id);
}

#[test]
fn a_row_without_its_place_or_verdict_is_a_reject_that_names_the_column() {
    let row = |action: &str, interface: &str| {
        format!("srcaddr,dstaddr,interface-id,action\n198.51.100.7,10.0.0.5,{interface},{action}\n")
    };
    let reason = |text: String| normalize_text(&text).remove(0).unwrap_err();
    assert!(reason(row("MAYBE", "eni-0123456789abcdef0")).contains("`action`"));
    assert!(reason(row("ACCEPT", "")).contains("`interface-id`"));
}

#[test]
fn an_export_of_the_log_group_and_an_older_query_are_the_same_activity() {
    let exported: String =
        BARE.lines().map(|line| format!("2026-10-01T08:01:00.000Z {line}\n")).collect();
    let queried = "version,account,interfaceid,sourceaddress,destinationaddress,sourceport,\
destinationport,protocol,numpackets,numbytes,starttime,endtime,action,logstatus\n\
2,111122223333,eni-0123456789abcdef0,198.51.100.7,10.0.0.5,49152,22,6,20,4249,1790841600,\
1790841660,ACCEPT,OK\n";
    let bare = activities(BARE);
    assert_eq!(activities(&exported), bare);
    assert_eq!(activities(queried), bare[..1]);
}

#[test]
fn rows_as_objects_are_rows() {
    let text = r#"[{"account_id": "111122223333", "action": "REJECT", "srcaddr": "198.51.100.4", "dstaddr": "10.0.0.5",
        "srcport": 56858, "dstport": 22, "interface_id": "eni-0a1b2c3d4e5f60718", "start": 1649721732, "end": 1649721788,
        "log_status": "OK", "packets": 1, "bytes": 40, "protocol": 6, "subnet_id": "subnet-1"}]"#;
    let [seen] = activities(text).try_into().unwrap();
    assert_eq!((seen.action.as_str(), seen.succeeded), ("REJECT", Some(false)));
    assert!(seen.asset.id.key().ends_with("eni-0a1b2c3d4e5f60718"), "{:?}", seen.asset);
}
