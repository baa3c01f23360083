// SPDX-License-Identifier: GPL-3.0-or-later
//! The topics under which Home Assistant was told about the lamp, kept in a file beside the lamp's state: a broker retains each
//! description until it is told to forget it, and Home Assistant shows a lamp for each.

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

/// Name of the file, which lies beside the state of the lamp. Each of its lines is a topic.
const FILE: &str = "home-assistant";

/// More than the file ever holds, in bytes.
const LARGEST: u64 = 16 << 10;

/// How long the broker may take to forget a description.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The file of these topics.
#[derive(Debug)]
pub(crate) struct Descriptions {
    path: PathBuf,
    topics: Vec<String>,
}

impl Descriptions {
    /// Those that are kept beside the file `state`.
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

    /// Keeps these topics, if they are others than so far.
    pub(crate) fn keep(&mut self, topics: &[String]) {
        if self.topics == topics {
            return;
        }
        self.topics = topics.to_vec();
        let text: String = topics.iter().flat_map(|topic| [topic.as_str(), "\n"]).collect();
        if let Err(error) = state_file::replace(&self.path, text.as_bytes()) {
            warn!("cannot keep what Home Assistant was told in {}: {error:#}", self.path.display());
        }
    }
}

/// Which of the `remembered` topics have to be forgotten when the lamp is described under `current`. At a broker that is not
/// this machine's own, a topic with another name is that of another lamp, of which this one is a copy.
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

/// `--forget-home-assistant`: has the broker forget all descriptions of the lamp.
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
            "Home Assistant goes on to show the lamp, because the MQTT broker {} keeps {}",
            cli.broker,
            descriptions.topics.join(", ")
        )
    })?;
    descriptions.topics.clear();
    // What is there is the lamp's user's, and so is the directory: no more than that name is taken away.
    match std::fs::remove_file(&descriptions.path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", descriptions.path.display()))
        }
        _ => Ok(()),
    }
}

/// Reads the file at `path`. Root does so too, and others may have put anything there: no link is followed, a pipe keeps nobody
/// waiting, and what is no topic of a description is none.
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

/// Whether it is the topic of a description of a lamp: `PREFIX/light/lampi_NAME/config`.
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
    fn only_topics_of_descriptions_are_read() {
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
    fn another_lamp_at_a_common_broker_is_left_alone() {
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
