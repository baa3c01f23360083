// SPDX-License-Identifier: GPL-3.0-or-later
//! The sections and keys of Supervisor 4.2.5, the conversion of each value, and the names available in it.

/// The kind of a section, from the start of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    /// Defaults for all other sections.
    Default,
    Supervisord,
    Supervisorctl,
    Include,
    UnixServer,
    InetServer,
    RpcInterface,
    CtlPlugin,
    Program,
    FcgiProgram,
    EventListener,
    Group,
    /// A header that Supervisor does not read.
    Unknown,
}

/// A header, or its prefix if a name follows.
pub(crate) const HEADERS: &[(&str, SectionKind)] = &[
    ("DEFAULT", SectionKind::Default),
    ("supervisord", SectionKind::Supervisord),
    ("supervisorctl", SectionKind::Supervisorctl),
    ("include", SectionKind::Include),
    ("unix_http_server", SectionKind::UnixServer),
    ("inet_http_server", SectionKind::InetServer),
    ("rpcinterface:", SectionKind::RpcInterface),
    ("ctlplugin:", SectionKind::CtlPlugin),
    ("program:", SectionKind::Program),
    ("fcgi-program:", SectionKind::FcgiProgram),
    ("eventlistener:", SectionKind::EventListener),
    ("group:", SectionKind::Group),
];

impl SectionKind {
    pub(crate) fn of(header: &str) -> Self {
        let matches = |(name, kind): &&(&str, Self)| match kind {
            // Supervisor accepts any header with this prefix, even without a colon.
            Self::UnixServer | Self::InetServer => header.starts_with(name),
            _ if name.ends_with(':') => header.starts_with(name),
            _ => header == *name,
        };
        HEADERS.iter().find(matches).map_or(Self::Unknown, |(_, kind)| *kind)
    }

    /// Whether the section starts processes.
    pub(crate) fn is_program(self) -> bool {
        matches!(self, Self::Program | Self::FcgiProgram | Self::EventListener)
    }

    /// The keys of the section. `None` for sections that allow any key.
    pub(crate) fn keys(self) -> Option<&'static [&'static [Key]]> {
        Some(match self {
            Self::Supervisord => &[SUPERVISORD],
            Self::Supervisorctl => &[SUPERVISORCTL],
            Self::Include => &[INCLUDE],
            Self::UnixServer => &[UNIX_SERVER, SERVER],
            Self::InetServer => &[INET_SERVER, SERVER],
            Self::Program => &[PRIORITY, PROGRAM],
            Self::FcgiProgram => &[PRIORITY, FCGI_PROGRAM, PROGRAM],
            Self::EventListener => &[PRIORITY, EVENT_LISTENER, PROGRAM],
            Self::Group => &[GROUP],
            Self::Default | Self::RpcInterface | Self::CtlPlugin | Self::Unknown => return None,
        })
    }
}

/// A key, and each way in which Supervisor reads it.
#[derive(Debug)]
pub(crate) struct Key {
    pub name: &'static str,
    pub readings: &'static [(Reading, Conversion)],
}

/// The names available in a value. `%(here)s` and `%(ENV_x)s` are always available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Without expansion.
    Raw,
    /// No other name; `environment` of `[supervisord]` is not read yet.
    Start,
    /// `Start`, expanded twice, so that a percent sign is `%%%%`.
    StartTwice,
    /// `host_node_name`; `environment` of `[supervisord]` is not read yet.
    Include,
    /// No other name.
    Plain,
    /// `Plain`, for the group of a program outside any `[group:x]`.
    Ungrouped,
    /// `program_name`, for the group of a program outside any `[group:x]`.
    UngroupedNamed,
    /// `program_name`, `group_name`, `host_node_name`
    Program,
    /// Also `process_num` and `numprocs`, for each process; its `environment` is not read yet.
    Environment,
    /// Also the program's own `environment`.
    Process,
    /// `Process`, expanded twice.
    ProcessTwice,
}

/// How Supervisor converts a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    Text,
    Boolean,
    Integer,
    /// An integer with its smallest and largest value.
    Range(i64, i64),
    Size,
    Octal,
    Signal,
    Autorestart,
    ExitCodes,
    User,
    UserAndGroup,
    ProcessName,
    Environment,
    /// A path in an existing directory, or NONE, AUTO or syslog.
    Log,
    /// A path in an existing directory.
    FileInDirectory,
    ExistingDirectory,
    LogLevel,
    InetAddress,
    /// The path of a socket that supervisord creates.
    SocketFile,
    FcgiSocket,
    Events,
    EntryPoint,
}

const fn key(name: &'static str, readings: &'static [(Reading, Conversion)]) -> Key {
    Key { name, readings }
}

use Conversion as To;
use Reading as In;

const PRIORITY: &[Key] = &[key("priority", &[(In::Ungrouped, To::Integer), (In::Program, To::Integer)])];

/// Common to all sections that start processes.
const PROGRAM: &[Key] = &[
    key("command", &[(In::Process, To::Text)]),
    key("process_name", &[(In::Raw, To::ProcessName), (In::Process, To::Text)]),
    key("numprocs", &[(In::Program, To::Integer)]),
    key("numprocs_start", &[(In::Program, To::Integer)]),
    key("autostart", &[(In::Program, To::Boolean)]),
    key("autorestart", &[(In::Program, To::Autorestart)]),
    key("startsecs", &[(In::Program, To::Integer)]),
    key("startretries", &[(In::Program, To::Integer)]),
    key("exitcodes", &[(In::Program, To::ExitCodes)]),
    key("stopsignal", &[(In::Program, To::Signal)]),
    key("stopwaitsecs", &[(In::Program, To::Integer)]),
    key("stopasgroup", &[(In::Program, To::Boolean)]),
    key("killasgroup", &[(In::Program, To::Boolean)]),
    key("user", &[(In::Program, To::User)]),
    key("redirect_stderr", &[(In::Program, To::Boolean)]),
    key("stdout_logfile", &[(In::ProcessTwice, To::Log)]),
    key("stdout_logfile_maxbytes", &[(In::Process, To::Size)]),
    key("stdout_logfile_backups", &[(In::Process, To::Integer)]),
    key("stdout_capture_maxbytes", &[(In::Program, To::Size)]),
    key("stdout_events_enabled", &[(In::Program, To::Boolean)]),
    key("stdout_syslog", &[(In::Process, To::Boolean)]),
    key("stderr_logfile", &[(In::ProcessTwice, To::Log)]),
    key("stderr_logfile_maxbytes", &[(In::Process, To::Size)]),
    key("stderr_logfile_backups", &[(In::Process, To::Integer)]),
    key("stderr_capture_maxbytes", &[(In::Program, To::Size)]),
    key("stderr_events_enabled", &[(In::Program, To::Boolean)]),
    key("stderr_syslog", &[(In::Process, To::Boolean)]),
    key("environment", &[(In::Environment, To::Environment)]),
    key("directory", &[(In::Process, To::Text)]),
    key("umask", &[(In::Program, To::Octal)]),
    key("serverurl", &[(In::Program, To::Text)]),
];

const FCGI_PROGRAM: &[Key] = &[
    key("socket", &[(In::UngroupedNamed, To::FcgiSocket)]),
    key("socket_backlog", &[(In::Ungrouped, To::Range(1, 65535))]),
    key("socket_owner", &[(In::Ungrouped, To::UserAndGroup)]),
    key("socket_mode", &[(In::Ungrouped, To::Octal)]),
    // Read once for the socket and once for the processes.
    key("user", &[(In::Ungrouped, To::User)]),
];

const EVENT_LISTENER: &[Key] = &[
    key("buffer_size", &[(In::Plain, To::Range(1, i64::MAX))]),
    key("events", &[(In::Plain, To::Events)]),
    key("result_handler", &[(In::Plain, To::EntryPoint)]),
    // Read once to refuse it and once for the processes.
    key("redirect_stderr", &[(In::Plain, To::Boolean)]),
];

const GROUP: &[Key] =
    &[key("programs", &[(In::Plain, To::Text)]), key("priority", &[(In::Plain, To::Integer)])];

const INCLUDE: &[Key] = &[key("files", &[(In::Include, To::Text)])];

const SUPERVISORD: &[Key] = &[
    key("logfile", &[(In::Start, To::FileInDirectory)]),
    key("logfile_maxbytes", &[(In::Start, To::Size)]),
    key("logfile_backups", &[(In::Start, To::Integer)]),
    key("loglevel", &[(In::Start, To::LogLevel)]),
    key("pidfile", &[(In::Start, To::FileInDirectory)]),
    key("umask", &[(In::Start, To::Octal)]),
    key("nodaemon", &[(In::Start, To::Boolean)]),
    key("silent", &[(In::Start, To::Boolean)]),
    key("minfds", &[(In::Start, To::Integer)]),
    key("minprocs", &[(In::Start, To::Integer)]),
    key("nocleanup", &[(In::Start, To::Boolean)]),
    key("childlogdir", &[(In::Start, To::ExistingDirectory)]),
    key("user", &[(In::Start, To::User)]),
    key("directory", &[(In::Start, To::ExistingDirectory)]),
    key("strip_ansi", &[(In::Start, To::Boolean)]),
    key("environment", &[(In::StartTwice, To::Environment)]),
    key("identifier", &[(In::Start, To::Text)]),
];

/// supervisorctl reads these keys. The checker has no rule for their values.
const SUPERVISORCTL: &[Key] = &[
    key("serverurl", &[]),
    key("username", &[]),
    key("password", &[]),
    key("prompt", &[]),
    key("history_file", &[]),
];

const UNIX_SERVER: &[Key] = &[
    key("file", &[(In::Plain, To::SocketFile)]),
    key("chmod", &[(In::Plain, To::Octal)]),
    key("chown", &[(In::Plain, To::UserAndGroup)]),
];

const INET_SERVER: &[Key] = &[key("port", &[(In::Plain, To::InetAddress)])];

const SERVER: &[Key] =
    &[key("username", &[(In::Plain, To::Text)]), key("password", &[(In::Plain, To::Text)])];

/// The names of all keys of all sections.
pub(crate) fn all_keys() -> impl Iterator<Item = (&'static str, SectionKind)> {
    HEADERS.iter().flat_map(|(_, kind)| {
        kind.keys().unwrap_or_default().iter().flat_map(|keys| keys.iter().map(|key| (key.name, *kind)))
    })
}
