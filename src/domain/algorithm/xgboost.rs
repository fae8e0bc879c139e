//! The hyperparameters of SageMaker's built-in XGBoost, as its documentation lists them.

use std::collections::BTreeMap;

use super::Supported::{Ignored, Only, Refused, Yes};
use super::{Hyperparameter, Kind, Supported};
use crate::domain::invalid::Invalid;

const MAX: f64 = f64::MAX;
const SWITCH: Kind = Kind::Categorical(&["true", "false"]);

/// The objectives that train here, in SageMaker's spelling. `reg:linear` is the old name of `reg:squarederror`.
pub const OBJECTIVES: &[&str] = &[
    "reg:squarederror",
    "reg:linear",
    "reg:squaredlogerror",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:tweedie",
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
];

/// The metrics that can be asked for; in `error@t` the t stands for a threshold.
pub const METRICS: &[&str] = &[
    "rmse",
    "rmsle",
    "mae",
    "mape",
    "mphe",
    "mse",
    "r2",
    "logloss",
    "error",
    "error@t",
    "auc",
    "aucpr",
    "accuracy",
    "f1",
    "precision",
    "recall",
    "merror",
    "mlogloss",
    "poisson-nloglik",
    "gamma-nloglik",
    "gamma-deviance",
    "tweedie-nloglik",
];

const fn row(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    supported: Supported,
    help: &'static str,
) -> Hyperparameter {
    Hyperparameter { name, kind, default, required: false, common: false, supported, help }
}

const fn common(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Hyperparameter {
    Hyperparameter { name, kind, default, required: false, common: true, supported: Yes, help }
}

const fn from(min: f64) -> Kind {
    Kind::Continuous { min, max: MAX }
}

const fn share() -> Kind {
    Kind::Continuous { min: 0.0, max: 1.0 }
}

const fn count(min: i64) -> Kind {
    Kind::Integer { min, max: i64::MAX }
}

/// The table: common ones first, then by the alphabet.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "num_round",
        kind: Kind::Integer { min: 1, max: 1_000_000 },
        default: None,
        required: true,
        common: true,
        supported: Yes,
        help: "How many boosting rounds to run",
    },
    common(
        "objective",
        Kind::Categorical(OBJECTIVES),
        Some("reg:squarederror"),
        "What is learned: a number, a probability, a class",
    ),
    common("eta", share(), Some("0.3"), "Learning rate: how much of each tree is added"),
    common("max_depth", count(0), Some("6"), "Deepest level of a tree; 0 is no limit"),
    common(
        "eval_metric",
        Kind::List(METRICS),
        None,
        "Metrics to report every round, separated by commas; the last one decides early stopping",
    ),
    common(
        "early_stopping_rounds",
        count(1),
        None,
        "Stop when the metric has not improved for so many rounds; needs a validation channel",
    ),
    common("subsample", share(), Some("1"), "Share of the rows that a tree sees"),
    common(
        "num_class",
        Kind::Integer { min: 2, max: 1_000 },
        None,
        "How many classes; required by multi:softmax and multi:softprob",
    ),
    common("min_child_weight", from(0.0), Some("1"), "Smallest sum of weights (Hessian) in a leaf"),
    common("gamma", from(0.0), Some("0"), "Loss that a split must save"),
    common("lambda", from(0.0), Some("1"), "L2 penalty on leaf values"),
    common("alpha", from(0.0), Some("0"), "L1 penalty on leaf values"),
    common("seed", count(0), Some("0"), "Seed of all random choices"),
    row(
        "base_score",
        Kind::Continuous { min: -MAX, max: MAX },
        Some("0.5"),
        Yes,
        "The prediction before the first tree",
    ),
    row(
        "booster",
        Kind::Categorical(&["gbtree", "gblinear", "dart"]),
        Some("gbtree"),
        Only(&["gbtree", "dart"], "use the linear learner for a linear model"),
        "Which booster to use",
    ),
    row("colsample_bylevel", share(), Some("1"), Yes, "Share of the columns for each level"),
    row("colsample_bynode", share(), Some("1"), Yes, "Share of the columns for each split"),
    row("colsample_bytree", share(), Some("1"), Yes, "Share of the columns for each tree"),
    row(
        "csv_weights",
        Kind::Categorical(&["0", "1"]),
        Some("0"),
        Only(&["0"], "weights in the second CSV column are not read"),
        "Whether the column after the label holds weights",
    ),
    row(
        "deterministic_histogram",
        SWITCH,
        Some("true"),
        Only(&["true"], "training here is always deterministic"),
        "Same histograms in every run",
    ),
    row(
        "dsplit",
        Kind::Categorical(&["row", "col"]),
        Some("row"),
        Ignored("there is one machine"),
        "How to split the data between machines",
    ),
    row(
        "grow_policy",
        Kind::Categorical(&["depthwise", "lossguide"]),
        Some("depthwise"),
        Yes,
        "Split level by level, or where the loss falls most",
    ),
    row("huber_slope", from(0.0), Some("1"), Yes, "Where reg:pseudohubererror turns from square to line"),
    row(
        "interaction_constraints",
        Kind::Text,
        None,
        Yes,
        "Groups of columns that may meet in a branch: [[0,1],[2,3,4]]",
    ),
    row("lambda_bias", share(), Some("0"), Ignored("it concerns gblinear only"), "L2 penalty on the bias"),
    row("max_bin", Kind::Integer { min: 2, max: 65_535 }, Some("256"), Yes, "Most histogram bins for a column"),
    row("max_delta_step", from(0.0), Some("0"), Yes, "Largest step of a leaf; 0 is no limit"),
    row("max_leaves", count(0), Some("0"), Yes, "Most leaves of a tree; 0 is no limit"),
    row("monotone_constraints", Kind::Text, None, Yes, "One of -1, 0, 1 a column: (1,0,-1)"),
    row(
        "normalize_type",
        Kind::Categorical(&["tree", "forest"]),
        Some("tree"),
        Only(&["tree"], "dart normalises by tree here"),
        "How dart weighs new trees",
    ),
    row("nthread", count(1), None, Yes, "Threads; all when it is not given"),
    row("num_parallel_tree", Kind::Integer { min: 1, max: 1_000 }, Some("1"), Yes, "Trees a round (random forest)"),
    row("one_drop", Kind::Categorical(&["0", "1"]), Some("0"), Yes, "dart: always drop at least one tree"),
    row(
        "process_type",
        Kind::Categorical(&["default", "update"]),
        Some("default"),
        Only(&["default"], "there is no model to start from"),
        "Build new trees, or update given ones",
    ),
    row("rate_drop", share(), Some("0"), Yes, "dart: share of the trees to drop"),
    row(
        "refresh_leaf",
        Kind::Categorical(&["0", "1"]),
        Some("1"),
        Ignored("it concerns process_type update only"),
        "Whether the refresh updater changes leaves",
    ),
    row(
        "sample_type",
        Kind::Categorical(&["uniform", "weighted"]),
        Some("uniform"),
        Only(&["uniform"], "dart drops trees uniformly here"),
        "How dart chooses the trees to drop",
    ),
    row(
        "sampling_method",
        Kind::Categorical(&["uniform", "gradient_based"]),
        Some("uniform"),
        Yes,
        "How subsample chooses rows",
    ),
    row(
        "save_model_on_termination",
        SWITCH,
        Some("false"),
        Ignored("a stopped job always keeps what it learned"),
        "Keep the model of a stopped job",
    ),
    row(
        "scale_pos_weight",
        Kind::Continuous { min: f64::MIN_POSITIVE, max: MAX },
        Some("1"),
        Yes,
        "Weight of the positive class",
    ),
    row(
        "silent",
        Kind::Categorical(&["0", "1"]),
        Some("0"),
        Ignored("the job log is always written"),
        "Old name of verbosity 0",
    ),
    row(
        "single_precision_histogram",
        SWITCH,
        Some("false"),
        Ignored("histograms keep double precision"),
        "Histograms in single precision",
    ),
    row("sketch_eps", share(), Some("0.03"), Ignored("the bins follow max_bin"), "Accuracy of the approximate method"),
    row("skip_drop", share(), Some("0"), Yes, "dart: chance to skip the dropping in a round"),
    row(
        "tree_method",
        Kind::Categorical(&["auto", "exact", "approx", "hist", "gpu_hist"]),
        Some("auto"),
        Only(&["auto", "exact", "approx", "hist"], "there is no GPU"),
        "How splits are searched",
    ),
    row(
        "tweedie_variance_power",
        Kind::Continuous { min: 1.000_001, max: 1.999_999 },
        Some("1.5"),
        Yes,
        "Between 1 (Poisson) and 2 (gamma)",
    ),
    row("updater", Kind::Text, None, Refused("the updater follows from tree_method"), "Sequence of tree updaters"),
    row("use_dask_gpu_training", SWITCH, Some("false"), Only(&["false"], "there is no GPU"), "Train on several GPUs"),
    row(
        "verbosity",
        Kind::Integer { min: 0, max: 3 },
        Some("1"),
        Ignored("the job log is always the same"),
        "How much is logged",
    ),
];

/// Rules between hyperparameters: `num_class` goes with the multi objectives and only with them, dart's own need dart, metrics must fit the
/// objective, lossguide needs a bound.
pub fn validate_together(given: &BTreeMap<String, String>, broken: &mut Vec<Invalid>) {
    let get = |name: &str| given.get(name).map(|value| value.trim());
    let objective = get("objective").unwrap_or("reg:squarederror");
    let several = objective.starts_with("multi:");
    match (several, get("num_class")) {
        (true, None) => broken.push(Invalid::new("num_class", "", format!("is required by {objective}"))),
        (false, Some(classes)) => {
            broken.push(Invalid::new(
                "num_class",
                classes,
                format!("goes with multi:softmax and multi:softprob, not with {objective}"),
            ));
        }
        _ => {}
    }
    for metric in get("eval_metric").into_iter().flat_map(|metrics| metrics.split(',')).map(str::trim) {
        let name = metric.split('@').next().unwrap_or_default();
        let for_several = ["merror", "mlogloss", "accuracy", "f1", "precision", "recall"].contains(&name);
        let for_one = !["merror", "mlogloss"].contains(&name);
        if several && !for_several {
            broken.push(Invalid::new(
                "eval_metric",
                metric,
                format!("does not go with {objective}: use merror, mlogloss, accuracy, f1, precision or recall"),
            ));
        } else if !several && !for_one {
            broken.push(Invalid::new(
                "eval_metric",
                metric,
                format!("goes with multi:softmax and multi:softprob, not with {objective}"),
            ));
        }
    }
    if get("booster") != Some("dart") {
        for name in ["rate_drop", "skip_drop", "one_drop", "sample_type", "normalize_type"] {
            if let Some(value) = get(name) {
                broken.push(Invalid::new(name, value, "goes with booster dart only"));
            }
        }
    }
    if let Some(value) = get("tweedie_variance_power")
        && objective != "reg:tweedie"
    {
        broken.push(Invalid::new("tweedie_variance_power", value, "goes with objective reg:tweedie only"));
    }
    if let Some(value) = get("huber_slope")
        && objective != "reg:pseudohubererror"
    {
        broken.push(Invalid::new("huber_slope", value, "goes with objective reg:pseudohubererror only"));
    }
    let probability = ["reg:logistic", "binary:logistic"].contains(&objective);
    if let Some(base) = get("base_score")
        && probability
        && !base.parse::<f64>().is_ok_and(|base| base > 0.0 && base < 1.0)
    {
        broken.push(Invalid::new(
            "base_score",
            base,
            format!("must be between 0 and 1 (neither included) for {objective}"),
        ));
    }
    if get("grow_policy") == Some("lossguide")
        && get("max_depth") == Some("0")
        && get("max_leaves").unwrap_or("0") == "0"
    {
        broken.push(Invalid::new(
            "max_leaves",
            "0",
            "must be at least 1 when grow_policy is lossguide and max_depth is 0",
        ));
    }
}
