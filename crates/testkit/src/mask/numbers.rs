//! Numbers of people with the check digits that make them valid. Written from the public rules, and
//! not from the code that finds them.

use super::kinds::letters;
use crate::random::Random;

/// A number of a kind.
pub(super) fn number(kind: &str, random: &mut Random) -> String {
    match kind {
        "card" => card(random),
        "iban" => iban(random),
        "ssn" => {
            let mut digits = |count| letters("123456789", count, random);
            format!("1{}-{}-{}", digits(2), digits(2), digits(4))
        }
        "cpf" => cpf(random),
        "dni" => dni(random),
        "aadhaar" => aadhaar(random),
        "insee" => insee(random),
        _ => String::new(),
    }
}

fn digits(count: usize, random: &mut Random) -> Vec<u32> {
    letters("0123456789", count, random).chars().filter_map(|c| c.to_digit(10)).collect()
}

fn text(digits: &[u32]) -> String {
    digits.iter().map(u32::to_string).collect()
}

fn card(random: &mut Random) -> String {
    let mut number = vec![4];
    number.extend(digits(14, random));
    let sum: u32 = number
        .iter()
        .enumerate()
        .map(|(at, digit)| {
            let twice = if at % 2 == 0 { digit * 2 } else { *digit };
            if twice > 9 { twice - 9 } else { twice }
        })
        .sum();
    number.push((10 - sum % 10) % 10);
    let number = text(&number);
    let blocks: Vec<&str> = (0..4).filter_map(|at| number.get(at * 4..at * 4 + 4)).collect();
    blocks.join(if random.below(2) == 0 { " " } else { "" })
}

fn iban(random: &mut Random) -> String {
    let account = letters("0123456789", 18, random);
    // D is 13, E is 14.
    let rest = format!("{account}131400")
        .bytes()
        .fold(0_u32, |sum, b| (sum * 10 + u32::from(b - b'0')) % 97);
    format!("DE{:02}{account}", 98 - rest)
}

fn cpf(random: &mut Random) -> String {
    let mut number = digits(9, random);
    for _ in 0..2 {
        let weights = (2..).take(number.len());
        let sum: u32 =
            number.iter().rev().zip(weights).map(|(digit, weight): (_, u32)| digit * weight).sum();
        let rest = sum % 11;
        number.push(if rest < 2 { 0 } else { 11 - rest });
    }
    let n = text(&number);
    let part = |from, to| n.get(from..to).unwrap_or_default();
    format!("{}.{}.{}-{}", part(0, 3), part(3, 6), part(6, 9), part(9, 11))
}

fn dni(random: &mut Random) -> String {
    let number: usize = letters("123456789", 8, random).parse().unwrap_or(0);
    let letter = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(number % 23).unwrap_or('T');
    format!("{number}{letter}")
}

fn insee(random: &mut Random) -> String {
    let number = format!("1{}", letters("123456789", 12, random));
    let value: u64 = number.parse().unwrap_or(0);
    format!("{number}{:02}", 97 - value % 97)
}

/// By trying: one of ten last digits is right, as the two tables of the rule say.
fn aadhaar(random: &mut Random) -> String {
    let head = format!("2{}", letters("123456789", 10, random));
    let right = (0..10).map(|last| format!("{head}{last}")).find(|number| is_verhoeff(number));
    let number = right.unwrap_or_default();
    let part = |from, to| number.get(from..to).unwrap_or_default();
    format!("{} {} {}", part(0, 4), part(4, 8), part(8, 12))
}

fn is_verhoeff(number: &str) -> bool {
    const TIMES: [&[u8; 10]; 10] = [
        b"0123456789",
        b"1234067895",
        b"2340178956",
        b"3401289567",
        b"4012395678",
        b"5987604321",
        b"6598710432",
        b"7659821043",
        b"8765932104",
        b"9876543210",
    ];
    const TURNS: [&[u8; 10]; 8] = [
        b"0123456789",
        b"1576283094",
        b"5803796142",
        b"8916043527",
        b"9453126870",
        b"4286573901",
        b"2793806415",
        b"7046913258",
    ];
    let at = |table: &[&[u8; 10]], row: usize, column: usize| {
        table.get(row).and_then(|row| row.get(column)).map_or(0, |b| usize::from(b - b'0'))
    };
    let sum = number.bytes().rev().enumerate().fold(0, |sum, (place, byte)| {
        at(&TIMES, sum, at(&TURNS, place % 8, usize::from(byte - b'0')))
    });
    sum == 0
}
