//! Divides what does not fit into one message among several.
//!
//! It knows nothing of messages: there are some items in an order, and somebody who makes a part of any stretch of them
//! and says how large it is. Making one is expensive, so the longest stretch that fits is looked for where the sizes so
//! far point to.

use std::ops::Range;

/// How many times more parts than allowed the first one must promise before the others are not even tried.
const HOPELESS: usize = 4;
/// How many items the first part must have for that: a few may be unlike the others.
const TELLING: usize = 10;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pack<T> {
    /// The items in it.
    pub items: Range<usize>,
    /// What was made of them.
    pub made: T,
    /// Whether it is within the limit. One that is not has a single item.
    pub fits: bool,
}

/// Divides `count` items, in order, among `most` parts at most. Each part is as long as it can be: with the next item it
/// would be above `limit`. An item that is above it alone is a part of its own. `None` when it takes more parts, or by far
/// looks as if it did.
///
/// `guess` is how many items are tried first. `make` is given the number of the part, from 1, and its items, and gives
/// the part and its size; `None` ends it all.
pub(super) fn pack<T>(
    count: usize,
    most: usize,
    limit: usize,
    mut guess: usize,
    mut make: impl FnMut(usize, Range<usize>) -> Option<(T, usize)>,
) -> Option<Vec<Pack<T>>> {
    let mut packs: Vec<Pack<T>> = Vec::new();
    let mut start = 0;
    while start < count {
        let number = packs.len() + 1;
        let hopeless = number == 2 && start >= TELLING && count > start.saturating_mul(most).saturating_mul(HOPELESS);
        if number > most || hopeless {
            return None;
        }
        let pack = longest(count - start, guess, limit, |length| make(number, start..start + length))?;
        let items = start + pack.items.start..start + pack.items.end;
        guess = items.len();
        start = items.end;
        packs.push(Pack { items, ..pack });
    }
    Some(packs)
}

/// The longest stretch from the first of `count` items that is within `limit`, looked for near `guess`; the first item
/// alone when not even that is. There must be an item.
pub(super) fn longest<T>(
    count: usize,
    guess: usize,
    limit: usize,
    mut make: impl FnMut(usize) -> Option<(T, usize)>,
) -> Option<Pack<T>> {
    let mut best: Option<(usize, T)> = None;
    // The lengths known to fit and not to fit that are next to each other, with their sizes.
    let (mut low, mut over) = ((0, 0), (count + 1, usize::MAX));
    let mut next = guess.clamp(1, count.max(1));
    for trial in 1.. {
        let (made, size) = make(next)?;
        if size <= limit {
            low = (next, size);
            best = Some((next, made));
        } else if next == 1 {
            return Some(Pack { items: 0..1, made, fits: false });
        } else {
            over = (next, size);
        }
        if low.0 + 1 >= over.0 {
            break;
        }
        let (room, steps) = (limit - low.1, over.0 - low.0);
        next = match (low.0, over.0 > count) {
            // What is not proportional is halved, so that it ends.
            (_, false) if trial % 4 == 0 => low.0.midpoint(over.0),
            (_, false) => low.0 + steps.saturating_mul(room) / (over.1 - low.1).max(1),
            (_, true) => {
                low.0.saturating_mul(limit).checked_div(low.1).unwrap_or(count).max(low.0.saturating_mul(5) / 4)
            }
        };
        next = next.clamp(low.0 + 1, over.0 - 1);
    }
    best.map(|(length, made)| Pack { items: 0..length, made, fits: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hopeless_cases_are_given_up_early() {
        let mut made = 0;
        let packed = pack(1_000_000, 3, 1_000, 10, |_, items| {
            made += 1;
            Some(((), items.len() * 10))
        });
        assert!(packed.is_none() && made < 10, "{made}");
        assert_eq!(pack::<()>(0, 3, 100, 1, |_, _| None), Some(Vec::new()));
        assert_eq!(pack::<()>(5, 3, 100, 1, |_, _| None), None);
    }

    #[test]
    fn few_trials_are_enough() {
        for (head, item) in [(500, 73), (0, 300), (5_000, 30), (900, 7)] {
            let mut made = 0;
            let pack = longest(10_000, 195, 19_500, |length| {
                made += 1;
                Some(((), head + length * item))
            });
            assert_eq!(pack.map(|pack| pack.items.end), Some((19_500 - head) / item));
            assert!(made <= 8, "{made} trials for {head} + n * {item}");
        }
    }

    proptest! {
        #[test]
        fn every_item_is_in_one_part_and_no_part_could_be_longer(
            sizes in proptest::collection::vec(0usize..150, 0..200),
            head in 0usize..40,
            limit in 1usize..2_000,
            most in 1usize..12,
            guess in 0usize..300,
        ) {
            let size = |items: Range<usize>| head + sizes[items].iter().sum::<usize>();
            let packed = pack(sizes.len(), most, limit, guess, |number, items| Some((number, size(items))));
            let Some(packs) = packed else {
                // The least that any packing takes.
                let mut parts = 0;
                let mut start = 0;
                while start < sizes.len() {
                    let fitting = (start + 1..=sizes.len()).take_while(|end| size(start..*end) <= limit).last();
                    start = fitting.unwrap_or(start + 1);
                    parts += 1;
                }
                prop_assert!(parts > most);
                return Ok(());
            };
            prop_assert!(packs.len() <= most);
            let mut next = 0;
            for (index, pack) in packs.iter().enumerate() {
                prop_assert_eq!((pack.items.start, pack.made), (next, index + 1));
                next = pack.items.end;
                let within = size(pack.items.clone()) <= limit;
                prop_assert_eq!(pack.fits, within);
                prop_assert!(within || pack.items.len() == 1);
                prop_assert!(next == sizes.len() || size(pack.items.start..next + 1) > limit);
            }
            prop_assert_eq!(next, sizes.len());
        }
    }
}
