//! XGBoost's model files, JSON and UBJSON of every age, into a [`TreeModel`]. Whatever is not understood is refused, never guessed.

use super::document::Value;
use super::forest::{Branch, TreeModel};
use super::objective::{Link, Objective};

/// More outputs than any model has; protects memory from a file that lies.
const MAX_GROUPS: f64 = 100_000.0;

/// Reads a model file.
///
/// The base score is stored as a number, as `"5E-1"` or as `"[5E-1]"`, always in the space of the answer: it is turned into a margin here.
/// A `best_iteration` attribute cuts the model there, as SageMaker's container and XGBoost's scikit-learn classes do.
///
/// # Errors
/// What is wrong with the file, or what in it is not supported.
pub fn read_model(bytes: &[u8]) -> Result<TreeModel, String> {
    if bytes.starts_with(b"binf") {
        return Err("it is in XGBoost's old binary format: load it in Python and save it with save_model(\"xgboost-model.json\")".to_owned());
    }
    if bytes.first() == Some(&0x80) {
        return Err(
            "it is a Python pickle, which could run anything: save the booster with save_model(\"xgboost-model.json\")"
                .to_owned(),
        );
    }
    from_document(&Value::read(bytes)?)
}

/// Reads the document of a model.
///
/// # Errors
/// As [`read_model`].
pub(super) fn from_document(document: &Value) -> Result<TreeModel, String> {
    let learner = document.get("learner").ok_or("it has no learner: it is not an XGBoost model")?;
    let parameters = member(learner, "learner_model_param")?;
    let booster = member(learner, "gradient_booster")?;
    let name = member(booster, "name")?.text().unwrap_or_default();
    let (model, weights) = match name {
        "gbtree" => {
            let model = member(booster, "model")?;
            (model, model.get("weight_drop"))
        }
        "dart" => (member(member(booster, "gbtree")?, "model")?, booster.get("weight_drop")),
        "gblinear" => {
            return Err("its booster is gblinear, a linear model: only gbtree and dart can be served".to_owned());
        }
        other => return Err(format!("its booster \u{201c}{other}\u{201d} is not known")),
    };
    let count = |name: &str, least: f64| -> Result<f64, String> {
        match parameters.get(name).map(Value::number) {
            None => Ok(least),
            Some(Some(number)) if number >= 0.0 && number.fract() == 0.0 => Ok(number.max(least)),
            Some(_) => Err(format!("its {name} is not a count")),
        }
    };
    let (features, classes, targets) =
        (count("num_feature", 0.0)?, count("num_class", 0.0)?, count("num_target", 1.0)?);
    if targets > 1.0 {
        return Err(format!("it predicts {targets} targets at once, which is not supported"));
    }
    if classes > MAX_GROUPS || features > f64::from(u32::MAX >> 2) {
        return Err("it claims an impossible number of classes or features".to_owned());
    }
    let groups = classes.max(1.0) as usize;
    let objective_name =
        learner.get("objective").and_then(|o| o.get("name")).and_then(Value::text).unwrap_or("reg:squarederror");
    let objective = Objective::from_name(objective_name, groups as u32)
        .ok_or_else(|| format!("its objective \u{201c}{objective_name}\u{201d} is not supported"))?;
    let several = matches!(objective.link, Link::Softmax | Link::Argmax);
    if several != (groups > 1) {
        return Err(format!("its objective {objective_name} does not go with num_class {classes}"));
    }
    let bases = base_scores(parameters.get("base_score"), objective, groups)?;
    let trees = match member(model, "trees")? {
        Value::List(trees) => trees.as_slice(),
        Value::Numbers(none) if none.is_empty() => &[],
        _ => return Err("its trees are not a list".to_owned()),
    };
    let info = model.get("tree_info").and_then(Value::numbers).ok_or("it has no tree_info")?;
    if info.len() != trees.len() {
        return Err(format!("it has {} trees, but tree_info speaks of {}", trees.len(), info.len()));
    }
    let weights = match weights {
        Some(weights) => {
            Some(weights.numbers().filter(|w| w.len() == trees.len()).ok_or("its weight_drop does not fit its trees")?)
        }
        None => None,
    };
    let keep = best_trees(learner, model, groups).unwrap_or(trees.len()).min(trees.len());
    let mut forest = TreeModel::new(features as usize, objective, bases);
    for (at, tree) in trees[..keep].iter().enumerate() {
        let group = info[at];
        if !(group >= 0.0 && (group as usize) < groups) {
            return Err(format!("tree {at} belongs to class {group}, but there are {groups}"));
        }
        let weight = weights.as_ref().map_or(1.0, |weights| weights[at] as f32);
        let branches = branches(tree).map_err(|what| format!("tree {at} {what}"))?;
        forest.push(group as u32, &branches, weight).map_err(|what| format!("tree {at} {what}"))?;
    }
    Ok(forest.finish())
}

fn member<'a>(value: &'a Value, name: &str) -> Result<&'a Value, String> {
    value.get(name).ok_or_else(|| format!("it has no {name}: it is not a whole XGBoost model"))
}

/// The margins before the first tree.
fn base_scores(stored: Option<&Value>, objective: Objective, groups: usize) -> Result<Vec<f32>, String> {
    let wrong = || "its base_score is not a number in the objective's range".to_owned();
    let scores: Vec<f32> = match stored {
        None => vec![0.5],
        Some(Value::Text(text)) if text.trim_start().starts_with('[') => text
            .trim()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .split(',')
            .map(|part| part.trim().parse::<f32>())
            .collect::<Result<_, _>>()
            .map_err(|_| wrong())?,
        Some(Value::Text(text)) => vec![text.trim().parse::<f32>().map_err(|_| wrong())?],
        Some(Value::Numbers(numbers)) => numbers.iter().map(|number| *number as f32).collect(),
        Some(other) => vec![other.number().ok_or_else(wrong)? as f32],
    };
    let scores = match scores.len() {
        1 => vec![scores[0]; groups],
        count if count == groups => scores,
        count => return Err(format!("it has {count} base scores for {groups} outputs")),
    };
    if !scores.iter().all(|score| objective.takes(*score)) {
        return Err(wrong());
    }
    Ok(scores.into_iter().map(|score| objective.margin(score)).collect())
}

/// How many trees make up the rounds up to `best_iteration`, where the file names one.
fn best_trees(learner: &Value, model: &Value, groups: usize) -> Option<usize> {
    let best = learner.get("attributes")?.get("best_iteration")?.number().filter(|best| *best >= 0.0)? as usize;
    if let Some(end) =
        model.get("iteration_indptr").and_then(Value::numbers).and_then(|ends| ends.get(best + 1).copied())
    {
        return Some(end as usize);
    }
    let parallel = model.get("gbtree_model_param")?.get("num_parallel_tree")?.number()?.max(1.0) as usize;
    Some((best + 1).saturating_mul(parallel).saturating_mul(groups))
}

fn branches(tree: &Value) -> Result<Vec<Branch>, String> {
    let column = |name: &str| tree.get(name).and_then(Value::numbers).ok_or_else(|| format!("has no {name}"));
    let (left, right) = (column("left_children")?, column("right_children")?);
    let (features, conditions) = (column("split_indices")?, column("split_conditions")?);
    let defaults = column("default_left")?;
    let vector = tree.get("tree_param").and_then(|p| p.get("size_leaf_vector")).and_then(Value::number).unwrap_or(0.0);
    if vector > 1.0 {
        return Err("has leaves that are vectors (multi_strategy multi_output_tree), which is not supported".to_owned());
    }
    let count = left.len();
    if [right.len(), features.len(), conditions.len(), defaults.len()].iter().any(|len| *len != count) {
        return Err("has columns of different lengths".to_owned());
    }
    let kinds = tree.get("split_type").and_then(Value::numbers);
    let mut branches = Vec::with_capacity(count);
    for at in 0..count {
        let value = conditions[at] as f32;
        if left[at] < 0.0 {
            if !value.is_finite() {
                return Err(format!("has a leaf (node {at}) that is not a number"));
            }
            branches.push(Branch::Leaf(value));
            continue;
        }
        if kinds.as_ref().and_then(|kinds| kinds.get(at)).is_some_and(|kind| *kind != 0.0) {
            return Err(
                "splits on categories (enable_categorical), which is not supported: encode them as numbers".to_owned()
            );
        }
        if right[at] < 0.0 || features[at] < 0.0 || features[at] > f64::from(u32::MAX) {
            return Err(format!("has a broken node ({at})"));
        }
        branches.push(Branch::Split {
            feature: features[at] as u32,
            threshold: value,
            default_left: defaults[at] != 0.0,
            left: left[at] as usize,
            right: right[at] as usize,
        });
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::{Dense, Matrix};

    const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/voice2gender_xgb.json");

    fn answer(model: &TreeModel, row: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        model.predict(&Matrix::Dense(Dense::new(1, row.len(), row.to_vec()).unwrap()), &mut out);
        out
    }

    #[test]
    fn a_model_of_the_wild_answers_as_xgboost_does() {
        let model = read_model(FIXTURE).unwrap();
        assert_eq!((model.features(), model.trees()), (20, 250));
        assert!((answer(&model, &[0.0; 20])[0] - 0.129_966_26).abs() < 1e-7);
        let ubj = Value::read(FIXTURE).unwrap().write_ubj();
        assert_eq!(read_model(&ubj).unwrap(), model);
    }

    fn small(base: &str, objective: &str, extra: &str) -> String {
        format!(
            r#"{{"learner":{{"attributes":{{{extra}}},"learner_model_param":{{"base_score":{base},"num_class":"0","num_feature":"2"}},
            "objective":{{"name":"{objective}"}},"gradient_booster":{{"name":"gbtree","model":{{
            "gbtree_model_param":{{"num_parallel_tree":"1"}},"tree_info":[0,0],"trees":[
            {{"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[1,0,0],"split_conditions":[0.5,-1,1],
              "default_left":[true,false,false],"tree_param":{{"num_nodes":"3"}}}},
            {{"left_children":[-1],"right_children":[-1],"split_indices":[0],"split_conditions":[0.25],"default_left":[0]}}]}}}}}},"version":[1,0,0]}}"#
        )
    }

    #[test]
    fn the_base_score_is_read_at_every_age() {
        for base in ["0.8", "\"8E-1\"", "\"[8E-1]\"", "\"[0.8]\"", "[0.8]"] {
            let model = read_model(small(base, "binary:logistic", "").as_bytes()).unwrap();
            let margin = -(1.0_f32 / 0.8 - 1.0).ln() + 1.0 + 0.25;
            assert!((answer(&model, &[0.0, 0.7])[0] - 1.0 / (1.0 + (-margin).exp())).abs() < 1e-6, "{base}");
        }
        assert!(read_model(small("\"[2]\"", "binary:logistic", "").as_bytes()).unwrap_err().contains("base_score"));
        assert!(read_model(small("\"x\"", "reg:linear", "").as_bytes()).unwrap_err().contains("base_score"));
        let linear = read_model(small("\"5E-1\"", "reg:linear", "").as_bytes()).unwrap();
        assert_eq!(answer(&linear, &[0.0, f32::NAN]), [-0.25]);
    }

    #[test]
    fn best_iteration_cuts_the_model() {
        let model = read_model(small("0", "reg:squarederror", r#""best_iteration":"0""#).as_bytes()).unwrap();
        assert_eq!(model.trees(), 1);
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        let say = |text: &str| read_model(text.as_bytes()).unwrap_err();
        let good = small("0", "reg:squarederror", "");
        assert!(say(&small("0", "rank:xyz", "")).contains("rank:xyz"));
        assert!(say(&good.replace("gbtree\"", "gblinear\"")).contains("gblinear"));
        assert!(say(&good.replace("\"tree_param\"", "\"split_type\":[1,0,0],\"tree_param\"")).contains("categories"));
        assert!(say(&good.replace("\"num_nodes\":\"3\"", "\"size_leaf_vector\":\"3\"")).contains("vectors"));
        assert!(say(&good.replace("\"num_class\":\"0\"", "\"num_class\":\"3\"")).contains("num_class 3"));
        assert!(say(&good.replace("[0,0]", "[0]")).contains("tree_info"));
        assert!(say(&good.replace("[1,-1,-1]", "[0,-1,-1]")).contains("tree 0"));
        assert!(say("{\"learner\":{}}").contains("learner_model_param"));
        assert!(read_model(b"binf....").unwrap_err().contains("old binary"));
        assert!(read_model(b"\x80\x04\x95").unwrap_err().contains("pickle"));
        assert!(read_model(b"hello").unwrap_err().contains("neither"));
    }
}
