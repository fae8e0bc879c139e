"""SDK 1.72's own format: records to train a linear learner on, dense and sparse, and records there and back at its endpoint. recordio_sdk1.py DATA_FOLDER"""

import io
import os
import sys

import numpy as np
import sagemaker
import scipy.sparse
from sagemaker import get_execution_role
from sagemaker.amazon.amazon_estimator import get_image_uri
from sagemaker.amazon.common import (
    numpy_to_record_serializer,
    record_deserializer,
    write_numpy_to_dense_tensor,
    write_spmatrix_to_sparse_tensor,
)
from sagemaker.estimator import Estimator

folder = sys.argv[1]
session = sagemaker.Session()
bucket = session.default_bucket()


def load(part):
    data = np.loadtxt(os.path.join(folder, part + ".csv"), delimiter=",", dtype="float32")
    return data[:, 0], data[:, 1:]


def channels(prefix, write):
    made = {}
    for part in ("train", "validation"):
        labels, rows = load(part)
        file = io.BytesIO()
        write(file, rows, labels)
        file.seek(0)
        key = "records/{}/{}.pbr".format(prefix, part)
        session.boto_session.client("s3").upload_fileobj(file, bucket, key)
        made[part] = sagemaker.s3_input("s3://{}/{}".format(bucket, key), content_type="application/x-recordio-protobuf")
    return made


def sparse(file, rows, labels):
    write_spmatrix_to_sparse_tensor(file, scipy.sparse.csr_matrix(rows), labels)


prices, rows = load("test")
errors = {}
for name, write in [("dense", write_numpy_to_dense_tensor), ("sparse", sparse)]:
    linear = Estimator(
        get_image_uri(session.boto_region_name, "linear-learner"),
        get_execution_role(),
        train_instance_count=1,
        train_instance_type="ml.m4.xlarge",
        output_path="s3://{}/records/output".format(bucket),
        sagemaker_session=session,
    )
    linear.set_hyperparameters(feature_dim=13, predictor_type="regressor", mini_batch_size=50)
    linear.fit(channels(name, write), logs=False)
    predictor = linear.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge")
    predictor.content_type = predictor.accept = "application/x-recordio-protobuf"
    predictor.serializer = numpy_to_record_serializer()
    predictor.deserializer = record_deserializer()
    answers = [record.label["score"].float32_tensor.values[0] for record in predictor.predict(rows)]
    assert len(answers) == len(rows)
    errors[name] = float(np.sqrt(np.mean((np.array(answers) - prices) ** 2)))
    predictor.delete_endpoint()

print("root mean squared errors", errors)
assert all(error < 7 for error in errors.values())
assert abs(errors["dense"] - errors["sparse"]) < 0.5, "the same rows, written in two ways"
