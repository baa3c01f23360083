// SPDX-License-Identifier: GPL-3.0-or-later
//! The scene, compiled from ui/scene.slint.
#![allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::todo,
    clippy::undocumented_unsafe_blocks
)]

slint::include_modules!();
