// SPDX-License-Identifier: GPL-3.0-or-later
//! What all programs of the lamp agree on: which programs there are, in which order they start, who they run as, where they
//! lie, and what their command lines are.
//!
//! It knows the package from outside: names, paths, options. It never knows what a program does with its options, and it
//! speaks to no peer. The help, the man pages and the completions of shells are made from the command lines in here, so
//! they can say nothing else than the program itself.

pub mod call;
pub mod conf;
pub mod fbcp;
pub mod identity;
pub mod lamp_cmd;
pub mod lamp_service;
pub mod lamp_ui;
pub mod lampi;
pub mod login;
pub mod paths;
pub mod pigpiod;
pub mod pins;
mod program;
pub mod user;
pub mod user_conf;

pub use program::{ALIASES, Alias, PROGRAMS, Program, RunsAs, commands, daemons, demonstrated, supervised};
