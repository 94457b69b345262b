//! A Redis behind TLS, as `sacola check` meets it: its authority is trusted when `SSL_CERT_FILE` names it.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::check::Bench;
use crate::support::redis_server::{AppendOnly, RedisServer, free_port};

/// An authority, and what it signed for 127.0.0.1.
struct Signed {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

fn signs(directory: &Path) -> Signed {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate().unwrap();
    let own = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let issuer = Issuer::from_params(&authority, &authority_key);
    let certificate = server.signed_by(&key, &issuer).unwrap();
    let written = |name: &str, pem: String| {
        let path = directory.join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    Signed {
        authority: written("authority.pem", own.pem()),
        certificate: written("certificate.pem", certificate.pem()),
        key: written("key.pem", key.serialize_pem()),
    }
}

fn starts(signed: &Signed, port: &str) -> RedisServer {
    let path = |path: &Path| path.display().to_string();
    let (authority, certificate, key) = (
        path(&signed.authority),
        path(&signed.certificate),
        path(&signed.key),
    );
    let settings = [
        ["--tls-port", port],
        ["--tls-ca-cert-file", &authority],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-auth-clients", "no"],
    ];
    RedisServer::start_with(AppendOnly::Always, settings.as_flattened()).expect("a Redis that speaks TLS")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_behind_tls_is_trusted_by_the_authority_that_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let signed = signs(directory.path());
    let port = free_port().unwrap().to_string();
    let _server = starts(&signed, &port);
    let bench = Bench::start();
    let url = format!("rediss://127.0.0.1:{port}");
    let checks = |authority: &Path| {
        let authority = authority.display().to_string();
        bench.checks(&[("SACOLA__STORE__URL", &url), ("SSL_CERT_FILE", &authority)])
    };
    let another = tempfile::tempdir().unwrap();
    checks(&signs(another.path()).authority)
        .has_fault("store.unreachable", &[&url, "invalid peer certificate"]);
    let note = checks(&signed.authority).passed("store.url rediss://");
    assert!(note.contains("took a write"), "{note}");
}
