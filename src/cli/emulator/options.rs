//! What `sacola emulator` may be given, and the help that must be enough to point any bot at it.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use url::Url;

use super::{ACCESS_TOKEN, APP_SECRET, MERCHANT_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN, WABA_ID};
use crate::emulator;

/// What `sacola emulator --help` tells.
pub(crate) const HELP: &str = "\
A WhatsApp Cloud API on this machine: no phone, no Meta app, no tunnel. It takes what your bot sends, refuses what Meta
refuses, and sends signed webhooks. You play the customer, in the browser (/playground) or with curl. A demo shop is there too.

Point your bot at it with what it prints at the start: base URL, access token, app secret, verify token, phone number id.
Give it your bot's webhook address with --webhook-url; it does Meta's handshake and says how your bot answered.

(a) Your SDK has an option for the base URL (graphUrl, baseURL, api_url …): give it the printed base URL, without a version.
(b) Your SDK takes a fetch function, a transport or an HTTP client: give it one that replaces https://graph.facebook.com
    by the printed base URL.
(c) Your SDK has https://graph.facebook.com built in: start with
        sacola emulator --tls-listen 127.0.0.1:8443 --proxy-listen 127.0.0.1:8444 --tls-dir ./emulator-tls
    and your bot with
        HTTPS_PROXY=http://127.0.0.1:8444
        NODE_EXTRA_CA_CERTS=./emulator-tls/ca.pem       (Node.js; with NODE_USE_ENV_PROXY=1 for its own fetch, from 24 on)
        REQUESTS_CA_BUNDLE=./emulator-tls/ca.pem        (Python requests)
        SSL_CERT_FILE=./emulator-tls/ca.pem             (Python httpx, Go, Ruby, curl and most that use OpenSSL)
    The proxy leads graph.facebook.com to the emulator and refuses every other host; put those into NO_PROXY. Without a
    proxy, write 127.0.0.1 graph.facebook.com into /etc/hosts and listen on 127.0.0.1:443.

On stdout comes one line of JSON when it is ready, with all of this for scripts. All else goes to stderr. Ctrl-C ends it.
docs/EMULATOR.md tells the rest; openapi/emulator.yaml lists every route.";

/// Where it listens, whom it speaks to, and what it is called.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub(super) listen: String,
    /// Your bot's webhook address; also POST /emulator/targets, later.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(super) webhook_url: Option<String>,
    /// Where the demo shop tells a Sacola gateway what happens: its POST /webhooks/merchants/demo.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(super) callback_url: Option<String>,
    /// What your bot expects in the handshake.
    #[arg(long, value_name = "TOKEN", default_value = VERIFY_TOKEN)]
    pub(super) verify_token: String,
    /// What your bot sends as "authorization: Bearer …".
    #[arg(long, value_name = "TOKEN", default_value = ACCESS_TOKEN)]
    pub(super) access_token: String,
    /// What your bot checks X-Hub-Signature-256 with.
    #[arg(long, value_name = "SECRET", default_value = APP_SECRET)]
    pub(super) app_secret: String,
    /// What the demo shop and a Sacola gateway sign with: whsec_ and base64.
    #[arg(long, value_name = "SECRET", default_value = MERCHANT_SECRET)]
    pub(super) merchant_secret: String,
    /// Takes verify_token, access_token, app_secret and merchant_secret from the files of these names there, and prints none.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["verify_token", "access_token", "app_secret", "merchant_secret"])]
    pub(super) secrets: Option<PathBuf>,
    /// The business phone number's id.
    #[arg(long, value_name = "ID", default_value = PHONE_NUMBER_ID, value_parser = object_id)]
    pub(super) phone_number_id: String,
    /// The WhatsApp Business Account's id.
    #[arg(long, value_name = "ID", default_value = WABA_ID, value_parser = object_id)]
    pub(super) waba_id: String,
    /// Keeps phones, chats, carts, faults, clock, catalog and purchases in this file; in memory alone when absent.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// Meta's throughput and pair-rate limits from the start; also POST /emulator/strict, later.
    #[arg(long)]
    pub(super) strict: bool,
    /// Also answers over HTTPS there, with a certificate for graph.facebook.com.
    #[arg(long, value_name = "ADDR")]
    pub(super) tls_listen: Option<String>,
    /// Where the authority that signed the certificate is kept; a temporary directory when absent.
    #[arg(long, value_name = "DIR", requires = "tls_listen")]
    pub(super) tls_dir: Option<PathBuf>,
    /// A proxy for HTTPS_PROXY that leads graph.facebook.com to the HTTPS listener and refuses all other hosts.
    #[arg(long, value_name = "ADDR", requires = "tls_listen")]
    pub(super) proxy_listen: Option<String>,
}

impl Options {
    /// The same with what the files of `--secrets` hold.
    pub(super) fn with_secret_files(self) -> anyhow::Result<Self> {
        let options = match self.secrets.clone() {
            Some(directory) => self.read_from(&directory)?,
            None => self,
        };
        // Not by a parser of the argument: what it refuses is quoted.
        ensure!(
            emulator::is_merchant_secret(&options.merchant_secret),
            "--merchant-secret, or the file merchant_secret of --secrets: is not whsec_ followed by base64; make one: echo \
             \"whsec_$(openssl rand -base64 32)\""
        );
        Ok(options)
    }

    fn read_from(mut self, directory: &Path) -> anyhow::Result<Self> {
        let secrets = [
            ("verify_token", &mut self.verify_token),
            ("access_token", &mut self.access_token),
            ("app_secret", &mut self.app_secret),
            ("merchant_secret", &mut self.merchant_secret),
        ];
        for (name, secret) in secrets {
            *secret = secret_in(&directory.join(name))?;
        }
        Ok(self)
    }
}

/// A line break at the end doesn't count, as in the gateway's secret files.
fn secret_in(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "--secrets: the file {} cannot be read; create it, or let this user read it",
            path.display()
        )
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    ensure!(
        !secret.is_empty(),
        "--secrets: the file {} is empty; put the secret there",
        path.display()
    );
    Ok(secret.to_owned())
}

fn web_address(text: &str) -> Result<String, String> {
    let whole = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if whole {
        Ok(text.to_owned())
    } else {
        Err("give a whole address, such as http://127.0.0.1:3000/webhook".to_owned())
    }
}

fn object_id(text: &str) -> Result<String, String> {
    let digits = !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        Ok(text.to_owned())
    } else {
        Err("ids of the Graph API are digits, such as 106540352242922".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_addresses_and_ids_of_digits_are_taken() {
        assert!(web_address("http://127.0.0.1:3000/webhook").is_ok());
        for text in [
            "localhost:3000/webhook",
            "127.0.0.1:3000",
            "/webhook",
            "ftp://host/x",
            "",
        ] {
            assert!(web_address(text).unwrap_err().contains("http://"), "{text}");
        }
        assert!(object_id("106540352242922").is_ok());
        for text in ["", "12a", "+55", "../messages"] {
            assert!(object_id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_file_is_read_without_its_line_break_and_may_not_be_empty() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("app_secret");
        let missing = secret_in(&path).unwrap_err().to_string();
        assert!(missing.contains("app_secret cannot be read"), "{missing}");
        std::fs::write(&path, "\n").unwrap();
        assert!(secret_in(&path).unwrap_err().to_string().contains("is empty"));
        std::fs::write(&path, "of files\r\n").unwrap();
        assert_eq!(secret_in(&path).unwrap(), "of files");
    }
}
