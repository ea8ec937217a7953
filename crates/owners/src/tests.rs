//! Inventories, joins, CODEOWNERS and precedence, by example and by property.

use proptest::prelude::*;
use quell_model::{
    Asset, AssetId, ContextMapping, Hints, Origin, RawField, RawMapping, Sourced, Untrusted,
};

use crate::{
    Book, Claims, CodeLine, CodeOwners, Columns, Dialect, Inventory, Joined, Owners, Place,
    Settings, Unreadable, read_inventory,
};

fn mapping() -> ContextMapping {
    let tags = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
    let field = |keys| RawField { tags: tags(keys), ..RawField::default() };
    let mut environment = field(&["env"]);
    environment.values.insert("production".to_owned(), vec!["prod".to_owned()]);
    let mut data_class = field(&["data-class"]);
    data_class.values.insert("confidential".to_owned(), vec!["pii".to_owned()]);
    ContextMapping::new(RawMapping {
        owner: field(&["owner", "team"]),
        environment,
        application: RawField::default(),
        data_class,
    })
    .unwrap()
}

fn read(text: &str) -> Inventory {
    read_inventory(text.as_bytes(), &Columns::default()).unwrap()
}

fn owners(inventories: &[(&str, &str)], settings: Settings) -> Owners {
    let inventories =
        inventories.iter().map(|(name, text)| ((*name).to_owned(), read(text))).collect();
    let book = Book { settings, inventories, ..Book::default() };
    Owners::new(book, Claims::default(), &mapping())
}

fn asset(native: &str, name: &str) -> Asset {
    let hints = Hints { name: Some(name), ..Hints::default() };
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        name: name.into(),
        ..Asset::default()
    }
}

fn owner_of(owners: &mut Owners, asset: &Asset) -> Option<String> {
    owners.note(asset);
    let mut asset = asset.clone();
    owners.apply(&mut asset, Vec::new(), std::iter::empty());
    asset.context.owner.map(|owner| owner.value.raw().to_owned())
}

const BUCKET: &str = "arn:aws:s3:::acme-invoices";

#[test]
fn every_form_of_an_inventory_says_the_same() {
    let servicenow = r#"{"result":[{"sys_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "name":{"value":"invoices","display_value":"invoices"},"object_id":"arn:aws:s3:::acme-invoices",
        "owned_by":{"value":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","display_value":"payments","link":"https://x"},
        "environment":"prod","ip_address":""}]}"#;
    for text in [
        "arn,owner,environment\narn:aws:s3:::acme-invoices,payments,prod\n",
        "\u{feff}ARN;Owner;Environment\r\n\"arn:aws:s3:::acme-invoices\";payments;prod\r\n",
        r#"[{"arn":"arn:aws:s3:::acme-invoices","team":"payments","env":"prod"}]"#,
        "{\"id\":\"arn:aws:s3:::acme-invoices\",\"owner\":\"payments\",\"env\":\"prod\"}\n",
        "{\"id\":\"x\"}\n{\"id\":\"arn:aws:s3:::acme-invoices\",\"owner\":\"payments\",\"env\":\"prod\"}\n",
        servicenow,
    ] {
        let mut owners = owners(&[("cmdb", text)], Settings::default());
        assert_eq!(
            owner_of(&mut owners, &asset(BUCKET, "x")).as_deref(),
            Some("payments"),
            "{text}"
        );
        let mut it = asset(BUCKET, "x");
        owners.apply(&mut it, Vec::new(), std::iter::empty());
        assert_eq!(it.context.environment.unwrap().value.raw(), "production", "{text}");
    }
}

#[test]
fn an_inventory_says_the_class_of_data_where_nothing_before_it_does() {
    let text = "arn,data_classification\narn:aws:s3:::acme-invoices,PII\n";
    let said = |order: &[Place], tagged: bool| {
        let settings = Settings { order: order.to_vec(), ..Settings::default() };
        let owners = owners(&[("cmdb", text)], settings);
        let mut it = asset(BUCKET, "x");
        it.context.data_class = tagged.then(|| Sourced {
            value: "public".into(),
            origin: Origin::Tag("data-class".to_owned()),
        });
        owners.apply(&mut it, Vec::new(), std::iter::empty());
        it.context.data_class.unwrap()
    };
    for order in [[Place::Cmdb, Place::Tag], [Place::Tag, Place::Cmdb]] {
        let told = said(&order, false);
        assert_eq!(told.value.raw(), "confidential");
        assert_eq!(told.origin, Origin::Inventory { name: "cmdb".to_owned(), row: 2 });
        let first = if order[0] == Place::Cmdb { "confidential" } else { "public" };
        assert_eq!(said(&order, true).value.raw(), first);
    }
}

#[test]
fn an_inventory_says_whether_the_internet_reaches_it_in_its_own_words() {
    for (column, word, expected) in [
        ("public", "yes", Some("true")),
        ("Internet-facing", "TRUE", Some("true")),
        ("internet_exposed", "0", Some("false")),
        ("is public", "Private", Some("false")),
        ("public", "perhaps", None),
        ("public", "", None),
        ("public_ip", "192.0.2.1", None),
        ("exposure", "internet", None),
    ] {
        let text = format!("arn,{column}\n{BUCKET},{word}\n");
        let mut it = asset(BUCKET, "x");
        owners(&[("cmdb", &text)], Settings::default()).apply(
            &mut it,
            Vec::new(),
            std::iter::empty(),
        );
        let told = it.context.exposed;
        assert_eq!(told.as_ref().map(|said| said.value.raw()), expected, "{column} {word}");
    }
}

#[test]
fn columns_that_are_named_count_in_place_of_the_usual_ones() {
    let text = format!("arn,data_class,Schutz,Netz,public\n{BUCKET},public,pii,external,no\n");
    let columns = Columns {
        data_class: Some("schutz".to_owned()),
        public: Some("netz".to_owned()),
        ..Columns::default()
    };
    let row = &read_inventory(text.as_bytes(), &columns).unwrap().rows[0];
    assert_eq!((row.data_class.as_str(), row.exposed.as_str()), ("pii", "true"));
}

#[test]
fn two_rows_that_differ_in_the_internet_alone_join_nothing() {
    let text = "name,owner,public\nweb,a,yes\nweb,a,no\n";
    let mut owners = owners(&[("cmdb", text)], Settings::default());
    assert_eq!(owner_of(&mut owners, &asset("", "web")), None);
}

#[test]
fn a_row_joins_by_id_then_instance_then_host_then_address_then_name() {
    let text = "arn,instance_id,fqdn,ip_address,name,owner\n\
        arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1,,,,,by-arn\n\
        ,i-0aaaaaaaaaaaaaaa2,,,,by-instance\n\
        ,,web.acme.example,,,by-host\n\
        ,,,10.1.2.3,,by-address\n\
        ,,,,orders,by-name\n";
    let mut owners = owners(&[("cmdb", text)], Settings::default());
    for (native, name, expected) in [
        ("arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1", "web", "by-arn"),
        ("arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2", "", "by-instance"),
        ("", "WEB.acme.example", "by-host"),
        ("10.1.2.3", "", "by-address"),
        ("", "orders", "by-name"),
    ] {
        assert_eq!(owner_of(&mut owners, &asset(native, name)).as_deref(), Some(expected));
    }
}

#[test]
fn a_name_of_two_rows_or_two_assets_joins_nothing() {
    let mut two_rows =
        owners(&[("cmdb", "name,owner\nweb,a\nweb,b\nweb,a\n")], Settings::default());
    let web = asset("", "web");
    assert_eq!(owner_of(&mut two_rows, &web), None);
    assert!(two_rows.rows(&web).all(|(_, joined)| joined == Joined::Ambiguous));
    let mut same = owners(&[("cmdb", "name,owner\nweb,a\nweb,a\n")], Settings::default());
    assert_eq!(owner_of(&mut same, &web).as_deref(), Some("a"));
    let other = asset("arn:aws:ec2:eu-west-1:111122223333:instance/web", "web");
    assert_eq!(same.note(&other), (true, true));
    assert_eq!(owner_of(&mut same, &web), None);
    assert_eq!(owner_of(&mut same, &other), None);
}

#[test]
fn what_is_no_row_is_counted_with_its_line() {
    let long = "x".repeat(5000);
    let text = format!("name,owner\nweb,a\nweb\n,b\n{long},c\nshop,\"=cmd|' /C calc'!A0\"\n");
    let inventory = read(&text);
    assert_eq!((inventory.rows.len(), inventory.rejected), (2, 3));
    let lines: Vec<u64> = inventory.rejects.iter().map(|reject| reject.row).collect();
    assert_eq!(lines, [3, 4, 5]);
    assert_eq!(inventory.rows[1].owner, "=cmd|' /C calc'!A0");
    assert_eq!(inventory.rows[1].row, 6);
    let no_text = read_inventory(b"name,owner\n\xff,a\nweb,b\n", &Columns::default()).unwrap();
    assert_eq!((no_text.rows.len(), no_text.rejects[0].row), (1, 2));
}

#[test]
fn what_is_no_inventory_is_refused() {
    let refused = |text: &[u8]| read_inventory(text, &Columns::default()).unwrap_err();
    assert_eq!(refused(b"\xef\xbb\xbf \n"), Unreadable::Empty);
    assert_eq!(refused(b"a,b\n1,2\n"), Unreadable::NoColumn);
    assert!(matches!(refused(b"[{"), Unreadable::Format(_)));
    assert!(matches!(refused(b"{{{"), Unreadable::Format(_)));
    let deep = "[".repeat(100_000);
    assert!(matches!(refused(deep.as_bytes()), Unreadable::Format(_)));
}

#[test]
fn columns_that_the_user_names_count_alone() {
    let columns = Columns {
        id: Some("Ressource".to_owned()),
        owner: Some("Zuständig".to_owned()),
        ..Columns::default()
    };
    let text = "ressource,owner,zuständig\narn:aws:s3:::acme-invoices,wrong,payments\n";
    let inventory = read_inventory(text.as_bytes(), &columns).unwrap();
    assert_eq!(inventory.rows[0].owner, "payments");
}

#[test]
fn the_order_of_places_decides_and_the_others_are_kept() {
    let text = "arn,owner\narn:aws:s3:::acme-invoices,from-cmdb\n";
    for (first, expected) in [
        (Place::Cmdb, "from-cmdb"),
        (Place::Tag, "from-tag"),
        (Place::Codeowners, "@acme/code"),
        (Place::Source, "from-source"),
    ] {
        let settings = Settings { order: vec![first], tags: Vec::new() };
        let mut owners = owners(&[("cmdb-prod", text)], settings);
        owners = {
            let mut book = owners.book().clone();
            let line = CodeLine { owners: "@acme/code".to_owned(), line: 7 };
            book.files.insert("infra/s3.tf".to_owned(), line);
            Owners::new(book, Claims::default(), &mapping())
        };
        let mut it = asset(BUCKET, "x");
        it.tags.insert("Team".to_owned(), "from-tag".into());
        let said = Sourced { value: "from-source".into(), origin: Origin::Field("o".to_owned()) };
        owners.apply(&mut it, vec![said], ["/infra/s3.tf"].into_iter());
        assert_eq!(it.context.owner.as_ref().unwrap().value.raw(), expected);
        assert_eq!(it.context.other_owners.len(), 3);
        let (once, said) = (it.clone(), it.context.other_owners.clone());
        let of_source = said.into_iter().chain(it.context.owner.clone());
        let of_source: Vec<Sourced> =
            of_source.filter(|one| matches!(one.origin, Origin::Field(_))).collect();
        owners.apply(&mut it, of_source, ["/infra/s3.tf"].into_iter());
        assert_eq!(it, once);
    }
}

#[test]
fn tags_that_the_user_names_count_alone() {
    let settings = Settings { tags: vec!["squad".to_owned()], ..Settings::default() };
    let mut owners = owners(&[], settings);
    let mut it = asset(BUCKET, "x");
    it.tags.insert("team".to_owned(), "a".into());
    assert_eq!(owner_of(&mut owners, &it), None);
    it.tags.insert("squad".to_owned(), "b".into());
    assert_eq!(owner_of(&mut owners, &it).as_deref(), Some("b"));
}

fn line_of(text: &str, dialect: Dialect, file: &str) -> Option<(String, u64)> {
    CodeOwners::read(text, dialect).owners(file).map(|line| (line.owners, line.line))
}

#[test]
fn the_last_line_that_fits_counts_at_github() {
    let text = "# all\n* @acme/all # the rest\n*.js @js\n/build/logs/ @doctocat\ndocs/* docs@example.com\n\
                apps/ @octocat\n/scripts/ @a @b\n**/deep @deep\n/apps/github\nspaced\\ name @s\nnobody.tf nobody\n";
    for (file, expected) in [
        ("a/b.tf", Some(("@acme/all", 2))),
        ("a/b.js", Some(("@js", 3))),
        ("build/logs/x/y.js", Some(("@doctocat", 4))),
        ("a/build/logs/x", Some(("@acme/all", 2))),
        ("docs/a.md", Some(("docs@example.com", 5))),
        ("docs/b/a.md", Some(("@acme/all", 2))),
        ("x/apps/y.tf", Some(("@octocat", 6))),
        ("apps/github/x", None),
        ("scripts/x", Some(("@a @b", 7))),
        ("x/y/deep/z", Some(("@deep", 8))),
        ("spaced name", Some(("@s", 10))),
        ("nobody.tf", None),
    ] {
        let found = line_of(text, Dialect::GitHub, file);
        assert_eq!(found.as_ref().map(|(o, l)| (o.as_str(), *l)), expected, "{file}");
    }
}

#[test]
fn all_sections_count_together_at_gitlab() {
    let text = "* @all\n[Docs] @docs\ndocs/\n*.md @md\n^[Ops][2] @ops\n*.tf\n!vendor/*.tf\n[DOCS]\n/README.md @readme\n";
    for (file, expected) in [
        ("a.rs", Some(("@all", 1))),
        ("x/docs/a.rs", Some(("@all @docs", 3))),
        ("docs/a.md", Some(("@all @md", 4))),
        ("a.tf", Some(("@all @ops", 6))),
        ("vendor/a.tf", Some(("@all", 1))),
        ("README.md", Some(("@all @readme", 9))),
    ] {
        let found = line_of(text, Dialect::GitHub, file);
        assert_eq!(found.as_ref().map(|(o, l)| (o.as_str(), *l)), expected, "{file}");
    }
    assert_eq!(line_of("/docs @x\n", Dialect::GitLab, "docs/a"), None);
    assert_eq!(line_of("/docs/ @x\n", Dialect::GitLab, "docs/a"), Some(("@x".to_owned(), 1)));
}

fn world() -> impl Strategy<Value = (Vec<(String, String)>, Vec<usize>)> {
    let key = prop_oneof![
        Just("web"),
        Just("db"),
        Just("10.0.0.7"),
        Just("i-0abcdef12345"),
        Just("shop")
    ];
    let row = (key, prop_oneof![Just("a"), Just("b"), Just("")]);
    let rows = prop::collection::vec(row.prop_map(|(k, o)| (k.to_owned(), o.to_owned())), 0..12);
    rows.prop_flat_map(|rows| {
        let order: Vec<usize> = (0..rows.len()).collect();
        (Just(rows), Just(order).prop_shuffle())
    })
}

fn inventory_of<'r>(rows: impl Iterator<Item = &'r (String, String)>) -> String {
    let lines = rows.map(|(key, owner)| format!("{key},{key},{key},{owner}\n"));
    "name,ip,id,owner\n".to_owned() + &lines.collect::<String>()
}

fn estate() -> Vec<Asset> {
    let host = "arn:aws:ec2:eu-west-1:111122223333:instance/";
    let ids = ["web", "i-0abcdef12345", "db"].map(|id| asset(&format!("{host}{id}"), id));
    let named = ["10.0.0.7", "shop", "WEB"].map(|name| asset("", name));
    ids.into_iter().chain(named).collect()
}

fn told(mut owners: Owners, assets: &[Asset]) -> Vec<Option<String>> {
    for asset in assets {
        owners.note(asset);
    }
    let mut told: Vec<(String, Option<String>)> = assets
        .iter()
        .map(|asset| (asset.id.key().to_owned(), owner_of(&mut owners, asset)))
        .collect();
    told.sort();
    told.into_iter().map(|(_, owner)| owner).collect()
}

proptest! {
    #[test]
    fn the_order_of_rows_files_and_assets_changes_no_owner(
        (rows, order) in world(),
        assets in Just(estate()).prop_shuffle(),
        cut in 0_usize..12,
    ) {
        let all = inventory_of(rows.iter());
        let shuffled = inventory_of(order.iter().map(|at| &rows[*at]));
        let one = told(owners(&[("cmdb", &all)], Settings::default()), &estate());
        prop_assert_eq!(&one, &told(owners(&[("cmdb", &shuffled)], Settings::default()), &assets));
        let (a, b) = rows.split_at(cut.min(rows.len()));
        let (a, b) = (inventory_of(a.iter()), inventory_of(b.iter()));
        let two = told(owners(&[("a", &a), ("b", &b)], Settings::default()), &estate());
        prop_assert_eq!(two, told(owners(&[("b", &b), ("a", &a)], Settings::default()), &assets));
    }

    #[test]
    fn no_bytes_break_the_reader_and_every_row_is_counted(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        cells in prop::collection::vec("[^\"\\n\\r]{0,12}|\"[^\"]{0,12}\"", 0..40),
    ) {
        drop(read_inventory(&bytes, &Columns::default()));
        let lines = cells.chunks(3).map(|cells| cells.join(",") + "\n");
        let text = "name,owner,environment\n".to_owned() + &lines.collect::<String>();
        let inventory = read_inventory(text.as_bytes(), &Columns::default()).unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let records = u64::try_from(reader.byte_records().count()).unwrap();
        prop_assert_eq!(inventory.records(), records);
    }

    #[test]
    fn what_a_row_says_survives_any_text(owner in "\\PC{1,30}") {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["name", "owner"]).unwrap();
        writer.write_record(["web", &owner]).unwrap();
        let inventory = read_inventory(&writer.into_inner().unwrap(), &Columns::default()).unwrap();
        let kept = &inventory.rows[0].owner;
        prop_assert!(kept.is_empty() || kept == owner.trim());
    }

    #[test]
    fn any_codeowners_and_path_end(text in "[\\*/a-c\\?\\[\\]\\^!@# \\\\\\n]{0,80}", file in "[/a-c]{0,20}") {
        for dialect in [Dialect::GitHub, Dialect::GitLab] {
            let found = CodeOwners::read(&text, dialect).owners(&file);
            prop_assert!(found.is_none_or(|line| line.owners.contains('@')));
        }
    }
}

#[test]
fn long_values_are_cut() {
    let mut it = asset("", "web");
    let text = format!("name,owner\nweb,{}\n", "é".repeat(1000));
    let mut owners = owners(&[("cmdb", &text)], Settings::default());
    owners.note(&it);
    owners.apply(&mut it, Vec::new(), std::iter::empty());
    assert!(it.context.owner.map_or(Untrusted::from(""), |o| o.value).raw().len() < 140);
}

#[test]
fn an_item_of_a_cmdb_is_known_where_only_one_is_meant() {
    let (one, two) = ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "1a1b2c3d4e5f60718293a4b5c6d7e8f9");
    let item = |text: &str, asset: &Asset| {
        let mut owners = owners(&[("cmdb", text)], Settings::default());
        owners.note(asset);
        let mut asset = asset.clone();
        owners.apply(&mut asset, Vec::new(), std::iter::empty());
        asset.context.item.map(|item| item.value.raw().to_owned())
    };
    let web = asset("", "web");
    for (text, expected) in [
        (format!("sys_id,name,owner\n{one},web,a\n"), Some(one)),
        (format!("sys_id,name\n{},web\n", one.to_uppercase()), Some(one)),
        (format!("sys_id,name,owner\n{one},web,a\n{one},web,a\n"), Some(one)),
        // Both say the same of the owner, and are different items.
        (format!("sys_id,name,owner\n{one},web,a\n{two},web,a\n"), None),
        (format!("sys_id,name,owner\n{one},web,a\n{two},web,b\n"), None),
        (format!("sys_id,name,owner\n,web,a\n{two},web,a\n"), None),
        ("sys_id,name\nweb-1,web\n".to_owned(), None),
        (format!("sys_id,name\n{one}^active=true,web\n"), None),
        (format!("item,name\n{one},web\n"), None),
    ] {
        assert_eq!(item(&text, &web).as_deref(), expected, "{text}");
    }
    let record = format!(
        r#"{{"result":[{{"sys_id":{{"value":"{one}","display_value":"{one}"}},"name":"web"}}]}}"#
    );
    assert_eq!(item(&record, &web).as_deref(), Some(one));
    // Where nobody names it any more, nothing stays.
    let mut known = web;
    known.context.item = Some(Sourced { value: one.into(), origin: Origin::Field("x".to_owned()) });
    owners(&[("cmdb", "name,owner\ndb,a\n")], Settings::default()).apply(
        &mut known,
        Vec::new(),
        std::iter::empty(),
    );
    assert_eq!(known.context.item, None);
}
