//! Tests of the configuration.

use http::HeaderName;

use super::*;

const HEAD: &str = "data = \"/var/lib/x\"\n[gateway]\nurl = \"https://gateway.example.com\"\n";

fn parse(sites: &str) -> Result<Config, ConfigError> {
    Config::parse(&format!("{HEAD}{sites}"), Path::new("/etc/x"), PlainHttp::ToLoopback)
}

fn site(fields: &str) -> Result<Config, ConfigError> {
    parse(&format!("[[site]]\nname = \"Wiki\"\nurl = \"https://wiki.example.com\"\n{fields}\n"))
}

fn problem(result: Result<Config, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_example_of_the_design_is_read() {
    let config = Config::parse(
        r#"
        data = "state"
        name = "Example Ltd"
        confirm = "administrator"
        [gateway]
        url = "https://gateway.example.com"
        [local]
        listen = "127.0.0.1:0"
        [[site]]
        name = "Wiki"
        url = "https://wiki.example.com"
        upstream = "http://10.0.0.5:8090"
        allow = ["staff"]
        identity = { header = "X-Remote-User" }
        [[site]]
        name = "Git"
        url = "https://git.example.com"
        allow = ["*"]
        identity = { jwt = true }
        [[site]]
        name = "Old"
        url = "https://old.example.com:8443"
        passthrough = true
        "#,
        Path::new("/etc/x"),
        PlainHttp::ToLoopback,
    )
    .unwrap();
    assert_eq!(config.data(), Path::new("/etc/x/state"));
    assert_eq!(config.confirm, Confirm::Administrator);
    let [wiki, git, old] = &config.sites[..] else { panic!("three sites") };
    assert_eq!(wiki.upstream.to_string(), "http://10.0.0.5:8090");
    assert_eq!(wiki.identity, Identity::Header(HeaderName::from_static("x-remote-user")));
    assert_eq!((&git.allow, &git.identity), (&Allow::Everyone, &Identity::Jwt));
    assert_eq!(git.upstream, git.origin);
    assert!(old.passthrough);
}

#[test]
fn the_written_template_is_read_and_its_commented_site_too() {
    let template = Template {
        data: Path::new("connector-data"),
        company: Some("Quote \" Ltd"),
        gateway: &GatewayOrigin::parse("http://192.0.2.1:8443", PlainHttp::Allowed).unwrap(),
        plain_http: PlainHttp::Allowed,
        ca: None,
    };
    let text = render_template(&template);
    let config = Config::parse(&text, Path::new(""), PlainHttp::ToLoopback).unwrap();
    assert_eq!(config.company, "Quote \" Ltd");
    assert_eq!(config.plain_http, PlainHttp::Allowed);
    let (head, example) = text.split_once("# [[site]]").unwrap();
    let example = example.replace("\n# ", "\n").replace("ca = ", "# ca = ");
    let config = Config::parse(&format!("{head}[[site]]{example}"), Path::new(""), PlainHttp::ToLoopback).unwrap();
    assert_eq!(config.sites.len(), 1);
}

#[test]
fn an_unknown_field_is_named_with_its_line_and_the_nearest_known_one() {
    let text = problem(site("alow = [\"staff\"]"));
    assert!(text.starts_with("line 7: unknown field `alow`"), "{text}");
    assert!(text.ends_with("did you mean `allow`?"), "{text}");
    let text = problem(parse("[gatway]\nurl = \"x\"\n"));
    assert!(text.ends_with("did you mean `gateway`?"), "{text}");
}

#[test]
fn ab_71_an_empty_or_blank_allow_list_lets_nobody_in_and_is_warned_about() {
    for allow in ["", "allow = []", "allow = [\"\"]", "allow = [\"  \"]", "allow = [ # \"staff\"\n]"] {
        let config = site(allow).unwrap();
        assert!(!config.sites[0].allow.admits(&["staff".to_owned(), String::new(), " ".to_owned()]));
        assert!(config.warnings().iter().any(|warning| warning.contains("nobody")), "{allow} was not warned about");
    }
    assert!(parse("").unwrap().warnings()[0].contains("no [[site]]"));
}

#[test]
fn ab_58_link_local_and_metadata_upstreams_are_refused() {
    for upstream in ["http://169.254.169.254", "http://[fe80::1]", "http://[::ffff:169.254.169.254]", "http://0.0.0.0"]
    {
        assert!(problem(site(&format!("upstream = \"{upstream}\""))).contains("link-local"), "{upstream} was taken");
    }
    assert!(site("upstream = \"http://127.0.0.1:1\"").is_ok());
}

#[test]
fn sites_that_make_no_sense_are_refused_by_name() {
    for (fields, wanted) in [
        ("upstream = \"http://10.0.0.5/base\"", "must end after the host"),
        ("upstream = \"http://user:pass@10.0.0.5\"", "user name"),
        ("upstream = \"ftp://10.0.0.5\"", "expected http://"),
        ("upstream = \"http://10.0.0.5:0\"", "port 0"),
        ("upstream = \"nonsense\"", "not a URL"),
        ("upstream = \"https://connector.latchgate.internal\"", "own name"),
        ("identity = { header = \"Cookie\" }", "meaning of its own"),
        ("identity = { header = \"X-User\", jwt = true }", "either"),
        ("identity = {}", "either"),
        ("identity = { jwt = true }\npassthrough = true", "exclude each other"),
        ("deny_paths = [\"/admin\"]\npassthrough = true", "exclude each other"),
        ("paths = [\"admin\"]", "plain path"),
        ("deny_paths = [\"/a/../b\"]", "plain path"),
        ("icon = \"https://elsewhere.example.com/icon.png\"", "icon"),
        ("tls_name = \"not a name\"", "certificate"),
    ] {
        let text = problem(site(fields));
        assert!(text.contains(wanted) && text.contains("`Wiki`"), "{fields}: {text}");
    }
    let twice = "[[site]]\nname = \"Wiki\"\nurl = \"https://a.example.com\"\n";
    assert!(problem(parse(&format!("{twice}{twice}"))).contains("same name"));
    let same_url = twice.replace("Wiki", "Other").replace("a.example.com", "A.example.com:443");
    assert!(problem(parse(&format!("{twice}{same_url}"))).contains("same url"));
}

#[test]
fn plain_http_to_the_gateway_is_refused_unless_it_is_allowed() {
    let text = "data = \"x\"\n[gateway]\nurl = \"http://gateway.example.com\"\n";
    let parse = |text: &str, plain| Config::parse(text, Path::new(""), plain);
    assert!(matches!(parse(text, PlainHttp::ToLoopback), Err(ConfigError::Gateway(OriginError::NotHttps))));
    assert!(parse(text, PlainHttp::Allowed).is_ok());
    assert!(parse(&format!("{text}allow_plain_http = true\n"), PlainHttp::ToLoopback).is_ok());
    assert!(parse(&text.replace("gateway.example.com", "127.0.0.1:9"), PlainHttp::ToLoopback).is_ok());
}

#[test]
fn the_local_listener_is_for_this_machine_only() {
    let text = problem(parse("[local]\nlisten = \"0.0.0.0:80\"\n"));
    assert!(text.contains("loopback"), "{text}");
}
