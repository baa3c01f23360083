// SPDX-License-Identifier: GPL-3.0-or-later
//! The examples in docs/mqtt.md are true: each `console` block runs against a lamp, and each `log` block is
//! in its log.

use std::path::Path;
use std::process::Command;

use test_support::{PATIENCE, wait_for};

use crate::Lamp;

const DOCUMENT: &str = include_str!("../../../../docs/mqtt.md");

/// The fenced blocks: language and lines.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut blocks = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            blocks.push((language, lines.by_ref().take_while(|line| *line != "```").collect()));
        }
    }
    blocks
}

/// The commands of a `console` block, each with its output.
fn commands(lines: &[&'static str]) -> Vec<(&'static str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command, String::new()));
        } else {
            let (_, output) = commands.last_mut().expect("a block begins with a command");
            output.push_str(line);
            output.push('\n');
        }
    }
    commands
}

/// What a command prints in a shell whose mosquitto clients connect to the lamp's broker.
fn printed(command: &str, home: &Path) -> String {
    let output = Command::new("sh")
        .arg("-c")
        .arg(command)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_examples_of_the_document_are_true() {
    let lamp = Lamp::new();
    let (service, mut observer) = {
        let mut observer = lamp.observer();
        let service = lamp.start_with(&["--home-assistant", "homeassistant", "--backlight", "yes"]);
        observer.next_where(crate::CHANGED, |message| !message.retained);
        (service, observer)
    };
    // The description of the lamp is the last message after a connection.
    observer.next("lamp/home_assistant/state");
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".config")).unwrap();
    for client in ["mosquitto_pub", "mosquitto_sub"] {
        // The clients read options from these files.
        let options = format!("-h 127.0.0.1\n-p {}\n", lamp.broker.port());
        std::fs::write(home.path().join(".config").join(client), options).unwrap();
    }
    let mut count = 0;
    for (language, lines) in blocks() {
        match language {
            "console" => {
                for (command, expected) in commands(&lines) {
                    if expected.is_empty() {
                        assert_eq!(printed(command, home.path()), "", "{command}");
                    } else {
                        // The lamp may not have published its answer to the command before.
                        wait_for(&format!("{command} to print {expected}"), PATIENCE, || {
                            (printed(command, home.path()) == expected).then_some(())
                        });
                    }
                    count += 1;
                }
            }
            "log" => lines.iter().for_each(|line| service.await_log(line, 1)),
            other => panic!("docs/mqtt.md has a block of the unknown language '{other}'"),
        }
    }
    assert!(count > 10, "only {count} commands");
}
