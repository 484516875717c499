//! Finds nginx: the one on `PATH` if it has the `auth_request` module, or else Debian's, unpacked
//! in the cache.

use std::env::consts::ARCH;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt::Apt;
use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

/// Its name in the cache. The version is that of the machine's Debian, which changes only for
/// fixes.
const NAME: &str = "nginx";

pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    let on_path = PathBuf::from("nginx");
    if asks(&on_path) {
        return Ok(on_path);
    }
    let find =
        |cache: &Cache| Some(cache.root.join(NAME).join("nginx")).filter(|program| asks(program));
    cache.find_or_make(find, make).map_err(|error| Missing {
        why: error.to_string(),
        help: "install nginx with its module auth_request".into(),
    })
}

fn make(directory: &Path) -> io::Result<String> {
    anstream::println!("nginx: unpacking Debian's");
    let downloads = directory.join("apt");
    for file in Apt::updated(&downloads)?.download(&["nginx".to_owned()])? {
        output_of(Command::new("dpkg-deb").arg("-x").arg(file).arg(directory))?;
    }
    fs::remove_dir_all(downloads)?;
    // The download may include the libraries that it needs.
    let program = directory.join("nginx");
    let script = format!(
        "#!/bin/sh\nhere=${{0%/*}}\n\
         libraries=$here/usr/lib/{ARCH}-linux-gnu:$here/lib/{ARCH}-linux-gnu\n\
         LD_LIBRARY_PATH=$libraries${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$here/usr/sbin/nginx\" \"$@\"\n"
    );
    fs::write(&program, script)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok(NAME.to_owned())
}

/// Returns whether this nginx runs and has the `auth_request` module.
fn asks(nginx: &Path) -> bool {
    let described = Command::new(nginx).args(["-V", "-e", "stderr"]).output();
    described.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stderr).contains("http_auth_request_module")
    })
}
