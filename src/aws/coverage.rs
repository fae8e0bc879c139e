//! How much of AWS is here, as a number a service: counted from the tables that dispatch, held against AWS's own model, and kept true in the
//! README.

use super::model::{self, ModelOf};
use super::{cloudwatch, iam, logs, runtime, s3, sagemaker, sts, training_metrics};

const README: &str = include_str!("../../README.md");

fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

/// The operations of a service that are dispatched.
fn implemented(service: ModelOf) -> Vec<&'static str> {
    match service {
        ModelOf::SageMaker => names(sagemaker::OPERATIONS),
        ModelOf::Runtime => names(&runtime::OPERATIONS),
        ModelOf::Metrics => names(training_metrics::OPERATIONS),
        ModelOf::S3 => s3::OPERATIONS.to_vec(),
        ModelOf::Sts => names(&sts::OPERATIONS),
        ModelOf::Iam => names(&iam::OPERATIONS),
        ModelOf::Logs => names(logs::OPERATIONS),
        ModelOf::CloudWatch => names(cloudwatch::OPERATIONS),
    }
}

/// The table as the README has it.
fn table() -> String {
    let mut table = "| Service | Operations here / in AWS's model |\n| --- | --- |\n".to_owned();
    for service in ModelOf::ALL {
        let (here, all) = (implemented(service).len(), model::operations(service).len());
        table.extend([format!("| `{}` | {here} / {all} |\n", service.name())]);
    }
    table
}

#[test]
fn every_operation_is_one_of_awss_and_stands_once_in_its_table() {
    for service in ModelOf::ALL {
        let mut names = implemented(service);
        for name in &names {
            assert!(model::has(service, name), "{} has no operation {name}", service.name());
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{} has an operation twice", service.name());
    }
}

#[test]
fn the_readme_tells_how_many_operations_there_are() {
    let table = table();
    assert!(README.replace("\r\n", "\n").contains(&table), "README.md must have this table:\n\n{table}");
}
