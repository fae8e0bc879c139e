"""Data capture and ground truth through boto3: what is asked for, what lies in the bucket, and labels that find their requests."""

import base64
import json
import re
import urllib.request
import uuid

import pytest

from support import work

FILE = re.compile(r"captured/([^/]+)/A/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TEXT = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def capturing(bucket, **more):
    """A `DataCaptureConfig` of both directions."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    } | more


@pytest.fixture
def serve(server, client, ready, unique):
    """serve(DataCaptureConfig): the name of an endpoint with variant A, and of its configuration."""

    def start(capture):
        name = unique("captured")
        variant = {"VariantName": "A", "ModelName": ready.model, "InitialInstanceCount": 1, "InstanceType": "ml.m4.xlarge"}
        client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture)
        return work.make_endpoint(server, name, name)

    return start


@pytest.fixture
def ask(client):
    """ask(endpoint, row, **more): the answer, and the id that a label may name it by."""

    def invoke(endpoint, row, **more):
        answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=row, **more)
        return answer["Body"].read().decode(), answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-sagemaker-inference-id"]

    return invoke


@pytest.fixture
def lines(client, bucket):
    """lines(n): the keys of the files of data capture in the bucket, and their `n` lines, once they are there."""
    s3 = client("s3")

    def read():
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="captured/").get("Contents", [])]
        files = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
        assert all(file.endswith("\n") for file in files)
        return keys, [json.loads(line) for file in files for line in file.splitlines()]

    return lambda count: work.wait(read, lambda answer: len(answer[1]) == count)


def test_what_is_captured_lies_in_the_bucket_as_sagemaker_writes_it(client, bucket, boston, serve, ask, lines):
    given = capturing(bucket, CaptureContentTypeHeader=TEXT, KmsKeyId="a-key")
    endpoint = serve(given)
    assert client("sagemaker").describe_endpoint_config(EndpointConfigName=endpoint)["DataCaptureConfig"] == given
    assert client("sagemaker").describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "KmsKeyId": "a-key",
    }
    rows = [boston.features(1), boston.features(2, start=7)]
    answers = [ask(endpoint, rows[0], InferenceId="mine"), ask(endpoint, rows[1])]
    assert answers[0][1] == "mine" and uuid.UUID(answers[1][1]), "who names no request is told a name"
    keys, captured = lines(2)
    assert all(FILE.fullmatch(key)[1] == endpoint for key in keys), keys
    for line, row, (answer, name) in zip(captured, rows, answers, strict=True):
        assert TIME.fullmatch(line["eventMetadata"].pop("inferenceTime"))
        assert line == {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"},
                "endpointOutput": {"observedContentType": "text/csv; charset=utf-8", "mode": "OUTPUT", "data": answer, "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": name, "inferenceId": name},
            "eventVersion": "0",
        }


def test_what_no_header_calls_text_is_captured_in_base64_and_one_side_alone(bucket, boston, serve, ask, lines):
    endpoint = serve(capturing(bucket, CaptureOptions=[{"CaptureMode": "Output"}]))
    answer, _ = ask(endpoint, boston.features(1))
    _, [line] = lines(1)
    output = line["captureData"].pop("endpointOutput")
    assert line["captureData"] == {}, "the other side was not asked for"
    assert (output["encoding"], base64.b64decode(output["data"]).decode()) == ("BASE64", answer)


def test_ground_truth_in_a_bucket_finds_its_requests(server, client, bucket, boston, serve, ask):
    endpoint = serve(capturing(bucket, EnableCapture=False))
    names = [ask(endpoint, boston.features(1, start=row), InferenceId=f"r-{row}")[1] for row in range(5)]
    truth = [float(boston.rows()[row][0]) for row in range(5)]

    def line(name, value):
        data = {"data": str(value), "encoding": "CSV"}
        return json.dumps({"groundTruthData": data, "eventMetadata": {"eventId": name}, "eventVersion": "0"}) + "\n"

    body = "".join(line(*each) for each in zip(names[:3], truth, strict=False))
    client("s3").put_object(Bucket=bucket, Key=f"ground-truth/{endpoint}/2026/11/26/one.jsonl", Body=body.encode())

    def labelled():
        with urllib.request.urlopen(f"{server.url}/metrics") as page:
            return re.search(rf'counterpoise_labels_total{{endpoint="{endpoint}",.*}} (\d+)', page.read().decode())[1]

    work.wait(labelled, lambda count: count == "3")

    def tell(labels):
        request = urllib.request.Request(f"{server.url}/endpoints/{endpoint}/ground-truth", json.dumps(labels).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    pairs = [*zip(names, truth, strict=True), (names[0], truth[0] + 1), ("r-5", 1.0)]
    told = tell([{"inferenceId": name, "label": label} for name, label in pairs])
    problems = told.pop("problems")
    assert told == {"counted": 2, "late": 0, "forced": 0, "repeated": 3, "contradictory": 1, "unknown": 1, "unfit": 0}
    assert [each.partition(":")[0] for each in problems] == ["r-0", "r-5"]
    assert labelled() == "5"
