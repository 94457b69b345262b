//! Codes of the Graph API itself, of order messages and of hourly limits: 0 to 80008. It owns data only; `table.rs`
//! reads it, and no decision is made here.

use super::table::{Advice, Late, MINUTE_MS, Row};

/// Ascending by code.
pub(super) const ROWS: &[Row] = &[
    Row::one(
        0,
        Advice::StopNumber,
        Late::StopNumber,
        "The access token was not accepted: it is expired, revoked or not a token at all.",
        "Make a new system user token and put it where number.access_token takes it from; a file is read anew by itself.",
    ),
    Row::one(
        1,
        Advice::Retry { pause_ms: 0 },
        Late::TellAgain,
        "Something broke inside the provider and it can't say what.",
        "Nothing at first. When it stays, look at Meta's status page and at graph_version in the \
         configuration.",
    ),
    Row::one(
        2,
        Advice::Retry { pause_ms: 0 },
        Late::TellAgain,
        "The provider's service is down or overloaded for the moment.",
        "Nothing. Look at Meta's status page when it lasts longer than a few minutes.",
    ),
    Row::one(
        3,
        Advice::StopNumber,
        Late::StopNumber,
        "The app may not make this call: a capability or a permission is missing.",
        "Give the app and its token whatsapp_business_messaging, then make a new token.",
    ),
    Row::one(
        4,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "The app has used up its calls of this hour.",
        "Find out what else calls the API with this app. Nothing is lost meanwhile.",
    ),
    Row::one(
        10,
        Advice::StopNumber,
        Late::StopNumber,
        "The token lacks a permission for this number, or it was taken away.",
        "Look at the token in Meta's token debugger; give the system user the WhatsApp account with full \
         control.",
    ),
    Row::one(
        17,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "The user behind the token has made too many calls.",
        "Use a system user token of its own for the gateway. Nothing is lost meanwhile.",
    ),
    Row::one(
        33,
        Advice::StopNumber,
        Late::StopNumber,
        "The phone number id is not known: the number was deleted or the id is wrong.",
        "Compare number.phone_number_id with WhatsApp Manager and correct it.",
    ),
    Row::one(
        100,
        Advice::Reject,
        Late::Final,
        "A field of the message is wrong or unknown to the provider, or the recipient is no WhatsApp \
         number.",
        "Read the details for the field and report it: a message that breaks the rules is a fault of \
         Sacola.",
    ),
    Row::one(
        102,
        Advice::StopNumber,
        Late::StopNumber,
        "The session behind the access token is over.",
        "Make a new system user token and put it where number.access_token takes it from; a file is read anew by itself.",
    ),
    Row::one(
        190,
        Advice::StopNumber,
        Late::StopNumber,
        "The access token has expired or was withdrawn.",
        "Make a new system user token that does not expire and put it where number.access_token takes it from; a file is read anew by itself.",
    ),
    Row::range(
        200,
        299,
        Advice::StopNumber,
        Late::StopNumber,
        "A permission is not granted to the app or the token, or was withdrawn.",
        "Give the system user the WhatsApp account and the two whatsapp_business permissions, then make a \
         new token.",
    ),
    Row::one(
        341,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "The app has reached a limit of the provider for now.",
        "Find out what else calls the API with this app. Nothing is lost meanwhile.",
    ),
    Row::one(
        368,
        Advice::StopMerchant,
        Late::StopMerchant,
        "The WhatsApp account is blocked for a while because it broke a policy.",
        "Read the violation in Meta's Business Support Home, mend it or appeal, then let the messages go \
         on.",
    ),
    Row::one(
        613,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "Calls of this kind come too often for the provider.",
        "Slow down whatever else calls the API with this app. Nothing is lost meanwhile.",
    ),
    Row::one(
        2040,
        Advice::Reject,
        Late::Final,
        "The customer's WhatsApp can't show order and payment messages.",
        "Nothing: the customer needs a newer WhatsApp. A payment link or plain text reaches them.",
    ),
    Row::one(
        2046,
        Advice::Reject,
        Late::Final,
        "The order's status can't go from where it is to the one that was asked for.",
        "Compare the order's states at the shop with those that were sent; states only move forward.",
    ),
    Row::one(
        2047,
        Advice::Reject,
        Late::Final,
        "An order that is paid, or whose payment is under way, can't be cancelled.",
        "Refund at the payment provider first, then tell the customer.",
    ),
    Row::one(
        80_007,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "The WhatsApp account has used up its API calls of this hour.",
        "Find out what else calls the API for this account, such as template or report jobs.",
    ),
    Row::one(
        80_008,
        Advice::Retry { pause_ms: MINUTE_MS },
        Late::TellAgain,
        "The account's hourly calls for managing templates and settings are used up.",
        "Slow down the jobs that manage the account. Messages themselves are not concerned.",
    ),
];
