"""A job that must fail: the SDK raises, with the reason that the service gave. For both old lines of the SDK. failing_job.py DATA_FOLDER"""

import os
import sys

import sagemaker
from sagemaker import get_execution_role
from sagemaker.estimator import Estimator

old = sagemaker.__version__.startswith("1.")
Channel = sagemaker.s3_input if old else sagemaker.inputs.TrainingInput
instances = ("train_instance_count", "train_instance_type") if old else ("instance_count", "instance_type")

session = sagemaker.Session()
broken = os.path.join(sys.argv[1], "broken.csv")
with open(broken, "w") as file:
    file.write("1.0,2.0,3.0\n1.0,not-a-number,3.0\n")
uri = session.upload_data(broken, key_prefix="failing")
estimator = Estimator(
    "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
    get_execution_role(),
    sagemaker_session=session,
    **dict(zip(instances, (1, "ml.m4.xlarge"))),
)
estimator.set_hyperparameters(objective="reg:linear", num_round=5)
try:
    estimator.fit({"train": Channel(uri, content_type="text/csv")})
except sagemaker.exceptions.UnexpectedStatusException as error:
    print(type(error).__name__, error)
else:
    sys.exit("it completed")
