//! The conformance list of actors: one test a row, named by its number.
//!
//! Each runs under 200 schedules with virtual time, where whatever is left over is a failure, and once on real workers.

mod a_starting;
mod b_stopping;
mod bank;
mod c_restart_types;
mod common;
mod d_strategies;
mod decisions;
mod dumps;
mod e_intensity;
mod endings;
mod extensions;
mod f_dynamic;
mod g_significant;
mod h_administration;
mod i_links;
mod j_monitors;
mod k_calls;
mod k_circles;
mod k_stops;
mod l_names;
mod m_machine;
mod mailboxes;
mod stress;
