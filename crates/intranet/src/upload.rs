//! Uploads, streamed: the body is hashed and, with a data folder, written to disk as it comes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::Site;
use crate::html::{self, escape};
use crate::large::to_hex;
use crate::person::Person;

/// The longest shown file name, in characters.
const NAME_LIMIT: usize = 120;

/// One finished upload.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Upload {
    name: String,
    size: u64,
    sha256: String,
    person: String,
}

/// What was uploaded since the start.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: Option<PathBuf>,
    list: Mutex<Vec<Upload>>,
}

impl Uploads {
    pub(crate) fn open(data: Option<&Path>) -> anyhow::Result<Self> {
        let folder = data.map(|data| data.join("uploads"));
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        Ok(Self { folder, list: Mutex::default() })
    }

    /// Takes one body in; the file is named by its hash, never by what the browser says.
    async fn take<E: std::error::Error + Send + Sync + 'static>(
        &self,
        person: &Person,
        name: &str,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> anyhow::Result<Upload> {
        let arriving = self.folder.as_ref().map(|folder| folder.join(format!(".arriving-{}", self.next_number())));
        let mut file = match &arriving {
            Some(path) => Some(File::create(path).await?),
            None => None,
        };
        let (mut hash, mut size) = (Sha256::new(), 0);
        while let Some(part) = body.next().await {
            let part = part.context("read the upload")?;
            hash.update(&part);
            size += part.len() as u64;
            if let Some(file) = &mut file {
                file.write_all(&part).await.context("write the upload")?;
            }
        }
        let upload = Upload {
            name: name.chars().filter(|letter| !letter.is_control()).take(NAME_LIMIT).collect(),
            size,
            sha256: to_hex(&hash.finalize()),
            person: person.shown().to_owned(),
        };
        if let (Some(mut file), Some(arriving), Some(folder)) = (file, arriving, &self.folder) {
            file.flush().await?;
            tokio::fs::rename(arriving, folder.join(&upload.sha256)).await?;
        }
        self.lock().push(upload.clone());
        Ok(upload)
    }

    fn next_number(&self) -> u64 {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Upload>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the form and what was uploaded.
pub(crate) async fn form(State(site): State<Site>, person: Person) -> Response {
    let mut rows = String::new();
    for upload in site.uploads.lock().iter().rev() {
        rows += &format!(
            "<tr><td>{}</td><td class=\"number\">{}</td><td>{}</td><td><code>{}</code></td></tr>",
            escape(&upload.name),
            upload.size,
            escape(&upload.person),
            upload.sha256
        );
    }
    let table = if rows.is_empty() {
        "<p>Nothing yet.</p>".to_owned()
    } else {
        format!(
            "<div class=\"scroll\"><table id=\"uploads\"><thead><tr><th>File</th><th>Bytes</th><th>By</th><th>SHA-256</th></tr></thead><tbody>{rows}</tbody></table></div>"
        )
    };
    let body = format!(
        r#"<h1>Upload</h1>
<form method="post" action="/upload" enctype="multipart/form-data" class="card row">
<label>File <input type="file" name="file" id="file" required></label><button id="send">Upload</button>
</form>
<h2>Received</h2>{table}"#
    );
    html::page(&person, "Upload", &body)
}

/// Takes the form in, then shows the list.
pub(crate) async fn receive_form(State(site): State<Site>, person: Person, request: Request) -> Response {
    let boundary = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok());
    let Some(boundary) = boundary else {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected multipart/form-data").into_response();
    };
    let mut form = multer::Multipart::new(request.into_body().into_data_stream(), boundary);
    loop {
        match form.next_field().await {
            Ok(None) => return Redirect::to("/upload").into_response(),
            Ok(Some(field)) => {
                let Some(name) = field.file_name().map(ToOwned::to_owned) else { continue };
                if let Err(error) = site.uploads.take(&person, &name, field).await {
                    return refuse(&error);
                }
            }
            Err(error) => return refuse(&error.into()),
        }
    }
}

/// Takes a bare body in and answers with its size and hash as JSON.
pub(crate) async fn receive_raw(State(site): State<Site>, person: Person, headers: HeaderMap, body: Body) -> Response {
    let name = headers.get("x-file-name").and_then(|value| value.to_str().ok()).unwrap_or("unnamed").to_owned();
    match site.uploads.take(&person, &name, body.into_data_stream()).await {
        Ok(upload) => Json(upload).into_response(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &anyhow::Error) -> Response {
    tracing::info!("upload failed: {error:#}");
    (StatusCode::BAD_REQUEST, "the upload ended early").into_response()
}
