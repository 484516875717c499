//! apt without root: the machine's sources, with separate lists and a separate cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;

pub(crate) struct Apt {
    lists: PathBuf,
    cache: PathBuf,
}

impl Apt {
    /// Updates package lists, which lie in `directory` like everything else.
    pub(crate) fn updated(directory: &Path) -> io::Result<Apt> {
        let apt = Apt { lists: directory.join("lists"), cache: directory.join("cache") };
        fs::create_dir_all(&apt.lists)?;
        fs::create_dir_all(&apt.cache)?;
        output_of(apt.command("apt-get").arg("update"))?;
        Ok(apt)
    }

    /// Returns the control fields of the version of `package` that apt would install.
    pub(crate) fn show(&self, package: &str) -> io::Result<String> {
        output_of(self.command("apt-cache").args(["show", "--no-all-versions", package]))
    }

    /// Downloads `packages` and those dependencies that the machine does not have. Returns the
    /// `.deb` files.
    pub(crate) fn download(&self, packages: &[String]) -> io::Result<Vec<PathBuf>> {
        let mut command = self.command("apt-get");
        command.args([
            "install",
            "--download-only",
            "--yes",
            "--reinstall",
            "--no-install-recommends",
        ]);
        output_of(command.args(packages))?;
        let files = fs::read_dir(self.cache.join("archives"))?;
        let mut files = files.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "deb"));
        Ok(files)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-qq");
        for (option, value) in [("Dir::State::lists", &self.lists), ("Dir::Cache", &self.cache)] {
            command.arg("-o").arg(format!("{option}={}", value.display()));
        }
        // Only root can take the locks, and this apt writes nothing that they guard.
        command.args(["-o", "Debug::NoLocking=1"]);
        // As root, apt would switch to a user who cannot write here.
        command.args(["-o", "APT::Sandbox::User=root"]);
        command
    }
}
