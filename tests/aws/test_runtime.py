"""SageMaker's runtime through boto3, beside the plain invocation: streams of events, answers that come later."""

import pytest
from botocore.exceptions import ClientError

from support import work


def invoked(runtime, endpoint, body):
    return runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)["Body"].read()


def test_a_stream_of_events_holds_the_plain_answer(client, ready, boston):
    runtime, body = client("sagemaker-runtime"), boston.features(40)
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName=ready.endpoint, ContentType="text/csv", Body=body)
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert b"".join(parts) == invoked(runtime, ready.endpoint, body)


def address(uri):
    name, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": name, "Key": key}


def test_an_answer_that_comes_later_lies_in_the_bucket(client, server, ready, bucket, boston, unique):
    s3, runtime, sagemaker, body = client("s3"), client("sagemaker-runtime"), client("sagemaker"), boston.features(3)
    config, endpoint = unique("later"), unique("later")
    variant = {"VariantName": "A", "ModelName": ready.model, "InitialInstanceCount": 1, "InstanceType": "ml.m4.xlarge"}
    where = {"S3OutputPath": f"s3://{bucket}/answers", "S3FailurePath": f"s3://{bucket}/failures"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=config, ProductionVariants=[variant], AsyncInferenceConfig={"OutputConfig": where}
    )
    work.make_endpoint(server, config, endpoint)
    s3.put_object(Bucket=bucket, Key="asked/rows.csv", Body=body.encode(), ContentType="text/csv")
    asked = {"EndpointName": endpoint, "ContentType": "text/csv"}
    answer = runtime.invoke_endpoint_async(**asked, InputLocation=f"s3://{bucket}/asked/rows.csv", InferenceId="mine")
    assert answer["InferenceId"] == "mine" and answer["OutputLocation"].startswith(f"s3://{bucket}/answers/")

    def there(uri):
        try:
            return s3.get_object(**address(uri))["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None

    came = work.wait(lambda: there(answer["OutputLocation"]), lambda body: body is not None)
    assert came == invoked(runtime, ready.endpoint, body)
    failed = runtime.invoke_endpoint_async(**asked, InputLocation=f"s3://{bucket}/not/there.csv")
    why = work.wait(lambda: there(failed["FailureLocation"]), lambda body: body is not None)
    assert b"not/there.csv" in why
    sagemaker.delete_endpoint(EndpointName=endpoint)


def test_a_refusal_of_the_model_is_a_model_error(client, ready):
    with pytest.raises(ClientError) as error:
        invoked(client("sagemaker-runtime"), ready.endpoint, "1,2,3")
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["OriginalStatusCode"]) == ("ModelError", 400)
    assert "13" in answer["OriginalMessage"], "it says how many columns were expected"
