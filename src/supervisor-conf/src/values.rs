// SPDX-License-Identifier: GPL-3.0-or-later
//! The conversions that Supervisor applies to values. They accept exactly the same values.

use crate::text::is_space;

/// When a process restarts after its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autorestart {
    /// `autorestart=false`
    Never,
    /// `autorestart=unexpected`, the default: after an exit status that `exitcodes` does not name.
    Unexpected,
    /// `autorestart=true`
    Always,
}

/// Signal names of Python's `signal` module on Linux, without `SIG`.
const SIGNALS: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// Events that an event listener can subscribe to (supervisor/events.py).
pub(crate) const EVENTS: &[&str] = &[
    "EVENT",
    "PROCESS_STATE",
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_UNKNOWN",
    "PROCESS_COMMUNICATION",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_LOG",
    "PROCESS_LOG_STDOUT",
    "PROCESS_LOG_STDERR",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK",
    "TICK_5",
    "TICK_60",
    "TICK_3600",
    "PROCESS_GROUP",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
];

/// Levels of supervisord's own log.
pub(crate) const LOG_LEVELS: &[&str] = &["critical", "error", "warn", "info", "debug", "trace", "blather"];

/// Python's `int(text, radix)` for the radixes 8 and 10. Saturates at the limits of `i64`.
fn python_int(text: &str, radix: u32) -> Option<i64> {
    let text = text.trim_matches(is_space);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match text.strip_prefix("0o").or_else(|| text.strip_prefix("0O")) {
        Some(rest) if radix == 8 => rest.strip_prefix('_').unwrap_or(rest),
        _ => text,
    };
    let mut number = 0_i64;
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for digit in group.chars() {
            number =
                number.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit.to_digit(radix)?));
        }
    }
    Some(if negative { -number } else { number })
}

pub(crate) fn integer(text: &str) -> Option<i64> {
    python_int(text, 10)
}

pub(crate) fn octal(text: &str) -> Option<i64> {
    python_int(text, 8)
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

pub(crate) fn autorestart(text: &str) -> Option<Autorestart> {
    if text.eq_ignore_ascii_case("unexpected") {
        return Some(Autorestart::Unexpected);
    }
    Some(if boolean(text)? { Autorestart::Always } else { Autorestart::Never })
}

/// A number of bytes, with an optional suffix KB, MB or GB.
pub(crate) fn size(text: &str) -> Option<i64> {
    let text = text.to_lowercase();
    for (suffix, factor) in [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)] {
        if let Some(number) = text.strip_suffix(suffix) {
            return Some(integer(number)?.saturating_mul(factor));
        }
    }
    integer(&text)
}

/// Whether supervisord accepts this as `stopsignal`. It accepts 0, because Python names it `SIG_DFL`.
pub(crate) fn is_signal(text: &str) -> bool {
    if let Some(number) = integer(text) {
        return matches!(number, 0..=31 | 34 | 64);
    }
    let name = text.trim_matches(is_space).to_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    SIGNALS.contains(&name) || matches!(name, "_DFL" | "_IGN" | "_BLOCK" | "_UNBLOCK" | "_SETMASK")
}

pub(crate) fn exit_codes(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|code| u8::try_from(integer(code)?).ok()).collect()
}

/// A TCP port, alone or after `host:`.
pub(crate) fn is_inet_address(text: &str) -> bool {
    let port = text.rsplit_once(':').map_or(text, |(_, port)| port);
    integer(port).is_some_and(|port| (1..=0xffff).contains(&port))
}

/// The first character that is forbidden in the name of a process or group.
pub(crate) fn forbidden_in_name(name: &str) -> Option<char> {
    let name = name.trim_matches(is_space);
    [' ', ':', '/'].into_iter().find(|char| name.contains(*char))
}

/// Whether this is a Python object as `package.module:object`, with optional extras in brackets. Python also
/// accepts a name and `=` before it.
pub(crate) fn is_entry_point(text: &str) -> bool {
    let (name, text) = text.rsplit_once('=').unwrap_or(("", text));
    if name.contains('\n') {
        return false;
    }
    let text = text.trim_matches(is_space);
    let text = match text.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((rest, extras))
            if extras.chars().all(|char| char.is_ascii_alphanumeric() || "_-., ".contains(char)) =>
        {
            rest
        }
        _ => text,
    };
    let dotted = |part: &str| {
        let mut names = part.trim_matches(is_space).split('.');
        names.all(|name| !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_'))
    };
    match text.split_once(':') {
        Some((module, object)) => dotted(module) && dotted(object),
        None => dotted(text),
    }
}

/// Whether this is `unix://` and an absolute path, or `tcp://HOST:PORT` with a port in range.
pub(crate) fn is_fcgi_socket(text: &str) -> bool {
    if let Some(path) = text.strip_prefix("unix://") {
        return path.starts_with('/');
    }
    let Some((host, port)) = text.strip_prefix("tcp://").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    !host.is_empty()
        && !host.contains(is_space)
        && port.chars().all(|digit| digit.is_ascii_digit())
        && integer(port).is_some_and(|port| (1..=0xffff).contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_like_python() {
        for (text, number) in [("5", Some(5)), (" +7 ", Some(7)), ("-010", Some(-10)), ("1_000", Some(1000))]
        {
            assert_eq!(integer(text), number, "{text}");
        }
        for text in ["", "5s", "1.5", "0x10", "1__0", "_1", "1_", "--1", "high", "- 1"] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer("99999999999999999999999"), Some(i64::MAX));
        assert_eq!(octal("0o22"), Some(0o22));
        assert_eq!(octal("022"), Some(0o22));
        assert_eq!(octal("089"), None);
    }

    #[test]
    fn accepts_three_suffixes_of_sizes() {
        assert_eq!(size("50MB"), Some(50 << 20));
        assert_eq!(size("1 kb"), Some(1024));
        for text in ["50M", "50 MiB", "MB", "1.5GB", "50b"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn accepts_signal_names_and_numbers() {
        for text in ["TERM", "sigusr1", "15", "RTMIN", "0", "64"] {
            assert!(is_signal(text), "{text}");
        }
        for text in ["TREM", "32", "65", "-9", "SIG SIGTERM", ""] {
            assert!(!is_signal(text), "{text}");
        }
    }

    #[test]
    fn recognises_entry_points() {
        assert!(is_entry_point("supervisor.rpcinterface:make_main_rpcinterface"));
        assert!(is_entry_point("module"));
        assert!(is_entry_point("module : object [extra]"));
        for text in ["", "a b:c", "module:", ":object", "a:b:c", "path/to:thing", "a.:b", "a:b [c:d]"] {
            assert!(!is_entry_point(text), "{text}");
        }
    }
}
