// SPDX-License-Identifier: GPL-3.0-or-later
//! The facts that all programs of the lamp share: the programs, their order of start, users, paths and
//! command lines.
//!
//! The library defines names, paths and options. It does not implement what a program does with its options,
//! and it connects to no peer. The help, the man pages and the completions are generated from the command
//! lines here, so they always match the programs.

pub mod call;
pub mod conf;
pub mod fbcp;
pub mod identity;
pub mod lamp_cmd;
pub mod lamp_service;
pub mod lamp_ui;
pub mod lampi;
pub mod login;
pub mod manual;
pub mod paths;
pub mod pigpiod;
pub mod pins;
mod program;
pub mod user;
pub mod user_conf;

pub use program::{ALIASES, Alias, PROGRAMS, Program, RunsAs, commands, daemons, demonstrated, supervised};
