//! What people open in a browser: the payment page, a page per product, and the pictures.

use std::sync::PoisonError;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};

use super::super::answers::{html, not_found};
use super::super::world::World;
use super::pictures;
use super::products::{self, Money};
use super::purchases::{BoughtLine, Purchase};

/// Registers the pages.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/shop/pay/{id}").route(web::get().to(pay)))
        .service(web::resource("/shop/p/{id}").route(web::get().to(product)))
        .service(web::resource("/shop/images/{file}").route(web::get().to(image)));
}

async fn pay(world: Data<World>, id: Path<String>) -> HttpResponse {
    let state = world.state();
    match state.shop.purchases.get(id.as_str()) {
        Some(purchase) => html(200, payment_page(purchase)),
        None => html(
            404,
            page("Pedido não encontrado", "<h1>Pedido não encontrado</h1>"),
        ),
    }
}

async fn product(world: Data<World>, id: Path<String>) -> HttpResponse {
    let state = world.state();
    let Some(product) = state.shop.products.get(id.as_str()) else {
        return html(
            404,
            page("Produto não encontrado", "<h1>Produto não encontrado</h1>"),
        );
    };
    let stock = if product.available() {
        "Disponível hoje"
    } else {
        "Esgotado"
    };
    let body = format!(
        "<img class=photo src=\"/shop/images/{id}.png\" alt=\"\"><p class=small>{category}</p><h1>{title}</h1>\
         <p>{description}</p><p class=total>{price}</p><p class=small>{stock}</p>",
        id = escaped(&product.retailer_id),
        category = escaped(&product.category),
        title = escaped(&product.title),
        description = escaped(&product.description),
        price = escaped(&product.price_label()),
    );
    html(200, page(&product.title, &body))
}

async fn image(world: Data<World>, file: Path<String>) -> HttpResponse {
    let Some(id) = file.strip_suffix(".png") else {
        return not_found("picture");
    };
    let category = match world.state().shop.products.get(id) {
        Some(product) => product.category.clone(),
        None => return not_found("picture"),
    };
    match picture(&world, id, &category) {
        Some(bytes) => HttpResponse::Ok()
            .content_type("image/png")
            .insert_header(("cache-control", "public, max-age=3600"))
            .body(bytes),
        None => not_found("picture"),
    }
}

/// Drawn once, then kept.
fn picture(world: &World, id: &str, category: &str) -> Option<Bytes> {
    let key = format!("{category}/{id}");
    let mut kept = world.pictures.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = kept.get(&key) {
        return Some(bytes.clone());
    }
    let drawn = Bytes::from(pictures::draw(category, id)?);
    kept.insert(key, drawn.clone());
    Some(drawn)
}

fn payment_page(purchase: &Purchase) -> String {
    let rows: String = purchase.lines.iter().map(row).collect();
    let action = match purchase.state.as_str() {
        "pending" | "payment_failed" => format!(
            "<form method=post action=\"/shop/purchases/{}/pay\"><button>Pagar agora</button></form>\
             <p class=small>Pagamento de demonstração: nenhum dinheiro é movido.</p>",
            escaped(&purchase.purchase_id)
        ),
        "cancelled" | "expired" | "refunded" | "charged_back" => {
            "<p class=\"mark off\">Pedido encerrado</p>".to_owned()
        }
        _ => "<p class=mark>✓ Pago</p><p class=small>Pode voltar para a conversa.</p>".to_owned(),
    };
    let body = format!(
        "<p class=small>Café da Praça</p><h1>Pedido {order}</h1><table>{rows}</table>\
         <p class=total><span>Total</span><b>{total}</b></p>{action}",
        order = escaped(&purchase.merchant_order_id),
        total = escaped(&products::label(purchase.total, "BRL")),
    );
    page(&format!("Pedido {}", purchase.merchant_order_id), &body)
}

fn row(line: &BoughtLine) -> String {
    let Money { amount, currency } = &line.unit_price;
    let price = line.unit_price.exact(currency);
    let line_total = |exact: rust_decimal::Decimal| exact * rust_decimal::Decimal::from(line.quantity);
    let price = price.map_or_else(
        || amount.clone(),
        |exact| products::label(line_total(exact), currency),
    );
    format!(
        "<tr><td>{} × {}</td><td>{}</td></tr>",
        line.quantity,
        escaped(&line.title),
        escaped(&price)
    )
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=pt-BR><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{title}</title><link rel=icon href=\"data:,\">\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

/// Text made safe for HTML, between tags and inside quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

const STYLE: &str = "\
    *{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;\
    background:linear-gradient(160deg,#f6ead9,#e8d3b9);font:16px/1.5 system-ui,sans-serif;color:#3a2618}\
    main{width:100%;max-width:420px;background:#fffdf9;border-radius:20px;padding:28px;\
    box-shadow:0 12px 40px #5a3a2226}h1{font-size:1.5rem;margin:.2em 0 .8em}\
    table{width:100%;border-collapse:collapse}td{padding:8px 0;border-bottom:1px solid #eee2d3}\
    td:last-child{text-align:right;white-space:nowrap}.small{color:#8a6f5a;font-size:.85rem;margin:.4em 0}\
    .total{display:flex;justify-content:space-between;font-size:1.3rem;margin:20px 0}\
    button{width:100%;border:0;border-radius:14px;padding:16px;font:600 1.1rem system-ui,sans-serif;\
    background:#00806b;color:#fff;cursor:pointer}button:hover{background:#006a59}\
    button:focus-visible{outline:3px solid #c98b4b;outline-offset:2px}\
    .mark{background:#dff3ec;color:#006a59;border-radius:14px;padding:16px;text-align:center;font-weight:700;\
    font-size:1.2rem}.mark.off{background:#f1e7e2;color:#8a4b3a}.photo{width:100%;border-radius:14px}\
    @media(prefers-color-scheme:dark){body{background:#21170f;color:#f3e6d8}main{background:#2d2118}\
    td{border-color:#46352a}.small{color:#bfa58f}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_title_stays_text() {
        let shown = page("<script>", &escaped("a\"b'c&d<e>"));

        assert!(shown.contains("<title>&lt;script&gt;</title>"));
        assert!(shown.contains("a&quot;b&#39;c&amp;d&lt;e&gt;"));
    }
}
