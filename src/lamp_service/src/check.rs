// SPDX-License-Identifier: GPL-3.0-or-later
//! `--check`: reports whether the lamp can run with these settings. It does not affect the lamp or a running
//! `lamp_service`.

use std::io::Write;

use anyhow::bail;
use pigpio::{Client, Command};
use runtime::address::Address;

use crate::state_file;
use crate::{NAME, leds};
use programs::lamp_service::Cli;
use programs::login::User;

/// Checks each requirement, prints the result to standard output, and fails if any check fails.
pub(crate) fn run(cli: &Cli, pigpiod: &Address, user: Option<&User>) -> anyhow::Result<()> {
    let file = if cli.settings.exists() { "is valid" } else { "does not exist; the defaults apply" };
    let mut report = Report { out: std::io::stdout().lock(), wrong: 0 };
    report.line(&format!("settings in {}", cli.settings.display()), Ok(file.into()));
    report.line(&format!("state in {}", cli.state.display()), state_file::inspect(&cli.state));
    report.line(&format!("pigpiod {pigpiod}"), ask_pigpiod(pigpiod));
    report.line(&format!("MQTT broker {}", cli.broker), ask_broker(&cli.broker, user));
    match report.wrong {
        0 => Ok(()),
        1 => bail!("found 1 problem"),
        wrong => bail!("found {wrong} problems"),
    }
}

struct Report<W> {
    out: W,
    wrong: usize,
}

impl<W: Write> Report<W> {
    fn line(&mut self, what: &str, found: anyhow::Result<String>) {
        // An error of standard output needs no report.
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
    Ok(format!("version {version} at {}", client.peer()))
}

fn ask_broker(address: &Address, user: Option<&User>) -> anyhow::Result<String> {
    let login = user.map(User::login).transpose()?;
    // Not the client ID of lamp_service: the broker would disconnect a running one.
    let client_id = format!("{NAME}_check_{}", std::process::id());
    mqtt_client::probe(address, login.as_ref(), &client_id)?;
    Ok("accepts clients".into())
}
