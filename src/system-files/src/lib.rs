// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes files of a machine below a root directory. A change is atomic for readers and at a loss of power,
//! and only root can decide which file is changed.
//!
//! The requirements for the root directory and each directory from there to the file: it is not a link, it
//! belongs to root or the caller, and neither its group nor others can write to it. Directories above the
//! root directory are not checked, so tests can use /tmp. A file that is read or replaced must be a regular
//! file.
//!
//! All of this also works on FAT, for boot partitions, which have no links, modes and owners.
//!
//! This crate handles files, links, owners and modes, the account files, and dpkg's overrides. Its callers
//! decide what is written and where the old file is kept.
//!
//! [`resolved`] resolves a path that a user has typed; [`write_output`] writes a program's output there;
//! [`as_user`] runs code with the permissions of a user.

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
