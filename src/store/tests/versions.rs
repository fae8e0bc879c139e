//! Records and databases of older versions, and of newer ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::open;
use crate::store::db::{Db, storage_key};
use crate::store::error::StoreError;
use crate::store::migrations::{Everything, Migration, migrate, schema_of};
use crate::store::records::{Record, Records, Upgrade, decode, encode};

/// A record type in its third version: version 1 had one `name`, version 2 a list of `names`, version 3 counts them too.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Team {
    names: Vec<String>,
    count: usize,
}

impl Record for Team {
    const TABLE: &'static str = "teams";
    const UPGRADES: &'static [Upgrade] = &[
        |data| {
            let name = data.get("name").and_then(Value::as_str).ok_or("there is no name")?;
            Ok(json!({ "names": [name] }))
        },
        |mut data| {
            let count = data.get("names").and_then(Value::as_array).ok_or("there are no names")?.len();
            data["count"] = json!(count);
            Ok(data)
        },
    ];
}

fn empty_db(folder: &std::path::Path) -> Db {
    Db::open(&folder.join("db")).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn older_records_are_brought_up_to_date_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let db = std::sync::Arc::new(empty_db(folder.path()));
    let rows = [
        ("one", r#"{"v":1,"data":{"name":"ann"}}"#),
        ("two", r#"{"v":2,"data":{"names":["ann","bob"]}}"#),
        ("three", r#"{"v":3,"data":{"names":[],"count":0}}"#),
    ];
    let changes = rows.iter().map(|(key, json)| (storage_key("teams", key), Some(json.as_bytes().to_vec()))).collect();
    db.commit(&changes).unwrap();
    let teams: Records<Team> = Records::new(db);
    let team = |names: &[&str]| Some(Team { names: names.iter().map(|&n| n.to_owned()).collect(), count: names.len() });
    assert_eq!(teams.get("one").unwrap(), team(&["ann"]));
    assert_eq!(teams.get("two").unwrap(), team(&["ann", "bob"]));
    assert_eq!(teams.get("three").unwrap(), team(&[]));
    assert_eq!(encode("x", &team(&[]).unwrap()).unwrap(), br#"{"v":3,"data":{"names":[],"count":0}}"#);
}

#[test]
fn what_cannot_be_read_says_which_record_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let db = empty_db(folder.path());
    let error = |json: &str| decode::<Team>(&db, "k", json.as_bytes()).unwrap_err();
    assert_eq!(error(r#"{"v":1,"data":{}}"#).to_string(), "record teams/k: there is no name");
    assert!(matches!(error(r#"{"v":4,"data":{}}"#), StoreError::Newer { found: 4, known: 3, .. }));
    assert!(matches!(error(r#"{"v":0,"data":{}}"#), StoreError::Record { .. }));
    assert!(matches!(error("nonsense"), StoreError::Record { .. }));
}

/// Renames a table, and gives it one record more.
const STEPS: [Migration; 2] = [
    Migration {
        what: "crews are called teams",
        run: |everything| {
            let old: Vec<_> = everything.keys().filter(|(table, _)| table == "crews").cloned().collect();
            for at in old {
                let value = everything.remove(&at).ok_or("it went away")?;
                everything.insert(("teams".to_owned(), at.1), value);
            }
            Ok(())
        },
    },
    Migration {
        what: "there is always a team of nobody",
        run: |everything: &mut Everything| {
            let nobody = br#"{"v":3,"data":{"names":[],"count":0}}"#.to_vec();
            everything.insert(("teams".to_owned(), "nobody".to_owned()), nobody);
            Ok(())
        },
    },
];

#[test]
fn an_older_database_is_migrated_once_and_backed_up_before() {
    let folder = tempfile::tempdir().unwrap();
    let db = std::sync::Arc::new(empty_db(folder.path()));
    let changes = BTreeMap::from([
        (storage_key("meta", "schema"), Some(b"1".to_vec())),
        (storage_key("crews", "one"), Some(br#"{"v":1,"data":{"name":"ann"}}"#.to_vec())),
    ]);
    db.commit(&changes).unwrap();
    let mut backed_up = None;
    migrate(&db, &STEPS, |from| {
        backed_up = Some(from);
        Ok(())
    })
    .unwrap();
    assert_eq!(backed_up, Some(1));
    assert_eq!(schema_of(&db).unwrap(), Some(3));
    assert_eq!(db.get("crews", "one").unwrap(), None);
    let teams: Records<Team> = Records::new(std::sync::Arc::clone(&db));
    let keys: Vec<String> = teams.all().unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["nobody", "one"]);
    migrate(&db, &STEPS, |_| panic!("there is nothing to do")).unwrap();
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = empty_db(folder.path());
    db.commit(&BTreeMap::from([(storage_key("meta", "schema"), Some(b"1".to_vec()))])).unwrap();
    let before = db.dump().unwrap();
    let failing = [
        Migration {
            what: "adds one",
            run: |all| all.insert(("t".into(), "k".into()), b"1".to_vec()).map_or(Ok(()), |_| Err("twice".into())),
        },
        Migration { what: "stumbles", run: |_| Err("over a stone".to_owned()) },
    ];
    let error = migrate(&db, &failing, |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("stumbles: over a stone"), "{error}");
    assert_eq!(db.dump().unwrap(), before);
}

#[test]
fn a_workspace_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    {
        let db = empty_db(folder.path());
        db.commit(&BTreeMap::from([(storage_key("meta", "schema"), Some(b"99".to_vec()))])).unwrap();
    }
    let error = crate::store::Store::open(folder.path(), &crate::util::clock::Clock::paused(1)).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert_eq!(schema_of(&empty_db(folder.path())).unwrap(), Some(99));
}

/// Records of every table as version 1 wrote them. What is in this file has been on people's disks: when a type changes so that this fails, add an
/// upgrade to its line in the table of tables (or `#[serde(default)]` to a new field), and leave the file alone.
const VERSION_1: &str = include_str!("records_v1.jsonl");

#[test]
fn records_of_version_1_can_be_read() {
    #[derive(Deserialize)]
    struct Line {
        table: String,
        key: String,
        value: Value,
    }
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let lines: Vec<Line> = VERSION_1.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let changes = lines.iter().map(|line| (storage_key(&line.table, &line.key), serde_json::to_vec(&line.value).ok()));
    store.0.db.commit(&changes.collect()).unwrap();
    let job = &store.training_jobs().all().unwrap()[0].1;
    assert_eq!((job.final_metric("validation:rmse"), job.spec.channels.len()), (Some(3.25), 2));
    let endpoint = &store.endpoints().all().unwrap()[0].1;
    assert_eq!((endpoint.deployments[0].stages.len(), endpoint.weight_changes.len()), (5, 1));
    assert_eq!(store.models().all().unwrap()[0].1.environment.len(), 1);
    assert_eq!(store.endpoint_configs().all().unwrap()[0].1.variants.len(), 1);
    assert_eq!(store.buckets().all().unwrap()[0].1.tags.len(), 1);
    assert_eq!(store.objects_meta().all().unwrap()[0].1.size, 4);
    assert_eq!(store.traffic_tests().all().unwrap()[0].1.planned, 600);
    assert_eq!(store.events().all().unwrap()[0].1.text, "Endpoint boston-live is in service");
    assert_eq!(lines.len(), 8, "a line a table");
}
