//! process groups
