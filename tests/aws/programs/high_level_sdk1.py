"""SDK 1.72's high level: fit with logs, deploy, predict, update, attach, delete. high_level_sdk1.py DATA_FOLDER"""

import io
import os
import sys
from contextlib import redirect_stdout

import numpy as np
import sagemaker
from sagemaker import get_execution_role
from sagemaker.amazon.amazon_estimator import get_image_uri
from sagemaker.estimator import Estimator
from sagemaker.predictor import csv_serializer, json_deserializer

folder = sys.argv[1]
session = sagemaker.Session()
role = get_execution_role()
prefix = "high-level"
test = np.loadtxt(os.path.join(folder, "test.csv"), delimiter=",")
prices, rows = test[:, 0], test[:, 1:]


def error(predicted):
    return float(np.sqrt(np.mean((np.asarray(predicted) - prices) ** 2)))


channels = {
    channel: sagemaker.s3_input(
        s3_data=session.upload_data(os.path.join(folder, channel + ".csv"), key_prefix=prefix), content_type="csv"
    )
    for channel in ("train", "validation")
}


def estimator(algorithm, **hyperparameters):
    made = Estimator(
        get_image_uri(session.boto_region_name, algorithm),
        role,
        train_instance_count=1,
        train_instance_type="ml.m4.xlarge",
        output_path="s3://{}/{}/output".format(session.default_bucket(), prefix),
        sagemaker_session=session,
    )
    made.set_hyperparameters(**hyperparameters)
    return made


xgb = estimator("xgboost", max_depth=5, eta=0.2, gamma=4, min_child_weight=6, subsample=0.8, objective="reg:linear", num_round=60)
said = io.StringIO()
with redirect_stdout(said):
    xgb.fit(channels)
print(said.getvalue())
assert "Training seconds:" in said.getvalue() and "validation-rmse" in said.getvalue()

predictor = xgb.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge")
endpoint = predictor.endpoint
predictor.content_type = "text/csv"
predictor.serializer = csv_serializer
answer = predictor.predict(rows).decode("utf-8")
xgb_error = error(np.fromstring(answer, sep=","))
print("xgboost: root mean squared error", xgb_error)
assert xgb_error < 5

again = Estimator.attach(xgb.latest_training_job.name, sagemaker_session=session)
assert again.model_data == xgb.model_data
assert again.hyperparameters()["max_depth"] == "5"
assert again.role == role and again.train_instance_type == "ml.m4.xlarge"

linear = estimator("linear-learner", feature_dim=13, predictor_type="regressor", mini_batch_size=50)
linear.fit(channels, logs=False)
linear.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge", endpoint_name=endpoint, update_endpoint=True)
predictor.accept = "application/json"
predictor.deserializer = json_deserializer
predictions = predictor.predict(rows)["predictions"]
linear_error = error([each["score"] for each in predictions])
print("linear-learner: root mean squared error", linear_error)
assert linear_error < 7
assert abs(linear_error - xgb_error) > 1e-6, "the endpoint still answers with the first model"

predictor.delete_endpoint()
predictor_models = [xgb.latest_training_job.name, linear.latest_training_job.name]
for name in predictor_models:
    try:
        session.delete_model(name)
    except session.boto_session.client("sagemaker").exceptions.ClientError as missing:
        assert "Could not find" in str(missing)
try:
    session.sagemaker_client.describe_endpoint(EndpointName=endpoint)
    raise AssertionError("the endpoint is still there")
except session.sagemaker_client.exceptions.ClientError as gone:
    assert "Could not find endpoint" in str(gone)
