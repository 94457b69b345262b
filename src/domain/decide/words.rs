//! What customers write. Words of all languages are understood everywhere, without case or accents; anything else gets
//! help, never silence.

use super::{Turn, browse, carts, checkout, draw, history};
use crate::domain::conversation::Mode;

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Menu,
    Cart,
    Checkout,
    Help,
    Person,
    Purchases,
    Catalog,
    Unclear,
}

const MENU: [&str; 18] = [
    "menu",
    "cardapio",
    "oi",
    "ola",
    "oie",
    "opa",
    "bom dia",
    "boa tarde",
    "boa noite",
    "inicio",
    "hi",
    "hello",
    "hey",
    "hola",
    "buenas",
    "halo",
    "hai",
    "start",
];
const CART: [&str; 9] = [
    "carrinho",
    "sacola",
    "minha sacola",
    "ver sacola",
    "cart",
    "my cart",
    "carrito",
    "mi carrito",
    "keranjang",
];
const CHECKOUT: [&str; 9] = [
    "finalizar",
    "finalizar compra",
    "fechar pedido",
    "comprar",
    "checkout",
    "buy",
    "pagar",
    "comprar ya",
    "bayar",
];
const HELP: [&str; 5] = ["ajuda", "help", "ayuda", "bantuan", "?"];
const PERSON: [&str; 9] = [
    "atendente",
    "humano",
    "pessoa",
    "falar com atendente",
    "agent",
    "human",
    "agente",
    "persona",
    "petugas",
];
const PURCHASES: [&str; 9] = [
    "pedido",
    "pedidos",
    "meus pedidos",
    "orders",
    "my orders",
    "order",
    "mis pedidos",
    "pesanan",
    "pesanan saya",
];
const CATALOG: [&str; 4] = ["catalogo", "catalog", "catalogue", "katalog"];

/// Reads a text.
pub(super) fn understand(text: &str) -> Wish {
    let plain = plain(text);
    let is_in = |words: &[&str]| words.contains(&plain.as_str());
    match () {
        () if is_in(&MENU) => Wish::Menu,
        () if is_in(&CART) => Wish::Cart,
        () if is_in(&CHECKOUT) => Wish::Checkout,
        () if is_in(&HELP) => Wish::Help,
        () if is_in(&PERSON) => Wish::Person,
        () if is_in(&PURCHASES) => Wish::Purchases,
        () if is_in(&CATALOG) => Wish::Catalog,
        () => Wish::Unclear,
    }
}

/// Lower case, no accents, no punctuation, single spaces; long texts are only looked at as far as any word could reach.
fn plain(text: &str) -> String {
    if text.trim() == "?" {
        return "?".to_owned();
    }
    let mut out = String::new();
    for c in text.chars().take(64).flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => out.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => out.push(c),
            _ => out.push(' '),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The customer wrote.
pub(super) fn said(turn: &mut Turn<'_>, text: &str) {
    let wish = understand(text);
    if turn.conversation.mode == Mode::Human {
        match wish {
            Wish::Unclear | Wish::Help | Wish::Person => return person_is_coming(turn),
            Wish::Menu | Wish::Cart | Wish::Checkout | Wish::Purchases | Wish::Catalog => {
                turn.leave_human_mode();
            }
        }
    }
    match wish {
        Wish::Menu => browse::menu(turn, 0),
        Wish::Catalog => browse::native_catalog(turn),
        Wish::Cart => carts::show(turn, None),
        Wish::Checkout => checkout::asked(turn),
        Wish::Person => call_person(turn),
        Wish::Purchases => history::list(turn),
        Wish::Help | Wish::Unclear => {
            let help = draw::help(turn);
            turn.reply(help);
        }
    }
}

/// The customer sent something that is no words: never silence.
pub(super) fn arrived(turn: &mut Turn<'_>) {
    if turn.conversation.mode == Mode::Human {
        return person_is_coming(turn);
    }
    let help = draw::help(turn);
    turn.reply(help);
}

/// A person, please.
pub(super) fn call_person(turn: &mut Turn<'_>) {
    turn.conversation.mode = Mode::Human;
    turn.conversation.person_told_at_ms = 0;
    let message = draw::person(turn, true);
    turn.reply(message);
}

/// How often a waiting customer is told that a person is on the way.
const REMIND_AFTER_MS: i64 = 10 * 60 * 1000;

fn person_is_coming(turn: &mut Turn<'_>) {
    let told_ago_ms = turn
        .facts
        .now_ms
        .saturating_sub(turn.conversation.person_told_at_ms);
    // Told in the future: the clock was set back, which must not silence the reminder until it has caught up.
    if !(0..REMIND_AFTER_MS).contains(&told_ago_ms) {
        turn.conversation.person_told_at_ms = turn.facts.now_ms;
        let message = draw::person(turn, false);
        turn.reply(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_without_case_or_accents() {
        for (text, wish) in [
            ("Cardápio", Wish::Menu),
            ("  OI!! ", Wish::Menu),
            ("menú", Wish::Menu),
            ("¡Hola!", Wish::Menu),
            ("Menu\u{301}", Wish::Menu),
            ("SACOLA", Wish::Cart),
            ("keranjang", Wish::Cart),
            ("finalizar", Wish::Checkout),
            ("Pagar.", Wish::Checkout),
            ("bantuan", Wish::Help),
            ("?", Wish::Help),
            ("petugas", Wish::Person),
            ("Atendente 🙏", Wish::Person),
            ("catálogo", Wish::Catalog),
            ("quero um bolo", Wish::Unclear),
            ("", Wish::Unclear),
        ] {
            assert_eq!(understand(text), wish, "{text:?}");
        }
    }
}
