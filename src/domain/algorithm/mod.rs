//! The built-in algorithms and their hyperparameters: one table an algorithm, which the wizard, the checks and the documentation all read.

pub mod linear_learner;
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
    /// One or several of some words, separated by commas.
    List(&'static [&'static str]),
    /// Free text that the algorithm's own check reads (nested lists such as XGBoost's constraints).
    Text,
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
        let good = match self.kind {
            Kind::Integer { min, max } => value.trim().parse::<i64>().is_ok_and(|v| (min..=max).contains(&v)),
            Kind::Continuous { min, max } => value.trim().parse::<f64>().is_ok_and(|v| v >= min && v <= max),
            Kind::Categorical(words) => words.contains(&value.trim()),
            Kind::List(words) => value.split(',').all(|word| words.contains(&word.trim())),
            Kind::Text => true,
        };
        if good { Ok(()) } else { Err(Invalid::new(self.name, value, format!("must be {}", self.range()))) }
    }

    /// The range in words: "a whole number from 1 to 1,000,000".
    pub fn range(&self) -> String {
        match self.kind {
            Kind::Integer { min, max: i64::MAX } => format!("a whole number that is at least {min}"),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Continuous { min, max } if max == f64::MAX && min == f64::MIN => "a number".to_owned(),
            Kind::Continuous { min, max } if max == f64::MAX => format!("a number that is at least {min}"),
            Kind::Continuous { min, max } => format!("a number from {min} to {max}"),
            Kind::Categorical(words) => format!("one of {}", words.join(", ")),
            Kind::List(words) => format!("one or more of {}, separated by commas", words.join(", ")),
            Kind::Text => "text".to_owned(),
        }
    }
}
