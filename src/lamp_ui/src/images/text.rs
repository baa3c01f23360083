// SPDX-License-Identifier: GPL-3.0-or-later
//! Text in lines of similar length.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use slint::Image;

use super::Mask;

/// The Latin letters of Roboto; see assets/README.md.
const FONT: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/Roboto-Regular-latin1.ttf"));

/// Draws text with letters `size` pixels high, measured from line to line. Lines break between words, are at
/// most `room` pixels long, and are centred.
pub(crate) fn text(text: &str, size: i32, room: i32) -> Image {
    let font = FontRef::try_from_slice(FONT).expect("the font is part of the program");
    let size = size.clamp(1, 1000) as f32;
    let per_em = font.units_per_em().unwrap_or(1000.0);
    let font = font.as_scaled(PxScale::from(size * font.height_unscaled() / per_em));
    let length =
        |line: &str| -> f32 { line.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum() };
    let lines = balanced(text, room as f32, length);

    let width = lines.iter().map(|line| length(line)).fold(0.0, f32::max);
    // A letter may exceed its advance by a pixel.
    let mut canvas = Mask::new(width.ceil() as u32 + 1, (font.height() * lines.len() as f32).ceil() as u32);
    for (number, line) in lines.iter().enumerate() {
        let mut end = ((width - length(line)) / 2.0).round();
        let base = (font.height() * number as f32 + font.ascent()).round();
        for letter in line.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(font.scale(), point(end, base));
            end += font.h_advance(id);
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|x, y, coverage| {
                    canvas.add(bounds.min.x as i32 + x as i32, bounds.min.y as i32 + y as i32, coverage);
                });
            }
        }
    }
    canvas.into_image()
}

/// Breaks a text into the fewest lines that fit `room`, with similar lengths: a single last word looks lost.
fn balanced(text: &str, room: f32, length: impl Fn(&str) -> f32) -> Vec<String> {
    let within = |room: f32| broken(text, |line| length(line) <= room);
    let mut lines = within(room);
    // Bisection to about one pixel.
    let (mut too_narrow, mut wide_enough) = (0.0, room);
    while wide_enough - too_narrow > 1.0 {
        let middle = f32::midpoint(too_narrow, wide_enough);
        let narrower = within(middle);
        if narrower.len() <= lines.len() && narrower.iter().all(|line| length(line) <= middle) {
            (lines, wide_enough) = (narrower, middle);
        } else {
            too_narrow = middle;
        }
    }
    lines
}

/// Breaks a text into lines as long as fit. A word that does not fit is a line of its own.
fn broken(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let broken = |text, room| broken(text, |line: &str| line.len() <= room);
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("one two", 2), ["one", "two"]);
        assert_eq!(broken("  ", 2), [""; 0]);
    }

    #[test]
    fn lines_are_about_equally_long() {
        let balanced = |text, room| balanced(text, room, |line| line.len() as f32);
        assert_eq!(
            balanced("The lamp can be set when it is back", 32.0),
            ["The lamp can be set", "when it is back"]
        );
        assert_eq!(balanced("one line", 9.0), ["one line"]);
        assert_eq!(balanced("unbreakable", 5.0), ["unbreakable"]);
        assert_eq!(balanced("", 5.0), [""; 0]);
    }

    #[test]
    fn the_font_has_every_letter_of_the_program() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        for letter in (' '..='~').chain("äöüßéèñ–—‘’“”…".chars()) {
            assert_ne!(font.glyph_id(letter).0, 0, "{letter}");
        }
    }
}
