//! Counts the instructions of a warm decision, which repeat from run to run, unlike times.

use std::io;
use std::process::Command;

use super::Bench;
use super::programs::Programs;
use crate::command::output_of;
use crate::outcome::Missing;

/// The number of decisions in one turn of `edge-auth-bench repeat`.
const DECISIONS: u64 = 500;

pub(super) fn measure(programs: &Programs, bench: &mut Bench) -> io::Result<()> {
    let version = match output_of(Command::new("valgrind").arg("--version")) {
        Ok(version) => version.trim().to_owned(),
        Err(error) => {
            let help = "apt-get install valgrind".into();
            bench.missing("instructions", &Missing { why: error.to_string(), help });
            return Ok(());
        }
    };
    bench.versions.push(version);
    for case in
        ["warm RS256", "warm RS256, not logging", "warm API key", "warm API key, not logging"]
    {
        anstream::println!("counting instructions: {case}");
        // One-time work is the same in both runs and cancels out.
        let difference = count(programs, case, 2)?.saturating_sub(count(programs, case, 1)?);
        bench.alone(
            case,
            "instructions",
            "without SHA extensions",
            (difference / DECISIONS) as f64,
        );
    }
    Ok(())
}

fn count(programs: &Programs, case: &str, turns: u32) -> io::Result<u64> {
    let program = programs.bench();
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"]);
    valgrind
        .arg(program.get_program())
        .arg("repeat")
        .arg(&programs.folder)
        .arg(case)
        .arg(turns.to_string());
    let output = output_of(&mut valgrind)?;
    collected(&output).ok_or_else(|| io::Error::other("valgrind printed no count of instructions"))
}

fn collected(output: &str) -> Option<u64> {
    output.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_valgrinds_output() {
        let output = "==7== Events    : Ir\n==7== Collected : 539144438\n==7==\n";
        assert_eq!(collected(output), Some(539_144_438));
        assert_eq!(collected("==7== Events    : Ir"), None);
    }
}
