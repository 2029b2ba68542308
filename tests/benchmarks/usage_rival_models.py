"""Models of other libraries, run by an interpreter that has them; `usage_rivals.py` gives the arrays and reads answers.

    python usage_rival_models.py lightgbm GIVEN.npz FOUND.npz
    python usage_rival_models.py mstl GIVEN.npz FOUND.npz

Only numpy and the library are imported: what the scheduler needs may clash with what they need.
"""

import sys
import time
import warnings

import numpy as np

TREES = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 0,
    "deterministic": True,
    "verbose": -1,
}
ROUNDS = 200


def lightgbm(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Predict each data set by a model of all others: features (rows, 24), targets (rows,) and the set of each row."""
    import lightgbm as library

    features, targets, family, teaches = (given[name] for name in ("features", "targets", "family", "teaches"))
    found = np.full(len(targets), np.nan, dtype=np.float32)
    fit = predict = 0.0
    for one in np.unique(family):
        rows = teaches & (family != one) & ~np.isnan(targets)
        # Data sets weigh the same, as they do in the score.
        names, counts = np.unique(family[rows], return_counts=True)
        weight = 1 / dict_of(names, counts)[family[rows]]
        began = time.process_time()
        model = library.train(TREES, library.Dataset(features[rows], targets[rows], weight=weight), ROUNDS)
        fit += time.process_time() - began
        began = time.process_time()
        found[family == one] = model.predict(features[family == one], num_threads=1)
        predict += time.process_time() - began
    return {"found": found, "fit": np.array(fit / len(np.unique(family))), "predict": np.array(predict)}


def dict_of(names: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Give the count of every name as an array by name, in units of their mean."""
    by_name = np.ones(int(names.max()) + 1)
    by_name[names] = counts / counts.mean()
    return by_name


def mstl(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Forecast series (rows, hours) one by one, as many as the seconds of the wall clock allow."""
    from statsforecast.models import MSTL

    warnings.simplefilter("ignore")
    past, ends = given["past"], time.monotonic() + float(given["seconds"])
    model = MSTL(season_length=[24, 168])
    # What is compiled once counts neither toward the time nor toward the limit.
    model.forecast(past[0], 336)
    began = time.process_time()
    found = []
    for one in past:
        if time.monotonic() > ends:
            break
        found.append(model.forecast(one, 336)["mean"])
    return {"found": np.array(found), "predict": np.array(time.process_time() - began)}


if __name__ == "__main__":
    asked, source, target = sys.argv[1:]
    with np.load(source) as arrays:
        answer = {"lightgbm": lightgbm, "mstl": mstl}[asked](dict(arrays))
    np.savez(target, **answer)
