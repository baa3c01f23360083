// SPDX-License-Identifier: GPL-3.0-or-later
//! The topics of the lamp's descriptions for Home Assistant, in a file beside the lamp's state. A broker
//! retains each description until it is deleted, and Home Assistant shows a lamp for each.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use log::warn;
use mqtt_client::Connection;
use programs::lamp_service::Cli;
use programs::login::User;
use runtime::address::Address;

use crate::{NAME, home_assistant, state_file};

/// The file's name, beside the lamp's state file. Each line is a topic.
const FILE: &str = "home-assistant";

/// The maximum size of the file in bytes.
const LARGEST: u64 = 16 << 10;

/// The maximum time for the broker to delete a description.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The file with these topics.
#[derive(Debug)]
pub(crate) struct Descriptions {
    path: PathBuf,
    topics: Vec<String>,
}

impl Descriptions {
    /// Reads the file beside the state file `state`.
    pub(crate) fn open(state: &Path) -> Self {
        let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
        let path = state.with_file_name(FILE);
        let topics = read(&path).unwrap_or_default();
        Self { path, topics }
    }

    /// The topics.
    pub(crate) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Saves these topics if they changed.
    pub(crate) fn keep(&mut self, topics: &[String]) {
        if self.topics == topics {
            return;
        }
        self.topics = topics.to_vec();
        let text: String = topics.iter().flat_map(|topic| [topic.as_str(), "\n"]).collect();
        if let Err(error) = state_file::replace(&self.path, text.as_bytes()) {
            warn!("cannot save the Home Assistant topics in {}: {error:#}", self.path.display());
        }
    }
}

/// The `remembered` topics to delete when `current` describes the lamp. At a remote broker, a topic with
/// another name belongs to another lamp; this one is a copy of it.
pub(crate) fn outdated(
    remembered: &[String],
    current: Option<&str>,
    device: &str,
    broker: &Address,
) -> Vec<String> {
    let is_local = ["localhost", "127.0.0.1", "::1"].contains(&broker.host.as_str());
    let own = home_assistant::config_topic("", device);
    remembered
        .iter()
        .filter(|topic| Some(topic.as_str()) != current && (is_local || topic.ends_with(&own)))
        .cloned()
        .collect()
}

/// `--forget-home-assistant`: deletes all descriptions of the lamp at the broker.
pub(crate) fn forget(cli: &Cli, user: Option<&User>) -> anyhow::Result<()> {
    let mut descriptions = Descriptions::open(&cli.state);
    if descriptions.topics.is_empty() {
        return Ok(());
    }
    let forget = || -> anyhow::Result<()> {
        let login = user.map(User::login).transpose()?;
        let client_id = format!("{NAME}_forget_{}", std::process::id());
        let mut connection = Connection::open(&cli.broker, login.as_ref(), &client_id, PATIENCE)?;
        for topic in descriptions.topics.iter().map(String::as_str).chain([home_assistant::STATE]) {
            connection.publish(topic, true, "")?;
        }
        connection.close();
        Ok(())
    };
    forget().with_context(|| {
        format!(
            "Home Assistant still shows the lamp because MQTT broker {} retains {}",
            cli.broker,
            descriptions.topics.join(", ")
        )
    })?;
    descriptions.topics.clear();
    // The directory belongs to the lamp's user, so only this name is removed.
    match std::fs::remove_file(&descriptions.path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", descriptions.path.display()))
        }
        _ => Ok(()),
    }
}

/// Reads the file at `path`. Root runs this too, on a path that other users can write: it follows no link,
/// does not wait for a pipe, and accepts only topics of descriptions.
fn read(path: &Path) -> Option<Vec<String>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = String::new();
    file.take(LARGEST).read_to_string(&mut content).ok()?;
    Some(content.lines().filter(|line| is_description(line)).map(str::to_owned).collect())
}

/// Whether `topic` is a lamp's description: `PREFIX/light/lampi_NAME/config`.
fn is_description(topic: &str) -> bool {
    let mut levels = topic.rsplit('/');
    let [config, device, light] = [(); 3].map(|()| levels.next().unwrap_or_default());
    config == "config"
        && device.starts_with("lampi_")
        && light == "light"
        && levels.clone().next().is_some()
        && topic.split('/').all(|level| {
            !level.is_empty()
                && level.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_topics_of_descriptions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        std::fs::write(
            &path,
            "ha/light/lampi_1/config\nlamp/changed\na/b/light/lampi_2/config\nha/light/lampi_#/config\n\
             /light/lampi_1/config\nlight/lampi_1/config\n\n",
        )
        .unwrap();
        let state = directory.path().join("state.json");
        assert_eq!(
            Descriptions::open(&state).topics(),
            ["ha/light/lampi_1/config", "a/b/light/lampi_2/config"]
        );
        std::fs::rename(&path, directory.path().join("other")).unwrap();
        std::os::unix::fs::symlink("other", &path).unwrap();
        assert!(Descriptions::open(&state).topics().is_empty());
    }

    #[test]
    fn keeps_other_lamps_at_a_shared_broker() {
        let remembered = ["ha/light/lampi_1/config", "old/light/lampi_1/config", "ha/light/lampi_2/config"]
            .map(str::to_owned);
        let of = |current, host: &str| {
            let broker = Address { host: host.into(), port: 1883 };
            outdated(&remembered, current, "1", &broker)
        };
        assert_eq!(of(Some("ha/light/lampi_1/config"), "localhost"), remembered[1..]);
        assert_eq!(of(Some("ha/light/lampi_1/config"), "elsewhere"), remembered[1..2]);
        assert_eq!(of(None, "elsewhere"), remembered[..2]);
    }
}
