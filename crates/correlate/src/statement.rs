//! Which statements speak of which weaknesses.
//!
//! A statement fits when it names the weakness by any of its ids and the package with its
//! version; where it names an image or another asset, that must be the asset. A statement too
//! many costs a glance, since it closes nothing; one about another version or image misleads,
//! so what cannot be compared does not fit.

use quell_model::{Asset, AssetId, Hints, Product, Provider, Purl, Statement, Vulnerability};

use crate::range;

/// A statement, with its package URLs taken apart.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The statement.
    pub statement: Statement,
    product: Option<Purl>,
    component: Option<Purl>,
}

impl Spoken {
    /// Prepares a statement to be compared many times.
    #[must_use]
    pub fn new(statement: Statement) -> Self {
        let parse = |product: &Product| product.purl.as_deref().and_then(Purl::parse);
        let product = parse(&statement.product);
        let component = statement.component.as_ref().and_then(parse);
        Self { statement, product, component }
    }

    /// Whether it speaks of this weakness on this asset.
    #[must_use]
    pub fn is_about(&self, weakness: &Vulnerability, asset: &Asset) -> bool {
        if !same_weakness(&self.statement, weakness) {
            return false;
        }
        let product = (&self.statement.product, self.product.as_ref());
        match &self.statement.component {
            Some(component) => {
                let component = (component, self.component.as_ref());
                is_package(component, weakness) && holds(product, component.1, asset)
            }
            None if is_image(product) => is_asset(product, asset),
            // Of a product that is itself the package, the version decides.
            None if is_same_package(product, weakness) => is_version(product.0, &weakness.version),
            None => is_asset(product, asset),
        }
    }
}

type Named<'a> = (&'a Product, Option<&'a Purl>);

fn same_weakness(statement: &Statement, weakness: &Vulnerability) -> bool {
    let ids = || std::iter::once(&weakness.id).chain(&weakness.aliases);
    let mut said = statement.weaknesses();
    said.any(|said| ids().any(|id| !id.is_empty() && id.eq_ignore_ascii_case(said)))
}

fn is_image((product, purl): Named<'_>) -> bool {
    purl.is_some_and(Purl::is_image) || (product.sha256.is_some() && purl.is_none())
}

/// Whether the asset can be the product that holds a component. A distribution's package names
/// its distribution itself; a product known by its name alone must be the asset.
fn holds(product: Named<'_>, component: Option<&Purl>, asset: &Asset) -> bool {
    if is_image(product) || product.0.is_empty() {
        return is_asset(product, asset);
    }
    let of_system =
        component.is_some_and(|p| matches!(p.kind.as_str(), "deb" | "rpm" | "apk" | "alpm"));
    of_system || product.1.is_some() || is_asset(product, asset)
}

/// Whether a product is the package, in the version that was found.
fn is_package(product: Named<'_>, weakness: &Vulnerability) -> bool {
    is_same_package(product, weakness) && is_version(product.0, &weakness.version)
}

fn is_same_package((product, purl): Named<'_>, weakness: &Vulnerability) -> bool {
    let found = weakness.purl.as_deref().and_then(Purl::parse);
    match (purl, found.as_ref()) {
        (Some(said), Some(found)) => same_purl(said, found),
        (Some(said), None) => names(said).any(|name| same_name(&name, &weakness.package)),
        (None, found) => {
            let by_purl = found.is_some_and(|f| names(f).any(|n| same_name(&n, &product.name)));
            !product.name.is_empty() && (by_purl || same_name(&product.name, &weakness.package))
        }
    }
}

fn same_purl(said: &Purl, found: &Purl) -> bool {
    // An architecture or distribution that only one of them gives says nothing; `3.10` and
    // `alpine-3.10` are one.
    let ends = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.ends_with('-'));
    let agrees = |key: &str| match (said.qualifiers.get(key), found.qualifiers.get(key)) {
        (Some(said), Some(found)) => {
            said.eq_ignore_ascii_case(found) || ends(said, found) || ends(found, said)
        }
        _ => true,
    };
    said.kind == found.kind
        && same_name(&said.namespace, &found.namespace)
        && same_name(&said.name, &found.name)
        && agrees("arch")
        && agrees("distro")
}

/// The ways in which scanners write a package's name.
fn names(purl: &Purl) -> impl Iterator<Item = String> {
    let (namespace, name) = (&purl.namespace, &purl.name);
    let whole = match namespace.as_str() {
        "" => vec![name.clone()],
        _ if matches!(purl.kind.as_str(), "deb" | "rpm" | "apk" | "alpm") => vec![name.clone()],
        _ => vec![format!("{namespace}/{name}"), format!("{namespace}:{name}")],
    };
    whole.into_iter()
}

fn same_name(a: &str, b: &str) -> bool {
    // PyPI takes `_`, `.` and `-` for one; so does no other index have two that differ in them.
    let plain = |name: &str| name.trim().to_ascii_lowercase().replace(['_', '.'], "-");
    a == b || plain(a) == plain(b)
}

fn is_version(product: &Product, found: &str) -> bool {
    match (product.version.as_str(), &product.range) {
        ("", None) => true,
        ("", Some(range)) => range::contains(range, found),
        (said, _) => same_version(said, found),
    }
}

/// `v1.2` is `1.2`, and an epoch that only one side gives says nothing.
fn same_version(said: &str, found: &str) -> bool {
    let plain = |version: &str| version.trim().trim_start_matches('v').to_ascii_lowercase();
    let (said, found) = (plain(said), plain(found));
    let split = |version: &str| match version.split_once(':') {
        Some((epoch, rest)) => (Some(epoch.to_owned()), rest.to_owned()),
        None => (None, version.to_owned()),
    };
    match (split(&said), split(&found)) {
        ((Some(a), b), (Some(c), d)) => a == c && b == d,
        ((_, a), (_, b)) => a == b && !a.is_empty(),
    }
}

/// Whether a product is the asset itself.
fn is_asset(product: Named<'_>, asset: &Asset) -> bool {
    if asset.id.provider == Provider::Image {
        return same_image(product, asset);
    }
    let (product, purl) = product;
    let own = [asset.name.raw(), &asset.id.name, &asset.native_id];
    let is_named =
        |name: &str| !name.is_empty() && own.iter().any(|o| o.eq_ignore_ascii_case(name));
    is_named(&product.name) || purl.is_some_and(|_| is_named(product.purl.as_deref().unwrap_or("")))
}

fn same_image((product, purl): Named<'_>, asset: &Asset) -> bool {
    let reference = match purl {
        Some(purl) => match purl.image_reference() {
            Some(reference) => reference,
            None => return false,
        },
        None => match product.version.as_str() {
            "" => product.name.clone(),
            version => format!("{}:{version}", product.name),
        },
    };
    let digest = asset.id.key().strip_prefix("image:sha256:");
    match (&product.sha256, digest) {
        (Some(said), Some(found)) => return said == found,
        // Bytes that are pinned on one side only cannot be compared by a tag, which moves.
        (Some(_), None) => return false,
        (None, _) => {}
    }
    if reference.is_empty() {
        return false;
    }
    let hints = Hints { kind: Some("container_image"), ..Hints::default() };
    let without_registry = !reference.contains('/');
    let (said, said_tag) = split_tag(&reference);
    let whole = AssetId::parse(&reference, &hints).name;
    let (whole, _) = split_tag(&whole);
    let (found, found_tag) = split_tag(&asset.id.name);
    let name_tag = split_tag(asset.name.raw()).1;
    let same_repository = found == whole
        || (without_registry && purl.is_some() && found.rsplit('/').next() == Some(said));
    let same_tag = said_tag.is_none() || said_tag == found_tag || said_tag == name_tag;
    same_repository && same_tag
}

/// A reference's repository, and its tag; a digest is left out.
fn split_tag(reference: &str) -> (&str, Option<&str>) {
    let repository = reference.split_once('@').map_or(reference, |(before, _)| before);
    match repository.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => (before, Some(tag)),
        Some(_) | None => (repository, None),
    }
}

#[cfg(test)]
mod tests {
    use quell_model::Untrusted;

    use super::*;

    fn product(name: &str, version: &str, purl: &str) -> Product {
        Product {
            name: name.to_owned(),
            version: version.to_owned(),
            purl: Some(purl.to_owned()).filter(|p| !p.is_empty()),
            ..Product::default()
        }
    }

    fn weakness(package: &str, version: &str, purl: &str) -> Vulnerability {
        Vulnerability {
            id: "GHSA-aaaa-bbbb-cccc".to_owned(),
            aliases: vec!["CVE-2031-7001".to_owned()],
            package: package.to_owned(),
            version: version.to_owned(),
            purl: Some(purl.to_owned()).filter(|p| !p.is_empty()),
            ..Vulnerability::default()
        }
    }

    fn image(native: &str) -> Asset {
        let hints = Hints { kind: Some("container_image"), ..Hints::default() };
        Asset {
            id: AssetId::parse(native, &hints),
            native_id: native.to_owned(),
            name: Untrusted::from(native),
            ..Asset::default()
        }
    }

    fn check(
        product: &Product,
        component: Option<&Product>,
        found: (&Vulnerability, &Asset),
    ) -> bool {
        let statement = Statement {
            vulnerability: "cve-2031-7001".to_owned(),
            product: product.clone(),
            component: component.cloned(),
            ..Statement::default()
        };
        Spoken::new(statement).is_about(found.0, found.1)
    }

    #[test]
    fn a_package_is_met_by_any_spelling_of_its_name_and_by_its_version() {
        let asset = image("shop/web:1");
        for (said, found, expected) in [
            (
                product("", "2.0", "pkg:maven/org.shop/core@2.0"),
                weakness("org.shop:core", "2.0", ""),
                true,
            ),
            (
                product("", "2.0", "pkg:maven/org.shop/core@2.0"),
                weakness("org.shop:core", "2.1", ""),
                false,
            ),
            (
                product("", "", "pkg:maven/org.shop/core"),
                weakness("org.shop:core", "2.1", ""),
                true,
            ),
            (
                product("", "", "pkg:maven/org.other/core"),
                weakness("org.shop:core", "2.1", ""),
                false,
            ),
            (
                product("", "v3.0", "pkg:golang/shop.test/api@v3.0"),
                weakness("shop.test/api", "3.0", ""),
                true,
            ),
            (
                product("", "1-2", "pkg:deb/debian/curl@1-2?arch=amd64"),
                weakness("curl", "1-2", "pkg:deb/debian/curl@1-2?arch=arm64"),
                false,
            ),
            (
                product("", "1-2", "pkg:deb/debian/curl@1-2?arch=amd64"),
                weakness("curl", "0:1-2", "pkg:deb/debian/curl@1-2"),
                true,
            ),
            (
                product("", "1-2", "pkg:apk/alpine/curl@1-2?distro=alpine-3.10.2"),
                weakness("curl", "1-2", "pkg:apk/alpine/curl@1-2?distro=3.10.2"),
                true,
            ),
            (
                product("", "1-2", "pkg:apk/alpine/curl@1-2?distro=alpine-3.10.2"),
                weakness("curl", "1-2", "pkg:apk/alpine/curl@1-2?distro=3.10.9"),
                false,
            ),
            (product("curl", "1-2", ""), weakness("Curl", "1-2", ""), true),
            (
                product("", "1", "pkg:npm/curl@1"),
                weakness("curl", "1", "pkg:deb/debian/curl@1"),
                false,
            ),
            (
                product("", "1.0", "pkg:pypi/typing-extensions@1.0"),
                weakness("typing_extensions", "1.0", ""),
                true,
            ),
        ] {
            assert_eq!(check(&said, None, (&found, &asset)), expected, "{said:?} {found:?}");
        }
    }

    #[test]
    fn a_statement_about_an_image_holds_for_that_image_only() {
        let digest = |byte: &str| format!("shop/web@sha256:{}", byte.repeat(32));
        let pinned = Product {
            sha256: Some("ab".repeat(32)),
            ..product("web", "", &format!("pkg:oci/web@sha256%3A{}", "ab".repeat(32)))
        };
        let tagged =
            product("web", "", "pkg:oci/web?repository_url=index.docker.io/shop/web&tag=1");
        let part = product("", "1", "pkg:npm/left@1");
        let found = weakness("left", "1", "pkg:npm/left@1");
        for (said, asset, expected) in [
            (&pinned, image(&digest("ab")), true),
            (&pinned, image(&digest("cd")), false),
            (&pinned, image("shop/web:1"), false),
            (&tagged, image("shop/web:1"), true),
            (&tagged, image("shop/web:2"), false),
            (&tagged, image("other/web:1"), false),
            (&product("shop/web", "", ""), image("docker.io/shop/web:1"), true),
        ] {
            assert_eq!(check(said, Some(&part), (&found, &asset)), expected, "{said:?} {asset:?}");
        }
        let elsewhere = weakness("right", "1", "pkg:npm/right@1");
        assert!(!check(&pinned, Some(&part), (&elsewhere, &image(&digest("ab")))));
        assert!(check(&pinned, None, (&elsewhere, &image(&digest("ab")))));
    }

    #[test]
    fn a_product_known_by_name_must_be_the_asset_unless_its_part_names_the_system() {
        let mill = product("Mill", "4.2", "");
        let part = product("", "1", "pkg:golang/shop.test/wheel@1");
        let found = weakness("shop.test/wheel", "1", "");
        assert!(!check(&mill, Some(&part), (&found, &image("shop/web:1"))));
        let host = Asset { name: Untrusted::from("mill"), ..Asset::default() };
        assert!(check(&mill, Some(&part), (&found, &host)));
        let rpm = product("", "1", "pkg:rpm/redhat/curl@1");
        assert!(check(&mill, Some(&rpm), (&weakness("curl", "1", ""), &image("shop/web:1"))));
        let own = weakness("mill", "5", "");
        assert!(!check(&mill, None, (&own, &host)), "another version of the product itself");
        assert!(check(&mill, None, (&found, &host)));
        let other = Vulnerability { id: "CVE-2031-1".to_owned(), aliases: Vec::new(), ..found };
        assert!(!check(&mill, None, (&other, &host)));
    }
}
