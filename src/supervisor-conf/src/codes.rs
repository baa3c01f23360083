// SPDX-License-Identifier: GPL-3.0-or-later
//! The kinds of mistakes: what each code means, why it matters, and how to fix it.
//!
//! `--explain`, the manual page and the rules of a SARIF report come from this table. A test checks that each
//! example has its code and that its corrected form has no finding.

use crate::finding::Severity;

/// Prefix of codes that depend on the machine on which supervisord will run, not only on the files.
pub const HOST_PREFIX: &str = "host-";

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable name, in kebab-case.
    pub name: &'static str,
    /// The usual severity.
    pub severity: Severity,
    /// The mistake.
    pub what: &'static str,
    /// The consequence.
    pub why: &'static str,
    /// A file with the mistake.
    pub example: &'static str,
    /// The same file without the mistake.
    pub cure: &'static str,
}

impl Code {
    /// Whether the code depends on the machine on which supervisord will run.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        is_of_host(self.name)
    }
}

/// Whether a code depends on the machine on which supervisord will run.
pub(crate) fn is_of_host(name: &str) -> bool {
    name.starts_with(HOST_PREFIX)
}

/// The code with this name.
#[must_use]
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.binary_search_by_key(&name, |code| code.name).ok().map(|index| &CODES[index])
}

/// The name that `word` most likely misspells.
#[must_use]
pub fn nearest_code(word: &str) -> Option<&'static str> {
    crate::rules::nearest(word, CODES.iter().map(|code| code.name))
}

const fn error(
    name: &'static str,
    what: &'static str,
    why: &'static str,
    example: &'static str,
    cure: &'static str,
) -> Code {
    Code { name, severity: Severity::Error, what, why, example, cure }
}

const fn warning(
    name: &'static str,
    what: &'static str,
    why: &'static str,
    example: &'static str,
    cure: &'static str,
) -> Code {
    Code { name, severity: Severity::Warning, what, why, example, cure }
}

const fn hint(
    name: &'static str,
    what: &'static str,
    why: &'static str,
    example: &'static str,
    cure: &'static str,
) -> Code {
    Code { name, severity: Severity::Hint, what, why, example, cure }
}

const REFUSES: &str =
    "supervisord refuses to start. If it is already running, it refuses to reread its files.";

/// All codes, sorted by name.
pub const CODES: &[Code] = &[
    error(
        "ambiguous-program",
        "A group lists a program that is both a [program:x] and an [fcgi-program:x].",
        REFUSES,
        "[group:web]\nprograms=app\n[program:app]\ncommand=/usr/bin/app\n[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
        "[group:web]\nprograms=app\n[program:app]\ncommand=/usr/bin/app\n[fcgi-program:app-fcgi]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    error(
        "bad-address",
        "An address is not an IPv4 address.",
        "supervisord opens its servers on IPv4 addresses only, and exits if it cannot open one.",
        "[supervisord]\n[inet_http_server]\nport=[::1]:9001\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    error(
        "bad-autorestart",
        "`autorestart` is not `true`, `false` or `unexpected`.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nautorestart=always\n",
        "[program:app]\ncommand=/usr/bin/app\nautorestart=true\n",
    ),
    error(
        "bad-environment",
        "`environment` is not a comma-separated list of NAME=\"value\".",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE web\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"web\"\n",
    ),
    error(
        "bad-exitcodes",
        "`exitcodes` is not a comma-separated list of numbers from 0 to 255.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nexitcodes=0 2\n",
        "[program:app]\ncommand=/usr/bin/app\nexitcodes=0,2\n",
    ),
    error(
        "bad-factory",
        "A key that names Python code does not have the form `package.module:function`.",
        REFUSES,
        "[supervisord]\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor/rpcinterface\n",
        "[supervisord]\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    ),
    error(
        "bad-name",
        "The name of a program, process or group contains a space, a colon or a slash.",
        REFUSES,
        "[program:my app]\ncommand=/usr/bin/app\n",
        "[program:my-app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "bad-percent",
        "A percent sign does not start a valid %(name)s.",
        "supervisord expands %(name)s in values and refuses to start if it cannot. Write a literal percent sign as %%. Write it as %%%% in stdout_logfile, stderr_logfile and `environment` of [supervisord]: supervisord expands these twice.",
        "[program:app]\ncommand=/usr/bin/app --load 80%\n",
        "[program:app]\ncommand=/usr/bin/app --load 80%%\n",
    ),
    error(
        "bad-port",
        "`port` of [inet_http_server] is not a TCP port.",
        REFUSES,
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    error(
        "bad-socket",
        "`socket` is neither unix:// with an absolute path nor tcp:// with a host and a port.",
        REFUSES,
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=/run/app.sock\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    error(
        "byte-order-mark",
        "The file starts with a byte order mark (BOM).",
        "Python does not skip it. supervisord does not recognise the first line as a section header and refuses to start.",
        "\u{feff}[program:app]\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "deprecated-syslog",
        "A log file is set to `syslog`.",
        "This value is deprecated, and Supervisor will remove it. Use `stdout_syslog` or `stderr_syslog` instead.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=syslog\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=NONE\nstdout_syslog=true\n",
    ),
    warning(
        "duplicate-group",
        "A group is defined twice.",
        "Supervisor merges the two sections. If both set a key, the last value takes effect.",
        "[program:a]\ncommand=/usr/bin/app\n[group:web]\nprograms=a\n[group:web]\npriority=5\n",
        "[program:a]\ncommand=/usr/bin/app\n[group:web]\nprograms=a\npriority=5\n",
    ),
    warning(
        "duplicate-key",
        "A section sets a key twice.",
        "Only the last value takes effect. supervisord does not report this.",
        "[program:app]\ncommand=/usr/bin/app\nautostart=false\nautostart=true\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    warning(
        "duplicate-name",
        "Two sections define groups of the same name.",
        "A program outside any [group:x] forms a group with the program's name. supervisord keeps one group of each name, so the other program never runs.",
        "[program:app]\ncommand=/usr/bin/app\n[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\n",
        "[program:app]\ncommand=/usr/bin/app\n[eventlistener:app-ticks]\ncommand=/usr/bin/app\nevents=TICK_60\n",
    ),
    warning(
        "duplicate-process",
        "Two processes of a group have the same name.",
        "supervisord keeps only one of them; the other never runs.",
        "[group:web]\nprograms=a,b\n[program:a]\ncommand=/usr/bin/app\nprocess_name=worker\n[program:b]\ncommand=/usr/bin/app\nprocess_name=worker\n",
        "[group:web]\nprograms=a,b\n[program:a]\ncommand=/usr/bin/app\nprocess_name=%(program_name)s-worker\n[program:b]\ncommand=/usr/bin/app\nprocess_name=%(program_name)s-worker\n",
    ),
    warning(
        "duplicate-program",
        "A program is defined twice, in one file or in two.",
        "Supervisor merges the two sections. If both set a key, the last value takes effect. A common cause is a copied file with an unchanged section header.",
        "[program:app]\ncommand=/usr/bin/app --port 1\n[program:app]\ncommand=/usr/bin/app --port 2\n",
        "[program:app-1]\ncommand=/usr/bin/app --port 1\n[program:app-2]\ncommand=/usr/bin/app --port 2\n",
    ),
    warning(
        "duplicate-variable",
        "`environment` sets a variable twice.",
        "Only the last value takes effect.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"a\",MODE=\"b\"\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"b\"\n",
    ),
    warning(
        "empty-command",
        "`command` is empty.",
        "The program cannot start.",
        "[program:app]\ncommand=\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "empty-group",
        "A group has no programs.",
        "It has no effect.",
        "[group:web]\n",
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app\n",
    ),
    warning(
        "empty-name",
        "A program, process or group has no name.",
        "No supervisorctl command can refer to it.",
        "[program:]\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "environment-cut",
        "In `environment`, text other than a comma follows a value.",
        "Supervisor skips the text after the value, so the variable has less than was written.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=NAME=\"a\"b\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=NAME=\"ab\"\n",
    ),
    warning(
        "fcgi-in-group",
        "A FastCGI program is in a [group:x].",
        "Supervisor starts it without its socket.",
        "[group:web]\nprograms=app\n[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    hint(
        "foreign-key",
        "A key belongs to a plugin or to another program with the same file format, not to Supervisor.",
        "Supervisor ignores it. This is correct if you use that plugin or program.",
        "[program:app]\ncommand=/usr/bin/app\ndependent_startup=true\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "half-authentication",
        "A server has only one of `username` and `password`.",
        REFUSES,
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\nusername=admin\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    error(
        "host-address-unusable",
        "A host name cannot be resolved, or an address does not belong to this machine.",
        "supervisord cannot open the server and exits.",
        "[supervisord]\n[inet_http_server]\nport=no-such-host.invalid:9001\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    warning(
        "host-command-is-directory",
        "`command` names a directory.",
        "The program cannot start.",
        "[program:app]\ncommand=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "host-command-not-executable",
        "`command` names a file that is not executable.",
        "The program cannot start.",
        "[program:app]\ncommand=/srv/app/run\n",
        "[program:app]\ncommand=/bin/sh /srv/app/run\n",
    ),
    warning(
        "host-command-not-found",
        "The program in `command` does not exist.",
        "The program cannot start. supervisord searches for a name without a slash in the PATH that `environment` sets, otherwise in its own PATH.",
        "[program:app]\ncommand=/usr/bin/apq\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "host-directory-missing",
        "`directory` or `childlogdir` is not an existing directory.",
        "In [supervisord] this is an error: supervisord refuses to start. In a program it is a warning: the program cannot start.",
        "[supervisord]\nchildlogdir=/var/log/none\n",
        "[supervisord]\nchildlogdir=/var/log\n",
    ),
    error(
        "host-log-directory-missing",
        "The directory of a log file or of the pidfile does not exist.",
        "supervisord does not create directories. If one is missing, it refuses to start; if it is already running, it refuses to reread its files.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/none/app.log\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
    ),
    warning(
        "host-log-is-directory",
        "The path of a log file or of the pidfile is a directory.",
        "A program with such a log cannot start. For `logfile` of [supervisord] this is an error: supervisord exits.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/srv/app/app.log\n",
    ),
    error(
        "host-log-not-writable",
        "`user` of [supervisord] cannot write a log file.",
        "supervisord switches to that user before it opens log files. It exits if it cannot open its own log. It does not start a program if it cannot open that program's log.",
        "[supervisord]\nuser=app\nlogfile=/var/log/supervisord.log\n",
        "[supervisord]\nuser=root\nlogfile=/var/log/supervisord.log\n",
    ),
    warning(
        "host-readable-secret",
        "Every user of the machine can read a file that contains a password or a key.",
        "The password or key is not secret. Standard input and files in a Git checkout are not checked, because their permissions differ from those of the installed file.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=API_KEY=\"0a1b2c\"\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=API_KEY_FILE=\"/etc/app.key\"\n",
    ),
    error(
        "host-socket-directory-missing",
        "The directory of a socket does not exist.",
        "supervisord cannot create the socket and exits.",
        "[supervisord]\n[unix_http_server]\nfile=/srv/none/supervisor.sock\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-socket-is-directory",
        "The path of a socket is a directory.",
        "supervisord cannot create the socket and never becomes ready.",
        "[supervisord]\n[unix_http_server]\nfile=/srv/app\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-socket-not-writable",
        "`user` of [supervisord] cannot create a socket in the socket's directory.",
        "supervisord switches to that user before it creates its sockets, and exits if it cannot create one.",
        "[supervisord]\nuser=app\n[unix_http_server]\nfile=/run/supervisor.sock\n",
        "[supervisord]\nuser=root\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-too-many-files",
        "`minfds` is higher than the machine allows.",
        "supervisord cannot raise its limit of open files and refuses to start. The kernel sets the limit for root, systemd for any other `user`.",
        "[supervisord]\nminfds=2000000\n",
        "[supervisord]\nminfds=65536\n",
    ),
    hint(
        "host-unchecked-module",
        "The configuration names Python modules that are not part of Supervisor.",
        "No check shows whether supervisord can import them. If it cannot, it refuses to start.",
        "[supervisord]\n[rpcinterface:twiddler]\nsupervisor.rpcinterface_factory=supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface\n",
        "[supervisord]\n",
    ),
    error(
        "host-undefined-variable",
        "A value uses %(ENV_x)s, but supervisord has no environment variable x.",
        "supervisord refuses to start. systemd starts it without HOME, USER and LANG.",
        "[program:app]\ncommand=/usr/bin/app %(ENV_APP_MODE)s\n",
        "[supervisord]\nenvironment=APP_MODE=\"web\"\n[program:app]\ncommand=/usr/bin/app %(ENV_APP_MODE)s\n",
    ),
    error(
        "host-unknown-group",
        "A group of users does not exist.",
        REFUSES,
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\nsocket_owner=app:nogroup-here\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\nsocket_owner=app:app\n",
    ),
    error(
        "host-unknown-user",
        "A user does not exist.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nuser=nobody-here\n",
        "[program:app]\ncommand=/usr/bin/app\nuser=app\n",
    ),
    warning(
        "host-unmatched-include",
        "`files` of [include] names a file that does not exist.",
        "supervisord ignores it. A pattern with * that matches nothing is not a mistake.",
        "[supervisord]\n[include]\nfiles=/etc/supervisor/none.conf\n",
        "[supervisord]\n[include]\nfiles=/etc/supervisor/none/*.conf\n",
    ),
    warning(
        "ignored-section",
        "An included file contains [include], [supervisorctl] or [ctlplugin:x].",
        "These sections have an effect in the main file only.",
        "[program:app]\ncommand=/usr/bin/app\n[include]\nfiles=more/*.conf\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "log-is-directory",
        "The path of a log ends with a slash.",
        "Such a path names a directory. A log must be a file.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
    ),
    error(
        "missing-command",
        "A program has no `command`.",
        REFUSES,
        "[program:app]\nautostart=true\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    error(
        "missing-events",
        "An event listener has no `events`.",
        REFUSES,
        "[eventlistener:app]\ncommand=/usr/bin/app\n",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=PROCESS_STATE\n",
    ),
    error(
        "missing-key",
        "A section lacks a required key.",
        REFUSES,
        "[supervisord]\n[unix_http_server]\nchmod=0700\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\nchmod=0700\n",
    ),
    error(
        "missing-section-header",
        "A line precedes the first section header.",
        REFUSES,
        "command=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "missing-socket",
        "A FastCGI program has no `socket`.",
        REFUSES,
        "[fcgi-program:app]\ncommand=/usr/bin/app\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    error(
        "no-key",
        "A line has no key before its `=` or `:`.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\n=true\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    warning(
        "no-processes",
        "`numprocs` is 0 or less.",
        "The program never runs.",
        "[program:app]\ncommand=/usr/bin/app\nnumprocs=0\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=false\n",
    ),
    error(
        "not-a-boolean",
        "A value must be true or false, but is neither.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nautostart=enabled\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    error(
        "not-a-setting",
        "A line is not a section header, a comment or a `key=value` setting.",
        "supervisord refuses to start. A common cause is a value that continues on a line without indentation.",
        "[program:app]\ncommand=/usr/bin/app\n--verbose\n",
        "[program:app]\ncommand=/usr/bin/app\n  --verbose\n",
    ),
    error(
        "not-a-size",
        "A size is not a number of bytes with an optional suffix KB, MB or GB.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=10M\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=10MB\n",
    ),
    error(
        "not-an-integer",
        "A value must be a whole number, but is not.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstartsecs=5s\n",
        "[program:app]\ncommand=/usr/bin/app\nstartsecs=5\n",
    ),
    error(
        "not-octal",
        "A mode or umask is not an octal number.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\numask=u=rwx\n",
        "[program:app]\ncommand=/usr/bin/app\numask=022\n",
    ),
    error(
        "not-utf8",
        "The file is not valid UTF-8.",
        "supervisord cannot read it and refuses to start. The example is saved in ISO 8859-1.",
        "[program:app]\ncommand=/usr/bin/app caf\u{e9}\n",
        "[program:app]\ncommand=/usr/bin/app cafe\n",
    ),
    warning(
        "nul-byte",
        "A value contains a NUL byte.",
        "Arguments and environment variables cannot contain one. The file may be damaged.",
        "[program:app]\ncommand=/usr/bin/app \0\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "out-of-range",
        "A number is outside the range that supervisord allows.",
        REFUSES,
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\nbuffer_size=0\n",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\nbuffer_size=10\n",
    ),
    error(
        "owner-of-tcp-socket",
        "`socket_owner` or `socket_mode` is set for a TCP socket.",
        REFUSES,
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=tcp://127.0.0.1:9000\nsocket_mode=0700\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=tcp://127.0.0.1:9000\n",
    ),
    error(
        "process-num-missing",
        "The processes of a program would all have the same name.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nnumprocs=4\n",
        "[program:app]\ncommand=/usr/bin/app\nnumprocs=4\nprocess_name=%(program_name)s_%(process_num)02d\n",
    ),
    warning(
        "quoted-name",
        "In `environment`, the name of a variable is in quotes.",
        "The quotes become part of the name.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=\"MODE\"=\"web\"\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"web\"\n",
    ),
    error(
        "redirect-in-listener",
        "An event listener has `redirect_stderr=true`.",
        "An event listener sends its replies to supervisord on standard output. supervisord refuses to start, because other output would mix with them.",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\nredirect_stderr=true\n",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\n",
    ),
    warning(
        "relative-command",
        "`command` is a relative path.",
        "supervisord looks for the program relative to its own working directory, then runs it relative to `directory`. It must exist in both. With --cwd, both directories are checked instead.",
        "[program:app]\ncommand=bin/app\ndirectory=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\ndirectory=/srv/app\n",
    ),
    warning(
        "relative-log",
        "The path of a log is relative.",
        "supervisord creates the file relative to its own working directory, which depends on how it is started.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=app.log\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
    ),
    warning(
        "rotated-device",
        "A log such as /dev/stdout has rotation enabled.",
        "supervisord cannot rotate a device. A program loses its output at the first line; for its own log, supervisord exits at the first message.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/dev/stdout\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\n",
    ),
    warning(
        "shared-log",
        "Two processes write to the same log, and at least one rotates it.",
        "After a rotation the other still writes to the old file, and lines are lost.",
        "[program:a]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n[program:b]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
        "[program:a]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/a.log\n[program:b]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/b.log\n",
    ),
    warning(
        "shell-syntax",
        "A command or a path uses shell syntax: $NAME, a pipe, a redirection or `&&`.",
        "Supervisor does not start a shell. It passes the text to the program unchanged, or uses it as part of the path.",
        "[program:app]\ncommand=/usr/bin/app && /usr/bin/app --late\n",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app && exec /usr/bin/app --late\"\n",
    ),
    warning(
        "stderr-log-ignored",
        "`stderr_logfile` and `redirect_stderr=true` are both set.",
        "supervisord writes nothing to `stderr_logfile`.",
        "[program:app]\ncommand=/usr/bin/app\nredirect_stderr=true\nstdout_logfile=/var/log/app.log\nstderr_logfile=/var/log/app.err\n",
        "[program:app]\ncommand=/usr/bin/app\nredirect_stderr=true\nstdout_logfile=/var/log/app.log\n",
    ),
    error(
        "stop-without-kill",
        "`stopasgroup=true` and `killasgroup=false` are both set.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstopasgroup=true\nkillasgroup=false\n",
        "[program:app]\ncommand=/usr/bin/app\nstopasgroup=true\n",
    ),
    warning(
        "swallowed-line",
        "A section header or a setting is indented.",
        "An indented line continues the value above it, so neither has its intended meaning. This is an error if supervisord refuses the resulting value.",
        "[program:app]\ncommand=/usr/bin/app\n  autostart=false\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=false\n",
    ),
    warning(
        "text-after-header",
        "Text follows the closing bracket of a section header.",
        "Supervisor ignores it.",
        "[program:app] command=/usr/bin/app\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "tilde-not-expanded",
        "`command` or `directory` starts with `~`.",
        "Supervisor expands `~` in the paths of log files and sockets only, so the program cannot start.",
        "[program:app]\ncommand=~/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "unbalanced-quotes",
        "`command` has a quote that is never closed, or ends with a backslash.",
        "The program cannot start.",
        "[program:app]\ncommand=/usr/bin/app \"a\n",
        "[program:app]\ncommand=/usr/bin/app \"a\"\n",
    ),
    warning(
        "unbounded-log",
        "A log with the value AUTO, the default, has no size limit.",
        "It is a temporary file that grows until the disk is full.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=0\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=1MB\n",
    ),
    error(
        "undefined-variable",
        "A value uses a %(name)s that is not defined there.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app --name %(program)s\n",
        "[program:app]\ncommand=/usr/bin/app --name %(program_name)s\n",
    ),
    warning(
        "unknown-code",
        "A comment disables a code that does not exist.",
        "The comment has no effect.",
        "[program:app]\ncommand=/usr/bin/app\n; lampi-check: disable=unknown-kex\nautostart=true\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    error(
        "unknown-event",
        "`events` names an event that Supervisor does not have.",
        REFUSES,
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=PROCESS_STATES\n",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=PROCESS_STATE\n",
    ),
    warning(
        "unknown-key",
        "A key is not one that Supervisor reads in this section.",
        "supervisord ignores it and does not report it.",
        "[program:app]\ncommand=/usr/bin/app\nstartsec=5\n",
        "[program:app]\ncommand=/usr/bin/app\nstartsecs=5\n",
    ),
    error(
        "unknown-log-level",
        "`loglevel` is not a log level of supervisord.",
        REFUSES,
        "[supervisord]\nloglevel=warning\n",
        "[supervisord]\nloglevel=warn\n",
    ),
    error(
        "unknown-program",
        "A group lists a program that no file defines.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app,ap\n",
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app\n",
    ),
    warning(
        "unknown-section",
        "Supervisor reads no section with this header.",
        "supervisord ignores the whole section.",
        "[programs:app]\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "unknown-signal",
        "`stopsignal` is not a signal.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstopsignal=GRACEFUL\n",
        "[program:app]\ncommand=/usr/bin/app\nstopsignal=QUIT\n",
    ),
    warning(
        "unnamed-format",
        "A value contains `%s` without a name.",
        "supervisord replaces it with the list of all variables.",
        "[program:app]\ncommand=/usr/bin/app --date %s\n",
        "[program:app]\ncommand=/usr/bin/app --date %%s\n",
    ),
    warning(
        "unrendered-template",
        "The file looks like a template (Jinja, ERB, envsubst) that has not been rendered.",
        "The rendered file may differ, so nothing else is reported. This is an error if supervisord refuses the file as it is.",
        "[program:app]\ncommand=/usr/bin/app\ndirectory={{ app_root }}\n",
        "[program:app]\ncommand=/usr/bin/app\ndirectory=/srv/app\n",
    ),
    warning(
        "user-without-root",
        "A program has a `user`, but [supervisord] runs as another user that is not root.",
        "Only root can switch to another user, so the program cannot start.",
        "[supervisord]\nuser=app\nlogfile=/srv/app/supervisord.log\n[program:app]\ncommand=/usr/bin/app\nuser=www-data\n",
        "[supervisord]\nuser=root\n[program:app]\ncommand=/usr/bin/app\nuser=www-data\n",
    ),
    warning(
        "value-cut",
        "In a value, a `;` or `#` after a space starts a comment.",
        "Quotes do not prevent this. The rest of the line is not part of the value.",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app ; /usr/bin/app\"\n",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app; /usr/bin/app\"\n",
    ),
];
