"""A job's metric curves as a table, as both lines of the SDK fetch them from CloudWatch. analytics.py DATA_FOLDER JOB"""

import sys

import boto3
import sagemaker
from sagemaker.analytics import TrainingJobAnalytics

job = sys.argv[2]
session = sagemaker.Session()
named = TrainingJobAnalytics(job, metric_names=["validation:rmse"], sagemaker_session=session)
table = named.dataframe()
print(table)
assert list(table.columns) == ["timestamp", "metric_name", "value"]
assert set(table["metric_name"]) == {"validation:rmse"}
assert table["timestamp"].min() == 0
assert (table["value"] > 0).all()

# Without names it asks for all that the job's description defines.
everything = TrainingJobAnalytics(job, sagemaker_session=session).dataframe()
measured = {f"{channel}:{metric}" for channel in ("train", "validation") for metric in ("rmse", "mae")}
assert set(everything["metric_name"]) == measured, everything

final = session.sagemaker_client.describe_training_job(TrainingJobName=job)["FinalMetricDataList"]
final = {metric["MetricName"]: metric["Value"] for metric in final}
seconds = TrainingJobAnalytics(job, metric_names=["validation:rmse"], sagemaker_session=session, period=1).dataframe()
assert seconds["value"].min() < table["value"].max() + 1e-9
assert final["validation:rmse"] <= seconds["value"].max() + 1e-9
print("protocol", boto3.client("cloudwatch").meta.service_model.metadata["protocol"])
