//! Brazilian Portuguese.

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
                "Olá! Aqui é a loja *{shop}*. Toque em “Ver opções” para escolher uma categoria.",
                shop = neutral(shop)
            )
        }
        Phrase::NothingOnSale { shop } => {
            format!(
                "A loja *{shop}* está sem produtos à venda neste momento. Se quiser, fale com um atendente.",
                shop = neutral(shop)
            )
        }
        Phrase::OptionsOpener => "Ver opções".into(),
        Phrase::ProductsOpener => "Ver produtos".into(),
        Phrase::CategoriesSection => "Categorias".into(),
        Phrase::ProductsSection => "Produtos".into(),
        Phrase::MoreSection => "Mais".into(),
        Phrase::LinesSection => "Itens da sacola".into(),
        Phrase::OtherProductsRow => "Outros produtos".into(),
        Phrase::ProductCount { count: 1 } => "1 produto".into(),
        Phrase::ProductCount { count } => format!("{count} produtos"),
        Phrase::CartLabel => "Ver sacola".into(),
        Phrase::CartSummary { units: 1, total } => format!("1 item, {total}"),
        Phrase::CartSummary { units, total } => format!("{units} itens, {total}"),
        Phrase::PersonLabel => "Falar com atendente".into(),
        Phrase::PurchasesRow => "Meus pedidos".into(),
        Phrase::NextRow => "Ver mais".into(),
        Phrase::MenuLabel => "Menu".into(),
        Phrase::KeepShoppingLabel => "Continuar comprando".into(),
        Phrase::NativeCatalogRow => "Catálogo do WhatsApp".into(),
        Phrase::NativeCatalogBody { shop } => format!(
            "Veja o catálogo completo da loja {shop}.",
            shop = neutral(shop)
        ),
        Phrase::CategoryBody { title, count: 1 } => format!("*{title}*: 1 produto."),
        Phrase::CategoryBody { title, count } => format!("*{title}*: {count} produtos. Toque para escolher."),
        Phrase::ShareBody { shop } => format!(
            "Uma seleção da loja {shop} para você.",
            shop = neutral(shop)
        ),
        Phrase::SoldOut => "Esgotado no momento".into(),
        Phrase::InCart { quantity } => format!("Na sua sacola: {quantity}"),
        Phrase::AddLabel => "Adicionar".into(),
        Phrase::ProductGone => "Esse produto não está mais à venda. Que tal ver outros?".into(),
        Phrase::CannotAddSoldOut { title } => {
            format!("*{title}* esgotou por enquanto e não entrou na sacola.")
        }
        Phrase::Added { title, quantity } => format!("Adicionado: *{title}* (agora {quantity})."),
        Phrase::QuantitySet { title, quantity } => format!("*{title}*: quantidade agora é {quantity}."),
        Phrase::Removed { title } => format!("Removido: *{title}*."),
        Phrase::Emptied => "Sua sacola foi esvaziada.".into(),
        Phrase::CartFull { max } => {
            format!("A sacola já tem {max} produtos diferentes, que é o máximo. Remova um para adicionar outro.")
        }
        Phrase::LineFull { title, max } => format!("*{title}*: o limite por produto é {max}."),
        Phrase::NoRoom => {
            "Sua sacola está grande demais para mais um produto. Finalize esta compra ou remova algum item.".into()
        }
        Phrase::CartTitle => "*Sua sacola*".into(),
        Phrase::CartLine { title, quantity, unit_price, line_total } => {
            format!("• {quantity} × {title} ({unit_price}) = {line_total}")
        }
        Phrase::Total { total } => format!("*Total: {total}*"),
        Phrase::MoreLines { count: 1 } => "… e mais 1 item".into(),
        Phrase::MoreLines { count } => format!("… e mais {count} itens"),
        Phrase::CartEmpty => "Sua sacola está vazia.".into(),
        Phrase::CheckoutLabel => "Finalizar compra".into(),
        Phrase::ChangeRow { title } => format!("Mudar: {title}"),
        Phrase::RemoveRow { title } => format!("Remover: {title}"),
        Phrase::RemoveLabel => "Remover".into(),
        Phrase::EmptyLabel => "Esvaziar sacola".into(),
        Phrase::ChooseQuantity { title, quantity } => {
            format!("*{title}*: você tem {quantity} na sacola. Quantas unidades quer?")
        }
        Phrase::QuantitiesSection => "Quantidade".into(),
        Phrase::UnitsRow { quantity: 1 } => "1 unidade".into(),
        Phrase::UnitsRow { quantity } => format!("{quantity} unidades"),
        Phrase::StaleButton => "Esse botão é de uma mensagem antiga, por isso nada foi alterado. Veja como está agora:".into(),
        Phrase::RefusedButton => "Não consegui reconhecer esse botão, então nada foi alterado. Use um destes:".into(),
        Phrase::OtherDevice => {
            "Esse botão é da sacola de outro aparelho seu. Cada aparelho tem a própria sacola; a deste é esta:".into()
        }
        Phrase::CopyCartLabel => "Copiar outra sacola".into(),
        Phrase::CartCopied => "Pronto, copiei os itens do outro aparelho para cá.".into(),
        Phrase::UsePhone => {
            "Para comprar com a gente, abra esta conversa no celular: aqui no computador a sacola não funciona.".into()
        }
        Phrase::ChangesTitle => "*Algo mudou na sua sacola:*".into(),
        Phrase::PriceChange { title, old, new } => format!("• {title}: de {old} para {new}"),
        Phrase::TitleChange { old, new } => format!("• {old} agora se chama {new}"),
        Phrase::OptionsChange { title, old, new } => format!(
            "• {title}: as opções mudaram de {old} para {new}",
            old = neutral(old),
            new = neutral(new)
        ),
        Phrase::SoldOutChange { title } => format!("• {title}: esgotou e sai da sacola quando você aceitar"),
        Phrase::BackInStock { title } => format!("• {title}: disponível de novo"),
        Phrase::GoneChange { title } => format!("• {title}: não está mais à venda e saiu da sacola"),
        Phrase::OnlyLeft { title, available: 1 } => format!("• {title}: resta só 1 unidade"),
        Phrase::OnlyLeft { title, available } => format!("• {title}: restam só {available} unidades"),
        Phrase::AcceptToGoOn => "Aceite as mudanças para poder finalizar a compra.".into(),
        Phrase::AcceptLabel => "Aceitar mudanças".into(),
        Phrase::SummaryTitle => "*Confira seu pedido*".into(),
        Phrase::Subtotal { amount } => format!("Subtotal: {amount}"),
        Phrase::Discount { amount } => format!("Desconto: −{amount}"),
        Phrase::Shipping { amount } => format!("Entrega: {amount}"),
        Phrase::Tax { amount } => format!("Impostos: {amount}"),
        Phrase::ConfirmHint => "Nada é comprado antes de você confirmar.".into(),
        Phrase::ConfirmLabel => "Confirmar compra".into(),
        Phrase::QuoteFailed => {
            "Não consegui obter o preço final com a loja agora. Nada foi comprado e sua sacola continua aqui.".into()
        }
        Phrase::QuoteWrong => {
            "A loja respondeu com valores que não batem, então parei por segurança. Nada foi comprado.".into()
        }
        Phrase::RetryLabel => "Tentar de novo".into(),
        Phrase::OrderDiffers => "*Recebi seu carrinho, mas há diferenças:*".into(),
        Phrase::OrderUnreadable => {
            "Recebi seu carrinho, mas não consegui ler os valores dele. Nada foi comprado; escolha de novo pelo menu.".into()
        }
        Phrase::OrderQuantity { title } => {
            format!("A quantidade de {title} no seu carrinho precisa ser de 1 a 99. Nada foi comprado; ajuste e envie de novo.")
        }
        Phrase::OrderNothingLeft => "Nenhum produto do seu carrinho está à venda agora. Nada foi comprado.".into(),
        Phrase::DropOrderLabel => "Desistir".into(),
        Phrase::OrderDropped => "Certo, desisti desse carrinho. Nada foi comprado.".into(),
        Phrase::TooManyOpen => {
            "Você já tem pedidos demais em andamento. Espere um deles terminar ou fale com um atendente.".into()
        }
        Phrase::PayByPix { label, total } => format!(
            "Pedido *{label}* recebido pela loja.\n*Total: {total}*\nCopie o código Pix e pague no aplicativo do seu banco:",
            label = neutral(label)
        ),
        Phrase::PayByCode { label, total } => format!(
            "Pedido *{label}* recebido pela loja.\n*Total: {total}*\nPague com Pix: copie o código da próxima mensagem no aplicativo do seu banco.",
            label = neutral(label)
        ),
        Phrase::PayNow { label, total } => {
            format!(
                "Pedido *{label}* recebido pela loja.\n*Total: {total}*\nPague pelo link seguro da loja:",
                label = neutral(label)
            )
        }
        Phrase::PayLabel => "Pagar agora".into(),
        Phrase::Accepted { label, total } => format!(
            "Pedido *{label}* aceito pela loja.\n*Total: {total}*",
            label = neutral(label)
        ),
        Phrase::Declined => "A loja não pôde aceitar o pedido. Nada foi cobrado e seus itens voltaram para a sacola.".into(),
        Phrase::InDoubt { label } => {
            format!(
                "Estou confirmando o pedido {label} com a loja. Não precisa repetir; aviso assim que souber.",
                label = neutral(label)
            )
        }
        Phrase::NeedsReview { label } => {
            format!(
                "O pedido {label} precisa ser conferido por uma pessoa da loja. Não pague nem compre de novo por enquanto.",
                label = neutral(label)
            )
        }
        Phrase::Paid { label, total } => format!(
            "Pagamento de *{total}* confirmado. Obrigado! Pedido *{label}*.",
            label = neutral(label)
        ),
        Phrase::State { label, state } => format!(
            "Pedido *{label}*: {}.",
            state_name(state),
            label = neutral(label)
        ),
        Phrase::StateName { state } => state_name(state).into(),
        Phrase::Reason { text } => format!("Motivo informado pela loja: {text}", text = neutral(text)),
        Phrase::Tracking { url } => format!("Acompanhe a entrega: {url}"),
        Phrase::PurchasesBody => "Estes são seus pedidos mais recentes:".into(),
        Phrase::NoPurchases => "Você ainda não tem pedidos por aqui.".into(),
        Phrase::PurchaseLabel => "Ver pedido".into(),
        Phrase::PersonCalled => "Chamei um atendente, que vai falar com você por aqui. Sua sacola fica guardada.".into(),
        Phrase::PersonComing => "Sua mensagem ficou registrada e um atendente vai responder. Para voltar às compras, toque abaixo.".into(),
        Phrase::ResumeLabel => "Voltar às compras".into(),
        Phrase::Help { shop } => format!(
            "Aqui você compra na loja *{shop}* pela conversa.\n\
             Toque em um botão ou escreva: *menu*, *sacola*, *finalizar*, *pedidos* ou *atendente*.\n\
             Outro idioma: *english*, *español*, *bahasa indonesia*.",
            shop = neutral(shop)
        ),
    }
}

fn state_name(state: PurchaseState) -> &'static str {
    match state {
        PurchaseState::Forwarded => "enviado à loja",
        PurchaseState::InDoubt => "em confirmação com a loja",
        PurchaseState::Declined => "não aceito pela loja",
        PurchaseState::Accepted => "aceito",
        PurchaseState::AwaitingPayment => "aguardando pagamento",
        PurchaseState::Paid => "pago",
        PurchaseState::Preparing => "em preparo",
        PurchaseState::Shipped => "a caminho",
        PurchaseState::Delivered => "entregue",
        PurchaseState::Cancelled => "cancelado",
        PurchaseState::Expired => "expirado sem pagamento",
        PurchaseState::PaymentFailed => "pagamento não aprovado",
        PurchaseState::Refunded => "reembolsado",
        PurchaseState::ChargedBack => "pagamento estornado",
        PurchaseState::NeedsReview => "em conferência por uma pessoa",
    }
}
