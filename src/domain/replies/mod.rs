//! Every text that a customer reads, one file per language. A phrase is a variant; each language is one exhaustive
//! `match`, so a missing translation does not compile. It refuses decisions: what is said is chosen elsewhere.

use serde::{Deserialize, Serialize};

use super::text::plain;

mod amounts;
mod en;
mod es;
mod id;
mod pt_br;
#[cfg(test)]
mod tests;

pub use amounts::money;

/// A language and its way to write money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Locale {
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    PtBr,
    /// English.
    #[serde(rename = "en")]
    En,
    /// Latin American Spanish.
    #[serde(rename = "es")]
    Es,
    /// Indonesian.
    #[serde(rename = "id")]
    Id,
}

impl Locale {
    /// All locales.
    pub const ALL: [Self; 4] = [Self::PtBr, Self::En, Self::Es, Self::Id];

    /// The locale of a BCP 47 tag such as `pt-BR`.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
            Self::Es => "es",
            Self::Id => "id",
        }
    }
}

/// A thing to say. Labels (`*Label`, `*Row`, `*Section`, `*Opener`) stay within the limits of [`super::message`].
#[derive(Clone, Copy, Debug)]
pub enum Phrase<'a> {
    /// Greeting above the menu.
    Greeting {
        /// The shop's name.
        shop: &'a str,
    },
    /// The catalog has nothing to show.
    NothingOnSale {
        /// The shop's name.
        shop: &'a str,
    },
    /// Label that opens a list.
    OptionsOpener,
    /// Label that opens a list of products.
    ProductsOpener,
    /// Title of the section with categories.
    CategoriesSection,
    /// Title of the section with products.
    ProductsSection,
    /// Title of the section with everything else.
    MoreSection,
    /// Title of the section with cart lines.
    LinesSection,
    /// Row: products without a category, or all of them.
    OtherProductsRow,
    /// Description: how many products.
    ProductCount {
        /// How many.
        count: usize,
    },
    /// Row or button: show the cart.
    CartLabel,
    /// Description: what is in the cart.
    CartSummary {
        /// Units.
        units: u32,
        /// Total.
        total: &'a str,
    },
    /// Row or button: a person.
    PersonLabel,
    /// Row: purchases.
    PurchasesRow,
    /// Row: the next part.
    NextRow,
    /// Row or button: the menu.
    MenuLabel,
    /// Button: go on shopping.
    KeepShoppingLabel,
    /// Row: WhatsApp's own catalog.
    NativeCatalogRow,
    /// Body of WhatsApp's own catalog message.
    NativeCatalogBody {
        /// The shop's name.
        shop: &'a str,
    },
    /// Body above the products of a category.
    CategoryBody {
        /// Its name.
        title: &'a str,
        /// How many products.
        count: usize,
    },
    /// Body above several native products.
    ShareBody {
        /// The shop's name.
        shop: &'a str,
    },
    /// A product can't be bought now.
    SoldOut,
    /// How many units of a product lie in the cart.
    InCart {
        /// Units.
        quantity: u8,
    },
    /// Button: add one.
    AddLabel,
    /// The product is not in the catalog any more.
    ProductGone,
    /// The product can't be added because it is sold out.
    CannotAddSoldOut {
        /// Its title.
        title: &'a str,
    },
    /// One unit was added.
    Added {
        /// Title.
        title: &'a str,
        /// Units of it now.
        quantity: u8,
    },
    /// The units of a line were set.
    QuantitySet {
        /// Title.
        title: &'a str,
        /// Units now.
        quantity: u8,
    },
    /// A line was taken out.
    Removed {
        /// Title.
        title: &'a str,
    },
    /// The cart was emptied.
    Emptied,
    /// No more lines fit.
    CartFull {
        /// The most.
        max: usize,
    },
    /// No more units fit.
    LineFull {
        /// Title.
        title: &'a str,
        /// The most.
        max: u8,
    },
    /// The conversation is too large for more lines.
    NoRoom,
    /// Title above the lines of a cart.
    CartTitle,
    /// One line of a cart.
    CartLine {
        /// Title.
        title: &'a str,
        /// Units.
        quantity: u8,
        /// Price of one.
        unit_price: &'a str,
        /// Price of the line.
        line_total: &'a str,
    },
    /// A total.
    Total {
        /// The amount.
        total: &'a str,
    },
    /// More lines follow elsewhere.
    MoreLines {
        /// How many.
        count: usize,
    },
    /// The cart is empty.
    CartEmpty,
    /// Button: ask for the final price.
    CheckoutLabel,
    /// Row or button: change a line.
    ChangeRow {
        /// Title.
        title: &'a str,
    },
    /// Row: take a line out.
    RemoveRow {
        /// Title.
        title: &'a str,
    },
    /// Button or row: take out.
    RemoveLabel,
    /// Row: empty the cart.
    EmptyLabel,
    /// Which quantity?
    ChooseQuantity {
        /// Title.
        title: &'a str,
        /// Units now.
        quantity: u8,
    },
    /// Title of the section with quantities.
    QuantitiesSection,
    /// Row: that many units.
    UnitsRow {
        /// Units.
        quantity: u8,
    },
    /// An old button was pressed.
    StaleButton,
    /// A button that is not this customer's.
    RefusedButton,
    /// A button of another device's cart.
    OtherDevice,
    /// Button: copy the other device's cart.
    CopyCartLabel,
    /// The other cart was copied.
    CartCopied,
    /// Web clients are asked to use the phone.
    UsePhone,
    /// Above the list of changes.
    ChangesTitle,
    /// One change.
    PriceChange {
        /// Title.
        title: &'a str,
        /// Before.
        old: &'a str,
        /// Now.
        new: &'a str,
    },
    /// A new title.
    TitleChange {
        /// Before.
        old: &'a str,
        /// Now.
        new: &'a str,
    },
    /// New options.
    OptionsChange {
        /// Title.
        title: &'a str,
        /// Before.
        old: &'a str,
        /// Now.
        new: &'a str,
    },
    /// Sold out; leaves the cart when the changes are accepted.
    SoldOutChange {
        /// Title.
        title: &'a str,
    },
    /// Back in stock.
    BackInStock {
        /// Title.
        title: &'a str,
    },
    /// Not sold any more; was taken out.
    GoneChange {
        /// Title.
        title: &'a str,
    },
    /// Fewer left than wanted.
    OnlyLeft {
        /// Title.
        title: &'a str,
        /// How many.
        available: u64,
    },
    /// The checkout waits for an answer.
    AcceptToGoOn,
    /// Button: agree to the changes.
    AcceptLabel,
    /// Above the final price.
    SummaryTitle,
    /// Part of a total.
    Subtotal {
        /// The amount.
        amount: &'a str,
    },
    /// Part of a total.
    Discount {
        /// The amount.
        amount: &'a str,
    },
    /// Part of a total.
    Shipping {
        /// The amount.
        amount: &'a str,
    },
    /// Part of a total.
    Tax {
        /// The amount.
        amount: &'a str,
    },
    /// Nothing is bought until it is confirmed.
    ConfirmHint,
    /// Button: buy.
    ConfirmLabel,
    /// The shop can't tell a price now.
    QuoteFailed,
    /// The shop's numbers don't agree.
    QuoteWrong,
    /// Button: try again.
    RetryLabel,
    /// Above the lines of a native order that differs.
    OrderDiffers,
    /// A native order could not be read.
    OrderUnreadable,
    /// A line of a native order has an impossible quantity.
    OrderQuantity {
        /// Which product.
        title: &'a str,
    },
    /// Nothing of a native order can be sold.
    OrderNothingLeft,
    /// Button: give up a waiting order.
    DropOrderLabel,
    /// A waiting order was given up.
    OrderDropped,
    /// Too many purchases wait.
    TooManyOpen,
    /// The merchant took it; a Pix code to copy is below.
    PayByPix {
        /// The purchase's number.
        label: &'a str,
        /// The total.
        total: &'a str,
    },
    /// The Pix code follows as text.
    PayByCode {
        /// The purchase's number.
        label: &'a str,
        /// The total.
        total: &'a str,
    },
    /// The merchant took it; pay here.
    PayNow {
        /// The purchase's number.
        label: &'a str,
        /// The total.
        total: &'a str,
    },
    /// Label of a payment link.
    PayLabel,
    /// The merchant took it; nothing to pay here.
    Accepted {
        /// The purchase's number.
        label: &'a str,
        /// The total.
        total: &'a str,
    },
    /// The merchant did not take it.
    Declined,
    /// We are still asking the merchant.
    InDoubt {
        /// The purchase's number.
        label: &'a str,
    },
    /// A person must look at it.
    NeedsReview {
        /// The purchase's number.
        label: &'a str,
    },
    /// The payment arrived.
    Paid {
        /// The purchase's number.
        label: &'a str,
        /// The total.
        total: &'a str,
    },
    /// Where a purchase stands.
    State {
        /// The purchase's number.
        label: &'a str,
        /// The state.
        state: super::purchase::PurchaseState,
    },
    /// The name of a state, for lists.
    StateName {
        /// The state.
        state: super::purchase::PurchaseState,
    },
    /// The merchant's reason.
    Reason {
        /// In its words.
        text: &'a str,
    },
    /// Where the parcel is.
    Tracking {
        /// The link.
        url: &'a str,
    },
    /// Above the list of purchases.
    PurchasesBody,
    /// There is no purchase.
    NoPurchases,
    /// Button: show a purchase.
    PurchaseLabel,
    /// A person was called.
    PersonCalled,
    /// A person was called before and will come.
    PersonComing,
    /// Button: back to the shop.
    ResumeLabel,
    /// What can be done here.
    Help {
        /// The shop's name.
        shop: &'a str,
    },
}

/// Says it in that language.
pub fn say(locale: Locale, phrase: Phrase<'_>) -> String {
    match locale {
        Locale::PtBr => pt_br::say(phrase),
        Locale::En => en::say(phrase),
        Locale::Es => es::say(phrase),
        Locale::Id => id::say(phrase),
    }
}

/// A value that others wrote, inside a sentence of ours: one line without markup ([`plain`]), and never nothing.
pub(super) fn neutral(value: &str) -> String {
    let shown = plain(value);
    if shown.is_empty() { "–".to_owned() } else { shown }
}
