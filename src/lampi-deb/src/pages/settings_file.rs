// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_service.conf(5)`, from the definition of the settings that `lamp_service` reads.

use clap::Arg;
use programs::lamp_service::settings::{self, RELOADED};
use programs::paths;

use super::Page;
use super::roff::Document;

const NAME: &str = "lamp_service.conf";

/// The page.
pub(super) fn page(date: &str) -> Page {
    let mut document = Document::default();
    document.title(NAME, "5", date, "settings of lamp_service");
    document.section("Synopsis");
    document.paragraph(paths::SETTINGS);
    document.section("Description");
    for paragraph in DESCRIPTION {
        document.paragraph(paragraph);
    }
    document.section("Settings");
    for setting in settings::definitions() {
        describe(&mut document, &setting);
    }
    document.section("Files");
    document.list(
        [
            (paths::SETTINGS, "The settings, unless --settings names another file. The file need not exist."),
            (paths::STATE, "The default file for the state of the lamp."),
        ]
        .into_iter(),
    );
    document.section("Examples");
    document.paragraph(
        "Change colours within half a second, correct dim light for the eye, and use Home Assistant:",
    );
    document.literal("# Evenings\ntransition = 0.5\ngamma = 2.2\nhome-assistant = homeassistant");
    document.paragraph("Use a broker that requires a password:");
    document.literal("username = lamp\npassword-file = /etc/lampi/password");
    document.paragraph("Check the file, then apply it:");
    document.literal("lamp_service --check\nsudo lampi restart lamp_service");
    document.see_also(&["lamp_service(1)", "lampi(1)", "lampi-mqtt(7)"]);
    Page::new(NAME, "5", document.finish())
}

const DESCRIPTION: [&str; 3] = [
    "Each line of the file sets one setting: NAME = VALUE. Blanks around the name and the value have no \
    effect. Empty lines and lines that begin with # are comments. A setting may occur once.",
    "Each setting is also an option of lamp_service. The option takes precedence over the file, and the file \
    takes precedence over the environment variables.",
    "lamp_service reads the file at its start and on SIGHUP. If the file has an error, lamp_service does not \
    start; on SIGHUP, it logs the error and keeps its settings. lamp_ui(1) and lampi(1) read the broker and \
    the login from this file.",
];

fn describe(document: &mut Document, setting: &Arg) {
    let name = setting.get_long().expect("a setting has a long name");
    let values: Vec<String> =
        setting.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let value = match setting.get_value_names() {
        _ if !values.is_empty() => values.join("|"),
        Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        None => "VALUE".to_owned(),
    };
    let help = setting.get_long_help().or(setting.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut paragraphs = help
        .split("\n\n")
        .map(|text| if text.ends_with(['.', ':', ';']) { text.to_owned() } else { format!("{text}.") });
    document.item(&format!("{name} = {value}"), vec![paragraphs.next().unwrap_or_default().into()]);
    for paragraph in paragraphs {
        document.continuation(&paragraph);
    }
    for value in setting.get_possible_values() {
        if let Some(help) = value.get_help() {
            document.continuation(&format!("{}: {help}.", value.get_name()));
        }
    }
    let default = match setting.get_default_values().first() {
        Some(value) => format!("The default is {}. ", value.to_string_lossy()),
        None if help.contains("The default is") => String::new(),
        None => "There is no default. ".to_owned(),
    };
    let when = if RELOADED.contains(&name) { "on SIGHUP or at the next start" } else { "at the next start" };
    document.continuation(&format!("{default}A change takes effect {when}."));
}
