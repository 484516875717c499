//! Where the client is, by `request.cf`.

use edge_auth::ClientLocation;
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// Returns the country and the autonomous system that Cloudflare found for the client's address.
/// `XX` and `T1`, which it says of unknown addresses and of the Tor network, are no country.
pub fn client_location(request: &JsValue) -> ClientLocation {
    let Ok(cf) = Reflect::get(request, &JsValue::from_str("cf")) else {
        return ClientLocation::default();
    };
    let member = |name: &str| Reflect::get(&cf, &JsValue::from_str(name)).ok();
    let country = member("country").and_then(|code| code.as_string());
    let asn = member("asn").and_then(|number| number.as_f64());
    ClientLocation {
        country: country.and_then(|code| code.parse().ok()),
        asn: asn.and_then(whole_number),
    }
}

/// Returns a number of JavaScript's, if it is a whole one of 32 bits.
fn whole_number(number: f64) -> Option<u32> {
    // The cast saturates, so that only a number that it leaves as it is was such a one.
    let whole = number as u32;
    (f64::from(whole) == number).then_some(whole)
}
