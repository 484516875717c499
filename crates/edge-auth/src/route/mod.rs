//! Finds the rule that decides a request: brings host, path and method into one normal form, and
//! tries the rules in source order.
//!
//! ```
//! use edge_auth::route::{Methods, NormalPath, PathPattern, Route, Router};
//!
//! let router = Router::new(vec![Route {
//!     host: None,
//!     path: PathPattern::parse("/v1/orders/{id}")?,
//!     methods: Methods::listed(["GET"])?,
//! }]);
//! let (path, query) = NormalPath::parse("/v1/%6frders/./42?full=1")?;
//! let found = router.find(None, &path, "GET").ok_or("no rule")?;
//!
//! assert_eq!((found.route, found.captures), (0, vec![("id", "42")]));
//! assert_eq!((path.forwarded().as_ref(), query), ("/v1/orders/42", Some("full=1")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod host;
mod host_pattern;
mod method;
mod path;
mod pattern;
mod raw_path;
mod router;
#[cfg(test)]
mod tests;

pub use host::{Host, HostRefused};
pub use host_pattern::{HostPattern, HostPatternError};
pub(crate) use method::check_method;
pub use method::{MethodError, Methods, is_safe};
pub use path::{NormalPath, PathRefused, cut_prefix, has_dot_segments};
pub use pattern::{Captures, PathPattern, PatternError, Segment};
pub use raw_path::check_forwardable_verbatim;
pub use router::{Match, Route, Router, Shadowed};
