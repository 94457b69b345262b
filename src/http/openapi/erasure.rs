//! The operation that erases a customer.

use super::{Operation, operation};
use crate::http::problem::Code::{
    ForbiddenScope, InvalidRequest, NotAuthorised, PayloadTooLarge, PurchaseInFlight, RateLimited,
    StoreUnavailable, UnknownCustomer, UnknownNumber,
};

pub(super) const OPERATIONS: [Operation; 1] = [operation(
    "post",
    "/v1/erasures",
    Some("customers:erase"),
    (
        "200",
        "{dry_run, erased: {conversations, journal_entries, lane_items, aliases, done_marks, interests, statuses, message_keys, \
         dead_letters, dead_letters_trimmed, parked_statuses, idempotent_answers, limits}, kept: {purchases, tombstones}, proof: \
         {keys_scanned, found, where?, elsewhere?, same_name, came_back?}, history?}",
    ),
    "Erase a customer at a business number: {number, customer, dry_run?}. All that is kept is read, so a large store takes minutes; \
     the same request again is harmless. Purchases stay for the books, without whose they were",
    &[
        InvalidRequest,
        NotAuthorised,
        ForbiddenScope,
        UnknownNumber,
        UnknownCustomer,
        PurchaseInFlight,
        PayloadTooLarge,
        RateLimited,
        StoreUnavailable,
    ],
)];
