"""Models that XGBoost trained, with what it answers: train.py FOLDER

Writes NAME.json, NAME.ubj and answers.json with the rows and the answers of every model.
"""

import json
import sys
import warnings

import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
folder = sys.argv[1]
draw = np.random.RandomState(11)
x = draw.normal(size=(600, 13)).astype(np.float32)
x[draw.uniform(size=x.shape) < 0.1] = np.nan
clean = np.nan_to_num(x)
signal = clean[:, 0] * 2 - clean[:, 1] * clean[:, 2] + np.abs(clean[:, 3]) + draw.normal(size=600) * 0.2
labels = {
    "reg": signal,
    "bin": (signal > 0.5).astype(np.float32),
    "multi": np.digitize(signal, [-1, 1, 3]).astype(np.float32),
    "count": np.abs(np.round(signal)).astype(np.float32),
}
models = {
    "squared": ("reg", {"objective": "reg:squarederror"}),
    "deep": ("reg", {"objective": "reg:squarederror", "max_depth": 0, "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 90}),
    "absolute": ("reg", {"objective": "reg:absoluteerror"}),
    "logistic": ("bin", {"objective": "binary:logistic"}),
    "logitraw": ("bin", {"objective": "binary:logitraw"}),
    "hinge": ("bin", {"objective": "binary:hinge"}),
    "reg_logistic": ("bin", {"objective": "reg:logistic", "base_score": 0.2}),
    "poisson": ("count", {"objective": "count:poisson"}),
    "tweedie": ("count", {"objective": "reg:tweedie"}),
    "softmax": ("multi", {"objective": "multi:softmax", "num_class": 4}),
    "softprob": ("multi", {"objective": "multi:softprob", "num_class": 4}),
    "dart": ("reg", {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.2}),
    "forest": ("reg", {"objective": "reg:squarederror", "num_parallel_tree": 4, "subsample": 0.6}),
}
rows = x[:200]
answers = {}
for name, (label, settings) in models.items():
    booster = xgb.train({"max_depth": 5, "nthread": 1, "verbosity": 0, **settings}, xgb.DMatrix(x, nthread=1, label=labels[label]), 40)
    answers[name] = [float(v) for v in np.ravel(booster.predict(xgb.DMatrix(rows, nthread=1)))]
    booster.save_model(f"{folder}/{name}.json")
    booster.save_model(f"{folder}/{name}.ubj")
plain = [[None if np.isnan(v) else float(v) for v in row] for row in rows]
json.dump({"rows": plain, "answers": answers}, open(f"{folder}/answers.json", "w"))
