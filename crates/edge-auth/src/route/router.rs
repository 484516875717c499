//! Finds the first of the rules' routes, in source order, that matches a request.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Captures, Host, HostPattern, Methods, NormalPath, PathPattern};

/// The part of a rule that matches requests: host, path **and** method must all match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Route {
    /// The hosts. `None` matches every host, and a request without a known host. A pattern never
    /// matches the latter.
    pub host: Option<HostPattern>,
    /// The paths.
    pub path: PathPattern,
    /// The methods.
    pub methods: Methods,
}

impl Route {
    fn is_match(&self, host: Option<&Host>, path: &NormalPath, method: &str) -> bool {
        let host_matches = match (&self.host, host) {
            (None, _) => true,
            (Some(pattern), Some(host)) => pattern.matches(host),
            (Some(_), None) => false,
        };
        host_matches && self.methods.contains(method) && self.path.is_match(path)
    }

    /// Returns whether this route matches every host and path that `other` matches. Ignores
    /// methods.
    fn covers_place_of(&self, other: &Self) -> bool {
        let host = match (&self.host, &other.host) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => ours.covers(theirs),
        };
        host && self.path.covers(&other.path)
    }
}

/// Finds the first route that matches. A route's number is its index in the source, from 0.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(from = "Vec<Route>", into = "Vec<Route>")]
pub struct Router {
    routes: Vec<Route>,
    /// The routes that start with these literal segments, in source order. A lookup for each prefix
    /// of a path finds all routes that may match it, and few others.
    by_prefix: BTreeMap<String, Vec<usize>>,
    /// The most segments of a key in `by_prefix`.
    depth: usize,
}

/// The route that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// Its index in the source.
    pub route: usize,
    /// The values of its captures.
    pub captures: Captures<'a>,
}

/// A route that never decides, because earlier routes match everything that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadowed {
    /// Its index in the source.
    pub route: usize,
    /// The earlier routes that decide instead. With several, each takes some of its methods.
    pub by: BTreeSet<usize>,
}

impl Router {
    /// Makes a router from routes in source order.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        let mut by_prefix = BTreeMap::<String, Vec<usize>>::new();
        let mut deepest = 0;
        for (index, route) in routes.iter().enumerate() {
            let (prefix, depth) = route.path.literal_prefix();
            by_prefix.entry(prefix).or_default().push(index);
            deepest = deepest.max(depth);
        }
        Self { routes, by_prefix, depth: deepest }
    }

    /// Finds the first route whose host, path and method match. `method` must be as it was sent.
    /// `host` is `None` if the adapter does not know it.
    #[must_use]
    pub fn find<'a>(
        &'a self,
        host: Option<&Host>,
        path: &'a NormalPath,
        method: &str,
    ) -> Option<Match<'a>> {
        let (index, route) = self.first(host, path, method)?;
        Some(Match { route: index, captures: route.path.matches(path)? })
    }

    /// Finds the same route as [`find`](Self::find), without its captures.
    pub(crate) fn index_of(
        &self,
        host: Option<&Host>,
        path: &NormalPath,
        method: &str,
    ) -> Option<usize> {
        let (index, _) = self.first(host, path, method)?;
        Some(index)
    }

    fn first(
        &self,
        host: Option<&Host>,
        path: &NormalPath,
        method: &str,
    ) -> Option<(usize, &Route)> {
        let mut first: Option<(usize, &Route)> = None;
        for prefix in prefixes(path.decoded()).take(self.depth + 1) {
            let Some(indices) = self.by_prefix.get(prefix) else { continue };
            for &index in indices {
                if let Some((earlier, _)) = first
                    && earlier < index
                {
                    break;
                }
                if let Some(route) = self.routes.get(index)
                    && route.is_match(host, path, method)
                {
                    first = Some((index, route));
                    break;
                }
            }
        }
        first
    }

    /// Returns the routes, in source order.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Returns whether some route has a host pattern.
    pub(crate) fn names_hosts(&self) -> bool {
        self.routes.iter().any(|route| route.host.is_some())
    }

    /// Finds routes that can never decide, which are mistakes in a policy.
    ///
    /// A route is found if for each of its methods, one earlier route covers its hosts and its
    /// paths. It is not found if several routes together cover its hosts or paths.
    #[must_use]
    pub fn shadowed(&self) -> Vec<Shadowed> {
        let mut shadowed = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let mut covering = Vec::new();
            for (earlier_index, earlier) in self.routes.iter().enumerate().take(index) {
                if earlier.covers_place_of(route) {
                    covering.push((earlier_index, earlier));
                }
            }
            if let Some(by) = takers(&route.methods, &covering) {
                shadowed.push(Shadowed { route: index, by });
            }
        }
        shadowed
    }
}

impl From<Vec<Route>> for Router {
    fn from(routes: Vec<Route>) -> Self {
        Self::new(routes)
    }
}

impl From<Router> for Vec<Route> {
    fn from(router: Router) -> Self {
        router.routes
    }
}

/// Returns a path's prefixes, shortest first: the empty one, `/a` and `/a/b` of `/a/b`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let parents = path.match_indices('/').filter_map(|(slash, _)| path.get(..slash));
    parents.chain([path])
}

/// Returns the first route for each method, or `None` if one of the methods has no route.
fn takers(methods: &Methods, routes: &[(usize, &Route)]) -> Option<BTreeSet<usize>> {
    let mut takers = BTreeSet::new();
    let Some(names) = methods.names() else {
        // Lists of methods, even together, never include every method.
        let (index, _) = routes.iter().find(|(_, route)| route.methods.names().is_none())?;
        takers.insert(*index);
        return Some(takers);
    };
    for name in names {
        let (index, _) = routes.iter().find(|(_, route)| route.methods.contains(name))?;
        takers.insert(*index);
    }
    Some(takers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Makes a route of methods, host and path: `"GET,POST a.test /x"`, `"* - /x"`.
    fn route(text: &str) -> Route {
        let parts: Vec<&str> = text.split(' ').collect();
        let [methods, host, path] = parts[..] else { panic!("{text:?}") };
        Route {
            host: (host != "-").then(|| HostPattern::parse(host).unwrap()),
            path: PathPattern::parse(path).unwrap(),
            methods: match methods {
                "*" => Methods::all(),
                listed => Methods::listed(listed.split(',')).unwrap(),
            },
        }
    }

    fn router(routes: &[&str]) -> Router {
        Router::new(routes.iter().map(|text| route(text)).collect())
    }

    /// Finds the route of a request, in the same form, with a raw path.
    fn find(router: &Router, request: &str) -> Option<usize> {
        let parts: Vec<&str> = request.split(' ').collect();
        let [method, host, target] = parts[..] else { panic!("{request:?}") };
        let host = (host != "-").then(|| Host::parse(host).unwrap());
        let (path, _) = NormalPath::parse(target).unwrap();
        router.find(host.as_ref(), &path, method).map(|found| found.route)
    }

    fn shadowed(routes: &[&str]) -> Vec<(usize, Vec<usize>)> {
        let found = router(routes).shadowed();
        found.into_iter().map(|s| (s.route, s.by.into_iter().collect())).collect()
    }

    #[test]
    fn the_first_route_in_source_order_decides_not_the_most_specific() {
        let router = router(&["* - /v1/{*rest}", "* - /v1/orders", "* - /{any}", "* - /health"]);
        assert_eq!(find(&router, "GET - /v1/orders"), Some(0));
        assert_eq!(find(&router, "GET - /v1"), Some(0));
        assert_eq!(find(&router, "GET - /health"), Some(2));
    }

    #[test]
    fn a_method_that_does_not_match_falls_through_to_the_next_route() {
        let router = router(&["GET - /orders/{id}", "DELETE,POST - /orders/{id}", "* - /{*rest}"]);
        assert_eq!(find(&router, "GET - /orders/1"), Some(0));
        assert_eq!(find(&router, "HEAD - /orders/1"), Some(0));
        assert_eq!(find(&router, "DELETE - /orders/1"), Some(1));
        assert_eq!(find(&router, "OPTIONS - /orders/1"), Some(2));
        assert_eq!(find(&router, "get - /orders/1"), Some(2));
    }

    #[test]
    fn a_request_without_a_matching_route_has_no_route() {
        assert_eq!(find(&router(&[]), "GET - /"), None);
        let router = router(&["GET - /a", "* a.test /b"]);
        for request in ["POST - /a", "GET - /a/", "GET - /", "GET b.test /b", "GET - /c"] {
            assert_eq!(find(&router, request), None, "{request:?}");
        }
    }

    #[test]
    fn a_route_with_a_host_never_matches_an_unknown_host() {
        let router = router(&["* *.example.com /a", "* - /a"]);
        assert_eq!(find(&router, "GET API.Example.com.:8443 /a"), Some(0));
        assert_eq!(find(&router, "GET - /a"), Some(1));
        assert_eq!(find(&router, "GET example.org /a"), Some(1));
    }

    #[test]
    fn the_match_names_the_captures_of_the_deciding_route() {
        let router = router(&["POST - /{a}/{b}", "GET - /{tenant}/{*rest}"]);
        let (path, _) = NormalPath::parse("/acme/x").unwrap();
        let found = router.find(None, &path, "GET").unwrap();
        assert_eq!(found, Match { route: 1, captures: vec![("tenant", "acme"), ("rest", "x")] });
    }

    #[test]
    fn a_route_that_an_earlier_one_always_matches_is_shadowed() {
        assert_eq!(shadowed(&["* - /v1/{*rest}", "GET - /v1/orders"]), [(1, vec![0])]);
        assert_eq!(shadowed(&["* - /a", "* - /a"]), [(1, vec![0])]);
        assert_eq!(shadowed(&["* - /{x}", "* a.test /b"]), [(1, vec![0])]);
        assert_eq!(shadowed(&["* *.a.test /b", "* x.a.test /b"]), [(1, vec![0])]);
        assert_eq!(shadowed(&["GET - /a", "HEAD - /a"]), [(1, vec![0])]);
        assert_eq!(shadowed(&["GET,POST - /a", "* - /b", "POST - /a"]), [(2, vec![0])]);
    }

    #[test]
    fn a_route_whose_methods_earlier_ones_take_together_is_shadowed() {
        let routes = ["GET - /a/{x}", "DELETE - /b", "POST - /{*rest}", "GET,POST - /a/b"];
        assert_eq!(shadowed(&routes), [(3, vec![0, 2])]);
    }

    #[test]
    fn a_route_that_can_still_decide_is_not_shadowed() {
        for routes in [
            ["GET - /a", "* - /a"],
            ["GET - /a", "GET,POST - /a"],
            ["HEAD - /a", "GET - /a"],
            ["* - /a", "* - /a/"],
            ["* - /orders/new", "* - /orders/{id}"],
            ["* a.test /a", "* - /a"],
            ["* a.test /a", "* *.test /a"],
            ["* a.test /a", "* b.test /a"],
            ["* - /{x}", "* - /{*rest}"],
        ] {
            assert_eq!(shadowed(&routes), [], "{routes:?}");
        }
    }

    fn any_route() -> impl Strategy<Value = Route> {
        let path = prop::collection::vec(prop::sample::select(vec!["a", "b", "{}"]), 0..4);
        let end = prop::sample::select(vec!["", "/", "/{*rest}"]);
        let host = prop::sample::select(vec!["-", "-", "x.test", "*.test"]);
        let methods = prop::sample::select(vec!["*", "GET", "GET,POST", "HEAD,POST"]);
        (methods, host, path, end).prop_map(|(methods, host, path, end)| {
            let mut stem = String::new();
            for (index, segment) in path.iter().enumerate() {
                stem.push('/');
                stem.push_str(&segment.replace("{}", &format!("{{c{index}}}")));
            }
            let end = if stem.is_empty() && end.is_empty() { "/" } else { end };
            route(&format!("{methods} {host} {stem}{end}"))
        })
    }

    fn all_requests() -> Vec<(Option<Host>, NormalPath, &'static str)> {
        let mut requests = Vec::new();
        for target in
            ["/", "/a", "/a/", "/a/b", "/z", "/a/z/", "/b/a/b", "/b/a/b/", "/z/z/z/z", "/%61/./b/a"]
        {
            for host in [None, Some("x.test"), Some("y.test"), Some("other")] {
                for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                    let host = host.map(|host| Host::parse(host).unwrap());
                    requests.push((host, NormalPath::parse(target).unwrap().0, method));
                }
            }
        }
        requests
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn the_index_finds_what_a_linear_scan_finds(routes in prop::collection::vec(any_route(), 0..12)) {
            let router = Router::new(routes.clone());
            for (host, path, method) in &all_requests() {
                let scan = routes.iter().position(|route| route.is_match(host.as_ref(), path, method));
                let found = router.find(host.as_ref(), path, method);
                prop_assert_eq!(found.map(|found| found.route), scan, "{:?} {}", path, method);
            }
        }

        #[test]
        fn a_shadowed_route_never_decides(routes in prop::collection::vec(any_route(), 0..8)) {
            let router = Router::new(routes);
            for shadowed in router.shadowed() {
                prop_assert!(shadowed.by.iter().all(|by| *by < shadowed.route));
                for (host, path, method) in &all_requests() {
                    let found = router.find(host.as_ref(), path, method);
                    prop_assert!(found.is_none_or(|found| found.route != shadowed.route));
                }
            }
        }
    }
}
