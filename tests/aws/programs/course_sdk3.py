"""A lesson as one writes it for AWS with SDK 3.x: two models behind one endpoint, then the better one alone. course_sdk3.py DATA_FOLDER"""

import os
import sys
import time

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig

begun = time.time()
folder = sys.argv[1]
session = Session()
role = get_execution_role()
prefix = "lesson-update-endpoint"
with open(os.path.join(folder, "test.csv")) as file:
    rows = [line.strip().split(",", 1)[1] for line in file]

channels = [
    InputData(
        channel_name=channel,
        data_source=session.upload_data(os.path.join(folder, f"{channel}.csv"), key_prefix=prefix),
        content_type="text/csv",
    )
    for channel in ("train", "validation")
]


def trained(algorithm, **hyperparameters):
    image = image_uris.retrieve(algorithm, session.boto_region_name, version="1")
    trainer = ModelTrainer(
        training_image=image,
        role=role,
        compute=Compute(instance_type="ml.m4.xlarge", instance_count=1),
        hyperparameters=hyperparameters,
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
        base_job_name=algorithm,
        sagemaker_session=session,
    )
    trainer.train(input_data_config=channels)
    job = trainer._latest_training_job
    return Model.create(
        model_name=f"{algorithm}-model-{int(begun)}",
        primary_container=ContainerDefinition(image=image, model_data_url=job.model_artifacts.s3_model_artifacts),
        execution_role_arn=role,
    )


def config(name, **models):
    return EndpointConfig.create(
        endpoint_config_name=f"{name}-{int(begun)}",
        production_variants=[
            ProductionVariant(
                variant_name=variant,
                model_name=model.model_name,
                initial_instance_count=1,
                instance_type="ml.m4.xlarge",
                initial_variant_weight=1,
            )
            for variant, model in models.items()
        ],
    )


def invoke(endpoint, times):
    answers = [endpoint.invoke(body=row, content_type="text/csv") for row in rows[:times]]
    for answer in answers[:10]:
        print(answer.invoked_production_variant, answer.body.read().decode())
    return [answer.invoked_production_variant for answer in answers]


xgboost = trained("xgboost", max_depth=5, eta=0.2, objective="reg:linear", early_stopping_rounds=10, num_round=50)
linear = trained("linear-learner", feature_dim=13, predictor_type="regressor", mini_batch_size=50)
both, alone = config("lesson-both", XGB=xgboost, Linear=linear), config("lesson-alone", XGB=xgboost)
endpoint = Endpoint.create(endpoint_name=f"lesson-endpoint-{int(begun)}", endpoint_config_name=both.endpoint_config_name)
endpoint.wait_for_status("InService")
assert len(invoke(endpoint, 10)) == 10
assert set(invoke(endpoint, 60)) == {"XGB", "Linear"}
# The resource holds what is asked for.
endpoint.endpoint_config_name = alone.endpoint_config_name
endpoint.update()
endpoint.wait_for_status("InService")
assert set(invoke(endpoint, 10)) == {"XGB"}
endpoint.delete()
endpoint.wait_for_delete()
for made in (both, alone, xgboost, linear):
    made.delete()
print(f"seconds {time.time() - begun:.1f}")
