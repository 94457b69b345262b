//! Meta's handshake with a webhook address (Meta, "Create a webhook endpoint", 2025-11-07): the bot must send the challenge back,
//! bare and with 200, to who knows its verify token. It says in plain words how a bot answered, and what to mend.

use url::Url;

const ANSWER_BYTES_MAX: usize = 4 * 1024;

/// How a bot answered the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// As Meta wants it.
    Well,
    /// In words, with the mend.
    Badly(String),
}

/// Asks once.
pub async fn shake(http: &reqwest::Client, url: &str, verify_token: &str, challenge: &str) -> Answered {
    let mut asked = match Url::parse(url) {
        Ok(asked) => asked,
        Err(error) => {
            return Answered::Badly(format!("is no address ({error}); give another webhook address"));
        }
    };
    asked
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", challenge)
        .append_pair("hub.verify_token", verify_token);
    match answer(http, asked).await {
        Ok((status, body)) => judged(status, &body, challenge, verify_token),
        Err(error) if error.is_timeout() => {
            Answered::Badly("did not answer in time; answer the handshake before any other work".to_owned())
        }
        Err(error) if error.is_connect() => {
            Answered::Badly("can't be reached; start your bot, or correct the webhook address".to_owned())
        }
        Err(error) => Answered::Badly(format!(
            "broke off ({}); look into your bot's log",
            error.without_url()
        )),
    }
}

async fn answer(http: &reqwest::Client, url: Url) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let mut answer = http.get(url).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok((answer.status().as_u16(), body))
}

fn judged(status: u16, body: &[u8], challenge: &str, verify_token: &str) -> Answered {
    if status == 200 && body == challenge.as_bytes() {
        return Answered::Well;
    }
    let body = String::from_utf8_lossy(body);
    let bare = body.trim().trim_matches('"');
    let said = match status {
        200 if bare == challenge => {
            "answered 200 and the challenge, but with quotes or blanks around it; send it bare, as text/plain, not as JSON"
                .to_owned()
        }
        200 => "answered 200, but not with the challenge; send the value of hub.challenge as the whole body".to_owned(),
        300..=399 => {
            format!("answered {status}, and no redirect is followed; give the address that it leads to")
        }
        401 | 403 => format!(
            "answered {status}, so it knows another verify token; give it \"{verify_token}\", or start the emulator with \
             --verify-token and the one it knows"
        ),
        404 => "answered 404; correct the path of the webhook address".to_owned(),
        405 => "answered 405; its webhook address must take GET too, for this handshake".to_owned(),
        _ => format!("answered {status} instead of 200 and the challenge; look into your bot's log"),
    };
    Answered::Badly(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> String {
        match judged(status, body.as_bytes(), "1158201444", "a token") {
            Answered::Well => String::new(),
            Answered::Badly(said) => said,
        }
    }

    #[test]
    fn only_200_and_the_bare_challenge_pass() {
        assert_eq!(said(200, "1158201444"), "");
        for (status, body, mend) in [
            (200, "\"1158201444\"", "send it bare"),
            (200, "1158201444\n", "send it bare"),
            (200, "ok", "hub.challenge"),
            (201, "1158201444", "instead of 200"),
            (403, "", "--verify-token"),
            (404, "", "correct the path"),
            (405, "", "GET"),
            (307, "", "redirect"),
        ] {
            let said = said(status, body);
            assert!(said.contains(mend), "{status}: {said}");
        }
    }
}
