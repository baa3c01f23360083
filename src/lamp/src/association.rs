// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the lamp belongs to an account.

/// The lamp's association, as the cloud reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Association {
    /// It belongs to an account.
    Associated,
    /// It belongs to no account. Entering this code associates it. Up to six visible ASCII characters.
    Unassociated(String),
}
