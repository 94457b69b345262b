//! How the pages are served: nothing inline, nothing from elsewhere, and the demo only where it belongs.

use super::demo::Demo;

#[tokio::test]
async fn pages_forbid_whatever_is_not_their_own() {
    let demo = Demo::start();
    for url in [
        demo.playground(""),
        format!("{}/console", demo.ops),
        format!("{}/docs", demo.public),
        format!("{}/web/shared/dom.js", demo.public),
    ] {
        let answer = demo.raw(&url).await;
        assert_eq!(answer.status(), 200, "{url}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again_and_none_lies_outside() {
    let demo = Demo::start();
    let url = format!("{}/web/shared/dom.js", demo.public);
    let first = demo.raw(&url).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let http = sacola::outgoing::provider(10_000).unwrap();
    let again = http.get(&url).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    for outside in ["/web/../Cargo.toml", "/web/%2e%2e/Cargo.toml", "/web/nothing.js"] {
        let answer = demo.raw(&format!("{}{outside}", demo.public)).await;
        assert_eq!(answer.status(), 404, "{outside}");
    }
}

#[tokio::test]
async fn the_ops_listener_has_no_playground_and_the_public_one_no_console() {
    let demo = Demo::start();
    for url in [
        format!("{}/playground", demo.ops),
        format!("{}/console", demo.public),
        format!("{}/emulator/state", demo.ops),
    ] {
        assert_eq!(demo.raw(&url).await.status(), 404, "{url}");
    }
}
