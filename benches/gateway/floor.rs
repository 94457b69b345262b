//! The floors: the least that any receiver of webhooks must do. B0 reads the body and checks its signature; R also makes
//! one script call that remembers the body's digest, as a deduplicating queue would.

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::stage::APP_SECRET;

/// Remembers a digest once and appends the body.
const SCRIPT: &str = "if redis.call('SET', KEYS[1], 1, 'NX', 'EX', 691200) then redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100000, '*', 'b', ARGV[1]) end return 1";

#[derive(Clone)]
struct Queue {
    connection: redis::aio::MultiplexedConnection,
    script: std::sync::Arc<redis::Script>,
}

/// Serves `POST /` until it is killed.
pub async fn serve(listen: &str, redis: Option<&str>) -> anyhow::Result<()> {
    let queue = match redis {
        Some(url) => {
            let client = redis::Client::open(url)?;
            Some(Queue {
                connection: client.get_multiplexed_async_connection().await?,
                script: std::sync::Arc::new(redis::Script::new(SCRIPT)),
            })
        }
        None => None,
    };
    let data = Data::new(queue);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(4 * 1024 * 1024))
            .route("/webhooks/whatsapp", web::post().to(take))
    });
    server
        .workers(1)
        .bind(listen)
        .context("the floor can't listen")?
        .run()
        .await?;
    Ok(())
}

async fn take(queue: Data<Option<Queue>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let Some(digest) = verified(&request, &body) else {
        return HttpResponse::Unauthorized().finish();
    };
    if let Some(queue) = queue.as_ref() {
        let mut connection = queue.connection.clone();
        let key = format!("seen:{digest}");
        let asked: redis::RedisResult<i64> = queue
            .script
            .key(key)
            .key("queue")
            .arg(body.as_ref())
            .invoke_async(&mut connection)
            .await;
        if asked.is_err() {
            return HttpResponse::ServiceUnavailable().finish();
        }
    }
    HttpResponse::Ok().finish()
}

fn verified(request: &HttpRequest, body: &[u8]) -> Option<String> {
    let given = request.headers().get("X-Hub-Signature-256")?.to_str().ok()?;
    let digits = given.strip_prefix("sha256=")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).ok()?;
    mac.update(body);
    mac.verify_slice(&hex::decode(digits).ok()?).ok()?;
    Some(digits.to_owned())
}
