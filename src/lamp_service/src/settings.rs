// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings of the command line, which take precedence, and of the settings file.
//!
//! A line `transition = 0.5` of the file is the option `--transition=0.5`, so each setting is defined once,
//! on the command line.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use clap::Parser;

use crate::NAME;
use programs::lamp_service::{Cli, settings};

/// Adds the settings of the file to a command line, which is `cli`, parsed from `arguments`.
pub(crate) fn with_file(cli: &Cli, arguments: &[OsString]) -> anyhow::Result<Cli> {
    let shown = cli.settings.display();
    let text = match std::fs::read_to_string(&cli.settings) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(cli.clone()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
    };
    let options = options(&text, &cli.settings)?;
    // The file alone first: report a mistake even if the command line overrides it.
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
            bail!("{place}: this line is not NAME = VALUE");
        };
        if !known.contains(&name) {
            bail!(
                "{place}: unknown setting '{}'; the settings are {}",
                name.escape_debug(),
                known.join(", ")
            );
        }
        if seen.contains(&name) {
            bail!("{place}: {name} is set twice; remove one of the lines");
        }
        seen.push(name);
        options.push(format!("--{name}={value}").into());
    }
    Ok(options)
}

fn parse(options: impl Iterator<Item = OsString>) -> anyhow::Result<Cli> {
    Cli::try_parse_from(std::iter::once(NAME.into()).chain(options)).map_err(|error| {
        // clap prints errors on several lines.
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
    fn the_command_line_takes_precedence_over_the_file() {
        let content = "# evenings\n\n  transition = 0.5\ngamma=2.2\r\nhome-assistant = ha/house-1\n";
        let cli = read(content, &["--gamma", "2"]).unwrap();
        assert_eq!(cli.transition, Duration::from_millis(500));
        assert!((cli.gamma - 2.0).abs() < f64::EPSILON, "{}", cli.gamma);
        assert_eq!(cli.home_assistant.as_deref(), Some("ha/house-1"));
        assert_eq!(cli.frequency, 1000);
    }

    #[test]
    fn works_without_a_file() {
        let words: [OsString; 3] = [NAME.into(), "--settings".into(), "/nonexistent/settings".into()];
        let cli = Cli::parse_from(&words);
        assert_eq!(with_file(&cli, &words).unwrap(), cli);
    }

    #[test]
    fn reports_mistakes_with_file_and_line() {
        for (content, reason) in [
            (
                "colour = red",
                ":1: unknown setting 'colour'; the settings are broker, username, password-file",
            ),
            ("\nversion = 1", ":2: unknown setting 'version'"),
            ("check = true", "unknown setting 'check'"),
            ("transition", ":1: this line is not NAME = VALUE"),
            ("gamma = 2\ngamma = 2", ":2: gamma is set twice"),
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
            // Also if the command line has a valid value.
            let error = format!("{:#}", read(content, &["--gamma", "2"]).expect_err(content));
            assert!(error.contains(reason), "{content}: {error}");
            assert!(error.contains("settings") && !error.contains('\n'), "{content}: {error}");
        }
    }
}
