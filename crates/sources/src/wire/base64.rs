//! Base64 (RFC 4648, sections 4 and 5), as message queues wrap what they carry.

/// The bytes of a Base64 text in either alphabet; `None` where it is none. Blanks and padding
/// are passed over.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut held_bits) = (0_u32, 0_u32);
    for letter in text.trim_end_matches(['=', '\n', '\r', ' ']).bytes() {
        if letter.is_ascii_whitespace() {
            continue;
        }
        held = (held << 6 | value_of(letter)?) & 0xFFFF;
        held_bits += 6;
        if held_bits >= 8 {
            held_bits -= 8;
            bytes.push(u8::try_from(held >> held_bits & 0xFF).ok()?);
        }
    }
    (held_bits < 6).then_some(bytes)
}

fn value_of(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::decode_base64;

    #[test]
    fn vectors_of_the_standard_are_met() {
        // RFC 4648, section 10.
        for (text, expected) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode_base64(text).as_deref(), Some(expected.as_bytes()), "{text}");
        }
        assert_eq!(decode_base64("-_8"), decode_base64("+/8="));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["{}", "Zm9vY", "Zg=a", "é"] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }
}
