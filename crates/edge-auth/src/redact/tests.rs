use percent_encoding::percent_decode;
use proptest::prelude::*;

use super::*;

/// The leads of a native block and of an imported one.
fn redactor() -> Redactor {
    let (ours, others) = (Lead::of_ours("acme_live_"), Lead::of_others("k_"));
    Redactor::of(vec![ours, others, Lead::of_ours(BOOTSTRAP_PREFIX)])
}

fn log(text: &str) -> String {
    redactor().hide(text, 1024)
}

#[test]
fn a_key_is_not_shown_wherever_it_stands() {
    for (path, shown) in [
        ("/acme_live_abc", "/(an API key)"),
        ("/orders/acme_live_abc/x", "/orders/(an API key)/x"),
        ("/key=acme_live_abc&x", "/key=(an API key)&x"),
        ("/x:acme_live_abc,acme_live_d", "/x:(an API key),(an API key)"),
        ("/%22acme_live_abc%22", "/%22(an API key)"),
        ("/acme_live_abc%2Bd", "/(an API key)"),
        ("/acme_live_ab\u{e9}cd/e", "/(an API key)/e"),
        ("/ACME_live_abc", "/(an API key)"),
        ("/edge-auth-admin_abc", "/(an API key)"),
        ("/acme_test_abc", "/acme_test_abc"),
        ("/acme_live", "/acme_live"),
    ] {
        assert_eq!(log(path), shown, "{path}");
    }
}

#[test]
fn a_short_lead_begins_a_word_and_an_imported_key_may_hold_slashes() {
    for (path, shown) in [
        ("/k_abc/k_d", "/(an API key)"),
        ("/k_ab/cd+ef==?x", "/(an API key)?x"),
        ("/key=k_abc&x", "/key=(an API key)&x"),
        ("/%2fk_abc", "/%2f(an API key)"),
        ("k_abc", "(an API key)"),
        ("/book_x", "/book_x"),
    ] {
        assert_eq!(log(path), shown, "{path}");
    }
}

#[test]
fn an_escaped_key_is_not_shown() {
    for path in [
        "//acme%5Flive_abc",
        "//acme%5flive%5Fabc",
        "/%61cme_live_abc",
        "/%61%63%6d%65%5f%6c%69%76%65%5f%61%62%63",
        "/acme%255Flive_abc",
        "/acme%25%35%46live_abc",
        "/acme%25255Flive_abc",
        "/acme%2525255Flive_abc",
        "/acme%C1%9Flive_abc",
        "/acme%E0%81%9flive_abc",
        "/acme%F0%80%81%9Flive_abc",
        "/acme%C0%A55Flive_abc",
        "/acme%u005Flive_abc",
        "/%acme_live_abc",
        "/%5acme_live_abc",
        "/%25acme_live_abc",
        "/%5%61cme_live_abc",
        "/%c0%acme_live_abc",
        "/%5acme%5Flive_abc",
        "/%acme%5Flive_abc",
    ] {
        let shown = log(path);
        assert!(shown.contains("(an API key)") && !shown.contains("abc"), "{path}: {shown}");
    }
}

#[test]
fn a_key_is_known_by_its_shape_whatever_stands_for_its_separators() {
    let (id, secret) = ("57OCc303UXRaZhM7ym", "TeSA6FkakmUwxkGHqDfeJM2OOrk5bP7s3TKbeFwWdIO4Xhdak");
    for separator in [
        "\\_",
        "\\u005f",
        "\\x5f",
        "\\u{5f}",
        "%5Cu005f",
        "%5C_",
        "=5F",
        "&lowbar;",
        "&#95;",
        "&#x5f;",
        "%EF%BC%BF",
        "\u{ff3f}",
        "+_",
        ";_",
        "%00_",
        "_%00",
        "%C2%AD_",
        "_%E2%80%8B",
        "%E2%80%BF",
        " _ ",
        "-",
        ".",
        "%20",
    ] {
        let all = format!("/x/acme{separator}live{separator}{id}{separator}{secret}/y");
        let one = format!("/x/acme_live_{id}{separator}{secret}/y");
        let admin = format!("/x/edge-auth-admin{separator}{secret}/y");
        for path in [all, one, admin] {
            let cut = path.len() - 2 - secret.len() + 9;
            for shown in [log(&path), redactor().hide(&path, cut)] {
                let hidden = !shown.contains(secret.get(..9).unwrap())
                    && !shown.contains(secret.get(40..).unwrap());
                assert!(hidden && shown.contains("/(an API key)"), "{path}: {shown}");
            }
        }
    }
    for path in [
        "/acme/live/57OCc303UXRaZhM7ym",
        "/acme-live/orders/42",
        "/acme-live-orders-of-today",
        "/acme/edge-auth-admin/57OCc303UXRaZhM7ym",
    ] {
        assert_eq!(log(path), path);
    }
}

#[test]
fn text_with_too_many_levels_of_escapes_is_hidden() {
    assert_eq!(log("/acme%252525255Flive_abc"), "(escaped too often)");
    assert_eq!(log(&format!("/{}", "%25".repeat(300))), format!("/{}", "%25".repeat(300)));
    assert_eq!(log("/50%25-off/%C3%A9/100%/%zz"), "/50%25-off/%C3%A9/100%/%zz");
}

#[test]
fn a_token_is_not_shown_wherever_it_stands() {
    for (path, shown) in [
        ("/eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "/(a token)"),
        ("/cb/access_token=eyJh.eyJz.c2ln&state=1", "/cb/access_token=(a token)&state=1"),
        ("/eyJh.eyJz.", "/(a token)"),
        ("/eyJh.a.b.c.d/x", "/(a token)/x"),
        ("/EyJ.eyJh.eyJz.c2ln/x", "/EyJ.(a token)/x"),
        ("/eyJh%2EeyJz%2Ec2ln/x", "/(a token)/x"),
        ("/%65yJh.eyJz.c2ln/x", "/(a token)/x"),
        ("/ey%4ah%252eeyJz%252Ec2ln", "/(a token)"),
        ("/%aey%4ah.eyJz.c2ln/x", "/%ae(a token)/x"),
        // `{ "alg"` and a line break after the brace.
        ("/eyAiYWxn.eyJz.c2ln", "/(a token)"),
        ("/ewogImFsZyI.eyJz.c2ln", "/(a token)"),
        ("/eyJustAWord", "/eyJustAWord"),
        ("/eyJh.json", "/eyJh.json"),
        ("eyes.example.com", "eyes.example.com"),
        ("eyjafjalla.example.com", "eyjafjalla.example.com"),
    ] {
        assert_eq!(log(path), shown, "{path}");
    }
}

#[test]
fn a_token_that_became_a_host_is_not_shown() {
    let token =
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{}", "aB3".repeat(14)).to_ascii_lowercase();
    assert_eq!(log(&token), "(a token)");
}

#[test]
fn nothing_of_a_credential_is_left_at_the_cut() {
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln";
    for secret in [
        "acme_live_0123456789",
        token,
        "acme%5Flive%5F0123456789",
        "eyJhbGciOiJub25lIn0%2EeyJz%2Ec2ln",
    ] {
        let text = format!("/some/path/{secret}/and/more");
        for most in 0..text.len() {
            let shown = redactor().hide(&text, most);
            assert!(shown.len() <= most + "(an API key)…".len(), "{shown}");
            assert!(!shown.contains("0123") && !shown.contains("hbGciO"), "{most}: {shown}");
        }
    }
    assert_eq!(redactor().hide("/caf\u{e9}", 5), "/caf…");
}

#[test]
fn an_excerpt_is_on_one_line() {
    assert_eq!(redactor().excerpt("a\r\n\"b\"acme_live_x", 100), "a\\r\\n\\\"b\\\"(an API key)");
}

fn steps(text: &str) -> usize {
    let mut steps = 0;
    let _ = redactor().hide_counting(text, usize::MAX, &mut steps);
    steps
}

/// Texts that have searches begin again and again.
fn hostile(n: usize) -> Vec<(&'static str, String)> {
    vec![
        ("plain", "/orders/42".repeat(n)),
        ("leads of keys", "edge-auth-admin_,".repeat(n)),
        ("beginnings of leads", "acme_liveacme_".repeat(n)),
        ("leads and tokens", ["edge-auth-admin_,".repeat(n), "eyJ".repeat(10 * n)].concat()),
        ("beginnings of tokens", "eyJ".repeat(n)),
        (
            "beginnings of tokens, two parts",
            ["eyJ".repeat(n), ".".to_owned(), "eyJ".repeat(n)].concat(),
        ),
        ("beginnings of tokens, mixed case", "EyJ.a.b,".repeat(n)),
        ("a token of many parts", "eyJ.".repeat(n)),
        ("escapes", "%61".repeat(n)),
        ("escapes in escapes", "%2525255F".repeat(n)),
        ("escapes of escapes", format!("%{}41", "25".repeat(n))),
        ("escapes that are not whole", "%%2%u00".repeat(n)),
        ("overlong characters", "%F0%80%81%9F%C1".repeat(n)),
        ("keys with slashes", "/k_a".repeat(n)),
        ("short leads within words", "bk_".repeat(n)),
        ("words of leads", "acme-live-".repeat(n)),
        ("words of leads and parts", "acme+live+0123456789abcdefghi+".repeat(n)),
        ("parts that are too short", "acme;live;abcd;edge-auth-admin-abcd;".repeat(n)),
        ("a lead and one long part", format!("acme-live-{}", "a".repeat(n))),
        ("characters beyond ASCII", "\u{e9}eyJ".repeat(n)),
    ]
}

#[test]
fn twice_the_text_takes_twice_the_steps() {
    for ((kind, once), (_, twice)) in hostile(500).into_iter().zip(hostile(1000)) {
        let (once, twice) = (steps(&once), steps(&twice));
        assert!(twice * 10 <= once * 21, "{kind}: {once} steps, and {twice} for twice as much");
    }
}

#[test]
fn text_beyond_the_cut_takes_no_steps() {
    for (kind, text) in hostile(2000) {
        let (mut short, mut long) = (0, 0);
        let _ = redactor().hide_counting(
            text.get(..text.floor_char_boundary(1100)).unwrap(),
            1024,
            &mut short,
        );
        let _ = redactor().hide_counting(&text, 1024, &mut long);
        assert_eq!(short, long, "{kind}");
    }
}

/// A text as lenient readers may come to read it, escapes resolved once, twice and so on.
fn readings(text: &str) -> Vec<String> {
    let mut readings = vec![text.as_bytes().to_vec()];
    while let Some(last) = readings.last() {
        let next: Vec<u8> = percent_decode(last).collect();
        if next == *last {
            break;
        }
        readings.push(next);
    }
    readings.iter().map(|bytes| String::from_utf8_lossy(bytes).to_ascii_lowercase()).collect()
}

/// A text in which some characters are percent-encoded, and some of the escapes again.
fn encoded(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    for (char, choice) in text.bytes().zip(choices.iter().cycle()) {
        match choice % 6 {
            0 => out.push_str(&format!("%{char:02x}")),
            1 => out.push_str(&format!("%{char:02X}")),
            2 => out.push_str(&format!("%25{char:02X}")),
            3 => out.push_str(&format!("%{:02X}%{:02x}", 0xC0 | char >> 6, 0x80 | char & 0x3F)),
            _ => out.push(char::from(char)),
        }
    }
    out
}

proptest! {
    #[test]
    fn nothing_of_a_key_is_left(
        before in "[/a-z=%.1-9]{0,9}",
        secret in "[A-Za-z0-9]{1,9}",
        after in "[/&,a-z]{0,5}",
        choices in proptest::collection::vec(any::<u8>(), 1..40),
        most in 0_usize..200,
    ) {
        let key = encoded(&format!("acme_live_{secret}0Z"), &choices);
        let shown = redactor().hide(&format!("{before}{key}{after}"), most);
        for reading in readings(&shown) {
            prop_assert!(!reading.contains("acme_live_") && !reading.contains("0z"), "{key}: {shown}");
        }
    }

    #[test]
    fn nothing_of_a_token_is_left(
        before in "[/a-ik-z=%.1-9]{0,9}",
        token in "eyJ[A-Za-z0-9_-]{1,9}\\.eyJ[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{0,9}0Z",
        choices in proptest::collection::vec(any::<u8>(), 1..40),
        most in 0_usize..200,
    ) {
        let token = encoded(&token, &choices);
        let shown = redactor().hide(&format!("{before}{token}"), most);
        for reading in readings(&shown) {
            prop_assert!(!reading.contains("eyj") && !reading.contains("0z"), "{token}: {shown}");
        }
    }

    #[test]
    fn any_text_is_answered_in_linear_steps(text in any::<String>(), most in 0_usize..100) {
        let mut steps = 0;
        let shown = redactor().hide_counting(&text, most, &mut steps);
        prop_assert!(shown.len() <= 20 * most + 20);
        prop_assert!(steps <= 500 * most.min(text.len()) + 500, "{}", steps);
    }
}

#[test]
fn a_credential_that_was_cut_before_it_came_here_is_hidden_like_a_whole_one() {
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{}", "eyJzdWIiOiJhbGljZSJ9".repeat(20));
    let (id, secret) = ("57OCc303UXRaZhM7ym", "TeSA6FkakmUwxkGHqDfeJM2OOrk5bP7s3TKbeFwWdIO4Xhdak");
    let key = format!("acme\\_live\\_{id}\\_{secret}");
    for (credential, label) in [(&token, TOKEN), (&key, KEY)] {
        for length in [15, 22, 34, 64] {
            let shown = log(&format!("`{}`, says somebody", excerpt(credential, length)));
            assert!(shown.starts_with(&format!("`{label}")), "{length}: {shown}");
            assert!(!shown.contains("UzI1") && !shown.contains("57O"), "{length}: {shown}");
        }
    }
}
