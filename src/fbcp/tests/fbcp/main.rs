// SPDX-License-Identifier: GPL-3.0-or-later
//! The fbcp program, run as a person runs it, on files that stand in for framebuffers.

mod call;
mod copy;
mod life;
mod options;
mod stand_in;
