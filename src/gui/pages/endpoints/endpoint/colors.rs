//! Which colour a variant wears: the same for as long as it lives on its endpoint, whatever comes and goes beside it.

use std::collections::BTreeMap;

use crate::domain::endpoint::{DeploymentOutcome, Endpoint};
use crate::workspace::Snapshot;

/// Variant name → position in the theme's list of variant colours.
///
/// The endpoint's deployments are replayed: a variant that stays keeps its colour, a new one gets the first that is free.
/// The variants of a configuration that is being moved to come last, so that what serves never changes colour.
pub(super) fn of(snapshot: &Snapshot, endpoint: &Endpoint) -> BTreeMap<String, usize> {
    let mut colors: BTreeMap<String, usize> = BTreeMap::new();
    let good = endpoint.deployments.iter().filter(|d| d.outcome == DeploymentOutcome::Succeeded);
    for deployment in good {
        if let Some(config) = snapshot.endpoint_configs.get(&deployment.config_name) {
            replace(&mut colors, config.all_variants().map(|v| v.name.as_str()));
        }
    }
    replace(&mut colors, endpoint.all_variants().map(|v| v.name.as_str()));
    if let Some(config) = endpoint.requested_config.as_ref().and_then(|name| snapshot.endpoint_configs.get(name)) {
        for variant in config.all_variants() {
            add(&mut colors, &variant.name);
        }
    }
    colors
}

fn replace<'a>(colors: &mut BTreeMap<String, usize>, names: impl Iterator<Item = &'a str> + Clone) {
    colors.retain(|known, _| names.clone().any(|name| name == known));
    for name in names {
        add(colors, name);
    }
}

fn add(colors: &mut BTreeMap<String, usize>, name: &str) {
    if !colors.contains_key(name) {
        // One of the first n + 1 positions is free where n are taken.
        let free = (0..=colors.len()).find(|position| !colors.values().any(|used| used == position)).unwrap_or(0);
        colors.insert(name.to_owned(), free);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stays_keeps_its_colour() {
        let mut colors = BTreeMap::new();
        replace(&mut colors, ["a", "b"].into_iter());
        replace(&mut colors, ["b", "c"].into_iter());
        assert_eq!((colors["b"], colors["c"], colors.len()), (1, 0, 2));
        replace(&mut colors, ["c", "b", "a"].into_iter());
        assert_eq!((colors["a"], colors["b"], colors["c"]), (2, 1, 0));
    }
}
