//! Tokens in thousands of forms. Each part is usually right, so that most tokens have one or two
//! oddities and some have none.

use edge_auth_testkit::mint::{TestKey, base64url};
use edge_auth_token::Algorithm;
use proptest::prelude::*;
use proptest::sample::select;

use crate::issuers::API;

pub(super) const ISSUER: &str = "https://login.example.com/";

/// The test keys in the key set. The name of each is its `kid`.
pub(super) const KEYS: [&str; 3] = ["rsa", "p256", "ed25519"];

/// The keys and algorithms that sign, which a right header also names.
const SIGNERS: [(&str, Algorithm); 4] = [
    ("rsa", Algorithm::Rs256),
    ("rsa", Algorithm::Ps256),
    ("p256", Algorithm::Es256),
    ("ed25519", Algorithm::EdDsa),
];

pub(super) fn token(now: u64) -> impl Strategy<Value = String> {
    let parts = select(&SIGNERS[..]).prop_flat_map(move |(key, algorithm)| {
        let header = text(header(key, algorithm), HEADER_TOO);
        (
            Just((key, algorithm)),
            header,
            text(claims(now), CLAIM_TOO),
            spelling(),
            spelling(),
            signature(),
        )
    });
    let token = parts.prop_map(|((key, algorithm), header, claims, one, two, signature)| {
        let message = format!("{}.{}", one.of(&header), two.of(&claims));
        let signature = signature.of(key, algorithm, &message);
        format!("{message}.{signature}")
    });
    (token, rarely(select(&WHOLE[..]))).prop_map(|(token, oddity)| match oddity {
        Some((before, after)) => format!("{before}{token}{after}"),
        None => token,
    })
}

/// Text before and after a whole token.
const WHOLE: [(&str, &str); 7] =
    [(" ", ""), ("", " "), ("", "\n"), ("", "."), (".", ""), ("Bearer ", ""), ("", "=")];

fn rarely<T: std::fmt::Debug>(what: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.04, what)
}

/// Returns the usual value, or sometimes an odd one.
fn mostly<T: Clone + std::fmt::Debug + 'static>(usual: T, odd: Vec<T>) -> impl Strategy<Value = T> {
    prop_oneof![15 => Just(usual), 1 => select(odd)]
}

/// The members of a JSON object, as names and values in JSON.
type Members = Vec<(String, String)>;

fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (format!("\"{name}\""), value.into())
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Splits JSON values at white space. The values themselves have none.
fn values(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Splits `name=value` pairs of names and JSON values.
fn members(text: &str) -> Members {
    text.split_whitespace()
        .filter_map(|one| one.split_once('='))
        .map(|(name, value)| member(name, value))
        .collect()
}

const ODD_ALG: &str = r#"
    "none" "NONE" "" "HS256" "RS256" "PS256" "ES256" "EdDSA" "Ed25519" "es256" "ES384" "RS1" "ES256\u0020"
    "\u0045S256" null 1 ["ES256"] {}"#;
const ODD_TYP: &str = r#"
    "AT+JWT" "application/at+jwt" "APPLICATION/AT+JWT" "application/application/at+jwt" "text/at+jwt" "JWT" "jwt" ""
    "at+jwt\u0020" "\u0061t+jwt" null 1 ["at+jwt"]"#;
const ODD_KID: &str = r#"
    "rsa" "p256" "ed25519" "P256" "unknown" "" "\u0070256" "p256\u0000" "../p256" null 1 ["p256"]"#;
/// Members to add to a header, either new or repeated.
const HEADER_TOO: &str = r#"
    crit=[] crit=["exp"] crit=["b64"] crit=["x"] crit="b64" crit=null b64=false b64=true cty="JWT" cty="text/plain"
    jku="https://evil.example/jwks" x5u="https://evil.example/" x5c=["AA=="] x5t="AA" x5t#S256="AA"
    jwk={"kty":"oct","k":"AA"} zip="DEF" enc="A128GCM" epk={} p2c=1 alg="none" alg="ES256" kid="p256" typ="JWT" x=1
    nonce="n" \u0061lg="none" iss="https://evil.example/" aud="x" ver=[[[[1]]]] __proto__={"alg":"none"}"#;

fn header(key: &str, algorithm: Algorithm) -> impl Strategy<Value = Members> + use<> {
    let alg = mostly(quoted(algorithm.name()), values(ODD_ALG));
    let typ = mostly(quoted("at+jwt"), values(ODD_TYP));
    let kid = mostly(quoted(key), values(ODD_KID));
    (alg, typ, kid).prop_map(|(alg, typ, kid)| {
        vec![member("alg", alg), member("typ", typ), member("kid", kid)]
    })
}

const ODD_ISS: &str = r#"
    "https://login.example.com" "https://LOGIN.example.com/" "https:\/\/login.example.com\/"
    "https://login.example.com/\u0000" ["https://login.example.com/"] "" null 1 {}"#;
const ODD_AUD: &str = r#"
    ["https://api.example.com"] ["https://other.example.com","https://api.example.com"] [["https://api.example.com"]]
    [1,"https://api.example.com"] {"https://api.example.com":1} ["https://other.example.com"] [] "" null 1 true
    "https://api.example.com/" "HTTPS://api.example.com" "https://other.example.com""#;
const ODD_SUB: &str = r#"
    "" 1 {} ["alice"] "\ud800" "a\u0000b" "\uD83D\uDE00" "é""#;
/// Odd values of `exp`. `PAST` and `FUTURE` are far enough from now that the clocks of the
/// libraries do not matter.
const ODD_EXP: &str = r#"
    PAST FUTURE FUTURE.5 PAST.5 FUTUREe0 PASTe-1 "FUTURE" [FUTURE] -FUTURE 0FUTURE 0 -1 -0 1e400 -1e400 1e15 1e16
    9007199254740992 9007199254740993 18446744073709551615 18446744073709551616 1e19 9.3e9 NaN Infinity null true "" {}
    4102444800 253402300800 +1 1. .5 0x7fffffff"#;
/// Claims to add, either new or repeated. None of them is `null`, which counts as absent in
/// edge-auth and which other libraries refuse.
const CLAIM_TOO: &str = r#"
    nbf=0 iat=0 nbf=4102444800 iat=4102444800 nbf="0" iat="0" nbf=-1 iat=1e9 nbf=1.5 iat=true nbf=[]
    iat=1e400 nbf=-1e400 jti="1" jti=1 jti={} jti="" scope="a\u0020b" scope=["a"] scope=1 client_id="app"
    client_id=1 cnf={} cnf={"jkt":"x"} cnf=1 act={"sub":"bob"} sub="bob" iss="https://login.example.com/"
    aud="https://api.example.com" exp=4102444800 \u0069ss="https://login.example.com/" x=1e400 x=-0 x="\ud800"
    x=[1,[2,[3,{}]]] x=123456789012345678901234567890 __proto__={"exp":1} constructor=1 =1 é="é""#;

fn claims(now: u64) -> impl Strategy<Value = Members> {
    let times = ODD_EXP
        .replace("PAST", &(now - 600).to_string())
        .replace("FUTURE", &(now + 600).to_string());
    let iss = mostly(quoted(ISSUER), values(ODD_ISS));
    let aud = mostly(quoted(API), values(ODD_AUD));
    let exp = mostly((now + 600).to_string(), values(&times));
    let sub = mostly(quoted("alice"), values(ODD_SUB));
    (iss, aud, exp, sub).prop_map(|(iss, aud, exp, sub)| {
        vec![member("iss", iss), member("aud", aud), member("exp", exp), member("sub", sub)]
    })
}

/// Builds a JSON object of these members, sometimes with another one, in any order and with varying
/// white space. Sometimes the text is not a JSON object.
fn text(members: impl Strategy<Value = Members>, others: &str) -> impl Strategy<Value = Vec<u8>> {
    let other = prop::option::weighted(0.12, select(self::members(others)));
    let members = (members, other).prop_map(|(mut members, other)| {
        members.extend(other);
        members
    });
    let room = mostly("", vec![" ", "\n", "\t", "\r\n  ", "\u{a0}", "\u{feff}", "/**/", "\0"]);
    let missing = rarely(0..4_usize);
    let shape = (members.prop_shuffle(), room, missing).prop_map(|(mut members, room, missing)| {
        if let Some(missing) = missing.filter(|missing| *missing < members.len()) {
            members.remove(missing);
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("{room}{name}{room}:{room}{value}{room}"))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    (shape, rarely(select(&BROKEN[..]))).prop_map(|(text, broken)| {
        broken.map_or_else(|| text.clone().into_bytes(), |broken| broken(&text))
    })
}

/// Transformations after which a text is not quite a JSON object.
const BROKEN: [fn(&str) -> Vec<u8>; 13] = [
    |text| format!("{text} ").into_bytes(),
    |text| format!("\n{text}").into_bytes(),
    |text| format!("\u{feff}{text}").into_bytes(),
    |text| format!("{text}\0").into_bytes(),
    |text| format!("{text}{text}").into_bytes(),
    |text| format!("[{text}]").into_bytes(),
    |text| format!("\"{text}\"").into_bytes(),
    |text| text.replace('}', ",}").into_bytes(),
    |text| text.replace('"', "'").into_bytes(),
    |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    |text| [text.as_bytes(), b"\xff"].concat(),
    |text| {
        text.replace("example", "ex\u{fffd}mple")
            .bytes()
            .map(|byte| if byte == 0xef { 0xff } else { byte })
            .collect()
    },
    |_| Vec::new(),
];

/// Encodings of a part in base64url, one right and several wrong.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Strict,
    Padded,
    /// The unused bits of the last character are not zero.
    LooseEnd,
    /// The alphabet with `+` and `/`.
    OtherAlphabet,
    Spaced(char),
}

fn spelling() -> impl Strategy<Value = Spelling> {
    use Spelling::{LooseEnd, OtherAlphabet, Padded, Spaced, Strict};
    mostly(
        Strict,
        vec![
            Padded,
            LooseEnd,
            OtherAlphabet,
            Spaced(' '),
            Spaced('\n'),
            Spaced('\u{a0}'),
            Spaced('='),
            Spaced('\0'),
        ],
    )
}

impl Spelling {
    fn of(self, bytes: &[u8]) -> String {
        let text = base64url(bytes);
        match self {
            Self::Strict => text,
            Self::Padded => format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4)),
            Self::LooseEnd => loose_end(text),
            Self::OtherAlphabet => text.replace('-', "+").replace('_', "/"),
            Self::Spaced(space) => {
                let (before, after) = text.split_at(text.len() / 2);
                format!("{before}{space}{after}")
            }
        }
    }
}

/// Replaces the last character by the next of the alphabet, where that decodes to the same bytes.
fn loose_end(mut text: String) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let has_unused_bits = text.len() % 4 > 1;
    let last = text.pop().filter(|_| has_unused_bits).and_then(|last| ALPHABET.find(last));
    let next = last.and_then(|at| ALPHABET[at..].chars().nth(1));
    text.extend(next);
    text
}

/// The third part of a token.
#[derive(Debug, Clone, Copy)]
enum Signature {
    Good(Spelling),
    OfAnother,
    Flipped,
    Longer,
    Shorter,
    Zero,
    Empty,
}

fn signature() -> impl Strategy<Value = Signature> {
    use Signature::{Empty, Flipped, Good, Longer, OfAnother, Shorter, Zero};
    prop_oneof![
        20 => spelling().prop_map(Good),
        1 => select(vec![OfAnother, Flipped, Longer, Shorter, Zero, Empty]),
    ]
}

impl Signature {
    fn of(self, key: &str, algorithm: Algorithm, message: &str) -> String {
        let key = TestKey::named(key).expect("a key of the kit");
        let other = TestKey::named("other-p256").expect("a key of the kit");
        let good = key.sign(algorithm, message.as_bytes());
        match self {
            Self::Good(spelling) => spelling.of(&good),
            Self::Empty => String::new(),
            Self::OfAnother => base64url(&other.sign(Algorithm::Es256, message.as_bytes())),
            Self::Flipped => base64url(&good.iter().rev().copied().collect::<Vec<u8>>()),
            Self::Longer => base64url(&[good, vec![0]].concat()),
            Self::Shorter => base64url(&good[1..]),
            Self::Zero => base64url(&vec![0; good.len()]),
        }
    }
}
