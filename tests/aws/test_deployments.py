"""Updates that move traffic in steps, through boto3: canary and linear, on their way, arrived, and rolled back by themselves."""

import pytest
from botocore.exceptions import ClientError

from support import work

PERCENT = {"Type": "CAPACITY_PERCENT", "Value": 50}


def blue_green(bake=0, **routing):
    """A DeploymentConfig of that traffic routing."""
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": bake}}


@pytest.fixture
def two(ready, workspace):
    """An endpoint, and another configuration to move it to."""
    other = workspace.make_config({"Other": workspace.make_model(workspace.train(num_round="9"))})
    return workspace.make_endpoint(ready.config), other


@pytest.fixture
def ask(client, boston):
    """Sends one row; the variant that answers. A request that fails raises."""
    runtime = client("sagemaker-runtime")

    def ask(name):
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=boston.features(1))
        return answer["InvokedProductionVariant"]

    return ask


def test_a_canary_bakes_and_arrives_under_traffic(client, two, ask):
    sagemaker, (name, other) = client("sagemaker"), two
    config = blue_green(2, Type="CANARY", WaitIntervalInSeconds=2, CanarySize=PERCENT)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=config)
    seen, states, shared = set(), set(), set()
    while True:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] == "InService":
            break
        assert endpoint["EndpointStatus"] == "Updating"
        state = None
        if pending := endpoint.get("PendingDeploymentSummary"):
            assert pending["EndpointConfigName"] == other and endpoint["EndpointConfigName"] != other
            [variant] = pending["ProductionVariants"]
            state = variant["VariantStatus"][0]["Status"]
            states.add(state)
        variant = ask(name)
        seen.add(variant)
        if state == "ActivatingTraffic":
            shared.add(variant)
    assert states >= {"ActivatingTraffic", "Baking"} and seen == {"AllTraffic", "Other"}
    assert shared == {"AllTraffic", "Other"}, "both fleets answered while traffic moved"
    assert endpoint["EndpointConfigName"] == other and endpoint["LastDeploymentConfig"] == config
    assert "PendingDeploymentSummary" not in endpoint and {ask(name) for _ in range(20)} == {"Other"}


def test_linear_steps_arrive(client, two, ask, workspace):
    sagemaker, (name, other) = client("sagemaker"), two
    config = blue_green(Type="LINEAR", WaitIntervalInSeconds=1, LinearStepSize=PERCENT)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=config)
    endpoint = workspace.wait_for_endpoint(name)
    assert endpoint["EndpointConfigName"] == other and {ask(name) for _ in range(20)} == {"Other"}
    back = endpoint["EndpointConfigName"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=back, RetainDeploymentConfig=True)
    assert workspace.wait_for_endpoint(name)["LastDeploymentConfig"] == config


def test_a_corrupt_model_leaves_the_old_one_serving(client, two, ask, workspace, bucket):
    sagemaker, (name, _) = client("sagemaker"), two
    client("s3").put_object(Bucket=bucket, Key="broken/model.tar.gz", Body=b"this is no archive")
    model = work.unique("broken")
    container = {"Image": work.IMAGES["xgboost"], "ModelDataUrl": f"s3://{bucket}/broken/model.tar.gz"}
    sagemaker.create_model(ModelName=model, ExecutionRoleArn=work.ROLE, PrimaryContainer=container)
    before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    config = blue_green(1, Type="CANARY", WaitIntervalInSeconds=1, CanarySize=PERCENT)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=workspace.make_config(model), DeploymentConfig=config)
    endpoint = workspace.wait_for_endpoint(name)
    assert endpoint["EndpointConfigName"] == before and "broken" in endpoint["FailureReason"]
    assert ask(name) == "AllTraffic"


def test_an_alarm_rolls_back(client, two, ask, workspace, boston):
    sagemaker, (name, _) = client("sagemaker"), two
    # A model of twelve features: it loads, and refuses what clients send.
    job, bucket = work.unique("narrow"), workspace.bucket()
    request = workspace.job_request(job, bucket)
    s3 = client("s3")
    for page in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        rows = s3.get_object(Bucket=bucket, Key=page["Key"])["Body"].read().decode().splitlines()
        s3.put_object(Bucket=bucket, Key=page["Key"], Body="\n".join(row.rsplit(",", 1)[0] for row in rows).encode())
    sagemaker.create_training_job(**request)
    narrow = workspace.make_config({"Narrow": workspace.make_model(workspace.wait_for_job(job))})
    before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    config = blue_green(Type="CANARY", WaitIntervalInSeconds=600, CanarySize=PERCENT)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "counterpoise-error-rate>10%,min=10"}]}
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=narrow, DeploymentConfig=config)

    def endpoint():
        try:
            ask(name)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ModelError"
        return sagemaker.describe_endpoint(EndpointName=name)

    after = work.wait(endpoint, lambda endpoint: endpoint["EndpointStatus"] == "InService")
    assert after["EndpointConfigName"] == before
    assert after["FailureReason"].startswith("Alarm counterpoise-error-rate>10%,min=10: on the new fleet")
    assert {ask(name) for _ in range(30)} == {"AllTraffic"}


def test_labels_are_watched_under_a_name_that_comes_back(client, two, workspace):
    sagemaker, (name, other) = client("sagemaker"), two
    config = blue_green(1, Type="CANARY", WaitIntervalInSeconds=1, CanarySize=PERCENT)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "counterpoise-accuracy,alpha=0.01"}]}
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=config)
    endpoint = workspace.wait_for_endpoint(name)
    # No label came: that is no verdict, and holds nothing up.
    assert endpoint["EndpointConfigName"] == other and endpoint["LastDeploymentConfig"] == config
    at_once = blue_green(0, Type="ALL_AT_ONCE", WaitIntervalInSeconds=0)
    at_once["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "counterpoise-accuracy"}]}
    with pytest.raises(ClientError) as error:
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=at_once)
    assert "nothing would be left to watch" in error.value.response["Error"]["Message"]


def test_a_cloudwatch_alarm_rolls_back(client, two, ask, workspace, unique):
    sagemaker, cloudwatch, (name, other) = client("sagemaker"), client("cloudwatch"), two
    alarm = unique("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="Test",
        MetricName="Complaints",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    config = blue_green(600, Type="ALL_AT_ONCE", WaitIntervalInSeconds=0)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm}]}
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=config)
    work.wait(lambda: ask(name), lambda variant: variant == "Other")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="people complain")
    endpoint = workspace.wait_for_endpoint(name)
    assert endpoint["EndpointConfigName"] == before and "people complain" in endpoint["FailureReason"]
    assert ask(name) == "AllTraffic"


def test_an_alarm_that_nobody_watches_is_refused(client, two):
    sagemaker, (name, other) = client("sagemaker"), two
    config = blue_green(60, Type="ALL_AT_ONCE", WaitIntervalInSeconds=0)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "somebody-elses"}]}
    with pytest.raises(ClientError) as error:
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other, DeploymentConfig=config)
    message = error.value.response["Error"]["Message"]
    assert "somebody-elses" in message and "counterpoise-p99>250ms" in message
