//! Errors of the command line, without the values that were given: people paste tokens and keys
//! where a command takes none, and an error ends up in logs and tickets.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Says what is wrong with the arguments. Names of our own options and commands are shown, values
/// never are.
pub(crate) fn describe(error: &clap::Error) -> String {
    let mut text = sentence(error);
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

fn sentence(error: &clap::Error) -> String {
    let argument = names(error, ContextKind::InvalidArg).join("`, `");
    match error.kind() {
        ErrorKind::UnknownArgument if is_option_name(&argument) => {
            format!("there is no option `{argument}` here")
        }
        ErrorKind::UnknownArgument => {
            "there is an argument too many; it is not repeated here, since it may be a secret"
                .to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            "there is no such command; it is not repeated here, since it may be a secret".to_owned()
        }
        ErrorKind::InvalidValue => {
            let allowed = names(error, ContextKind::ValidValue);
            match allowed.is_empty() {
                true => format!("the value of `{argument}` is missing or not one that it takes"),
                false => {
                    format!("the value of `{argument}` is not one of `{}`", allowed.join("`, `"))
                }
            }
        }
        ErrorKind::ValueValidation => {
            format!("the value of `{argument}` is not one that it takes{}", why(error))
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{argument}` has the wrong number of values")
        }
        ErrorKind::NoEquals => format!("the value of `{argument}` follows an equals sign"),
        ErrorKind::ArgumentConflict => match names(error, ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == [argument.clone()] => {
                format!("`{argument}` is there more than once")
            }
            prior => format!("`{argument}` cannot be used together with `{}`", prior.join("`, `")),
        },
        ErrorKind::MissingRequiredArgument => format!("these are missing: `{argument}`"),
        ErrorKind::MissingSubcommand => "say which command".to_owned(),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the arguments were not understood".to_owned(),
    }
}

/// Why a value is refused, unless that repeats it.
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

/// Whether a text can only be the name of an option: `--no-such-option`, `-x`.
fn is_option_name(text: &str) -> bool {
    let Some(name) = text.strip_prefix('-') else { return false };
    let name = name.strip_prefix('-').unwrap_or(name);
    (1..=24).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Takes what looks like a credential among the process's arguments out of a message: paths and
/// names that are repeated there may be tokens and keys in the wrong place.
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

/// A compact token, a key with its parts, or a long run of letters of both cases and digits.
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
    fn option_names_are_told_and_nothing_that_could_be_a_secret_is() {
        for name in ["--no-such-option", "-x"] {
            assert!(is_option_name(name), "{name}");
        }
        for other in ["hunter", TOKEN, "--Secret", "--a1", "-", "--", "--hunter2", "--eyJhbGci"] {
            assert!(!is_option_name(other), "{other}");
        }
    }

    #[test]
    fn what_looks_like_a_credential_is_taken_out_of_a_message() {
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
