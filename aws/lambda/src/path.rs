//! Paths that the platform has decoded.

use edge_auth::route::NormalPath;

/// Returns a path of an HTTP API or a Function URL as a client would send it, without the stage.
/// Returns `None` if the client may have sent another path before the platform decoded it.
pub fn undecoded(path: &str, stage: Option<&str>) -> Option<String> {
    let path = NormalPath::from_decoded(without_stage(path, stage)).ok()?;
    Some(path.forwarded().into_owned())
}

/// Returns an HTTP API's path without the stage, with which it begins unless that is `$default`.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let Some(stage) = stage else {
        return path;
    };
    match path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)) {
        Some(rest) if stage != "$default" && rest.starts_with('/') => rest,
        Some(_) | None => path,
    }
}
