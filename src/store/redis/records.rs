//! Everything small: aliases, purchases, journals, records, secrets, named leases and idempotency keys.

use crate::domain::ids::{HomeId, PurchaseId};
use crate::store::{Error, IdempotencyOutcome, UnixMs};

use super::Inner;
use super::error::{corrupt, reading};
use super::scripts::Call;
use super::served::exact;
use super::values::{Reply, read};

/// How many records of a kind are listed at most.
const MOST_RECORDS: usize = 1000;

impl Inner {
    pub(super) async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
        self.set_once(self.keys.alias(alias), home.as_str())
            .await
            .map(HomeId::new)
    }

    pub(super) async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error> {
        self.set_once(self.keys.secret(name), candidate).await
    }

    pub(super) async fn kept_secret(&self, name: &str) -> Result<Option<String>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.secret(name));
        read(reading(self.net.command(command).await)?, name)
    }

    /// Writes a text where none is and returns what is there now.
    async fn set_once(&self, key: String, text: &str) -> Result<String, Error> {
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(text).arg("NX").arg("GET");
        let before: Option<String> = read(self.confirmed_command(command, &key).await?, &key)?;
        Ok(before.unwrap_or_else(|| text.to_owned()))
    }

    pub(super) async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error> {
        let key = self.keys.purchase(id);
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(encoded);
        self.confirmed_command(command, &key).await.map(drop)
    }

    pub(super) async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.purchase(id));
        read(reading(self.net.command(command).await)?, id.as_str())
    }

    pub(super) async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error> {
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.journal(home)).arg(0).arg(-1);
        read(reading(self.net.command(command).await)?, home.as_str())
    }

    pub(super) async fn put_record(
        &self,
        kind: &str,
        id: &str,
        body: &str,
        ttl_ms: i64,
    ) -> Result<(), Error> {
        let call = self.call_on_records(kind, &["put", id, body, &ttl_ms.max(0).to_string()]);
        self.confirmed_script(call).await.map(drop)
    }

    pub(super) async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error> {
        read(reading(self.on_records(kind, &["get", id]).await)?, id)
    }

    pub(super) async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error> {
        self.on_records(kind, &["remove", id]).await.map(drop)
    }

    pub(super) async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        let flat: Vec<String> = read(reading(self.on_records(kind, &["list"]).await)?, kind)?;
        let mut all = Vec::with_capacity(flat.len() / 2);
        for pair in flat.chunks_exact(2) {
            if let [id, body] = pair {
                all.push((id.clone(), body.clone()));
            }
        }
        all.sort();
        all.truncate(MOST_RECORDS);
        Ok(all)
    }

    async fn on_records(&self, kind: &str, arguments: &[&str]) -> Result<redis::Value, Error> {
        self.net.script(self.call_on_records(kind, arguments)).await
    }

    fn call_on_records(&self, kind: &str, arguments: &[&str]) -> Call<'_> {
        let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        self.scripts
            .record
            .call(self.keys.records(kind).to_vec(), arguments)
    }

    pub(super) async fn hold(
        &self,
        name: &str,
        owner: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<bool, Error> {
        let arguments = vec![
            owner.to_owned(),
            exact(now_ms).to_string(),
            ttl_ms.max(0).to_string(),
        ];
        let call = self.scripts.hold.call(vec![self.keys.hold(name)], arguments);
        let held: i64 = read(self.net.script(call).await?, name)?;
        Ok(held == 1)
    }

    pub(super) async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<IdempotencyOutcome, Error> {
        let arguments = vec![
            fingerprint.to_owned(),
            exact(now_ms).to_string(),
            ttl_ms.max(0).to_string(),
        ];
        let call = self
            .scripts
            .idempotent
            .call(vec![self.keys.idempotency(key)], arguments);
        let mut reply = Reply::of(self.net.script(call).await?, "idempotency key")?;
        let kind: String = reply.part()?;
        match kind.as_str() {
            "new" => Ok(IdempotencyOutcome::New),
            "same" => Ok(IdempotencyOutcome::Same(reply.part()?)),
            "progress" => Ok(IdempotencyOutcome::InProgress),
            "conflict" => Ok(IdempotencyOutcome::Conflict),
            other => Err(corrupt("idempotency key", format!("unknown answer {other}"))),
        }
    }

    pub(super) async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error> {
        let arguments = vec!["finish".to_owned(), answer.to_owned()];
        let call = self
            .scripts
            .idempotent
            .call(vec![self.keys.idempotency(key)], arguments);
        self.net.script(call).await.map(drop)
    }

    pub(super) async fn drop_idempotent(&self, key: &str) -> Result<(), Error> {
        let mut command = redis::cmd("DEL");
        command.arg(self.keys.idempotency(key));
        self.net.command(command).await.map(drop)
    }
}
