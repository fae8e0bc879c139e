"""CloudWatch metrics and alarms through boto3: what endpoints and jobs measured, what clients put, and the three forms on the wire."""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support import work
from support.program import KEY, REGION, SECRET

XML = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def around(minutes=10):
    """A stretch of time with now in its middle."""
    half = datetime.timedelta(minutes=minutes)
    return {"StartTime": now() - half, "EndTime": now() + half}


def of_variant(endpoint, variant="AllTraffic"):
    return [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


@pytest.fixture(scope="module")
def busy(server, ready):
    """An endpoint with seven good requests and two that its container refused."""
    endpoint = work.make_endpoint(server, ready.config, work.unique("busy"))
    runtime = server.client("sagemaker-runtime")
    from support import boston

    for _ in range(7):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=boston.features(1))
    for _ in range(2):
        with pytest.raises(ClientError, match="ModelError"):
            runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body="not,numbers")
    return endpoint


def signed(server, method, path, headers, body):
    """One signed request as it is; status, headers, body."""
    request = AWSRequest(method, server.url + path, headers=headers, data=body)
    SigV4Auth(Credentials(KEY, SECRET), "monitoring", REGION).add_auth(request)
    ready = urllib.request.Request(request.url, data=body, headers=dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(ready, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_requests_are_counted_timed_and_their_failures_told(cloudwatch, busy):
    def datapoint(name, **asked):
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=name, Dimensions=of_variant(busy), Period=1200, **around(), **asked
        )
        assert answer["Label"] == name
        return answer["Datapoints"]

    every = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
    [invocations] = datapoint("Invocations", Statistics=every)
    assert [invocations[name] for name in every] == [9, 9, 1, 1, 1]
    assert invocations["Unit"] == "None"
    [errors] = datapoint("Invocation4XXErrors", Statistics=["Sum", "Average"])
    assert errors["Sum"] == 2 and errors["Average"] == pytest.approx(2 / 9)
    [errors] = datapoint("Invocation5XXErrors", Statistics=["Sum", "SampleCount"])
    assert (errors["Sum"], errors["SampleCount"]) == (0, 9)
    [latency] = datapoint("ModelLatency", Statistics=every, ExtendedStatistics=["p50", "p99", "TM(10%:90%)"])
    assert latency["Unit"] == "Microseconds" and latency["SampleCount"] == 9
    spread = latency["ExtendedStatistics"]
    assert set(spread) == {"p50", "p99", "TM(10%:90%)"}
    assert 0 < latency["Minimum"] <= spread["p50"] <= spread["p99"] <= latency["Maximum"] < 5e6
    assert latency["Average"] * 9 == pytest.approx(latency["Sum"])
    [overhead] = datapoint("OverheadLatency", Statistics=["SampleCount", "Maximum"])
    assert overhead["SampleCount"] == 9 and 0 < overhead["Maximum"] < 5e6
    assert datapoint("CPUUtilization", Statistics=["Sum"]) == []


def test_invocations_are_spread_over_instances(server, client, cloudwatch, ready, boston):
    endpoint = work.make_endpoint(server, ready.config, work.unique("instances"))
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]
    invoke = lambda: client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=boston.features(1))  # noqa: E731
    invoke()
    client("sagemaker").update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
    work.wait_for_endpoint(server, endpoint)
    invoke()
    invoke()
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="InvocationsPerInstance", Dimensions=of_variant(endpoint), Period=1200, Statistics=["Sum"], **around()
    )
    assert answer["Datapoints"][0]["Sum"] == 1 + 2 / 4, "one request met one instance, two met four"


def test_measurements_outlive_the_endpoint(server, client, cloudwatch, ready, boston):
    endpoint = work.make_endpoint(server, ready.config, work.unique("gone"))
    client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=boston.features(1))
    client("sagemaker").delete_endpoint(EndpointName=endpoint)
    found = cloudwatch.list_metrics(Dimensions=[{"Name": "EndpointName", "Value": endpoint}])["Metrics"]
    assert {metric["MetricName"] for metric in found} >= {"Invocations", "ModelLatency", "OverheadLatency", "Invocation4XXErrors"}


def test_metric_data_come_with_math(cloudwatch, busy):
    def stat(name, statistic):
        metric = {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": of_variant(busy)}
        return {"Metric": metric, "Period": 1200, "Stat": statistic}

    queries = [
        {"Id": "all", "MetricStat": stat("Invocations", "Sum"), "Label": "requests"},
        {"Id": "bad", "MetricStat": stat("Invocation4XXErrors", "Sum"), "ReturnData": False},
        {"Id": "slow", "MetricStat": stat("ModelLatency", "p90")},
        {"Id": "never", "MetricStat": stat("NoSuchMetric", "Sum")},
        {"Id": "share", "Expression": "100 * bad / all", "Label": "% refused"},
        {"Id": "good", "Expression": "FILL(all, 0) - SUM([bad, FILL(never, 0)])"},
    ]
    stretch = around()
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **stretch)
    results = {result["Id"]: result for result in answer["MetricDataResults"]}
    assert set(results) == {"all", "slow", "never", "share", "good"}
    assert results["all"]["Values"] == [9] and results["all"]["Label"] == "requests"
    assert results["share"]["Values"] == [pytest.approx(200 / 9)] and results["share"]["Label"] == "% refused"
    assert results["good"]["Values"] == [7]
    assert results["never"]["Values"] == [] and results["slow"]["Values"][0] > 0
    assert all(result["StatusCode"] == "Complete" for result in results.values())
    assert results["all"]["Timestamps"][0] == stretch["StartTime"].replace(second=0, microsecond=0), "periods begin at the start, rounded down"
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, PaginationConfig={"PageSize": 1}, **stretch))
    assert len(pages) == 4
    with pytest.raises(ClientError, match="SEARCH is not available in Counterpoise") as error:
        cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": "SEARCH('{AWS/SageMaker}', 'Sum', 60)"}], **stretch)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_job_has_its_curves_as_metrics(cloudwatch, ready):
    job = ready.job["TrainingJobName"]
    dimensions = [{"Name": "TrainingJobName", "Value": job}]
    names = {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="/aws/sagemaker/TrainingJobs", Dimensions=dimensions)["Metrics"]}
    final = {metric["MetricName"] for metric in ready.job["FinalMetricDataList"]}
    # The test of BatchPutMetrics puts one of its own to the same job.
    assert names - {"holdout:rmse"} == final
    assert final == {metric["Name"] for metric in ready.job["AlgorithmSpecification"]["MetricDefinitions"]}
    rounds = cloudwatch.get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="validation:rmse",
        Dimensions=dimensions,
        StartTime=ready.job["TrainingStartTime"],
        EndTime=ready.job["TrainingEndTime"] + datetime.timedelta(minutes=1),
        Period=3600,
        Statistics=["SampleCount", "Minimum"],
    )["Datapoints"]
    final = {metric["MetricName"]: metric["Value"] for metric in ready.job["FinalMetricDataList"]}
    assert sum(point["SampleCount"] for point in rounds) == 5, "one a round"
    assert min(point["Minimum"] for point in rounds) == pytest.approx(final["validation:rmse"], rel=1e-6)


def test_what_a_client_puts_is_read_back(cloudwatch, unique):
    namespace, at = f"Mine/{unique('space')}", now() - datetime.timedelta(hours=1)
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": "one", "Value": 2.5, "Unit": "Seconds", "Timestamp": at, "Dimensions": [{"Name": "a", "Value": "ä <b>"}]},
            {"MetricName": "many", "Values": [1.0, 2.0, 3.0], "Counts": [1, 2, 1], "StorageResolution": 1},
            {"MetricName": "sums", "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}},
        ],
    )
    listed = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["many", "one", "sums"]
    assert listed[1]["Dimensions"] == [{"Name": "a", "Value": "ä <b>"}]
    recent = cloudwatch.list_metrics(Namespace=namespace, RecentlyActive="PT3H")["Metrics"]
    assert len(recent) == 3

    def read(name, dimensions=(), **asked):
        asked = {"Statistics": ["SampleCount", "Sum", "Maximum"]} | asked
        return cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=name, Dimensions=dimensions, Period=60, **around(90), **asked
        )["Datapoints"]

    [one] = read("one", [{"Name": "a", "Value": "ä <b>"}])
    assert (one["Sum"], one["Unit"], one["Timestamp"]) == (2.5, "Seconds", at.replace(second=0, microsecond=0))
    assert read("one") == [], "dimensions are part of the name"
    assert read("one", [{"Name": "a", "Value": "ä <b>"}], Unit="Bytes") == []
    [many] = read("many", ExtendedStatistics=["p75"])
    assert (many["SampleCount"], many["Sum"], many["ExtendedStatistics"]["p75"]) == (4, 8, pytest.approx(2, rel=0.005))
    [sums] = read("sums", ExtendedStatistics=["p75"])
    assert (sums["Sum"], sums["Maximum"], sums["ExtendedStatistics"]) == (10, 4, {}), "nobody knows how sums are spread"
    # Large requests are packed by the client.
    many_values = [{"MetricName": "large", "Value": float(n), "Dimensions": [{"Name": "n", "Value": str(n)}]} for n in range(600)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=many_values)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName="large"))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]


@pytest.mark.parametrize(
    "code, request_",
    [
        ("InvalidParameterCombination", {"Period": 60}),
        ("InvalidParameterValue", {"Period": 45, "Statistics": ["Sum"]}),
        ("InvalidParameterCombination", {"Period": 60, "Statistics": ["Sum"], "EndTime": datetime.datetime(2020, 1, 1)}),
        ("InvalidParameterCombination", {"Period": 60, "Statistics": ["Sum"], "StartTime": datetime.datetime(2020, 1, 1)}),
        ("InvalidParameterValue", {"Period": 60, "ExtendedStatistics": ["p101"]}),
    ],
)
def test_wrong_readings_are_refused_with_aws_codes(cloudwatch, code, request_):
    asked = {"Namespace": "N", "MetricName": "m", **around()} | request_
    with pytest.raises(ClientError) as error:
        cloudwatch.get_metric_statistics(**asked)
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["Error"]["Message"]


def test_exceptions_of_the_model_can_be_caught(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
        cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(cloudwatch.exceptions.InvalidNextToken):
        cloudwatch.list_metrics(NextToken="nonsense")
    with pytest.raises(ClientError) as error:
        cloudwatch.list_dashboards()
    assert "is not available in Counterpoise" in str(error.value)


def test_the_query_protocol_of_older_clients(server, busy):
    form = {
        "Action": "GetMetricStatistics",
        "Version": "2010-08-01",
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "Dimensions.member.1.Name": "EndpointName",
        "Dimensions.member.1.Value": busy,
        "Dimensions.member.2.Name": "VariantName",
        "Dimensions.member.2.Value": "AllTraffic",
        "StartTime": (now() - datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "EndTime": (now() + datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Period": "1200",
        "Statistics.member.1": "SampleCount",
        "ExtendedStatistics.member.1": "p99",
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, told, body = signed(server, "POST", "/", headers, urllib.parse.urlencode(form).encode())
    assert status == 200 and told["Content-Type"] == "text/xml", body
    result = ElementTree.fromstring(body).find(f"{XML}GetMetricStatisticsResult")
    assert result.findtext(f"{XML}Label") == "ModelLatency"
    [point] = result.findall(f"{XML}Datapoints/{XML}member")
    assert float(point.findtext(f"{XML}SampleCount")) == 9
    assert point.findtext(f"{XML}ExtendedStatistics/{XML}entry/{XML}key") == "p99"
    assert float(point.findtext(f"{XML}ExtendedStatistics/{XML}entry/{XML}value")) > 0
    assert point.findtext(f"{XML}Timestamp").endswith(":00Z")
    wrong = urllib.parse.urlencode(form | {"Period": "7"}).encode()
    status, _, body = signed(server, "POST", "/", headers, wrong)
    assert status == 400
    error = ElementTree.fromstring(body).find(f"{XML}Error")
    assert (error.findtext(f"{XML}Code"), error.findtext(f"{XML}Type")) == ("InvalidParameterValue", "Sender")
    unknown = urllib.parse.urlencode({"Action": "GetDashboard", "Version": "2010-08-01"}).encode()
    status, _, body = signed(server, "POST", "/", headers, unknown)
    assert (status, ElementTree.fromstring(body).findtext(f"{XML}Error/{XML}Code")) == (400, "InvalidAction")


def test_cbor_as_other_clients_speak_it(server, busy):
    path = "/service/GraniteServiceVersion20100801/operation/"
    headers = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor", "Accept": "application/cbor"}
    # {"Namespace": "AWS/SageMaker", "Dimensions": [{"Name": "EndpointName", "Value": busy}]}
    text = lambda value: bytes([0x78, len(value)]) + value.encode()  # noqa: E731
    asked = b"\xa2" + text("Namespace") + text("AWS/SageMaker") + text("Dimensions")
    asked += b"\x81\xa2" + text("Name") + text("EndpointName") + text("Value") + text(busy)
    status, told, body = signed(server, "POST", path + "ListMetrics", headers, asked)
    assert status == 200 and told["Smithy-Protocol"] == "rpc-v2-cbor" and told["Content-Type"] == "application/cbor"
    assert body.startswith(b"\xa1\x67Metrics") and b"\x6cModelLatency" in body and busy.encode() in body
    status, told, body = signed(server, "POST", path + "ListMetrics", headers, b"\xa1" + text("NextToken") + text("x"))
    assert status == 400 and told["Smithy-Protocol"] == "rpc-v2-cbor"
    assert b"InvalidNextToken" in body and told["x-amzn-query-error"] == "InvalidNextToken;Sender"


def test_botocore_speaks_all_three(server, busy, monkeypatch):
    """The same calls by each protocol that botocore has for the service."""
    answers = []
    for protocol in ("query", "json", "smithy-rpc-v2-cbor"):
        client = server.client("cloudwatch", region_name=REGION)
        client.meta.service_model.metadata["protocol"] = protocol
        from botocore.parsers import create_parser
        from botocore.serialize import create_serializer

        client._serializer = create_serializer(protocol, include_validation=True)
        client.meta.service_model.__dict__["resolved_protocol"] = protocol
        client._endpoint._response_parser_factory = type("Factory", (), {"create_parser": staticmethod(lambda _, wanted=protocol: create_parser(wanted))})()
        answer = client.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocations", Dimensions=of_variant(busy), Period=1200, Statistics=["Sum"], **around()
        )
        [point] = answer["Datapoints"]
        answers.append((answer["Label"], point["Sum"], point["Unit"], point["Timestamp"].second))
    assert answers == [("Invocations", 9.0, "None", 0)] * 3


def test_metrics_survive_a_restart_and_a_kill(fresh_server, unique):
    server = fresh_server()
    put = lambda value: server.client("cloudwatch").put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": value}])  # noqa: E731

    def total():
        points = server.client("cloudwatch").get_metric_statistics(
            Namespace="Mine", MetricName="m", Period=60, Statistics=["Sum"], **around()
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    put(1.5)
    server.stop()
    server.restart()
    assert total() == 1.5
    put(2.0)
    server.stop()
    server.restart()
    assert total() == 3.5
    server.kill()
    server.restart()
    assert total() == 3.5, "what was written before is still there"


def test_an_alarm_watches_a_metric(cloudwatch, unique):
    name, metric = unique("alarm"), unique("metric")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription="too much",
        Namespace="Mine",
        MetricName=metric,
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=["arn:aws:sns:us-east-1:000000000000:nobody"],
        Tags=[{"Key": "lesson", "Value": "2"}],
    )
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA" and alarm["AlarmArn"].endswith(f":alarm:{name}")
    assert (alarm["Threshold"], alarm["Period"], alarm["Statistic"], alarm["ActionsEnabled"]) == (5.0, 10, "Maximum", True)
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": metric, "Value": 7.0, "StorageResolution": 1}])
    state = lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]  # noqa: E731
    alarm = work.wait(state, lambda alarm: alarm["StateValue"] == "ALARM", 40)
    assert "Threshold Crossed: 1 out of the last 1 datapoint [7 (" in alarm["StateReason"]
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [7.0]
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    assert state()["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    assert state()["ActionsEnabled"] is True
    arn = alarm["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["lesson"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    found = cloudwatch.describe_alarms_for_metric(MetricName=metric, Namespace="Mine")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == [name]
    cloudwatch.delete_alarms(AlarmNames=[name])
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_state_set_by_hand_holds_until_the_period_ends(cloudwatch, unique):
    name = unique("by-hand")
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="AWS/SageMaker", MetricName="ModelLatency", ExtendedStatistic="p99", Period=3600, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="ignore", Dimensions=of_variant("nobody"),
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to see what happens")
    found = cloudwatch.describe_alarms(AlarmNamePrefix=name, StateValue="ALARM")["MetricAlarms"]
    assert [(alarm["ExtendedStatistic"], alarm["StateReason"]) for alarm in found] == [("p99", "to see what happens")]
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.set_alarm_state(AlarmName="never-made", StateValue="OK", StateReason="x")
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_program_adds_metrics_to_its_job(client, cloudwatch, ready):
    job = ready.job["TrainingJobName"]
    metrics = client("sagemaker-metrics")
    data = [{"MetricName": "holdout:rmse", "Timestamp": now(), "Step": step, "Value": 4.0 - step} for step in range(3)]
    answer = metrics.batch_put_metrics(TrialComponentName=f"{job}-aws-training-job".lower(), MetricData=data)
    assert answer.get("Errors", []) == []
    [point] = cloudwatch.get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs", MetricName="holdout:rmse", Dimensions=[{"Name": "TrainingJobName", "Value": job}],
        Period=1200, Statistics=["SampleCount", "Minimum"], **around(),
    )["Datapoints"]  # fmt: skip
    assert (point["SampleCount"], point["Minimum"]) == (3, 2.0)
    old = [{"MetricName": "m", "Timestamp": now() - datetime.timedelta(days=40), "Value": 1.0}]
    answer = metrics.batch_put_metrics(TrialComponentName=f"{job}-aws-training-job".lower(), MetricData=old)
    assert [(error["Code"], error["MetricIndex"]) for error in answer["Errors"]] == [("VALIDATION_ERROR", 0)]
    with pytest.raises(ClientError, match="no trial component"):
        metrics.batch_put_metrics(TrialComponentName="nobody", MetricData=data)
