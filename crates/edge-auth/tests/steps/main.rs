//! The work for a client's input is linear: twice the input takes twice the instructions.
//!
//! Unlike times, instruction counts repeat from run to run. Valgrind counts them; without it, the
//! test prints that it is skipped. `cargo test -p edge-auth --test steps -- --nocapture` prints the
//! table.

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

mod fixture;
mod kinds;

use std::path::Path;
use std::process::Command;

use kinds::{InputKind, KINDS};

/// The largest accepted ratio of instructions for twice the input: sorting takes a little more than
/// twice.
const MAX_RATIO: f64 = 2.35;

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
        if ratio > MAX_RATIO {
            superlinear.push(kind.name);
        }
    }
    assert!(superlinear.is_empty(), "more than linear: {superlinear:?}");
}

/// The part that runs under valgrind.
#[test]
#[ignore = "the other test runs it under valgrind"]
fn every_kind_once_and_twice() {
    for InputKind { size, prepare, .. } in KINDS {
        // The first run initialises statics, and is not counted.
        prepare(size / 4)();
        for size in [*size, 2 * size] {
            counted_work(prepare(size));
        }
    }
}

/// Valgrind counts the instructions in this function and writes them to a file at its end.
#[inline(never)]
fn counted_work(work: Box<dyn FnOnce()>) {
    work();
}

/// Returns the instructions of each call of [`counted_work`], or `None` without valgrind.
fn counted(folder: &Path) -> Option<Vec<u64>> {
    let version = Command::new("valgrind").arg("--version").output().ok()?;
    if !version.status.success() {
        return None;
    }
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
    let mut totals = Vec::new();
    for number in 1.. {
        let Ok(dump) = std::fs::read_to_string(folder.join(format!("out.{number}"))) else { break };
        let total = total(&dump);
        if total > 0 {
            totals.push(total);
        }
    }
    Some(totals)
}

/// Returns the sum in a file of callgrind.
fn total(dump: &str) -> u64 {
    for line in dump.lines() {
        if let Some(sum) = line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")) {
            return sum.trim().parse().unwrap();
        }
    }
    panic!("the file of callgrind has no sum");
}
