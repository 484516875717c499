//! The `when` of a rule.

use super::mistakes::{Compiler, Field};
use super::{networks, schema};
use crate::client_location::Country;
use crate::policy::when::{Part, When};

impl When {
    /// Compiles a rule's `when`, and reports each mistake at `at`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        at: &Field,
        source: &schema::WhenTable,
    ) -> Self {
        let mut parts = Vec::new();
        if let Some(codes) = &source.country {
            parts.push(Part::Country(countries(compiler, at, "country", codes)));
        }
        if let Some(codes) = &source.not_country {
            parts.push(Part::NotCountry(countries(compiler, at, "not_country", codes)));
        }
        if let Some(numbers) = &source.asn {
            refuse_empty(compiler, at, "asn", numbers);
            if numbers.contains(&0) {
                compiler.error(at.clone(), "`asn`: 0 is reserved and no network's (RFC 7607)");
            }
            parts.push(Part::Asn(numbers.clone()));
        }
        if let Some(written) = &source.networks {
            refuse_empty(compiler, at, "networks", written);
            for network in written {
                if let Err(reason) = networks::check(*network) {
                    compiler.error(at.clone(), &format!("`networks`: {reason}"));
                }
            }
            parts.push(Part::Networks(written.iter().copied().map(networks::canonical).collect()));
        }
        if parts.is_empty() {
            let message = "asks for nothing: name `country`, `not_country`, `asn` or `networks`, or leave it out";
            compiler.error(at.clone(), message);
        }
        Self { parts }
    }
}

fn countries(
    compiler: &mut Compiler<'_>,
    at: &Field,
    name: &str,
    codes: &[String],
) -> Vec<Country> {
    refuse_empty(compiler, at, name, codes);
    let mut countries = Vec::with_capacity(codes.len());
    for code in codes {
        match code.parse() {
            Ok(country) => countries.push(country),
            Err(error) => compiler.error(at.clone(), &format!("`{name}`: {error}")),
        }
    }
    countries
}

fn refuse_empty<T>(compiler: &mut Compiler<'_>, at: &Field, name: &str, list: &[T]) {
    if list.is_empty() {
        let message =
            format!("`{name}` is empty, so that no request could pass: name one, or leave it out");
        compiler.error(at.clone(), &message);
    }
}
