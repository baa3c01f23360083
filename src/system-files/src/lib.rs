// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of the machine below a root directory, changed such that whoever reads them, or pulls the plug, finds the old or
//! the new one whole, and that nobody but root can have another file changed instead.
//!
//! The rule, for the root directory and each directory from there to the file: it is no link, it belongs to root or to the
//! caller, and neither its group nor others can write to it. What is above the root directory is the business of whoever
//! named it, so that /tmp is no obstacle to a test. A file that is read or replaced must be a regular one.
//!
//! All of it works on FAT too, where a boot partition has neither links nor modes nor owners of its own.
//!
//! It knows files, links, owners and modes, and what the account files and dpkg say of them. It never knows what any other file
//! is for: its callers decide what is written and where the old one is kept.
//!
//! [`resolved`] finds the place that a path leads to which somebody typed; [`write_output`] writes there what a program was
//! asked for; [`as_user`] does what belongs to a user with no more rights than that user has.

mod access;
pub mod accounts;
pub mod dpkg;
mod error;
mod output;
mod place;
mod replacement;
mod root;
mod storage;
mod user;

pub use access::{Access, ROOT_ONLY};
pub use error::{Error, Operation};
pub use output::write_output;
pub use place::{Found, Place, resolved};
pub use replacement::{Replacement, replace};
pub use root::{exists, in_root};
pub use storage::{Storage, storage};
pub use user::{User, as_user};
