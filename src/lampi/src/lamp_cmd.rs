// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_cmd`: the light by the options and in the words of the course's program, for scripts that were made for it.

use programs::lamp_cmd::Cli;
use programs::lampi::{GetArgs, SetArgs};
use programs::login::LoginArgs;
use runtime::output;

use crate::light;

/// The name by which the program is called.
pub(crate) const NAME: &str = "lamp_cmd";

/// Sets what is given, or prints the state.
pub(crate) fn run(cli: &Cli) -> anyhow::Result<()> {
    let &Cli { hue, saturation, brightness, lit, dark, .. } = cli;
    let broker = cli.broker.clone();
    // The course's has no options for it.
    let login = LoginArgs::default();
    if hue.is_some() || saturation.is_some() || brightness.is_some() || lit || dark {
        return light::set(&SetArgs { hue, saturation, brightness, lit, dark, color: None, broker, login });
    }
    let state = light::state(&GetArgs { json: false, broker, login })?;
    // A truth in Python.
    let on = if state.on { "True" } else { "False" };
    Ok(output::line(&light::words(&state, on))?)
}
