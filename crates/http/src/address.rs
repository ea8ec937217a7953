//! Which range an address belongs to, for IPv4, IPv6, and IPv4 inside IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for. Only [`Range::Public`] is reached without the operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Reached over the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, RFC 4193), the shared space of carriers (RFC 6598) or a test network.
    Private,
    /// An address from which a cloud tells machines their credentials.
    Metadata,
    /// The local link.
    LinkLocal,
    /// Many receivers.
    Multicast,
    /// Unspecified, reserved, for documentation, or a tunnel whose end cannot be told.
    Reserved,
}

impl Range {
    /// Whether a rule that names a host or a network opens the range. The others open only to a
    /// rule that names the one address, so that no allowed name can be pointed at them.
    #[must_use]
    pub const fn opens_to_networks(self) -> bool {
        match self {
            Self::Public | Self::Loopback | Self::Private => true,
            Self::Metadata | Self::LinkLocal | Self::Multicast | Self::Reserved => false,
        }
    }

    /// The range in the words of a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Metadata => "a cloud metadata address",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        }
    }
}

/// Metadata services outside the link-local range: Alibaba, Azure's wire server, Oracle, and AWS over IPv6.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The range of an address; IPv4 inside IPv6 counts as the IPv4 address it leads to.
#[must_use]
pub fn range_of(address: IpAddr) -> Range {
    match address {
        IpAddr::V4(v4) => range_of_v4(v4),
        IpAddr::V6(v6) => range_of_v6(v6),
    }
}

fn range_of_v4(address: Ipv4Addr) -> Range {
    if METADATA_V4.contains(&address) {
        return Range::Metadata;
    }
    match address.octets() {
        [127, ..] => Range::Loopback,
        [10, ..] | [192, 168, ..] => Range::Private,
        [172, second, ..] if second & 0xf0 == 16 => Range::Private,
        [100, second, ..] if second & 0xc0 == 64 => Range::Private,
        [198, second, ..] if second & 0xfe == 18 => Range::Private,
        [169, 254, ..] => Range::LinkLocal,
        [224..=239, ..] => Range::Multicast,
        [0 | 240..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Range::Reserved,
        _ => Range::Public,
    }
}

fn range_of_v6(address: Ipv6Addr) -> Range {
    if address == METADATA_V6 {
        return Range::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Range::Loopback,
        [0, 0, 0, 0, 0, 0, 0, 0] => Range::Reserved,
        // IPv4-mapped, IPv4-translated and IPv4-compatible.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            range_of_v4(embedded(high, low))
        }
        // NAT64: the translator sends it on to the IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => range_of_v4(embedded(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => inner_or_reserved(range_of_v4(embedded(high, low))),
        [0xfc00..=0xfdff, ..] => Range::Private,
        [0xfe80..=0xfebf, ..] => Range::LinkLocal,
        // Site-local, withdrawn but still routed in places.
        [0xfec0..=0xfeff, ..] => Range::Private,
        [0xff00..=0xffff, ..] => Range::Multicast,
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => {
            Range::Reserved
        }
        [0x2000..=0x3fff, ..] => Range::Public,
        _ => Range::Reserved,
    }
}

/// A tunnel is never public: who answers at its end is not known.
fn inner_or_reserved(inner: Range) -> Range {
    if inner == Range::Public { Range::Reserved } else { inner }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> Range {
        range_of(text.parse().unwrap())
    }

    #[test]
    fn each_range_is_told() {
        for (range_expected, addresses) in [
            (
                Range::Public,
                "1.1.1.1 8.8.8.8 172.32.0.1 172.15.0.1 100.63.0.1 100.128.0.1 192.169.0.1 198.20.0.1 2606:4700::1111 2a00::1 64:ff9b::808:808",
            ),
            (
                Range::Loopback,
                "127.0.0.1 127.255.0.3 ::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
            ),
            (
                Range::Private,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 198.18.0.1 fc00::1 fd12::1 fec0::1 ::ffff:10.0.0.1 64:ff9b::a00:1",
            ),
            (
                Range::Metadata,
                "169.254.169.254 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe fd00:ec2::254 100.100.100.200 168.63.129.16 192.0.0.192 64:ff9b::a9fe:a9fe",
            ),
            (Range::LinkLocal, "169.254.0.1 169.254.170.2 fe80::1 febf::1 ::ffff:169.254.1.1"),
            (Range::Multicast, "224.0.0.1 239.255.255.255 ff02::1"),
            (
                Range::Reserved,
                "0.0.0.0 0.1.2.3 :: 255.255.255.255 240.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 2001::1 100::1 64:ff9b:1::1 2002:808:808::1 5f00::1 4000::1",
            ),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(range(address), range_expected, "{address}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_mapped_address_is_judged_as_its_own(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from(bits);
            prop_assert_eq!(range_of(v4.to_ipv6_mapped().into()), range_of(v4.into()));
        }

        #[test]
        fn what_the_standard_library_calls_private_is_never_public(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from(bits);
            let inner = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_unspecified() || v4.is_documentation();
            prop_assert!(!inner || range_of(v4.into()) != Range::Public);
        }
    }
}
