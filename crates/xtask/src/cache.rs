//! The user's directory of tools that set-up installed: `~/.cache/edge-auth/tools`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) struct Cache {
    pub(crate) root: PathBuf,
}

impl Cache {
    /// Opens the cache in `$XDG_CACHE_HOME`, or else in `~/.cache`.
    pub(crate) fn of_the_user() -> io::Result<Cache> {
        let caches = match std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
            Some(caches) if caches.is_absolute() => caches,
            Some(_) | None => std::env::home_dir()
                .ok_or_else(|| io::Error::other("HOME is not set"))?
                .join(".cache"),
        };
        Ok(Cache { root: caches.join("edge-auth/tools") })
    }

    /// Returns what `find` finds, after making it if necessary. `make` fills a directory whose path
    /// must not matter, and returns the final name. The directory gets that name only when it is
    /// complete.
    pub(crate) fn find_or_make<T>(
        &self,
        find: impl Fn(&Cache) -> Option<T>,
        make: impl FnOnce(&Path) -> io::Result<String>,
    ) -> io::Result<T> {
        if let Some(found) = find(self) {
            return Ok(found);
        }
        fs::create_dir_all(&self.root)
            .map_err(|error| io::Error::other(format!("{}: {error}", self.root.display())))?;
        let lock = File::create(self.root.join("lock"))?;
        lock.lock()?;
        // Another run may have made it while this one waited for the lock.
        if let Some(found) = find(self) {
            return Ok(found);
        }
        let partial = self.root.join("partial");
        remove(&partial)?;
        fs::create_dir(&partial)?;
        let named = make(&partial);
        if named.is_err() {
            remove(&partial)?;
        }
        let whole = self.root.join(named?);
        remove(&whole)?;
        fs::rename(&partial, &whole)?;
        find(self).ok_or_else(|| io::Error::other(format!("{} does not work", whole.display())))
    }
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache { root: directory.path().join("edge-auth") };
        (directory, cache)
    }

    fn find(cache: &Cache) -> Option<String> {
        fs::read_to_string(cache.root.join("hammer-2/head")).ok()
    }

    fn make(directory: &Path) -> io::Result<String> {
        fs::write(directory.join("head"), "steel")?;
        Ok("hammer-2".into())
    }

    #[test]
    fn a_tool_is_made_once() {
        let (_directory, cache) = cache();
        assert_eq!(cache.find_or_make(find, make).unwrap(), "steel");
        let again = cache.find_or_make(find, |_| Err(io::Error::other("made twice")));
        assert_eq!(again.unwrap(), "steel");
    }

    #[test]
    fn a_failed_installation_leaves_nothing_behind() {
        let (_directory, cache) = cache();
        let failed = cache.find_or_make(find, |directory| {
            fs::write(directory.join("head"), "st")?;
            Err(io::Error::other("out of steel"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "out of steel");
        let left: Vec<_> =
            fs::read_dir(&cache.root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn a_broken_tool_is_made_again() {
        let (_directory, cache) = cache();
        fs::create_dir_all(cache.root.join("hammer-2/splinters")).unwrap();
        assert_eq!(cache.find_or_make(find, make).unwrap(), "steel");
    }

    #[test]
    fn leftovers_of_an_interrupted_run_are_removed() {
        let (_directory, cache) = cache();
        fs::create_dir_all(cache.root.join("partial/debris")).unwrap();
        cache.find_or_make(find, make).unwrap();
        assert!(!cache.root.join("hammer-2/debris").exists());
    }
}
