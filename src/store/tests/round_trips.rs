//! What goes in comes out, whatever it is; batches whole or not at all.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{model, open, strategies};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::traffic_test::TrafficTest;
use crate::store::{Batch, EVENTS_KEPT, StoreError, event_key};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// One record of every type in one batch, read back by another process's eyes: after the database has been opened again.
    #[test]
    fn every_record_type_survives(
        bucket in strategies::bucket(),
        object in strategies::object(),
        job in strategies::training_job(),
        model in strategies::model(),
        config in strategies::endpoint_config(),
        endpoint in strategies::endpoint(),
        test in strategies::traffic_test(),
        event in strategies::event(),
        key in "[^/\u{0}]{0,40}",
    ) {
        let folder = tempfile::tempdir().unwrap();
        {
            let store = open(folder.path()).store;
            let mut batch = Batch::new();
            batch
                .put(store.buckets(), &key, &bucket)
                .put(store.training_jobs(), &key, &job)
                .put(store.models(), &key, &model)
                .put(store.endpoint_configs(), &key, &config)
                .put(store.endpoints(), &key, &endpoint)
                .put(store.traffic_tests(), &key, &test)
                .push_event(&event);
            store.commit(batch).unwrap();
        }
        let store = open(folder.path()).store;
        // An object's record without a body does not outlive a start, so this one is read at once.
        let mut batch = Batch::new();
        batch.put(store.objects_meta(), &key, &object);
        store.commit(batch).unwrap();
        prop_assert_eq!(store.objects_meta().all().unwrap(), vec![(key.clone(), object)]);
        prop_assert_eq!(store.buckets().all().unwrap(), vec![(key.clone(), bucket)]);
        prop_assert_eq!(store.training_jobs().get(&key).unwrap(), Some(job));
        prop_assert_eq!(store.models().get(&key).unwrap(), Some(model));
        prop_assert_eq!(store.endpoint_configs().get(&key).unwrap(), Some(config));
        prop_assert_eq!(store.endpoints().get(&key).unwrap(), Some(endpoint));
        prop_assert_eq!(store.traffic_tests().get(&key).unwrap(), Some(test));
        prop_assert_eq!(store.events().get(&event_key(event.number)).unwrap(), Some(event));
    }

    /// The store does to two tables what a map would do, over any sequence of batches, and opens again with the same.
    #[test]
    fn batches_do_what_maps_do(
        batches in prop::collection::vec(prop::collection::vec((any::<bool>(), 0_u8..12, prop::option::of(0_u8..200)), 0..8), 1..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected: [BTreeMap<String, Model>; 2] = Default::default();
        {
            let store = open(folder.path()).store;
            for changes in &batches {
                let mut batch = Batch::new();
                for (configs, key, value) in changes {
                    let key = format!("k{key}");
                    let table = &mut expected[usize::from(*configs)];
                    let Some(value) = value else {
                        if *configs {
                            batch.delete(store.endpoint_configs(), &key);
                        } else {
                            batch.delete(store.models(), &key);
                        }
                        table.remove(&key);
                        continue;
                    };
                    let made = model(&format!("m{value}"));
                    if *configs {
                        let (name, created) = (made.name.clone(), made.created);
                        let config = EndpointConfig { name, variants: Vec::new(), shadow_variants: Vec::new(), created, tags: Vec::new(), data_capture: None, extras: Extras::default() };
                        batch.put(store.endpoint_configs(), &key, &config);
                    } else {
                        batch.put(store.models(), &key, &made);
                    }
                    table.insert(key, made);
                }
                store.commit(batch).unwrap();
            }
        }
        let opened = open(folder.path());
        prop_assert_eq!(&opened.restored, &None);
        let models: BTreeMap<String, Model> = opened.store.models().all().unwrap().into_iter().collect();
        prop_assert_eq!(models, expected[0].clone());
        let configs: Vec<(String, String)> =
            opened.store.endpoint_configs().all().unwrap().into_iter().map(|(key, config)| (key, config.name)).collect();
        let wanted: Vec<(String, String)> = expected[1].iter().map(|(key, model)| (key.clone(), model.name.clone())).collect();
        prop_assert_eq!(configs, wanted);
    }
}

#[test]
fn a_batch_with_one_bad_record_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let mut bad: TrafficTest = serde_json::from_str(
        r#"{"spec":{"endpoint":"e","data":"s3://my-bucket/a","requests_per_second":1.0,"duration_s":1,"rows_per_request":1,"connections":1,"seed":1},
            "status":"Running","started":1,"ended":null,"planned":1,"sent":0,"failed":0,"failure_reason":null}"#,
    )
    .unwrap();
    bad.spec.requests_per_second = f64::NAN;
    let mut batch = Batch::new();
    batch.put(store.models(), "a", &model("a")).put(store.traffic_tests(), "t", &bad);
    batch.put(store.models(), "b", &model("b"));
    let error = store.commit(batch).unwrap_err();
    assert!(matches!(&error, StoreError::Record { table: "traffic_tests", key, .. } if key == "t"), "{error}");
    assert_eq!(store.models().all().unwrap(), Vec::new());
}

#[test]
fn readers_never_see_half_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let writer = store.clone();
    let thread = std::thread::spawn(move || {
        for round in 0..50 {
            let name = format!("round-{round}");
            let mut batch = Batch::new();
            for key in ["a", "b"] {
                batch.put(writer.models(), key, &model(&name));
            }
            writer.commit(batch).unwrap();
        }
    });
    let mut last = 0;
    loop {
        let done = thread.is_finished();
        // `a` is read first and `b` later, so `b` may be newer, never older.
        let round = |key| -> Option<u32> {
            store.models().get(key).unwrap().map(|model| model.name.trim_start_matches("round-").parse().unwrap())
        };
        if let Some(a) = round("a") {
            let b = round("b").expect("a and b came together");
            assert!(b >= a && a >= last, "a is at {a}, b at {b}, a was at {last}");
            last = a;
        }
        if done {
            break;
        }
    }
    thread.join().unwrap();
    assert_eq!(last, 49);
}

#[test]
fn old_events_go_as_new_ones_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let event = |number| crate::domain::event::Event {
        number,
        at: crate::domain::time::Timestamp(1),
        severity: crate::domain::event::Severity::Info,
        text: "something happened".to_owned(),
        detail: None,
        about: None,
    };
    let mut batch = Batch::new();
    for number in 0..EVENTS_KEPT {
        batch.push_event(&event(number));
    }
    store.commit(batch).unwrap();
    let mut batch = Batch::new();
    batch.push_event(&event(EVENTS_KEPT)).push_event(&event(EVENTS_KEPT + 1));
    store.commit(batch).unwrap();
    let numbers: Vec<u64> = store.events().all().unwrap().into_iter().map(|(_, event)| event.number).collect();
    assert_eq!(numbers, (2..EVENTS_KEPT + 2).collect::<Vec<_>>());
}

/// sled keeps values above 128 kB in files of their own.
#[test]
fn large_records_survive_replacement_and_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let large = |letter: &str| Model { execution_role_arn: Some(letter.repeat(400_000)), ..model("large") };
    for round in ["a", "b", "c"] {
        let store = open(folder.path()).store;
        let mut batch = Batch::new();
        batch.put(store.models(), "kept", &large(round)).put(store.models(), round, &large(round));
        store.commit(batch).unwrap();
    }
    let opened = open(folder.path());
    let store = opened.store;
    assert_eq!(opened.restored, None);
    for (key, letter) in [("kept", "c"), ("a", "a"), ("b", "b"), ("c", "c")] {
        assert!(store.models().get(key).unwrap() == Some(large(letter)), "{key}");
    }
    let mut batch = Batch::new();
    for key in ["kept", "a", "b", "c"] {
        batch.delete(store.models(), key);
    }
    store.commit(batch).unwrap();
    drop(store);
    assert_eq!(open(folder.path()).store.models().all().unwrap().len(), 0);
}
