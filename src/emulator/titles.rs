//! Short titles for the provider's error codes, in our words, and the HTTP status that each code comes with (error
//! reference, 2025-12-12). A table of the emulator's own: it refuses to know what a gateway makes of a code.

/// What the title of an unknown code says.
const UNKNOWN: &str = "Request failed";

/// First code, last code, title; ascending.
const TITLES: &[(i64, i64, &str)] = &[
    (0, 0, "Access token is invalid or expired"),
    (1, 1, "Unknown problem of the API"),
    (2, 2, "The API is away for now"),
    (3, 3, "Capability is missing"),
    (4, 4, "Too many calls by this app"),
    (10, 10, "Permission denied"),
    (17, 17, "Too many calls by this user"),
    (33, 33, "Unknown object"),
    (100, 100, "Invalid parameter"),
    (102, 102, "The session has ended"),
    (190, 190, "Access token is invalid or expired"),
    (200, 299, "Permission denied"),
    (341, 341, "Limit of the app reached"),
    (368, 368, "Blocked for a while because of a policy"),
    (613, 613, "Too many calls of this kind"),
    (2_040, 2_040, "Order message is not supported by this client"),
    (2_046, 2_046, "Order can't go to this state"),
    (2_047, 2_047, "Order can't be cancelled any more"),
    (2_500, 2_500, "Unknown path of the API"),
    (80_007, 80_007, "Too many calls for this account"),
    (80_008, 80_008, "Too many management calls for this account"),
    (130_429, 130_429, "Throughput limit reached"),
    (130_472, 130_472, "This person takes part in an experiment"),
    (130_497, 130_497, "This country may not be written to"),
    (131_000, 131_000, "Something went wrong"),
    (131_005, 131_005, "Permission denied"),
    (131_008, 131_008, "Required parameter is missing"),
    (131_009, 131_009, "Parameter value is not valid"),
    (131_016, 131_016, "Service is unavailable for now"),
    (131_020, 131_020, "Group has no members"),
    (131_021, 131_021, "Sender and recipient are the same"),
    (131_026, 131_026, "Message is undeliverable"),
    (
        131_030,
        131_030,
        "Recipient is not on the list of this test number",
    ),
    (131_031, 131_031, "Account is locked"),
    (131_037, 131_037, "Display name is not approved"),
    (131_041, 131_041, "Group is unknown"),
    (131_042, 131_042, "Payment problem of the business"),
    (131_044, 131_044, "Payment method for calls is missing"),
    (131_045, 131_045, "Certificate of the number is wrong"),
    (
        131_047,
        131_047,
        "More than 24 hours since the last message of this person",
    ),
    (131_048, 131_048, "Spam limit of the number reached"),
    (131_049, 131_049, "Not delivered to keep the ecosystem healthy"),
    (131_050, 131_050, "This person wants no marketing"),
    (131_051, 131_051, "Message type is not supported"),
    (131_052, 131_052, "Media of the person could not be loaded"),
    (131_053, 131_053, "Media of the message could not be loaded"),
    (131_055, 131_055, "Way of sending is not allowed"),
    (131_056, 131_056, "Too many messages to this person"),
    (131_057, 131_057, "Account is under maintenance"),
    (131_059, 131_059, "Page marker is not valid"),
    (131_060, 131_060, "Linked device is not supported"),
    (131_061, 131_061, "Template has a price ceiling"),
    (131_062, 131_062, "User id is not allowed for this message"),
    (131_063, 131_063, "Marketing is switched off"),
    (131_064, 131_064, "Limit after wrong categories of templates"),
    (131_201, 131_201, "Group change worked in part"),
    (131_202, 131_202, "Group member is named twice"),
    (131_204, 131_204, "Group is full"),
    (131_207, 131_207, "Group is suspended"),
    (131_208, 131_208, "Too many group calls"),
    (131_209, 131_209, "Group picture is not square"),
    (131_210, 131_210, "Group picture is too small"),
    (131_211, 131_211, "Too many groups"),
    (131_212, 131_212, "Not a member of the group"),
    (131_213, 131_213, "Request to join is gone"),
    (131_214, 131_214, "Making groups is paused"),
    (131_215, 131_215, "Groups are not allowed for this number"),
    (132_000, 132_000, "Template has another number of values"),
    (132_001, 132_001, "Template does not exist in this language"),
    (132_005, 132_005, "Template is too long when filled in"),
    (132_007, 132_007, "Template breaks a policy"),
    (132_008, 132_008, "Template value has a wrong form"),
    (132_012, 132_012, "Template value is of a wrong kind"),
    (132_015, 132_015, "Template is paused"),
    (132_016, 132_016, "Template is switched off"),
    (132_018, 132_018, "Template values are not valid together"),
    (132_068, 132_068, "Flow is blocked"),
    (132_069, 132_069, "Flow is throttled"),
    (133_000, 133_000, "Deregistration did not finish"),
    (133_004, 133_004, "Registration is away for now"),
    (133_005, 133_005, "PIN is wrong"),
    (133_006, 133_006, "Number is not verified"),
    (133_008, 133_008, "Too many guesses of the PIN"),
    (133_009, 133_009, "PIN was entered too fast"),
    (133_010, 133_010, "Number is not registered"),
    (133_015, 133_015, "Number is being deleted"),
    (133_016, 133_016, "Number was registered too often"),
    (134_011, 134_011, "Terms of payments are not accepted"),
    (134_100, 134_100, "Only marketing templates are taken here"),
    (134_101, 134_101, "Template is still being copied"),
    (134_102, 134_102, "Template can't be used here"),
    (134_103, 134_103, "Marketing interface refused the message"),
    (135_000, 135_000, "Message is refused without a reason"),
    (137_000, 137_000, "Identity of this person has changed"),
    (138_000, 138_000, "Calls are switched off"),
    (138_001, 138_001, "This person can't be called"),
    (138_002, 138_002, "Too many calls at once"),
    (138_003, 138_003, "There is a call already"),
    (138_004, 138_004, "Call could not be connected"),
    (138_005, 138_005, "Too many calls begun"),
    (138_006, 138_006, "Call is not allowed by this person"),
    (138_007, 138_007, "Call was not connected in time"),
    (138_009, 138_009, "Too many requests to call this person"),
    (138_012, 138_012, "Too many calls to this person today"),
    (138_013, 138_013, "Permission to call was looked up too often"),
    (138_018, 138_018, "Calls can't be switched on"),
    (139_000, 139_000, "Flows are held back for this account"),
    (139_001, 139_001, "Flow could not be changed"),
    (139_002, 139_002, "Flow could not be published"),
    (139_003, 139_003, "Flow could not be retired"),
    (139_004, 139_004, "Flow could not be deleted"),
    (139_100, 139_100, "Some users could not be blocked"),
    (139_101, 139_101, "List of blocked users is full"),
    (139_102, 139_102, "List of blocked users has changed"),
    (139_103, 139_103, "Blocking failed inside"),
    (139_200, 139_200, "Sending without a template is blocked"),
    (147_001, 147_001, "Username is not free"),
    (147_002, 147_002, "Account may not have a username yet"),
    (147_003, 147_003, "Username belongs to a page"),
    (147_004, 147_004, "Username belongs to another network's account"),
    (147_005, 147_005, "Username is on another number"),
    (2_388_012, 2_388_012, "Number is in the account already"),
    (2_388_019, 2_388_019, "Too many templates"),
    (2_388_040, 2_388_040, "Template field is too long"),
    (2_388_047, 2_388_047, "Template header is malformed"),
    (2_388_072, 2_388_072, "Template body is malformed"),
    (2_388_073, 2_388_073, "Template footer is malformed"),
    (2_388_091, 2_388_091, "Number gets no code"),
    (2_388_093, 2_388_093, "Code of the number can't be checked"),
    (2_388_103, 2_388_103, "Number can't be moved"),
    (2_388_293, 2_388_293, "Template has too many placeholders"),
    (2_388_299, 2_388_299, "Template begins or ends with a placeholder"),
    (2_494_100, 2_494_100, "Number is under maintenance"),
];

/// The title of a code.
pub fn title_of(code: i64) -> &'static str {
    TITLES
        .iter()
        .find(|(first, last, _)| (*first..=*last).contains(&code))
        .map_or(UNKNOWN, |(_, _, title)| title)
}

/// The HTTP status that a code is published with.
pub fn http_of(code: i64) -> u16 {
    match code {
        0 | 190 => 401,
        10 | 200..=299 | 368 | 131_005 | 131_031 | 130_497 => 403,
        132_001 => 404,
        3 | 131_000 | 131_016 | 131_045 | 131_057 | 133_000 | 133_004 | 2_494_100 => 500,
        2 => 503,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ascending_and_no_title_stands_for_the_unknown_one() {
        assert!(TITLES.iter().all(|(first, last, _)| first <= last));
        assert!(TITLES.windows(2).all(|two| two[0].1 < two[1].0));
        assert!(TITLES.iter().all(|(_, _, title)| *title != UNKNOWN));
    }

    #[test]
    fn a_range_has_one_title_and_other_codes_have_the_unknown_one() {
        assert_eq!(title_of(250), title_of(200));
        assert_eq!(title_of(300), UNKNOWN);
        assert_eq!(
            (http_of(299), http_of(2_494_100), http_of(131_056)),
            (403, 500, 400)
        );
        assert_eq!((http_of(3), http_of(10), http_of(133_000)), (500, 403, 500));
    }
}
