"""Units of time and money have one home, `sim/units.py`; elsewhere they are imported, not defined again."""

import ast
import re
from collections.abc import Iterator

import pytest

from sim import units
from worlds.places import ROOT

ROOMS = ("sim", "providers", "policies", "experiments")
HOME = ROOT / "sim" / "units.py"
VALUES = {60, 3_600, 86_400, 24, 7, 168, 30, 365, 365.25, 30.4375, 8_760, 8_766, 1_000, 1_000_000, 1e9, 1e-9, 1e-6}
# a name that begins with a unit, as HOUR_S and NANO_PER_USD do; KEEP_DAYS is a number of days, no unit
UNIT = re.compile(r"_?(MINUTE|HOUR|DAY|WEEK|MONTH|YEAR|NANO|PICO|USD|TOKENS|MTOK|BYTES|GB|MILLION|BILLION)S?(_|$)")
LEFT = {  # with a reason each
    ("policies/llmgateway.py", "MINUTES"),  # a window of the original, in slots of a minute
}


def definitions(source: str) -> Iterator[str]:
    """Names of units that a module gives a number of its own."""
    for node in ast.parse(source).body:
        if not (isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        yield from (name for name in names if UNIT.match(name) and node.value.value in VALUES)


@pytest.mark.parametrize(("line", "found"), [
    ("DAY_S = 86_400", ["DAY_S"]), ("HOUR_S: Final = 3600.0", ["HOUR_S"]), ("NANO = 1e-9", ["NANO"]),
    ("_YEAR_DAYS: Final = 365.25", ["_YEAR_DAYS"]), ("USD_PER_NANO: float = 1e-9", ["USD_PER_NANO"]),
    ("KEEP_DAYS = 30", []), ("MEASURED_DAYS = 30", []), ("WIDTH = 60", []), ("DAY_S = compute(86_400)", []),
    ("USD_A_SEAT = 12", []), ("from sim.units import DAY_S", []),
])
def test_a_definition_is_seen(line: str, found: list[str]) -> None:
    assert list(definitions(line)) == found


def test_units_are_defined_at_home_only() -> None:
    assert {"MINUTE_S", "HOUR_S", "DAY_S", "DAYS_PER_YEAR", "NANO_PER_USD"} <= set(definitions(HOME.read_text("utf-8")))
    sources = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
               for room in ROOMS for path in (ROOT / room).rglob("*.py") if path != HOME}
    found = {(name, unit) for name, source in sources.items() for unit in definitions(source)}
    assert not sorted(found - LEFT), "import these from sim.units"
    assert not sorted(LEFT - found), "these are gone: shorten LEFT"


def test_units_agree_with_each_other() -> None:
    assert units.HOURS_PER_DAY * units.HOUR_S == units.DAY_S == 24 * 60 * units.MINUTE_S
    assert (units.DAYS_PER_MONTH, units.HOURS_PER_YEAR) == (30.4375, 8766)
    assert (units.NANO_PER_USD_PER_MTOK, units.USD_PER_NANO) == (1000, 1e-9)
    assert (units.PICO_PER_USD_PER_MTOK, units.USD_PER_PICO) == (1_000_000, 1e-12)
