//! Erasing on the server: a conversation in one script, other places by their keys, and the servers' own history on disk.

use std::time::Duration;

use redis::Value;
use serde_json::json;

use crate::store::{EraseOutcome, Erasure, Error, Family, History, LaneId, LaneKind, Place, Removed};

use super::Inner;
use super::error::{corrupt, reading};
use super::served::exact;
use super::values::{Reply, counter, read};

/// Places that are forgotten in one trip.
const FORGOTTEN_AT_ONCE: usize = 500;
/// How often a rewrite is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often at most: a minute.
const LOOKS: u32 = 600;

impl Inner {
    pub(super) async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error> {
        let (home, shard) = (&erasure.home, erasure.home.shard());
        let lanes = [LaneKind::Provider, LaneKind::Merchant].map(|kind| {
            self.keys.lane(&LaneId {
                home: home.clone(),
                kind,
            })
        });
        let interest: Vec<String> = erasure
            .interest
            .iter()
            .map(|of| self.keys.interest(shard, of))
            .collect();
        let seen: Vec<String> = erasure
            .days
            .iter()
            .map(|day| self.keys.seen(home, *day))
            .collect();
        let (conversation, journal) = (self.keys.conversation(home), self.keys.journal(home));
        let alias = self.keys.alias(home);
        let mut keys = vec![
            self.keys.due(shard),
            conversation.clone(),
            journal.clone(),
            alias.clone(),
        ];
        keys.extend(lanes.iter().map(|lane| lane.l.clone()));
        keys.extend(interest.iter().chain(&seen).cloned());
        let mut request = json!({
            "conv": conversation, "journal": journal, "alias": alias, "home": home, "lanes": lanes,
            "interest": interest, "seen": seen, "expected": erasure.expected_revision,
            "revision": erasure.revision, "at": exact(erasure.at_ms),
            "kept": erasure.until_ms.saturating_sub(erasure.at_ms).max(1),
        });
        if let (Some(leads_to), Some(fields)) = (&erasure.alias_of, request.as_object_mut()) {
            fields.insert("alias_of".to_owned(), json!(leads_to));
        }
        let call = self.scripts.erase.call(keys, vec![request.to_string()]);
        let mut reply = Reply::of(self.confirmed_script(call).await?, ERASE)?;
        let kind: String = reply.part()?;
        match kind.as_str() {
            "conflict" => Ok(EraseOutcome::Conflict),
            "erased" => removed(reply).map(EraseOutcome::Erased),
            other => Err(corrupt(ERASE, format!("unknown answer {other}"))),
        }
    }

    pub(super) async fn forget(&self, places: &[Place]) -> Result<(), Error> {
        let forgettable: Vec<&Place> = places.iter().filter(|place| place.is_forgettable()).collect();
        for some in forgettable.chunks(FORGOTTEN_AT_ONCE) {
            let mut commands = Vec::with_capacity(some.len());
            for place in some {
                let is_member =
                    matches!(place.family, Family::Lane | Family::Interest) && !place.member.is_empty();
                let mut command = redis::cmd(if is_member { "ZREM" } else { "DEL" });
                command.arg(&place.row);
                if is_member {
                    command.arg(&place.member);
                }
                commands.push(command);
            }
            self.net.commands(commands).await?;
        }
        Ok(())
    }

    /// Has every primary write its append-only file anew, and waits for it. One that is being written began too early.
    pub(super) async fn rewrite_history(&self) -> Result<History, Error> {
        if !self.rewriting_ends().await?.is_on {
            return Ok(History::None);
        }
        let asked = self.net.survey(vec![redis::cmd("BGREWRITEAOF")]).await;
        for answer in asked {
            if let Err(error) = answer {
                return Ok(History::Kept(format!(
                    "{error}; allow BGREWRITEAOF to this user (ACL: +bgrewriteaof), or run it yourself on every server"
                )));
            }
        }
        let now = self.rewriting_ends().await?;
        if now.is_rewriting {
            return Ok(History::Started);
        }
        if now.has_failed {
            let text = "a server failed to write its append-only file anew; its log says why. Run BGREWRITEAOF there again";
            return Ok(History::Kept(text.to_owned()));
        }
        Ok(History::Rewritten)
    }

    /// Waits until no server writes its file anew, for a minute at most.
    async fn rewriting_ends(&self) -> Result<Appending, Error> {
        let mut now = self.appending().await?;
        for _ in 0..LOOKS {
            if !now.is_rewriting {
                break;
            }
            tokio::time::sleep(LOOK).await;
            now = self.appending().await?;
        }
        Ok(now)
    }

    async fn appending(&self) -> Result<Appending, Error> {
        let mut command = redis::cmd("INFO");
        command.arg("persistence");
        let mut all = Appending::default();
        for answers in self.net.survey(vec![command]).await {
            for info in reading(answers)? {
                all.adds(&read_info(info)?);
            }
        }
        Ok(all)
    }
}

/// Names the script in an error.
const ERASE: &str = "erase";

fn removed(mut reply: Reply) -> Result<Removed, Error> {
    let mut next = || counter(reply.part()?, ERASE);
    Ok(Removed {
        conversations: next()?,
        journal_entries: next()?,
        lane_items: next()?,
        marks: next()?,
        interest: next()?,
        aliases: next()?,
    })
}

fn read_info(info: Value) -> Result<String, Error> {
    read(info, "INFO")
}

/// What the servers do with their append-only files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Appending {
    is_on: bool,
    is_rewriting: bool,
    has_failed: bool,
}

impl Appending {
    fn adds(&mut self, info: &str) {
        let says = |line: &str| info.lines().any(|known| known.trim_end() == line);
        self.is_on |= says("aof_enabled:1");
        self.is_rewriting |= says("aof_rewrite_in_progress:1") || says("aof_rewrite_scheduled:1");
        self.has_failed |= says("aof_last_bgrewrite_status:err");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_that_is_busy_is_waited_for() {
        let mut all = Appending::default();
        all.adds(
            "# Persistence\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_last_bgrewrite_status:ok\r\n",
        );
        assert!(all.is_on && !all.is_rewriting && !all.has_failed);
        all.adds("aof_enabled:1\r\naof_rewrite_scheduled:1\r\naof_last_bgrewrite_status:err\r\n");
        assert!(all.is_rewriting && all.has_failed);
    }
}
