//! The work for what a stranger sends is linear in it: twice the input takes twice the
//! instructions.
//!
//! Instructions repeat from run to run, as times do not. They are counted by valgrind; where there
//! is none the test says that it is skipped. `cargo test -p edge-auth --test steps -- --nocapture`
//! prints the table.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the table is printed, and valgrind's files are read"
)]

mod doors;
mod kinds;

use std::path::Path;
use std::process::Command;

use kinds::{KINDS, PrincipalKind};

/// How many times the instructions may become by twice the input: sorting takes a little more than
/// twice.
const MOST: f64 = 2.35;

#[test]
fn twice_the_input_takes_twice_the_instructions() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("steps");
    let Some(counts) = counted(&folder) else {
        println!("skipped: valgrind is not installed (try: apt-get install valgrind)");
        return;
    };
    assert_eq!(counts.len(), 2 * KINDS.len(), "two counts for each kind");
    println!("{:<52} {:>6} {:>12} {:>12} {:>6}", "input", "n", "steps of n", "of 2n", "ratio");
    let mut superlinear = Vec::new();
    for (kind, pair) in KINDS.iter().zip(counts.chunks(2)) {
        let ratio = pair[1] as f64 / pair[0] as f64;
        println!("{:<52} {:>6} {:>12} {:>12} {ratio:>6.2}", kind.name, kind.size, pair[0], pair[1]);
        if ratio > MOST {
            superlinear.push(kind.name);
        }
    }
    assert!(superlinear.is_empty(), "more than linear: {superlinear:?}");
}

/// The part that runs under valgrind.
#[test]
#[ignore = "the other test has valgrind run it"]
fn every_kind_once_and_twice() {
    for PrincipalKind { size, prepare, .. } in KINDS {
        // What is done once for all happens here.
        prepare(size / 4)();
        for size in [*size, 2 * size] {
            counted_work(prepare(size));
        }
    }
}

/// Valgrind counts what happens in here, and writes it down at the end.
#[inline(never)]
fn counted_work(work: Box<dyn FnOnce()>) {
    work();
}

/// The instructions of each call of [`counted_work`]; `None` without valgrind.
fn counted(folder: &Path) -> Option<Vec<u64>> {
    Command::new("valgrind")
        .arg("--version")
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    let out = folder.join("out");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--collect-atstart=no"]);
    valgrind.args(["--toggle-collect=steps::counted_work*", "--dump-after=*counted_work*"]);
    valgrind.arg(format!("--callgrind-out-file={}", out.display()));
    valgrind.arg(std::env::current_exe().unwrap());
    valgrind.args(["--ignored", "--exact", "every_kind_once_and_twice"]);
    let run = valgrind.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let dumps = (1..).map(|number| std::fs::read_to_string(folder.join(format!("out.{number}"))));
    Some(dumps.map_while(Result::ok).map(|dump| total(&dump)).filter(|total| *total > 0).collect())
}

fn total(dump: &str) -> u64 {
    let told = dump
        .lines()
        .find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    told.unwrap_or_else(|| panic!("callgrind tells no sum")).trim().parse().unwrap()
}
