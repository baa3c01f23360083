// SPDX-License-Identifier: GPL-3.0-or-later
//! The unparsed pairs in a value of `environment`, for callers that edit files.

/// The `NAME=VALUE` pairs as written. Commas and newlines outside quotes separate them.
#[must_use]
pub fn pairs(environment: &str) -> Vec<String> {
    let mut pairs = vec![String::new()];
    let mut quote = None;
    for letter in environment.chars() {
        match (letter, quote) {
            (',' | '\n', None) => {
                pairs.push(String::new());
                continue;
            }
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            _ => {}
        }
        if let Some(last) = pairs.last_mut() {
            last.push(letter);
        }
    }
    pairs.iter().map(|pair| pair.trim().to_owned()).filter(|pair| !pair.is_empty()).collect()
}

/// The value of a variable, without its quotes.
#[must_use]
pub fn variable(environment: &str, name: &str) -> Option<String> {
    pairs(environment).iter().rev().find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_commas_in_quotes() {
        let text = "A=\"1,2\",\n B='x\"y,',C=%(ENV_X)s,\n";
        assert_eq!(pairs(text), ["A=\"1,2\"", "B='x\"y,'", "C=%(ENV_X)s"]);
        assert_eq!(variable(text, "A").as_deref(), Some("1,2"));
        assert_eq!(variable(text, "D"), None);
        assert!(pairs("").is_empty());
    }
}
