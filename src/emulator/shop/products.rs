//! The shelves of "Café da Praça", and how a product looks to a gateway.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::world::rfc3339;

const CURRENCY: &str = "BRL";

/// Money as both sides write it: decimal text, never a JSON number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub amount: String,
    pub currency: String,
}

impl Money {
    /// An exact amount, with two decimals at least.
    pub fn of(amount: Decimal, currency: &str) -> Money {
        Money {
            amount: decimal_text(amount),
            currency: currency.to_owned(),
        }
    }

    /// The amount when it is plain decimal text in `currency`.
    pub fn exact(&self, currency: &str) -> Option<Decimal> {
        let amount = Decimal::from_str_exact(&self.amount).ok()?;
        (self.currency == currency).then_some(amount)
    }
}

/// Something the shop sells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Product {
    pub retailer_id: String,
    pub title: String,
    pub description: String,
    pub category: String,
    #[serde(with = "super::exact_text")]
    pub price: Decimal,
    pub currency: String,
    pub stock: i64,
    /// False when taken off sale by hand, whatever the stock.
    pub on_sale: bool,
    pub options: Option<Value>,
    pub version: i64,
    pub updated_at_ms: i64,
}

impl Product {
    /// True when at least one can be bought.
    pub fn available(&self) -> bool {
        self.on_sale && self.stock > 0
    }

    /// `12.90`.
    pub fn price_text(&self) -> String {
        decimal_text(self.price)
    }

    /// `R$ 12,90`, as a person reads it.
    pub fn price_label(&self) -> String {
        label(self.price, &self.currency)
    }

    /// The `Product` of the standard connector.
    pub fn json(&self, base_url: &str) -> Value {
        let id = &self.retailer_id;
        let mut json = json!({
            "retailer_id": id, "title": self.title, "description": self.description,
            "category": self.category, "price": Money::of(self.price, &self.currency),
            "availability": if self.available() { "in_stock" } else { "out_of_stock" },
            "stock": self.stock, "image_url": format!("{base_url}/shop/images/{id}.png"),
            "url": format!("{base_url}/shop/p/{id}"), "version": self.version,
            "updated_at": rfc3339(self.updated_at_ms),
        });
        if let (Some(options), Some(fields)) = (&self.options, json.as_object_mut()) {
            fields.insert("options".to_owned(), options.clone());
        }
        json
    }
}

/// Decimal text with two decimals at least.
pub fn decimal_text(mut amount: Decimal) -> String {
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount.to_string()
}

/// An amount as a Brazilian reads it.
pub fn label(amount: Decimal, currency: &str) -> String {
    let text = decimal_text(amount);
    if currency == CURRENCY {
        format!("R$ {}", text.replace('.', ","))
    } else {
        format!("{currency} {text}")
    }
}

/// The full shelves, by retailer id.
pub fn menu(now_ms: i64) -> BTreeMap<String, Product> {
    let sold = SHELVES
        .iter()
        .flat_map(|(category, rows)| rows.iter().map(move |row| (*category, row)));
    let products = sold.map(
        |(category, (retailer_id, title, price, stock, description))| Product {
            retailer_id: (*retailer_id).to_owned(),
            title: (*title).to_owned(),
            description: (*description).to_owned(),
            category: category.to_owned(),
            price: Decimal::from_str_exact(price).unwrap_or_default(),
            currency: CURRENCY.to_owned(),
            stock: *stock,
            on_sale: true,
            options: None,
            version: 1,
            updated_at_ms: now_ms,
        },
    );
    products
        .map(|product| (product.retailer_id.clone(), product))
        .collect()
}

/// retailer id, title, price, stock, description
type Row = (&'static str, &'static str, &'static str, i64, &'static str);

#[rustfmt::skip]
const SHELVES: &[(&str, &[Row])] = &[
    (
        "Cafés",
        &[
            ("cafe-coado", "Café coado", "6.00", 200, "Xícara de 200 ml, grão da Mantiqueira."),
            ("cafe-espresso", "Espresso", "7.50", 200, "Curto, intenso, com crema dourada."),
            ("cafe-duplo", "Espresso duplo", "10.50", 120, "Duas doses para manhãs longas."),
            ("cafe-cappuccino", "Cappuccino", "12.90", 120, "Leite vaporizado e um toque de cacau."),
            ("cafe-latte", "Café latte", "12.50", 120, "Suave, com bastante leite cremoso."),
            ("cafe-mocha", "Mocha", "14.90", 80, "Espresso, chocolate meio amargo e leite."),
            ("cafe-gelado", "Café gelado", "13.90", 60, "Extraído a frio por dezoito horas."),
        ],
    ),
    (
        "Pães",
        &[
            ("pao-queijo", "Pão de queijo", "5.50", 150, "Assado de hora em hora, queijo canastra."),
            ("pao-frances", "Pão francês", "1.20", 300, "Casquinha crocante, unidade."),
            ("pao-integral", "Pão integral", "18.90", 25, "Forma de 500 g com sete grãos."),
            ("pao-fermentado", "Pão de fermentação natural", "26.00", 18, "Filão de 700 g, massa lenta."),
            ("pao-croissant", "Croissant", "9.90", 40, "Manteiga de verdade, folhas finas."),
            ("pao-brioche", "Brioche", "8.50", 30, "Macio e levemente doce."),
            ("pao-misto", "Misto quente", "14.50", 60, "Presunto, queijo e pão na chapa."),
        ],
    ),
    (
        "Bolos",
        &[
            ("bolo-cenoura", "Bolo de cenoura", "11.90", 24, "Fatia com cobertura de brigadeiro."),
            ("bolo-fuba", "Bolo de fubá", "8.90", 24, "Fatia cremosa, receita da avó."),
            ("bolo-milho", "Bolo de milho", "9.50", 20, "Fatia úmida, feita com milho verde."),
            ("bolo-chocolate", "Bolo de chocolate", "13.90", 24, "Fatia alta, cacau 70%."),
            ("bolo-laranja", "Bolo de laranja", "9.90", 20, "Fatia com calda da fruta."),
            ("bolo-brigadeiro", "Brigadeiro", "4.50", 90, "Unidade, chocolate belga."),
            ("bolo-torta-limao", "Torta de limão", "15.90", 16, "Fatia com merengue dourado."),
        ],
    ),
    (
        "Grãos",
        &[
            ("grao-mantiqueira", "Grãos Mantiqueira 250 g", "39.90", 40, "Notas de caramelo e laranja."),
            ("grao-cerrado", "Grãos Cerrado 250 g", "36.50", 40, "Corpo cheio, notas de castanha."),
            ("grao-chapada", "Grãos Chapada 250 g", "44.90", 22, "Floral, acidez brilhante."),
            ("grao-descafeinado", "Descafeinado 250 g", "42.00", 15, "Processo com água, sabor inteiro."),
            ("grao-moido", "Café moído 500 g", "48.90", 35, "Moagem média, para coador."),
            ("grao-capsulas", "Cápsulas, caixa com 10", "27.90", 50, "Compatíveis, alumínio reciclável."),
        ],
    ),
    (
        "Bebidas",
        &[
            ("bebida-suco-laranja", "Suco de laranja", "11.00", 80, "Espremido na hora, 300 ml."),
            ("bebida-limonada", "Limonada suíça", "10.50", 80, "Limão inteiro, sem canudo, 300 ml."),
            ("bebida-mate", "Mate gelado", "8.00", 90, "Com limão, 400 ml."),
            ("bebida-agua", "Água mineral", "4.00", 200, "Sem gás, 500 ml."),
            ("bebida-agua-gas", "Água com gás", "4.50", 160, "Com gás, 500 ml."),
            ("bebida-chocolate", "Chocolate quente", "13.50", 60, "Cremoso, com canela."),
            ("bebida-cha", "Chá de hortelã", "7.00", 70, "Folhas frescas da horta."),
        ],
    ),
    (
        "Frutas",
        &[
            ("fruta-salada", "Salada de frutas", "12.00", 30, "Cinco frutas da estação, 250 g."),
            ("fruta-acai", "Açaí na tigela", "19.90", 40, "Com banana e granola, 350 ml."),
            ("fruta-manga", "Manga em cubos", "9.00", 25, "Pote de 200 g."),
            ("fruta-morango", "Morangos", "14.00", 20, "Bandeja de 250 g, orgânicos."),
            ("fruta-banana", "Banana-prata", "7.90", 60, "Penca com cerca de 1 kg."),
            ("fruta-caju", "Caju", "16.50", 12, "Bandeja de 400 g, do litoral."),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_products_in_six_categories_with_exact_prices() {
        let products = menu(0);

        assert_eq!(products.len(), 40);
        let rows = SHELVES.iter().flat_map(|(_, rows)| rows.iter());
        for (retailer_id, _, price, ..) in rows {
            assert_eq!(products[*retailer_id].price_text(), *price);
        }
    }

    #[test]
    fn money_keeps_its_text() {
        let dear = Money {
            amount: "7.999".to_owned(),
            currency: "BRL".to_owned(),
        };

        assert_eq!(dear.exact("BRL").map(decimal_text).as_deref(), Some("7.999"));
        assert_eq!(dear.exact("USD"), None);
        assert_eq!(label(Decimal::new(129, 1), "BRL"), "R$ 12,90");
    }
}
