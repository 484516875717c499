//! The curves of ECDSA and the form of its signatures (RFC 7518, sections 3.4 and 6.2.1.1).

/// A curve of RFC 7518, section 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256, for `ES256`.
    P256,
    /// P-384, for `ES384`.
    P384,
    /// P-521, for `ES512`.
    P521,
}

impl Curve {
    /// Returns the curve that a JWK's `crv` names.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    /// Returns the length of a coordinate, and of each half of a signature, in bytes.
    pub const fn coordinate_bytes(self) -> usize {
        self.order().len()
    }

    /// Returns the order of the base point, big-endian (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1).
    const fn order(self) -> &'static [u8] {
        match self {
            Self::P256 => &P256_ORDER,
            Self::P384 => &P384_ORDER,
            Self::P521 => &P521_ORDER,
        }
    }

    /// Returns whether a signature is `r || s`, each as long as the order and from 1 to the order
    /// less one.
    pub(crate) fn accepts_form_of(self, signature: &[u8]) -> bool {
        let order = self.order();
        let Some((r, s)) = signature.split_at_checked(order.len()) else {
            return false;
        };
        // Both are public, so the comparison need not take constant time.
        s.len() == order.len()
            && [r, s].iter().all(|half| *half < order && half.iter().any(|&byte| byte != 0))
    }
}

#[rustfmt::skip]
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
#[rustfmt::skip]
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
#[rustfmt::skip]
const P521_ORDER: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
    0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
    0x64, 0x09,
];

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    fn one(curve: Curve) -> Vec<u8> {
        let mut one = vec![0; curve.coordinate_bytes()];
        *one.last_mut().unwrap() = 1;
        one
    }

    fn order_less_one(curve: Curve) -> Vec<u8> {
        let mut number = curve.order().to_vec();
        *number.last_mut().unwrap() -= 1;
        number
    }

    #[test]
    fn r_and_s_of_zero_or_not_below_the_order_are_refused() {
        for curve in CURVES {
            let (order, zero) = (curve.order().to_vec(), vec![0; curve.coordinate_bytes()]);
            let huge = vec![0xff; curve.coordinate_bytes()];
            let good = [one(curve), order_less_one(curve)];
            for (r, s) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                assert!(curve.accepts_form_of(&[&good[r][..], &good[s]].concat()));
            }
            for bad in [&zero, &order, &huge] {
                assert!(!curve.accepts_form_of(&[&bad[..], &good[0]].concat()));
                assert!(!curve.accepts_form_of(&[&good[0][..], bad].concat()));
                assert!(!curve.accepts_form_of(&[&bad[..], bad].concat()));
            }
        }
    }

    #[test]
    fn a_signature_has_one_length() {
        for curve in CURVES {
            let good = [one(curve), one(curve)].concat();
            for length in [0, 1, good.len() / 2, good.len() - 1] {
                assert!(!curve.accepts_form_of(&good[..length]));
            }
            assert!(!curve.accepts_form_of(&[&good[..], &[0]].concat()));
            assert!(!curve.accepts_form_of(&[&[0][..], &good].concat()));
            // SEQUENCE { INTEGER 1, INTEGER 1 }: DER, the form of other protocols.
            assert!(!curve.accepts_form_of(&[0x30, 6, 2, 1, 1, 2, 1, 1]));
        }
    }
}
