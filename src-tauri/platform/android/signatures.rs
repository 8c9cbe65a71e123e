//! Compares what `Pages.java` declares with what the core calls and registers by name and signature: no compiler does.

const JAVA: &str = include_str!("Pages.java");
const CALLS: &str = include_str!("../android.rs");
const NATIVE: &str = include_str!("native.rs");

/// Returns the methods that are not private: whether each is native, its name, and its signature.
fn declared() -> Vec<(bool, String, String)> {
    let headers = JAVA.split("\n    static ").skip(1).filter_map(|rest| rest.split(')').next());
    headers.filter_map(declaration).collect()
}

/// Nothing for a method whose types the core has no words for.
fn declaration(header: &str) -> Option<(bool, String, String)> {
    let (before, parameters) = header.split_once('(')?;
    let words: Vec<&str> = before.split_whitespace().collect();
    let [.., returns, name] = words[..] else { return None };
    let mut signature = String::from("(");
    for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
        signature.push_str(descriptor(parameter.split_whitespace().next()?)?);
    }
    signature.push(')');
    signature.push_str(descriptor(returns)?);
    Some((words[0] == "native", name.to_owned(), signature))
}

fn descriptor(name: &str) -> Option<&'static str> {
    Some(match name {
        "void" => "V",
        "boolean" => "Z",
        "int" => "I",
        "byte[]" => "[B",
        "String" => "Ljava/lang/String;",
        "String[]" => "[Ljava/lang/String;",
        "Activity" => "Landroid/app/Activity;",
        "View" => "Landroid/view/View;",
        "Runnable" => "Ljava/lang/Runnable;",
        _ => return None,
    })
}

fn on_one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_native_method_is_registered_with_its_signature() {
    let registered = on_one_line(NATIVE);
    let native: Vec<_> = declared().into_iter().filter(|(is_native, ..)| *is_native).collect();
    assert_eq!(native.len(), NATIVE.matches("method(\"").count());
    for (_, name, signature) in native {
        assert!(registered.contains(&format!("\"{name}\", \"{signature}\"")), "{name} {signature}");
    }
}

#[test]
fn each_call_into_java_has_a_method_with_its_signature() {
    let calls = on_one_line(CALLS);
    let methods: Vec<_> = declared().into_iter().filter(|(is_native, ..)| !is_native).collect();
    assert_eq!(methods.len(), CALLS.matches("call_static_method(").count());
    for (_, name, signature) in methods {
        let called = format!("\"{name}\"");
        let before = calls.find(&called).map(|place| &calls[place.saturating_sub(160)..place + 160]);
        assert!(before.is_some_and(|around| around.contains(&format!("\"{signature}\""))), "{name} {signature}");
    }
}
