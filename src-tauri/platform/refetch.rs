//! Fetching a file once more through a page of the same company. Pure.
//!
//! Engines without a call for it follow a link that is made for it and belongs to no document.

use tauri::Url;

/// Returns the script that downloads an address of the page's company. It leaves nothing in the page.
pub(super) fn script(address: &Url) -> String {
    let address = serde_json::Value::from(address.as_str());
    // In JSON these may stand as they are; in a script they end a line.
    let address = address.to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    format!(
        "(() => {{ const link = document.createElement('a'); link.href = {address}; link.download = ''; \
         link.click(); }})()"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_leave_its_quotes() {
        let address = Url::parse("https://wiki.example.com/a?\"+alert(1)+\"\\#'</script>").unwrap();
        let script = script(&address);
        let (_, rest) = script.split_once("link.href = ").unwrap();
        let (literal, _) = rest.split_once("; link.download").unwrap();
        assert_eq!(serde_json::from_str::<String>(literal).unwrap(), address.as_str());
    }
}
