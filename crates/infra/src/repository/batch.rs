//! Many values in few statements, of few lengths: a prepared statement is kept for each length.

/// The most values of an IN list and the most rows of an INSERT.
const MOST: usize = 256;

/// Cuts values for IN lists into pieces whose lengths are powers of two, the last one filled up by repeating its last value.
pub(super) fn padded<T: Clone>(values: &[T]) -> impl Iterator<Item = Vec<T>> {
    values.chunks(MOST).map(|chunk| {
        let mut list = chunk.to_vec();
        if let Some(last) = chunk.last() {
            list.resize(chunk.len().next_power_of_two(), last.clone());
        }
        list
    })
}

/// Cuts rows for INSERTs into pieces whose lengths are powers of two, or half as much again, the longest first.
pub(crate) fn pieces<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let left = rows.len().min(MOST);
        let power = left.checked_ilog2().map(|power| 1_usize << power)?;
        let more = power + power / 2;
        Some(rows.by_ref().take(if more <= left { more } else { power }).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_lengths_of_powers_of_two() {
        let lengths = |n: usize| padded(&(0..n).collect::<Vec<_>>()).map(|list| list.len()).collect::<Vec<_>>();
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(3), [4]);
        assert_eq!(lengths(256), [256]);
        assert_eq!(lengths(300), [256, 64]);
        assert_eq!(padded(&[7, 8, 9]).collect::<Vec<_>>(), [[7, 8, 9, 9]]);
    }

    #[test]
    fn rows_are_each_written_once() {
        for n in [0, 1, 3, 255, 256, 700] {
            let lengths: Vec<_> = pieces((0..n).collect::<Vec<_>>()).map(|piece| piece.len()).collect();
            assert!(
                lengths.iter().all(|length| *length <= MOST && (*length >> length.trailing_zeros()) <= 3),
                "{lengths:?}"
            );
            assert_eq!(pieces((0..n).collect()).flatten().collect::<Vec<usize>>(), (0..n).collect::<Vec<_>>());
        }
    }
}
