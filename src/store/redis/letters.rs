//! Dead letters: what could not be handled and waits for a person. All under one tag, found by id, time, merchant, reason.

use serde_json::json;

use crate::domain::ids::MerchantId;
use crate::store::{DeadLetter, Error, LetterFilter, LetterGroup};

use super::Inner;
use super::error::{corrupt, reading};
use super::values::{Reply, counter, list, read};

/// A letter's index entry and the whole letter, as `scripts/letter.lua` takes them.
pub(super) fn index_entry(letter: &DeadLetter) -> Result<(String, String), Error> {
    let mut entry = json!({ "id": letter.id, "reason": letter.reason, "at": letter.at_ms });
    if let (Some(merchant), Some(fields)) = (&letter.merchant, entry.as_object_mut()) {
        fields.insert("merchant".to_owned(), json!(merchant.as_str()));
    }
    let body = serde_json::to_string(letter).map_err(|problem| corrupt("a dead letter", problem))?;
    Ok((entry.to_string(), body))
}

impl Inner {
    pub(super) async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
        let keys = self.keys.letters();
        let slot = keys.z.clone();
        let (entry, body) = index_entry(letter)?;
        let request = json!({ "letters": keys, "bound": bound });
        let call = self
            .scripts
            .park
            .call(vec![slot], vec![request.to_string(), entry, body]);
        let kept: i64 = read(self.confirmed_script(call).await?, "park")?;
        Ok(kept == 1)
    }

    pub(super) async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let keys = self.keys.letters();
        let slot = keys.z.clone();
        let mut request = json!({ "letters": keys, "limit": limit });
        if let Some(fields) = request.as_object_mut() {
            let merchant = filter.merchant.as_ref().map(MerchantId::as_str);
            let given = [
                ("merchant", merchant),
                ("reason", filter.reason.as_deref()),
                ("after", after),
            ];
            for (name, text) in given {
                fields.extend(text.map(|text| (name.to_owned(), json!(text))));
            }
        }
        let call = self.scripts.letters.call(vec![slot], vec![request.to_string()]);
        let bodies: Vec<String> = read(reading(self.net.script(call).await)?, "dead letters")?;
        bodies.iter().map(|body| decode(body)).collect()
    }

    pub(super) async fn dead_letter_groups(
        &self,
        merchant: Option<&MerchantId>,
    ) -> Result<Vec<LetterGroup>, Error> {
        let at = "dead letter groups";
        let keys = self.keys.letters();
        let slot = keys.z.clone();
        let mut request = json!({ "letters": keys });
        if let (Some(merchant), Some(fields)) = (merchant, request.as_object_mut()) {
            fields.insert("merchant".to_owned(), json!(merchant.as_str()));
        }
        let call = self
            .scripts
            .letter_groups
            .call(vec![slot], vec![request.to_string()]);
        let mut groups = Vec::new();
        for group in list(reading(self.net.script(call).await)?, at)? {
            let mut group = Reply::of(group, at)?;
            groups.push(LetterGroup {
                reason: group.part()?,
                count: counter(group.part()?, at)?,
                oldest_ms: group.part()?,
                newest_ms: group.part()?,
            });
        }
        groups.sort_by(|a, b| a.reason.cmp(&b.reason));
        Ok(groups)
    }

    pub(super) async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        let mut command = redis::cmd("HGET");
        command.arg(self.keys.letters().h).arg(id);
        let body: Option<String> = read(reading(self.net.command(command).await)?, "dead letter")?;
        body.map(|body| decode(&body)).transpose()
    }

    pub(super) async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error> {
        let keys = self.keys.letters();
        let slot = keys.z.clone();
        let request = json!({ "letters": keys, "id": id });
        let call = self.scripts.unpark.call(vec![slot], vec![request.to_string()]);
        let removed: i64 = read(self.net.script(call).await?, "dead letter")?;
        Ok(removed == 1)
    }
}

fn decode(body: &str) -> Result<DeadLetter, Error> {
    serde_json::from_str(body).map_err(|problem| corrupt("a dead letter", problem))
}
