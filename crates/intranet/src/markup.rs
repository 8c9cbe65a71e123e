//! The wiki's markup: headings, lists, bold. Everything else is text, escaped first.

use crate::html::escape;

/// Turns markup into HTML.
pub(crate) fn to_html(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let mut items = String::new();
        let mut lines = Vec::new();
        for line in block.lines() {
            if let Some(heading) = line.strip_prefix("# ") {
                html += &format!("<h2>{}</h2>", inline(heading));
            } else if let Some(item) = line.strip_prefix("- ") {
                items += &format!("<li>{}</li>", inline(item));
            } else {
                lines.push(inline(line));
            }
        }
        if !lines.is_empty() {
            html += &format!("<p>{}</p>", lines.join("<br>"));
        }
        if !items.is_empty() {
            html += &format!("<ul>{items}</ul>");
        }
    }
    html
}

fn inline(line: &str) -> String {
    let mut html = String::new();
    for (index, part) in line.split("**").enumerate() {
        let part = escape(part);
        html += &if index % 2 == 1 { format!("<strong>{part}</strong>") } else { part };
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_elements_and_text_is_escaped() {
        assert_eq!(
            to_html("# A & B\nx **y** <z>\n\n- one\n- two"),
            "<h2>A &amp; B</h2><p>x <strong>y</strong> &lt;z&gt;</p><ul><li>one</li><li>two</li></ul>"
        );
    }
}
