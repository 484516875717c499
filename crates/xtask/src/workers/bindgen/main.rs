//! Runs wasm-bindgen's library with the arguments that worker-build passes.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let mut bindgen = Bindgen::new();
    let mut out_dir = String::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--version" => {
                println!("bindgen {}", env!("CARGO_PKG_VERSION"));
                return Ok(());
            }
            "--out-dir" => out_dir = value(&argument, arguments.next())?,
            "--out-name" => drop(bindgen.out_name(&value(&argument, arguments.next())?)),
            "--target" => {
                let target = match value(&argument, arguments.next())?.as_str() {
                    "module" => bindgen.module(true),
                    other => return Err(format!("--target {other} is not supported")),
                };
                target.map_err(|error| error.to_string())?;
            }
            "--typescript" => drop(bindgen.typescript(true)),
            "--no-typescript" => drop(bindgen.typescript(false)),
            "--no-demangle" => drop(bindgen.demangle(false)),
            "--debug" => drop(bindgen.debug(true)),
            "--keep-debug" => drop(bindgen.keep_debug(true)),
            "--experimental-reset-state-function" => drop(bindgen.reset_state_function(true)),
            "--force-enable-abort-handler" => drop(bindgen.force_enable_abort_handler(true)),
            input if !input.starts_with('-') => drop(bindgen.input_path(input)),
            other => return Err(format!("{other} is not supported")),
        }
    }
    bindgen.generate(out_dir).map_err(|error| format!("{error:?}"))
}

fn value(argument: &str, next: Option<String>) -> Result<String, String> {
    next.ok_or(format!("{argument}: a value is missing"))
}
