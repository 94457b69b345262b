//! The table against a second list that was written apart from it, its form, and what is read from details and statuses.
//! It does not test what delivery makes of a verdict.

use super::*;

const NOW: Advice = Advice::Retry { pause_ms: 0 };
const SECONDS_2: Advice = Advice::Retry { pause_ms: 2_000 };
const SECONDS_6: Advice = Advice::Retry { pause_ms: 6_000 };
const MINUTE: Advice = Advice::Retry { pause_ms: 60_000 };
const WAIT_HOUR: Advice = Advice::Wait {
    pause_ms: 60 * 60 * 1_000,
};
const WAIT_DAY: Advice = Advice::Wait {
    pause_ms: 24 * 60 * 60 * 1_000,
};
const FINAL: Advice = Advice::Reject;
const NUMBER: Advice = Advice::StopNumber;
const MERCHANT: Advice = Advice::StopMerchant;

/// Every row by its first code.
const EXPECTED: [(i64, Advice, Late); 132] = [
    (0, NUMBER, Late::StopNumber),
    (1, NOW, Late::TellAgain),
    (2, NOW, Late::TellAgain),
    (3, NUMBER, Late::StopNumber),
    (4, MINUTE, Late::TellAgain),
    (10, NUMBER, Late::StopNumber),
    (17, MINUTE, Late::TellAgain),
    (33, NUMBER, Late::StopNumber),
    (100, FINAL, Late::Final),
    (102, NUMBER, Late::StopNumber),
    (190, NUMBER, Late::StopNumber),
    (200, NUMBER, Late::StopNumber),
    (341, MINUTE, Late::TellAgain),
    (368, MERCHANT, Late::StopMerchant),
    (613, MINUTE, Late::TellAgain),
    (2040, FINAL, Late::Final),
    (2046, FINAL, Late::Final),
    (2047, FINAL, Late::Final),
    (80_007, MINUTE, Late::TellAgain),
    (80_008, MINUTE, Late::TellAgain),
    (130_429, SECONDS_2, Late::TellAgain),
    (130_472, FINAL, Late::Final),
    (130_497, FINAL, Late::Final),
    (131_000, NOW, Late::TellAgain),
    (131_005, NUMBER, Late::StopNumber),
    (131_008, FINAL, Late::Final),
    (131_009, FINAL, Late::Final),
    (131_016, NOW, Late::TellAgain),
    (131_020, FINAL, Late::Final),
    (131_021, FINAL, Late::Final),
    (131_026, FINAL, Late::Final),
    (131_030, FINAL, Late::Final),
    (131_031, MERCHANT, Late::StopMerchant),
    (131_037, NUMBER, Late::StopNumber),
    (131_041, FINAL, Late::Final),
    (131_042, MERCHANT, Late::StopMerchant),
    (131_044, MERCHANT, Late::StopMerchant),
    (131_045, NUMBER, Late::StopNumber),
    (131_047, Advice::UseTemplate, Late::WindowClosed),
    (131_048, WAIT_HOUR, Late::TellAgain),
    (131_049, WAIT_DAY, Late::TellAgain),
    (131_050, FINAL, Late::Final),
    (131_051, FINAL, Late::Final),
    (131_052, FINAL, Late::Final),
    (131_053, FINAL, Late::Final),
    (131_055, FINAL, Late::Final),
    (131_056, SECONDS_6, Late::TellAgain),
    (131_057, MINUTE, Late::TellAgain),
    (131_059, FINAL, Late::Final),
    (131_060, FINAL, Late::Final),
    (131_061, FINAL, Late::Final),
    (131_062, FINAL, Late::Final),
    (131_063, FINAL, Late::Final),
    (131_064, WAIT_HOUR, Late::TellAgain),
    (131_201, FINAL, Late::Final),
    (131_202, FINAL, Late::Final),
    (131_204, FINAL, Late::Final),
    (131_207, FINAL, Late::Final),
    (131_208, MINUTE, Late::TellAgain),
    (131_209, FINAL, Late::Final),
    (131_210, FINAL, Late::Final),
    (131_211, FINAL, Late::Final),
    (131_212, FINAL, Late::Final),
    (131_213, FINAL, Late::Final),
    (131_214, FINAL, Late::Final),
    (131_215, FINAL, Late::Final),
    (132_000, FINAL, Late::Final),
    (132_001, FINAL, Late::Final),
    (132_005, FINAL, Late::Final),
    (132_007, FINAL, Late::Final),
    (132_008, FINAL, Late::Final),
    (132_012, FINAL, Late::Final),
    (132_015, FINAL, Late::Final),
    (132_016, FINAL, Late::Final),
    (132_018, FINAL, Late::Final),
    (132_068, FINAL, Late::Final),
    (132_069, FINAL, Late::Final),
    (133_000, NUMBER, Late::StopNumber),
    (133_004, NOW, Late::TellAgain),
    (133_005, NUMBER, Late::StopNumber),
    (133_006, NUMBER, Late::StopNumber),
    (133_008, NUMBER, Late::StopNumber),
    (133_009, NUMBER, Late::StopNumber),
    (133_010, NUMBER, Late::StopNumber),
    (133_015, NUMBER, Late::StopNumber),
    (133_016, WAIT_HOUR, Late::TellAgain),
    (134_011, FINAL, Late::Final),
    (134_100, FINAL, Late::Final),
    (134_101, FINAL, Late::Final),
    (134_102, FINAL, Late::Final),
    (134_103, FINAL, Late::Final),
    (135_000, FINAL, Late::Final),
    (137_000, FINAL, Late::Final),
    (138_000, FINAL, Late::Final),
    (138_001, FINAL, Late::Final),
    (138_002, FINAL, Late::Final),
    (138_003, FINAL, Late::Final),
    (138_004, FINAL, Late::Final),
    (138_005, FINAL, Late::Final),
    (138_006, FINAL, Late::Final),
    (138_007, FINAL, Late::Final),
    (138_009, FINAL, Late::Final),
    (138_012, FINAL, Late::Final),
    (138_013, FINAL, Late::Final),
    (138_018, FINAL, Late::Final),
    (139_000, FINAL, Late::Final),
    (139_001, FINAL, Late::Final),
    (139_002, FINAL, Late::Final),
    (139_003, FINAL, Late::Final),
    (139_004, FINAL, Late::Final),
    (139_100, FINAL, Late::Final),
    (139_101, FINAL, Late::Final),
    (139_102, FINAL, Late::Final),
    (139_103, FINAL, Late::Final),
    (139_200, FINAL, Late::Final),
    (147_001, FINAL, Late::Final),
    (147_002, FINAL, Late::Final),
    (147_003, FINAL, Late::Final),
    (147_004, FINAL, Late::Final),
    (147_005, FINAL, Late::Final),
    (2_388_012, FINAL, Late::Final),
    (2_388_019, FINAL, Late::Final),
    (2_388_040, FINAL, Late::Final),
    (2_388_047, FINAL, Late::Final),
    (2_388_072, FINAL, Late::Final),
    (2_388_073, FINAL, Late::Final),
    (2_388_091, FINAL, Late::Final),
    (2_388_093, FINAL, Late::Final),
    (2_388_103, FINAL, Late::Final),
    (2_388_293, FINAL, Late::Final),
    (2_388_299, FINAL, Late::Final),
    (2_494_100, MINUTE, Late::TellAgain),
];

fn refused(http: u16, code: i64) -> SendError {
    SendError::Refused {
        http,
        code,
        subcode: None,
        details: String::new(),
    }
}

fn verdict(http: u16, code: i64) -> Verdict {
    refused(http, code).verdict()
}

fn retry(after_ms: i64) -> Verdict {
    Verdict::Retry {
        after_ms: Some(after_ms),
    }
}

#[test]
fn each_code_has_the_advice_and_the_late_meaning_of_the_second_list() {
    for (code, advice, late) in EXPECTED {
        let found = row(code).unwrap_or_else(|| panic!("{code} has no row"));
        assert_eq!((found.advice, found.late), (advice, late), "{code}");
    }
    let codes: Vec<i64> = rows().map(|row| row.first).collect();
    let expected: Vec<i64> = EXPECTED.iter().map(|(code, ..)| *code).collect();
    assert_eq!(
        codes, expected,
        "the table and the second list hold the same codes"
    );
}

#[test]
fn the_table_ascends_without_overlaps_and_only_permissions_are_a_range() {
    let mut before = -1;
    for row in rows() {
        assert!(before < row.first, "{} comes after {before}", row.first);
        assert!(row.first <= row.last, "{}", row.first);
        before = row.last;
    }
    let ranges: Vec<(i64, i64)> = rows()
        .filter(|row| row.first != row.last)
        .map(|row| (row.first, row.last))
        .collect();
    assert_eq!(ranges, [(200, 299)]);
    for code in [200, 203, 250, 299] {
        assert_eq!(row(code).unwrap().advice, Advice::StopNumber, "{code}");
    }
    for code in [-1, 199, 300, 131_001, 999_999_999] {
        assert_eq!(row(code), None, "{code}");
    }
}

#[test]
fn every_cause_and_mend_is_a_short_sentence_that_fits_a_table() {
    for row in rows() {
        for text in [row.cause, row.mend] {
            assert!(text.ends_with('.') && text.len() > 10, "{}: {text}", row.first);
            assert!(text.chars().count() <= 200, "{}: {text}", row.first);
            assert!(
                !text.contains(['|', '\n']) && !text.contains("  "),
                "{}: {text}",
                row.first
            );
            assert!(
                text.starts_with(|c: char| c.is_uppercase()),
                "{}: {text}",
                row.first
            );
        }
    }
}

#[test]
fn the_page_in_docs_is_the_printed_table() {
    assert_eq!(
        document(),
        include_str!("../../../docs/PROVIDER_ERRORS.md"),
        "run: sacola explain > docs/PROVIDER_ERRORS.md"
    );
}

#[test]
fn limits_wait_faults_end_stops_stop_and_the_unproven_is_unknown() {
    let stop = |scope| Verdict::Stop { scope };
    assert_eq!(verdict(400, 131_056), retry(6_000));
    assert_eq!(verdict(429, 130_429), retry(2_000));
    assert_eq!(verdict(400, 131_049), retry(86_400_000));
    assert_eq!(verdict(401, 190), stop(StopScope::Number));
    assert_eq!(verdict(403, 368), stop(StopScope::Merchant));
    assert_eq!(verdict(400, 131_009), Verdict::Reject);
    assert_eq!(verdict(400, WINDOW_CLOSED), Verdict::Reject);
    assert_eq!(row(WINDOW_CLOSED).unwrap().late, Late::WindowClosed);
    assert_eq!(verdict(502, -1), Verdict::Unknown);
    assert_eq!(verdict(429, -1), retry(2_000));
    let lost = SendError::Lost(String::new());
    assert_eq!((lost.verdict(), lost.code()), (Verdict::Unknown, None));
    assert_eq!(refused(400, 131_009).code(), Some(131_009));
}

#[test]
fn a_code_of_the_table_keeps_its_advice_under_any_http_status() {
    for http in [400, 401, 403, 404, 429, 500, 503] {
        for code in [1, 2, 131_000, 131_016] {
            assert_eq!(
                verdict(http, code),
                Verdict::Retry { after_ms: None },
                "{http} {code}"
            );
        }
        assert_eq!(verdict(http, 131_026), Verdict::Reject, "{http}");
    }
}

#[test]
fn a_code_that_is_not_in_the_table_is_judged_by_its_http_status() {
    for code in [-1, 7_777, 131_999] {
        assert_eq!(advice(429, code, None, ""), SECONDS_2);
        for http in [401, 403] {
            assert_eq!(advice(http, code, None, ""), Advice::StopNumber);
        }
        for http in [500, 502, 503, 504] {
            assert_eq!(advice(http, code, None, ""), Advice::Reconcile);
        }
        for http in [302, 400, 404, 413, 422] {
            assert_eq!(advice(http, code, None, ""), Advice::Reject);
        }
    }
}

#[test]
fn the_details_of_131009_tell_a_product_from_the_catalog_and_from_our_fault() {
    let ours = explain(131_009, "");
    let product = explain(131_009, "Products not found in FB Catalog");
    let catalog = explain(
        131_009,
        "The catalog is off in the commerce settings of this number",
    );
    assert!(
        product.0.contains("product") && product.1.contains("catalog_id"),
        "{product:?}"
    );
    assert!(catalog.0.contains("switched off"), "{catalog:?}");
    assert!(ours.1.contains("report"), "{ours:?}");
    for details in [
        "header is not allowed for a catalog message",
        "thumbnail of the catalog is missing",
    ] {
        assert_eq!(explain(131_009, details), ours, "{details}");
    }
    for details in ["", "Products not found in FB Catalog", "catalog is off"] {
        assert_eq!(advice(400, 131_009, None, details), Advice::Reject, "{details}");
    }
}

#[test]
fn a_number_that_the_token_may_not_see_stops_though_its_code_is_100() {
    let details = "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to missing permissions";
    assert_eq!(advice(400, 100, Some(33), ""), Advice::StopNumber);
    assert_eq!(advice(400, 100, None, details), Advice::StopNumber);
    assert_eq!(advice(400, 100, None, "Invalid parameter: body"), Advice::Reject);
    assert_ne!(explain(100, details), explain(100, ""));
}

#[test]
fn an_undeliverable_message_names_an_old_client_when_the_details_do() {
    let plain = explain(131_026, "Message undeliverable");
    assert_eq!(plain.0, row(131_026).unwrap().cause);
    assert_ne!(
        explain(131_026, "Receiver is incapable of receiving this message"),
        plain
    );
}

#[test]
fn an_unknown_code_is_explained_as_unknown() {
    assert!(explain(7_777, "").0.contains("not in the table"));
}

#[test]
fn a_dead_token_stops_the_number_and_each_subcode_has_words_of_its_own() {
    let subcodes = [458, 459, 460, 463, 464, 467, 492].map(Some);
    let mut texts: Vec<&str> = subcodes.into_iter().map(token_problem).collect();
    for subcode in subcodes {
        assert_eq!(advice(401, 190, subcode, ""), Advice::StopNumber, "{subcode:?}");
    }
    assert_eq!(token_problem(None), token_problem(Some(1)));
    texts.push(token_problem(None));
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), subcodes.len() + 1);
}

#[test]
fn a_token_that_the_provider_repeats_is_masked_and_no_words_of_it_are_logged() {
    let told = "Malformed access token EAAGm0PX4ZCpsBAKtokenZ9d1xQ for João";
    assert_eq!(masked(told), "Malformed access token # for João");
    assert_eq!(
        masked("biz_opaque_callback_data must be at most 512 characters"),
        "biz_opaque_callback_data must be at most 512 characters"
    );
    let error = SendError::Refused {
        http: 401,
        code: 190,
        subcode: None,
        details: told.to_owned(),
    };
    assert_eq!(error.in_log(), "the provider answered 401 with code 190");
}
