//! The built-in algorithms and their hyperparameters: one table an algorithm, which the wizard, the checks and the documentation all read.

pub mod linear_learner;
pub mod recommended;
pub mod xgboost;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;

/// A built-in algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// Gradient boosted trees.
    XGBoost,
    /// Linear and logistic regression.
    LinearLearner,
}

/// What a hyperparameter may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number within bounds, both included.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number within bounds, both included.
    Continuous {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of some words.
    Categorical(&'static [&'static str]),
    /// One or several of some words, separated by commas. A word that ends in `@t` takes a number in the place of the t.
    List(&'static [&'static str]),
    /// The word `auto`, or what the inner kind allows.
    AutoOr(&'static Kind),
    /// Either of two kinds.
    Either(&'static Kind, &'static Kind),
    /// Free text that the algorithm's own check reads (nested lists such as XGBoost's constraints).
    Text,
}

/// Whether Counterpoise does what a hyperparameter says. What it cannot do it says, and never does something else instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supported {
    /// It does.
    Yes,
    /// Any value is taken and none makes a difference, for the reason given; the job's log says so.
    Ignored(&'static str),
    /// Only these values are taken; the others are refused for the reason given.
    Only(&'static [&'static str], &'static str),
    /// Not to be given, for the reason.
    Refused(&'static str),
}

/// One hyperparameter, as SageMaker's documentation describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperparameter {
    /// SageMaker's name.
    pub name: &'static str,
    /// Range.
    pub kind: Kind,
    /// Value when it is not given; `None` where SageMaker decides from the data or it is required.
    pub default: Option<&'static str>,
    /// Must be given.
    pub required: bool,
    /// Shown at once in the wizard; the others are under "More".
    pub common: bool,
    /// Whether it has its effect here.
    pub supported: Supported,
    /// One line of help.
    pub help: &'static str,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::XGBoost, Self::LinearLearner];

    /// SageMaker's name: `xgboost`, `linear-learner`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XGBoost => "xgboost",
            Self::LinearLearner => "linear-learner",
        }
    }

    /// The image that we use when nobody names one.
    pub fn image(self) -> &'static str {
        match self {
            Self::XGBoost => "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            Self::LinearLearner => "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        }
    }

    /// The algorithm of an image by its repository name: `…/xgboost:1`, `…/sagemaker-xgboost:1.7-1`, `…/linear-learner:1`, or the bare name.
    pub fn from_image(image: &str) -> Option<Self> {
        let repository = image.rsplit('/').next()?.split([':', '@']).next()?;
        match repository {
            "xgboost" | "sagemaker-xgboost" => Some(Self::XGBoost),
            "linear-learner" => Some(Self::LinearLearner),
            _ => None,
        }
    }

    /// The channels that its container takes. Only `train` and `validation` are read here.
    pub fn channels(self) -> &'static [&'static str] {
        match self {
            Self::XGBoost => &["train", "validation"],
            Self::LinearLearner => &["train", "validation", "test"],
        }
    }

    /// The table of hyperparameters, in the order of the documentation, common ones first.
    pub fn hyperparameters(self) -> &'static [Hyperparameter] {
        match self {
            Self::XGBoost => xgboost::HYPERPARAMETERS,
            Self::LinearLearner => linear_learner::HYPERPARAMETERS,
        }
    }

    /// Checks given hyperparameters: unknown names, ranges, required ones, and rules between them. Empty when all is fine.
    pub fn validate(self, given: &BTreeMap<String, String>) -> Vec<Invalid> {
        let mut broken = Vec::new();
        for (name, value) in given {
            match self.hyperparameters().iter().find(|known| known.name == name) {
                None => broken.push(Invalid::new(name.clone(), value, format!("is not a hyperparameter of {self}"))),
                Some(known) => broken.extend(known.validate(value).err()),
            }
        }
        for known in self.hyperparameters().iter().filter(|known| known.required) {
            if !given.contains_key(known.name) {
                broken.push(Invalid::new(known.name, "", format!("is required by {self}")));
            }
        }
        if broken.is_empty() {
            match self {
                Self::XGBoost => xgboost::validate_together(given, &mut broken),
                Self::LinearLearner => linear_learner::validate_together(given, &mut broken),
            }
        }
        broken
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Hyperparameter {
    /// Checks one value against the range.
    ///
    /// # Errors
    /// The rule in words, naming the parameter.
    pub fn validate(&self, value: &str) -> Result<(), Invalid> {
        let value = value.trim();
        if !self.kind.allows(value) {
            return Err(Invalid::new(self.name, value, format!("must be {}", self.range())));
        }
        match self.supported {
            Supported::Only(values, why) if !values.contains(&value) => Err(Invalid::new(
                self.name,
                value,
                format!("is not available in Counterpoise ({why}): use {}", values.join(" or ")),
            )),
            Supported::Refused(why) => {
                Err(Invalid::new(self.name, value, format!("is not available in Counterpoise ({why}): leave it out")))
            }
            _ => Ok(()),
        }
    }

    /// The range in words: "a whole number from 1 to 1,000,000".
    pub fn range(&self) -> String {
        self.kind.to_string()
    }
}

impl Kind {
    /// Whether a trimmed value is in the range.
    pub fn allows(&self, value: &str) -> bool {
        match self {
            Self::Integer { min, max } => value.parse::<i64>().is_ok_and(|v| (*min..=*max).contains(&v)),
            Self::Continuous { min, max } => value.parse::<f64>().is_ok_and(|v| v >= *min && v <= *max),
            Self::Categorical(words) => words.contains(&value),
            Self::List(words) => value.split(',').map(str::trim).all(|word| {
                let with_number = |known: &&str| {
                    known.strip_suffix('t').filter(|stem| stem.ends_with('@')).is_some_and(|stem| {
                        word.strip_prefix(stem).is_some_and(|number| number.parse::<f64>().is_ok_and(f64::is_finite))
                    })
                };
                !word.ends_with("@t") && words.contains(&word) || words.iter().any(with_number)
            }),
            Self::AutoOr(kind) => value == "auto" || kind.allows(value),
            Self::Either(one, other) => one.allows(value) || other.allows(value),
            Self::Text => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max: i64::MAX } => write!(f, "a whole number that is at least {min}"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Continuous { min, max } if *max == f64::MAX && *min == f64::MIN => f.write_str("a number"),
            Self::Continuous { min, max } if *max == f64::MAX && *min == f64::MIN_POSITIVE => {
                f.write_str("a number above 0")
            }
            Self::Continuous { min, max } if *max == f64::MAX => write!(f, "a number that is at least {min}"),
            Self::Continuous { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Categorical([word]) => f.write_str(word),
            Self::Categorical(words) => write!(f, "one of {}", words.join(", ")),
            Self::List(words) => write!(f, "one or more of {}, separated by commas", words.join(", ")),
            Self::AutoOr(kind) => write!(f, "auto, or {kind}"),
            Self::Either(one, other) => write!(f, "{one}, or {other}"),
            Self::Text => f.write_str("text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn says(algorithm: Algorithm, pairs: &[(&str, &str)]) -> String {
        algorithm.validate(&given(pairs)).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_default_is_in_its_own_range_and_names_are_unique() {
        for algorithm in Algorithm::ALL {
            let table = algorithm.hyperparameters();
            for (i, known) in table.iter().enumerate() {
                if let Some(default) = known.default {
                    assert_eq!(known.validate(default), Ok(()), "{}", known.name);
                }
                assert!(table[..i].iter().all(|earlier| earlier.name != known.name), "{} is there twice", known.name);
                assert!(!known.help.is_empty() && !known.help.ends_with('.'), "{}", known.name);
            }
        }
    }

    #[test]
    fn unknown_and_out_of_range_ones_are_named() {
        let xgboost = |pairs: &[(&str, &str)]| says(Algorithm::XGBoost, pairs);
        assert_eq!(xgboost(&[("num_round", "10")]), "");
        assert!(xgboost(&[]).contains("num_round \u{201c}\u{201d} is required by xgboost"));
        assert!(
            xgboost(&[("num_round", "10"), ("etta", "1")])
                .contains("etta \u{201c}1\u{201d} is not a hyperparameter of xgboost")
        );
        assert!(
            xgboost(&[("num_round", "10"), ("eta", "1.5")])
                .contains("eta \u{201c}1.5\u{201d} must be a number from 0 to 1")
        );
        assert!(xgboost(&[("num_round", "10"), ("eta", "NaN")]).contains("eta"));
        assert!(xgboost(&[("num_round", "10"), ("booster", "gblinear")]).contains("not available in Counterpoise"));
        assert!(xgboost(&[("num_round", "10"), ("updater", "refresh")]).contains("leave it out"));
    }

    #[test]
    fn metrics_are_a_list_and_error_takes_a_threshold() {
        let metric = |list: &str| {
            says(Algorithm::XGBoost, &[("num_round", "1"), ("objective", "binary:logistic"), ("eval_metric", list)])
        };
        assert_eq!(metric("logloss, error,error@0.7"), "");
        assert!(metric("error@t").contains("eval_metric"));
        assert!(metric("logloss,bogus").contains("eval_metric"));
        assert!(metric("merror").contains("goes with multi:softmax"));
    }

    #[test]
    fn hyperparameters_that_need_each_other_say_so() {
        let several = &[("num_round", "1"), ("objective", "multi:softmax")];
        assert!(says(Algorithm::XGBoost, several).contains("num_class \u{201c}\u{201d} is required by multi:softmax"));
        assert!(
            says(Algorithm::XGBoost, &[("num_round", "1"), ("num_class", "3")]).contains("not with reg:squarederror")
        );
        assert!(says(Algorithm::XGBoost, &[("num_round", "1"), ("rate_drop", "0.1")]).contains("booster dart only"));
        assert!(
            says(Algorithm::LinearLearner, &[("predictor_type", "regressor"), ("loss", "logistic")])
                .contains("goes with predictor_type binary_classifier")
        );
        assert!(says(Algorithm::LinearLearner, &[("predictor_type", "multiclass_classifier")]).contains("num_classes"));
    }

    #[test]
    fn auto_is_a_word_where_sagemaker_takes_it() {
        let linear =
            |name: &str, value: &str| says(Algorithm::LinearLearner, &[("predictor_type", "regressor"), (name, value)]);
        assert_eq!(linear("learning_rate", "auto"), "");
        assert_eq!(linear("learning_rate", "0.01"), "");
        assert!(linear("learning_rate", "0").contains("auto, or a number above 0"));
        assert!(linear("epochs", "auto").contains("epochs"));
    }
}
