// SPDX-License-Identifier: GPL-3.0-or-later
//! Renders the templates with the settings: the four Supervisor files and the maintainer scripts.

use std::path::Path;

use anyhow::Context;
use runtime::output;
use tera::Tera;

use programs::RunsAs;

use crate::changelog::{ChangelogEntry, source_date_epoch};
use crate::cli::RenderArgs;
use crate::settings::Settings;
use crate::source::Source;
use crate::stage::DROP_IN;
use crate::{build, pages};

/// The maintainer scripts.
pub(crate) const SCRIPTS: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];

/// A rendered file.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// File name.
    pub name: String,
    pub text: String,
}

/// `lampi-deb render`.
pub(crate) fn run(args: &RenderArgs) -> anyhow::Result<()> {
    let source = Source::find()?;
    let settings = args.settings.load()?;
    if let Some(directory) = &args.man_pages {
        let timestamp = source_date_epoch(&ChangelogEntry::newest(&source)?)?;
        for page in pages::all(&build::date(timestamp)?) {
            let (_, name) = page.path.rsplit_once('/').expect("it is in a directory");
            write(directory, name, &page.text)?;
        }
        return Ok(());
    }
    let confs = confs(&source, &settings)?;
    for Rendered { name, text } in confs {
        match &args.out {
            None => output::print(format_args!("==> {name} <==\n{text}\n"))?,
            Some(directory) => write(directory, &name, &text)?,
        }
    }
    Ok(())
}

fn write(directory: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = directory.join(name);
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The Supervisor files, in the start order of their programs.
pub(crate) fn confs(source: &Source, settings: &Settings) -> anyhow::Result<Vec<Rendered>> {
    let names: Vec<String> = programs::supervised().map(|program| format!("{program}.conf")).collect();
    render(source, "conf.d", &names, &["shared.inc"], settings)
}

/// The maintainer scripts.
pub(crate) fn scripts(source: &Source, settings: &Settings) -> anyhow::Result<Vec<Rendered>> {
    let shared = [
        "common",
        "processor",
        "confs",
        "user",
        "backups",
        "removed-confs",
        "disabled-confs",
        "supervisor",
        "systemd",
        "mosquitto",
    ]
    .map(|name| format!("shared/{name}.sh"));
    render(source, "debian", &SCRIPTS.map(str::to_owned), &shared.each_ref().map(String::as_str), settings)
}

/// Renders the templates `names` in `directory`, which may include the files `included`.
fn render(
    source: &Source,
    directory: &str,
    names: &[String],
    included: &[&str],
    settings: &Settings,
) -> anyhow::Result<Vec<Rendered>> {
    let mut tera = Tera::default();
    for name in names.iter().map(String::as_str).chain(included.iter().copied()) {
        let path = format!("{directory}/{name}");
        let text = source.read(&path)?;
        tera.add_raw_template(name, &text).map_err(|error| one_line(&path, &error))?;
    }
    names
        .iter()
        .map(|name| {
            let mut context = tera::Context::new();
            for (key, value) in settings.iter() {
                context.insert(key, value);
            }
            let programs: Vec<&str> = programs::supervised().map(|program| program.name).collect();
            context.insert("programs", &programs.join(" "));
            context.insert("drop_in", DROP_IN);
            context.insert("user_conf", programs::user_conf::PATH);
            context.insert("user_record", programs::paths::USER_RECORD);
            let groups = programs::user::GROUPS.map(|(name, _)| name);
            context.insert("groups", &groups.join(" "));
            let own = programs::supervised().filter(|program| program.runs_as == RunsAs::LampUser);
            let own: Vec<&str> = own.map(|program| program.name).collect();
            context.insert("programs_of_the_user", &own.join(" "));
            let program = name.trim_end_matches(".conf");
            context.insert("program", program);
            context.insert("arguments", &settings.arguments(program));
            let text = tera
                .render(name, &context)
                .map_err(|error| one_line(&format!("{directory}/{name}"), &error))?;
            Ok(Rendered { name: name.clone(), text })
        })
        .collect()
}

/// Tera's error as one line. Tera spreads it over a chain of causes, each with several lines.
fn one_line(path: &str, error: &tera::Error) -> anyhow::Error {
    let mut causes: Vec<String> = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        causes.push(error.to_string().split_whitespace().collect::<Vec<_>>().join(" "));
        cause = error.source();
    }
    anyhow::anyhow!("cannot render the template {path}: {}", causes.join(": "))
}
