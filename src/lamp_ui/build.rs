// SPDX-License-Identifier: GPL-3.0-or-later
//! Compiles the scene.

fn main() {
    slint_build::compile("ui/scene.slint").expect("ui/scene.slint does not compile; see the errors above");
}
