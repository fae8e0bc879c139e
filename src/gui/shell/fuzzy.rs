//! Finding by a few letters in order: "ntj" finds "New training job".

/// How well `query` (in lower case) fits `text`; `None` when its letters do not occur in order. More is better.
/// Starts of words and runs of letters count, long texts a little less; greedy from each possible start of the first letter.
pub(super) fn score(query: &str, text: &str) -> Option<i32> {
    let letters: Vec<char> = query.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(first) = letters.first() else { return Some(0) };
    let text: Vec<char> = text.chars().collect();
    let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
    let starts = text.iter().enumerate().filter(|(_, c)| same(**c, *first)).map(|(i, _)| i).take(8);
    starts.filter_map(|start| from(&letters, &text[..], start, &same)).max()
}

fn from(letters: &[char], text: &[char], start: usize, same: &dyn Fn(char, char) -> bool) -> Option<i32> {
    let word_start =
        |i: usize| i == 0 || !text[i - 1].is_alphanumeric() || (text[i].is_uppercase() && text[i - 1].is_lowercase());
    let mut score = 0;
    let mut at = start;
    let mut last = None;
    for letter in letters {
        // A letter at the start of a word is worth a jump over the same letter within one.
        let next = (at..text.len()).find(|i| same(text[*i], *letter))?;
        let better = (next..text.len()).find(|i| word_start(*i) && same(text[*i], *letter));
        let adjacent = last.is_some_and(|last| next == last + 1);
        let here = if adjacent || word_start(next) { next } else { better.unwrap_or(next) };
        score += if last.is_some_and(|last| here == last + 1) { 8 } else { 0 };
        score += if word_start(here) { 10 } else { 1 };
        last = Some(here);
        at = here + 1;
    }
    Some(score * 4 - i32::try_from(text.len().min(60)).unwrap_or(60) - i32::try_from(start.min(20)).unwrap_or(20))
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn initials_and_runs_beat_scattered_letters() {
        assert!(score("ntj", "New training job").is_some());
        assert_eq!(score("xyz", "New training job"), None);
        assert!(score("end", "Endpoints") > score("end", "New model card"));
        assert!(score("ntj", "New training job") > score("ntj", "Count the objects"));
        assert!(score("sentiment", "sentiment-live") > score("sentiment", "old-sentiment-live"));
        assert_eq!(score("", "anything"), Some(0));
    }
}
