"""The two engines share the names of what does the same in both, and the numbers that both obey."""

import ast
import re

import numpy as np
import pytest

from sim.engines import rules
from sim.engines.compiled import records
from sim.engines.compiled.bill_records import PartBill, TierRow
from sim.engines.compiled.wish import Wish
from sim.engines.next_turn import ClosedLoop, TokenLaw
from sim.engines.outcome import FAILED, OUTCOMES, REFUSED, TIMED_OUT, SampledRequest
from sim.engines.record import Record, f8, i4, rows_of, table
from sim.engines.requests import ArrivingRequest
from sim.policy import FAILURES
from worlds.places import ROOT

ENGINES = ROOT / "sim" / "engines"
TWINS = {"sorted_models", "books", "clock", "deployment", "engine", "health", "narrow", "network", "newcomers", "place",
         "preferences", "dialects", "prefix_cache", "priority", "rates", "replica", "router", "telemetry", "terms",
         "ticks", "transfer", "turns", "waiting"}
COMPILED_ONLY = {
    "batch": "lists that are linked through records: the reference has Python's",
    "bill_records": "rows of what is billed: objects in the reference",
    "cache_names": "buckets of names: the reference has a dict",
    "cache_records": "rows of prefix caches: objects in the reference",
    "build": "fills the memory from the world's tables: the reference builds objects where it needs them",
    "build_preferences": "the part of build for what classes prefer",
    "build_telemetry": "the part of build for what routers learn",
    "build_tiers": "the part of build for client classes and service tiers",
    "build_waiting": "the part of build for what rests, who waits and who pays",
    "hedge": "two attempts of a request share the fields of its record: the reference has an object for each",
    "intake": "requests on their way to the shards: the reference takes them one by one",
    "entry_point": "from Python into compiled code: the reference is not compiled",
    "finish": "the heap that orders finishes: the reference looks at every request in every step",
    "leap": "over boundaries at which nothing happens: the reference takes them one by one",
    "loop": "finds the next event: SimPy does it for the reference",
    "slots": "places of records that are used again: the reference makes objects",
    "outside": "functions that Python calls with a shard's address: methods in the reference",
    "owed": "providers hand to the books what is over: objects of the reference call each other",
    "policy_table": "how compiled code finds the policies: the reference calls them",
    "prefetch": "a hint to the processor",
    "records": "rows of the memory: the reference has objects, beside the code that uses them",
    "sending": "what a step of the source ends with, of transfer: apart, so that files do not import in circles",
    "told": "messages of a replica's host, of deployment: apart for the same reason",
    "transfer_records": "rows of links: objects in the reference",
    "sample_records": "rows of windows of samples: the reference keeps the samples themselves",
    "shards": "how models are split among cores: the reference has them all in one queue",
    "state": "the arrays of those rows",
    "wish": "the row of what classes prefer: an object in the reference",
    "sample_windows": "lists of counts of samples: the reference keeps the samples themselves",
    "ties": "compares lanes and timers that are due together: SimPy's queue does it for the reference",
    "shard_row": "how compiled code finds the arrays: objects of the reference hold each other",
}
REFERENCE_ONLY = {
    "faces": "what objects ask of each other: functions over arrays need none",
    "job": "an attempt at its provider: a record in the compiled engine",
    "request": "a request and its attempts: records in the compiled engine",
}
# functions that do the same, by file
SHARED = {
    "sorted_models": {"ask_best_model", "tried_all", "some_may_return"},
    "books": {"bill", "settle", "measure", "count_outcome", "count_rule"},
    "deployment": {"hear_dispatch", "hear_cancel", "within_rate_limits", "balance", "lighter_of_two", "begin_outage",
                   "slow_down", "resize", "true_work_s"},
    "dialects": {"forget", "note_step", "note_preemption", "fits", "kept", "room_for_steps"},
    "health": {"fail", "succeed", "trip", "lets_through"},
    "narrow": {"weigh", "leave_out_drained", "prefer_tier"},
    "place": {"pick", "suits", "may_return", "is_usable", "is_kept_away", "can_serve", "ask_policy"},
    "preferences": {"allows", "tries", "uses_own_key", "meets_preferences", "first_group", "leaders", "rank"},
    "prefix_cache": {"shared_tokens", "find", "store", "release", "evict", "begin", "take", "move", "lengthen", "cut",
                     "send", "drop"},
    "rates": {"within_limits", "bring_up"},
    "replica": {"join", "end_step", "drop_cancelled", "finish_decodes", "finish_prefills", "preempt", "admit", "leave",
                "count_time"},
    "router": {"stick", "hear_request", "wait", "hear_first_token", "hear_done", "dispatch", "drop", "let_go", "blame",
               "fail_over", "set_timer", "time_out", "try_next_model", "end_request"},
    "telemetry": {"saw_first_token", "saw_done", "saw_failure", "refresh", "count_end", "set_percentiles", "set_shares",
                  "sample", "learn_capacity", "saw_dispatch", "let_go"},
    "newcomers": {"show_newcomers"},
    "terms": {"terms_of", "cost_usd", "caching_saves"},
    "ticks": {"publish", "copy_view"},
    "transfer": {"land", "stop"},
    "turns": {"follow"},
}
# and classes; a record of the compiled engine is the row of the object's fields
CLASSES = {"LiveRequest", "Attempt", "Replica", "LiveDeployment", "LiveRouter", "Stick", "Books", "Clock",
           "Meter", "RouterQueue", "PrefixCache", "CachedPrefix"}


def stems(engine: str) -> set[str]:
    return {path.stem for path in (ENGINES / engine).glob("*.py")} - {"__init__"}


def defined(engine: str, stem: str, kind: type) -> set[str]:
    """Names that a file defines, methods included, without a leading underscore."""
    tree = ast.parse((ENGINES / engine / f"{stem}.py").read_text(encoding="utf-8"))
    return {node.name.removeprefix("_") for node in ast.walk(tree) if isinstance(node, kind)}


def test_every_file_has_its_twin_or_a_reason() -> None:
    assert stems("compiled") == TWINS | set(COMPILED_ONLY)
    assert stems("reference") == TWINS | set(REFERENCE_ONLY)


@pytest.mark.parametrize("stem", sorted(SHARED))
def test_functions_that_do_the_same_have_one_name(stem: str) -> None:
    for engine in ("compiled", "reference"):
        assert not SHARED[stem] - defined(engine, stem, ast.FunctionDef), engine


def test_a_name_in_both_twins_is_on_the_list() -> None:
    """Two functions of one name in a pair of files do the same, or one of them is called something else."""
    own = {"init", "at", "tick"}
    for stem in TWINS - {"engine"}:
        both = defined("compiled", stem, ast.FunctionDef) & defined("reference", stem, ast.FunctionDef)
        assert both - own <= SHARED.get(stem, set()), stem


def test_classes_that_are_the_same_thing_have_one_name() -> None:
    for engine in ("compiled", "reference"):
        found = {name for stem in stems(engine) for name in defined(engine, stem, ast.ClassDef)}
        assert not CLASSES - found, engine


def test_no_class_of_an_engine_is_called_like_another_thing() -> None:
    inside: set[str] = set()
    outside: set[str] = set()
    for room in ("sim", "providers", "policies", "experiments"):
        for path in (ROOT / room).rglob("*.py"):
            names = {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                     if isinstance(node, ast.ClassDef)}
            (inside if path.is_relative_to(ENGINES) else outside).update(names)
    assert not inside & outside


def described() -> list[type[Record]]:
    ours = [value for value in vars(records).values() if isinstance(value, type) and issubclass(value, Record)]
    return [*(record for record in ours if record is not Record), PartBill, TierRow, Wish, ArrivingRequest,
            SampledRequest, ClosedLoop, TokenLaw]


@pytest.mark.parametrize("record", described(), ids=lambda record: record.__name__)
def test_every_field_of_a_record_has_a_type_and_a_meaning(record: type[Record]) -> None:
    assert record.__doc__
    assert list(record.fields()) == list(record.__annotations__) == list(record.dtype().names or ())
    for name, field in record.fields().items():
        assert record.__annotations__[name] is {"f": float, "i": int, "u": int}[field.code[0]], name
        assert len(field.meaning) > 5, name
        if name.endswith("_s") or field.code == "f8":
            unit = r"\bs\b|tokens|requests|share|factor|weight|logarithm|millionths|USD|sixtieths"
            assert re.search(unit, field.meaning), f"{name} has no unit"
    widths = [int(field.code[1]) for field in record.fields().values()]
    if record not in (ArrivingRequest, SampledRequest):
        assert widths == sorted(widths, reverse=True), "wider fields first"
        assert record.dtype().itemsize - sum(widths) < 8, "no more than the end is padded"


def test_nothing_lies_between_the_fields_of_an_arriving_request() -> None:
    """Its rows are compared and hashed as bytes; numpy leaves to chance what lies between fields."""
    widths = [int(field.code[1]) for field in ArrivingRequest.fields().values()]
    assert ArrivingRequest.dtype().itemsize == sum(widths), "give an int32 field 64 bits, or the other way round"


def test_a_table_is_the_array_itself_and_refuses_another_type() -> None:
    class Point(Record):
        """A place."""

        x_m: float = f8("metres east")
        number: int = i4("of the point")

    rows = np.zeros(3, Point.dtype())
    assert table(rows, Point) is rows
    assert rows_of(table(rows, Point)) is rows
    with pytest.raises(TypeError, match="but a table of Point has"):
        table(np.zeros(3), Point)


def test_every_kind_of_failure_has_an_outcome() -> None:
    found = {name: OUTCOMES[outcome] for name, outcome in zip(FAILURES, rules.OUTCOME_OF_FAILURE, strict=True)}
    assert found == {
        "none": "refused", "outage": "failed", "server_error": "failed", "rate_limited": "refused",
        "queue_full": "refused", "too_long": "refused", "midstream": "failed", "timed_out": "timed_out"}
    assert {REFUSED, FAILED, TIMED_OUT} == set(rules.OUTCOME_OF_FAILURE)
    assert {FAILURES[kind] for kind in rules.HARD_FAILURES} == {"outage", "server_error", "midstream", "timed_out"}
    assert {FAILURES[kind] for kind in rules.REFUSALS} == {"rate_limited", "queue_full"}


def test_rules_are_stated_nowhere_else_in_the_engines() -> None:
    numbers = ast.parse((ENGINES / "rules.py").read_text(encoding="utf-8"))
    stated = {target.id for node in ast.walk(numbers) if isinstance(node, ast.AnnAssign)
              for target in [node.target] if isinstance(target, ast.Name)}
    for path in ENGINES.rglob("*.py"):
        if path.name == "rules.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        again = {target.id for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign)
                 for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                 if isinstance(target, ast.Name)}
        assert not again & stated, path
