"""Standard errors against an independent library, and against the same sums written out term by term."""

import numpy as np
import pytest

from experiments.measures.market.regression import demeaned, newey_west, ols

statsmodels = pytest.importorskip("statsmodels.api")


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(3)
    x = np.column_stack([np.ones(60), random.normal(size=60)])
    shocks = random.normal(size=60)
    for t in range(1, 60):
        shocks[t] += 0.5 * shocks[t - 1]
    return x @ [1.0, 2.0] + shocks, x, np.repeat(np.arange(12), 5)


def test_clustered_errors_are_those_of_another_library(data):
    y, x, cluster = data
    got, other = ols(y, x, cluster), statsmodels.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    np.testing.assert_allclose(got.coefficients, other.params)
    np.testing.assert_allclose(got.std_errors, other.bse)
    assert got.r_squared == pytest.approx(other.rsquared)
    assert got.n == 60


def test_absorbed_effects_count_as_the_dummies_that_they_stand_for(data):
    y, x, cluster = data
    cell = np.arange(60) % 4
    got = ols(demeaned(y, cell), demeaned(x[:, 1], cell)[:, None], cluster, absorbed=4)
    dummies = np.column_stack([x[:, 1], *(cell == each for each in range(4))]).astype(float)
    other = statsmodels.OLS(y, dummies).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert got.coefficients[0] == pytest.approx(other.params[0])
    assert got.std_errors[0] == pytest.approx(other.bse[0])


@pytest.mark.parametrize("lags", [0, 1, 3, 7])
def test_newey_and_wests_errors_are_those_of_another_library(data, lags):
    y, x, _ = data
    other = statsmodels.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    np.testing.assert_allclose(newey_west(y, x, lags).std_errors, other.bse)


@pytest.mark.parametrize("k", [1, 2])
def test_prewhitened_errors_term_by_term(k):
    """Without lags: scores less rho times the last, over 1 - rho; rho is raised by (k + 2 k rho) / n."""
    y = np.array([1.0, 2.0, 4.0, 3.0, 1.0, 0.0, 2.0, 5.0, 6.0, 6.0])
    x = np.ones((10, 1)) if k == 1 else np.column_stack([np.ones(10), np.arange(10.0)])
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    rho = sum(residual[1:] * residual[:-1]) / sum(residual[:-1] ** 2)
    rho += (k + 2 * k * rho) / 10
    assert 0 < rho < 0.99
    meat = np.zeros((k, k))
    for t in range(1, 10):
        score = (residual[t] * x[t] - rho * residual[t - 1] * x[t - 1]) / (1 - rho)
        meat += np.outer(score, score)
    bread = np.linalg.inv(x.T @ x)
    expected = np.sqrt(np.diag(bread @ meat @ bread) * 10 / (10 - k))
    np.testing.assert_allclose(newey_west(y, x, 0, prewhiten=True).std_errors, expected)


def test_persistence_is_kept_between_nought_and_nearly_one():
    x = np.ones((40, 1))
    swinging = np.tile([1.0, -1.0], 20)
    np.testing.assert_allclose(newey_west(swinging, x, 0, prewhiten=True).std_errors,  # rho is below 0: scores as are
                               np.sqrt(39) / 40 * np.sqrt(40 / 39))
    lasting = np.repeat([0.0, 1.0], 20)  # residuals of half in size, all alike but for one turn
    residual = lasting - 0.5
    score = (residual[1:] - 0.99 * residual[:-1]) / 0.01
    np.testing.assert_allclose(newey_west(lasting, x, 0, prewhiten=True).std_errors,
                               np.sqrt(score @ score) / 40 * np.sqrt(40 / 39))
    assert newey_west(np.zeros(40), x, 3, prewhiten=True).std_errors.tolist() == [0.0]


@pytest.mark.parametrize("x", [np.ones((2, 2)), np.ones((5, 2)), np.array([[1.0, 0.0], [1.0, 1.0]])])
def test_what_cannot_be_told_has_no_answer(x):
    """As many columns as rows, or columns that say the same."""
    y = np.arange(float(len(x)))
    for fit in (ols(y, x, np.arange(len(x))), newey_west(y, x, 1)):
        assert np.isnan([*fit.coefficients, *fit.std_errors, fit.r_squared]).all()
        assert len(fit.coefficients) == len(fit.std_errors) == 2
        assert fit.n == len(x)


def test_absorbed_effects_may_leave_nothing_over():
    y, x = np.array([1.0, 2.0, 4.0]), np.array([[0.0], [1.0], [3.0]])
    assert np.isnan(ols(y, x, np.arange(3), absorbed=2).coefficients).all()
    assert np.isfinite(ols(y, x, np.arange(3), absorbed=1).coefficients).all()


def test_one_cluster_has_a_coefficient_but_no_error():
    fit = ols(np.array([1.0, 2.0, 4.0]), np.array([[1.0], [1.0], [1.0]]), np.zeros(3))
    assert fit.coefficients == pytest.approx([7 / 3])
    assert np.isnan(fit.std_errors).all()


def test_variance_explained_by_hand():
    """Residuals -1, 1, -1, 1 of values 0, 4, 4, 8 with mean 4: 1 - 4 / 32."""
    y = np.array([0.0, 4.0, 4.0, 8.0])
    x = np.array([[1.0, 1.0], [1.0, 3.0], [1.0, 5.0], [1.0, 7.0]])
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert ols(y, x, np.arange(4)).r_squared == pytest.approx(1 - (residual @ residual) / 32)
    assert np.isnan(ols(np.full(4, 2.0), x, np.arange(4)).r_squared)
