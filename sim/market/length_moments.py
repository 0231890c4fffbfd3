"""How unlike the requests of a model are: means of products of their lengths (E170)."""

import numpy as np

from sim.market.usage import WorkloadDay


def length_moments(day: WorkloadDay, sigma: np.ndarray, models: int) -> np.ndarray:
    """Return means of prompt², answer² and prompt times answer, tokens², float64 (models, 3); 0 without requests.

    Lengths of a workload are log-normal and independent of each other, so that its means and ``sigma`` tell them; a
    model serves workloads that are unlike.

    Parameters
    ----------
    day
        What workloads bought.
    sigma
        float64 (workloads,): standard deviation of the logarithm of each workload's lengths.
    models
        How many there are.
    """
    bought = np.flatnonzero((day.model >= 0) & (day.completed > 0))
    model, requests = day.model[bought], day.completed[bought]
    prompt, answer = (tokens[bought] / requests for tokens in (day.prompt_tokens, day.output_tokens))
    square = np.exp(sigma[bought] ** 2)
    products = (prompt * prompt * square, answer * answer * square, prompt * answer)
    total = np.bincount(model, requests, models)
    sums = [np.bincount(model, requests * product, models) for product in products]
    return np.array([column / np.where(total > 0, total, 1.0) for column in sums]).T
