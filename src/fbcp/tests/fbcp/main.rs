// SPDX-License-Identifier: GPL-3.0-or-later
//! The fbcp program, run from the command line on files used as framebuffers.

mod call;
mod copy;
mod life;
mod options;
mod stand_in;
