//! Tests of the comparison of segments.

use proptest::prelude::*;

use super::character_sets::PathLanguage;
use super::*;
use crate::path_overlap::COMPARED;
use crate::resource_planner::ResourcePlanner;
use edge_auth::route::Methods;

fn route(path: &str) -> Route {
    Route { host: None, path: PathPattern::parse(path).unwrap(), methods: Methods::all() }
}

/// The paths that a pattern matches.
fn languages(path: &PathPattern) -> Vec<PathLanguage> {
    let mut language = PathLanguage::default();
    for segment in path.segments() {
        language.literal("/");
        match segment {
            Segment::Literal(literal) => language.literal(literal),
            Segment::Capture { prefix, suffix, .. } => {
                language.literal(prefix);
                language.segment();
                language.literal(suffix);
            }
        }
    }
    let mut languages = Vec::new();
    if path.has_rest() {
        let mut below = language.clone();
        below.literal("/");
        below.anything();
        languages.push(below);
    }
    languages.push(language);
    languages
}

/// Compares characters: whether one of the globs matches a path of the pattern.
fn intersect(globs: &[String], path: &PathPattern) -> bool {
    let languages = languages(path);
    globs.iter().any(|glob| {
        let glob = PathLanguage::of_glob(glob);
        languages.iter().any(|language| glob.intersects(language))
    })
}

fn patterns() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec![
        "a", "b", "{x}", "{y}", "a.b", "ab", "é", "{z}.b", "a{w}", "{v}:c", "a{u}.b", "{t} é",
        "abc", "bc{s}",
    ]);
    let end = prop::sample::select(vec!["", "", "", "/", "/{*rest}"]);
    (prop::collection::vec(segment, 0..5), end).prop_map(|(segments, end)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        if path.is_empty() && end.is_empty() { "/".to_owned() } else { format!("{path}{end}") }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn segments_overlap_as_their_characters_do(one in patterns(), other_text in patterns()) {
        let (Ok(path), Ok(other)) = (PathPattern::parse(&one), PathPattern::parse(&other_text)) else {
            return Ok(());
        };
        let rule = RuleResources::new(&route(&one));
        let theirs = RuleResources::new(&route(&other_text));
        let Overlap { paths, superset, overmatch } = rule.overlap(&theirs);
        let expected = languages(&path)
            .iter()
            .any(|ours| languages(&other).iter().any(|theirs| ours.intersects(theirs)));
        prop_assert_eq!(paths, expected, "the paths of {} and {}", path, other);
        let globs = &rule.superset;
        prop_assert_eq!(superset, intersect(globs, &other), "{:?} and {}", globs, other);
        // A rule with `{segment}` and `{*rest}` is not expressed, and has no globs for the rest.
        if !path.has_rest() {
            let beyond = &rule.overmatch;
            prop_assert_eq!(overmatch, intersect(beyond, &other), "{:?} and {}", beyond, other);
        }
        // `/{*rest}` has no glob for its path itself.
        if !path.segments().is_empty() {
            let texts: Vec<String> = globs.iter().map(|glob| format!("/*{glob}")).collect();
            let end_of = rule.globs.below_anything().overlap(&theirs.shape).superset;
            prop_assert_eq!(end_of, intersect(&texts, &other), "{:?} and {}", texts, other);
        }
    }
}

#[test]
fn rules_are_compared_in_a_few_steps_each() {
    for (count, shape) in [
        (300, "/v1/resource{n}/{id}"),
        (300, "/{tenant}/resource{n}/{id}/part"),
        (100, "/a/{b}/{c}/{d}"),
    ] {
        let routes: Vec<Route> =
            (0..count).map(|n| route(&shape.replace("{n}", &format!("-{n}-")))).collect();
        COMPARED.set(0);
        let planner = ResourcePlanner::new(&routes);
        let steps = COMPARED.get() / (count * count);
        assert!(steps <= 2, "{shape}: {steps} comparisons of segments for each pair of rules");
        assert_eq!(planner.rules.len(), count);
    }
}
