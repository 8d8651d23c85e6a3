//! IAM's wildcards: `*` stands for any run of characters, `?` for one.
//!
//! Matching takes at most pattern × text steps and no memory; nothing backtracks further than to the latest `*`.

use std::str::Chars;

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This very character.
    Literal(char),
    /// `?`.
    One,
    /// `*`.
    Any,
}

/// A pattern in which `*` and `?` may stand beside literal characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Glob {
    tokens: Vec<Token>,
}

impl Glob {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        let mut glob = Self::default();
        glob.push_pattern(pattern);
        glob
    }

    /// A pattern without wildcards: `*` and `?` in the text stand for themselves.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut glob = Self::default();
        glob.push_literal(text);
        glob
    }

    /// Appends a text whose `*` and `?` are wildcards.
    pub fn push_pattern(&mut self, pattern: &str) {
        self.tokens.extend(pattern.chars().map(|c| match c {
            '*' => Token::Any,
            '?' => Token::One,
            c => Token::Literal(c),
        }));
    }

    /// Appends a text that stands for itself.
    pub fn push_literal(&mut self, text: &str) {
        self.tokens.extend(text.chars().map(Token::Literal));
    }

    /// Whether the whole text matches, with regard to case.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.tokens, text)
    }

    /// The text, if there is no wildcard in the pattern.
    #[must_use]
    pub fn as_literal(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Literal(c) => Some(*c),
                Token::One | Token::Any => None,
            })
            .collect()
    }

    /// Whether the pattern is `*` (or several of them) and so matches every text.
    #[must_use]
    pub fn matches_everything(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(|token| *token == Token::Any)
    }

    /// Whether some text matches both patterns.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        // reachable[j] after i tokens of self: some text is consumed by i tokens here and j there.
        let mut reachable = vec![false; other.tokens.len() + 1];
        if let Some(first) = reachable.first_mut() {
            *first = true;
        }
        skip_any(&mut reachable, &other.tokens);
        for token in &self.tokens {
            reachable = step(*token, &reachable, &other.tokens);
        }
        reachable.last().copied().unwrap_or(false)
    }

    /// The parts between the first `limit - 1` colons. A wildcard never stands for a colon here.
    #[must_use]
    pub fn split_at_colons(&self, limit: usize) -> Vec<Self> {
        let mut parts = vec![Self::default()];
        let mut count = 1;
        for token in &self.tokens {
            if *token == Token::Literal(':') && count < limit {
                parts.push(Self::default());
                count += 1;
            } else if let Some(last) = parts.last_mut() {
                last.tokens.push(*token);
            }
        }
        parts
    }

    /// Whether a wildcard stands before the last of `limit` parts.
    #[must_use]
    pub fn has_wildcard_before_part(&self, limit: usize) -> bool {
        let mut colons = 0;
        for token in &self.tokens {
            match token {
                Token::Literal(':') => colons += 1,
                Token::Any | Token::One if colons + 1 < limit => return true,
                _ => {}
            }
            if colons + 1 >= limit {
                break;
            }
        }
        false
    }

    /// How many colons the pattern writes out.
    #[must_use]
    pub fn colons(&self) -> usize {
        self.tokens.iter().filter(|token| **token == Token::Literal(':')).count()
    }

    /// A text that matches: the first `*` becomes `filler`, later ones nothing, and each `?` becomes `a`.
    #[must_use]
    pub fn example(&self, filler: &str) -> String {
        let mut text = String::new();
        let mut filled = false;
        for token in &self.tokens {
            match token {
                Token::Literal(c) => text.push(*c),
                Token::One => text.push('a'),
                Token::Any if filled => {}
                Token::Any => {
                    text.push_str(filler);
                    filled = true;
                }
            }
        }
        text
    }
}

fn step(token: Token, reachable: &[bool], other: &[Token]) -> Vec<bool> {
    let mut next = vec![false; reachable.len()];
    for (j, _) in reachable.iter().enumerate().filter(|(_, open)| **open) {
        if token == Token::Any {
            // Consumes any of what the other pattern can still produce.
            for slot in next.iter_mut().skip(j) {
                *slot = true;
            }
            break;
        }
        match (token, other.get(j)) {
            (_, Some(Token::Any)) => set(&mut next, j),
            (_, None) => {}
            (Token::Literal(a), Some(Token::Literal(b))) if a != *b => {}
            (_, Some(_)) => set(&mut next, j + 1),
        }
    }
    skip_any(&mut next, other);
    next
}

fn set(slots: &mut [bool], index: usize) {
    if let Some(slot) = slots.get_mut(index) {
        *slot = true;
    }
}

fn skip_any(reachable: &mut [bool], other: &[Token]) {
    for (j, token) in other.iter().enumerate() {
        if *token == Token::Any && reachable.get(j).copied().unwrap_or(false) {
            set(reachable, j + 1);
        }
    }
}

fn matches(pattern: &[Token], text: &str) -> bool {
    let mut rest = text.chars();
    let mut position = 0;
    let mut latest_any: Option<(usize, Chars<'_>)> = None;
    loop {
        match pattern.get(position) {
            Some(Token::Any) => {
                position += 1;
                latest_any = Some((position, rest.clone()));
                continue;
            }
            Some(token) => {
                let mut ahead = rest.clone();
                if let Some(c) = ahead.next()
                    && (*token == Token::One || *token == Token::Literal(c))
                {
                    rest = ahead;
                    position += 1;
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after, from)) = latest_any.as_mut() else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        rest = from.clone();
        position = *after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                slow(rest, text) || text.split_first().is_some_and(|(_, tail)| slow(pattern, tail))
            }
            (Some((p, rest)), Some((t, tail))) => (*p == '?' || p == t) && slow(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let p: Vec<char> = pattern.chars().collect();
            let t: Vec<char> = text.chars().collect();
            prop_assert_eq!(Glob::new(&pattern).matches(&text), slow(&p, &t));
        }

        #[test]
        fn patterns_that_share_a_text_overlap(a in "[ab*?]{0,6}", b in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let (a, b) = (Glob::new(&a), Glob::new(&b));
            if a.matches(&text) && b.matches(&text) {
                prop_assert!(a.overlaps(&b));
            }
            prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        }

        #[test]
        fn an_example_matches(pattern in "[ab*?:]{0,8}") {
            let glob = Glob::new(&pattern);
            prop_assert!(glob.matches(&glob.example("filler")));
            prop_assert!(glob.overlaps(&Glob::literal(&glob.example("x"))));
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Glob::new(&format!("{}b", "a*".repeat(200)));
        assert!(!pattern.matches(&"a".repeat(8_000)));
    }

    #[test]
    fn wildcards_cross_slashes_and_colons() {
        let glob = Glob::new("arn:aws:s3:::b*");
        for text in ["arn:aws:s3:::b", "arn:aws:s3:::b/k:1/x", "arn:aws:s3:::b-other/k"] {
            assert!(glob.matches(text), "{text}");
        }
        assert!(!glob.matches("arn:aws:s3:::a"));
        assert!(Glob::new("é?").matches("éü"));
    }

    #[test]
    fn patterns_without_a_common_text_do_not_overlap() {
        assert!(!Glob::new("a*b").overlaps(&Glob::new("a*c")));
        assert!(Glob::new("a*").overlaps(&Glob::new("*b")));
        assert!(!Glob::new("a?").overlaps(&Glob::new("a")));
    }

    #[test]
    fn splitting_stops_at_the_limit() {
        let parts = Glob::new("arn:*:s3:::b:c").split_at_colons(6);
        assert_eq!(parts.len(), 6);
        assert_eq!(parts.last(), Some(&Glob::new("b:c")));
        assert!(Glob::new("arn:*:s3:::b").has_wildcard_before_part(6));
        assert!(!Glob::new("arn:aws:s3:::b*").has_wildcard_before_part(6));
    }
}
