//! Finds the parts of a template that are in other files: API definitions, nested stacks, modules.

use super::template::Node;

/// A definition that is in another file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct External {
    /// The resource, or the names that lead there.
    pub(super) at: String,
    pub(super) line: usize,
    /// The part, as a message names it: "the API's definition".
    what: &'static str,
    /// The other file; `None` if only a deployment knows it.
    location: Option<String>,
}

impl External {
    /// Returns the part of a resource that is in another file.
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
        // The CDK and `sam build` record the local file next to the uploaded one.
        let asset =
            node.at(&["Metadata", "aws:asset:path"]).and_then(Node::text).map(str::to_owned);
        let location = asset.or_else(|| location(named));
        Some(Self { at: name.to_owned(), line: named.line, what, location })
    }

    /// Returns the part that `AWS::Include` inserts, by `Fn::Transform` or the template's `Transform`.
    pub(super) fn of_transform(path: &[&str], node: &Node) -> Option<Self> {
        let is_include = node.get("Name").and_then(Node::text) == Some("AWS::Include");
        if !is_include || !matches!(path.last(), Some(&"Fn::Transform" | &"Transform")) {
            return None;
        }
        let named = node.at(&["Parameters", "Location"])?;
        let at = if path.len() > 1 { resource_of(path) } else { "the template".to_owned() };
        Some(Self {
            at,
            line: named.line,
            what: "a part of the template",
            location: location(named),
        })
    }

    /// Returns the part of an OpenAPI document that a `$ref` takes from another file, if authorizers
    /// or methods may be in it.
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

    /// Says where the part is, and which command checks it.
    pub(super) fn message(&self) -> String {
        let what = self.what;
        match self.location.as_deref() {
            None if what == "a module" => {
                "a module's resources are not in this file: deploy the template to a change set, and check the \
                 processed template (`aws cloudformation get-template --template-stage Processed`)"
                    .to_owned()
            }
            None => format!("{what} is in another file, which is known only at deployment: check that file, too"),
            Some(location) if location.contains("://") => format!(
                "{what} is in `{location}`: check the file that you upload there, too (`edge-auth aws lint FILE`)"
            ),
            Some(location) => {
                format!("{what} is in `{location}`: check it, too (`edge-auth aws lint {location}`)")
            }
        }
    }
}

/// Returns a path, or a URL made of a bucket and a key.
fn location(named: &Node) -> Option<String> {
    if let Some(text) = named.text() {
        return Some(text.to_owned());
    }
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| named.get(name)?.text());
    match (text(["Bucket", "S3Bucket"]), text(["Key", "S3Key"])) {
        (Some(bucket), Some(key)) => Some(format!("s3://{bucket}/{key}")),
        (None, Some(key)) => Some(format!("s3://…/{key}")),
        _ => match named.function() {
            // The bucket is known only at deployment; people know the file by the last part.
            Some(("Fn::Sub", argument)) => argument.items().first()?.text().map(str::to_owned),
            _ => None,
        },
    }
}

/// Returns the resource of a path, or the place in an OpenAPI file.
fn resource_of(path: &[&str]) -> String {
    match path {
        ["Resources", name, ..] => (*name).to_owned(),
        [start @ .., _] => start.join("."),
        [] => String::new(),
    }
}
