//! Changes that need no issuer's key: the same signed part of a certificate in other bytes.

use x509_cert::der::asn1::{BitStringRef, UintRef};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader};

/// The group orders of P-256, P-384 and P-521.
const ORDERS: [&str; 3] = [
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d0\
     3bb5c9b8899c47aebb6fb71e91386409",
];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// Returns the same certificate with the other ECDSA signature, `n - s` in place of `s`, or `None`
/// if another algorithm signed it.
pub fn other_signature(certificate: &[u8]) -> Option<Vec<u8>> {
    let (signed, algorithm, signature) = parts(certificate).ok()?;
    let (r, s) = ecdsa(signature).ok()?;
    let order = order(&r, &s);
    let s = strip(&subtract(&order, &s));
    Some(assemble(signed, algorithm, &ecdsa_value(&unsigned(&r), &unsigned(&s))))
}

/// Returns whether an ECDSA signature has the smaller of its two values of `s`, or `None` if
/// another algorithm signed the certificate.
pub fn has_low_s(certificate: &[u8]) -> Option<bool> {
    let (_, _, signature) = parts(certificate).ok()?;
    let (r, s) = ecdsa(signature).ok()?;
    let other = strip(&subtract(&order(&r, &s), &s));
    Some((s.len(), &s) < (other.len(), &other))
}

/// Returns encodings of the same certificate that are not DER, each with its defect.
pub fn misencoded(certificate: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let Ok((signed, algorithm, signature)) = parts(certificate) else { return Vec::new() };
    let bits = [&[0], signature].concat();
    let content = [signed, algorithm, &element(BIT_STRING, &bits)].concat();
    let algorithm_content = algorithm.get(2..).unwrap_or_default();
    let null = [0x05, 0x00];
    let other_parameters = match algorithm_content.strip_suffix(&null) {
        Some(without) => element(SEQUENCE, without),
        None => element(SEQUENCE, &[algorithm_content, &null].concat()),
    };
    let mut list = vec![
        ("a length of more bytes than it needs", long(SEQUENCE, &content)),
        ("an indefinite length", [&[SEQUENCE, 0x80], &*content, &[0, 0]].concat()),
        ("a byte behind it", [certificate, &[0]].concat()),
        ("an element behind the signature", element(SEQUENCE, &[&*content, &null].concat())),
        (
            "an empty element behind the signature",
            element(SEQUENCE, &[&*content, &[0x30, 0]].concat()),
        ),
        ("other parameters of the algorithm", assemble_bits(signed, &other_parameters, &bits)),
        (
            "a long length of the algorithm",
            assemble_bits(signed, &long(SEQUENCE, algorithm_content), &bits),
        ),
        (
            "another algorithm",
            assemble_bits(signed, &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71], &bits),
        ),
        ("unused bits", assemble_bits(signed, algorithm, &[&[1], signature].concat())),
        ("all bits unused", assemble_bits(signed, algorithm, &[&[8], signature].concat())),
        ("a byte behind the signature", assemble_bits(signed, algorithm, &[&*bits, &[0]].concat())),
        (
            "a byte before the signature",
            assemble_bits(signed, algorithm, &[&[0, 0], signature].concat()),
        ),
        (
            "eight bytes before the signature",
            assemble_bits(signed, algorithm, &[&[0; 9], signature].concat()),
        ),
        ("no signature", assemble_bits(signed, algorithm, &[0])),
        (
            "a long length of the signature",
            element(SEQUENCE, &[signed, algorithm, &long(BIT_STRING, &bits)].concat()),
        ),
        (
            "a signature in pieces",
            element(
                SEQUENCE,
                &[signed, algorithm, &element(0x23, &element(BIT_STRING, &bits))].concat(),
            ),
        ),
    ];
    if let Ok((r, s)) = ecdsa(signature) {
        let order = order(&r, &s);
        let (digits_r, digits_s) = (unsigned(&r), unsigned(&s));
        let (with_r, with_s) = (element(INTEGER, &digits_r), element(INTEGER, &digits_s));
        let mut value =
            |what, signature: Vec<u8>| list.push((what, assemble(signed, algorithm, &signature)));
        value("a zero before r", ecdsa_value(&[&[0], &*digits_r].concat(), &digits_s));
        value("a zero before s", ecdsa_value(&digits_r, &[&[0], &*digits_s].concat()));
        value("r plus the order", ecdsa_value(&unsigned(&add(&r, &order)), &digits_s));
        value("s plus the order", ecdsa_value(&digits_r, &unsigned(&add(&s, &order))));
        value("s of zero", ecdsa_value(&digits_r, &[0]));
        value("an s without digits", ecdsa_value(&digits_r, &[]));
        value("r without its sign, and s", ecdsa_value(&r, &[&[0xff], &*digits_s].concat()));
        value("three numbers", element(SEQUENCE, &[&*with_r, &with_s, &[2, 1, 0]].concat()));
        value("a long length of the numbers", long(SEQUENCE, &[&*with_r, &with_s].concat()));
        value(
            "a long length of r",
            element(SEQUENCE, &[long(INTEGER, &digits_r), with_s.clone()].concat()),
        );
        value(
            "a long length of s",
            element(SEQUENCE, &[with_r.clone(), long(INTEGER, &digits_s)].concat()),
        );
        value("a byte behind the numbers", [&*ecdsa_value(&digits_r, &digits_s), &[0]].concat());
        value("numbers as JOSE has them", [r, s].concat());
    }
    if algorithm_content == [0x06, 0x03, 0x2b, 0x65, 0x70]
        && let Some((r, s)) = signature.split_at_checked(32)
    {
        let order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
        let mut sum = add(&reversed(s), &order);
        if sum.len() == 33 {
            sum.remove(0);
        }
        list.push((
            "s plus the order",
            assemble(signed, algorithm, &[r, &reversed(&sum)].concat()),
        ));
    }
    list
}

/// Splits a certificate into the signed part, the algorithm, and the signature.
fn parts(certificate: &[u8]) -> der::Result<(&[u8], &[u8], &[u8])> {
    let mut reader = SliceReader::new(certificate)?;
    reader.sequence(|reader| {
        let (signed, algorithm) = (reader.tlv_bytes()?, reader.tlv_bytes()?);
        Ok::<_, der::Error>((signed, algorithm, BitStringRef::decode(reader)?.raw_bytes()))
    })
}

/// Parses the numbers of an `ECDSA-Sig-Value` (RFC 3279, section 2.2.3).
fn ecdsa(signature: &[u8]) -> der::Result<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(signature)?;
    reader.sequence(|reader| {
        let (r, s) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
        Ok::<_, der::Error>((r.as_bytes().to_vec(), s.as_bytes().to_vec()))
    })
}

/// Returns the order of the smallest curve that fits these numbers.
fn order(r: &[u8], s: &[u8]) -> Vec<u8> {
    let longest = r.len().max(s.len());
    let fitting = ORDERS.iter().map(|order| hex(order)).find(|order| order.len() >= longest);
    fitting.unwrap_or_else(|| panic!("a signature on a curve that no test has"))
}

fn assemble(signed: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    assemble_bits(signed, algorithm, &[&[0], signature].concat())
}

/// Assembles a certificate whose `BIT STRING` has this content.
fn assemble_bits(signed: &[u8], algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[signed, algorithm, &element(BIT_STRING, bits)].concat())
}

fn ecdsa_value(r: &[u8], s: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[element(INTEGER, r), element(INTEGER, s)].concat())
}

/// Returns the content of an `INTEGER` that is not negative.
fn unsigned(digits: &[u8]) -> Vec<u8> {
    let der = UintRef::new(digits).and_then(|number| number.to_der());
    der.unwrap_or_else(|error| panic!("{error}")).split_off(2)
}

/// Encodes an element with the shortest length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = strip(&length);
    let mut element = vec![tag];
    match content.len() {
        0..0x80 => element.push(content.len() as u8),
        _ => element.extend([&[0x80 | length.len() as u8], &*length].concat()),
    }
    element.extend(content);
    element
}

/// Encodes an element with a length of four bytes.
fn long(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

fn strip(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn subtract(from: &[u8], number: &[u8]) -> Vec<u8> {
    let (mut digits, mut borrow) = (Vec::new(), 0);
    let mut taken = number.iter().rev();
    for digit in from.iter().rev() {
        let rest = i16::from(*digit) - i16::from(taken.next().copied().unwrap_or(0)) - borrow;
        borrow = i16::from(rest < 0);
        digits.push(rest.rem_euclid(256) as u8);
    }
    reversed(&digits)
}

fn add(one: &[u8], other: &[u8]) -> Vec<u8> {
    let (mut digits, mut carry) = (Vec::new(), 0_u16);
    let (mut one, mut other) = (one.iter().rev(), other.iter().rev());
    loop {
        match (one.next(), other.next()) {
            (None, None) if carry == 0 => return reversed(&digits),
            (one, other) => {
                carry +=
                    u16::from(one.copied().unwrap_or(0)) + u16::from(other.copied().unwrap_or(0));
                digits.push((carry & 0xff) as u8);
                carry >>= 8;
            }
        }
    }
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}

fn hex(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs.iter().map(|[high, low]| hex_digit(*high) << 4 | hex_digit(*low)).collect()
}

fn hex_digit(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or_default() as u8
}
