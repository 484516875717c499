//! Many gates that read the log at the same time cost the ledger few reads.

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, REVOCATION, revoking};

/// A wrapper of the control Worker whose ledger logs each read of the log.
const AROUND: &str = r#"
import control, { Ledger as Real } from "./src/index.js";
export default control;
export { Reader } from "./src/index.js";
export class Ledger extends Real {
  async fetch(request) {
    if ((await request.clone().text()).includes("since")) console.log("read");
    return super.fetch(request);
  }
}
"#;

/// Reads the log many times at once, and returns how old the answers say they are, or what failed.
const READERS: &str = r#"
const body = JSON.stringify({ since: { first: 1, limit: 100 } });
const read = async (env: any) => {
  const answer = await env.READER.fetch("https://ledger/", { method: "POST", body });
  return (await answer.json()).tail.age;
};
export default {
  async fetch(_: Request, env: any) {
    return Response.json(await Promise.all(Array.from({ length: 50 }, () => read(env))));
  },
};
"#;

#[test]
fn reads_at_the_same_time_are_one_read_of_the_ledger_with_an_age() {
    let driver = Driver::start();
    let gate = Deployment::gate("gate")
        .policy(&revoking("1h"))
        .variable("PEPPER", PEPPER)
        .variable("REVOCATION", REVOCATION);
    let control = gate.control(1).with("around", json!(AROUND));
    let readers = Deployment::of_script("readers", READERS).reading();
    let workers = [control, readers].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    driver.logs();
    let answer = send(address(&started, "readers"), "GET", "/", &[]);
    let ages: Vec<u64> = serde_json::from_slice(&answer.body).unwrap();
    let reads = driver.logs().iter().filter(|log| log.text == "read").count();
    println!("50 answers of {reads} reads, with ages of {ages:?} ms");
    assert_eq!(ages.len(), 50, "{:?}", driver.logs());
    assert!(ages.iter().all(|age| *age < 1000), "{ages:?}");
    // On a busy machine, the first answer is too old for the last request.
    assert!((1..10).contains(&reads), "{reads}");
}
