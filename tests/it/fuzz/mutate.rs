//! Inputs made out of seeds: cut, doubled, spliced, flipped, sprinkled with what parsers stumble over. The same number gives the same inputs.

/// A source of inputs.
pub struct Mutator {
    state: u64,
}

/// Pieces that parsers trip over.
const TOKENS: &[&[u8]] = &[
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"=",
    b"&",
    b"%",
    b"%00",
    b"%ff",
    b"<",
    b">",
    b"/",
    b"//",
    b"../",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e309",
    b"-1e-400",
    b"NaN",
    b"inf",
    b"9223372036854775808",
    b"18446744073709551616",
    b"4294967295",
    b"2147483648",
    b"99999999999999999999999",
    b"0.1",
    b"1.",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x8e\xb5",
    b"\\u0000",
    b"\\ud800",
    b"[[[[[[[[",
    b"{\"a\":",
    b"<!--",
    b"]]>",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>&b;",
];

/// Numbers at the borders of types.
const NUMBERS: &[&[u8]] =
    &[b"0", b"-1", b"1", b"255", b"256", b"65536", b"2147483647", b"4294967296", b"1073741824", b"1e39", b"0.5", b""];

impl Mutator {
    /// One of its own for every seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// A number below `end`; 0 for none.
    pub fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        if end == 0 { 0 } else { (self.state >> 16) as usize % end }
    }

    /// One of them.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A piece of `seeds`, changed in one to six places.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.choose(seeds).clone();
        for _ in 0..=self.below(6) {
            self.change(&mut input, seeds);
        }
        input.truncate(1 << 16);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(32) + 1);
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.below(256) as u8,
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                let times = 1 + self.below(40);
                input.splice(at..at, piece.repeat(times));
            }
            4 => input.truncate(at),
            5 => {
                let other = self.choose(seeds);
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 => self.replace_number(input),
            _ => {
                let token = self.choose(TOKENS).to_vec();
                let times = if self.below(20) == 0 { 300 } else { 1 };
                input.splice(at..if self.below(2) == 0 { at } else { end }, token.repeat(times));
            }
        }
    }

    /// Another number in place of one that stands there.
    fn replace_number(&mut self, input: &mut Vec<u8>) {
        let digits: Vec<usize> = (0..input.len()).filter(|at| input[*at].is_ascii_digit()).collect();
        if digits.is_empty() {
            return;
        }
        let from = *self.choose(&digits);
        let to = input[from..].iter().position(|byte| !byte.is_ascii_digit()).map_or(input.len(), |more| from + more);
        let number = *self.choose(NUMBERS);
        input.splice(from..to, number.iter().copied());
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs_and_many_of_them() {
    let seeds = [b"{\"a\": 12, \"b\": [1, 2]}".to_vec(), b"1,2,3\n".to_vec()];
    let inputs = |seed| {
        let mut mutator = Mutator::new(seed);
        (0..500).map(|_| mutator.input(&seeds)).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
    let different: std::collections::BTreeSet<_> = inputs(1).into_iter().collect();
    assert!(different.len() > 300, "{}", different.len());
}
