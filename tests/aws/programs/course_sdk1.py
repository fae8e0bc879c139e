"""A lesson as one writes it for AWS with SDK 1.72: two models behind one endpoint, then the better one alone. course_sdk1.py DATA_FOLDER"""

import os
import sys
import time

import sagemaker
from sagemaker import get_execution_role
from sagemaker.amazon.amazon_estimator import get_image_uri
from sagemaker.estimator import Estimator

begun = time.time()
folder = sys.argv[1]
session = sagemaker.Session()
role = get_execution_role()
prefix = "lesson-update-endpoint"
with open(os.path.join(folder, "test.csv")) as file:
    rows = [line.strip().split(",", 1)[1] for line in file]

train = session.upload_data(os.path.join(folder, "train.csv"), key_prefix=prefix)
validation = session.upload_data(os.path.join(folder, "validation.csv"), key_prefix=prefix)
channels = {
    "train": sagemaker.s3_input(s3_data=train, content_type="text/csv"),
    "validation": sagemaker.s3_input(s3_data=validation, content_type="text/csv"),
}
output = "s3://{}/{}/output".format(session.default_bucket(), prefix)


def trained(algorithm, **hyperparameters):
    container = get_image_uri(session.boto_region_name, algorithm)
    estimator = Estimator(
        container,
        role,
        train_instance_count=1,
        train_instance_type="ml.m4.xlarge",
        output_path=output,
        sagemaker_session=session,
    )
    estimator.set_hyperparameters(**hyperparameters)
    estimator.fit(channels)
    name = algorithm + time.strftime("-model-%Y-%m-%d-%H-%M-%S", time.gmtime())
    session.sagemaker_client.create_model(
        ModelName=name,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": container, "ModelDataUrl": estimator.model_data},
    )
    return name


def variant(name, model, weight):
    return {
        "InstanceType": "ml.m4.xlarge",
        "InitialVariantWeight": weight,
        "InitialInstanceCount": 1,
        "ModelName": model,
        "VariantName": name,
    }


def invoke(endpoint, times):
    seen = []
    for row in rows[:times]:
        answer = session.sagemaker_runtime_client.invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Body=row
        )
        text = answer["Body"].read().decode("utf-8")
        print(answer["InvokedProductionVariant"], text.strip())
        seen.append(answer["InvokedProductionVariant"])
    return seen


xgboost = trained("xgboost", max_depth=5, eta=0.2, objective="reg:linear", early_stopping_rounds=10, num_round=50)
linear = trained("linear-learner", feature_dim=13, predictor_type="regressor", mini_batch_size=50)

stamp = time.strftime("-%Y-%m-%d-%H-%M-%S", time.gmtime())
both, alone, endpoint = "lesson-both" + stamp, "lesson-alone" + stamp, "lesson-endpoint" + stamp
client = session.sagemaker_client
client.create_endpoint_config(
    EndpointConfigName=both,
    ProductionVariants=[variant("XGB-Model", xgboost, 1), variant("Linear-Model", linear, 1)],
)
client.create_endpoint(EndpointName=endpoint, EndpointConfigName=both)
session.wait_for_endpoint(endpoint)
print()
assert len(invoke(endpoint, 10)) == 10
assert set(invoke(endpoint, 60)) == {"XGB-Model", "Linear-Model"}

client.create_endpoint_config(EndpointConfigName=alone, ProductionVariants=[variant("XGB-Model", xgboost, 1)])
client.update_endpoint(EndpointName=endpoint, EndpointConfigName=alone)
print(client.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])
session.wait_for_endpoint(endpoint)
print()
assert client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"] == alone
assert set(invoke(endpoint, 10)) == {"XGB-Model"}

client.delete_endpoint(EndpointName=endpoint)
for config in (both, alone):
    client.delete_endpoint_config(EndpointConfigName=config)
for model in (xgboost, linear):
    client.delete_model(ModelName=model)
print("seconds {:.1f}".format(time.time() - begun))
