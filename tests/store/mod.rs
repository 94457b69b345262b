//! What a store must do, written once and run on both engines and on the model that stands for them in the simulation. A
//! case takes any store; times are arguments: nothing sleeps.

mod beside;
mod budgets;
mod catalog;
mod commits;
mod concurrency;
mod durability;
mod embedded_only;
mod erase;
mod harness;
mod interest;
mod lanes;
mod letters;
mod looks;
mod lost;
mod machine;
mod permutations;
mod records;
mod redis_only;
mod releases;
mod replication;
mod retention;
mod sentinels;
mod statuses;

/// Makes three tests of each case: one on a file of its own, one under a key prefix of its own, one on a model of its own.
macro_rules! on_both_engines {
    ($($file:ident: $($case:ident),+ $(,)?;)+) => {
        mod on_embedded {
            $($(
                #[tokio::test]
                async fn $case() {
                    let engine = super::harness::Embedded::open();
                    super::$file::$case(engine.store()).await;
                    engine.store().close().await;
                }
            )+)+
        }

        mod on_redis {
            $($(
                #[tokio::test]
                async fn $case() {
                    let store = super::harness::redis().await;
                    super::$file::$case(store.clone()).await;
                    store.close().await;
                }
            )+)+
        }

        mod on_the_model {
            $($(
                #[tokio::test]
                async fn $case() {
                    let store = crate::support::model_store::ModelStore::default();
                    super::$file::$case(std::sync::Arc::new(store)).await;
                }
            )+)+
        }
    };
}

on_both_engines! {
    commits:
        a_commit_is_loaded_back,
        another_revision_is_a_conflict,
        a_mark_that_is_set_makes_a_duplicate,
        one_set_mark_of_two_makes_a_duplicate,
        a_mark_belongs_to_its_conversation_and_day,
        a_redelivered_commit_changes_nothing,
        a_refused_commit_writes_nothing;
    beside:
        a_stale_fact_is_refused_until_it_is_reloaded,
        a_marker_holds_in_every_shard_and_is_never_lowered,
        an_alias_leads_where_its_first_writer_said,
        the_journal_keeps_its_last_300_entries,
        purchases_are_written_with_the_commit_or_alone;
    lanes:
        a_commit_leases_a_free_lane_and_returns_its_head,
        a_commit_to_a_leased_lane_only_appends,
        both_lanes_of_a_conversation_are_leased_at_once,
        a_settled_item_is_followed_by_the_next_in_order,
        back_off_blocks_the_lane_and_keeps_its_order,
        to_postpone_counts_no_attempt,
        later_replies_pass_a_held_item,
        marked_items_pass_what_waits_in_a_merchant_lane,
        the_mark_to_pass_means_nothing_in_a_provider_lane,
        what_is_unknown_stays_so_when_a_repeat_did_not_happen,
        a_superseding_item_removes_the_unstarted_ones,
        superseding_items_are_paced,
        after_a_pause_a_few_go_ahead_of_the_pace,
        the_window_is_told_at_the_start,
        a_start_renews_the_lease,
        a_refused_start_renews_nothing,
        due_lanes_come_oldest_first_and_bounded;
    looks:
        lanes_are_listed_by_time_home_and_kind_in_pages,
        lanes_are_counted_by_kind_and_by_what_they_wait_for,
        many_lanes_that_wait_are_not_taken_for_served_ones,
        a_lane_is_looked_at_with_its_items_and_stays_as_it_was,
        a_budget_is_looked_at_without_taking_from_it,
        a_message_key_leads_to_its_effect;
    lost:
        a_stale_token_is_refused_and_changes_nothing,
        an_item_not_started_is_served_again_after_the_lease,
        an_item_started_under_a_lost_lease_is_unknown,
        a_lost_merchant_item_is_due_at_once_and_blocks,
        a_commit_finds_a_lost_lane_free,
        a_status_seen_before_the_replica_died_settles_the_item;
    releases:
        a_lane_that_is_given_back_is_due_at_once_and_its_old_token_is_worth_nothing,
        what_is_begun_is_not_given_back,
        a_commit_finds_a_lane_that_was_given_back_free,
        what_is_unknown_is_given_back_as_unknown,
        a_lane_is_given_back_late_unless_somebody_has_come;
    statuses:
        statuses_end_the_same_in_any_order,
        a_status_settles_a_held_item,
        a_failure_settles_a_held_item_as_not_sent,
        a_status_of_an_attempt_under_way_settles_nothing,
        a_status_seen_before_an_unknown_settlement_settles_the_item,
        a_status_settles_what_was_unknown_before_it_was_refused,
        a_status_finds_its_effect_by_message_key;
    permutations:
        every_order_of_three_statuses_ends_the_same;
    budgets:
        a_burst_passes_and_then_a_time_is_told,
        bulk_yields_to_replies,
        one_exhausted_budget_takes_nothing_from_the_others,
        a_debit_counts_like_a_start;
    concurrency:
        of_64_equal_commits_exactly_one_succeeds,
        commits_of_50_conversations_all_succeed,
        of_many_claims_exactly_one_gets_the_lane;
    interest:
        pages_cover_all_members_though_some_leave_between,
        interest_comes_and_goes_with_commits;
    catalog:
        a_product_is_stored_changed_and_gone,
        what_customers_are_not_told_is_stored_not_changed,
        older_news_is_ignored,
        a_higher_version_is_news_although_an_earlier_clock_learned_it,
        the_same_news_moves_only_the_time_it_was_learned,
        a_catalog_is_ordered_and_counts_its_changes;
    records:
        records_are_written_listed_and_removed,
        a_secret_is_its_first_candidate,
        a_hold_has_one_owner_until_it_ends,
        an_idempotency_key_answers_the_same_again,
        an_idempotency_key_ends;
    erase:
        an_erased_conversation_is_gone_with_all_that_is_its_own,
        a_conversation_that_changed_meanwhile_is_not_erased,
        what_others_have_in_memory_does_not_bring_it_back,
        erasing_twice_is_harmless,
        an_alias_goes_only_when_it_still_leads_there,
        a_search_finds_whatever_somebody_left,
        what_is_forgotten_is_found_no_more,
        a_long_search_reads_everything_once;
    letters:
        letters_are_paged_by_time_and_filtered,
        a_letter_with_the_same_id_replaces_the_first,
        letters_are_filtered_by_reason_and_by_merchant_and_reason,
        letters_are_counted_by_reason,
        only_unknown_numbers_push_each_other_out,
        health_tells_the_engine_and_counts_trips;
}
