"""Every operation of SageMaker's table at least once through boto3, and each answer against AWS's own model of it."""

import pathlib
import re

import botocore.session
import pytest
from botocore.exceptions import ClientError

from support import work

TABLE = pathlib.Path(__file__).parents[2] / "src" / "aws" / "sagemaker" / "operations.rs"
MODEL = botocore.session.get_session().get_service_model("sagemaker")
CALLED = set()


def operations():
    return set(re.findall(r'^    \("(\w+)", \|request\|', TABLE.read_text(), re.MULTILINE))


def against(shape, value, path):
    """Required members are there, enumerations hold, no member has another name than in the model."""
    if shape.type_name == "structure":
        assert set(shape.required_members) <= value.keys(), f"{path}: {set(shape.required_members) - value.keys()} missing"
        for name, member in value.items():
            assert name in shape.members, f"{path}.{name} is not in the model"
            against(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for i, element in enumerate(value):
            against(shape.member, element, f"{path}[{i}]")
    elif shape.type_name == "string" and shape.enum:
        assert value in shape.enum, f"{path}: {value}"


@pytest.fixture(scope="module")
def call(server):
    client = server.client("sagemaker")
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}

    def do(operation, **request):
        CALLED.add(operation)
        answer = getattr(client, methods[operation])(**request)
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        shape = MODEL.operation_model(operation).output_shape
        if shape is None:
            assert answer == {}
        else:
            against(shape, answer, operation)
        return answer

    return do


def test_the_life_of_everything(server, call):
    job, model, config, endpoint = (work.unique(kind) for kind in ("op-job", "op-model", "op-config", "op-endpoint"))
    bucket = work.bucket(server)
    arn = call("CreateTrainingJob", **work.job_request(server, job, bucket))["TrainingJobArn"]
    server.client("sagemaker").get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job)
    artefact = call("DescribeTrainingJob", TrainingJobName=job)["ModelArtifacts"]["S3ModelArtifacts"]
    call("AddTags", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    call("DeleteTags", ResourceArn=arn, TagKeys=["k"])
    call("CreateModel", ModelName=model, ExecutionRoleArn=work.ROLE, PrimaryContainer={"Image": work.IMAGES["xgboost"], "ModelDataUrl": artefact})
    call("DescribeModel", ModelName=model)
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1}
    call("CreateEndpointConfig", EndpointConfigName=config, ProductionVariants=[variant])
    call("DescribeEndpointConfig", EndpointConfigName=config)
    call("CreateEndpoint", EndpointName=endpoint, EndpointConfigName=config)
    call("DescribeEndpoint", EndpointName=endpoint)
    server.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=endpoint)
    call("UpdateEndpoint", EndpointName=endpoint, EndpointConfigName=config)
    call("DescribeEndpoint", EndpointName=endpoint)
    server.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=endpoint)
    call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredWeight": 2.0, "DesiredInstanceCount": 2}],
    )
    assert call("DescribeEndpoint", EndpointName=endpoint)["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    for operation in ("ListTrainingJobs", "ListModels", "ListEndpointConfigs", "ListEndpoints"):
        call(operation)
    for resource, name in (("TrainingJob", job), ("Model", model), ("Endpoint", endpoint)):
        by_name = {"Filters": [{"Name": f"{resource}Name", "Operator": "Equals", "Value": name}]}
        assert len(call("Search", Resource=resource, SearchExpression=by_name)["Results"]) == 1
        call("GetSearchSuggestions", Resource=resource)
    call("DeleteEndpoint", EndpointName=endpoint)
    call("DeleteEndpointConfig", EndpointConfigName=config)
    call("DeleteModel", ModelName=model)
    long = work.unique("op-long")
    call("CreateTrainingJob", **work.job_request(server, long, bucket, num_round="1000000"))
    call("StopTrainingJob", TrainingJobName=long)
    work.wait_for_job(server, long, "Stopped")
    call("DeleteTrainingJob", TrainingJobName=job)
    assert CALLED == operations(), "what is in the table and was not called, or the other way round"


def test_what_is_not_in_the_table_says_so(server):
    client = server.client("sagemaker")
    for call, request in (
        (client.list_transform_jobs, {}),
        (client.describe_notebook_instance, {"NotebookInstanceName": "n"}),
        (client.list_hyper_parameter_tuning_jobs, {}),
    ):
        with pytest.raises(ClientError) as error:
            call(**request)
        assert error.value.response["Error"]["Code"] == "UnknownOperationException"
        assert "is not available in Counterpoise" in error.value.response["Error"]["Message"]
