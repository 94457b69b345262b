//! HTTPS for programs whose Graph host can't be changed: a certificate for Meta's host names, signed by an authority of our own that
//! the program under test is told to trust. The authority may sign for those names and for addresses only, and its key stays in
//! `ca-key.pem`, readable by its owner alone.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::clock::{Clock, MovableClock};

use super::whole_file;

/// The host that SDKs have built in, and the one that media links of the real API lead to.
pub const META_HOSTS: [&str; 2] = ["graph.facebook.com", "lookaside.fbsbx.com"];
/// This machine, by itself and as a container sees it.
const OWN_HOSTS: [&str; 2] = ["localhost", "host.docker.internal"];

const KEY_FILE: &str = "ca-key.pem";
const CERTIFICATE_FILE: &str = "ca.pem";
const AUTHORITY: &str = "Sacola emulator, for tests only";
const DAY_MS: i64 = 24 * 3600 * 1000;
const AUTHORITY_DAYS: i64 = 3650;
/// Clients of Apple refuse server certificates that live longer than 398 days.
const SERVER_DAYS: i64 = 390;

/// What the HTTPS listener needs, and what a client must trust.
pub struct Identity {
    pub config: ServerConfig,
    pub ca_file: PathBuf,
}

/// Takes the authority of `directory`, or makes one there, and signs a fresh certificate for a listener at `address`.
pub fn prepared(directory: &Path, address: SocketAddr) -> anyhow::Result<Identity> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("--tls-dir {}: cannot be made", directory.display()))?;
    let authority_key = authority_key(directory)?;
    let authority = authority()?;
    let own = authority
        .self_signed(&authority_key)
        .context("the authority's certificate cannot be made")?;
    // Written anew each time: the key alone is the authority, and who trusts a former certificate of it trusts this one.
    let ca_file = directory.join(CERTIFICATE_FILE);
    whole_file::write(&ca_file, own.pem().as_bytes(), whole_file::ANYBODY_READS).with_context(|| {
        format!(
            "--tls-dir {}: {CERTIFICATE_FILE} cannot be written",
            directory.display()
        )
    })?;

    let key = KeyPair::generate().context("no key for the certificate")?;
    let issuer = Issuer::from_params(&authority, &authority_key);
    let certificate = server(address)?
        .signed_by(&key, &issuer)
        .context("the server's certificate cannot be signed")?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .context("no TLS version is usable")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .context("the server's certificate is not usable")?;
    Ok(Identity { config, ca_file })
}

fn authority_key(directory: &Path) -> anyhow::Result<KeyPair> {
    let path = directory.join(KEY_FILE);
    match std::fs::read_to_string(&path) {
        Ok(pem) => KeyPair::from_pem(&pem).with_context(|| {
            let path = path.display();
            format!("{path} is no private key in PEM; move it away to get a new authority")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = KeyPair::generate().context("no key for the authority")?;
            whole_file::write(&path, key.serialize_pem().as_bytes(), whole_file::OWNER_ONLY)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(key)
        }
        Err(error) => bail!("{} cannot be read: {error}", path.display()),
    }
}

fn authority() -> anyhow::Result<CertificateParams> {
    let mut params = dated(Vec::new(), AUTHORITY_DAYS)?;
    params.distinguished_name = named(AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let hosts = META_HOSTS.iter().chain(&OWN_HOSTS);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: hosts
            .map(|host| GeneralSubtree::DnsName((*host).to_owned()))
            .collect(),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn server(address: SocketAddr) -> anyhow::Result<CertificateParams> {
    let hosts = META_HOSTS.iter().chain(&OWN_HOSTS);
    let mut names: Vec<String> = hosts.map(|host| (*host).to_owned()).collect();
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    names.extend(loopback.iter().map(IpAddr::to_string));
    let ip = address.ip();
    if !ip.is_unspecified() && !loopback.contains(&ip) {
        names.push(ip.to_string());
    }
    let mut params = dated(names, SERVER_DAYS)?;
    params.distinguished_name = named("Sacola emulator");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// From yesterday on by the machine's clock, as clients see it, not by the world's.
fn dated(names: Vec<String>, days: i64) -> anyhow::Result<CertificateParams> {
    let now_ms = MovableClock::fixed().now_ms();
    let at = |ms: i64| {
        let date = jiff::Timestamp::from_millisecond(ms)?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        anyhow::Ok(rcgen::date_time_ymd(i32::from(date.year()), month, day))
    };
    let mut params = CertificateParams::new(names).context("a host name is not usable")?;
    params.not_before = at(now_ms - DAY_MS)?;
    params.not_after = at(now_ms + days * DAY_MS)?;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_authority_stays_and_its_key_is_nobody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let address: SocketAddr = "127.0.0.1:8443".parse().unwrap();
        let key = directory.path().join(KEY_FILE);

        let first = prepared(directory.path(), address).unwrap();
        let made = std::fs::read(&key).unwrap();
        prepared(directory.path(), address).unwrap();

        assert_eq!(std::fs::read(&key).unwrap(), made);
        assert_eq!(
            std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(
            std::fs::read_to_string(first.ca_file)
                .unwrap()
                .contains("BEGIN CERTIFICATE")
        );
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(KEY_FILE), "not a key").unwrap();

        let error = prepared(directory.path(), "127.0.0.1:1".parse().unwrap());
        let error = format!("{:#}", error.err().unwrap());

        assert!(
            error.contains(KEY_FILE) && error.contains("move it away"),
            "{error}"
        );
    }
}
