//! Splits a source into tokens, without comments, strings, numbers, and code that is built for tests only.
//!
//! Covers only the part of Rust's syntax that paths need.

use std::mem::take;

/// A name, `::`, or a single sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Colons,
    Sign(char),
}

impl Token {
    pub(super) fn is(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// The tokens of a source.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let signs: Vec<char> = source.chars().collect();
    let at = |index: usize| signs.get(index).copied().unwrap_or('\0');
    let (mut found, mut index, mut name) = (Vec::new(), 0, String::new());
    while index < signs.len() {
        let sign = at(index);
        if sign.is_alphanumeric() || sign == '_' {
            name.push(sign);
            index += 1;
            continue;
        }
        if !name.is_empty() {
            let hashes = (index..signs.len()).take_while(|index| at(*index) == '#').count();
            if matches!(name.as_str(), "r" | "br" | "cr") && at(index + hashes) == '"' {
                index = after_raw_text(&signs, index, hashes);
                name.clear();
                continue;
            }
            found.push(Token::Name(take(&mut name)));
        }
        match (sign, at(index + 1)) {
            ('/', '/') => index = (index..signs.len()).find(|index| at(*index) == '\n').unwrap_or(signs.len()),
            ('"', _) => index = after_text(&signs, index),
            ('\'', '\\') => index = (index + 3..signs.len()).find(|index| at(*index) == '\'').unwrap_or(index) + 1,
            ('\'', _) if at(index + 2) == '\'' => index += 3,
            (':', ':') => {
                found.push(Token::Colons);
                index += 2;
            }
            _ => {
                if !sign.is_whitespace() {
                    found.push(Token::Sign(sign));
                }
                index += 1;
            }
        }
    }
    found.extend((!name.is_empty()).then_some(Token::Name(name)));
    without_tests(&found)
}

fn after_text(signs: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while signs.get(index).is_some_and(|sign| *sign != '"') {
        index += if signs[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

fn after_raw_text(signs: &[char], start: usize, hashes: usize) -> usize {
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let inside = start + hashes + 1;
    let length = signs[inside..].windows(end.len()).position(|window| window == end).expect("a text ends");
    inside + length + end.len()
}

/// Removes every item, field and argument that follows `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mark = ['#', '[', '*', '(', '*', ')', ']'];
    let is_mark = |window: &[Token]| {
        let fits = |(token, sign): (&Token, &char)| *sign == '*' || token.is(*sign);
        window.iter().zip(&mark).all(fits) && window[2].name() == Some("cfg") && window[4].name() == Some("test")
    };
    let (mut left, mut index) = (Vec::new(), 0);
    while index < tokens.len() {
        let marked = tokens.get(index..index + mark.len()).is_some_and(is_mark);
        if marked {
            index = after_item(tokens, index + mark.len());
        } else {
            left.push(tokens[index].clone());
            index += 1;
        }
    }
    left
}

/// The index behind the `;`, the `,` or the `}` that ends the item beginning here.
fn after_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Token::Sign('}') if depth <= 1 => return index + 1,
            Token::Sign('}') => depth -= 1,
            Token::Sign(';' | ',') if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[test]
fn comments_texts_and_tests_are_left_out() {
    let names = |source: &str| {
        let tokens = tokens(source);
        tokens.iter().filter_map(Token::name).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("use a::b; // c::d\n/// e\nfn f() { \"g \\\" h\"; '\"'; i }"), "use a b fn f i");
    assert_eq!(names("r#\"a \" b\"# c b\"d\" '\\'' e<'f>"), "c b e f");
    assert_eq!(names("a; #[cfg(test)] mod tests { use b; fn c() { d } } e #[cfg(test)] use f; g"), "a e g");
    assert_eq!(names("#[cfg(any(test, fuzzing))] use a;"), "cfg any test fuzzing use a");
}
