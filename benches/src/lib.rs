//! What the two binaries share: the catalogue of rows and peers, and the line that one run prints.

pub mod catalogue;
pub mod report;
