//! What the Android project needs for the screen of intranet pages. Pure; `src-tauri/build.rs` writes it.

/// Where sites with plain `http` are in the catalogue, their pages load through the proxy, sealed up to the company.
pub(crate) const NETWORK: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<network-security-config>
    <base-config cleartextTrafficPermitted="true" />
</network-security-config>
"#;
/// The name of the file above, without its ending.
pub(crate) const NETWORK_NAME: &str = "latchgate_network";

/// What no optimiser may rename: the app's core calls these classes by their names.
pub(crate) const KEPT: &str = "-keep class org.latchgate.app.Page* { *; }\n";

const ACTIVITY: &str = r#"    <activity
            android:name=".PageActivity"
            android:configChanges="orientation|keyboardHidden|keyboard|screenSize|locale|smallestScreenSize|screenLayout|uiMode"
            android:exported="false"
            android:windowSoftInputMode="adjustResize" />
    "#;

/// Adds the screen and the network rules to a manifest; once, however often it is called.
pub(crate) fn complete(manifest: &str) -> String {
    let mut complete = manifest.to_owned();
    if !complete.contains(".PageActivity")
        && let Some(end) = complete.find("</application>")
    {
        complete.insert_str(end, ACTIVITY);
    }
    if !complete.contains("android:networkSecurityConfig") {
        let rules = format!("<application\n        android:networkSecurityConfig=\"@xml/{NETWORK_NAME}\"");
        complete = complete.replacen("<application", &rules, 1);
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"<manifest><application
        android:icon="@mipmap/ic_launcher">
        <activity android:name=".MainActivity" />
    </application></manifest>"#;

    #[test]
    fn the_screen_of_pages_stands_beside_the_main_one_and_no_other_app_can_open_it() {
        let complete = complete(MANIFEST);
        let (application, _) = complete.split_once("</application>").unwrap();
        let (_, screen) = application.split_once(".PageActivity").unwrap();
        assert!(application.contains(".MainActivity") && screen.contains(r#"android:exported="false""#), "{complete}");
        assert!(complete.contains(
            r#"<application
        android:networkSecurityConfig="@xml/latchgate_network"
        android:icon"#
        ));
    }

    #[test]
    fn the_names_that_java_and_the_core_share_are_kept() {
        for name in ["Pages", "PageView", "PageActivity"] {
            assert!(name.starts_with("Page") && KEPT.contains("org.latchgate.app.Page*"), "{name}");
        }
        assert!(NETWORK.contains("cleartextTrafficPermitted") && !NETWORK_NAME.contains('.'));
    }

    #[test]
    fn a_complete_manifest_stays_as_it_is() {
        let once = complete(MANIFEST);
        assert_eq!(complete(&once), once);
    }
}
