// SPDX-License-Identifier: GPL-3.0-or-later
//! Expands `%(name)s` in values like Supervisor, which uses Python's `%` operator with a mapping.

use std::collections::BTreeMap;

use crate::text::{Position, Text};

/// The value of a name.
#[derive(Clone, Debug)]
pub(crate) enum Variable {
    Text(String),
    Number(i64),
    /// Known only on the machine on which supervisord runs.
    Unknown,
}

impl Variable {
    /// In the form of Python's `repr`.
    fn quoted(&self) -> String {
        match self {
            Self::Text(text) => format!("'{text}'"),
            Self::Number(number) => number.to_string(),
            Self::Unknown => String::new(),
        }
    }
}

/// The names that are available in a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    known: BTreeMap<String, Variable>,
    /// Whether supervisord's environment may contain any other variable.
    any_environment: bool,
}

impl Variables {
    /// The variables of supervisord's environment. With `any`, there may be others.
    pub(crate) fn of_environment(environment: &BTreeMap<String, String>, any: bool) -> Self {
        let known = environment.iter();
        let known = known.map(|(name, value)| (format!("ENV_{name}"), Variable::Text(value.clone())));
        Self { known: known.collect(), any_environment: any }
    }

    pub(crate) fn insert(&mut self, name: String, value: Variable) {
        self.known.insert(name, value);
    }

    /// The known names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    fn get(&self, name: &str) -> Option<Variable> {
        match self.known.get(name) {
            None if self.any_environment && name.starts_with("ENV_") => Some(Variable::Unknown),
            known => known.cloned(),
        }
    }
}

/// An expanded value. Each replacement has the position of its `%`.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub text: Text,
    /// A `%s` without a name, which Python replaces with the whole mapping.
    pub unnamed: Option<Position>,
    /// Whether a part of the text is known only on the machine on which supervisord runs.
    pub unknown: bool,
}

impl Expanded {
    /// The text, if it is completely known.
    pub(crate) fn known(self) -> Option<Text> {
        (!self.unknown).then_some(self.text)
    }
}

#[derive(Debug)]
pub(crate) struct ExpansionFault {
    pub at: Position,
    pub kind: ExpansionFaultKind,
}

#[derive(Debug)]
pub(crate) enum ExpansionFaultKind {
    Undefined(String),
    /// A `%` that does not start a valid format.
    Malformed,
    /// A conversion that does not fit the value, as in `%(ENV_PORT)d`.
    WrongConversion {
        name: String,
        conversion: char,
    },
}

/// Far longer than any file name. Python allocates memory for any width.
const MAX_WIDTH: usize = 4096;

/// Expands `text` with `variables`, and `%(here)s` with the directory of its file.
pub(crate) fn expand(text: &Text, here: &str, variables: &Variables) -> Result<Expanded, ExpansionFault> {
    let mut result = Expanded { text: Text::empty_at(text.at()), unnamed: None, unknown: false };
    // The next conversion without a name uses the mapping, or the last named value, once.
    let mut argument = Argument::Mapping;
    let mut rest = text.chars().iter().copied();
    while let Some((char, at)) = rest.next() {
        if char != '%' {
            result.text.push(char, at);
            continue;
        }
        let malformed = || ExpansionFault { at, kind: ExpansionFaultKind::Malformed };
        let spec = Spec::read(&mut rest.by_ref().map(|(char, _)| char)).ok_or_else(malformed)?;
        if let Some(name) = &spec.name {
            argument = Argument::Value(match variables.get(name) {
                Some(value) => value,
                None if name == "here" => Variable::Text(here.to_owned()),
                None => return Err(ExpansionFault { at, kind: ExpansionFaultKind::Undefined(name.clone()) }),
            });
        }
        if spec.conversion == '%' {
            result.text.push('%', at);
            continue;
        }
        match std::mem::replace(&mut argument, Argument::Used) {
            Argument::Value(Variable::Unknown) => result.unknown = true,
            Argument::Value(value) => {
                let formatted = spec.format(&value).ok_or_else(|| match &spec.name {
                    Some(name) => ExpansionFault {
                        at,
                        kind: ExpansionFaultKind::WrongConversion {
                            name: name.clone(),
                            conversion: spec.conversion,
                        },
                    },
                    None => malformed(),
                })?;
                result.text.push_str(&formatted, at);
            }
            Argument::Mapping if matches!(spec.conversion, 's' | 'r' | 'a') => {
                result.text.push_str(&mapping(here, variables), at);
                result.unnamed = Some(at);
            }
            Argument::Mapping | Argument::Used => return Err(malformed()),
        }
    }
    Ok(result)
}

/// The whole mapping in Python's notation.
fn mapping(here: &str, variables: &Variables) -> String {
    let mut items: Vec<String> =
        variables.known.iter().map(|(name, value)| format!("'{name}': {}", value.quoted())).collect();
    items.push(format!("'here': '{here}'"));
    format!("{{{}}}", items.join(", "))
}

enum Argument {
    Mapping,
    Value(Variable),
    Used,
}

/// The text between a `%` and its conversion character.
struct Spec {
    name: Option<String>,
    left: bool,
    zero: bool,
    plus: Option<char>,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl Spec {
    fn read(chars: &mut impl Iterator<Item = char>) -> Option<Self> {
        let mut spec = Self {
            name: None,
            left: false,
            zero: false,
            plus: None,
            width: 0,
            precision: None,
            conversion: '%',
        };
        let mut char = chars.next()?;
        if char == '%' {
            return Some(spec);
        }
        if char == '(' {
            spec.name = Some(read_name(chars)?);
            char = chars.next()?;
        }
        while matches!(char, '-' | '+' | ' ' | '#' | '0') {
            match char {
                '-' => spec.left = true,
                '0' => spec.zero = true,
                '+' => spec.plus = Some('+'),
                ' ' => spec.plus = spec.plus.or(Some(' ')),
                _ => {}
            }
            char = chars.next()?;
        }
        while let Some(digit) = char.to_digit(10) {
            spec.width = spec.width * 10 + digit as usize;
            if spec.width > MAX_WIDTH {
                return None;
            }
            char = chars.next()?;
        }
        if char == '.' {
            let mut precision = 0;
            char = chars.next()?;
            while let Some(digit) = char.to_digit(10) {
                precision = precision * 10 + digit as usize;
                if precision > MAX_WIDTH {
                    return None;
                }
                char = chars.next()?;
            }
            spec.precision = Some(precision);
        }
        if matches!(char, 'h' | 'l' | 'L') {
            char = chars.next()?;
        }
        spec.conversion = char;
        // Python replaces `%%` only if the two signs are adjacent.
        (char != '%').then_some(spec)
    }

    /// `None` if the conversion does not fit the value or does not exist.
    fn format(&self, value: &Variable) -> Option<String> {
        let (sign, body) = match (self.conversion, value) {
            ('s', Variable::Text(text)) => (String::new(), text.clone()),
            ('s' | 'r' | 'a', _) => (String::new(), value.quoted()),
            ('c', Variable::Text(text)) if text.chars().count() == 1 => (String::new(), text.clone()),
            ('c', Variable::Number(number)) => {
                (String::new(), char::from_u32(u32::try_from(*number).ok()?)?.to_string())
            }
            (_, Variable::Number(number)) => {
                let sign = if *number < 0 { Some('-') } else { self.plus };
                (sign.map(String::from).unwrap_or_default(), self.format_number(number.unsigned_abs())?)
            }
            _ => return None,
        };
        let body = match (self.conversion, self.precision) {
            ('s' | 'r' | 'a', Some(precision)) => body.chars().take(precision).collect(),
            _ => body,
        };
        let missing = self.width.saturating_sub(sign.chars().count() + body.chars().count());
        Some(if self.left {
            format!("{sign}{body}{}", " ".repeat(missing))
        } else if self.zero && !matches!(self.conversion, 's' | 'r' | 'a' | 'c') {
            format!("{sign}{}{body}", "0".repeat(missing))
        } else {
            format!("{}{sign}{body}", " ".repeat(missing))
        })
    }

    fn format_number(&self, number: u64) -> Option<String> {
        let digits = self.precision.unwrap_or(0);
        Some(match self.conversion {
            'd' | 'i' | 'u' => format!("{number:0digits$}"),
            'x' => format!("{number:0digits$x}"),
            'X' => format!("{number:0digits$X}"),
            'o' => format!("{number:0digits$o}"),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => format!("{:.*}", self.precision.unwrap_or(6), number as f64),
            _ => return None,
        })
    }
}

/// The name after `%(`, with nested parentheses.
fn read_name(chars: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut name = String::new();
    let mut depth = 1;
    loop {
        let char = chars.next()?;
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(name);
        }
        name.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let environment = BTreeMap::from([("HOME".to_owned(), "/root".to_owned())]);
        let mut variables = Variables::of_environment(&environment, false);
        variables.insert("process_num".to_owned(), Variable::Number(7));
        match expand(&Text::of_line(1, text), "/etc", &variables) {
            Ok(expanded) => Ok(expanded.text.to_string()),
            Err(fault) => Err(format!("{} {:?}", fault.at.column, fault.kind)),
        }
    }

    #[test]
    fn replaces_names() {
        assert_eq!(expanded("a %(ENV_HOME)s/b").unwrap(), "a /root/b");
        assert_eq!(expanded("%(process_num)02d-%(process_num)s-%(process_num)-3dx").unwrap(), "07-7-7  x");
        assert_eq!(expanded("%(process_num)+.3d %(ENV_HOME).2s").unwrap(), "+007 /r");
        assert_eq!(expanded("100%%").unwrap(), "100%");
        assert_eq!(
            expanded("date +%s").unwrap(),
            "date +{'ENV_HOME': '/root', 'process_num': 7, 'here': '/etc'}"
        );
    }

    #[test]
    fn rejects_what_python_rejects() {
        assert_eq!(expanded("x%(NO)s").unwrap_err(), "2 Undefined(\"NO\")");
        for text in [
            "100%",
            "50% ",
            "%H:%M",
            "%d",
            "%s %s",
            "%(ENV_HOME)s %s",
            "%(ENV_HOME",
            "%*d",
            "%(process_num)y",
        ] {
            expanded(text).unwrap_err();
        }
        assert_eq!(
            expanded("%(ENV_HOME)d").unwrap_err(),
            "1 WrongConversion { name: \"ENV_HOME\", conversion: 'd' }"
        );
    }
}
