// SPDX-License-Identifier: GPL-3.0-or-later
//! Splits text into words in the two ways that Supervisor uses, both from Python's `shlex`: commands by the
//! rules of a POSIX shell, `environment` by older rules without escapes.

use crate::text::{Position, Text};

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A word of a command, without its quotes.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub text: String,
    pub at: Position,
    /// Whether any part of it was quoted or escaped.
    pub quoted: bool,
}

/// Why a command cannot be split.
#[derive(Debug)]
pub(crate) enum SplitFault {
    /// With the position of the quote that is not closed.
    OpenQuote(Position),
    /// With the position of a `\` that ends the command.
    TrailingEscape(Position),
}

/// Splits a command like `shlex.split`.
pub(crate) fn split_command(command: &Text) -> Result<Vec<Word>, SplitFault> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = command.chars().iter().copied();
    while let Some((char, at)) = chars.next() {
        if BLANKS.contains(&char) {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { text: String::new(), at, quoted: false });
        match char {
            '\'' => {
                word.quoted = true;
                loop {
                    match chars.next() {
                        None => return Err(SplitFault::OpenQuote(at)),
                        Some(('\'', _)) => break,
                        Some((char, _)) => word.text.push(char),
                    }
                }
            }
            '"' => {
                word.quoted = true;
                loop {
                    match chars.next() {
                        None => return Err(SplitFault::OpenQuote(at)),
                        Some(('"', _)) => break,
                        Some(('\\', at)) => match chars.next() {
                            None => return Err(SplitFault::TrailingEscape(at)),
                            Some((char @ ('"' | '\\'), _)) => word.text.push(char),
                            Some((char, _)) => word.text.extend(['\\', char]),
                        },
                        Some((char, _)) => word.text.push(char),
                    }
                }
            }
            '\\' => {
                word.quoted = true;
                let (char, _) = chars.next().ok_or(SplitFault::TrailingEscape(at))?;
                word.text.push(char);
            }
            _ => word.text.push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

/// One `NAME=value` of an `environment`.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub name: String,
    pub at: Position,
    pub value: String,
    /// The text in place of the comma; Supervisor skips it without a check.
    pub separator: Option<(String, Position)>,
}

/// Why an `environment` cannot be read.
#[derive(Debug)]
pub(crate) enum EnvironmentFault {
    OpenQuote(Position),
    /// With the position of the text in place of a comma, otherwise of the first word that is not
    /// `NAME=value`.
    NotAPair(Position),
}

/// Reads `NAME=value,NAME2="value 2"` like Supervisor: it uses three of every four tokens.
pub(crate) fn environment(text: &Text) -> Result<Vec<Pair>, EnvironmentFault> {
    let mut pairs: Vec<Pair> = Vec::new();
    let tokens = environment_tokens(text)?;
    for chunk in tokens.chunks(4) {
        match chunk {
            [name, equals, value, separator @ ..] if equals.0 == "=" => pairs.push(Pair {
                name: name.0.clone(),
                at: name.1,
                value: value.0.trim_matches(['\'', '"']).to_owned(),
                separator: separator.first().cloned(),
            }),
            _ => {
                let no_comma =
                    pairs.iter().filter_map(|pair| pair.separator.as_ref()).find(|(text, _)| text != ",");
                return Err(EnvironmentFault::NotAPair(no_comma.map_or(chunk[0].1, |(_, at)| *at)));
            }
        }
    }
    Ok(pairs)
}

fn environment_tokens(text: &Text) -> Result<Vec<(String, Position)>, EnvironmentFault> {
    let mut tokens: Vec<(String, Position)> = Vec::new();
    let chars = text.chars();
    let mut word: Option<(String, Position)> = None;
    let mut index = 0;
    while let Some(&(char, at)) = chars.get(index) {
        index += 1;
        match char {
            _ if BLANKS.contains(&char) => tokens.extend(word.take()),
            // A comment sign does not end a word: the word continues on the next line.
            '#' => {
                index = chars[index..]
                    .iter()
                    .position(|(char, _)| *char == '\n')
                    .map_or(chars.len(), |end| index + end + 1);
            }
            '\'' | '"' if word.is_none() => {
                let length = chars[index..]
                    .iter()
                    .position(|(other, _)| *other == char)
                    .ok_or(EnvironmentFault::OpenQuote(at))?;
                let end = index + length + 1;
                tokens.push((chars[index - 1..end].iter().map(|(char, _)| *char).collect(), at));
                index = end;
            }
            _ if is_word_char(char) || matches!(char, '\'' | '"') => {
                word.get_or_insert_with(|| (String::new(), at)).0.push(char);
            }
            _ => {
                tokens.extend(word.take());
                tokens.push((char.to_string(), at));
            }
        }
    }
    tokens.extend(word);
    Ok(tokens)
}

fn is_word_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_/.+-():".contains(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        split_command(&Text::of_line(1, command)).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn splits_commands_like_a_shell() {
        assert_eq!(
            words(r#"sh -c "a \"b\" \c" 'd "e' f\ g """#),
            ["sh", "-c", r#"a "b" \c"#, r#"d "e"#, "f g", ""]
        );
        assert_eq!(words("a # b"), ["a", "#", "b"]);
        assert!(matches!(split_command(&Text::of_line(1, "a 'b")), Err(SplitFault::OpenQuote(_))));
        assert!(matches!(split_command(&Text::of_line(1, r"a \")), Err(SplitFault::TrailingEscape(_))));
        assert!(matches!(split_command(&Text::of_line(1, r#"a "\"#)), Err(SplitFault::TrailingEscape(_))));
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        let pairs = environment(&Text::of_line(1, text)).unwrap();
        pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Each expected value comes from `supervisor.datatypes.dict_of_key_value_pairs`.
    #[test]
    fn splits_environments_by_the_older_rules() {
        assert_eq!(pairs("A=1,B=\"x, y\",C='it\"s',"), owned(&[("A", "1"), ("B", "x, y"), ("C", "it\"s")]));
        assert_eq!(pairs("PATH=/a/b:/c.d,E=\"\""), owned(&[("PATH", "/a/b:/c.d"), ("E", "")]));
        assert_eq!(pairs("A=\"x\"y"), owned(&[("A", "x")]));
        assert_eq!(pairs("A=a\"b\",B=2"), owned(&[("A", "a\"b"), ("B", "2")]));
        assert_eq!(pairs("A=b#c"), owned(&[("A", "b")]));
        for text in ["A", "A=", "A=1,B", "A=x@y", "A=1 B=2", "=1", "A=\"x"] {
            environment(&Text::of_line(1, text)).unwrap_err();
        }
    }
}
