// SPDX-License-Identifier: GPL-3.0-or-later
//! The Supervisor of a lamp, spoken to over its socket: in which state its programs are, to start and stop them, and to
//! follow its changed files.
//!
//! It knows where Debian's Supervisor has its files, and the part of Supervisor's XML-RPC that the lamp needs. It never reads
//! what the files say of programs, which is the work of supervisor-conf.

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

/// Where Debian's Supervisor has its socket.
const SOCKET: &str = "/var/run/supervisor.sock";

/// How long an answer may take. To stop a program takes up to its `stopwaitsecs`, 10 s if nothing is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// Supervisor's number for a configuration that it refuses.
const CANT_REREAD: i64 = 92;

/// The Supervisor of a lamp.
#[derive(Debug)]
pub struct Supervisor {
    /// None if its file names none.
    socket: Option<PathBuf>,
}

/// Why Supervisor did not do what it was asked.
#[derive(Debug)]
pub enum SupervisorError {
    /// It does not run.
    NotRunning,
    /// It listens on no socket, so whether it runs cannot be told.
    NoSocket,
    /// It does not speak to the user.
    Forbidden,
    /// It refuses its files, with its reason. The programs stay as they were.
    Refused(String),
    /// Whatever else, as a sentence.
    Failed(String),
}

/// A program as Supervisor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its name.
    pub name: String,
    /// Supervisor's word for its state, such as RUNNING.
    pub state: String,
    /// Its process, while there is one.
    pub pid: Option<i64>,
    /// Seconds since its start, while it runs.
    pub uptime: Option<i64>,
    /// What Supervisor adds, such as the reason why it could not be started.
    pub description: String,
}

/// What came of [`Supervisor::update`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The program was not known, and now is.
    Added,
    /// It was restarted with a changed file.
    Changed,
    /// It was stopped and is not known any more.
    Removed,
    /// There was nothing to do.
    Same,
}

impl Supervisor {
    /// That of the lamp whose files are below `root`.
    pub fn at(root: &Path) -> Self {
        let socket = match std::fs::read_to_string(system_files::in_root(root, paths::SUPERVISOR)) {
            Ok(configuration) => socket(&configuration).map(str::to_owned),
            Err(_) => Some(SOCKET.to_owned()),
        };
        Self { socket: socket.map(|socket| system_files::in_root(root, socket)) }
    }

    /// All programs that it knows.
    pub fn processes(&self) -> Result<Vec<Process>, SupervisorError> {
        let answer = self.call("supervisor.getAllProcessInfo", &[])?;
        let processes = answer.array().and_then(|processes| processes.iter().map(process).collect());
        processes
            .ok_or_else(|| SupervisorError::Failed("Supervisor's list of processes is not understood".into()))
    }

    /// Has it read its files again, and follow what they say of one program; the others are left as they are.
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
            return Err(SupervisorError::Failed("Supervisor's list of changes is not understood".into()));
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

    /// Has it read its files again, and let go of those of these programs that they have no longer.
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

    /// The number of its own process, if it answers.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.call("supervisor.getPID", &[]).ok()?.number()?.try_into().ok()
    }

    fn call(&self, method: &str, parameters: &[&str]) -> Result<Value, SupervisorError> {
        let socket = self.socket.as_deref().ok_or(SupervisorError::NoSocket)?;
        let answer = post(socket, &xmlrpc::call(method, parameters)).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => SupervisorError::NotRunning,
            ErrorKind::PermissionDenied => SupervisorError::Forbidden,
            _ => SupervisorError::Failed(format!("Supervisor does not answer: {error}")),
        })?;
        let value = body(&answer).and_then(xmlrpc::answer).map_err(SupervisorError::Failed)?;
        value.map_err(|Fault { code, text }| match code {
            CANT_REREAD => SupervisorError::Refused(text.trim_start_matches("CANT_REREAD: ").to_owned()),
            _ => SupervisorError::Failed(format!("Supervisor refuses {method}: {text}")),
        })
    }
}

fn post(socket: &Path, content: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Version 1.0: the answer ends with the connection.
    let length = content.len();
    let request = format!(
        "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{content}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// What Supervisor's own file says of its socket.
fn socket(configuration: &str) -> Option<&str> {
    let mut lines = configuration
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("[unix_http_server]"))
        .skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(|line| {
        let value = line.strip_prefix("file")?.trim_start().strip_prefix(['=', ':'])?;
        // A blank and a semicolon begin a comment.
        Some(value.split(" ;").next().unwrap_or(value).trim())
    })
}

/// The body of an HTTP answer, if it is one that reports success.
fn body(answer: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(answer).map_err(|_| "Supervisor's answer is not text")?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("Supervisor's answer is cut short")?;
    match head.lines().next().and_then(|line| line.split(' ').nth(1)) {
        Some("200") => Ok(body),
        Some("401") => Err(format!(
            "Supervisor asks for a password; use sudo supervisorctl -c {}, which knows it",
            paths::SUPERVISOR
        )),
        _ => Err(format!("Supervisor answers {:?}", head.lines().next().unwrap_or_default())),
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
        // The clock may have been set since.
        uptime: (state == "RUNNING").then_some((number("now")? - number("start")?).max(0)),
        description: text("description")?,
        state,
    })
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => {
                formatter.write_str("Supervisor does not run; start it with: sudo systemctl start supervisor")
            }
            Self::NoSocket => write!(
                formatter,
                "Supervisor cannot be asked, because {} has no [unix_http_server] with a file=; \
                 add one, as the package supervisor brings it: file={SOCKET}",
                paths::SUPERVISOR
            ),
            Self::Forbidden => formatter.write_str("Supervisor speaks only to root; use sudo"),
            Self::Refused(reason) => write!(
                formatter,
                "Supervisor refuses its configuration ({reason}); sudo lampi doctor tells what to mend"
            ),
            Self::Failed(sentence) => formatter.write_str(sentence),
        }
    }
}

impl std::error::Error for SupervisorError {}

#[cfg(test)]
mod tests {
    use super::{body, socket};

    #[test]
    fn the_socket_is_found() {
        let debian =
            "; config\n\n[unix_http_server]\nfile=/var/run/supervisor.sock   ; (the path)\nchmod=0700\n";
        assert_eq!(socket(debian), Some("/var/run/supervisor.sock"));
        assert_eq!(socket("[unix_http_server]\nchmod=0700\nfile = /run/s\n"), Some("/run/s"));
        assert_eq!(socket("[unix_http_server] ; local\nfile: /run/s\n"), Some("/run/s"));
        assert_eq!(socket("[unix_http_server]\n[inet_http_server]\nfile=/no\n"), None);
        assert_eq!(socket("file=/no\n"), None);
    }

    #[test]
    fn answers_that_are_none_are_errors() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n<x/>").unwrap(), "<x/>");
        for (answer, reason) in [
            ("HTTP/1.0 401 Unauthorized\r\n\r\n", "asks for a password"),
            ("HTTP/1.0 500 Oh\r\n\r\n", "500 Oh"),
            ("", "cut short"),
        ] {
            let error = body(answer.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{answer}: {error}");
        }
    }
}
