// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs, groups and processes that supervisord derives from the sections, and the names available in
//! each value.

use std::path::PathBuf;

use crate::configuration::{Configuration, Located, Place, Section, node_name, normalized};
use crate::expand::{Expanded, ExpansionFault, Variable, Variables, expand};
use crate::host::Host;
use crate::schema::{Reading, SectionKind};
use crate::shlex::{self, Pair};
use crate::text::Text;
use crate::values;

/// Maximum number of processes of a program that are checked.
const MAX_PROCESSES: i64 = 64;

/// The configuration as supervisord interprets it.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub configuration: &'a Configuration,
    pub host: &'a Host,
    pub programs: Vec<Program<'a>>,
    pub groups: Vec<Group<'a>>,
    /// supervisord's environment at its start.
    start: Variables,
    /// The same plus `environment` of `[supervisord]`.
    plain: Variables,
    node_name: Variable,
    supervisord_environment: Vec<Pair>,
}

/// A `[group:x]` section.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub section: &'a Section,
    /// The members' names and places.
    pub members: Vec<(String, Place)>,
}

/// A section that starts processes.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    pub section: &'a Section,
    /// Whether a `[group:x]` lists it.
    pub grouped: bool,
    pub group_name: String,
    pub processes: Vec<Process>,
    variables: Variables,
}

/// One process of a program.
#[derive(Debug)]
pub(crate) struct Process {
    before_environment: Variables,
    /// Its environment and the names available in its values; `None` if `environment` is invalid.
    pub environment: Option<(Vec<Pair>, Variables)>,
}

/// The meaning of a log setting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Log {
    None,
    Auto,
    Syslog,
    Path(String),
}

impl Log {
    pub(crate) fn of(value: &str, host: &Host) -> Self {
        match value.to_lowercase().as_str() {
            "none" | "off" | "" => Self::None,
            "auto" => Self::Auto,
            "syslog" => Self::Syslog,
            _ => Self::Path(host.expand_user(value)),
        }
    }
}

impl<'a> Model<'a> {
    pub(crate) fn new(configuration: &'a Configuration, host: &'a Host) -> Self {
        let mut model = Self {
            configuration,
            host,
            programs: Vec::new(),
            groups: Vec::new(),
            start: host.environment(),
            plain: host.environment(),
            node_name: node_name(host),
            supervisord_environment: Vec::new(),
        };
        if let Some(supervisord) = configuration.section("supervisord")
            && let Some(located) = configuration.get(supervisord, "environment")
            && let Ok(expanded) = model.expand(located, &model.start, true)
            && let Ok(pairs) = shlex::environment(&expanded.text)
        {
            define(&mut model.plain, &pairs);
            model.supervisord_environment = pairs;
        }
        model.groups = configuration
            .sections
            .iter()
            .filter(|section| section.kind == SectionKind::Group)
            .map(|section| Group { section, members: model.members(section) })
            .collect();
        model.programs = configuration
            .sections
            .iter()
            .filter(|section| section.kind.is_program())
            .map(|section| model.program(section))
            .collect();
        model
    }

    fn members(&self, group: &Section) -> Vec<(String, Place)> {
        let Some(programs) = self.configuration.get(group, "programs") else { return Vec::new() };
        let Some(value) = self.plain_text(group, "programs") else { return Vec::new() };
        if value.is_empty() {
            return Vec::new();
        }
        let names = value.split(',').into_iter().map(|name| name.trimmed());
        names.map(|name| (name.to_string(), programs.place(name.at()))).collect()
    }

    fn program(&self, section: &'a Section) -> Program<'a> {
        let named_by = |group: &&Group<'_>| {
            section.kind != SectionKind::EventListener
                && section
                    .header
                    .split_once(':')
                    .is_some_and(|(_, name)| group.members.iter().any(|(member, _)| member == name))
        };
        let group = self.groups.iter().find(named_by);
        let group_name = group.map_or(section.name(), |group| group.section.name()).to_owned();
        let mut variables = self.plain.clone();
        for (name, value) in [("program_name", section.name()), ("group_name", &group_name)] {
            variables.insert(name.to_owned(), Variable::Text(value.to_owned()));
        }
        variables.insert("host_node_name".to_owned(), self.node_name.clone());
        let mut program =
            Program { section, grouped: group.is_some(), group_name, processes: Vec::new(), variables };

        let count = self.integer(&program, "numprocs").unwrap_or(1);
        let first = self.integer(&program, "numprocs_start").unwrap_or(0);
        for index in 0..count.min(MAX_PROCESSES) {
            let mut before_environment = program.variables.clone();
            before_environment
                .insert("process_num".to_owned(), Variable::Number(first.saturating_add(index)));
            before_environment.insert("numprocs".to_owned(), Variable::Number(count));
            let environment = self.environment(section, &before_environment).map(|pairs| {
                let mut variables = before_environment.clone();
                define(&mut variables, &pairs);
                (pairs, variables)
            });
            program.processes.push(Process { before_environment, environment });
        }
        program
    }

    fn environment(&self, section: &Section, variables: &Variables) -> Option<Vec<Pair>> {
        let Some(located) = self.configuration.get(section, "environment") else { return Some(Vec::new()) };
        let expanded = self.expand(located, variables, false).ok()?;
        let pairs = shlex::environment(&expanded.text).ok();
        if expanded.unknown { pairs.or(Some(Vec::new())) } else { pairs }
    }

    /// The names for each time that supervisord reads a value; empty if it never reads it.
    pub(crate) fn variables(&self, section: &Section, reading: Reading) -> Vec<Variables> {
        let program = self.programs.iter().find(|program| std::ptr::eq(program.section, section));
        let processes = || program.into_iter().flat_map(|program| &program.processes);
        let grouped = program.is_some_and(|program| program.grouped);
        match reading {
            Reading::Raw => Vec::new(),
            Reading::Ungrouped | Reading::UngroupedNamed if grouped => Vec::new(),
            Reading::Start | Reading::StartTwice => vec![self.start.clone()],
            Reading::Plain | Reading::Ungrouped => vec![self.plain.clone()],
            Reading::UngroupedNamed => {
                let mut variables = self.plain.clone();
                variables.insert("program_name".to_owned(), Variable::Text(section.name().to_owned()));
                vec![variables]
            }
            Reading::Include => {
                let mut variables = self.start.clone();
                variables.insert("host_node_name".to_owned(), self.node_name.clone());
                vec![variables]
            }
            Reading::Program => program.map(|program| program.variables.clone()).into_iter().collect(),
            Reading::Environment => processes().map(|process| process.before_environment.clone()).collect(),
            Reading::Process | Reading::ProcessTwice => {
                let readable = processes().filter_map(|process| process.environment.as_ref());
                readable.map(|(_, variables)| variables.clone()).collect()
            }
        }
    }

    pub(crate) fn expand(
        &self,
        located: &Located,
        variables: &Variables,
        twice: bool,
    ) -> Result<Expanded, ExpansionFault> {
        let here = &self.configuration.files[located.file].here;
        let once = expand(&located.entry.value, here, variables)?;
        if !twice {
            return Ok(once);
        }
        let again = expand(&once.text, here, variables)?;
        let unknown = once.unknown || again.unknown;
        Ok(Expanded { unnamed: once.unnamed.or(again.unnamed), unknown, ..again })
    }

    /// A value that uses only names available everywhere.
    pub(crate) fn plain_text(&self, section: &Section, key: &str) -> Option<Text> {
        let located = self.configuration.get(section, key)?;
        self.expand(located, &self.plain, false).ok()?.known()
    }

    /// A value of `[supervisord]`; supervisord reads it before `environment`.
    pub(crate) fn start_text(&self, section: &Section, key: &str) -> Option<Text> {
        let located = self.configuration.get(section, key)?;
        self.expand(located, &self.start, false).ok()?.known()
    }

    /// A value that is the same for all processes of a program.
    pub(crate) fn text(&self, program: &Program<'_>, key: &str) -> Option<Text> {
        let located = self.configuration.get(program.section, key)?;
        self.expand(located, &program.variables, false).ok()?.known()
    }

    pub(crate) fn integer(&self, program: &Program<'_>, key: &str) -> Option<i64> {
        values::integer(&self.text(program, key)?.to_string())
    }

    pub(crate) fn boolean(&self, program: &Program<'_>, key: &str) -> Option<bool> {
        values::boolean(&self.text(program, key)?.to_string())
    }

    /// A value of one process of a program.
    pub(crate) fn process_text(&self, program: &Program<'_>, process: &Process, key: &str) -> Option<Text> {
        let located = self.configuration.get(program.section, key)?;
        let (_, variables) = process.environment.as_ref()?;
        let twice = matches!(key, "stdout_logfile" | "stderr_logfile");
        self.expand(located, variables, twice).ok()?.known()
    }

    /// The log of a process for `stdout` or `stderr`; AUTO by default.
    pub(crate) fn log(&self, program: &Program<'_>, process: &Process, stream: &str) -> Option<Log> {
        let key = format!("{stream}_logfile");
        if self.configuration.get(program.section, &key).is_none() {
            return Some(Log::Auto);
        }
        Some(Log::of(&self.process_text(program, process, &key)?.to_string(), self.host))
    }

    /// The size in bytes at which supervisord rotates a log; 0 for never.
    pub(crate) fn log_size(&self, program: &Program<'_>, process: &Process, stream: &str) -> Option<i64> {
        match self.process_text(program, process, &format!("{stream}_logfile_maxbytes")) {
            Some(text) => values::size(&text.to_string()),
            None => Some(DEFAULT_LOG_SIZE),
        }
    }

    /// All environment variables that the configuration sets for a process.
    pub(crate) fn full_environment(&self, process: &Process) -> Vec<Pair> {
        let own = process.environment.iter().flat_map(|(pairs, _)| pairs);
        self.supervisord_environment.iter().chain(own).cloned().collect()
    }

    /// The PATH in which supervisord searches for a command without a slash.
    pub(crate) fn search_path(&self, process: &Process) -> String {
        let environment = self.full_environment(process);
        let own = environment.iter().rev().find(|pair| pair.name == "PATH").map(|pair| pair.value.clone());
        own.or_else(|| self.host.variable("PATH").map(str::to_owned)).unwrap_or_default()
    }
}

/// supervisord's default size of a log before rotation: 50MB.
const DEFAULT_LOG_SIZE: i64 = 50 << 20;

fn define(variables: &mut Variables, pairs: &[Pair]) {
    for pair in pairs {
        variables.insert(format!("ENV_{}", pair.name), Variable::Text(pair.value.clone()));
    }
}

/// The absolute, normalised path of a log.
pub(crate) fn log_path(path: &str, host: &Host) -> PathBuf {
    normalized(&host.absolute(path))
}
