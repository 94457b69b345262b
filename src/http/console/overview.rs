//! `/console/api/overview`: one look at everything, for the first screen.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures::future::join_all;
use serde_json::{Value, json};

use super::lanes::totals;
use super::session::visitor;
use super::{answer, now_ms};
use crate::delivery::{Gate, Stopped};
use crate::domain::ids::MerchantId;
use crate::engine::NumberSettings;
use crate::http::State;
use crate::http::auth::Key;
use crate::http::ops::readiness;
use crate::http::problem::ApiError;
use crate::store::{Budget, BudgetLook};

/// `GET /console/api/overview`
pub(in crate::http) async fn show(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = &visitor(&state, &request)?.key;
    let now_ms = now_ms(&state);
    let (store, stopped) = (state.engine.store(), state.dispatcher.stopped());
    // Side by side: while the store is away each of them waits as long as a command may take.
    let (mut readiness, numbers, merchants, letters, lanes) = tokio::join!(
        readiness(&state),
        numbers(&state, key, &stopped, now_ms),
        merchants(&state, key, &stopped),
        store.dead_letter_groups(key.merchant.as_ref()),
        store.lanes(None, 1, now_ms),
    );
    if let Some(fields) = readiness.store.as_object_mut() {
        let kind = fields.get("engine").cloned().unwrap_or(Value::Null);
        fields.insert("kind".to_owned(), kind);
    }
    // What can't be asked now is told as unknown: the first screen must come up when the store is away.
    let letters = letters.ok();
    let letters = letters.map(|groups| groups.iter().map(|group| group.count).sum::<u64>());
    let lanes = match lanes {
        Ok(page) => {
            let oldest = page.lanes.first().filter(|_| key.merchant.is_none());
            let mut told = totals(key, &page);
            if let Some(fields) = told.as_object_mut() {
                fields.insert(
                    "oldest_due_ms".to_owned(),
                    json!(oldest.map(|place| place.due_ms)),
                );
            }
            told
        }
        Err(_) => json!({ "total": null, "due": null, "oldest_due_ms": null }),
    };
    Ok(answer(json!({
        "now_ms": now_ms,
        "version": env!("CARGO_PKG_VERSION"),
        "ready": readiness.ready,
        "reasons": readiness.reasons,
        "draining": readiness.draining,
        "store": readiness.store,
        "signatures": readiness.signatures,
        // faults of the file may name other merchants
        "config": key.merchant.is_none().then(|| json!(*state.configuration.load())),
        "stopped": seen_gates(&state, key, &stopped),
        "tracing": state.engine.trace().is_on(),
        "numbers": numbers,
        "merchants": merchants,
        "dead_letters": letters,
        "lanes": lanes,
    })))
}

/// The gates that concern the key.
fn seen_gates<'a>(state: &State, key: &Key, stopped: &'a [Stopped]) -> Vec<&'a Stopped> {
    if key.merchant.is_none() {
        return stopped.iter().collect();
    }
    let numbers = seen_numbers(state, key).into_iter();
    let own: BTreeSet<String> = numbers.flat_map(|number| gates_of(&number)).collect();
    stopped.iter().filter(|one| own.contains(&one.gate)).collect()
}

fn seen_numbers(state: &State, key: &Key) -> Vec<Arc<NumberSettings>> {
    let all = state.engine.numbers().into_iter();
    all.filter(|settings| key.sees(&settings.shop.merchant)).collect()
}

/// What can stop a number: its own gate, and its merchant's.
fn gates_of(number: &NumberSettings) -> [String; 2] {
    [
        Gate::Number(number.number.clone()).to_string(),
        Gate::Merchant(number.shop.merchant.clone()).to_string(),
    ]
}

/// How something stands, with why and since when if it is stopped.
fn stand(told: &mut Value, gate: Option<&Stopped>) {
    let Some(fields) = told.as_object_mut() else {
        return;
    };
    let word = if gate.is_some() { "stopped" } else { "ok" };
    fields.insert("state".to_owned(), json!(word));
    if let Some(gate) = gate {
        let why = [
            ("reason", json!(gate.cause)),
            ("code", json!(gate.code)),
            ("mend", json!(gate.mend)),
            ("since_ms", json!(gate.since_ms)),
        ];
        fields.extend(why.map(|(name, value)| (name.to_owned(), value)));
    }
}

async fn numbers(state: &State, key: &Key, stopped: &[Stopped], now_ms: i64) -> Vec<Value> {
    let numbers = seen_numbers(state, key);
    let budgets: Vec<Budget> = numbers
        .iter()
        .map(|settings| state.dispatcher.number_budget(&settings.number))
        .collect();
    let looks = state.engine.store().look_at_budgets(&budgets, now_ms).await;
    let looks: Vec<Option<BudgetLook>> = match looks {
        Ok(looks) => looks.into_iter().map(Some).collect(),
        Err(_) => vec![None; budgets.len()],
    };
    let all = numbers.into_iter().zip(budgets).zip(looks);
    let told = all.map(|((settings, budget), look)| {
        let mut told = json!({
            "phone_number_id": settings.number,
            "merchant": settings.shop.merchant,
            "messages_per_second": budget.burst,
            "budget": {
                "capacity": budget.burst,
                "available": look.map(|look| look.available),
                "refused_until_ms": look.and_then(|look| look.refused_until_ms),
            },
        });
        let gates = gates_of(&settings);
        stand(&mut told, stopped.iter().find(|one| gates.contains(&one.gate)));
        told
    });
    told.collect()
}

async fn merchants(state: &State, key: &Key, stopped: &[Stopped]) -> Vec<Value> {
    let access = state.access.load();
    let ids = access
        .merchants
        .iter()
        .map(|(id, name)| (MerchantId::new(id), name));
    let seen = ids.filter(|(id, _)| key.sees(id));
    let told = seen.map(|(id, name)| async move {
        let generation = state.engine.store().catalog_generation(&id).await.ok();
        let gate = Gate::Merchant(id.clone()).to_string();
        let mut told = json!({
            "id": id,
            "name": name,
            // the only kind that there is
            "connector": state.dispatcher.connector(&id).map(|_| "standard"),
            "catalog": {
                "products": state.engine.catalogs().products(&id).len(),
                "generation": generation,
                "mirrored_at_ms": state.dispatcher.mirrored_at_ms(&id),
            },
        });
        stand(&mut told, stopped.iter().find(|one| one.gate == gate));
        told
    });
    join_all(told).await
}
