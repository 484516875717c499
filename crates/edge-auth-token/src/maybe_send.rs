//! `Send` and `Sync` on hosts with threads, no bounds on the others.
//!
//! A Worker's JavaScript handles and futures belong to one thread and are not `Send`; a native
//! host's must be. One definition of each trait serves both.

#[cfg(not(target_family = "wasm"))]
mod bounds {
    /// `Send` on native hosts, no bound on wasm.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}

    /// `Sync` on native hosts, no bound on wasm.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
}

#[cfg(target_family = "wasm")]
mod bounds {
    /// `Send` on native hosts, no bound on wasm.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}

    /// `Sync` on native hosts, no bound on wasm.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}
}

pub use bounds::{MaybeSend, MaybeSync};
