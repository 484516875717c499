//! Unpacks Debian's Rust for web browsers in the cache and gives it a standard library for wasm.
//!
//! Where rustup has no target to install, Debian still has a current compiler (`rustc-web`), the
//! source of its standard library (`rust-web-src`, with vendored dependencies) and its linker. The
//! library is compiled once, offline, into the unpacked compiler's sysroot, so that cargo needs no
//! flag to use it, only `RUSTC`.

use std::env::consts::ARCH;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{TARGET, links};
use crate::apt::Apt;
use crate::cache::Cache;
use crate::command::output_of;
use crate::invocation::cargo_program;

/// Returns the compiler of the newest working toolchain in the cache.
pub(super) fn find(cache: &Cache) -> Option<PathBuf> {
    let entries = fs::read_dir(&cache.root).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut compilers =
        newest_first(names).into_iter().map(|name| cache.root.join(name).join("rustc"));
    compilers.find(|rustc| links(rustc))
}

fn newest_first(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut toolchains = Vec::new();
    for name in names {
        if let Some(version) = name.strip_prefix(PREFIX).and_then(supported) {
            toolchains.push((version, name));
        }
    }
    toolchains.sort();
    toolchains.into_iter().rev().map(|(_, name)| name).collect()
}

/// The beginning of the names of toolchains in the cache, before the package's version.
const PREFIX: &str = "rust-web-";

/// Downloads about 140 MB and compiles for half a minute.
pub(super) fn make(directory: &Path) -> io::Result<String> {
    let downloads = directory.join("apt");
    let apt = Apt::updated(&downloads)?;
    let packages = Packages::choose(&apt)?;
    anstream::println!(
        "rustc for wasm32: unpacking Debian's {}, compiling its standard library",
        packages.version
    );
    for file in apt.download(&packages.names())? {
        output_of(Command::new("dpkg-deb").arg("-x").arg(file).arg(directory))?;
    }
    wrap_compiler(directory)?;
    link_linker(directory, &packages.llvm)?;
    compile_std(directory, &packages.version)?;
    for done_with in [&downloads, &directory.join("usr/src"), &directory.join("usr/share")] {
        fs::remove_dir_all(done_with)?;
    }
    Ok(format!("{PREFIX}{}", packages.version))
}

/// One version of Rust, and the LLVM that it was built with.
#[derive(Debug, PartialEq, Eq)]
struct Packages {
    version: String,
    runtime: String,
    llvm: String,
}

impl Packages {
    fn choose(apt: &Apt) -> io::Result<Packages> {
        let rustc = apt.show("rustc-web")?;
        let version = field(&rustc, "Version").unwrap_or_default();
        let Some((major, minor)) = supported(version) else {
            let needed = env!("CARGO_PKG_RUST_VERSION");
            let why = format!("apt: rustc-web is {version:?}, older than {needed}");
            return Err(io::Error::other(why));
        };
        let runtime = format!("libstd-rust-web-{major}.{minor}");
        let described = apt.show(&runtime)?;
        let llvm = llvm(field(&described, "Depends").unwrap_or_default())
            .ok_or_else(|| io::Error::other(format!("apt: {runtime} depends on no libllvm")))?;
        Ok(Packages { version: version.into(), llvm: llvm.into(), runtime })
    }

    fn names(&self) -> Vec<String> {
        let rust = ["rustc-web", "libstd-rust-web-dev", &self.runtime, "rust-web-src"];
        let rust = rust.map(|package| format!("{package}={}", self.version));
        rust.into_iter().chain([format!("lld-{}", self.llvm)]).collect()
    }
}

/// Reads `1.96` from `1.96.0+dfsg1-1~deb12u2`, unless this Rust is too old for the workspace.
fn supported(version: &str) -> Option<(u32, u32)> {
    let oldest = major_and_minor(env!("CARGO_PKG_RUST_VERSION"));
    major_and_minor(version).filter(|version| Some(*version) >= oldest)
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.splitn(3, '.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Returns a field's value from the first paragraph of a control file.
fn field<'a>(control: &'a str, name: &str) -> Option<&'a str> {
    let paragraph = control.lines().take_while(|line| !line.is_empty());
    paragraph
        .filter_map(|line| line.split_once(": "))
        .find(|(field, _)| *field == name)
        .map(|(_, value)| value)
}

/// Reads `22` from `libc6 (>= 2.34), libllvm22, …`.
fn llvm(depends: &str) -> Option<&str> {
    let number = depends.split(", ").find_map(|package| package.strip_prefix("libllvm"))?;
    number.split(' ').next()
}

/// Writes a wrapper for the compiler, which finds its sysroot by its own path but its libraries
/// only through the environment.
fn wrap_compiler(directory: &Path) -> io::Result<()> {
    let rustc = directory.join("rustc");
    let script = format!(
        "#!/bin/sh\nhere=${{0%/*}}\n\
         libraries=$here/usr/lib/{ARCH}-linux-gnu:$here/lib/{ARCH}-linux-gnu\n\
         LD_LIBRARY_PATH=$libraries${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$here/usr/bin/rustc\" \"$@\"\n"
    );
    fs::write(&rustc, script)?;
    fs::set_permissions(&rustc, Permissions::from_mode(0o755))
}

/// Puts Debian's linker where the compiler looks for `rust-lld`.
fn link_linker(directory: &Path, llvm: &str) -> io::Result<()> {
    let programs = directory.join(format!("usr/lib/rustlib/{ARCH}-unknown-linux-gnu/bin"));
    fs::create_dir_all(&programs)?;
    symlink(format!("../../../llvm-{llvm}/bin/lld"), programs.join("rust-lld"))
}

/// Compiles std as Rust's own build does, but as the dependency of another package: std's workspace
/// also needs its development dependencies, which are not vendored.
fn compile_std(directory: &Path, version: &str) -> io::Result<()> {
    let upstream = version.split(['+', '-', '~']).next().unwrap_or_default();
    let package = directory.join(format!("usr/src/rustc-{upstream}/wasm-std"));
    fs::create_dir(&package)?;
    fs::write(package.join("Cargo.toml"), include_str!("std.toml"))?;
    fs::write(package.join("lib.rs"), "")?;
    output_of(
        Command::new(cargo_program())
            .args(["build", "--package=sysroot", "--release", "--offline", "--target", TARGET])
            .args(["--target-dir=target", "--config=source.crates-io.replace-with=\"vendored\""])
            .arg("--config=source.vendored.directory=\"../library/vendor\"")
            .current_dir(&package)
            .env("RUSTC", directory.join("rustc"))
            .env("RUSTC_BOOTSTRAP", "1")
            // Keeps these builds of std's dependencies apart from other builds.
            .env("__CARGO_DEFAULT_LIB_METADATA", "edge-auth")
            // LTO needs the bitcode.
            .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )?;
    let libraries = directory.join(format!("usr/lib/rustlib/{TARGET}/lib"));
    fs::create_dir_all(&libraries)?;
    for file in fs::read_dir(package.join(format!("target/{TARGET}/release/deps")))? {
        let file = file?;
        if file.path().extension().is_some_and(|extension| extension == "rlib") {
            fs::copy(file.path(), libraries.join(file.file_name()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_toolchain_is_tried_first_and_one_too_old_never() {
        let names = [
            "rust-web-1.96.0+dfsg1-1~deb12u2",
            "cargo-deny-0.20.2",
            "rust-web-1.85.0",
            "rust-web-1.100.1",
        ];
        assert_eq!(
            newest_first(names.map(String::from).into_iter()),
            ["rust-web-1.100.1", "rust-web-1.96.0+dfsg1-1~deb12u2"]
        );
    }

    #[test]
    fn an_absent_candidate_is_not_a_version() {
        assert_eq!(supported("(none)"), None);
        assert_eq!(supported("1"), None);
        assert_eq!(supported("2.0"), Some((2, 0)));
    }

    #[test]
    fn a_field_is_read_from_the_first_paragraph_only() {
        let control =
            "Package: rustc-web\nVersion: 1.96.0+dfsg1-1\n\nVersion: 1.85.0\nDepends: libc6\n";
        assert_eq!(field(control, "Version"), Some("1.96.0+dfsg1-1"));
        assert_eq!(field(control, "Depends"), None);
    }

    #[test]
    fn the_llvm_is_named_by_the_runtimes_dependency() {
        assert_eq!(llvm("libc6 (>= 2.34), libllvm22, libstdc++6 (>= 11)"), Some("22"));
        assert_eq!(llvm("libc6, libllvm22 (>= 1:22.1.8)"), Some("22"));
        assert_eq!(llvm("libc6 (>= 2.34)"), None);
    }

    #[test]
    fn all_of_rust_is_downloaded_in_one_version() {
        let packages = Packages {
            version: "1.96.0+dfsg1-1".into(),
            runtime: "libstd-rust-web-1.96".into(),
            llvm: "22".into(),
        };
        assert_eq!(
            packages.names(),
            [
                "rustc-web=1.96.0+dfsg1-1",
                "libstd-rust-web-dev=1.96.0+dfsg1-1",
                "libstd-rust-web-1.96=1.96.0+dfsg1-1",
                "rust-web-src=1.96.0+dfsg1-1",
                "lld-22"
            ]
        );
    }
}
