// SPDX-License-Identifier: GPL-3.0-or-later
//! lampi-mqtt(7), from docs/mqtt.md.
//!
//! The document uses headings, paragraphs, lists, tables, code and links; a test checks that it uses nothing
//! else. A row of a table becomes an item of a list, with its first cell as the term.

use clap_mangen::roff::{Inline, bold, roman};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Page;
use super::roff::Document;

const NAME: &str = "lampi-mqtt";

/// The document.
const SOURCE: &str = include_str!("../../../../docs/mqtt.md");

/// The page.
pub(super) fn page(date: &str) -> Page {
    let mut document = Document::default();
    document.title(NAME, "7", date, "MQTT topics and messages of a LAMPI lamp");
    document.section("Description");
    Renderer::default().render(SOURCE, &mut document);
    document.see_also(&[
        "lampi(1)",
        "lamp_cmd(1)",
        "lampi-bridge(1)",
        "lamp_service(1)",
        "lamp_service.conf(5)",
        "lamp_ui(1)",
        "mosquitto_pub(1)",
        "mosquitto_sub(1)",
        "mosquitto.conf(5)",
    ]);
    Page::new(NAME, "7", document.finish())
}

/// The heading of the column with the description of a row.
const MEANING: &str = "Meaning";

#[derive(Default)]
struct Renderer {
    /// The text of the paragraph, cell or item so far.
    inlines: Vec<Inline>,
    code: String,
    is_item: bool,
    is_code: bool,
    headings: Vec<String>,
    cells: Vec<Vec<Inline>>,
}

impl Renderer {
    fn render(mut self, source: &str, document: &mut Document) {
        for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
            self.event(event, document);
        }
    }

    fn event(&mut self, event: Event, document: &mut Document) {
        match event {
            Event::Text(text) if self.is_code => self.code.push_str(&text),
            Event::Text(text) => self.inlines.push(roman(text.into_string())),
            Event::Code(code) => self.inlines.push(bold(code.into_string())),
            Event::SoftBreak => self.inlines.push(roman(" ")),
            Event::End(TagEnd::Heading(level)) => {
                let heading = plain(&self.take());
                match level {
                    // The name of the page has it.
                    HeadingLevel::H1 => {}
                    HeadingLevel::H2 => document.section(&heading),
                    _ => document.subsection(&heading),
                }
            }
            Event::Start(Tag::Item) => self.is_item = true,
            Event::End(TagEnd::Item) => {
                self.is_item = false;
                document.bullet(self.take());
            }
            Event::End(TagEnd::Paragraph) if !self.is_item => document.formatted_paragraph(self.take()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                self.is_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                self.is_code = false;
                document.literal(&std::mem::take(&mut self.code));
            }
            Event::End(TagEnd::TableCell) => {
                let cell = self.take();
                self.cells.push(cell);
            }
            Event::End(TagEnd::TableHead) => {
                self.headings = std::mem::take(&mut self.cells).iter().map(|cell| plain(cell)).collect();
            }
            Event::End(TagEnd::TableRow) => self.row(document),
            Event::Start(
                Tag::Heading { .. }
                | Tag::Paragraph
                | Tag::List(_)
                | Tag::Table(_)
                | Tag::TableHead
                | Tag::TableRow
                | Tag::TableCell
                | Tag::Link { .. },
            )
            | Event::End(TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Table | TagEnd::Link) => {}
            other => panic!("docs/mqtt.md has {other:?}, which has no form in a man page"),
        }
    }

    /// The cell of the column Meaning comes first. The other cells follow, each after the heading of its
    /// column.
    fn row(&mut self, document: &mut Document) {
        let cells = std::mem::take(&mut self.cells);
        let Some((term, rest)) = cells.split_first() else { return };
        let columns = || self.headings.iter().skip(1).zip(rest);
        let mut text: Vec<Inline> =
            columns().filter(|(heading, _)| *heading == MEANING).flat_map(|(_, cell)| cell.clone()).collect();
        let mut before = if text.is_empty() { "" } else { " " };
        for (heading, cell) in columns().filter(|(heading, _)| *heading != MEANING) {
            text.push(roman(format!("{before}{heading}: ")));
            text.extend(cell.iter().cloned());
            before = "; ";
        }
        if before == "; " {
            text.push(roman("."));
        }
        document.item(&plain(term), text);
    }

    fn take(&mut self) -> Vec<Inline> {
        std::mem::take(&mut self.inlines)
    }
}

/// The text without fonts.
fn plain(inlines: &[Inline]) -> String {
    let text = inlines.iter().map(|inline| match inline {
        Inline::Roman(text) | Inline::Italic(text) | Inline::Bold(text) => text.as_str(),
        Inline::LineBreak => " ",
    });
    text.collect()
}
