"""The AWS command line, with the environment alone."""

import datetime
import json
import pathlib
import subprocess
import sys
import urllib.request

import pytest

from support import work

BIG = bytes(range(256)) * 4096 * 9
"""9 MiB: from 8 MiB on the command line sends parts side by side, and fetches ranges."""


@pytest.fixture
def aws(server, tmp_path):
    """aws("s3", "ls"): runs the command line in an empty folder; its output, read as JSON where it is JSON."""
    program = pathlib.Path(sys.executable).parent / "aws"
    environment = server.env | {"HOME": str(tmp_path), "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}

    def run(*arguments, ends_with=0):
        done = subprocess.run(
            [sys.executable, str(program), *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == ends_with, f"{' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
        said = done.stdout if ends_with == 0 else done.stderr
        return json.loads(said) if said.startswith("{") else said

    return run


def test_files_go_to_a_bucket_and_back(aws, tmp_path, unique):
    bucket = unique("cli")
    (tmp_path / "big.bin").write_bytes(BIG)
    assert aws("s3", "mb", f"s3://{bucket}") == f"make_bucket: {bucket}\n"
    aws("s3", "cp", "big.bin", f"s3://{bucket}/in/big.bin", "--no-progress")
    aws("s3", "cp", f"s3://{bucket}/in/big.bin", "back.bin", "--no-progress")
    assert (tmp_path / "back.bin").read_bytes() == BIG
    aws("s3", "cp", f"s3://{bucket}/in/big.bin", f"s3://{bucket}/copy.bin", "--no-progress")
    aws("s3", "mv", f"s3://{bucket}/copy.bin", f"s3://{bucket}/in/moved.bin", "--no-progress")
    listed = aws("s3", "ls", f"s3://{bucket}/", "--recursive")
    assert [line.split()[2:] for line in listed.splitlines()] == [[str(len(BIG)), "in/big.bin"], [str(len(BIG)), "in/moved.bin"]]
    assert aws("s3", "ls", f"s3://{bucket}").strip() == "PRE in/"
    assert bucket in aws("s3", "ls")
    refused = aws("s3", "rb", f"s3://{bucket}", ends_with=1)
    assert "BucketNotEmpty" in refused
    aws("s3", "rb", f"s3://{bucket}", "--force")
    assert bucket not in aws("s3", "ls")


def test_sync_moves_what_differs_both_ways(aws, tmp_path, bucket):
    here = tmp_path / "here"
    for name in ("one.csv", "two words.csv", "deep/grün.csv"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name, encoding="utf-8")
    there = f"s3://{bucket}/data"
    assert aws("s3", "sync", "here", there, "--no-progress").count("upload: ") == 3
    assert aws("s3", "sync", "here", there, "--no-progress") == ""
    (here / "one.csv").write_text("another text", encoding="utf-8")
    assert aws("s3", "sync", "here", there, "--no-progress").count("upload: ") == 1
    assert aws("s3", "sync", there, "back", "--no-progress").count("download: ") == 3
    assert (tmp_path / "back" / "deep" / "grün.csv").read_text(encoding="utf-8") == "deep/grün.csv"
    assert (tmp_path / "back" / "one.csv").read_text(encoding="utf-8") == "another text"
    (here / "two words.csv").unlink()
    assert aws("s3", "sync", "here", there, "--delete", "--no-progress").strip() == f"delete: {there}/two words.csv"
    aws("s3", "rm", there, "--recursive")
    assert aws("s3", "ls", f"s3://{bucket}") == ""


def test_a_presigned_address_needs_no_keys(aws, bucket, boston):
    aws("s3api", "put-object", "--bucket", bucket, "--key", "a/b c.txt")
    address = aws("s3", "presign", f"s3://{bucket}/a/b c.txt").strip()
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert (answer.status, answer.read()) == (200, b"")


def test_a_model_is_made_described_and_deleted(aws, ready, unique):
    name = unique("cli-model")
    container = {
        "Image": ready.job["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": ready.job["ModelArtifacts"]["S3ModelArtifacts"],
    }
    made = aws(
        "sagemaker", "create-model", "--model-name", name, "--primary-container", json.dumps(container),
        "--execution-role-arn", work.ROLE, "--tags", "Key=lesson,Value=1",
    )  # fmt: skip
    assert made["ModelArn"].endswith(f":model/{name}")
    described = aws("sagemaker", "describe-model", "--model-name", name)
    assert described["PrimaryContainer"]["ModelDataUrl"] == container["ModelDataUrl"]
    assert aws("sagemaker", "list-tags", "--resource-arn", made["ModelArn"])["Tags"] == [{"Key": "lesson", "Value": "1"}]
    assert [each["ModelName"] for each in aws("sagemaker", "list-models", "--name-contains", name)["Models"]] == [name]
    aws("sagemaker", "delete-model", "--model-name", name)
    missing = aws("sagemaker", "describe-model", "--model-name", name, ends_with=255)
    assert "ValidationException" in missing and "Could not find model" in missing


def test_an_endpoint_is_made_waited_for_invoked_and_deleted(aws, ready, unique, tmp_path, boston):
    name = unique("cli-endpoint")
    aws("sagemaker", "create-endpoint", "--endpoint-name", name, "--endpoint-config-name", ready.config)
    aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", name)
    (tmp_path / "row.csv").write_text(boston.features(1), encoding="utf-8")
    answer = aws(
        "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", name, "--content-type", "text/csv",
        "--body", "fileb://row.csv", "answer.csv",
    )  # fmt: skip
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert 0 < float((tmp_path / "answer.csv").read_text(encoding="utf-8")) < 60
    listed = aws("sagemaker", "list-endpoints", "--name-contains", name, "--status-equals", "InService")
    assert [each["EndpointName"] for each in listed["Endpoints"]] == [name]
    aws("sagemaker", "delete-endpoint", "--endpoint-name", name)
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", name)


def test_a_job_is_trained_from_a_file_and_its_log_is_read(aws, workspace, unique, tmp_path):
    name = unique("cli-job")
    request = workspace.job_request(name, workspace.bucket())
    (tmp_path / "job.json").write_text(json.dumps(request), encoding="utf-8")
    made = aws("sagemaker", "create-training-job", "--cli-input-json", "file://job.json")
    assert made["TrainingJobArn"].endswith(f":training-job/{name}")
    aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    assert aws("sagemaker", "describe-training-job", "--training-job-name", name)["TrainingJobStatus"] == "Completed"
    streams = aws("logs", "describe-log-streams", "--log-group-name", "/aws/sagemaker/TrainingJobs", "--log-stream-name-prefix", name)
    stream = streams["logStreams"][0]["logStreamName"]
    assert stream.startswith(name + "/")
    events = aws("logs", "get-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs", "--log-stream-name", stream)["events"]
    assert any("train-rmse" in event["message"] for event in events)


def test_the_log_of_a_job_is_filtered(aws, ready):
    name = ready.job["TrainingJobName"]
    group = ("--log-group-name", "/aws/sagemaker/TrainingJobs", "--log-stream-name-prefix", name)
    everything = aws("logs", "filter-log-events", *group)["events"]
    assert all(event["logStreamName"].startswith(f"{name}/") for event in everything)
    some = aws("logs", "filter-log-events", *group, "--filter-pattern", '"train-rmse"')["events"]
    assert 0 < len(some) < len(everything)
    assert all("train-rmse" in event["message"] for event in some)


def test_invocations_are_counted_as_a_metric(aws, server, ready, workspace, boston):
    endpoint = workspace.make_endpoint(ready.config)
    for _ in range(7):
        server.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=boston.features(1))
    now = datetime.datetime.now(datetime.timezone.utc)
    arguments = (
        "cloudwatch", "get-metric-statistics", "--namespace", "AWS/SageMaker", "--metric-name", "Invocations",
        "--dimensions", f"Name=EndpointName,Value={endpoint}", "Name=VariantName,Value=AllTraffic",
        "--start-time", (now - datetime.timedelta(minutes=5)).isoformat(), "--end-time", (now + datetime.timedelta(minutes=5)).isoformat(),
        "--period", "60", "--statistics", "Sum",
    )  # fmt: skip
    total = workspace.wait(lambda: sum(point["Sum"] for point in aws(*arguments)["Datapoints"]), lambda total: total >= 7, 30)
    assert total == 7


def test_metrics_are_listed_and_read_together(aws, ready, boston, server):
    server.client("sagemaker-runtime").invoke_endpoint(EndpointName=ready.endpoint, ContentType="text/csv", Body=boston.features(1))
    variant = [{"Name": "EndpointName", "Value": ready.endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    found = aws("cloudwatch", "list-metrics", "--namespace", "AWS/SageMaker", "--dimensions", f"Name=EndpointName,Value={ready.endpoint}")
    assert {"Invocations", "ModelLatency", "OverheadLatency"} <= {metric["MetricName"] for metric in found["Metrics"]}
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": variant}
    queries = [
        {"Id": "slow", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}, "ReturnData": False},
        {"Id": "ms", "Expression": "slow / 1000", "Label": "ms"},
    ]
    now = datetime.datetime.now(datetime.timezone.utc)
    stretch = ("--start-time", (now - datetime.timedelta(hours=1)).isoformat(), "--end-time", (now + datetime.timedelta(minutes=5)).isoformat())
    [result] = aws("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps(queries), *stretch)["MetricDataResults"]
    assert (result["Id"], result["Label"], result["StatusCode"]) == ("ms", "ms", "Complete")
    assert result["Values"] and all(0 < value < 60_000 for value in result["Values"])


def test_the_caller_is_an_assumed_role(aws):
    identity = aws("sts", "get-caller-identity")
    assert f"arn:aws:sts::{identity['Account']}:assumed-role/" in identity["Arn"]


def test_what_is_not_there_is_said_in_aws_words(aws):
    missing = aws("sagemaker", "describe-endpoint", "--endpoint-name", "never-made", ends_with=255)
    assert "An error occurred (ValidationException) when calling the DescribeEndpoint operation: Could not find endpoint" in missing
    unknown = aws("sagemaker", "list-notebook-instances", ends_with=255)
    assert "UnknownOperation" in unknown and "ListNotebookInstances" in unknown
