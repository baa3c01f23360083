// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the lamp belongs to somebody's account.

/// What the cloud says of the lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Association {
    /// It belongs to an account.
    Associated,
    /// It belongs to nobody, and who enters this code gets it. Up to six characters, all of them visible ASCII.
    Unassociated(String),
}
