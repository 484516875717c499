//! The places that documents name: links, files, and the symbols on the how-to pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A document, by its path below the repository's root.
struct Document {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the files of the repository, without hidden ones and what builds make.
fn files() -> BTreeSet<String> {
    let root = root();
    let mut found = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with('.') || ["target", "node_modules", "build"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

fn documents() -> Vec<Document> {
    let mut documents = Vec::new();
    for path in files() {
        if path.ends_with(".md") {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            documents.push(Document { path, text });
        }
    }
    assert!(documents.len() > 30, "{}", documents.len());
    documents
}

impl Document {
    /// Returns the text in pieces without code blocks: a paragraph, an item of a list, or a row of
    /// a table each.
    fn pieces(&self) -> Vec<String> {
        let mut pieces = vec![String::new()];
        let mut is_code = false;
        for line in self.text.lines().map(str::trim) {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if !is_code {
                let marker = line.split(' ').next().unwrap();
                let is_item = marker == "-" || marker.strip_suffix('.').is_some_and(is_number);
                if line.is_empty() || line.starts_with(['|', '#']) || is_item {
                    pieces.push(String::new());
                }
                let piece = pieces.last_mut().unwrap();
                piece.push_str(line);
                piece.push(' ');
            }
        }
        pieces
    }

    /// Returns the anchors of the headings, as GitHub makes them.
    fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    for letter in heading.to_lowercase().chars() {
        match letter {
            ' ' => anchor.push('-'),
            '-' | '_' => anchor.push(letter),
            _ if letter.is_alphanumeric() => anchor.push(letter),
            _ => {}
        }
    }
    anchor
}

/// Returns what stands between backticks.
fn code_spans(piece: &str) -> Vec<&str> {
    piece.split('`').skip(1).step_by(2).collect()
}

/// Returns whether the text is a symbol of Rust, such as `Gate::decide`, `MAX_RESPONSE` or `row()`.
/// A lone word in lower case may be anything.
fn is_symbol(text: &str) -> bool {
    let name = text.trim_end_matches("()");
    if name == text && name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return false;
    }
    name.split("::").all(|part| {
        let is_word = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word && part.starts_with(|first: char| first.is_ascii_alphabetic())
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split(|letter| !is_part(letter)).any(|own| own == word)
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading() {
    let documents = documents();
    for document in &documents {
        let folder = Path::new(&document.path).parent().unwrap();
        for piece in document.pieces() {
            for rest in piece.split("](").skip(1) {
                let link = rest.split(')').next().unwrap().replace(' ', "");
                if link.starts_with("https://") {
                    continue;
                }
                let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
                let target = match file {
                    "" => root().join(&document.path),
                    _ => root().join(folder).join(file),
                };
                let place = format!("{}: {link}", document.path);
                let target = target.canonicalize().unwrap_or_else(|_| panic!("{place}"));
                let known = documents.iter().find(|other| root().join(&other.path) == target);
                if !heading.is_empty() {
                    let anchors = known.unwrap_or_else(|| panic!("{place}")).anchors();
                    assert!(anchors.contains(&heading.to_owned()), "{place}: {anchors:?}");
                }
            }
        }
    }
}

#[test]
fn every_file_that_a_document_names_exists() {
    let files = files();
    for document in documents() {
        // The changelog names files of earlier versions, too.
        if document.path == "CHANGELOG.md" {
            continue;
        }
        for piece in document.pieces() {
            for span in code_spans(&piece) {
                if !span.ends_with(".rs") || span.contains(['*', ' ']) {
                    continue;
                }
                let suffix = format!("/{span}");
                let exists = files.iter().any(|file| file == span || file.ends_with(&suffix));
                assert!(exists, "{}: `{span}`", document.path);
            }
        }
    }
}

#[test]
fn the_how_to_pages_name_whole_paths_and_symbols_that_the_files_beside_them_have() {
    let mut mistakes = Vec::new();
    for document in documents() {
        if !document.path.starts_with("docs/how-to/") {
            continue;
        }
        for piece in document.pieces() {
            let mut sources = String::new();
            let mut symbols = Vec::new();
            for span in code_spans(&piece) {
                if span.contains('/') && !span.contains(' ') {
                    let place = root().join(span);
                    if !place.exists() {
                        mistakes.push(format!("{}: `{span}` does not exist", document.path));
                    } else if span.ends_with(".rs") {
                        sources.push_str(&fs::read_to_string(place).unwrap());
                    }
                } else if is_symbol(span) {
                    symbols.push(span);
                }
            }
            for symbol in symbols {
                let mut words = symbol.trim_end_matches("()").split("::");
                if !words.all(|word| has_word(&sources, word)) {
                    let path = &document.path;
                    mistakes.push(format!("{path}: no file beside `{symbol}` has it: {piece}"));
                }
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
