//! Asking the servers how they are: whether they may be used at all, and what a 200 means on them now. It is asked again each
//! time, so that a setting that is changed while we run shows. It refuses to judge an answer: that is `server`'s.

use redis::Cmd;

use crate::store::{Error, Health};

use super::Inner;
use super::error::reading;
use super::server::{Facts, durability, level, survives};
use super::values::read;

const FORMAT: &str = "2";

impl Inner {
    /// Refuses a server that would lose or mix up data; called once, at connect.
    pub(super) async fn check_fitness(&self) -> Result<(), Error> {
        for server in self.ask_servers().await? {
            server.check(self.net.is_cluster())?;
        }
        self.check_format().await
    }

    async fn check_format(&self) -> Result<(), Error> {
        let mut read_format = redis::cmd("GET");
        read_format.arg(self.keys.format());
        let mut found: Option<String> = read(reading(self.net.command(read_format).await)?, "format")?;
        if found.is_none() {
            let mut claim = redis::cmd("SET");
            claim.arg(self.keys.format()).arg(FORMAT).arg("NX").arg("GET");
            found = read(self.net.command(claim).await?, "format")?;
        }
        match found {
            Some(other) if other != FORMAT => Err(Error::Unfit(format!(
                "the store was written in format {other}, this version reads format {FORMAT}: run the version that wrote \
                 it or a newer one, or restore the backup of before; when the key {} is another program's, set \
                 store.key_prefix",
                self.keys.format()
            ))),
            _ => Ok(()),
        }
    }

    /// Two trips: the questions go to every server, the write to one.
    pub(super) async fn health(&self) -> Result<Health, Error> {
        let servers = self.ask_servers().await?;
        let mut warnings: Vec<String> = Vec::new();
        for server in &servers {
            server.warn(self.wait_replicas, &mut warnings);
        }
        let writable = match self.probe().await {
            Ok(()) => true,
            Err(error) => {
                warnings.push(format!("a write was tried and failed: {error}"));
                false
            }
        };
        warnings.dedup();
        Ok(Health {
            engine: "redis".to_owned(),
            version: servers.first().map(Facts::version).unwrap_or_default(),
            writable,
            level: level(&servers, self.wait_replicas),
            survives: survives(&servers, self.wait_replicas),
            durability: durability(&servers, self.wait_replicas),
            memory_percent: servers.iter().filter_map(Facts::memory_percent).max(),
            warnings,
        })
    }

    /// A write as commits are written: confirmed by the replicas that are waited for.
    async fn probe(&self) -> Result<(), Error> {
        let key = self.keys.probe();
        let mut command = redis::cmd("SET");
        command.arg(&key).arg("1").arg("PX").arg(60_000);
        self.confirmed_command(command, &key).await.map(drop)
    }

    async fn ask_servers(&self) -> Result<Vec<Facts>, Error> {
        let mut ask: Cmd = redis::cmd("CONFIG");
        ask.arg("GET").arg("appendfsync").arg("no-appendfsync-on-rewrite");
        let mut answers = self.net.survey(vec![redis::cmd("INFO"), ask]).await.into_iter();
        let infos = reading(answers.next().unwrap_or_else(|| Ok(Vec::new())))?;
        // some hosted servers forbid CONFIG: then the level says that it is not known
        let mut settings = answers
            .next()
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter();
        let mut servers = Vec::with_capacity(infos.len());
        for info in infos {
            let config = settings
                .next()
                .and_then(|pairs| read::<Vec<String>>(pairs, "CONFIG").ok());
            servers.push(Facts::of(&read::<String>(info, "INFO")?, config.as_deref()));
        }
        if servers.is_empty() {
            return Err(Error::Unavailable("no server answered INFO".to_owned()));
        }
        Ok(servers)
    }
}
