// SPDX-License-Identifier: GPL-3.0-or-later
//! The part of XML-RPC (xmlrpc.com/spec) that Supervisor's interface uses.

use std::collections::BTreeMap;
use std::fmt::Write;

use roxmltree::{Document, Node};

/// A value in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
    Array(Vec<Value>),
    Struct(BTreeMap<String, Value>),
}

/// A fault response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: i64,
    pub text: String,
}

impl Value {
    pub(crate) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        if let Self::Struct(fields) = self { fields.get(name) } else { None }
    }
}

/// The call of a method with string parameters.
pub(crate) fn call(method: &str, parameters: &[&str]) -> String {
    let parameters = parameters.iter().fold(String::new(), |mut all, text| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        // Writing to a string cannot fail.
        let _ = write!(all, "<param><value><string>{text}</string></value></param>");
        all
    });
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName>\
         <params>{parameters}</params></methodCall>"
    )
}

/// Parses a response.
pub(crate) fn answer(text: &str) -> Result<Result<Value, Fault>, String> {
    let document =
        Document::parse(text).map_err(|error| format!("Supervisor's response is not XML: {error}"))?;
    let kind = document.root_element().first_element_child().ok_or("Supervisor's response is empty")?;
    let node = kind
        .descendants()
        .find(|node| node.has_tag_name("value"))
        .ok_or("Supervisor's response has no value")?;
    let value = value(node)?;
    if kind.has_tag_name("fault") {
        let code = value.field("faultCode").and_then(Value::number).unwrap_or_default();
        let text = value.field("faultString").and_then(Value::text).unwrap_or_default().to_owned();
        return Ok(Err(Fault { code, text }));
    }
    Ok(Ok(value))
}

fn value(node: Node<'_, '_>) -> Result<Value, String> {
    let text = |node: Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    let Some(typed) = node.first_element_child() else {
        return Ok(Value::Text(text(node)));
    };
    Ok(match typed.tag_name().name() {
        "string" => Value::Text(text(typed)),
        "int" | "i4" | "boolean" => {
            Value::Number(text(typed).parse().map_err(|_| "Supervisor's response has an invalid number")?)
        }
        "array" => {
            let data = typed.first_element_child().into_iter().flat_map(|data| data.children());
            Value::Array(data.filter(Node::is_element).map(value).collect::<Result<_, String>>()?)
        }
        "struct" => {
            let mut fields = BTreeMap::new();
            for member in typed.children().filter(Node::is_element) {
                let part = |name| member.children().find(|node| node.has_tag_name(name));
                let (Some(name), Some(node)) = (part("name"), part("value")) else {
                    return Err("Supervisor's response has a member without a name or value".into());
                };
                fields.insert(text(name), value(node)?);
            }
            Value::Struct(fields)
        }
        other => {
            return Err(format!(
                "Supervisor's response has a value of the unknown type '{}'",
                other.escape_debug()
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_call() {
        let call = call("supervisor.stopProcess", &["a<&b"]);
        let document = Document::parse(&call).unwrap();
        let text = |name| document.descendants().find(|node| node.has_tag_name(name)).unwrap().text();
        assert_eq!(text("methodName"), Some("supervisor.stopProcess"));
        assert_eq!(text("string"), Some("a<&b"));
    }

    #[test]
    fn parses_values() {
        let text = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n\
            <value><struct>\n<member>\n<name>name</name>\n\
            <value><string>a &lt;b&gt;</string></value>\n</member>\n\
            <member>\n<name>pid</name>\n<value><int>-3</int></value>\n</member>\n</struct></value>\n\
            <value><string></string></value>\n<value>bare</value>\n\
            <value><array><data>\n</data></array></value>\n\
            <value><boolean>1</boolean></value>\n\
            </data></array></value>\n</param>\n</params>\n</methodResponse>\n";
        let value = answer(text).unwrap().unwrap();
        let [process, empty, bare, array, truth] = value.array().unwrap() else { panic!("{value:?}") };
        assert_eq!(process.field("name").and_then(Value::text), Some("a <b>"));
        assert_eq!(process.field("pid").and_then(Value::number), Some(-3));
        assert_eq!((empty.text(), bare.text()), (Some(""), Some("bare")));
        assert_eq!((array.array(), truth.number()), (Some(&[][..]), Some(1)));
    }

    #[test]
    fn parses_a_fault() {
        let text = "<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
            <value><int>92</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
            <value><string>CANT_REREAD: x</string></value>\n</member>\n</struct></value>\n\
            </fault>\n</methodResponse>";
        assert_eq!(answer(text).unwrap(), Err(Fault { code: 92, text: "CANT_REREAD: x".into() }));
    }

    #[test]
    fn rejects_an_invalid_response() {
        for text in ["", "<methodResponse/>", "<methodResponse><params></params></methodResponse>"] {
            assert!(answer(text).is_err(), "{text}");
        }
        for value in ["<int>x</int>", "<double>1</double>", "<struct><member/></struct>"] {
            let text = format!(
                "<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
            );
            assert!(answer(&text).is_err(), "{text}");
        }
    }
}
