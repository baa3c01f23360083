// SPDX-License-Identifier: GPL-3.0-or-later
//! Values that supervisord cannot expand or convert, for each of which it refuses the whole configuration.

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

/// The key with which a section names the code of an extension.
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

/// An extension is handed every value of its section, so all of them are expanded.
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
                format!(
                    "`%` in `{}` is replaced by all variables at once, because no name follows",
                    located.entry.key
                ),
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
                // What [supervisord] adds to the environment comes too late for itself and for [include].
                let source = match reading {
                    Reading::Start | Reading::StartTwice | Reading::Include => {
                        format!("start supervisord with {variable} in its environment")
                    }
                    _ => format!("define {variable} in `environment` of [supervisord]"),
                };
                findings.error(
                    "host-undefined-variable",
                    place,
                    format!("supervisord has no environment variable {}", shown(variable)),
                    format!("write the value itself, or {source}"),
                );
                return;
            }
            let fix = match placeholder(name, variables) {
                Some(known) => format!("write `%({known})s`"),
                None => format!("use {}", available(variables)),
            };
            let text = format!("`%({name})s` cannot be used in `{key}` of {}", section.label());
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
            let text = format!("`%` in `{key}` starts nothing that can be replaced");
            findings.error("bad-percent", place, text, fix);
        }
        ExpansionFaultKind::WrongConversion { name, conversion } => {
            findings.error(
                "bad-percent",
                place,
                format!("`%({name}){conversion}` in `{key}` asks for a format that the value does not have"),
                format!("write `%({name})s`"),
            );
        }
    }
}

/// The names that are not from the environment.
fn own_names(variables: &Variables) -> impl Iterator<Item = &str> {
    variables.names().filter(|name| !name.starts_with("ENV_")).chain(["here"])
}

fn available(variables: &Variables) -> String {
    own_names(variables).map(|name| format!("`%({name})s`")).collect::<Vec<_>>().join(", ")
}

/// What people call the names that Supervisor has.
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

/// The name that somebody meant who wrote `name`.
fn placeholder(name: &str, variables: &Variables) -> Option<String> {
    let has = |wanted: &str| own_names(variables).any(|known| known == wanted);
    let lower = name.to_lowercase();
    if let Some((_, known)) = MEANT.iter().find(|(word, known)| *word == lower && has(known)) {
        return Some((*known).to_owned());
    }
    // A variable of the environment without its prefix, or with another one.
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

/// The name that is meant by `%{name}`, `%name%` or `%name`, of which the text behind the percent sign is given.
fn meant(behind: &str, variables: &Variables) -> Option<String> {
    let name = behind.trim_start_matches(['{', '(', '[']);
    let length = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(name.len());
    // One letter is a format of a date or the like.
    (length > 2).then(|| placeholder(&name[..length], variables)).flatten()
}

/// What a conversion refuses.
struct Refusal {
    code: &'static str,
    /// What the value is not.
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
            fix = format!("write `%(ENV_{bare})s`, as no shell replaces {}", shown(&name));
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
            Log::Path(path) => missing_folder_of(host, &path, "host-log-directory-missing"),
            Log::None | Log::Auto | Log::Syslog => None,
        },
        Conversion::FileInFolder => {
            missing_folder_of(host, &host.expand_user(value), "host-log-directory-missing")
        }
        Conversion::SocketFile => {
            missing_folder_of(host, &host.expand_user(value), "host-socket-directory-missing")
        }
        Conversion::ExistingFolder if host.is_directory(&host.expand_user(value)) => None,
        Conversion::ExistingFolder => Some(Refusal::new(
            "host-directory-missing",
            "which is not an existing folder",
            "create it, or name one that exists",
        )),
        Conversion::ProcessName => values::forbidden_in_name(value).map(|char| {
            let wanted = format!("which contains {}", shown(&char.to_string()));
            Refusal::new("bad-name", wanted, "use letters, digits, `_`, `-` and `.`")
        }),
        Conversion::Range(min, max) => match values::integer(value) {
            Some(number) if number < min || number > max => {
                Some(Refusal::new("out-of-range", "which supervisord does not allow", range(min, max)))
            }
            _ => malformed(value, conversion),
        },
        _ => malformed(value, conversion),
    }
}

/// What can be said of a value without a look at the host.
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
            "write digits only",
        ),
        Conversion::Size => (
            values::size(value).is_some(),
            "not-a-size",
            "which is not a size",
            "write a whole number of bytes, or one followed by KB, MB or GB",
        ),
        Conversion::Octal => (
            values::octal(value).is_some(),
            "not-octal",
            "which is not an octal number",
            "write digits from 0 to 7, such as 022",
        ),
        Conversion::Signal => (
            values::is_signal(value),
            "unknown-signal",
            "which is not a signal",
            "write a name such as TERM, INT or HUP",
        ),
        Conversion::Autorestart => (
            values::autorestart(value).is_some(),
            "bad-autorestart",
            "which says no time to restart",
            "write `true`, `false` or `unexpected`",
        ),
        Conversion::ExitCodes => (
            values::exit_codes(value).is_some(),
            "bad-exitcodes",
            "which is not a list of exit statuses",
            "write numbers from 0 to 255 with commas between them",
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
            "which is not a port",
            "write `HOST:PORT` or `*:PORT`, with a port from 1 to 65535",
        ),
        Conversion::FcgiSocket => (
            values::is_fcgi_socket(value),
            "bad-socket",
            "which is not a socket",
            "write `unix:///ABSOLUTE/PATH` or `tcp://HOST:PORT`",
        ),
        Conversion::EntryPoint => (
            values::is_entry_point(value),
            "bad-factory",
            "which names nothing in Python",
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
        let wanted = if name.is_empty() { "which names nobody" } else { "a user that does not exist" };
        Refusal::new("host-unknown-user", wanted, account_fix(name, host.user_names(), "user"))
    })
}

fn unknown_group(host: &Host, name: &str) -> Option<Refusal> {
    (!host.has_group(name)).then(|| {
        let wanted = format!("but there is no group {}", shown(name));
        Refusal::new("host-unknown-group", wanted, account_fix(name, host.group_names(), "group"))
    })
}

fn account_fix<'a>(name: &str, known: impl Iterator<Item = &'a str>, kind: &str) -> String {
    match nearest(name, known) {
        Some(known) => format!("create the {kind}, or write `{known}` if that was meant"),
        None => format!("create the {kind}, or name one that exists"),
    }
}

fn missing_folder_of(host: &Host, path: &str, code: &'static str) -> Option<Refusal> {
    // As Python's os.path.dirname: nothing for a bare name, the root for a name right below it.
    let folder = match path.rfind('/')? {
        0 => "/",
        end => path[..end].trim_end_matches('/'),
    };
    let folder = if folder.is_empty() { "/" } else { folder };
    (!host.is_directory(folder)).then(|| {
        let wanted = format!("but {} is not an existing folder", shown(folder));
        Refusal::new(code, wanted, folder_fix(folder))
    })
}

/// What to do about a folder that is missing.
pub(super) fn folder_fix(folder: &str) -> &'static str {
    if !folder.starts_with(['/', '~']) {
        "write the whole path, as supervisord looks from its own working folder"
    } else if folder.starts_with("/run/") || folder.starts_with("/var/run/") {
        "let tmpfiles.d make it at each boot, as /run is empty then"
    } else {
        "create it, or name one that exists"
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
                    "nothing closes this quote in `environment`",
                    "close it; a quote of the other kind may stand inside, an escaped one may not",
                );
            }
        },
        Err(EnvironmentFault::NotAPair(at)) => {
            findings.error(
                "bad-environment",
                located.place(at),
                "from here on `environment` is not `NAME=\"value\"` with commas in between",
                "quote every value that has other characters than letters, digits and _/.+-():",
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
                        format!("the value of {} ends before {}, which is skipped", pair.name, shown(text)),
                        "put the whole value in quotes, and a comma behind it",
                    );
                }
                if pair.name.contains(['"', '\'']) {
                    findings.warning(
                        "quoted-name",
                        located.place(pair.at),
                        format!("the quotes become part of the variable's name {}", shown(&pair.name)),
                        "quote only the value",
                    );
                }
                if seen.contains(&pair.name.as_str()) {
                    findings.warning(
                        "duplicate-variable",
                        located.place(pair.at),
                        format!("{} is set a second time and replaces the first", pair.name),
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
        // A listener without events is a missing key, which is another rule.
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
                    None => "write for example PROCESS_STATE or TICK_60".to_owned(),
                },
            );
        }
    }
}
