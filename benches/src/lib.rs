//! What the binaries share: the catalogue of rows and peers, the loads of the rows about servers, and the line that one run prints.

pub mod catalogue;
pub mod loads;
pub mod report;
