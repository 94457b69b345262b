//! Latin American Spanish.

use super::{Phrase, neutral};
use crate::domain::purchase::PurchaseState;

#[expect(
    clippy::too_many_lines,
    reason = "one phrase per arm, nothing else: splitting would hide a missing one"
)]
pub(super) fn say(phrase: Phrase<'_>) -> String {
    match phrase {
        Phrase::Greeting { shop } => {
            format!(
                "¡Hola! Esta es la tienda *{shop}*. Toca “Ver opciones” para elegir una categoría.",
                shop = neutral(shop)
            )
        }
        Phrase::NothingOnSale { shop } => {
            format!(
                "La tienda *{shop}* no tiene productos a la venta por ahora. Si quieres, habla con un agente.",
                shop = neutral(shop)
            )
        }
        Phrase::OptionsOpener => "Ver opciones".into(),
        Phrase::ProductsOpener => "Ver productos".into(),
        Phrase::CategoriesSection => "Categorías".into(),
        Phrase::ProductsSection => "Productos".into(),
        Phrase::MoreSection => "Más".into(),
        Phrase::LinesSection => "Productos del carrito".into(),
        Phrase::OtherProductsRow => "Otros productos".into(),
        Phrase::ProductCount { count: 1 } => "1 producto".into(),
        Phrase::ProductCount { count } => format!("{count} productos"),
        Phrase::CartLabel => "Ver carrito".into(),
        Phrase::CartSummary { units: 1, total } => format!("1 artículo, {total}"),
        Phrase::CartSummary { units, total } => format!("{units} artículos, {total}"),
        Phrase::PersonLabel => "Hablar con un agente".into(),
        Phrase::PurchasesRow => "Mis pedidos".into(),
        Phrase::NextRow => "Ver más".into(),
        Phrase::MenuLabel => "Menú".into(),
        Phrase::KeepShoppingLabel => "Seguir comprando".into(),
        Phrase::NativeCatalogRow => "Catálogo de WhatsApp".into(),
        Phrase::NativeCatalogBody { shop } => format!(
            "Mira el catálogo completo de la tienda {shop}.",
            shop = neutral(shop)
        ),
        Phrase::CategoryBody { title, count: 1 } => format!("*{title}*: 1 producto."),
        Phrase::CategoryBody { title, count } => format!("*{title}*: {count} productos. Toca para elegir."),
        Phrase::ShareBody { shop } => format!(
            "Una selección de la tienda {shop} para ti.",
            shop = neutral(shop)
        ),
        Phrase::SoldOut => "Agotado por ahora".into(),
        Phrase::InCart { quantity } => format!("En tu carrito: {quantity}"),
        Phrase::AddLabel => "Agregar".into(),
        Phrase::ProductGone => "Ese producto ya no está a la venta. ¿Quieres ver otros?".into(),
        Phrase::CannotAddSoldOut { title } => format!("*{title}* se agotó por ahora y no se agregó al carrito."),
        Phrase::Added { title, quantity } => format!("Agregado: *{title}* (ahora {quantity})."),
        Phrase::QuantitySet { title, quantity } => format!("*{title}*: ahora la cantidad es {quantity}."),
        Phrase::Removed { title } => format!("Listo, quité *{title}*."),
        Phrase::Emptied => "Listo, vacié tu carrito.".into(),
        Phrase::CartFull { max } => {
            format!("Tu carrito ya tiene {max} productos diferentes, que es el máximo. Quita uno para agregar otro.")
        }
        Phrase::LineFull { title, max } => format!("*{title}*: el límite por producto es {max}."),
        Phrase::NoRoom => {
            "Tu carrito es demasiado grande para un producto más. Finaliza esta compra o quita algún producto.".into()
        }
        Phrase::CartTitle => "*Tu carrito*".into(),
        Phrase::CartLine { title, quantity, unit_price, line_total } => {
            format!("• {quantity} × {title} ({unit_price}) = {line_total}")
        }
        Phrase::Total { total } => format!("*Total: {total}*"),
        Phrase::MoreLines { count: 1 } => "… y 1 artículo más".into(),
        Phrase::MoreLines { count } => format!("… y {count} artículos más"),
        Phrase::CartEmpty => "Tu carrito está vacío.".into(),
        Phrase::CheckoutLabel => "Finalizar compra".into(),
        Phrase::ChangeRow { title } => format!("Cambiar: {title}"),
        Phrase::RemoveRow { title } => format!("Quitar: {title}"),
        Phrase::RemoveLabel => "Quitar".into(),
        Phrase::EmptyLabel => "Vaciar carrito".into(),
        Phrase::ChooseQuantity { title, quantity } => {
            format!("*{title}*: tienes {quantity} en el carrito. ¿Cuántas unidades quieres?")
        }
        Phrase::QuantitiesSection => "Cantidad".into(),
        Phrase::UnitsRow { quantity: 1 } => "1 unidad".into(),
        Phrase::UnitsRow { quantity } => format!("{quantity} unidades"),
        Phrase::StaleButton => {
            "Ese botón es de un mensaje anterior, así que no cambió nada. Así está ahora:".into()
        }
        Phrase::RefusedButton => "No pude reconocer ese botón, así que no cambió nada. Usa uno de estos:".into(),
        Phrase::OtherDevice => {
            "Ese botón es del carrito de otro de tus dispositivos. \
             Cada dispositivo tiene su propio carrito; el de este es:"
                .into()
        }
        Phrase::CopyCartLabel => "Copiar otro carrito".into(),
        Phrase::CartCopied => "Listo, copié aquí los productos del otro dispositivo.".into(),
        Phrase::UsePhone => {
            "Para comprar con nosotros, abre este chat en el celular: aquí en la computadora el carrito no funciona."
                .into()
        }
        Phrase::ChangesTitle => "*Algo cambió en tu carrito:*".into(),
        Phrase::PriceChange { title, old, new } => format!("• {title}: antes {old}, ahora {new}"),
        Phrase::TitleChange { old, new } => format!("• {old} ahora se llama {new}"),
        Phrase::OptionsChange { title, old, new } => format!(
            "• {title}: las opciones cambiaron de {old} a {new}",
            old = neutral(old),
            new = neutral(new)
        ),
        Phrase::SoldOutChange { title } => format!("• {title}: se agotó y sale del carrito cuando aceptes"),
        Phrase::BackInStock { title } => format!("• {title}: disponible otra vez"),
        Phrase::GoneChange { title } => format!("• {title}: ya no se vende y salió del carrito"),
        Phrase::OnlyLeft { title, available: 1 } => format!("• {title}: queda solo 1 unidad"),
        Phrase::OnlyLeft { title, available } => format!("• {title}: quedan solo {available} unidades"),
        Phrase::AcceptToGoOn => "Acepta los cambios para poder finalizar la compra.".into(),
        Phrase::AcceptLabel => "Aceptar cambios".into(),
        Phrase::SummaryTitle => "*Revisa tu pedido*".into(),
        Phrase::Subtotal { amount } => format!("Subtotal: {amount}"),
        Phrase::Discount { amount } => format!("Descuento: −{amount}"),
        Phrase::Shipping { amount } => format!("Envío: {amount}"),
        Phrase::Tax { amount } => format!("Impuestos: {amount}"),
        Phrase::ConfirmHint => "No se compra nada hasta que confirmes.".into(),
        Phrase::ConfirmLabel => "Confirmar compra".into(),
        Phrase::QuoteFailed => {
            "No pude obtener el precio final de la tienda. No se compró nada y tu carrito sigue aquí.".into()
        }
        Phrase::QuoteWrong => {
            "La tienda respondió con montos que no cuadran, así que me detuve por seguridad. No se compró nada.".into()
        }
        Phrase::RetryLabel => "Intentar de nuevo".into(),
        Phrase::OrderDiffers => "*Recibí tu carrito, pero hay diferencias:*".into(),
        Phrase::OrderUnreadable => {
            "Recibí tu carrito, pero no pude leer sus precios. No se compró nada; elige de nuevo desde el menú.".into()
        }
        Phrase::OrderQuantity { title } => {
            format!("La cantidad de {title} en tu carrito debe ser de 1 a 99. \
                     No se compró nada; ajústala y envía el carrito de nuevo.")
        }
        Phrase::OrderNothingLeft => {
            "Ningún producto de tu carrito está a la venta ahora. No se compró nada.".into()
        }
        Phrase::DropOrderLabel => "Descartar".into(),
        Phrase::OrderDropped => "De acuerdo, descarté ese carrito. No se compró nada.".into(),
        Phrase::TooManyOpen => {
            "Ya tienes demasiados pedidos en curso. Espera a que termine alguno o habla con un agente.".into()
        }
        Phrase::PayByPix { label, total } => format!(
            "La tienda recibió el pedido *{label}*.\n*Total: {total}*\nCopia el código Pix y paga en la app de tu banco:",
            label = neutral(label)
        ),
        Phrase::PayByCode { label, total } => format!(
            "La tienda recibió el pedido *{label}*.\n*Total: {total}*\nPaga con Pix: copia el código del próximo mensaje en la app de tu banco.",
            label = neutral(label)
        ),
        Phrase::PayNow { label, total } => {
            format!(
                "La tienda recibió el pedido *{label}*.\n*Total: {total}*\nPaga con el enlace seguro de la tienda:",
                label = neutral(label)
            )
        }
        Phrase::PayLabel => "Pagar ahora".into(),
        Phrase::Accepted { label, total } => format!(
            "La tienda aceptó el pedido *{label}*.\n*Total: {total}*",
            label = neutral(label)
        ),
        Phrase::Declined => {
            "La tienda no pudo aceptar el pedido. No se te cobró nada y tus productos volvieron al carrito.".into()
        }
        Phrase::InDoubt { label } => {
            format!(
                "Estoy confirmando el pedido {label} con la tienda. No hace falta repetirlo; te aviso en cuanto sepa.",
                label = neutral(label)
            )
        }
        Phrase::NeedsReview { label } => {
            format!(
                "Una persona de la tienda tiene que revisar el pedido {label}. \
                     Por ahora no pagues ni compres de nuevo.",
                label = neutral(label)
            )
        }
        Phrase::Paid { label, total } => format!(
            "Pago de *{total}* confirmado. ¡Gracias! Pedido *{label}*.",
            label = neutral(label)
        ),
        Phrase::State { label, state } => format!(
            "Pedido *{label}*: {}.",
            state_name(state),
            label = neutral(label)
        ),
        Phrase::StateName { state } => state_name(state).into(),
        Phrase::Reason { text } => format!("Motivo que dio la tienda: {text}", text = neutral(text)),
        Phrase::Tracking { url } => format!("Sigue tu envío: {url}"),
        Phrase::PurchasesBody => "Estos son tus pedidos más recientes:".into(),
        Phrase::NoPurchases => "Todavía no tienes pedidos por aquí.".into(),
        Phrase::PurchaseLabel => "Ver pedido".into(),
        Phrase::PersonCalled => "Ya avisé a un agente, que te escribirá por aquí. Tu carrito queda guardado.".into(),
        Phrase::PersonComing => {
            "Tu mensaje quedó registrado y un agente te va a responder. Para volver a comprar, toca abajo.".into()
        }
        Phrase::ResumeLabel => "Volver a comprar".into(),
        Phrase::Help { shop } => format!(
            "Puedes comprar en la tienda *{shop}* por este chat.\n\
             Toca un botón o escribe: *menú*, *carrito*, *pagar*, *pedidos* o *agente*.\n\
             Otro idioma: *português*, *english*, *bahasa indonesia*.",
            shop = neutral(shop)
        ),
    }
}

fn state_name(state: PurchaseState) -> &'static str {
    match state {
        PurchaseState::Forwarded => "enviado a la tienda",
        PurchaseState::InDoubt => "en confirmación con la tienda",
        PurchaseState::Declined => "no aceptado por la tienda",
        PurchaseState::Accepted => "aceptado",
        PurchaseState::AwaitingPayment => "pendiente de pago",
        PurchaseState::Paid => "pagado",
        PurchaseState::Preparing => "en preparación",
        PurchaseState::Shipped => "en camino",
        PurchaseState::Delivered => "entregado",
        PurchaseState::Cancelled => "cancelado",
        PurchaseState::Expired => "vencido por falta de pago",
        PurchaseState::PaymentFailed => "pago no aprobado",
        PurchaseState::Refunded => "reembolsado",
        PurchaseState::ChargedBack => "pago revertido",
        PurchaseState::NeedsReview => "en revisión por una persona",
    }
}
