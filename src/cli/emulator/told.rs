//! What `sacola emulator` says when it is ready: one line of JSON for scripts, and for a person how to point a bot at it.

use serde_json::{Value, json};

use super::{Options, described};
use crate::emulator::{Emulator, Https};

/// The version that the examples call; any version is answered.
const GRAPH_VERSION: &str = "v26.0";

/// All addresses and identities of this run.
pub(super) fn ready_line(emulator: &Emulator, options: &Options) -> Value {
    let base_url = emulator.base_url();
    let mut ready = described(base_url);
    let Some(map) = ready.as_object_mut() else {
        return ready;
    };
    map.insert("ready".to_owned(), json!(true));
    map.insert("playground".to_owned(), json!(format!("{base_url}/playground")));
    let ids = [
        ("phone_number_id", &options.phone_number_id),
        ("waba_id", &options.waba_id),
    ];
    for (name, value) in ids {
        map.insert(name.to_owned(), json!(value));
    }
    let secrets = [
        ("access_token", &options.access_token),
        ("app_secret", &options.app_secret),
        ("verify_token", &options.verify_token),
        ("merchant_secret", &options.merchant_secret),
    ];
    for (name, value) in secrets {
        if let Some(directory) = &options.secrets {
            let file = directory.join(name).display().to_string();
            map.remove(name);
            map.insert(format!("{name}_file"), json!(file));
        } else {
            map.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(webhook_url) = emulator.webhook_url() {
        map.insert("webhook_url".to_owned(), json!(webhook_url));
    }
    if let Some(https) = emulator.https() {
        map.insert("tls_url".to_owned(), json!(https.url));
        let ca_file = https.ca_file.display().to_string();
        map.insert("ca_file".to_owned(), json!(ca_file));
        if let Some(proxy_url) = &https.proxy_url {
            map.insert("proxy_url".to_owned(), json!(proxy_url));
        }
    }
    ready
}

/// How to point a bot at it, line by line.
pub(super) fn explained(emulator: &Emulator, options: &Options) -> String {
    let base = emulator.base_url();
    let Options {
        phone_number_id,
        waba_id,
        ..
    } = options;
    let shown = |name: &str, value: &str| match &options.secrets {
        Some(directory) => format!("$(cat {})", directory.join(name).display()),
        None => value.to_owned(),
    };
    let access_token = shown("access_token", &options.access_token);
    let app_secret = shown("app_secret", &options.app_secret);
    let verify_token = shown("verify_token", &options.verify_token);
    let https = emulator.https().map(explained_https).unwrap_or_default();
    let targets = if emulator.webhook_url().is_some() {
        String::new()
    } else {
        format!(
            r#"Your bot gets no webhooks yet: restart with --webhook-url http://127.0.0.1:PORT/PATH, or tell it now:
  curl -s {base}/emulator/targets -d '{{"webhook_url":"http://127.0.0.1:PORT/PATH"}}'
"#
        )
    };
    format!(
        r#"The WhatsApp emulator is running. Play the customer at {base}/playground
Point your bot at it:
  base URL           {base}   in place of https://graph.facebook.com, without a version
  access token       {access_token}
  app secret         {app_secret}   signs webhooks: X-Hub-Signature-256
  verify token       {verify_token}   for the handshake
  phone number id    {phone_number_id}
  business account   {waba_id}
{https}Write as a customer, then answer as your bot would:
  curl -s {base}/emulator/phones -d '{{"name":"Ana","wa_id":"5511987654321"}}'
  curl -s {base}/emulator/phones/ph1/devices/android/text -d '{{"body":"oi"}}'
  curl -s {base}/{GRAPH_VERSION}/{phone_number_id}/messages -H "authorization: Bearer {access_token}" \
    -H 'content-type: application/json' \
    -d '{{"messaging_product":"whatsapp","to":"5511987654321","type":"text","text":{{"body":"Olá!"}}}}'
  curl -s {base}/emulator/phones/ph1/messages
{targets}Ctrl-C ends."#
    )
}

fn explained_https(https: &Https) -> String {
    let (url, ca_file) = (&https.url, https.ca_file.display());
    let way = match &https.proxy_url {
        Some(proxy_url) => {
            format!("HTTPS_PROXY={proxy_url}   other hosts are refused: put them into NO_PROXY")
        }
        None => {
            "graph.facebook.com leading there: in /etc/hosts, or by --proxy-listen and HTTPS_PROXY".to_owned()
        }
    };
    format!(
        r"If your SDK has https://graph.facebook.com built in, that is {url}; start your bot with
  {way}
  NODE_EXTRA_CA_CERTS={ca_file}   Node.js; with NODE_USE_ENV_PROXY=1 for its own fetch
  REQUESTS_CA_BUNDLE={ca_file}   Python requests
  SSL_CERT_FILE={ca_file}   Python httpx, Go, Ruby, curl, and most that use OpenSSL
"
    )
}
