//! Reading request bodies: raw, whole, within a size and a time.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, Code};

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Reads a body of at most `max` bytes.
pub(super) async fn read(payload: Payload, max: usize) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(BODY_TIME, collect(payload, max)).await;
    read.unwrap_or_else(|_| {
        let error = ApiError::new(Code::InvalidRequest, "the body took longer than 10 seconds");
        Err(error.with_status(StatusCode::REQUEST_TIMEOUT))
    })
}

async fn collect(mut payload: Payload, max: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(Code::InvalidRequest, "the body was cut off"))?;
        if body.len() + chunk.len() > max {
            return Err(ApiError::new(
                Code::PayloadTooLarge,
                format!("the body may have {max} bytes"),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads a JSON body.
pub(super) async fn json<T: DeserializeOwned>(payload: Payload, max: usize) -> Result<(T, Bytes), ApiError> {
    let bytes = read(payload, max).await?;
    let value = serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::new(Code::InvalidRequest, format!("the body can't be read: {error}")))?;
    Ok((value, bytes))
}
