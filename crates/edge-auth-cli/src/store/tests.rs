//! The store on a disk: the suites of every store, and everything that can be wrong with a file.

mod conformance;
mod damage;
mod hostile;
mod slow;
