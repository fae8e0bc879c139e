"""What XGBoost itself answers: predict.py (MODEL_TAR_GZ ROWS_JSON sparse|dense)... > answers.json

ROWS_JSON holds rows of numbers, null for a cell that is missing (dense) or left out (sparse).
"""

import json
import sys
import tarfile
import tempfile
import warnings

import numpy as np
import scipy.sparse
import xgboost as xgb

warnings.filterwarnings("ignore")


def answer(archive, rows_file, form):
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            tar.extract("xgboost-model", folder)
        booster = xgb.Booster(model_file=folder + "/xgboost-model")
    booster.set_param({"nthread": 1})
    with open(rows_file) as file:
        rows = json.load(file)
    data = np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float32)
    if form == "sparse":
        there = ~np.isnan(data)
        indptr = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        data = scipy.sparse.csr_matrix((data[there], np.nonzero(there)[1], indptr), shape=data.shape)
    return [float(v) for v in np.ravel(booster.predict(xgb.DMatrix(data, nthread=1)))]


jobs = zip(*[iter(sys.argv[1:])] * 3)
json.dump({"version": xgb.__version__, "answers": [answer(*job) for job in jobs]}, sys.stdout)
