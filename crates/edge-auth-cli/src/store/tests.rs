//! The store on a disk: the suites of every store, and files that are damaged, hostile or slow.

mod conformance;
mod damage;
mod hostile;
mod reader;
mod slow;
