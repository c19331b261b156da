//! Files of ours that pages load: compiled in, named by their content, kept by browsers for ever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// A file, and the name it is served under.
struct Asset {
    stem: &'static str,
    extension: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

static ASSETS: [Asset; 3] = [
    Asset { stem: "board", extension: "css", media_type: "text/css; charset=utf-8", content: include_bytes!("../assets/board.css") },
    Asset { stem: "live", extension: "js", media_type: "text/javascript; charset=utf-8", content: include_bytes!("../assets/live.js") },
    Asset { stem: "mark", extension: "svg", media_type: "image/svg+xml", content: include_bytes!("../assets/mark.svg") },
];

static NAMES: LazyLock<[String; 3]> = LazyLock::new(|| ASSETS.each_ref().map(Asset::name));

impl Asset {
    fn name(&self) -> String {
        let hash = blake3::hash(self.content).to_hex();
        format!("{}.{}.{}", self.stem, &hash[..12], self.extension)
    }
}

/// Path of the style sheet.
pub(crate) fn style() -> String {
    format!("/assets/{}", NAMES[0])
}

/// Path of the script.
pub(crate) fn script() -> String {
    format!("/assets/{}", NAMES[1])
}

/// Path of the sign.
pub(crate) fn mark() -> String {
    format!("/assets/{}", NAMES[2])
}

/// `GET /assets/{file}`
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    match NAMES.iter().position(|name| *name == file).map(|index| &ASSETS[index]) {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
