"""CloudWatch Logs through boto3: what a job and an endpoint say."""

import pytest
from botocore.exceptions import ClientError

JOBS = "/aws/sagemaker/TrainingJobs"


def all_of(logs, **where):
    """Every event of a stream, page by page, until the token repeats."""
    events, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(**where, startFromHead=True, limit=3, **more)
        events += page["events"]
        if page["nextForwardToken"] == token:
            return events
        token = page["nextForwardToken"]


def test_the_log_of_a_job_is_found_read_and_filtered(client, ready):
    logs, job = client("logs"), ready.job["TrainingJobName"]
    streams = logs.describe_log_streams(logGroupName=JOBS, logStreamNamePrefix=f"{job}/")["logStreams"]
    assert len(streams) == 1
    where = {"logGroupName": JOBS, "logStreamName": streams[0]["logStreamName"]}
    events = all_of(logs, **where)
    assert len(events) > 3 and [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    found = logs.filter_log_events(logGroupName=JOBS, logStreamNames=[where["logStreamName"]], filterPattern='"validation-rmse"')["events"]
    assert [event["message"] for event in found] == [event["message"] for event in events if "validation-rmse" in event["message"]]
    assert len(found) == 5, "a line a round"


def test_an_endpoint_says_what_it_was_asked(client, ready, boston):
    client("sagemaker-runtime").invoke_endpoint(EndpointName=ready.endpoint, ContentType="text/csv", Body=boston.features(2))
    logs, group = client("logs"), f"/aws/sagemaker/Endpoints/{ready.endpoint}"
    assert group in [found["logGroupName"] for found in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]]
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    assert stream.startswith("AllTraffic/")
    messages = [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]]
    assert any("In service" in message for message in messages) and any("2 rows" in message for message in messages)


def test_what_is_not_there_is_said(client):
    with pytest.raises(ClientError) as error:
        client("logs").describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/nobody")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
