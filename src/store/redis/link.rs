//! One connection to one server that is dialled again when it broke, or when another server has become the primary. It never
//! sends a command a second time: a call whose answer was lost fails, and the next call dials.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt, Shared};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisError, Value};

use super::error::is_connection_spent;
use super::net::Failed;
use super::sentinel::Source;

type Dial = Shared<BoxFuture<'static, Result<MultiplexedConnection, RedisError>>>;

/// A connection that all callers share; dialling is shared too, so that a dead server costs all of them one time-out.
pub(super) struct Link {
    source: Source,
    config: AsyncConnectionConfig,
    current: Mutex<Option<Current>>,
    dials: AtomicU64,
}

struct Current {
    number: u64,
    /// The source's, of where it leads; until that is known, of when it was dialled.
    era: Arc<AtomicU64>,
    dial: Dial,
}

impl Link {
    pub(super) fn new(source: Source, config: AsyncConnectionConfig) -> Self {
        Self {
            source,
            config,
            current: Mutex::new(None),
            dials: AtomicU64::new(0),
        }
    }

    /// Sends the commands together and returns each answer; the error says whether they may have been run.
    pub(super) async fn send(&self, commands: &Pipeline) -> Result<Vec<Result<Value, RedisError>>, Failed> {
        let (number, dial) = self.dial();
        let mut connection = match dial.await {
            Ok(connection) => connection,
            Err(error) => {
                self.forget(number);
                return Err(Failed::NotConnected(error));
            }
        };
        let sent = connection.send_packed_commands(commands, 0, commands.len()).await;
        let answers: Vec<Result<Value, RedisError>> = match sent {
            Ok(values) => values.into_iter().map(Value::extract_error).collect(),
            Err(error) => {
                if is_connection_spent(&error) {
                    self.forget(number);
                }
                return Err(Failed::Answered(error));
            }
        };
        if answers
            .iter()
            .any(|answer| answer.as_ref().is_err_and(is_connection_spent))
        {
            self.forget(number);
        }
        Ok(answers)
    }

    fn dial(&self) -> (u64, Dial) {
        let mut current = self.current();
        let era = self.source.era();
        let leads_there = |held: &&Current| held.era.load(Ordering::Relaxed) >= era;
        if let Some(held) = current.as_ref().filter(leads_there) {
            return (held.number, held.dial.clone());
        }
        let number = self.dials.fetch_add(1, Ordering::Relaxed);
        let (source, config) = (self.source.clone(), self.config.clone());
        let era = Arc::new(AtomicU64::new(era));
        let led_to = Arc::clone(&era);
        let dial = async move {
            let (connection, era) = source.dial(&config).await?;
            led_to.fetch_max(era, Ordering::Relaxed);
            Ok(connection)
        };
        let dial: Dial = dial.boxed().shared();
        *current = Some(Current {
            number,
            era,
            dial: dial.clone(),
        });
        (number, dial)
    }

    fn forget(&self, number: u64) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|held| held.number == number) {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
