//! The ARN of one method of one stage of an API, as authorizer events have it.

use std::fmt;

/// The longest resource of a statement, in characters.
pub(super) const MAX_RESOURCE_CHARS: usize = 512;

/// `arn:aws:execute-api:eu-west-1:123456789012:abcdef123/prod/GET/v1/orders/42`.
#[derive(Debug, Clone, Copy)]
pub(super) struct MethodArn<'a> {
    text: &'a str,
    /// Up to the method, with a slash at its end.
    stage: &'a str,
    /// The method; for a WebSocket API the route (`$connect`).
    pub method: &'a str,
    /// The path, with its slash; `None` for a WebSocket API.
    pub path: Option<&'a str>,
}

impl<'a> MethodArn<'a> {
    /// Parses an ARN. Returns `None` unless it names an execute-api method, without wildcards
    /// before the method.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let head: Vec<&str> = parts.by_ref().take(5).collect();
        let ["arn", partition, "execute-api", region, account] = head[..] else { return None };
        let (api, after) = parts.next()?.split_once('/')?;
        let (stage, call) = after.split_once('/')?;
        let are_plain = [partition, region, account, api].into_iter().all(is_plain);
        if !are_plain || !(is_plain(stage) || stage == "$default") {
            return None;
        }
        let cut = call.find('/').unwrap_or(call.len());
        let (method, path) = call.split_at_checked(cut)?;
        let path = Some(path).filter(|path| !path.is_empty());
        Some(Self { text, stage: text.strip_suffix(call)?, method, path })
    }

    /// Returns the resource for exactly this call; `None` if it is too long, or has characters that
    /// IAM reads as wildcards or variables, which would match more.
    pub(super) fn exactly(self) -> Option<String> {
        let special = self.text.contains(['*', '?']) || self.text.contains("${");
        let fits = self.text.chars().count() <= MAX_RESOURCE_CHARS;
        (fits && !special).then(|| self.text.to_owned())
    }

    /// Returns the resource for calls of this stage, from the method on, which may have wildcards.
    pub(super) fn of_stage(self, calls: impl fmt::Display) -> String {
        format!("{}{calls}", self.stage)
    }

    /// Returns the length of the part of every resource that names the stage.
    pub(super) fn stage_bytes(self) -> usize {
        self.stage.len()
    }

    /// Returns the ARN as it was given.
    pub(super) fn text(self) -> &'a str {
        self.text
    }
}

fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_taken_apart() {
        let arn = MethodArn::parse("arn:aws:execute-api:eu-west-1:1:api/prod/GET/v1/a:b/").unwrap();
        assert_eq!((arn.method, arn.path), ("GET", Some("/v1/a:b/")));
        assert_eq!(arn.of_stage("*"), "arn:aws:execute-api:eu-west-1:1:api/prod/*");
        assert!(arn.text().ends_with("GET/v1/a:b/"));
        let root =
            MethodArn::parse("arn:aws-cn:execute-api:cn-north-1:1:api/$default/GET/").unwrap();
        assert_eq!((root.method, root.path), ("GET", Some("/")));
        let socket = MethodArn::parse("arn:aws:execute-api:eu-west-1:1:api/prod/$connect").unwrap();
        assert_eq!((socket.method, socket.path), ("$connect", None));
    }

    #[test]
    fn an_arn_without_one_stage_and_method_is_rejected() {
        for text in [
            "",
            "arn:aws:execute-api:r:1:api",
            "arn:aws:execute-api:r:1:api/prod",
            "arn:aws:lambda:r:1:api/prod/GET/a",
            "arn:aws:execute-api:r:1:api/*/GET/a",
            "arn:aws:execute-api:r:1:*/prod/GET/a",
            "arn:aws:execute-api:r:1:api//GET/a",
        ] {
            assert!(MethodArn::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_call_that_iam_would_read_as_more_is_no_resource() {
        let exactly = |path: &str| {
            let text = format!("arn:aws:execute-api:r:1:api/prod/GET/{path}");
            MethodArn::parse(&text).and_then(MethodArn::exactly).is_some()
        };
        assert!(exactly("orders/a%20b$1"));
        assert!(!exactly("orders/*") && !exactly("orders/?") && !exactly("${aws:x}"));
        assert!(!exactly(&"a".repeat(500)));
    }
}
