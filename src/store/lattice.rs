//! The lattice of delivery statuses: what is known of a message when several statuses of it were told, in any order and any
//! number of times. It owns [`DeliveryStatus::join`], which both engines and the model mean; it refuses to know where a
//! status is kept.

use super::DeliveryStatus;

impl DeliveryStatus {
    /// All of them, from the bottom to the top.
    pub const ALL: [Self; 4] = [Self::Sent, Self::Delivered, Self::Read, Self::Failed];

    /// What is known once both were told: the higher one. The order of telling, repetition and grouping make no difference, so
    /// that replicas need not agree on an order that the provider does not promise either.
    ///
    /// [`Failed`](Self::Failed) is the top although it is no later than the others. Meta sends it instead of `delivered`, mostly
    /// after `sent`; after `delivered` or `read` it should not come. Where it does, one of two wrongs must be chosen: to
    /// believe `failed` tells the customer something a second time; to believe `read` may lose a payment link for ever. And a
    /// lattice in which `failed` is not the top would let a late `delivered` undo what the failure has already caused.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }

    /// Its number, in stores and scripts; higher is higher.
    pub fn level(self) -> u8 {
        self as u8
    }

    /// The status of that number.
    pub fn of_level(level: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.level() == level)
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryStatus::{self, Delivered, Failed, Read, Sent};

    const ALL: [DeliveryStatus; 4] = DeliveryStatus::ALL;

    #[test]
    fn two_statuses_tell_the_same_in_either_order() {
        for a in ALL {
            for b in ALL {
                assert_eq!(a.join(b), b.join(a));
            }
        }
    }

    #[test]
    fn three_statuses_tell_the_same_however_they_are_grouped() {
        for a in ALL {
            for b in ALL {
                for c in ALL {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)));
                }
            }
        }
    }

    #[test]
    fn a_repeated_status_tells_nothing_new() {
        for a in ALL {
            assert_eq!(a.join(a), a);
            for b in ALL {
                assert_eq!(a.join(b).join(b), a.join(b));
            }
        }
    }

    #[test]
    fn nothing_undoes_a_failure_and_anything_follows_sent() {
        for a in ALL {
            assert_eq!(a.join(Failed), Failed);
            assert_eq!(a.join(Sent), a);
        }
        assert_eq!(Delivered.join(Read), Read);
    }

    #[test]
    fn a_number_is_of_one_status_and_numbers_rise_as_statuses_do() {
        for a in ALL {
            assert_eq!(DeliveryStatus::of_level(a.level()), Some(a));
            for b in ALL {
                assert_eq!(a.join(b).level(), a.level().max(b.level()));
            }
        }
        assert_eq!((Sent.level(), Failed.level()), (1, 4));
        assert!(
            [0, 5, u8::MAX]
                .iter()
                .all(|level| DeliveryStatus::of_level(*level).is_none())
        );
    }
}
