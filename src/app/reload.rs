//! Secrets and configuration that change while the gateway runs: it looks at the file and at every file that the file names, and
//! applies what changed. It owns the rule that a configuration is used as a whole or not at all, and what can't change without a
//! restart; it refuses to judge values, which is for `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::traces::Collector;
use super::{access, adapters, keyring, keys, sides};
use crate::clock::Clock;
use crate::config::{self, Config, Loaded, Tracing};
use crate::domain::ids::{MerchantId, NumberId};
use crate::http::auth::Keys;
use crate::http::{Configuration, State};
use crate::merchants::Connectors;
use crate::whatsapp::client::GraphClient;

/// A file may be seen half written: what changed is used when it is still the same after this pause.
const SETTLED_MS: u64 = 100;
/// So often is a change looked at again that does not come to rest; then it waits for the next look.
const SETTLING_MAX: u32 = 50;
/// How long reading all files may take.
const READ_S: u64 = 10;

/// Where a configuration comes from. It can't be printed: the environment holds secrets.
#[derive(Clone)]
pub(crate) struct Source {
    path: PathBuf,
    environment: BTreeMap<String, String>,
    /// True while somebody reads: one that hangs (a network volume) is not joined by another at each look.
    reading: Arc<AtomicBool>,
}

/// What a reading found: a configuration, or faults as lines for a person.
type Found = Result<Loaded, Vec<String>>;

/// Ends the reading whatever becomes of it.
struct Reading(Arc<AtomicBool>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Source {
    /// That file, and the environment of the process as it was at the start.
    pub(crate) fn new(path: PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self {
            path,
            environment,
            reading: Arc::default(),
        }
    }

    /// Reads the file and the files of its secrets; the faults are lines for a person. It is read in a thread of its own, which
    /// keeps no program from ending.
    async fn read(&self) -> Found {
        let fault = |problem: &str| Err(vec![format!("{}: {problem}", self.path.display())]);
        let slow = "reading it and the files that it names takes longer than 10 seconds";
        if self.reading.swap(true, Ordering::AcqRel) {
            return fault(slow);
        }
        let (own, reading) = (self.clone(), Reading(Arc::clone(&self.reading)));
        let (answer, read) = oneshot::channel();
        let thread = std::thread::Builder::new().name("configuration".to_owned());
        let begun = thread.spawn(move || {
            let found = own.read_now();
            drop(reading);
            drop(answer.send(found));
        });
        if let Err(error) = begun {
            return fault(&format!("no thread to read it: {error}"));
        }
        match tokio::time::timeout(Duration::from_secs(READ_S), read).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => fault("it could not be read"),
            Err(_) => fault(slow),
        }
    }

    fn read_now(&self) -> Found {
        let text = config::read(&self.path)
            .map_err(|error| vec![format!("{}: cannot be read: {error}", self.path.display())])?;
        config::load(&text, &self.environment)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }
}

/// A running gateway as far as its configuration is concerned.
#[derive(Debug)]
pub(crate) struct Reload {
    state: Arc<State>,
    graph: Arc<GraphClient>,
    collector: Collector,
    clock: Arc<dyn Clock>,
    /// What it was started with: what needs a restart stays so.
    started: Config,
    /// What it runs with.
    present: Mutex<Config>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Reload {
    pub(super) fn new(
        config: &Config,
        state: Arc<State>,
        (graph, collector): (Arc<GraphClient>, Collector),
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let own = Self {
            state,
            graph,
            collector,
            clock,
            started: config.clone(),
            present: Mutex::new(config.clone()),
            turn: tokio::sync::Mutex::default(),
        };
        own.tell_ends(None, config);
        own.tell(Configuration {
            generation: 1,
            loaded_at_ms: own.clock.now_ms(),
            ..Configuration::default()
        });
        Arc::new(own)
    }

    /// Looks again and again, and at once when `hangup` comes, until `stop`.
    pub(super) async fn watch(&self, source: Source, mut hangup: Signal, stop: CancellationToken) {
        loop {
            let every_ms = self.present().server.reload_s.saturating_mul(1_000);
            let is_asked = tokio::select! {
                () = self.clock.sleep_ms(every_ms) => false,
                _ = hangup.recv() => true,
                () = stop.cancelled() => return,
            };
            if is_asked {
                tracing::info!("SIGHUP: looking at the configuration");
            }
            // Given up in its midst nothing is applied: from the first replacement on nothing waits.
            let has_changed = tokio::select! {
                has_changed = self.look(&source) => has_changed,
                () = stop.cancelled() => return,
            };
            if is_asked && !has_changed {
                tracing::info!("SIGHUP: nothing has changed since it was last looked at");
            }
        }
    }

    /// Reads the files and uses them when they changed and are good. False: they are as they were.
    pub(super) async fn look(&self, source: &Source) -> bool {
        let mut found = source.read().await;
        if !self.is_news(&found) {
            return false;
        }
        for _ in 0..SETTLING_MAX {
            tokio::time::sleep(Duration::from_millis(SETTLED_MS)).await;
            let again = source.read().await;
            if again == found {
                self.take(found).await;
                return true;
            }
            found = again;
        }
        tracing::warn!("the configuration's files change all the time; they are looked at again later");
        true
    }

    async fn take(&self, found: Found) {
        match found {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    tracing::warn!(%warning, "configuration");
                }
                self.apply(loaded.config).await;
            }
            Err(faults) => self.refuse(faults),
        }
    }

    /// Whether that is anything else than what is known.
    fn is_news(&self, found: &Found) -> bool {
        let told = self.state.configuration.load();
        match found {
            Ok(loaded) => told.refused.is_some() || loaded.config != self.present(),
            Err(faults) => told.refused.as_ref() != Some(faults),
        }
    }

    /// Uses a configuration: all of it, or nothing.
    pub(super) async fn apply(&self, config: Config) {
        let _turn = self.turn.lock().await;
        let before = self.present();
        if config != before
            && let Err(error) = self.replace(&before, &config).await
        {
            return self.refuse(vec![format!("{error:#}")]);
        }
        let restart_needed = restart_needed(&self.started, &config);
        for key in &restart_needed {
            tracing::warn!(key, "changed in the file; used from the next start on");
        }
        self.tell_ends(Some(&before), &config);
        let told = self.state.configuration.load();
        let generation = told.generation + u64::from(config != before);
        tracing::info!(generation, "the configuration was read anew and is used");
        metrics::counter!("sacola_config_reloads_total", "outcome" => "applied").increment(1);
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = config;
        self.tell(Configuration {
            generation,
            loaded_at_ms: self.clock.now_ms(),
            refused: None,
            restart_needed,
        });
    }

    /// Everything that may fail comes first; then the outsides, and last those who call upon them.
    async fn replace(&self, before: &Config, config: &Config) -> anyhow::Result<()> {
        let connectors = self.connectors(before, config)?;
        let numbers = adapters::numbers(config)?;
        let keyring = keyring(config, self.state.engine.store().as_ref())
            .await
            .context("the button keys")?;
        self.state.dispatcher.replace(sides(config, connectors));
        self.graph
            .replace(adapters::graph_access(config, keyring.clone()));
        self.state.engine.replace(keyring, numbers);
        let former = self.state.keys.load();
        let keys = Keys::rebuilt_from(&former, keys(config));
        self.state.keys.replace(keys);
        self.state.access.replace(access(config));
        // Headers for another collector are not for this one's eyes.
        if !other_traces(&self.started.tracing, &config.tracing) {
            self.collector.replace(&config.tracing);
        }
        for number in renewed(before, config) {
            self.state.dispatcher.renewed(&number);
        }
        self.state.dispatcher.forget_others();
        Ok(())
    }

    /// The connectors; merchants that stay as they are keep theirs, with its connections and its calls under way.
    fn connectors(&self, before: &Config, config: &Config) -> anyhow::Result<Connectors> {
        let mut connectors = adapters::connectors(config, &self.clock)?;
        if before.outgoing == config.outgoing {
            let kept = self.state.dispatcher.connectors();
            for merchant in &config.merchants {
                let id = MerchantId::new(&merchant.id);
                if before.merchants.contains(merchant)
                    && let Some(connector) = kept.get(&id)
                {
                    connectors.insert(id, Arc::clone(connector));
                }
            }
        }
        Ok(connectors)
    }

    /// The files as they are can't be used: what runs goes on.
    fn refuse(&self, faults: Vec<String>) {
        let told = Configuration::clone(&self.state.configuration.load());
        if told.refused.as_ref() == Some(&faults) {
            return;
        }
        for fault in &faults {
            tracing::error!(
                fault,
                "the configuration was changed and is refused; the former one stays in use"
            );
        }
        metrics::counter!("sacola_config_reloads_total", "outcome" => "refused").increment(1);
        self.tell(Configuration {
            refused: Some(faults),
            ..told
        });
    }

    fn tell(&self, told: Configuration) {
        let loaded_at_ms = u64::try_from(told.loaded_at_ms).unwrap_or(0);
        metrics::gauge!("sacola_config_loaded_at_seconds")
            .set(Duration::from_millis(loaded_at_ms).as_secs_f64());
        metrics::gauge!("sacola_config_refused").set(if told.refused.is_some() { 1.0 } else { 0.0 });
        self.state.configuration.replace(told);
    }

    /// Tells when secrets end (never: infinity; those that are gone: not a number), and of those that have.
    fn tell_ends(&self, before: Option<&Config>, config: &Config) {
        let ends: BTreeMap<String, Option<i64>> = config.ends().into_iter().collect();
        let known_before = before.map(Config::ends).unwrap_or_default();
        let gone = known_before.iter().filter(|(place, _)| !ends.contains_key(place));
        for (place, _) in gone {
            metrics::gauge!("sacola_secret_expires_at_seconds", "secret" => place.clone()).set(f64::NAN);
        }
        for (place, end_ms) in ends {
            let end = end_ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
            let at = end.map_or(f64::INFINITY, |end| end.as_secs_f64());
            metrics::gauge!("sacola_secret_expires_at_seconds", "secret" => place.clone()).set(at);
            if end_ms.is_some_and(|end_ms| end_ms <= self.clock.now_ms()) {
                tracing::warn!(
                    secret = place,
                    "this secret has expired and is not used; put a new one in its place, or remove it when another stands beside it"
                );
            }
        }
    }

    fn present(&self) -> Config {
        self.present
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Numbers whose tokens are not what they were.
fn renewed(before: &Config, config: &Config) -> BTreeSet<NumberId> {
    let is_new = |number: &&config::Number| {
        let same = |old: &config::Number| {
            old.phone_number_id == number.phone_number_id && old.access_tokens == number.access_tokens
        };
        !before.numbers.iter().any(same)
    };
    let new = config.numbers.iter().filter(is_new);
    new.map(|number| NumberId::new(&number.phone_number_id)).collect()
}

/// Keys that differ and are used at a start only.
fn restart_needed(started: &Config, config: &Config) -> Vec<String> {
    let (server, new_server) = (&started.server, &config.server);
    let (whatsapp, new_whatsapp) = (&started.whatsapp, &config.whatsapp);
    let differs = [
        ("server.listen", server.listen != new_server.listen),
        ("server.ops_listen", server.ops_listen != new_server.ops_listen),
        ("server.public_url", server.public_url != new_server.public_url),
        (
            "server.webhook_body_bytes",
            server.webhook_body_bytes != new_server.webhook_body_bytes,
        ),
        (
            "server.api_body_bytes",
            server.api_body_bytes != new_server.api_body_bytes,
        ),
        ("server.drain_s", server.drain_s != new_server.drain_s),
        ("store", started.store != config.store),
        ("delivery", started.delivery != config.delivery),
        ("retention", started.retention != config.retention),
        ("tracing", other_traces(&started.tracing, &config.tracing)),
        // The provider's client keeps the guard of the start, which matters to plain http alone.
        (
            "outgoing",
            whatsapp.graph_url.scheme() == "http" && started.outgoing != config.outgoing,
        ),
        ("whatsapp.graph_url", whatsapp.graph_url != new_whatsapp.graph_url),
        (
            "whatsapp.graph_version",
            whatsapp.graph_version != new_whatsapp.graph_version,
        ),
    ];
    let changed = differs.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(key, _)| key.to_owned()).collect()
}

/// Whether traces go elsewhere, or others do. Headers are used at once.
fn other_traces(started: &Tracing, now: &Tracing) -> bool {
    let without_headers = |tracing: &Tracing| Tracing {
        headers: Vec::new(),
        ..tracing.clone()
    };
    without_headers(started) != without_headers(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn headers_of_the_collector_need_no_restart_and_all_else_of_traces_does() {
        let tracing = |secret: &str, percent: u8| Tracing {
            endpoint: None,
            headers: vec![("authorization".to_owned(), Secret::new(secret))],
            sample_ratio_percent: percent,
            service_name: "sacola".to_owned(),
        };

        assert!(!other_traces(&tracing("one", 10), &tracing("two", 10)));
        assert!(other_traces(&tracing("one", 10), &tracing("one", 20)));
    }
}
