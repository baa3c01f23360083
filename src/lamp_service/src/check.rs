// SPDX-License-Identifier: GPL-3.0-or-later
//! `--check`: whether the lamp could run with these settings, without touching it or a `lamp_service` that runs.

use std::io::Write;

use anyhow::bail;
use pigpio::{Client, Command};
use runtime::address::Address;

use crate::state_file;
use crate::{NAME, leds};
use programs::lamp_service::Cli;
use programs::login::User;

/// Looks at each thing that the lamp needs, says on stdout how it is, and fails if any is not as it should be.
pub(crate) fn run(cli: &Cli, pigpiod: &Address, user: Option<&User>) -> anyhow::Result<()> {
    let file = if cli.settings.exists() { "is right" } else { "does not exist, which is right too" };
    let mut report = Report { out: std::io::stdout().lock(), wrong: 0 };
    report.line(&format!("settings in {}", cli.settings.display()), Ok(file.into()));
    report.line(&format!("state in {}", cli.state.display()), state_file::inspect(&cli.state));
    report.line(&format!("pigpiod {pigpiod}"), ask_pigpiod(pigpiod));
    report.line(&format!("MQTT broker {}", cli.broker), ask_broker(&cli.broker, user));
    match report.wrong {
        0 => Ok(()),
        1 => bail!("one thing is not as it should be"),
        wrong => bail!("{wrong} things are not as they should be"),
    }
}

struct Report<W> {
    out: W,
    wrong: usize,
}

impl<W: Write> Report<W> {
    fn line(&mut self, what: &str, found: anyhow::Result<String>) {
        // Whom nobody reads needs no report.
        let _ = match found {
            Ok(text) => writeln!(self.out, "ok     {what}: {text}"),
            Err(error) => {
                self.wrong += 1;
                writeln!(self.out, "WRONG  {what}: {error:#}")
            }
        };
    }
}

fn ask_pigpiod(address: &Address) -> anyhow::Result<String> {
    let mut client = Client::connect(&address.host, address.port, leds::PATIENCE)?;
    let [version] = client.run(&[Command::Version])?;
    Ok(format!("version {version} answers at {}", client.peer()))
}

fn ask_broker(address: &Address, user: Option<&User>) -> anyhow::Result<String> {
    let login = user.map(User::login).transpose()?;
    // Not under the name of a lamp_service that runs: the broker would throw that one out.
    let client_id = format!("{NAME}_check_{}", std::process::id());
    mqtt_client::probe(address, login.as_ref(), &client_id)?;
    Ok("takes clients".into())
}
