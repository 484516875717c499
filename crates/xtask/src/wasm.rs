//! Finds a `rustc` for `wasm32-unknown-unknown`: the one on `PATH`, after rustup installed the
//! target if necessary, or else Debian's.

mod debian;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    let on_path = PathBuf::from("rustc");
    if links(&on_path) {
        return Ok(on_path);
    }
    if let Some(debian) = debian::find(cache) {
        return Ok(debian);
    }
    let added = output_of(Command::new("rustup").args(["target", "add", TARGET]));
    if added.is_ok() && links(&on_path) {
        return Ok(on_path);
    }
    cache.find_or_make(debian::find, debian::make).map_err(|debian| {
        let rustup = added
            .map_or_else(|error| error.to_string(), |_| "rustup: the target does not link".into());
        Missing { why: format!("{rustup}; {debian}"), help: format!("rustup target add {TARGET}") }
    })
}

/// Returns whether `rustc` can build a module of a program that allocates, which needs a whole
/// standard library and a linker.
fn links(rustc: &Path) -> bool {
    linked(rustc).is_ok_and(|module| module.starts_with(b"\0asm"))
}

fn linked(rustc: &Path) -> io::Result<Vec<u8>> {
    let mut compiler = Command::new(rustc)
        .args([
            "-",
            "-o",
            "-",
            "--edition=2024",
            "--crate-name=probe",
            "--crate-type=cdylib",
            "--target",
            TARGET,
        ])
        // The linker writes its output into the working directory.
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut source) = compiler.stdin.take() {
        source.write_all(
            b"#[unsafe(no_mangle)] pub extern \"C\" fn probe(n: u8) -> usize { vec![n; 2].len() }",
        )?;
    }
    Ok(compiler.wait_with_output()?.stdout)
}
