// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_cmd`: the options and the output of the course's program, for scripts that use it.

use programs::lamp_cmd::Cli;
use programs::lampi::{GetArgs, SetArgs};
use programs::login::LoginArgs;
use runtime::output;

use crate::light;

/// The name of the program.
pub(crate) const NAME: &str = "lamp_cmd";

/// Sets the light, or without options prints it.
pub(crate) fn run(cli: &Cli) -> anyhow::Result<()> {
    let &Cli { hue, saturation, brightness, lit, dark, .. } = cli;
    let broker = cli.broker.clone();
    // The course's program has no options for a login.
    let login = LoginArgs::default();
    if hue.is_some() || saturation.is_some() || brightness.is_some() || lit || dark {
        return light::set(&SetArgs { hue, saturation, brightness, lit, dark, color: None, broker, login });
    }
    let state = light::state(&GetArgs { json: false, broker, login })?;
    // As Python prints a boolean.
    let on = if state.on { "True" } else { "False" };
    Ok(output::line(&light::text(&state, on))?)
}
