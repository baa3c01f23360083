// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the lamp's Supervisor, over its socket: reads the state of programs, starts and stops them,
//! and has Supervisor reload its files.
//!
//! The paths are those of Debian's Supervisor. Of XML-RPC, it implements the part that the lamp needs. It
//! does not read the programs' files; supervisor-conf does.

mod control;
pub mod log;
mod xmlrpc;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use programs::paths;

pub use control::Control;
use xmlrpc::{Fault, Value};

/// The socket of Debian's Supervisor.
const SOCKET: &str = "/var/run/supervisor.sock";

/// Time limit of a response. Stopping a program takes up to its `stopwaitsecs`, by default 10 s.
const PATIENCE: Duration = Duration::from_mins(1);

/// Supervisor's fault codes for a program that it cannot start: the command does not exist, is not executable,
/// or ends as soon as it is started (`Faults` in supervisor/xmlrpc.py).
const NO_FILE: i64 = 20;
const NOT_EXECUTABLE: i64 = 21;
const ABNORMAL_TERMINATION: i64 = 40;
const SPAWN_ERROR: i64 = 50;

/// Supervisor's fault code for an invalid configuration.
const CANT_REREAD: i64 = 92;

/// The Supervisor of a lamp.
#[derive(Debug)]
pub struct Supervisor {
    /// None if supervisord.conf sets none.
    socket: Option<PathBuf>,
}

/// Why a request to Supervisor failed.
#[derive(Debug)]
pub enum SupervisorError {
    /// Supervisor is not running.
    NotRunning,
    /// Supervisor listens on no socket, so its state is unknown.
    NoSocket,
    /// The user may not connect to the socket.
    Forbidden,
    /// Supervisor rejects its configuration, with its reason. The programs stay as they were.
    Refused(String),
    /// Any other reason, as a sentence.
    Failed(String),
}

/// A program's state in Supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Name of the program.
    pub name: String,
    /// Supervisor's name of the state, such as RUNNING.
    pub state: String,
    /// Process ID, if there is a process.
    pub pid: Option<i64>,
    /// Seconds since the start, if it runs.
    pub uptime: Option<i64>,
    /// Supervisor's description, such as the reason why it was not started.
    pub description: String,
}

/// Result of [`Supervisor::update`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The program was added.
    Added,
    /// It was restarted with its changed file.
    Changed,
    /// It was stopped and removed.
    Removed,
    /// Nothing changed.
    Same,
}

impl Supervisor {
    /// The Supervisor of the lamp whose files are below `root`.
    pub fn at(root: &Path) -> Self {
        let socket = match std::fs::read_to_string(system_files::in_root(root, paths::SUPERVISOR)) {
            Ok(configuration) => socket(&configuration).map(str::to_owned),
            Err(_) => Some(SOCKET.to_owned()),
        };
        Self { socket: socket.map(|socket| system_files::in_root(root, socket)) }
    }

    /// All programs that Supervisor has loaded.
    pub fn processes(&self) -> Result<Vec<Process>, SupervisorError> {
        let answer = self.call("supervisor.getAllProcessInfo", &[])?;
        let processes = answer.array().and_then(|processes| processes.iter().map(process).collect());
        processes.ok_or_else(|| SupervisorError::Failed("cannot parse Supervisor's list of processes".into()))
    }

    /// Reloads Supervisor's files, and applies changes to one program. Other programs stay as they are.
    pub fn update(&self, program: &str) -> Result<Update, SupervisorError> {
        let answer = self.call("supervisor.reloadConfig", &[])?;
        let lists: Option<Vec<bool>> =
            answer.array().and_then(|answer| answer.first()?.array()).map(|lists| {
                lists
                    .iter()
                    .map(|list| {
                        list.array().is_some_and(|names| names.iter().any(|n| n.text() == Some(program)))
                    })
                    .collect()
            });
        let Some([added, changed, removed]) = lists.as_deref() else {
            return Err(SupervisorError::Failed("cannot parse Supervisor's list of changes".into()));
        };
        if *changed || *removed {
            self.call("supervisor.stopProcessGroup", &[program])?;
            self.call("supervisor.removeProcessGroup", &[program])?;
        }
        if *changed || *added {
            self.call("supervisor.addProcessGroup", &[program])?;
        }
        Ok(match (added, changed, removed) {
            (true, _, _) => Update::Added,
            (_, true, _) => Update::Changed,
            (_, _, true) => Update::Removed,
            _ => Update::Same,
        })
    }

    /// Reloads Supervisor's files, and stops and removes those of `programs` that the files no longer
    /// contain.
    pub fn forget(&self, programs: &[String]) -> Result<(), SupervisorError> {
        let answer = self.call("supervisor.reloadConfig", &[])?;
        let gone = answer.array().and_then(|answer| answer.first()?.array()?.get(2)?.array());
        let gone = gone.unwrap_or_default().iter().filter_map(Value::text);
        for program in gone.filter(|program| programs.iter().any(|taken| taken == program)) {
            self.call("supervisor.stopProcessGroup", &[program])?;
            self.call("supervisor.removeProcessGroup", &[program])?;
        }
        Ok(())
    }

    /// The process ID of Supervisor, if it responds.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.call("supervisor.getPID", &[]).ok()?.number()?.try_into().ok()
    }

    fn call(&self, method: &str, parameters: &[&str]) -> Result<Value, SupervisorError> {
        let socket = self.socket.as_deref().ok_or(SupervisorError::NoSocket)?;
        let answer = post(socket, &xmlrpc::call(method, parameters)).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => SupervisorError::NotRunning,
            ErrorKind::PermissionDenied => SupervisorError::Forbidden,
            _ => SupervisorError::Failed(format!("Supervisor does not respond: {error}")),
        })?;
        let value = body(&answer).and_then(xmlrpc::answer).map_err(SupervisorError::Failed)?;
        value.map_err(|Fault { code, text }| {
            // The text begins with the name of the code.
            let detail = text.split_once(": ").map_or(text.as_str(), |(_, detail)| detail);
            match code {
                CANT_REREAD => SupervisorError::Refused(detail.to_owned()),
                NO_FILE | NOT_EXECUTABLE => {
                    SupervisorError::Failed(format!("Supervisor cannot start the program: {detail}"))
                }
                ABNORMAL_TERMINATION | SPAWN_ERROR => SupervisorError::Failed(format!(
                    "{detail} failed to start; to see the reason, run: lampi logs {detail}"
                )),
                _ => SupervisorError::Failed(format!("Supervisor rejected {method}: {text}")),
            }
        })
    }
}

fn post(socket: &Path, content: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP 1.0: the server closes the connection after the response.
    let length = content.len();
    let request = format!(
        "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\n\
         Content-Length: {length}\r\n\r\n{content}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The socket that supervisord.conf sets.
fn socket(configuration: &str) -> Option<&str> {
    let mut lines = configuration
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("[unix_http_server]"))
        .skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(|line| {
        let value = line.strip_prefix("file")?.trim_start().strip_prefix(['=', ':'])?;
        // A space and a semicolon start a comment.
        Some(value.split(" ;").next().unwrap_or(value).trim())
    })
}

/// The body of a successful HTTP response.
fn body(answer: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(answer).map_err(|_| "Supervisor's response is not UTF-8")?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("Supervisor's response is truncated")?;
    match head.lines().next().and_then(|line| line.split(' ').nth(1)) {
        Some("200") => Ok(body),
        Some("401") => Err(format!(
            "Supervisor requires a password, which lampi does not support; run: sudo supervisorctl -c {}",
            paths::SUPERVISOR
        )),
        _ => Err(format!("Supervisor responded with {:?}", head.lines().next().unwrap_or_default())),
    }
}

fn process(value: &Value) -> Option<Process> {
    let number = |name| value.field(name)?.number();
    let text = |name| value.field(name)?.text().map(ToOwned::to_owned);
    let state = text("statename")?;
    let lives = ["STARTING", "RUNNING", "STOPPING"].contains(&state.as_str());
    Some(Process {
        name: text("name")?,
        pid: number("pid").filter(|pid| lives && *pid != 0),
        // The clock may have been set back.
        uptime: (state == "RUNNING").then_some((number("now")? - number("start")?).max(0)),
        description: text("description")?,
        state,
    })
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => {
                formatter.write_str("Supervisor is not running; run: sudo systemctl start supervisor")
            }
            Self::NoSocket => write!(
                formatter,
                "cannot connect to Supervisor: {} has no [unix_http_server] section with a file= setting; \
                 add both: file={SOCKET}",
                paths::SUPERVISOR
            ),
            Self::Forbidden => formatter.write_str("only root can connect to Supervisor; use sudo"),
            Self::Refused(reason) => {
                write!(formatter, "Supervisor rejects its configuration: {reason}; run: sudo lampi doctor")
            }
            Self::Failed(sentence) => formatter.write_str(sentence),
        }
    }
}

impl std::error::Error for SupervisorError {}

#[cfg(test)]
mod tests {
    use super::{body, socket};

    #[test]
    fn reads_the_socket_from_supervisord_conf() {
        let debian =
            "; config\n\n[unix_http_server]\nfile=/var/run/supervisor.sock   ; (the path)\nchmod=0700\n";
        assert_eq!(socket(debian), Some("/var/run/supervisor.sock"));
        assert_eq!(socket("[unix_http_server]\nchmod=0700\nfile = /run/s\n"), Some("/run/s"));
        assert_eq!(socket("[unix_http_server] ; local\nfile: /run/s\n"), Some("/run/s"));
        assert_eq!(socket("[unix_http_server]\n[inet_http_server]\nfile=/no\n"), None);
        assert_eq!(socket("file=/no\n"), None);
    }

    #[test]
    fn rejects_a_response_without_success() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n<x/>").unwrap(), "<x/>");
        for (answer, reason) in [
            ("HTTP/1.0 401 Unauthorized\r\n\r\n", "requires a password"),
            ("HTTP/1.0 500 Oh\r\n\r\n", "500 Oh"),
            ("", "truncated"),
        ] {
            let error = body(answer.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{answer}: {error}");
        }
    }
}
