"""The steps that every model goes through, as one would write them with boto3."""

import itertools
import os
import time

from . import boston

ROLE = "arn:aws:iam::123456789012:role/Tester"
IMAGES = {
    "xgboost": "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
    "linear-learner": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
}
SMALL = {
    "xgboost": {"objective": "reg:linear", "num_round": "5", "max_depth": "3", "eta": "0.4"},
    "linear-learner": {"predictor_type": "regressor", "feature_dim": "13", "epochs": "3", "mini_batch_size": "50"},
}
_numbers = itertools.count(1)


def unique(prefix):
    """A name that no other test uses; fit for buckets and for resources."""
    # Of one length, so that no name is the beginning of another: filters by name and prefix find just one.
    return f"{prefix}-{os.getpid()}-{next(_numbers):05}"


def wait(ask, done, seconds=60):
    """Asks until `done(answer)` holds; that answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if done(answer):
            return answer
        assert time.monotonic() < deadline, f"still not so after {seconds} s: {answer}"
        time.sleep(0.05)


def bucket(program, prefix="bucket"):
    """A bucket of one's own."""
    name = unique(prefix)
    program.client("s3").create_bucket(Bucket=name)
    return name


def job_request(program, name, bucket, algorithm="xgboost", **hyperparameters):
    """What CreateTrainingJob takes, for a job of a second on the Boston data. The data is put into the bucket."""
    data = boston.put(program.client("s3"), bucket)
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGES[algorithm], "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": SMALL[algorithm] | hyperparameters,
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "ContentType": "text/csv",
                "CompressionType": "None",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": uri,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel, uri in data.items()
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def train(program, algorithm="xgboost", name=None, **hyperparameters):
    """Trains a small model on the Boston data; the description of the completed job."""
    sagemaker = program.client("sagemaker")
    name = name or unique("job")
    sagemaker.create_training_job(**job_request(program, name, bucket(program), algorithm, **hyperparameters))
    return wait_for_job(program, name)


def wait_for_job(program, name, status="Completed"):
    """The job's description once it is over, which must be with `status`."""
    over = {"Completed", "Failed", "Stopped"}
    ask = lambda: program.client("sagemaker").describe_training_job(TrainingJobName=name)  # noqa: E731
    job = wait(ask, lambda answer: answer["TrainingJobStatus"] in over)
    assert job["TrainingJobStatus"] == status, job.get("FailureReason")
    return job


def make_model(program, job, name=None):
    """A model from a completed job; its name."""
    name = name or unique("model")
    program.client("sagemaker").create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": job["AlgorithmSpecification"]["TrainingImage"],
            "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
        },
    )
    return name


def make_config(program, models, name=None):
    """An endpoint configuration with a variant for each entry of `models`, {variant: model} or one model's name; its name."""
    name = name or unique("config")
    models = {"AllTraffic": models} if isinstance(models, str) else models
    program.client("sagemaker").create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m4.xlarge",
                "InitialVariantWeight": 1.0,
            }
            for variant, model in models.items()
        ],
    )
    return name


def make_endpoint(program, config, name=None):
    """An endpoint in service; its name."""
    name = name or unique("endpoint")
    program.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
    wait_for_endpoint(program, name)
    return name


def wait_for_endpoint(program, name, status="InService"):
    """The endpoint's description once nothing changes any more, which must be with `status`."""
    moving = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
    ask = lambda: program.client("sagemaker").describe_endpoint(EndpointName=name)  # noqa: E731
    endpoint = wait(ask, lambda answer: answer["EndpointStatus"] not in moving)
    assert endpoint["EndpointStatus"] == status, endpoint.get("FailureReason")
    return endpoint


def deploy(program, algorithm="xgboost"):
    """From nothing to an endpoint in service; its name."""
    return make_endpoint(program, make_config(program, make_model(program, train(program, algorithm))))
