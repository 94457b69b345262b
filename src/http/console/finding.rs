//! Finding conversations by what a person on call has in hand: a customer's id, a message's id, a purchase's id. The store has no
//! index of messages, so it owns the ways that lead there all the same, and says which were gone: what was not looked at is
//! never told as "not there".

use futures::future::join_all;
use serde_json::{Value, json};

use crate::domain::conversation::Conversation;
use crate::domain::ids::{EffectId, HOME_CHARS, HomeId, NumberId, PurchaseId};
use crate::engine::addresses::digest;
use crate::http::State;
use crate::http::auth::Key;
use crate::http::problem::ApiError;
use crate::trace::Step;
use crate::whatsapp::message_id;

/// Numbers that are asked side by side.
const AT_ONCE: usize = 32;

/// What was found, and where it was looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Conversations, each once, with what is known of the message that was looked for.
    pub(super) found: Vec<(Conversation, Option<Value>)>,
    /// Where it was looked for.
    pub(super) searched: Vec<String>,
    /// Where it was not, and why.
    pub(super) not_searched: Vec<String>,
}

/// Somebody who looks for something.
pub(super) struct Finder<'a> {
    pub(super) state: &'a State,
    pub(super) key: &'a Key,
    /// Only at this number.
    pub(super) number: Option<NumberId>,
}

impl Finder<'_> {
    /// True when the key may see this conversation.
    fn sees(&self, conversation: &Conversation) -> bool {
        let is_meant = self
            .number
            .as_ref()
            .is_none_or(|number| *number == conversation.number);
        is_meant && may_see(self.state, self.key, &conversation.number)
    }

    async fn add(&self, search: &mut Search, home: &HomeId, about: Option<Value>) -> Result<(), ApiError> {
        let found = self.state.engine.conversation(home).await?;
        if let Some(conversation) = found.filter(|conversation| self.sees(conversation)) {
            add_once(search, conversation, about);
        }
        Ok(())
    }

    /// By user id, by phone number however it is written, or by the conversation's own id.
    pub(super) async fn customer(&self, customer: &str) -> Result<Search, ApiError> {
        let mut search = Search::default();
        let customer = customer.trim();
        if is_home(customer) {
            search.searched.push("the conversation of this id".to_owned());
            self.add(&mut search, &HomeId::new(customer), None).await?;
            return Ok(search);
        }
        let numbers = self.numbers();
        search.searched.push(format!(
            "the conversations of this customer, by user id and by phone number, at {} business numbers",
            numbers.len()
        ));
        let mut named = vec![customer.to_owned()];
        named.extend(plain_phone(customer).filter(|phone| phone != customer));
        for some in numbers.chunks(AT_ONCE) {
            for id in &named {
                let asked = some
                    .iter()
                    .map(|number| self.state.engine.conversation_of(number, id));
                for found in join_all(asked).await {
                    if let Some(conversation) = found?.filter(|found| self.sees(found)) {
                        add_once(&mut search, conversation, None);
                    }
                }
            }
        }
        Ok(search)
    }

    /// By the id of a purchase, as the merchant has it.
    pub(super) async fn purchase(&self, id: &str) -> Result<Search, ApiError> {
        let mut search = Search::default();
        search.searched.push("the purchase of this id".to_owned());
        let record = self.state.engine.purchase(&PurchaseId::new(id.trim())).await?;
        if let Some(record) = record.filter(|record| self.key.sees(&record.merchant)) {
            self.add(&mut search, &record.home, None).await?;
        }
        Ok(search)
    }

    /// By the id of a message: a whole `wamid`, which names its customer; its inner part; or our own effect id. With a customer
    /// beside it the inner part is enough.
    pub(super) async fn message(&self, id: &str, customer: Option<&str>) -> Result<Search, ApiError> {
        let mut search = Search::default();
        let id = id.trim();
        let id = id.strip_prefix("in:").unwrap_or(id);
        if let Some(home) = EffectId::new(id).home() {
            search
                .searched
                .push("the conversation that this effect id begins with".to_owned());
            self.add(&mut search, &home, None).await?;
            return Ok(search);
        }
        let inner = message_id::decode(id).inner;
        let named = customer
            .map(ToOwned::to_owned)
            .or_else(|| message_id::customer(id));
        match named {
            Some(named) => {
                let of_customer = self.customer(&named).await?;
                search.searched.extend(of_customer.searched);
                search
                    .searched
                    .push("their journals and the messages sent in the last 30 days, for this id".to_owned());
                for (conversation, _) in of_customer.found {
                    let about = self.about(&conversation, &inner).await?;
                    search.found.push((conversation, Some(about)));
                }
            }
            None => search.not_searched.push(
                "the store: it has no index by the inner part of a message id; give the whole wamid, or the customer too"
                    .to_owned(),
            ),
        }
        self.traced(&mut search, &inner).await?;
        Ok(search)
    }

    /// What a conversation knows of a message.
    async fn about(&self, conversation: &Conversation, inner: &str) -> Result<Value, ApiError> {
        let store = self.state.engine.store();
        if let Some(effect_id) = store.effect_of(&conversation.home, &digest(inner)).await? {
            return Ok(json!({ "is": "sent", "effect_id": effect_id }));
        }
        let cause = json!(format!("in:{inner}")).to_string();
        let entries = store.journal(&conversation.home).await?;
        let is_known = entries.iter().any(|entry| entry.contains(&cause));
        Ok(json!({ "is": if is_known { "received" } else { "not_recorded" } }))
    }

    /// Among the steps that this replica remembers.
    async fn traced(&self, search: &mut Search, inner: &str) -> Result<(), ApiError> {
        let Some((steps, _)) = self.state.engine.trace().watch(0) else {
            search
                .not_searched
                .push("this replica's last steps: none are taken, or too many pages watch them".to_owned());
            return Ok(());
        };
        if steps.is_empty() {
            let none = "this replica's last steps: none are kept while nobody watches them";
            search.not_searched.push(none.to_owned());
            return Ok(());
        }
        search
            .searched
            .push("the last steps of this replica (not those of others)".to_owned());
        let received = format!("in:{inner}");
        for traced in steps {
            let (home, about) = match traced.step {
                Step::Decision {
                    conversation, cause, ..
                } if cause == received => (conversation, json!({ "is": "received" })),
                Step::Attempt {
                    conversation,
                    effect_id,
                    message: Some(message),
                    ..
                } if message == inner => (conversation, json!({ "is": "sent", "effect_id": effect_id })),
                Step::Webhook { .. }
                | Step::Decision { .. }
                | Step::Commit { .. }
                | Step::Attempt { .. }
                | Step::Status { .. } => continue,
            };
            self.add(search, &HomeId::new(home), Some(about)).await?;
        }
        Ok(())
    }

    fn numbers(&self) -> Vec<NumberId> {
        let all = self
            .state
            .engine
            .numbers()
            .into_iter()
            .map(|settings| settings.number.clone());
        let meant = all.filter(|number| self.number.as_ref().is_none_or(|meant| meant == number));
        let seen = meant.filter(|number| may_see(self.state, self.key, number));
        seen.collect()
    }
}

/// True when the key may see what belongs to that number; what belongs to none that is configured is for operators.
pub(super) fn may_see(state: &State, key: &Key, number: &NumberId) -> bool {
    match state.engine.number(number) {
        Some(settings) => key.sees(&settings.shop.merchant),
        None => key.merchant.is_none(),
    }
}

fn add_once(search: &mut Search, conversation: Conversation, about: Option<Value>) {
    let known = search
        .found
        .iter_mut()
        .find(|(known, _)| known.home == conversation.home);
    match known {
        Some((_, told)) => {
            let word = told.as_ref().and_then(|told| told.get("is")?.as_str());
            let is_vague = word.is_none_or(|word| word == "not_recorded");
            if is_vague && about.is_some() {
                *told = about;
            }
        }
        None => search.found.push((conversation, about)),
    }
}

/// True for a conversation's id.
pub(super) fn is_home(text: &str) -> bool {
    text.len() == HOME_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A phone number without what people write between its digits.
fn plain_phone(text: &str) -> Option<String> {
    let is_of_phone = |letter: char| letter.is_ascii_digit() || " +-().".contains(letter);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (text.chars().all(is_of_phone) && digits.len() >= 7).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_read_however_it_is_written() {
        assert_eq!(
            plain_phone("+55 (11) 98765-4321"),
            Some("5511987654321".to_owned())
        );
        assert_eq!(plain_phone("BR.1001"), None);
        assert_eq!(plain_phone("123"), None);
    }

    #[test]
    fn only_a_conversations_id_is_one() {
        assert!(is_home("a30123456789abcdef0123"));
        assert!(!is_home("5511987654321"));
        assert!(!is_home("BR.3491208655302741918"));
    }
}
