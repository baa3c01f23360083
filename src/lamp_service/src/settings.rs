// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings: those of the command line, and before them those of the settings file.
//!
//! A line `transition = 0.5` of the file is the option `--transition=0.5`, so there is one definition of what each
//! setting means and may be: that of the command line.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use clap::Parser;

use crate::NAME;
use programs::lamp_service::{Cli, settings};

/// Adds the settings of its file to a command line, which is `cli` and came from `arguments`.
pub(crate) fn with_file(cli: &Cli, arguments: &[OsString]) -> anyhow::Result<Cli> {
    let shown = cli.settings.display();
    let text = match std::fs::read_to_string(&cli.settings) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(cli.clone()),
        Err(error) => return Err(error).with_context(|| format!("cannot read the settings in {shown}")),
    };
    let options = options(&text, &cli.settings)?;
    // Alone first: a mistake in the file is told even where the command line has another value.
    parse(options.iter().cloned()).with_context(|| shown.to_string())?;
    parse(options.into_iter().chain(arguments.iter().skip(1).cloned()))
}

/// The lines of the file as options.
fn options(text: &str, file: &Path) -> anyhow::Result<Vec<OsString>> {
    let definitions: Vec<clap::Arg> = settings::definitions().collect();
    let known: Vec<&str> = definitions.iter().filter_map(clap::Arg::get_long).collect();
    let mut options = Vec::new();
    let mut seen = Vec::new();
    for line in settings::lines(text) {
        let place = format!("{}:{}", file.display(), line.number);
        let Some((name, value)) = line.setting else {
            bail!("{place}: it must have the form NAME = VALUE");
        };
        if !known.contains(&name) {
            bail!("{place}: there is no setting '{}'; there are {}", name.escape_debug(), known.join(", "));
        }
        if seen.contains(&name) {
            bail!("{place}: {name} is set a second time; remove one of the lines");
        }
        seen.push(name);
        options.push(format!("--{name}={value}").into());
    }
    Ok(options)
}

fn parse(options: impl Iterator<Item = OsString>) -> anyhow::Result<Cli> {
    Cli::try_parse_from(std::iter::once(NAME.into()).chain(options)).map_err(|error| {
        // clap spreads what is wrong over several lines.
        let text = error.to_string();
        anyhow!("{}", text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(content: &str, arguments: &[&str]) -> anyhow::Result<Cli> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings");
        std::fs::write(&file, content).unwrap();
        let mut words: Vec<OsString> = vec![NAME.into(), "--settings".into(), file.into()];
        words.extend(arguments.iter().map(OsString::from));
        with_file(&Cli::parse_from(&words), &words)
    }

    #[test]
    fn the_file_adds_to_the_command_line_and_yields_to_it() {
        let content = "# evenings\n\n  transition = 0.5\ngamma=2.2\r\nhome-assistant = ha/house-1\n";
        let cli = read(content, &["--gamma", "2"]).unwrap();
        assert_eq!(cli.transition, Duration::from_millis(500));
        assert!((cli.gamma - 2.0).abs() < f64::EPSILON, "{}", cli.gamma);
        assert_eq!(cli.home_assistant.as_deref(), Some("ha/house-1"));
        assert_eq!(cli.frequency, 1000);
    }

    #[test]
    fn without_a_file_the_command_line_is_all() {
        let words: [OsString; 3] = [NAME.into(), "--settings".into(), "/nonexistent/settings".into()];
        let cli = Cli::parse_from(&words);
        assert_eq!(with_file(&cli, &words).unwrap(), cli);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (content, reason) in [
            (
                "colour = red",
                ":1: there is no setting 'colour'; there are broker, username, password-file, pigpiod, state",
            ),
            ("\nversion = 1", ":2: there is no setting 'version'"),
            ("check = true", "there is no setting 'check'"),
            ("transition", ":1: it must have the form NAME = VALUE"),
            ("gamma = 2\ngamma = 2", ":2: gamma is set a second time"),
            ("gamma = 4", "invalid value '4' for '--gamma <EXPONENT>': it must be a number from 1 to 3"),
            ("gamma = NaN", "it must be a number from 1 to 3"),
            ("transition = -1", "it must be a number from 0 to 60"),
            ("frequency = 1200", "it must be 1000, 800, 500, 400, 320, 250 or 200"),
            ("restore = maybe", "invalid value 'maybe' for '--restore <STATE>'"),
            ("home-assistant = a/#", "it must be the beginning of a topic"),
            ("home-assistant =", "home-assistant"),
            ("username =", "--username"),
            ("broker = localhost", "it must be HOST:PORT"),
        ] {
            // Also where the command line has a good one.
            let error = format!("{:#}", read(content, &["--gamma", "2"]).expect_err(content));
            assert!(error.contains(reason), "{content}: {error}");
            assert!(error.contains("settings") && !error.contains('\n'), "{content}: {error}");
        }
    }
}
