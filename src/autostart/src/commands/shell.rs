// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a shell script starts: only words in the position of a command name are
//! considered.
//!
//! The script is parsed, not run: a conditional command is treated as if it ran. Variables are known if the
//! script sets them to a word, the directory if the script changes it with `cd`. What a script feeds to
//! another shell through a pipe or here-document, and scripts that it calls, are not parsed.

mod functions;
mod input;
mod token;

use std::collections::BTreeMap;

use super::words::{is_assignment, joined};
use super::{DEEPEST, Runs, command};

use functions::called;
use input::Input;
use token::Token;

/// A command of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its words.
    pub words: Vec<String>,
    /// What it runs; nothing if the script never reaches it.
    pub runs: Runs,
}

/// Size limit for a word or value, in bytes. A variable that contains itself twice could fill the memory.
const LONGEST: usize = 8 << 10;

/// The lamp's programs that a script starts, each with its line, counted from 1.
pub(crate) fn programs(script: &str) -> Vec<(usize, &'static str)> {
    programs_of(&commands(script))
}

/// The lamp's programs that commands start, each with its line.
pub(crate) fn programs_of(commands: &[Ran]) -> Vec<(usize, &'static str)> {
    let each = |ran: &Ran| ran.runs.programs.iter().map(|program| (ran.line, *program)).collect::<Vec<_>>();
    commands.iter().flat_map(each).collect()
}

/// The commands of a script.
pub(crate) fn commands(script: &str) -> Vec<Ran> {
    commands_with(script, &BTreeMap::new())
}

/// As [`commands`], with variables that are set before.
pub(crate) fn commands_with(script: &str, variables: &BTreeMap<String, String>) -> Vec<Ran> {
    read(script, "", variables.clone(), DEEPEST)
}

/// As [`commands`], in a script that runs in `directory` and is nested `DEEPEST - depth` commands deep.
pub(crate) fn commands_at(script: &str, directory: &str, depth: usize) -> Vec<Ran> {
    read(script, directory, BTreeMap::new(), depth)
}

fn read(script: &str, directory: &str, variables: BTreeMap<String, String>, depth: usize) -> Vec<Ran> {
    let mut parser = Parser {
        input: Input { rest: script.chars().peekable(), line: 1 },
        directory: directory.to_owned(),
        variables,
        here_documents: Vec::new(),
        function: None,
        ran: Vec::new(),
        depth,
    };
    parser.run();
    called(parser.ran)
}

struct Parser<'a> {
    input: Input<'a>,
    directory: String,
    variables: BTreeMap<String, String>,
    /// End words of here-documents that begin after the next line end, and whether tabs before them are
    /// stripped.
    here_documents: Vec<(String, bool)>,
    /// The function whose body is being parsed, and how many groups were open before.
    function: Option<(String, usize)>,
    /// The commands, each with its function.
    ran: Vec<(Option<String>, Ran)>,
    depth: usize,
}

/// The parser's position in a script.
#[derive(Default)]
struct State {
    /// How many conditions, loops, groups and functions are open: commands in them may not run.
    open: usize,
    /// The directory outside each open subshell.
    outside: Vec<String>,
    /// For each open `case`, whether patterns or their commands come next.
    cases: Vec<bool>,
    /// The function whose body comes next.
    defined: Option<String>,
    /// The words of the command so far, and whether each was quoted.
    words: Vec<(String, bool)>,
    /// Where it begins.
    line: usize,
    /// What ended the previous command.
    before: &'static str,
}

impl State {
    /// Whether the position is between `[[` and `]]`, where no command can be.
    fn is_in_test(&self) -> bool {
        self.words.first().is_some_and(|(word, _)| word == "[[")
            && self.words.last().is_some_and(|(word, _)| word != "]]")
    }
}

/// Words after which a command begins.
const BEFORE_A_COMMAND: [&str; 10] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"];

impl Parser<'_> {
    fn run(&mut self) {
        let mut state = State { line: 1, before: "\n", ..State::default() };
        loop {
            let began = self.input.line;
            match self.token() {
                Some(Token::Word(word, quoted)) => self.word_of_command(&mut state, word, quoted, began),
                Some(Token::End(end)) => {
                    if self.end_of_command(&mut state, end) {
                        return;
                    }
                }
                None => {
                    self.end_of_command(&mut state, "");
                    return;
                }
            }
        }
    }

    fn word_of_command(&mut self, state: &mut State, word: String, quoted: bool, began: usize) {
        if state.cases.last() == Some(&true) {
            if word == "esac" {
                state.cases.pop();
                state.open = state.open.saturating_sub(1);
            }
            return;
        }
        if state.words.is_empty() {
            state.line = if word.contains('\n') { began } else { self.input.line };
            let keyword = if quoted { "" } else { word.as_str() };
            if keyword == "{"
                && let Some(name) = state.defined.take()
            {
                self.function = Some((name, state.open));
            }
            if BEFORE_A_COMMAND.contains(&keyword) {
                state.open += usize::from(matches!(keyword, "if" | "while" | "until" | "{"));
                state.before = if keyword == "time" { "time" } else { state.before };
                return;
            }
            // `time` has an option.
            if state.before == "time" && keyword == "-p" {
                return;
            }
            match keyword {
                "fi" | "done" | "}" => state.open = state.open.saturating_sub(1),
                "esac" if state.cases.pop().is_some() => state.open = state.open.saturating_sub(1),
                "for" | "case" | "select" => state.open += 1,
                _ => {}
            }
            if keyword == "}" && self.function.as_ref().is_some_and(|(_, outside)| *outside == state.open) {
                self.function = None;
            }
        }
        state.words.push((word, quoted));
        match state.words.as_slice() {
            [(case, false), _, (word, false)] if case == "case" && word == "in" => {
                state.cases.push(true);
                state.words.clear();
            }
            [(function, false), (name, _)] if function == "function" => {
                state.defined = Some(name.clone());
                state.words.clear();
            }
            _ => {}
        }
    }

    /// Handles what ends a command, or the end of the script if it is empty. Returns whether nothing follows.
    fn end_of_command(&mut self, state: &mut State, end: &'static str) -> bool {
        if state.is_in_test() && !end.is_empty() {
            return false;
        }
        if end == "(" && state.words.last().is_some_and(|(word, _)| word.ends_with('=')) {
            // The words of an array are not commands.
            self.input.parenthesis();
            return false;
        }
        if let Some(pattern) = state.cases.last_mut()
            && *pattern
        {
            *pattern = end != ")";
            return end.is_empty();
        }
        // `name() {` defines a function of that name.
        if let ("(", [(name, _)]) = (end, state.words.as_slice()) {
            state.defined = Some(name.clone());
        } else if !state.words.is_empty() {
            let words: Vec<String> = state.words.iter().map(|(word, _)| word.clone()).collect();
            let ends_here =
                matches!(words[0].as_str(), "exit" | "return") || words[0] == "exec" && words.len() > 1;
            let is_certain =
                state.open == 0 && state.outside.is_empty() && !matches!(state.before, "&&" | "||" | "|");
            self.command(state.line, words);
            if ends_here && is_certain && matches!(end, "\n" | ";" | "") {
                return true;
            }
        }
        match end {
            "(" => state.outside.push(self.directory.clone()),
            ")" => self.directory = state.outside.pop().unwrap_or_else(|| self.directory.clone()),
            ";;" => {
                if let Some(pattern) = state.cases.last_mut() {
                    *pattern = true;
                }
            }
            _ => {}
        }
        if end != "\n" || !state.words.is_empty() {
            state.before = end;
        }
        state.words.clear();
        end.is_empty()
    }

    fn command(&mut self, line: usize, words: Vec<String>) {
        let mut runs = Runs::default();
        match words.as_slice() {
            [cd, .., directory] if cd == "cd" || cd == "pushd" => {
                self.directory = joined(&self.directory, directory);
            }
            words if words.iter().all(|word| is_assignment(word)) => self.set(words),
            [export, rest @ ..] if matches!(export.as_str(), "export" | "readonly" | "local" | "declare") => {
                self.set(rest);
            }
            // Builtin commands of the shell, and functions of the script.
            [word, ..]
                if matches!(word.as_str(), "fi" | "done" | "}" | "esac" | "for" | "select" | "in" | "]]") => {
            }
            words => runs = command::runs_at(words, &self.directory, self.depth),
        }
        self.note(Ran { line, words, runs });
    }

    fn note(&mut self, ran: Ran) {
        self.ran.push((self.function.as_ref().map(|(name, _)| name.clone()), ran));
    }

    fn set(&mut self, assignments: &[String]) {
        for (name, value) in assignments.iter().filter_map(|word| word.split_once('=')) {
            if value.len() <= LONGEST {
                self.variables.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A script within the script. Other programs than the lamp's only serve it there.
    fn inner(&mut self, script: &str) {
        if let Some(depth) = self.depth.checked_sub(1) {
            let line = self.input.line;
            for ran in read(script, &self.directory, self.variables.clone(), depth) {
                if !ran.runs.programs.is_empty() {
                    self.note(Ran { line, words: ran.words, runs: Runs { others: false, ..ran.runs } });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::programs;

    fn names(script: &str) -> Vec<&'static str> {
        programs(script).into_iter().map(|(_, program)| program).collect()
    }

    #[test]
    fn finds_commands_in_all_positions() {
        for (script, expected) in [
            ("/usr/local/bin/fbcp &", &["fbcp"][..]),
            ("fbcp & pigpiod -l", &["fbcp", "pigpiod"]),
            ("cd /home/pi/connected-devices/Lampi && /usr/bin/python lamp_service.py", &["lamp_service"]),
            ("sleep 10; cd /home/pi/connected-devices/Lampi && ./main.py", &["lamp_ui"]),
            ("(cd /opt/lampi; python3 main.py >/dev/null 2>&1)", &["lamp_ui"]),
            ("if true; then fbcp; fi", &["fbcp"]),
            ("if ! pidof fbcp; then /usr/local/bin/fbcp & fi", &["fbcp"]),
            ("pgrep -x pigpiod >/dev/null || pigpiod -l", &["pigpiod"]),
            ("while true; do fbcp; sleep 1; done", &["fbcp"]),
            ("A=b C='d e' fbcp", &["fbcp"]),
            ("fbcp>/dev/null&", &["fbcp"]),
            ("2>/dev/null fbcp", &["fbcp"]),
            ("X=$(pigpiod -l)", &["pigpiod"]),
            ("X=`pigpiod -l`", &["pigpiod"]),
            ("\"/usr/local/bin/fbcp\"", &["fbcp"]),
            ("'/usr/local/'bin/fbcp", &["fbcp"]),
            ("DAEMON=/usr/bin/pigpiod\nstart-stop-daemon --start --exec $DAEMON -- -l", &["pigpiod"]),
            ("export L=/home/pi/Lampi\ncd \"${L}\"\npython3 main.py", &["lamp_ui"]),
            ("cd \"$HOME/Lampi\" && python3 main.py", &["lamp_ui"]),
            (
                "case \"$1\" in\n start|go) pigpiod -l ;;\n stop) killall pigpiod ;;\nesac\nfbcp",
                &["pigpiod", "fbcp"],
            ),
            ("start() {\n  fbcp &\n}\nstart", &["fbcp"]),
            ("for i in 1 2; do fbcp; done", &["fbcp"]),
            ("[ -e /dev/fb1 ] || exit 0\nfbcp &", &["fbcp"]),
            ("if [ -e /x ]; then\n exit 0\nfi\nfbcp &", &["fbcp"]),
            ("python3 -u \\\n  /home/pi/lamp_service.py", &["lamp_service"]),
            ("cat <<END\nfbcp\nEND\npigpiod", &["pigpiod"]),
            ("echo ${x:-a} && fbcp", &["fbcp"]),
            ("echo $((1 + 2)); fbcp", &["fbcp"]),
            ("{ fbcp; } &", &["fbcp"]),
            ("! fbcp", &["fbcp"]),
            ("fbcp \\", &["fbcp"]),
            ("time -p fbcp", &["fbcp"]),
            ("echo $'it\\'s'; fbcp", &["fbcp"]),
            ("lamp() {\n  fbcp\n}\nstart() { lamp; }\nstart", &["fbcp"]),
            ("do_start() {\n  fbcp\n}\ncase $1 in start|stop) do_${1} ;; esac", &["fbcp"]),
            ("function lamp {\n  fbcp\n}\nlamp", &["fbcp"]),
            ("if [[ -e /x ]]; then fbcp; fi", &["fbcp"]),
            ("(cd /home/pi/Lampi && python3 main.py)", &["lamp_ui"]),
            ("exec 2>/dev/null\nfbcp", &["fbcp"]),
        ] {
            assert_eq!(names(script), expected, "{script}");
        }
    }

    #[test]
    fn ignores_other_words() {
        for script in [
            "",
            "# fbcp",
            "true # fbcp",
            "echo fbcp; echo 'a; fbcp'",
            "for f in fbcp pigpiod; do echo $f; done",
            "case $x in fbcp) true;; pigpiod|lamp_ui) true;; esac",
            "fbcp() { true; }",
            "pkill fbcp || true",
            "command -v pigpiod >/dev/null && echo yes",
            "cat >fbcp",
            "cat <fbcp >>pigpiod 2> lamp_service",
            "exit 0\nfbcp &",
            "exit\nfbcp",
            "tar -czf /var/backups/lamp.tgz /home/pi/Lampi/lamp_service.py",
            "mosquitto_pub -t lamp/set_config -m '{\"client\": \"fbcp\"}'",
            "cat <<-'END'\n\tfbcp\n\tEND\n",
            "cat <<END\nfbcp",
            "echo \"$(echo fbcp)\"",
            "FBCP=fbcp",
            "progs=(fbcp pigpiod)\necho $progs",
            "if [[ $1 =~ ^(fbcp|pigpiod)$ ]]; then reboot; fi",
            "lamp() {\n  cd ~/Lampi && python3 main.py\n}",
            "(cd /home/pi/Lampi && git pull); python3 main.py",
            "exec /sbin/foo\nfbcp",
            "return 0\nfbcp",
            "$(",
            "${",
            "'",
            "((((((((((",
        ] {
            assert_eq!(names(script), [] as [&str; 0], "{script}");
        }
    }

    #[test]
    fn counts_lines() {
        let script = "#!/bin/sh\ncat <<END\nx\nEND\n\nif a \\\n  b; then\n  fbcp &\nfi\npigpiod\n";
        assert_eq!(programs(script), [(8, "fbcp"), (10, "pigpiod")]);
    }

    #[test]
    fn limits_a_variable_that_contains_itself() {
        let script = format!("A={}\n{}$A$A$A", "a".repeat(16), "A=$A$A\n".repeat(60));
        assert_eq!(names(&script), [] as [&str; 0]);
    }

    proptest::proptest! {
        /// Any text is parsed to its end.
        #[test]
        fn parses_any_text(text in "([ -~\n]|fbcp|case x in|esac|if |fi|\\$\\(|<<E|`|\\(|\\)|sh -c ){0,60}") {
            let lines = text.lines().count();
            for (line, _) in programs(&text) {
                proptest::prop_assert!(line >= 1 && line <= lines + 1);
            }
        }
    }
}
