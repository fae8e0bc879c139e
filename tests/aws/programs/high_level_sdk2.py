"""SDK 2.x's high level: fit with logs, metrics as a table, deploy, predict, update, attach, delete. high_level_sdk2.py DATA_FOLDER"""

import io
import os
import sys
from contextlib import redirect_stdout

import numpy as np
import sagemaker
from sagemaker import get_execution_role, image_uris
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.deserializers import CSVDeserializer, JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer

folder = sys.argv[1]
session = sagemaker.Session()
role = get_execution_role()
prefix = "high-level"
test = np.loadtxt(os.path.join(folder, "test.csv"), delimiter=",")
prices, rows = test[:, 0], test[:, 1:]
in_service = session.sagemaker_client.get_waiter("endpoint_in_service")


def error(predicted):
    return float(np.sqrt(np.mean((np.asarray(predicted, dtype=float) - prices) ** 2)))


channels = {
    channel: TrainingInput(
        session.upload_data(os.path.join(folder, channel + ".csv"), key_prefix=prefix), content_type="csv"
    )
    for channel in ("train", "validation")
}


def estimator(algorithm, **hyperparameters):
    return Estimator(
        image_uris.retrieve(algorithm, session.boto_region_name, version="1"),
        role,
        instance_count=1,
        instance_type="ml.m4.xlarge",
        output_path=f"s3://{session.default_bucket()}/{prefix}/output",
        hyperparameters=hyperparameters,
        sagemaker_session=session,
    )


xgb = estimator("xgboost", max_depth=5, eta=0.2, gamma=4, min_child_weight=6, subsample=0.8, objective="reg:linear", num_round=60)
said = io.StringIO()
with redirect_stdout(said):
    xgb.fit(channels)
print(said.getvalue())
assert "Training seconds:" in said.getvalue() and "validation-rmse" in said.getvalue()

for table in (
    xgb.training_job_analytics.dataframe(),
    TrainingJobAnalytics(xgb.latest_training_job.name, metric_names=["validation:rmse"]).dataframe(),
):
    print(table)
    assert list(table.columns) == ["timestamp", "metric_name", "value"]
    assert "validation:rmse" in set(table["metric_name"]) and (table["value"] > 0).all()

# The one place that waits as the SDK does: it sleeps for 30 s before it looks for the first time.
predictor = xgb.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge", serializer=CSVSerializer())
endpoint = predictor.endpoint_name
predictor.deserializer = CSVDeserializer()
xgb_error = error(predictor.predict(rows)[0])
print("xgboost: root mean squared error", xgb_error)
assert xgb_error < 5

again = Estimator.attach(xgb.latest_training_job.name, sagemaker_session=session)
assert again.model_data == xgb.model_data
assert again.hyperparameters()["max_depth"] == "5"
assert again.role == role and again.instance_type == "ml.m4.xlarge"

linear = estimator("linear-learner", feature_dim=13, predictor_type="regressor", mini_batch_size=50)
linear.fit(channels, logs=False)
model = linear.create_model(name=linear.latest_training_job.name)
model.create(instance_type="ml.m4.xlarge")
predictor.update_endpoint(initial_instance_count=1, instance_type="ml.m4.xlarge", model_name=model.name, wait=False)
in_service.wait(EndpointName=endpoint)
by_json = Predictor(endpoint, session, serializer=CSVSerializer(), deserializer=JSONDeserializer())
predictions = by_json.predict(rows)["predictions"]
linear_error = error([each["score"] for each in predictions])
print("linear-learner: root mean squared error", linear_error)
assert linear_error < 7
assert abs(linear_error - xgb_error) > 1e-6, "the endpoint still answers with the first model"

by_json.delete_model()
by_json.delete_endpoint(delete_endpoint_config=True)
try:
    session.sagemaker_client.describe_endpoint(EndpointName=endpoint)
    raise AssertionError("the endpoint is still there")
except session.sagemaker_client.exceptions.ClientError as gone:
    assert "Could not find endpoint" in str(gone)
