//! Runs the cases of one file on a host.

use serde_json::Value;

use super::Scenario;
use super::assertion::assert_response;
use super::call::{asked_through, call, expected_through, needs};
use super::host::{Call, Capability, HostEvent, ObservedResponse, ScenarioHost};
use super::report::Report;
use super::setup::Setup;
use super::source::{Case, Endpoint, Expect};
use super::text::duration;

impl Scenario {
    /// Runs every case in order. A case that cannot be asked is a failure.
    pub fn run(&self, host: &mut dyn ScenarioHost) -> Report {
        let mut report = Report::of_file();
        let setup = match Setup::new(&self.source, host.issuers_url(), host.now()) {
            Ok(setup) => setup,
            Err(error) => {
                report.record(self.file.clone(), "to prepare the scenario".to_owned(), vec![error]);
                return report;
            }
        };
        self.run_refused(host, &setup, &mut report);
        if !self.source.case.is_empty() {
            self.run_cases(host, setup, &mut report);
        }
        report
    }

    fn run_refused(&self, host: &mut dyn ScenarioHost, setup: &Setup<'_>, report: &mut Report) {
        for refused in &self.source.refused {
            let started = setup.with_policy(&refused.policy).map(|setup| host.start(&setup));
            let mismatches = match started {
                Ok(Err(said)) if said.contains(&refused.says) => Vec::new(),
                Ok(Err(said)) => vec![format!("message: {said}, wanted {:?} in it", refused.says)],
                Ok(Ok(_)) => vec!["it started".to_owned()],
                Err(error) => vec![error],
            };
            report.record(self.line(&refused.name), "to start".to_owned(), mismatches);
        }
    }

    fn run_cases(&self, host: &mut dyn ScenarioHost, mut setup: Setup<'_>, report: &mut Report) {
        // A host may refuse the policy if it lacks a capability that every case needs.
        if let Some(need) = self.source.needs.iter().find(|need| !host.offers(**need)) {
            for case in &self.source.case {
                report.skip(self.line(&case.name), format!("needs {need}"));
            }
            return;
        }
        let started = host.start(&setup).and_then(|started| {
            setup.complete(&self.source, &started.seeded)?;
            Ok(started.notices)
        });
        let notices = match started {
            Ok(notices) => notices,
            Err(error) => {
                report.record(self.file.clone(), "to start".to_owned(), vec![error]);
                return;
            }
        };
        for text in &self.source.notices {
            if !notices.iter().any(|notice| notice.contains(text)) {
                let mismatch = format!("the host did not log {text:?}, but only: {notices:?}");
                report.record(self.file.clone(), "to start".to_owned(), vec![mismatch]);
            }
        }
        for case in &self.source.case {
            if let Some(need) = self.unmet(case, host) {
                report.skip(self.line(&case.name), format!("needs {need}"));
                continue;
            }
            match self.before(case, host, &setup) {
                Ok(()) => self.run_case(case, host, &mut setup, report),
                Err(error) => {
                    report.record(self.line(&case.name), "to begin".to_owned(), vec![error])
                }
            }
        }
    }

    /// Returns a capability that the case needs and the host does not offer.
    fn unmet(&self, case: &Case, host: &dyn ScenarioHost) -> Option<Capability> {
        let moved = case.before.passes.is_some().then_some(Capability::Clock);
        let outage = case.before.store.is_some().then_some(Capability::Outage);
        let declared = case.needs.iter().copied();
        declared.chain(moved).chain(outage).find(|need| !host.offers(*need))
    }

    fn before(
        &self,
        case: &Case,
        host: &mut dyn ScenarioHost,
        setup: &Setup<'_>,
    ) -> Result<(), String> {
        if let Some(time) = &case.before.passes {
            host.happen(HostEvent::Passes(duration(time)?))?;
        }
        for (name, other) in &case.before.publish {
            let document = setup.documents.get(&format!("/jwks/{other}"));
            let document = document
                .ok_or_else(|| format!("there is no key set `{other}` to publish as `{name}`"))?
                .clone();
            host.happen(HostEvent::Publishes(format!("/jwks/{name}"), document))?;
        }
        match case.before.store {
            Some(store) => host.happen(HostEvent::Store(store)),
            None => Ok(()),
        }
    }

    fn run_case(
        &self,
        case: &Case,
        host: &mut dyn ScenarioHost,
        setup: &mut Setup<'_>,
        report: &mut Report,
    ) {
        let values: Vec<Option<&str>> = match &case.each {
            Some(values) => values.iter().map(|value| Some(value.as_str())).collect(),
            None => vec![None],
        };
        for value in values {
            let name = match value {
                Some(value) => self.line(&format!("{} [{}]", case.name, shown(value))),
                None => self.line(&case.name),
            };
            setup.texts.each = value.map(str::to_owned);
            let own = match call(case, &setup.texts) {
                Ok(own) => own,
                Err(error) => {
                    report.record(name, case.request.clone(), vec![error]);
                    continue;
                }
            };
            match host.gateway_substitute().filter(|_| own.endpoint == Endpoint::Gateway) {
                None => self.ask(&name, &own, &case.expect, case, host, setup, report),
                Some(endpoint) => {
                    match asked_through(endpoint, &own).filter(|_| is_for_all(case)) {
                        Some(call) => {
                            let expect = expected_through(endpoint, &own, &case.expect);
                            self.ask(&name, &call, &expect, case, host, setup, report);
                        }
                        None => report.skip(name.clone(), "is about gateways only".to_owned()),
                    }
                }
            }
            let also = case.also.as_deref().unwrap_or(match own.endpoint {
                Endpoint::Gateway => &self.source.also,
                Endpoint::ForwardAuth
                | Endpoint::Verify
                | Endpoint::Admin
                | Endpoint::Authorizer => &[],
            });
            for endpoint in also {
                let Some(through) = asked_through(*endpoint, &own) else { continue };
                let expect = expected_through(*endpoint, &own, &case.expect);
                let name = format!("{name} (through {})", endpoint_name(*endpoint));
                self.ask(&name, &through, &expect, case, host, setup, report);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one request and everything that checks its answer"
    )]
    fn ask(
        &self,
        name: &str,
        call: &Call,
        expect: &Expect,
        case: &Case,
        host: &mut dyn ScenarioHost,
        setup: &mut Setup<'_>,
        report: &mut Report,
    ) {
        if let Some(need) = needs(call).find(|need| !host.offers(*need)) {
            report.skip(name.to_owned(), format!("needs {need}"));
            return;
        }
        let asked = format!("{} {}", call.method, shown(&String::from_utf8_lossy(&call.target)));
        let mismatches = host.call(call).and_then(|answer| {
            let mut mismatches = assert_response(expect, call, &answer, &setup.texts)?;
            if !mismatches.is_empty() {
                mismatches.push(told(&answer));
            }
            if call.endpoint == case.endpoint.unwrap_or(Endpoint::Gateway) {
                keep(case, &answer, setup)?;
            }
            Ok(mismatches)
        });
        report.record(name.to_owned(), asked, mismatches.unwrap_or_else(|error| vec![error]));
    }

    fn line(&self, sentence: &str) -> String {
        format!("{}: {sentence}", self.file)
    }
}

/// Returns whether the case is about a decision that all endpoints share, and not about the
/// gateway's own answers.
fn is_for_all(case: &Case) -> bool {
    let alone = case.also.as_ref().is_some_and(Vec::is_empty);
    !alone && (case.expect.code.is_some() || case.expect.status == 200)
}

fn keep(case: &Case, answer: &ObservedResponse, setup: &mut Setup<'_>) -> Result<(), String> {
    for (name, pointer) in &case.keep {
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let found = json.pointer(pointer).and_then(Value::as_str);
        let text = found.ok_or_else(|| format!("the answer has no text at {pointer}: {json}"))?;
        setup.texts.set("kept", name, text);
    }
    Ok(())
}

/// Returns the operator's information about an answer, for debugging.
fn told(answer: &ObservedResponse) -> String {
    match &answer.audit {
        Some(audit) => format!("audit: {audit}"),
        None => format!("body: {}", String::from_utf8_lossy(&answer.body)),
    }
}

/// Escapes text of a case for one line.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().count() > 80 {
        short.push('…');
    }
    short
}

fn endpoint_name(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Gateway => "the gateway",
        Endpoint::ForwardAuth => "forward-auth",
        Endpoint::Verify => "verify",
        Endpoint::Admin => "administration",
        Endpoint::Authorizer => "an authorizer",
    }
}
