//! Two reverse proxies in a row, in plain text: what two hops of a lean C program cost.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::{Running, free_port, wait_for_answer};
use crate::bench::chain::{Chain, Role};
use crate::process::Part;
use crate::setup;

/// Where Debian puts it: not in the search path of an ordinary user.
const PROGRAM: &str = "/usr/sbin/nginx";

pub(super) fn install() -> anyhow::Result<()> {
    if Path::new(PROGRAM).is_file() { Ok(()) } else { setup::packages(&["nginx-light"]) }
}

pub(super) fn start(name: &'static str, upstream: &str) -> anyhow::Result<Running> {
    let folder = tempfile::tempdir()?;
    let (near, far) = (free_port()?, free_port()?);
    let second = hop("nginx-far", folder.path(), far, upstream)?;
    let first = hop("nginx-near", folder.path(), near, &format!("127.0.0.1:{far}"))?;
    wait_for_answer(near)?;
    let roles = vec![Role { name: "near", process: first.id() }, Role { name: "far", process: second.id() }];
    let chain = Chain::forwarding(name, false, format!("http://127.0.0.1:{near}"), roles);
    Ok(Running { chain, _parts: vec![first, second], _folder: folder })
}

fn hop(name: &'static str, folder: &Path, port: u16, next: &str) -> anyhow::Result<Part> {
    let prefix = folder.join(name);
    fs::create_dir(&prefix)?;
    let config = prefix.join("nginx.conf");
    fs::write(&config, text(&prefix, port, next)).context("write nginx.conf")?;
    Part::start(name, Command::new(PROGRAM).arg("-p").arg(&prefix).arg("-c").arg(&config), folder)
}

/// One worker, connections kept open on both sides, bodies passed on as they come.
fn text(prefix: &Path, port: u16, next: &str) -> String {
    let folder = prefix.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream next {{ server {next}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://next; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_request_buffering off; proxy_max_temp_file_size 0; proxy_buffers 16 64k; proxy_buffer_size 64k;
    }}
  }}
}}
"
    )
}
