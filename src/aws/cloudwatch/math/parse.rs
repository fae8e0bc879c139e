//! An expression's text as a tree.

/// Nested deeper than that, and nobody wrote it by hand.
const MOST_DEPTH: usize = 64;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::aws::cloudwatch) enum Expression {
    Number(f64),
    Text(String),
    /// The id of another query, or a word that a function takes, such as `REPEAT`.
    Name(String),
    Array(Vec<Expression>),
    Call(String, Vec<Expression>),
    Negative(Box<Expression>),
    Both(Operator, Box<Expression>, Box<Expression>),
}

/// Between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws::cloudwatch) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Times,
    Divided,
    Power,
}

impl Operator {
    /// Those that bind closer have more.
    fn binds(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 3,
            Self::Plus | Self::Minus => 4,
            Self::Times | Self::Divided => 5,
            Self::Power => 7,
        }
    }
}

/// Signs bind closer than `*` and less close than `^`.
const SIGN_BINDS: u8 = 6;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Mark(&'static str),
}

/// Longer ones first, so that `<=` is not read as `<`.
const MARKS: [&str; 18] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ","];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let used = if first.is_ascii_digit() || first == '.' {
            let mut used = length(|c| c.is_ascii_digit() || c == '.');
            let exponent = rest[used..].strip_prefix(['e', 'E']);
            if let Some(after) = exponent {
                let sign = usize::from(after.starts_with(['+', '-']));
                let digits = after[sign..].bytes().take_while(u8::is_ascii_digit).count();
                used += if digits > 0 { 1 + sign + digits } else { 0 };
            }
            let number = rest[..used].parse().map_err(|_| format!("{} is no number", &rest[..used]))?;
            tokens.push(Token::Number(number));
            used
        } else if first.is_ascii_alphabetic() || first == '_' {
            let used = length(|c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Token::Name(rest[..used].to_owned()));
            used
        } else if first == '"' || first == '\'' {
            let inside = rest[1..].find(first).ok_or("a quotation does not end")?;
            tokens.push(Token::Text(rest[1..=inside].to_owned()));
            inside + 2
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
            let mark = mark.ok_or_else(|| format!("'{first}' is not expected"))?;
            tokens.push(Token::Mark(mark));
            mark.len()
        };
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

/// Reads an expression; the error says what is wrong with it.
pub(in crate::aws::cloudwatch) fn parse(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, depth: 0 };
    let expression = reader.expression(0)?;
    match reader.tokens.first() {
        None => Ok(expression),
        Some(token) => Err(unexpected(token)),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Mark(next)) if *next == mark);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn operator(&self) -> Option<Operator> {
        match self.tokens.first()? {
            Token::Mark(mark) => match *mark {
                "||" => Some(Operator::Or),
                "&&" => Some(Operator::And),
                "==" => Some(Operator::Equal),
                "!=" => Some(Operator::NotEqual),
                "<" => Some(Operator::Less),
                "<=" => Some(Operator::LessEqual),
                ">" => Some(Operator::Greater),
                ">=" => Some(Operator::GreaterEqual),
                "+" => Some(Operator::Plus),
                "-" => Some(Operator::Minus),
                "*" => Some(Operator::Times),
                "/" => Some(Operator::Divided),
                "^" => Some(Operator::Power),
                _ => None,
            },
            Token::Name(name) if name == "AND" => Some(Operator::And),
            Token::Name(name) if name == "OR" => Some(Operator::Or),
            _ => None,
        }
    }

    /// An expression of operators that bind closer than `least`.
    fn expression(&mut self, least: u8) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        let mut left =
            if self.takes("-") { Expression::Negative(Box::new(self.expression(SIGN_BINDS)?)) } else { self.value()? };
        while let Some(operator) = self.operator().filter(|operator| operator.binds() > least) {
            self.tokens = &self.tokens[1..];
            // Powers of powers are read from the right: 2^3^2 is 2^9.
            let binds = if operator == Operator::Power { operator.binds() - 1 } else { operator.binds() };
            let right = self.expression(binds)?;
            left = Expression::Both(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn value(&mut self) -> Result<Expression, String> {
        let token = self.next().cloned().ok_or("it ends too early")?;
        match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text)),
            Token::Name(name) if self.takes("(") => Ok(Expression::Call(name, self.list(")")?)),
            Token::Name(name) => Ok(Expression::Name(name)),
            Token::Mark("(") => {
                let inside = self.expression(0)?;
                if self.takes(")") { Ok(inside) } else { Err("a ) is missing".to_owned()) }
            }
            Token::Mark("[") => Ok(Expression::Array(self.list("]")?)),
            token @ Token::Mark(_) => Err(unexpected(&token)),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let mut items = Vec::new();
        if self.takes(end) {
            return Ok(items);
        }
        loop {
            items.push(self.expression(0)?);
            if self.takes(end) {
                return Ok(items);
            }
            if !self.takes(",") {
                return Err(format!("a {end} is missing"));
            }
        }
    }
}

fn unexpected(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("{number} is not expected"),
        Token::Text(text) => format!("\"{text}\" is not expected"),
        Token::Name(name) => format!("{name} is not expected"),
        Token::Mark(mark) => format!("'{mark}' is not expected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With all parentheses.
    fn written(expression: &Expression) -> String {
        let list = |items: &[Expression]| items.iter().map(written).collect::<Vec<_>>().join(",");
        match expression {
            Expression::Number(number) => number.to_string(),
            Expression::Text(text) => format!("\"{text}\""),
            Expression::Name(name) => name.clone(),
            Expression::Array(items) => format!("[{}]", list(items)),
            Expression::Call(name, items) => format!("{name}({})", list(items)),
            Expression::Negative(of) => format!("(-{})", written(of)),
            Expression::Both(operator, left, right) => {
                format!("({} {operator:?} {})", written(left), written(right))
            }
        }
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        let cases = [
            ("m1+m2*3", "(m1 Plus (m2 Times 3))"),
            ("a-b-c", "((a Minus b) Minus c)"),
            ("-a^2", "(-(a Power 2))"),
            ("2^3^2", "(2 Power (3 Power 2))"),
            ("-a*b", "((-a) Times b)"),
            ("a>1 AND b<=2 || c!=3", "(((a Greater 1) And (b LessEqual 2)) Or (c NotEqual 3))"),
            ("IF(m1 > 1.5e2, m1, 0)", "IF((m1 Greater 150),m1,0)"),
            ("100*(e/SUM([a, b]))", "(100 Times (e Divided SUM([a,b])))"),
            ("SUM(METRICS(\"4XX\"))", "SUM(METRICS(\"4XX\"))"),
            ("FILL(m, REPEAT)", "FILL(m,REPEAT)"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).map(|expression| written(&expression)), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for text in ["", "1+", "(1", "[1", "a b", "1..2", "m1 $ 2", "\"a", "f(1,)", ")", "1 = 2"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"(".repeat(5_000)).unwrap_err().contains("deep"));
        assert!(parse(&"-".repeat(5_000)).unwrap_err().contains("deep"));
        assert!(parse(&format!("{}1", "1^".repeat(5_000))).unwrap_err().contains("deep"));
        assert!(parse(&format!("{}1", "1+".repeat(5_000))).is_ok(), "long is not deep");
    }
}
