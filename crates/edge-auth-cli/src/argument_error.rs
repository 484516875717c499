//! Errors of the command line, without the given values: people paste tokens and keys into the
//! wrong place, and errors end up in logs and tickets.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Describes the error: with the names of options and commands, and never a value.
pub(crate) fn describe(error: &clap::Error, arguments: &[String]) -> String {
    let mut text = sentence(error, arguments);
    let known = names(error, ContextKind::SuggestedSubcommand)
        .into_iter()
        .chain(names(error, ContextKind::SuggestedArg))
        .collect::<Vec<_>>();
    if !known.is_empty() {
        text.push_str(&format!("\n\n  tip: there is `{}`", known.join("`, `")));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        text.push_str(&format!("\n\n{usage}"));
    }
    text.push_str("\n\nFor more information, try '--help'.");
    text
}

fn sentence(error: &clap::Error, arguments: &[String]) -> String {
    let argument = names(error, ContextKind::InvalidArg).join("`, `");
    match error.kind() {
        ErrorKind::UnknownArgument if is_option_name(&argument) => {
            format!("the command has no option `{argument}`")
        }
        ErrorKind::UnknownArgument => {
            "there is an extra argument; it is not shown, because it may be a secret".to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            "the command is unknown; it is not shown, because it may be a secret".to_owned()
        }
        ErrorKind::InvalidValue => {
            let allowed = names(error, ContextKind::ValidValue);
            match allowed.is_empty() {
                true => format!("the value of `{argument}` is missing or not allowed"),
                false => {
                    format!("the value of `{argument}` is not one of `{}`", allowed.join("`, `"))
                }
            }
        }
        ErrorKind::ValueValidation => {
            format!("the value of `{argument}` is not allowed{}", why(error))
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{argument}` has the wrong number of values")
        }
        ErrorKind::NoEquals => format!("the value of `{argument}` follows an equals sign"),
        ErrorKind::ArgumentConflict => match names(error, ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == [argument.clone()] => {
                format!("`{argument}` is given more than once")
            }
            prior => format!("`{argument}` cannot be used together with `{}`", prior.join("`, `")),
        },
        ErrorKind::MissingRequiredArgument => {
            let mut missing = names(error, ContextKind::InvalidArg);
            missing.extend(missing_for_administration(arguments));
            format!("these are missing: `{}`", missing.join("`, `"))
        }
        ErrorKind::MissingSubcommand => "the command is missing".to_owned(),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the arguments were not understood".to_owned(),
    }
}

/// Returns the other missing arguments of an administrative command, so that one message names all.
/// Clap does not know that they are required: the commands check them, with better messages.
fn missing_for_administration(arguments: &[String]) -> Vec<String> {
    let command = arguments.iter().find(|argument| !argument.starts_with('-'));
    let Some(command @ ("keys" | "revoke" | "revocations")) = command.map(String::as_str) else {
        return Vec::new();
    };
    let is_given =
        |option: &str| arguments.iter().any(|argument| argument.split('=').next() == Some(option));
    let mut missing = Vec::new();
    if command == "revoke" && !is_given("--reason") {
        missing.push("--reason <TEXT>".to_owned());
    }
    for (option, value, variable) in
        [("--policy", "FILE", "EDGE_AUTH_POLICY"), ("--store", "STORE", "EDGE_AUTH_STORE")]
    {
        if option == "--policy" && names_a_host(arguments) {
            continue;
        }
        if !is_given(option) && std::env::var_os(variable).is_none() {
            missing.push(format!("{option} <{value}> (or {variable})"));
        }
    }
    missing
}

/// Returns whether the store is a host, for which no policy is needed.
fn names_a_host(arguments: &[String]) -> bool {
    let is_url = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    let mut values = arguments.iter().skip_while(|argument| *argument != "--store").skip(1);
    values.next().is_some_and(|value| is_url(value))
        || arguments.iter().any(|text| text.strip_prefix("--store=").is_some_and(is_url))
        || std::env::var("EDGE_AUTH_STORE").is_ok_and(|store| is_url(&store))
}

/// Returns why a value is refused, unless the reason repeats the value.
fn why(error: &clap::Error) -> String {
    let Some(why) = std::error::Error::source(error).map(ToString::to_string) else {
        return String::new();
    };
    let values = names(error, ContextKind::InvalidValue);
    match values.iter().any(|value| value.is_empty() || why.contains(value.as_str())) {
        true => String::new(),
        false => format!(": {why}"),
    }
}

fn names(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(several)) => several.clone(),
        _ => Vec::new(),
    }
}

/// Returns whether a text is surely the name of an option: `--no-such-option`, `-x`.
fn is_option_name(text: &str) -> bool {
    let Some(name) = text.strip_prefix('-') else { return false };
    let name = name.strip_prefix('-').unwrap_or(name);
    (1..=24).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Removes from a message those arguments that look like credentials: a path or name that an error
/// repeats may be a token or key in the wrong place.
pub(crate) fn without_credentials(
    message: &str,
    arguments: impl Iterator<Item = String>,
) -> String {
    let mut message = message.to_owned();
    for argument in arguments {
        let values = argument.split_once('=').map(|(_, value)| value.to_owned()).into_iter();
        for value in values.chain([argument.clone()]) {
            if looks_like_a_credential(&value) && message.contains(&value) {
                message = message.replace(&value, "(what looks like a credential)");
            }
        }
    }
    message
}

/// Returns whether a text is a compact token, or has a long run of digits and letters of both
/// cases.
fn looks_like_a_credential(text: &str) -> bool {
    let is_token = text.contains("eyJ") && text.len() >= 20;
    let mut runs =
        text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_' || char == '-'));
    let is_random = |run: &str| {
        run.len() >= 24
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_uppercase())
            && run.bytes().any(|byte| byte.is_ascii_lowercase())
    };
    is_token || runs.any(is_random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

    #[test]
    fn only_names_of_options_are_shown_and_nothing_that_could_be_a_secret() {
        for name in ["--no-such-option", "-x"] {
            assert!(is_option_name(name), "{name}");
        }
        for other in ["hunter", TOKEN, "--Secret", "--a1", "-", "--", "--hunter2", "--eyJhbGci"] {
            assert!(!is_option_name(other), "{other}");
        }
    }

    #[test]
    fn arguments_that_look_like_credentials_are_removed_from_a_message() {
        let key = "acme_live_0AbCdEfGhIjKlMnOpQrStUvWxYz1234567890";
        for secret in [TOKEN, key] {
            let message = format!("{secret}: no such file");
            let found = without_credentials(&message, [secret.to_owned()].into_iter());
            assert!(!found.contains(secret) && found.contains("no such file"), "{found}");
            let option = format!("--policy={secret}");
            assert!(!without_credentials(&message, [option].into_iter()).contains(secret));
        }
        for plain in
            ["policy.toml", "/tmp/some-long-folder-name/policy.toml", "corp", "sqlite:keys.db"]
        {
            let message = format!("{plain}: no such file");
            assert_eq!(without_credentials(&message, [plain.to_owned()].into_iter()), message);
        }
    }
}
