"""SageMaker's control plane through boto3: each resource through its life, and what is refused."""

import datetime

import pytest
from botocore.exceptions import ClientError

from support import work


def refused(call, **request):
    """The code and message of the error that the call ends with."""
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_job_gives_back_all_of_its_request(server, client, workspace, unique):
    name = unique("job")
    request = workspace.job_request(name, workspace.bucket()) | {
        "Tags": [{"Key": "lesson", "Value": "4"}],
        "DebugHookConfig": {"S3OutputPath": "s3://nowhere/debug"},
        "ProfilerConfig": {"DisableProfiler": True},
        "EnableNetworkIsolation": True,
        "Environment": {"MODE": "test"},
    }
    made = client("sagemaker").create_training_job(**request)
    job = workspace.wait_for_job(name)
    tags = request.pop("Tags")
    for member in ("OutputDataConfig", "AlgorithmSpecification"):
        assert request[member].items() <= job[member].items()
        del request[member]
    for wanted, given in zip(request.pop("InputDataConfig"), job["InputDataConfig"], strict=True):
        assert wanted.items() <= given.items(), "AWS adds RecordWrapperType"
    assert {member: job.get(member) for member in request} == request
    assert job["OutputDataConfig"]["KmsKeyId"] == "", "SDK 1.72 reads it without asking whether it is there"
    assert job["TrainingJobArn"] == made["TrainingJobArn"]
    assert client("sagemaker").list_tags(ResourceArn=made["TrainingJobArn"])["Tags"] == tags


def test_models_and_configurations_give_back_all_of_their_requests(client, ready, unique):
    """Members that mean nothing here included."""
    sagemaker, name = client("sagemaker"), unique("whole")
    network = {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]}
    container = {
        "Image": ready.job["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": ready.job["ModelArtifacts"]["S3ModelArtifacts"],
        "ContainerHostname": "host-1",
        "Environment": {"SAGEMAKER_LOG_LEVEL": "20"},
        "ImageConfig": {"RepositoryAccessMode": "Platform"},
    }
    model = {"ModelName": name, "ExecutionRoleArn": work.ROLE, "PrimaryContainer": container, "VpcConfig": network, "EnableNetworkIsolation": True}
    sagemaker.create_model(**model, Tags=[{"Key": "k", "Value": "v"}])
    described = sagemaker.describe_model(ModelName=name)
    assert container.items() <= described["PrimaryContainer"].items()
    assert {member: described.get(member) for member in model if member != "PrimaryContainer"} == {
        member: value for member, value in model.items() if member != "PrimaryContainer"
    }

    variant = {
        "VariantName": "A",
        "ModelName": name,
        "InstanceType": "ml.m4.xlarge",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 0.25,
        "ContainerStartupHealthCheckTimeoutInSeconds": 120,
        "ModelDataDownloadTimeoutInSeconds": 90,
        "EnableSSMAccess": False,
        "VolumeSizeInGB": 16,
    }
    config = {
        "EndpointConfigName": name,
        "ProductionVariants": [variant],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://anywhere/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        },
        "KmsKeyId": "alias/anything",
        "ExecutionRoleArn": work.ROLE,
        "EnableNetworkIsolation": True,
    }
    sagemaker.create_endpoint_config(**config)
    described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert {member: described.get(member) for member in config} == config


def test_a_job_leaves_an_artefact_metrics_and_its_stations(client, ready):
    job = ready.job
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
    assert key == f"output/{job['TrainingJobName']}/output/model.tar.gz"
    assert client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
    assert {each["MetricName"] for each in job["FinalMetricDataList"]} >= {"train:rmse", "validation:rmse"}
    stations = [each["Status"] for each in job["SecondaryStatusTransitions"]]
    assert stations[0] == "Starting" and stations[-1] == "Completed" and job["SecondaryStatus"] == "Completed"
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] >= 0 and job["BillableTimeInSeconds"] >= 0


def test_a_running_job_is_stopped_and_deleted(client, workspace, unique):
    sagemaker, name = client("sagemaker"), unique("long-job")
    sagemaker.create_training_job(**workspace.job_request(name, workspace.bucket(), num_round="1000000"))
    assert sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress"
    listed = sagemaker.list_training_jobs(NameContains=name, StatusEquals="InProgress")["TrainingJobSummaries"]
    assert [each["TrainingJobName"] for each in listed] == [name]
    sagemaker.stop_training_job(TrainingJobName=name)
    assert workspace.wait_for_job(name, "Stopped")["SecondaryStatus"] == "Stopped"
    sagemaker.delete_training_job(TrainingJobName=name)
    assert refused(sagemaker.describe_training_job, TrainingJobName=name)[1].startswith("Requested resource not found")


def test_a_job_that_cannot_be_done_fails_with_its_reason(client, workspace, unique, bucket):
    sagemaker, name = client("sagemaker"), unique("job")
    request = workspace.job_request(name, bucket)
    client("s3").put_object(Bucket=bucket, Key="boston/train.csv", Body=b"1.0,2.0\n1.0,words\n")
    sagemaker.create_training_job(**request)
    assert "words" in workspace.wait_for_job(name, "Failed")["FailureReason"]


@pytest.fixture(scope="module")
def three(server, ready):
    """Three models, configurations, endpoints and jobs of one prefix each, made one after the other."""
    prefix = work.unique("listed")
    names = [f"{prefix}-{letter}" for letter in "bac"]
    for name in names:
        work.make_model(server, ready.job, name)
        work.make_config(server, name, name)
        work.make_endpoint(server, name, name)
        work.train(server, name=name)
    return prefix, names


LISTS = [
    ("list_models", "Models", "ModelName"),
    ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    ("list_endpoints", "Endpoints", "EndpointName"),
    ("list_training_jobs", "TrainingJobSummaries", "TrainingJobName"),
]


@pytest.mark.parametrize(("operation", "members", "member"), LISTS)
def test_lists_are_filtered_sorted_and_paged(client, three, operation, members, member):
    sagemaker = client("sagemaker")
    prefix, names = three

    def listed(**request):
        pages = sagemaker.get_paginator(operation).paginate(NameContains=prefix, PaginationConfig={"PageSize": 2}, **request)
        pages = [[each[member] for each in page[members]] for page in pages]
        assert all(len(page) <= 2 for page in pages)
        return [name for page in pages for name in page]

    assert listed(SortBy="Name", SortOrder="Ascending") == sorted(names)
    assert listed(SortBy="Name", SortOrder="Descending") == sorted(names, reverse=True)
    assert listed(SortBy="CreationTime", SortOrder="Ascending") == names
    assert listed(SortBy="CreationTime", SortOrder="Descending") == names[::-1]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert listed(CreationTimeAfter=now + datetime.timedelta(hours=1)) == []
    assert len(listed(CreationTimeBefore=now + datetime.timedelta(hours=1))) == 3
    assert refused(getattr(sagemaker, operation), NextToken="made-up")[0] == "ValidationException"


def test_an_endpoint_is_updated_under_traffic(server, client, ready, workspace, boston):
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    name = workspace.make_endpoint(ready.config)
    other = workspace.make_config({"Linear": workspace.make_model(workspace.train("linear-learner"))})
    before = sagemaker.describe_endpoint(EndpointName=name)
    arn = sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other)["EndpointArn"]
    seen = []
    while "Linear" not in seen:
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=boston.features(1))
        seen.append(answer["InvokedProductionVariant"])
    assert set(seen) <= {"AllTraffic", "Linear"}, "and none of them failed"
    after = workspace.wait_for_endpoint(name)
    assert after["EndpointConfigName"] == other and after["EndpointArn"] == before["EndpointArn"] == arn
    assert [each["VariantName"] for each in after["ProductionVariants"]] == ["Linear"]
    assert after["LastModifiedTime"] > before["LastModifiedTime"] and after["CreationTime"] == before["CreationTime"]


def test_weights_move_traffic(client, ready, workspace, boston):
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    name = workspace.make_endpoint(workspace.make_config({"A": ready.model, "B": ready.model}))

    def invoked(times):
        answers = (runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=boston.features(1)) for _ in range(times))
        return {answer["InvokedProductionVariant"] for answer in answers}

    assert invoked(60) == {"A", "B"}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredWeight": 0}, {"VariantName": "B", "DesiredWeight": 3}],
    )
    endpoint = workspace.wait_for_endpoint(name)
    assert {each["VariantName"]: each["CurrentWeight"] for each in endpoint["ProductionVariants"]} == {"A": 0, "B": 3}
    assert invoked(30) == {"B"}
    code, message = refused(
        sagemaker.update_endpoint_weights_and_capacities,
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "C", "DesiredWeight": 1}],
    )
    assert code == "ValidationException" and "C" in message


def test_a_shadow_variant_is_described_and_never_answers(client, ready, workspace, unique, boston):
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    variant = {"ModelName": ready.model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1}
    config = unique("shadowed")
    shadows = [{**variant, "VariantName": "Shadow", "InitialVariantWeight": 0.5}]
    sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[{**variant, "VariantName": "A"}],
        ShadowProductionVariants=shadows,
    )
    assert sagemaker.describe_endpoint_config(EndpointConfigName=config)["ShadowProductionVariants"] == shadows
    name = workspace.make_endpoint(config)
    for _ in range(10):
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=boston.features(1))
        assert answer["InvokedProductionVariant"] == "A"
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "Shadow", "DesiredWeight": 1, "DesiredInstanceCount": 2}]
    )
    described = workspace.wait_for_endpoint(name)["ShadowProductionVariants"]
    assert [(each["VariantName"], each["CurrentWeight"], each["CurrentInstanceCount"]) for each in described] == [("Shadow", 1, 2)]


def test_a_name_is_free_again_as_soon_as_a_delete_is_answered(client, ready, workspace):
    sagemaker = client("sagemaker")
    for _ in range(5):
        name = workspace.make_endpoint(ready.config, "again-and-again")
        sagemaker.delete_endpoint(EndpointName=name)
        assert refused(sagemaker.describe_endpoint, EndpointName=name)[1].startswith("Could not find endpoint")


def test_what_is_there_is_not_made_twice(client, ready, workspace):
    sagemaker = client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=ready.config)
    model = sagemaker.describe_model(ModelName=ready.model)
    made = (
        ("model", sagemaker.create_model, {"ModelName": ready.model, "PrimaryContainer": model["PrimaryContainer"], "ExecutionRoleArn": work.ROLE}),
        (
            "endpoint configuration",
            sagemaker.create_endpoint_config,
            {"EndpointConfigName": ready.config, "ProductionVariants": config["ProductionVariants"]},
        ),
        ("endpoint", sagemaker.create_endpoint, {"EndpointName": ready.endpoint, "EndpointConfigName": ready.config}),
    )
    for noun, create, request in made:
        code, message = refused(create, **request)
        assert code == "ValidationException" and message.startswith(f"Cannot create already existing {noun}"), message
    name = ready.job["TrainingJobName"]
    code, message = refused(sagemaker.create_training_job, **workspace.job_request(name, workspace.bucket()))
    assert code == "ResourceInUse" and name in message


def test_what_is_not_there_could_not_be_found(client, ready):
    sagemaker = client("sagemaker")
    missing = "never-made"
    for call, request in (
        (sagemaker.describe_model, {"ModelName": missing}),
        (sagemaker.delete_model, {"ModelName": missing}),
        (sagemaker.describe_endpoint_config, {"EndpointConfigName": missing}),
        (sagemaker.delete_endpoint_config, {"EndpointConfigName": missing}),
        (sagemaker.describe_endpoint, {"EndpointName": missing}),
        (sagemaker.delete_endpoint, {"EndpointName": missing}),
        (sagemaker.update_endpoint, {"EndpointName": missing, "EndpointConfigName": ready.config}),
        (sagemaker.update_endpoint, {"EndpointName": ready.endpoint, "EndpointConfigName": missing}),
        (sagemaker.create_endpoint, {"EndpointName": missing, "EndpointConfigName": missing}),
    ):
        code, message = refused(call, **request)
        assert code == "ValidationException" and message.startswith("Could not find"), message
        assert missing in message


def test_tags_come_and_go(client, ready):
    sagemaker = client("sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName=ready.endpoint)["EndpointArn"]
    added = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}])["Tags"]
    assert {each["Key"]: each["Value"] for each in added} == {"team": "a", "cost": "1"}
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost", "never-there"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]


def test_jobs_are_searched(client, ready):
    name = ready.job["TrainingJobName"]
    found = client("sagemaker").search(
        Resource="TrainingJob",
        SearchExpression={
            "Filters": [
                {"Name": "TrainingJobName", "Operator": "Equals", "Value": name},
                {"Name": "Metrics.validation:rmse", "Operator": "LessThan", "Value": "1000"},
            ]
        },
    )
    assert [each["TrainingJob"]["TrainingJobName"] for each in found["Results"]] == [name]


def test_what_was_answered_is_there_after_a_power_cut(fresh_server, boston):
    program = fresh_server()
    endpoint = work.deploy(program)

    def answer():
        return program.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=boston.features(3))["Body"].read()

    before = answer()
    program.kill()
    program.restart()
    assert answer() == before
    assert program.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"
