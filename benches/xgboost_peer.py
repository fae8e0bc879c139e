"""XGBoost's own C library, one thread, called without Python in between: xgboost_peer.py MODEL_TAR_GZ ROWS_JSON

Prints nanoseconds a row for batches of 1 and of all rows: the fastest of many calls of XGBoosterPredictFromDense.
"""

import ctypes
import json
import sys
import tarfile
import tempfile
import time

import numpy as np
import xgboost as xgb
from xgboost.core import _LIB

archive, rows_file = sys.argv[1:3]
with tempfile.TemporaryDirectory() as folder:
    with tarfile.open(archive) as tar:
        tar.extract("xgboost-model", folder)
    booster = xgb.Booster(model_file=folder + "/xgboost-model")
booster.set_param({"nthread": 1})
with open(rows_file) as file:
    rows = np.array(json.load(file), dtype=np.float32)
config = json.dumps(
    {"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "cache_id": 0, "missing": float("nan")}
).encode()


def nanoseconds(data):
    interface = json.dumps(data.__array_interface__, default=str).encode()
    shape, dim, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()

    def call():
        failed = _LIB.XGBoosterPredictFromDense(
            booster.handle, interface, config, None, ctypes.byref(shape), ctypes.byref(dim), ctypes.byref(out)
        )
        assert failed == 0, _LIB.XGBGetLastError()

    call()
    fastest = float("inf")
    for _ in range(400):
        started = time.perf_counter_ns()
        call()
        fastest = min(fastest, (time.perf_counter_ns() - started) / len(data))
    return fastest


print(json.dumps({"version": xgb.__version__, "single": nanoseconds(rows[:1].copy()), "batch": nanoseconds(rows)}))
