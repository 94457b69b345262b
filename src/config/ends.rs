//! Which secrets end, and when: for the alarm before and the warning after. It refuses to read a clock.

use super::secret::Secret;
use super::types::Config;

impl Config {
    /// Every secret's place (`number[1065…].access_token[0]`, by id where there is one) and its end, in Unix milliseconds.
    pub fn ends(&self) -> Vec<(String, Option<i64>)> {
        let with_end = |(place, secret): (String, &Secret)| (place, secret.expires_at_ms());
        self.secrets().into_iter().map(with_end).collect()
    }

    /// Every secret with its place.
    fn secrets(&self) -> Vec<(String, &Secret)> {
        let mut all = vec![("whatsapp.verify_token".to_owned(), &self.whatsapp.verify_token)];
        all.extend(listed("whatsapp.app_secrets", &self.whatsapp.app_secrets));
        for number in &self.numbers {
            let place = format!("number[{}].access_token", number.phone_number_id);
            all.extend(listed(&place, &number.access_tokens));
        }
        for merchant in &self.merchants {
            all.extend(listed(
                &format!("merchant[{}].secrets", merchant.id),
                &merchant.secrets,
            ));
        }
        for key in &self.buttons.keys {
            all.push((format!("buttons.keys[{}]", key.id), &key.secret));
        }
        for key in &self.api_keys {
            // of a key that is written as its hash nobody knows an end
            let secret = key.secret.as_ref();
            all.extend(secret.map(|secret| (format!("api_key[{}].secret", key.id), secret)));
        }
        for (name, header) in &self.tracing.headers {
            all.push((format!("tracing.headers[{name}]"), header));
        }
        all
    }
}

fn listed<'s>(place: &str, secrets: &'s [Secret]) -> impl Iterator<Item = (String, &'s Secret)> {
    let place = place.to_owned();
    let numbered = secrets.iter().enumerate();
    numbered.map(move |(index, secret)| (format!("{place}[{index}]"), secret))
}
