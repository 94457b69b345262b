//! The pages in `web/`, inside the binary: who may serve them registers [`playground`], [`console_page`] or [`docs_page`]. It owns
//! their headers (a content security policy without `unsafe-inline`, nothing from elsewhere) and refuses to know any data.

use actix_web::http::header;
use actix_web::web::{self, Path};
use actix_web::{HttpRequest, HttpResponse, Route, guard};
use rust_embed::RustEmbed;

/// Everything below `web/`; a build with debug assertions reads it from the disk anew each time.
#[derive(RustEmbed)]
#[folder = "web/"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.svg"]
struct Files;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// GET, and HEAD: the same without a body (RFC 9110, 9.3.2). Who watches from outside often asks so.
pub fn reads() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// `/playground` and the files it needs.
pub fn playground(app: &mut web::ServiceConfig) {
    app.route("/playground", reads().to(playground_page));
    all_files(app);
}

/// The files that the page of the API's documentation needs, and no others: it is served to the world.
pub fn docs_files(app: &mut web::ServiceConfig) {
    app.route("/web/docs/{path:.*}", reads().to(docs_file));
    app.route("/web/shared/{path:.*}", reads().to(shared_file));
}

/// The page of the API's documentation.
pub async fn docs_page(request: HttpRequest) -> HttpResponse {
    served(&request, "docs/index.html")
}

/// The page of the people on call.
pub async fn console_page(request: HttpRequest) -> HttpResponse {
    served(&request, "console/index.html")
}

/// All files below `web/`: what the console and the playground need.
pub fn all_files(app: &mut web::ServiceConfig) {
    app.route("/web/{path:.*}", reads().to(file));
}

async fn playground_page(request: HttpRequest) -> HttpResponse {
    served(&request, "playground/index.html")
}

async fn docs_file(request: HttpRequest, path: Path<String>) -> HttpResponse {
    served(&request, &format!("docs/{}", path.as_str()))
}

async fn shared_file(request: HttpRequest, path: Path<String>) -> HttpResponse {
    served(&request, &format!("shared/{}", path.as_str()))
}

async fn file(request: HttpRequest, path: Path<String>) -> HttpResponse {
    served(&request, &path)
}

fn served(request: &HttpRequest, path: &str) -> HttpResponse {
    // Read from the disk, `docs/../console` would lead out of what the listener may serve.
    let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let Some(file) = is_plain.then(|| Files::get(path)).flatten() else {
        return HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("there is no such file\n");
    };
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = request.headers().get(header::IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::ETAG, tag));
    if is_known {
        return answer.finish();
    }
    answer.content_type(kind(path)).body(file.data.into_owned())
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn no_path_leads_out_of_its_folder() {
        let status = |path: &str| served(&TestRequest::default().to_http_request(), path).status();
        assert_eq!(status("docs/main.js"), StatusCode::OK);
        for path in [
            "docs/../console/main.js",
            "docs/../../Cargo.toml",
            "docs/./main.js",
            "docs//main.js",
        ] {
            assert_eq!(status(path), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
