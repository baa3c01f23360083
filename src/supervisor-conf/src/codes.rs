// SPDX-License-Identifier: GPL-3.0-or-later
//! The kinds of mistakes: what each code means, why it matters, and how it is cured.
//!
//! This is the one place that says so: `--explain`, the manual page and the rules of a SARIF report are made of it, and
//! a test checks that each example has its code and that its cure has none.

use crate::finding::Severity;

/// How the codes begin that depend on the machine on which supervisord will run, and not on the files alone.
pub const HOST_PREFIX: &str = "host-";

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its stable name, in kebab-case.
    pub name: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// What was found.
    pub what: &'static str,
    /// What comes of it.
    pub why: &'static str,
    /// A file that has the mistake.
    pub example: &'static str,
    /// The same file without it.
    pub cure: &'static str,
}

impl Code {
    /// Whether it depends on the machine on which supervisord will run.
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

/// The name that `word` is most likely a misspelling of.
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
    "supervisord refuses to start, and a running one refuses to reread: no program can be changed.";

/// All codes, sorted by name.
pub const CODES: &[Code] = &[
    error(
        "ambiguous-program",
        "A group names a program that is a [program:x] and a [fcgi-program:x].",
        REFUSES,
        "[group:web]\nprograms=app\n[program:app]\ncommand=/usr/bin/app\n[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
        "[group:web]\nprograms=app\n[program:app]\ncommand=/usr/bin/app\n[fcgi-program:app-fcgi]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    error(
        "bad-address",
        "An address is not one of IPv4.",
        "supervisord opens its servers with IPv4 only, and ends when it cannot.",
        "[supervisord]\n[inet_http_server]\nport=[::1]:9001\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    error(
        "bad-autorestart",
        "`autorestart` is neither true, false nor `unexpected`.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nautorestart=always\n",
        "[program:app]\ncommand=/usr/bin/app\nautorestart=true\n",
    ),
    error(
        "bad-environment",
        "`environment` is not a list of NAME=\"value\" with commas between them.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE web\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"web\"\n",
    ),
    error(
        "bad-exitcodes",
        "`exitcodes` is not a list of numbers from 0 to 255.",
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
        "The name of a program, process or group has a blank, a colon or a slash.",
        REFUSES,
        "[program:my app]\ncommand=/usr/bin/app\n",
        "[program:my-app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "bad-percent",
        "A percent sign starts nothing that can be replaced.",
        "supervisord replaces %(name)s in values. A lone percent sign has to be written twice; in stdout_logfile, stderr_logfile and the environment of [supervisord] four times, as those are replaced twice.",
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
        "The file begins with a byte order mark.",
        "Python does not skip it, so the first line is no section header for supervisord, which refuses to start.",
        "\u{feff}[program:app]\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "deprecated-syslog",
        "A log file is called `syslog`.",
        "This way to syslog is to be removed from Supervisor.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=syslog\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=NONE\nstdout_syslog=true\n",
    ),
    warning(
        "duplicate-group",
        "A group is opened twice.",
        "Its values are mixed: of a key that is in both, the last value counts.",
        "[program:a]\ncommand=/usr/bin/app\n[group:web]\nprograms=a\n[group:web]\npriority=5\n",
        "[program:a]\ncommand=/usr/bin/app\n[group:web]\nprograms=a\npriority=5\n",
    ),
    warning(
        "duplicate-key",
        "A section has a key twice.",
        "The last value counts, and nothing tells of the first.",
        "[program:app]\ncommand=/usr/bin/app\nautostart=false\nautostart=true\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    warning(
        "duplicate-name",
        "Two sections make groups of one name.",
        "Every program outside of a group makes a group of its own name, and supervisord keeps one group of a name. The other program never runs.",
        "[program:app]\ncommand=/usr/bin/app\n[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\n",
        "[program:app]\ncommand=/usr/bin/app\n[eventlistener:app-ticks]\ncommand=/usr/bin/app\nevents=TICK_60\n",
    ),
    warning(
        "duplicate-process",
        "Two processes of a group have one name.",
        "The group keeps one of them; the other one never runs.",
        "[group:web]\nprograms=a,b\n[program:a]\ncommand=/usr/bin/app\nprocess_name=worker\n[program:b]\ncommand=/usr/bin/app\nprocess_name=worker\n",
        "[group:web]\nprograms=a,b\n[program:a]\ncommand=/usr/bin/app\nprocess_name=%(program_name)s-worker\n[program:b]\ncommand=/usr/bin/app\nprocess_name=%(program_name)s-worker\n",
    ),
    warning(
        "duplicate-program",
        "A program is opened twice, in one file or in two.",
        "Its values are mixed: of a key that is in both, the last value counts. Often a file was copied and its header forgotten.",
        "[program:app]\ncommand=/usr/bin/app --port 1\n[program:app]\ncommand=/usr/bin/app --port 2\n",
        "[program:app-1]\ncommand=/usr/bin/app --port 1\n[program:app-2]\ncommand=/usr/bin/app --port 2\n",
    ),
    warning(
        "duplicate-variable",
        "`environment` sets a variable twice.",
        "The last value counts.",
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
        "It does nothing.",
        "[group:web]\n",
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app\n",
    ),
    warning(
        "empty-name",
        "A program, process or group has no name.",
        "No command of supervisorctl can address it.",
        "[program:]\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "environment-cut",
        "A value in `environment` ends before something that is not a comma.",
        "Supervisor skips what stands where the comma should be, so the variable has less than was written.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=NAME=\"a\"b\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=NAME=\"ab\"\n",
    ),
    warning(
        "fcgi-in-group",
        "A FastCGI program is in a [group:x].",
        "Supervisor then starts it without its socket.",
        "[group:web]\nprograms=app\n[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
        "[fcgi-program:app]\ncommand=/usr/bin/app\nsocket=unix:///run/app.sock\n",
    ),
    hint(
        "foreign-key",
        "A key is not one of Supervisor but of a plugin, or of another program with such files.",
        "Supervisor ignores it. That is right where the plugin or the other program is in use.",
        "[program:app]\ncommand=/usr/bin/app\ndependent_startup=true\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "half-authentication",
        "A server has `username` without `password`, or the other way round.",
        REFUSES,
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\nusername=admin\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    error(
        "host-address-unusable",
        "The host name of an address cannot be resolved, or its address is not one of this machine.",
        "supervisord cannot open the server, and ends.",
        "[supervisord]\n[inet_http_server]\nport=no-such-host.invalid:9001\n",
        "[supervisord]\n[inet_http_server]\nport=127.0.0.1:9001\n",
    ),
    warning(
        "host-command-is-directory",
        "`command` names a folder.",
        "The program cannot start.",
        "[program:app]\ncommand=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "host-command-not-executable",
        "`command` names a file that nobody may execute.",
        "The program cannot start.",
        "[program:app]\ncommand=/srv/app/run\n",
        "[program:app]\ncommand=/bin/sh /srv/app/run\n",
    ),
    warning(
        "host-command-not-found",
        "The program of `command` is not there. A name without a slash is looked up in the PATH of supervisord, or in that of `environment`.",
        "The program cannot start.",
        "[program:app]\ncommand=/usr/bin/apq\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "host-directory-missing",
        "`directory` or `childlogdir` is not an existing folder.",
        "In [supervisord] it is an error, and supervisord refuses to start. In a program it is a warning: the program cannot start.",
        "[supervisord]\nchildlogdir=/var/log/none\n",
        "[supervisord]\nchildlogdir=/var/log\n",
    ),
    error(
        "host-log-directory-missing",
        "The folder of a log or of the pidfile does not exist.",
        "supervisord makes no folders. It refuses to start, and a running one refuses to reread, for each log of each program.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/none/app.log\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
    ),
    warning(
        "host-log-is-directory",
        "A log or the pidfile is a folder.",
        "A program cannot start. With `logfile` of [supervisord] it is an error: supervisord ends.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/srv/app/app.log\n",
    ),
    error(
        "host-log-not-writable",
        "`user` of [supervisord] may not write a log.",
        "supervisord becomes that user before it opens any log. It ends if it cannot open its own; a program whose log it cannot open does not start.",
        "[supervisord]\nuser=app\nlogfile=/var/log/supervisord.log\n",
        "[supervisord]\nuser=root\nlogfile=/var/log/supervisord.log\n",
    ),
    warning(
        "host-readable-secret",
        "Every user of the machine can read a file that has a password or a key.",
        "The secret is none. Files in a checkout of git and on stdin are not looked at, as their modes say nothing.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=API_KEY=\"0a1b2c\"\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=API_KEY_FILE=\"/etc/app.key\"\n",
    ),
    error(
        "host-socket-directory-missing",
        "The folder of a socket does not exist.",
        "supervisord cannot make the socket, and ends.",
        "[supervisord]\n[unix_http_server]\nfile=/srv/none/supervisor.sock\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-socket-is-directory",
        "There is a folder where a socket is to be.",
        "supervisord cannot make the socket, and never gets ready.",
        "[supervisord]\n[unix_http_server]\nfile=/srv/app\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-socket-not-writable",
        "`user` of [supervisord] may not make a socket in its folder.",
        "supervisord becomes that user before it makes its sockets, and ends when it cannot.",
        "[supervisord]\nuser=app\n[unix_http_server]\nfile=/run/supervisor.sock\n",
        "[supervisord]\nuser=root\n[unix_http_server]\nfile=/run/supervisor.sock\n",
    ),
    error(
        "host-too-many-files",
        "`minfds` is more than the machine allows.",
        "supervisord cannot raise its limit of open files, and refuses to start. The limit is that of the kernel for root, and that of systemd for another `user`.",
        "[supervisord]\nminfds=2000000\n",
        "[supervisord]\nminfds=65536\n",
    ),
    hint(
        "host-unchecked-module",
        "The configuration names Python modules that are not of Supervisor.",
        "Whether supervisord can import them is not checked. It refuses to start if it cannot.",
        "[supervisord]\n[rpcinterface:twiddler]\nsupervisor.rpcinterface_factory=supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface\n",
        "[supervisord]\n",
    ),
    error(
        "host-undefined-variable",
        "A value uses %(ENV_x)s, and supervisord has no environment variable x.",
        "supervisord refuses to start. Started by systemd it has no HOME, USER or LANG.",
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
        "supervisord goes on without it. A pattern with * that matches nothing is no mistake.",
        "[supervisord]\n[include]\nfiles=/etc/supervisor/none.conf\n",
        "[supervisord]\n[include]\nfiles=/etc/supervisor/none/*.conf\n",
    ),
    warning(
        "ignored-section",
        "[include], [supervisorctl] or [ctlplugin:x] is in a file that is itself included.",
        "Only the main file may have them; here they have no effect.",
        "[program:app]\ncommand=/usr/bin/app\n[include]\nfiles=more/*.conf\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "log-is-directory",
        "The path of a log ends with a slash.",
        "It names a folder, and no file can have that name.",
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
        "A section lacks a key without which it means nothing.",
        REFUSES,
        "[supervisord]\n[unix_http_server]\nchmod=0700\n",
        "[supervisord]\n[unix_http_server]\nfile=/run/supervisor.sock\nchmod=0700\n",
    ),
    error(
        "missing-section-header",
        "A line stands before the first section.",
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
        "A line has nothing before its `=` or `:`.",
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
        "A value has to be true or false and is neither.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nautostart=enabled\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=true\n",
    ),
    error(
        "not-a-setting",
        "A line is neither a section, a comment nor a `key=value`.",
        "supervisord refuses to start. Often a line of a longer value is not indented.",
        "[program:app]\ncommand=/usr/bin/app\n--verbose\n",
        "[program:app]\ncommand=/usr/bin/app\n  --verbose\n",
    ),
    error(
        "not-a-size",
        "A size is not a number of bytes, alone or with KB, MB or GB behind it.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=10M\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=10MB\n",
    ),
    error(
        "not-an-integer",
        "A value has to be a whole number and is none.",
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
        "The file is not text in UTF-8.",
        "supervisord cannot read it, and refuses to start. The example is saved in ISO 8859-1.",
        "[program:app]\ncommand=/usr/bin/app caf\u{e9}\n",
        "[program:app]\ncommand=/usr/bin/app cafe\n",
    ),
    warning(
        "nul-byte",
        "A value has a NUL byte.",
        "No program can be given one. The file may be damaged.",
        "[program:app]\ncommand=/usr/bin/app \0\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    error(
        "out-of-range",
        "A number is outside of what supervisord allows.",
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
        "Several processes of a program would have one name.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nnumprocs=4\n",
        "[program:app]\ncommand=/usr/bin/app\nnumprocs=4\nprocess_name=%(program_name)s_%(process_num)02d\n",
    ),
    warning(
        "quoted-name",
        "In `environment` a quote stands before a variable's name.",
        "The quotes become part of the name.",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=\"MODE\"=\"web\"\n",
        "[program:app]\ncommand=/usr/bin/app\nenvironment=MODE=\"web\"\n",
    ),
    error(
        "redirect-in-listener",
        "An event listener has `redirect_stderr=true`.",
        "It talks to supervisord on its stdout, so supervisord refuses to start.",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\nredirect_stderr=true\n",
        "[eventlistener:app]\ncommand=/usr/bin/app\nevents=TICK_60\n",
    ),
    warning(
        "relative-command",
        "`command` is a path that does not begin with a slash.",
        "supervisord looks for it below its own working folder, and then runs it relative to `directory`: both have to have it. With --cwd both are looked at instead.",
        "[program:app]\ncommand=bin/app\ndirectory=/srv/app\n",
        "[program:app]\ncommand=/usr/bin/app\ndirectory=/srv/app\n",
    ),
    warning(
        "relative-log",
        "The path of a log does not begin with a slash.",
        "It is written below supervisord's working folder, wherever that is.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=app.log\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
    ),
    warning(
        "rotated-device",
        "A log such as /dev/stdout is to be rotated.",
        "It cannot be. A program's output is lost at the first line; supervisord itself ends at its first message.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/dev/stdout\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\n",
    ),
    warning(
        "shared-log",
        "Two write one log, and one of them rotates it.",
        "The other one goes on writing to the old file, and lines are lost.",
        "[program:a]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n[program:b]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/app.log\n",
        "[program:a]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/a.log\n[program:b]\ncommand=/usr/bin/app\nstdout_logfile=/var/log/b.log\n",
    ),
    warning(
        "shell-syntax",
        "A command, or a path, has something that only a shell understands: $NAME, a pipe, a redirection, `&&`.",
        "No shell reads it. It is handed to the program, or taken for the name of a folder, as it stands.",
        "[program:app]\ncommand=/usr/bin/app && /usr/bin/app --late\n",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app && exec /usr/bin/app --late\"\n",
    ),
    warning(
        "stderr-log-ignored",
        "`stderr_logfile` is set, and so is `redirect_stderr=true`.",
        "Nothing is written to it.",
        "[program:app]\ncommand=/usr/bin/app\nredirect_stderr=true\nstdout_logfile=/var/log/app.log\nstderr_logfile=/var/log/app.err\n",
        "[program:app]\ncommand=/usr/bin/app\nredirect_stderr=true\nstdout_logfile=/var/log/app.log\n",
    ),
    error(
        "stop-without-kill",
        "`stopasgroup=true` stands beside `killasgroup=false`.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\nstopasgroup=true\nkillasgroup=false\n",
        "[program:app]\ncommand=/usr/bin/app\nstopasgroup=true\n",
    ),
    warning(
        "swallowed-line",
        "A section or a setting is indented.",
        "An indented line goes on with the value above it, so both are not what they seem. It is an error if supervisord refuses the value that comes of it.",
        "[program:app]\ncommand=/usr/bin/app\n  autostart=false\n",
        "[program:app]\ncommand=/usr/bin/app\nautostart=false\n",
    ),
    warning(
        "text-after-header",
        "Something follows the bracket of a section header.",
        "It is ignored.",
        "[program:app] command=/usr/bin/app\ncommand=/usr/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "tilde-not-expanded",
        "`~` stands in `command` or `directory`.",
        "Supervisor replaces it in log files and sockets only, so the program cannot start.",
        "[program:app]\ncommand=~/bin/app\n",
        "[program:app]\ncommand=/usr/bin/app\n",
    ),
    warning(
        "unbalanced-quotes",
        "Nothing closes a quote in `command`, or a backslash ends it.",
        "The program cannot start.",
        "[program:app]\ncommand=/usr/bin/app \"a\n",
        "[program:app]\ncommand=/usr/bin/app \"a\"\n",
    ),
    warning(
        "unbounded-log",
        "A log is AUTO and its size 0.",
        "It is a temporary file that grows until the disk is full.",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=0\n",
        "[program:app]\ncommand=/usr/bin/app\nstdout_logfile_maxbytes=1MB\n",
    ),
    error(
        "undefined-variable",
        "A value uses a %(name)s that does not exist there.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app --name %(program)s\n",
        "[program:app]\ncommand=/usr/bin/app --name %(program_name)s\n",
    ),
    warning(
        "unknown-code",
        "A comment disables a code that does not exist.",
        "It disables nothing.",
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
        "Supervisor does not know the key in this section.",
        "It is ignored, and nothing tells of it.",
        "[program:app]\ncommand=/usr/bin/app\nstartsec=5\n",
        "[program:app]\ncommand=/usr/bin/app\nstartsecs=5\n",
    ),
    error(
        "unknown-log-level",
        "`loglevel` is none of those that supervisord has.",
        REFUSES,
        "[supervisord]\nloglevel=warning\n",
        "[supervisord]\nloglevel=warn\n",
    ),
    error(
        "unknown-program",
        "A group names a program that is in none of the files.",
        REFUSES,
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app,ap\n",
        "[program:app]\ncommand=/usr/bin/app\n[group:web]\nprograms=app\n",
    ),
    warning(
        "unknown-section",
        "Supervisor reads no section with this header.",
        "All of it is ignored.",
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
        "`%s` stands in a value without a name.",
        "It is replaced by all variables at once.",
        "[program:app]\ncommand=/usr/bin/app --date %s\n",
        "[program:app]\ncommand=/usr/bin/app --date %%s\n",
    ),
    warning(
        "unrendered-template",
        "The file looks like a template of Jinja, ERB, envsubst or the like that nobody has rendered yet.",
        "What will be wrong with it is not known before, so nothing else is said of it. It is an error if supervisord refuses the file as it is.",
        "[program:app]\ncommand=/usr/bin/app\ndirectory={{ app_root }}\n",
        "[program:app]\ncommand=/usr/bin/app\ndirectory=/srv/app\n",
    ),
    warning(
        "user-without-root",
        "A program has another `user` than [supervisord], and that one is not root.",
        "supervisord has become its own user by then, and only root can become another one. The program cannot start.",
        "[supervisord]\nuser=app\nlogfile=/srv/app/supervisord.log\n[program:app]\ncommand=/usr/bin/app\nuser=www-data\n",
        "[supervisord]\nuser=root\n[program:app]\ncommand=/usr/bin/app\nuser=www-data\n",
    ),
    warning(
        "value-cut",
        "A blank and `;` or `#` in a value start a comment.",
        "Quotes do not protect them. What follows is not part of the value.",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app ; /usr/bin/app\"\n",
        "[program:app]\ncommand=/bin/sh -c \"/usr/bin/app; /usr/bin/app\"\n",
    ),
];
