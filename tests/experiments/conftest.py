"""What tests of experiments share."""

from collections.abc import Iterator

import pytest

from worlds.undrawn import leave_undrawn


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """No figure of the module's tests is drawn; those of other modules are, and of these the bytes are compared."""
    with pytest.MonkeyPatch.context() as patched:
        leave_undrawn(patched)
        yield
