//! The ARN of one method of one stage of an API, as authorizer events name it.

use std::fmt;

/// The longest resource of a statement, in characters.
pub(super) const MAX_RESOURCE: usize = 512;

/// `arn:aws:execute-api:eu-west-1:123456789012:abcdef123/prod/GET/v1/orders/42`.
#[derive(Debug, Clone, Copy)]
pub(super) struct MethodArn<'a> {
    text: &'a str,
    /// Up to the method, with a slash at its end.
    stage: &'a str,
    /// The method; of a WebSocket API the route (`$connect`).
    pub method: &'a str,
    /// The path, with its slash; of a WebSocket API none.
    pub path: Option<&'a str>,
}

impl<'a> MethodArn<'a> {
    /// Reads it. What is no API's, or has wildcards before its method, is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let head: Vec<&str> = parts.by_ref().take(5).collect();
        let ["arn", partition, "execute-api", region, account] = head[..] else { return None };
        let (api, after) = parts.next()?.split_once('/')?;
        let (stage, call) = after.split_once('/')?;
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let known = [partition, region, account, api].into_iter().all(plain);
        if !known || !(plain(stage) || stage == "$default") {
            return None;
        }
        let cut = call.find('/').unwrap_or(call.len());
        let (method, path) = call.split_at_checked(cut)?;
        let path = Some(path).filter(|path| !path.is_empty());
        Some(Self { text, stage: text.strip_suffix(call)?, method, path })
    }

    /// This very call, as a resource; `None` if it cannot be said: what IAM takes for a wildcard or
    /// a variable would say more.
    pub(super) fn exactly(self) -> Option<String> {
        let special = self.text.contains(['*', '?']) || self.text.contains("${");
        (!special && self.text.chars().count() <= MAX_RESOURCE).then(|| self.text.to_owned())
    }

    /// Calls of this stage by their method and path, wildcards included.
    pub(super) fn of_stage(self, calls: impl fmt::Display) -> String {
        format!("{}{calls}", self.stage)
    }

    /// As it was given.
    pub(super) fn text(self) -> &'a str {
        self.text
    }
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
    fn what_is_no_call_of_one_stage_is_no_arn() {
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
    fn what_iam_would_read_as_more_is_not_said() {
        let exactly = |path: &str| {
            let text = format!("arn:aws:execute-api:r:1:api/prod/GET/{path}");
            MethodArn::parse(&text).and_then(MethodArn::exactly).is_some()
        };
        assert!(exactly("orders/a%20b$1"));
        assert!(!exactly("orders/*") && !exactly("orders/?") && !exactly("${aws:x}"));
        assert!(!exactly(&"a".repeat(500)));
    }
}
