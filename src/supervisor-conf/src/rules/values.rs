// SPDX-License-Identifier: GPL-3.0-or-later
//! Values that supervisord cannot expand or convert. For any of them it refuses the whole configuration.

use super::paths::variable;
use super::syntax::{cut, cutting_comment};
use super::{Findings, Rule, nearest, shown};
use crate::configuration::{Located, Section};
use crate::expand::{ExpansionFault, ExpansionFaultKind, Variables};
use crate::host::Host;
use crate::model::{Log, Model};
use crate::schema::{Conversion, Reading, SectionKind};
use crate::shlex::{EnvironmentFault, environment};
use crate::text::Text;
use crate::values;

pub(super) const RULES: &[Rule] = &[known_values, plugin_values];

/// The key that names the Python code of a plugin.
pub(super) const FACTORY: &str = "supervisor.rpcinterface_factory";

fn known_values(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        for key in section.kind.keys().unwrap_or_default().iter().copied().flatten() {
            let Some(located) = model.configuration.get(section, key.name) else { continue };
            if section.kind == SectionKind::Include && !model.configuration.files[located.file].main {
                continue;
            }
            for (reading, conversion) in key.readings {
                read(model, section, located, *reading, *conversion, findings);
            }
        }
    }
}

/// supervisord expands every value of a plugin's section and passes it to the plugin.
fn plugin_values(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if section.kind != SectionKind::RpcInterface {
            continue;
        }
        for located in model.configuration.entries(section) {
            let conversion =
                if located.entry.key == FACTORY { Conversion::EntryPoint } else { Conversion::Text };
            read(model, section, located, Reading::Plain, conversion, findings);
        }
    }
}

fn read(
    model: &Model<'_>,
    section: &Section,
    located: &Located,
    reading: Reading,
    conversion: Conversion,
    findings: &mut Findings<'_>,
) {
    if reading == Reading::Raw {
        convert(model, section, located, &located.entry.value, conversion, findings);
        return;
    }
    let twice = matches!(reading, Reading::StartTwice | Reading::ProcessTwice);
    for variables in model.variables(section, reading) {
        let expanded = match model.expand(located, &variables, twice) {
            Ok(expanded) => expanded,
            Err(fault) => {
                expansion_fault(section, located, &fault, &variables, reading, findings);
                return;
            }
        };
        if let Some(at) = expanded.unnamed {
            let percent = if twice { "%%%%" } else { "%%" };
            findings.warning(
                "unnamed-format",
                located.place(at),
                format!("`%` without a name in `{}` expands to the list of all variables", located.entry.key),
                format!("write `{percent}` for a percent sign"),
            );
        }
        if !expanded.unknown {
            convert(model, section, located, &expanded.text, conversion, findings);
        }
    }
}

fn expansion_fault(
    section: &Section,
    located: &Located,
    fault: &ExpansionFault,
    variables: &Variables,
    reading: Reading,
    findings: &mut Findings<'_>,
) {
    let twice = matches!(reading, Reading::StartTwice | Reading::ProcessTwice);
    let place = located.place(fault.at);
    let key = &located.entry.key;
    match &fault.kind {
        ExpansionFaultKind::Undefined(name) => {
            if let Some(variable) = name.strip_prefix("ENV_") {
                // [supervisord] and [include] are expanded before `environment` of [supervisord] is read.
                let source = match reading {
                    Reading::Start | Reading::StartTwice | Reading::Include => {
                        format!("start supervisord with {variable} in its environment")
                    }
                    _ => format!("define {variable} in `environment` of [supervisord]"),
                };
                findings.error(
                    "host-undefined-variable",
                    place,
                    format!("supervisord's environment has no variable {}", shown(variable)),
                    format!("write the value itself, or {source}"),
                );
                return;
            }
            let fix = match placeholder(name, variables) {
                Some(known) => format!("write `%({known})s`"),
                None => format!("use {}", available(variables)),
            };
            let text = format!("`%({name})s` is not available in `{key}` of {}", section.label());
            findings.error("undefined-variable", place, text, fix);
        }
        ExpansionFaultKind::Malformed => {
            let percent = if twice { "%%%%" } else { "%%" };
            let behind: String = located
                .entry
                .value
                .chars()
                .iter()
                .skip_while(|(_, at)| *at != fault.at)
                .skip(1)
                .map(|(char, _)| *char)
                .collect();
            let fix = match meant(&behind, variables) {
                Some(known) => format!("write `%({known})s`"),
                None => format!("write `{percent}` for a percent sign, or `%(NAME)s` for a variable"),
            };
            let text = format!("`%` in `{key}` does not start a valid `%(NAME)s`");
            findings.error("bad-percent", place, text, fix);
        }
        ExpansionFaultKind::WrongConversion { name, conversion } => {
            findings.error(
                "bad-percent",
                place,
                format!(
                    "the format `{conversion}` of `%({name}){conversion}` in `{key}` does not fit the value"
                ),
                format!("write `%({name})s`"),
            );
        }
    }
}

/// The names that do not come from the environment.
fn own_names(variables: &Variables) -> impl Iterator<Item = &str> {
    variables.names().filter(|name| !name.starts_with("ENV_")).chain(["here"])
}

fn available(variables: &Variables) -> String {
    own_names(variables).map(|name| format!("`%({name})s`")).collect::<Vec<_>>().join(", ")
}

/// Common wrong names, with the correct ones.
const MEANT: &[(&str, &str)] = &[
    ("cwd", "here"),
    ("dir", "here"),
    ("directory", "here"),
    ("group", "group_name"),
    ("host", "host_node_name"),
    ("hostname", "host_node_name"),
    ("index", "process_num"),
    ("name", "program_name"),
    ("node_name", "host_node_name"),
    ("nodename", "host_node_name"),
    ("num", "process_num"),
    ("numproc", "numprocs"),
    ("process", "program_name"),
    ("process_id", "process_num"),
    ("process_index", "process_num"),
    ("process_name", "program_name"),
    ("process_number", "process_num"),
    ("processnum", "process_num"),
    ("procname", "program_name"),
    ("procnum", "process_num"),
    ("program", "program_name"),
    ("programname", "program_name"),
];

/// The name that was probably meant by `name`.
fn placeholder(name: &str, variables: &Variables) -> Option<String> {
    let has = |wanted: &str| own_names(variables).any(|known| known == wanted);
    let lower = name.to_lowercase();
    if let Some((_, known)) = MEANT.iter().find(|(word, known)| *word == lower && has(known)) {
        return Some((*known).to_owned());
    }
    // An environment variable without its prefix, or with a wrong one.
    let bare = lower.strip_prefix("env").map_or(name, |_| name[3..].trim_start_matches(['_', '.', ':', '-']));
    let in_environment = variables.names().find(|known| *known == format!("ENV_{bare}"));
    if let Some(known) = in_environment {
        return Some(known.to_owned());
    }
    if !bare.is_empty() && bare.chars().all(|char| char.is_ascii_uppercase() || char == '_') {
        return Some(format!("ENV_{bare}"));
    }
    nearest(name, own_names(variables)).map(str::to_owned)
}

/// The name meant by `%{name}`, `%name%` or `%name`. `behind` is the text after the percent sign.
fn meant(behind: &str, variables: &Variables) -> Option<String> {
    let name = behind.trim_start_matches(['{', '(', '[']);
    let length = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(name.len());
    // A single letter is probably a date format.
    (length > 2).then(|| placeholder(&name[..length], variables)).flatten()
}

/// Why a conversion rejects a value.
struct Refusal {
    code: &'static str,
    /// The rest of the sentence after the value.
    wanted: String,
    fix: String,
}

impl Refusal {
    fn new(code: &'static str, wanted: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, wanted: wanted.into(), fix: fix.into() }
    }
}

fn convert(
    model: &Model<'_>,
    section: &Section,
    located: &Located,
    value: &Text,
    conversion: Conversion,
    findings: &mut Findings<'_>,
) {
    let place = located.place(value.at());
    let refusal = match conversion {
        Conversion::Environment => {
            environment_fault(located, value, findings);
            None
        }
        Conversion::Events => {
            unknown_events(located, value, findings);
            None
        }
        _ => refusal(model.host, &value.to_string(), conversion),
    };
    if let Some(Refusal { code, wanted, mut fix }) = refusal {
        if let Some((_, name)) = variable(&value.to_string()) {
            let bare = name.trim_matches(['$', '{', '}']);
            fix = format!("write `%(ENV_{bare})s`; Supervisor does not expand {}", shown(&name));
        }
        let what = format!("`{}` of {} is {}", located.entry.key, section.label(), shown(&value.to_string()));
        findings.error(code, place, format!("{what}, {wanted}"), fix);
    }
}

fn refusal(host: &Host, value: &str, conversion: Conversion) -> Option<Refusal> {
    match conversion {
        Conversion::User | Conversion::UserAndGroup if host.is_unknown() => None,
        Conversion::User => unknown_user(host, value),
        Conversion::UserAndGroup => match value.split_once(':') {
            None => unknown_user(host, value),
            Some((user, group)) => unknown_user(host, user).or_else(|| unknown_group(host, group)),
        },
        Conversion::Log => match Log::of(value, host) {
            Log::Path(path) => missing_directory_of(host, &path, "host-log-directory-missing"),
            Log::None | Log::Auto | Log::Syslog => None,
        },
        Conversion::FileInDirectory => {
            missing_directory_of(host, &host.expand_user(value), "host-log-directory-missing")
        }
        Conversion::SocketFile => {
            missing_directory_of(host, &host.expand_user(value), "host-socket-directory-missing")
        }
        Conversion::ExistingDirectory if host.is_directory(&host.expand_user(value)) => None,
        Conversion::ExistingDirectory => Some(Refusal::new(
            "host-directory-missing",
            "which is not an existing directory",
            "create it or correct the path",
        )),
        Conversion::ProcessName => values::forbidden_in_name(value).map(|char| {
            let wanted = format!("which contains {}", shown(&char.to_string()));
            Refusal::new("bad-name", wanted, "use letters, digits, `_`, `-` and `.`")
        }),
        Conversion::Range(min, max) => match values::integer(value) {
            Some(number) if number < min || number > max => {
                Some(Refusal::new("out-of-range", "which is out of range", range(min, max)))
            }
            _ => malformed(value, conversion),
        },
        _ => malformed(value, conversion),
    }
}

/// Checks a value that does not depend on the host.
fn malformed(value: &str, conversion: Conversion) -> Option<Refusal> {
    let (accepted, code, wanted, fix) = match conversion {
        Conversion::Boolean => (
            values::boolean(value).is_some(),
            "not-a-boolean",
            "which is neither true nor false",
            "write `true` or `false`",
        ),
        Conversion::Integer | Conversion::Range(..) => (
            values::integer(value).is_some(),
            "not-an-integer",
            "which is not a whole number",
            "write digits only, without a unit",
        ),
        Conversion::Size => (
            values::size(value).is_some(),
            "not-a-size",
            "which is not a size",
            "write a number of bytes, or a number with KB, MB or GB",
        ),
        Conversion::Octal => (
            values::octal(value).is_some(),
            "not-octal",
            "which is not an octal number",
            "write digits from 0 to 7, for example 022",
        ),
        Conversion::Signal => (
            values::is_signal(value),
            "unknown-signal",
            "which is not a signal",
            "write a signal name, for example TERM, INT or HUP",
        ),
        Conversion::Autorestart => (
            values::autorestart(value).is_some(),
            "bad-autorestart",
            "which is not true, false or unexpected",
            "write `true`, `false` or `unexpected`",
        ),
        Conversion::ExitCodes => (
            values::exit_codes(value).is_some(),
            "bad-exitcodes",
            "which is not a list of exit codes",
            "write numbers from 0 to 255, separated by commas",
        ),
        Conversion::LogLevel => (
            values::LOG_LEVELS.contains(&value.to_lowercase().as_str()),
            "unknown-log-level",
            "which is not a log level",
            "write critical, error, warn, info, debug, trace or blather",
        ),
        Conversion::InetAddress => (
            values::is_inet_address(value),
            "bad-port",
            "which does not end with a valid port",
            "write `HOST:PORT` or `*:PORT`, with a port from 1 to 65535",
        ),
        Conversion::FcgiSocket => (
            values::is_fcgi_socket(value),
            "bad-socket",
            "which is not a socket address",
            "write `unix:///ABSOLUTE/PATH` or `tcp://HOST:PORT`",
        ),
        Conversion::EntryPoint => (
            values::is_entry_point(value),
            "bad-factory",
            "which is not the name of a Python object",
            "write `package.module:function`",
        ),
        _ => return None,
    };
    (!accepted).then(|| Refusal::new(code, wanted, fix))
}

fn range(min: i64, max: i64) -> String {
    if max == i64::MAX {
        format!("write {min} or more")
    } else {
        format!("write a number from {min} to {max}")
    }
}

fn unknown_user(host: &Host, name: &str) -> Option<Refusal> {
    (!host.has_user(name)).then(|| {
        let wanted =
            if name.is_empty() { "which is not a user name" } else { "but this user does not exist" };
        Refusal::new("host-unknown-user", wanted, account_fix(name, host.user_names(), "user"))
    })
}

fn unknown_group(host: &Host, name: &str) -> Option<Refusal> {
    (!host.has_group(name)).then(|| {
        let wanted = format!("but group {} does not exist", shown(name));
        Refusal::new("host-unknown-group", wanted, account_fix(name, host.group_names(), "group"))
    })
}

fn account_fix<'a>(name: &str, known: impl Iterator<Item = &'a str>, kind: &str) -> String {
    match nearest(name, known) {
        Some(known) => format!("create the {kind}, or write `{known}` if you meant that"),
        None => format!("create the {kind} or correct the name"),
    }
}

fn missing_directory_of(host: &Host, path: &str, code: &'static str) -> Option<Refusal> {
    // Like Python's os.path.dirname: nothing for a bare name, the root for a name directly below it.
    let directory = match path.rfind('/')? {
        0 => "/",
        end => path[..end].trim_end_matches('/'),
    };
    let directory = if directory.is_empty() { "/" } else { directory };
    (!host.is_directory(directory)).then(|| {
        let wanted = format!("but {} is not an existing directory", shown(directory));
        Refusal::new(code, wanted, directory_fix(directory))
    })
}

/// The fix for a missing directory.
pub(super) fn directory_fix(directory: &str) -> &'static str {
    if !directory.starts_with(['/', '~']) {
        "write the absolute path; a relative one starts at supervisord's own working directory"
    } else if directory.starts_with("/run/") || directory.starts_with("/var/run/") {
        "add a tmpfiles.d file that creates it at each boot, because /run is empty then"
    } else {
        "create it or correct the path"
    }
}

fn environment_fault(located: &Located, value: &Text, findings: &mut Findings<'_>) {
    match environment(value) {
        Err(EnvironmentFault::OpenQuote(at)) => match cutting_comment(&located.entry, at) {
            Some(comment) => {
                let (text, fix) = cut(&located.entry, comment);
                findings.error("value-cut", located.place(comment.at), text, fix);
            }
            None => {
                findings.error(
                    "bad-environment",
                    located.place(at),
                    "this quote in `environment` is not closed",
                    "close it; inside it, use only the other kind of quote, because `\\` does not escape one",
                );
            }
        },
        Err(EnvironmentFault::NotAPair(at)) => {
            findings.error(
                "bad-environment",
                located.place(at),
                "from here, `environment` is not a comma-separated list of `NAME=\"value\"`",
                "quote each value that contains characters other than letters, digits and _/.+-():",
            );
        }
        Ok(pairs) => {
            let mut seen: Vec<&str> = Vec::new();
            for pair in &pairs {
                if let Some((text, at)) = &pair.separator
                    && text != ","
                {
                    findings.warning(
                        "environment-cut",
                        located.place(*at),
                        format!(
                            "the value of {} ends before {}, which Supervisor skips",
                            pair.name,
                            shown(text)
                        ),
                        "put the whole value in quotes and add a comma after it",
                    );
                }
                if pair.name.contains(['"', '\'']) {
                    findings.warning(
                        "quoted-name",
                        located.place(pair.at),
                        format!("the quotes become part of the variable name {}", shown(&pair.name)),
                        "quote only the value",
                    );
                }
                if seen.contains(&pair.name.as_str()) {
                    findings.warning(
                        "duplicate-variable",
                        located.place(pair.at),
                        format!("{} is set twice, and the second value overrides the first", pair.name),
                        "keep one of the two",
                    );
                }
                seen.push(&pair.name);
            }
        }
    }
}

fn unknown_events(located: &Located, value: &Text, findings: &mut Findings<'_>) {
    if value.is_empty() {
        // Another rule reports missing events.
        return;
    }
    for event in value.split(',') {
        let event = event.trimmed();
        let name = event.to_string().to_uppercase();
        if !values::EVENTS.contains(&name.as_str()) {
            let given: Vec<String> = value
                .split(',')
                .into_iter()
                .map(|event| event.trimmed().to_string().to_uppercase())
                .collect();
            let others =
                values::EVENTS.iter().copied().filter(|known| !given.iter().any(|event| event == known));
            findings.error(
                "unknown-event",
                located.place(event.at()),
                format!("Supervisor has no event {}", shown(&event.to_string())),
                match nearest(&name, others) {
                    Some(known) => format!("write {known}"),
                    None => "write an event, for example PROCESS_STATE or TICK_60".to_owned(),
                },
            );
        }
    }
}
