//! English.

use super::{Phrase, neutral};
use crate::domain::purchase::PurchaseState;

#[expect(
    clippy::too_many_lines,
    reason = "one phrase per arm, nothing else: splitting would hide a missing one"
)]
pub(super) fn say(phrase: Phrase<'_>) -> String {
    match phrase {
        Phrase::Greeting { shop } => format!(
            "Hi! Welcome to *{shop}*. Tap “See options” to pick a category.",
            shop = neutral(shop)
        ),
        Phrase::NothingOnSale { shop } => {
            format!(
                "*{shop}* has nothing for sale right now. If you like, talk to an agent.",
                shop = neutral(shop)
            )
        }
        Phrase::OptionsOpener => "See options".into(),
        Phrase::ProductsOpener => "See products".into(),
        Phrase::CategoriesSection => "Categories".into(),
        Phrase::ProductsSection => "Products".into(),
        Phrase::MoreSection => "More".into(),
        Phrase::LinesSection => "Items in your cart".into(),
        Phrase::OtherProductsRow => "Other products".into(),
        Phrase::ProductCount { count: 1 } => "1 product".into(),
        Phrase::ProductCount { count } => format!("{count} products"),
        Phrase::CartLabel => "View cart".into(),
        Phrase::CartSummary { units: 1, total } => format!("1 item, {total}"),
        Phrase::CartSummary { units, total } => format!("{units} items, {total}"),
        Phrase::PersonLabel => "Talk to an agent".into(),
        Phrase::PurchasesRow => "My orders".into(),
        Phrase::NextRow => "See more".into(),
        Phrase::MenuLabel => "Menu".into(),
        Phrase::KeepShoppingLabel => "Keep shopping".into(),
        Phrase::NativeCatalogRow => "WhatsApp catalog".into(),
        Phrase::NativeCatalogBody { shop } => format!(
            "Browse the full {shop} catalog.",
            shop = neutral(shop)
        ),
        Phrase::CategoryBody { title, count: 1 } => format!("*{title}*: 1 product."),
        Phrase::CategoryBody { title, count } => format!("*{title}*: {count} products. Tap to choose."),
        Phrase::ShareBody { shop } => format!(
            "A selection from {shop}, just for you.",
            shop = neutral(shop)
        ),
        Phrase::SoldOut => "Sold out right now".into(),
        Phrase::InCart { quantity } => format!("In your cart: {quantity}"),
        Phrase::AddLabel => "Add to cart".into(),
        Phrase::ProductGone => "That product is no longer for sale. Want to see others?".into(),
        Phrase::CannotAddSoldOut { title } => format!("*{title}* is sold out right now, so it wasn’t added."),
        Phrase::Added { title, quantity } => format!("Added: *{title}* (now {quantity})."),
        Phrase::QuantitySet { title, quantity } => format!("*{title}*: the quantity is now {quantity}."),
        Phrase::Removed { title } => format!("Removed: *{title}*."),
        Phrase::Emptied => "I’ve emptied your cart.".into(),
        Phrase::CartFull { max } => {
            format!("Your cart already has {max} different products, the most it can hold. Remove one to add another.")
        }
        Phrase::LineFull { title, max } => format!("*{title}*: the limit is {max} per product."),
        Phrase::NoRoom => "Your cart is too big for another product. Check out first or remove an item.".into(),
        Phrase::CartTitle => "*Your cart*".into(),
        Phrase::CartLine { title, quantity, unit_price, line_total } => {
            format!("• {quantity} × {title} ({unit_price}) = {line_total}")
        }
        Phrase::Total { total } => format!("*Total: {total}*"),
        Phrase::MoreLines { count: 1 } => "… and 1 more item".into(),
        Phrase::MoreLines { count } => format!("… and {count} more items"),
        Phrase::CartEmpty => "Your cart is empty.".into(),
        Phrase::CheckoutLabel => "Checkout".into(),
        Phrase::ChangeRow { title } => format!("Change: {title}"),
        Phrase::RemoveRow { title } => format!("Remove: {title}"),
        Phrase::RemoveLabel => "Remove".into(),
        Phrase::EmptyLabel => "Empty cart".into(),
        Phrase::ChooseQuantity { title, quantity } => {
            format!("*{title}*: you have {quantity} in your cart. How many would you like?")
        }
        Phrase::QuantitiesSection => "Quantity".into(),
        Phrase::UnitsRow { quantity: 1 } => "1 unit".into(),
        Phrase::UnitsRow { quantity } => format!("{quantity} units"),
        Phrase::StaleButton => {
            "That button is from an old message, so nothing changed. Here’s how things stand now:".into()
        }
        Phrase::RefusedButton => "I couldn’t recognize that button, so nothing changed. Use one of these:".into(),
        Phrase::OtherDevice => {
            "That button is from the cart on another device of yours. Each device has its own cart; here’s this one’s:"
                .into()
        }
        Phrase::CopyCartLabel => "Copy other cart".into(),
        Phrase::CartCopied => "Done, I’ve copied the items from your other device.".into(),
        Phrase::UsePhone => {
            "To buy from us, open this chat on your phone: the cart doesn’t work here on the computer.".into()
        }
        Phrase::ChangesTitle => "*Something changed in your cart:*".into(),
        Phrase::PriceChange { title, old, new } => format!("• {title}: was {old}, now {new}"),
        Phrase::TitleChange { old, new } => format!("• {old} is now called {new}"),
        Phrase::OptionsChange { title, old, new } => format!(
            "• {title}: the options changed from {old} to {new}",
            old = neutral(old),
            new = neutral(new)
        ),
        Phrase::SoldOutChange { title } => format!("• {title}: sold out; it leaves your cart when you accept"),
        Phrase::BackInStock { title } => format!("• {title}: back in stock"),
        Phrase::GoneChange { title } => format!("• {title}: no longer for sale, so it left your cart"),
        Phrase::OnlyLeft { title, available } => format!("• {title}: only {available} left"),
        Phrase::AcceptToGoOn => "Accept the changes so you can check out.".into(),
        Phrase::AcceptLabel => "Accept changes".into(),
        Phrase::SummaryTitle => "*Review your order*".into(),
        Phrase::Subtotal { amount } => format!("Subtotal: {amount}"),
        Phrase::Discount { amount } => format!("Discount: −{amount}"),
        Phrase::Shipping { amount } => format!("Delivery: {amount}"),
        Phrase::Tax { amount } => format!("Tax: {amount}"),
        Phrase::ConfirmHint => "Nothing is bought until you confirm.".into(),
        Phrase::ConfirmLabel => "Confirm order".into(),
        Phrase::QuoteFailed => {
            "I couldn’t get the final price from the shop just now. Nothing was bought and your cart is still here."
                .into()
        }
        Phrase::QuoteWrong => {
            "The shop’s numbers don’t add up, so I stopped to be safe. Nothing was bought.".into()
        }
        Phrase::RetryLabel => "Try again".into(),
        Phrase::OrderDiffers => "*I got your cart, but some things are different:*".into(),
        Phrase::OrderUnreadable => {
            "I got your cart, but I couldn’t read its prices. Nothing was bought; please choose again from the menu."
                .into()
        }
        Phrase::OrderQuantity { title } => {
            format!("The quantity of {title} in your cart must be from 1 to 99. \
                     Nothing was bought; change it and send your cart again.")
        }
        Phrase::OrderNothingLeft => {
            "None of the products in your cart are for sale right now. Nothing was bought.".into()
        }
        Phrase::DropOrderLabel => "Never mind".into(),
        Phrase::OrderDropped => "OK, I’ve dropped that cart. Nothing was bought.".into(),
        Phrase::TooManyOpen => {
            "You already have too many open orders. Wait for one to finish or talk to an agent.".into()
        }
        Phrase::PayByPix { label, total } => format!(
            "The shop has received order *{label}*.\n*Total: {total}*\nCopy the Pix code and pay in your bank’s app:",
            label = neutral(label)
        ),
        Phrase::PayByCode { label, total } => format!(
            "The shop has received order *{label}*.\n*Total: {total}*\nPay by Pix: copy the code in the next message into your bank’s app.",
            label = neutral(label)
        ),
        Phrase::PayNow { label, total } => {
            format!(
                "The shop has received order *{label}*.\n*Total: {total}*\nPay with the shop’s secure link:",
                label = neutral(label)
            )
        }
        Phrase::PayLabel => "Pay now".into(),
        Phrase::Accepted { label, total } => {
            format!(
                "The shop has accepted order *{label}*.\n*Total: {total}*",
                label = neutral(label)
            )
        }
        Phrase::Declined => {
            "The shop couldn’t accept the order. You weren’t charged, and your items are back in the cart.".into()
        }
        Phrase::InDoubt { label } => {
            format!(
                "I’m confirming order {label} with the shop. No need to order again; I’ll tell you as soon as I know.",
                label = neutral(label)
            )
        }
        Phrase::NeedsReview { label } => {
            format!(
                "Someone at the shop needs to check order {label}. Please don’t pay or order again for now.",
                label = neutral(label)
            )
        }
        Phrase::Paid { label, total } => format!(
            "Payment of *{total}* confirmed. Thank you! Order *{label}*.",
            label = neutral(label)
        ),
        Phrase::State { label, state } => format!(
            "Order *{label}*: {}.",
            state_name(state),
            label = neutral(label)
        ),
        Phrase::StateName { state } => state_name(state).into(),
        Phrase::Reason { text } => format!("Reason given by the shop: {text}", text = neutral(text)),
        Phrase::Tracking { url } => format!("Track your delivery: {url}"),
        Phrase::PurchasesBody => "Here are your latest orders:".into(),
        Phrase::NoPurchases => "You don’t have any orders here yet.".into(),
        Phrase::PurchaseLabel => "View order".into(),
        Phrase::PersonCalled => "I’ve called an agent, who will talk to you here. Your cart is saved.".into(),
        Phrase::PersonComing => {
            "I’ve noted your message and an agent will reply. To go back to shopping, tap below.".into()
        }
        Phrase::ResumeLabel => "Back to shopping".into(),
        Phrase::Help { shop } => format!(
            "You can shop at *{shop}* right here in this chat.\n\
             Tap a button or type: *menu*, *cart*, *checkout*, *orders* or *agent*.\n\
             Other languages: *português*, *español*, *bahasa indonesia*.",
            shop = neutral(shop)
        ),
    }
}

fn state_name(state: PurchaseState) -> &'static str {
    match state {
        PurchaseState::Forwarded => "sent to the shop",
        PurchaseState::InDoubt => "being confirmed with the shop",
        PurchaseState::Declined => "not accepted by the shop",
        PurchaseState::Accepted => "accepted",
        PurchaseState::AwaitingPayment => "awaiting payment",
        PurchaseState::Paid => "paid",
        PurchaseState::Preparing => "being prepared",
        PurchaseState::Shipped => "on its way",
        PurchaseState::Delivered => "delivered",
        PurchaseState::Cancelled => "canceled",
        PurchaseState::Expired => "expired without payment",
        PurchaseState::PaymentFailed => "payment not approved",
        PurchaseState::Refunded => "refunded",
        PurchaseState::ChargedBack => "payment reversed",
        PurchaseState::NeedsReview => "being checked by a person",
    }
}
