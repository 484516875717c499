//! What a template leaves to other files: definitions of APIs, nested stacks, modules.

use super::template::Node;

/// A definition that is in another file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct External {
    /// The resource, or the names that lead there.
    pub(super) at: String,
    pub(super) line: usize,
    /// What is in the other file, as in "its API's definition".
    what: &'static str,
    /// The other file, as it is named; nothing if that is known only later.
    location: Option<String>,
}

impl External {
    /// What a resource leaves to another file, if it does.
    pub(super) fn of_resource(name: &str, kind: &str, node: &Node) -> Option<Self> {
        let (what, path): (_, &[&str]) = match kind {
            "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => {
                ("the API's definition", &["Properties", "DefinitionUri"])
            }
            "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api" => {
                ("the API's definition", &["Properties", "BodyS3Location"])
            }
            "AWS::CloudFormation::Stack" => ("a nested stack", &["Properties", "TemplateURL"]),
            "AWS::Serverless::Application" => ("a nested application", &["Properties", "Location"]),
            _ if kind.ends_with("::MODULE") => {
                return Some(Self {
                    at: name.to_owned(),
                    line: node.line,
                    what: "a module",
                    location: None,
                });
            }
            _ => return None,
        };
        let named = node.at(path)?;
        // The CDK and the SAM build name the local file beside what is uploaded.
        let asset =
            node.at(&["Metadata", "aws:asset:path"]).and_then(Node::text).map(str::to_owned);
        let location = asset.or_else(|| location(named));
        Some(Self { at: name.to_owned(), line: named.line, what, location })
    }

    /// What `AWS::Include` brings in, if it is that: as `Fn::Transform`, or as the template's
    /// `Transform`.
    pub(super) fn of_transform(path: &[&str], node: &Node) -> Option<Self> {
        let is_include = node.get("Name").and_then(Node::text) == Some("AWS::Include");
        if !is_include || !matches!(path.last(), Some(&"Fn::Transform" | &"Transform")) {
            return None;
        }
        let named = node.at(&["Parameters", "Location"])?;
        let at = if path.len() > 1 { resource_of(path) } else { "the template".to_owned() };
        Some(Self { at, line: named.line, what: "a part of it", location: location(named) })
    }

    /// What an OpenAPI document's `$ref` takes from another file, where authorizers and methods
    /// stand.
    pub(super) fn of_reference(path: &[&str], node: &Node) -> Option<Self> {
        const PLACES: [&str; 4] = ["paths", "components", "securitySchemes", "securityDefinitions"];
        let named = node.text().filter(|text| !text.starts_with('#') && !text.is_empty())?;
        let [.., before, "$ref"] = path else { return None };
        let stands_there = PLACES.contains(before)
            || matches!(path, [.., place, _, "$ref"] if PLACES[..].contains(place) && *place != "components");
        if !stands_there {
            return None;
        }
        let file = named.split('#').next().unwrap_or(named);
        Some(Self {
            at: resource_of(path),
            line: node.line,
            what: "a part of the API's definition",
            location: Some(file.to_owned()),
        })
    }

    /// Where it is, and what to run instead.
    pub(super) fn message(&self) -> String {
        let what = self.what;
        match self.location.as_deref() {
            None if what == "a module" => {
                "it is a module, whose resources are not in this file: deploy the template to a change set, and look at the \
                 processed one (`aws cloudformation get-template --template-stage Processed`)"
                    .to_owned()
            }
            None => format!("{what} is in another file, known only when it is deployed: look at that file, too"),
            Some(location) if location.contains("://") => format!(
                "{what} is in `{location}`: look at the file that is uploaded there, too (`edge-auth aws lint FILE`)"
            ),
            Some(location) => {
                format!("{what} is in `{location}`: look at it, too (`edge-auth aws lint {location}`)")
            }
        }
    }
}

/// A path or URL, or a bucket and a key in one of the ways to say them.
fn location(named: &Node) -> Option<String> {
    if let Some(text) = named.text() {
        return Some(text.to_owned());
    }
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| named.get(name)?.text());
    match (text(["Bucket", "S3Bucket"]), text(["Key", "S3Key"])) {
        (Some(bucket), Some(key)) => Some(format!("s3://{bucket}/{key}")),
        (None, Some(key)) => Some(format!("s3://…/{key}")),
        _ => match named.function() {
            // Its last part is what people know: the bucket is the deployment's.
            Some(("Fn::Sub", argument)) => argument.items().first()?.text().map(str::to_owned),
            _ => None,
        },
    }
}

/// The resource that these names lead into, or the place in an OpenAPI file.
fn resource_of(path: &[&str]) -> String {
    match path {
        ["Resources", name, ..] => (*name).to_owned(),
        [start @ .., _] => start.join("."),
        [] => String::new(),
    }
}
