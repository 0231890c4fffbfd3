"""Settings of the tests of the market itself."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _policies_of_tests_are_trusted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Play no trial of the policies that tests bring, a second for each of their parameters and in each process."""
    if request.module.__name__.endswith("test_policy_trial"):  # which shows that the trial finds what is wrong
        yield
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sim.engines.compiled.engine.try_out", lambda bound: None)
        yield
