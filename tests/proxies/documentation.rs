//! The configurations in the page about proxies are the tested ones.

use crate::front::{Proxy, beside};

#[test]
fn every_block_of_the_page_is_part_of_a_configuration_that_runs() {
    let page = beside("README.md");
    let mut shown = 0;
    for proxy in [Proxy::Nginx, Proxy::Caddy, Proxy::Traefik, Proxy::Envoy] {
        let heading = format!("## {proxy:?}\n");
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("no {heading:?}"));
        let section = section.split("\n## ").next().expect("a section");
        let tested = beside(proxy.configuration());
        for block in section.split("```").skip(1).step_by(2) {
            let (_language, block) = block.split_once('\n').expect("a language");
            assert!(is_part(block, &tested), "{proxy:?}: this is not tested:\n{block}");
            shown += 1;
        }
    }
    assert!(shown >= 4, "{shown} blocks");
}

/// Returns whether the block's lines follow one another in the text, with the same indentation.
fn is_part(block: &str, text: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let block: Vec<&str> = block.lines().collect();
    !block.is_empty()
        && lines.windows(block.len()).any(|window| dedented(window) == dedented(&block))
}

fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let filled = lines.iter().filter(|line| !line.is_empty());
    let indent = filled.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect()
}
