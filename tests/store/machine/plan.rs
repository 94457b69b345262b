//! How a life is drawn before it is lived: which asks may come next, and how often. It knows only what that takes; what the
//! symbols in an ask mean is found when it is asked.

use proptest::prelude::*;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;

use super::asks::{Ask, spans};
use super::lanes::{self, LaneAsk};
use super::{catalog, commits, conversations, letters, names};

/// How long a life may last. The end of a life takes another hour; marks are kept 9 days.
const LIFE_MS: i64 = (8 * 24 + 12) * 3_600_000;

/// What is known of a life that is being drawn.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    elapsed_ms: i64,
    /// True once a commit brought items: before, nobody was given a head.
    has_items: bool,
}

impl Plan {
    fn left_ms(&self) -> i64 {
        LIFE_MS - self.elapsed_ms
    }
}

impl ReferenceStateMachine for Plan {
    type State = Self;
    type Transition = Ask;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(plan: &Self) -> BoxedStrategy<Ask> {
        let mut choices = vec![
            (6, spans(plan.left_ms()).prop_map(Ask::Pass).boxed()),
            (2, Just(Ask::Everything).boxed()),
            (3, conversations::asks().prop_map(Ask::Conversation).boxed()),
            (4, names::asks().prop_map(Ask::Name).boxed()),
            (4, letters::asks().prop_map(Ask::Letter).boxed()),
            (4, catalog::asks().prop_map(Ask::Catalog).boxed()),
            (9, lanes::asks().prop_map(Ask::Lane).boxed()),
            (10, commits::asks().prop_map(Ask::Commit).boxed()),
        ];
        if plan.has_items {
            choices.push((18, lanes::asks_of_heads().prop_map(Ask::Lane).boxed()));
        }
        Union::new_weighted(choices).boxed()
    }

    fn apply(mut plan: Self, ask: &Ask) -> Self {
        match ask {
            Ask::Pass(span) => plan.elapsed_ms += span.ms(),
            Ask::Commit(drafts) => plan.has_items |= drafts.iter().any(commits::Draft::has_items),
            Ask::Lane(_)
            | Ask::Conversation(_)
            | Ask::Catalog(_)
            | Ask::Name(_)
            | Ask::Letter(_)
            | Ask::Everything => {}
        }
        plan
    }

    fn preconditions(plan: &Self, ask: &Ask) -> bool {
        match ask {
            Ask::Pass(span) => span.fits(plan.left_ms()),
            Ask::Lane(ask) => plan.has_items || !LaneAsk::needs_head(ask),
            Ask::Commit(_)
            | Ask::Conversation(_)
            | Ask::Catalog(_)
            | Ask::Name(_)
            | Ask::Letter(_)
            | Ask::Everything => true,
        }
    }
}
