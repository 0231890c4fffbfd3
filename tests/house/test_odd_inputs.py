"""Odd inputs in one process: none may end in a traceback or not at all; some also through the shell."""

from concurrent.futures import ThreadPoolExecutor

import odd_inputs
import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bad(odds):
    found = [(odd, odd_inputs.outcome(odd)) for odd in odds]
    return len(found), [f"{odd.kind} | {odd.name} | {what}" for odd, what in found
                        if what not in (odd_inputs.REFUSED, odd_inputs.RAN)]


def test_fields_of_both_kinds_are_refused_by_name_and_value_or_allowed():
    odds = list(odd_inputs.fields(short=True))
    assert len(odds) > 3000
    count, wrong = bad(odds[::11])  # every field and every value, not each with each: the script tries those
    assert count > 300
    assert wrong == []


def test_fields_of_traffic_that_are_allowed_run_to_finite_tables():
    zeros = [odd for odd in odd_inputs.fields() if odd.kind == "duel: zero"]
    count, wrong = bad(zeros[::4])
    assert count > 20
    assert wrong == []


def test_traces_policies_designs_commands_files_and_stores(folder):
    odds = [*odd_inputs.traces(folder), *odd_inputs.policies(), *odd_inputs.commands(folder)]
    assert len(odds) > 400
    count, wrong = bad(odds[::3])
    assert count > 130
    assert wrong == []


def test_some_through_the_shell(folder):
    odds = list(odd_inputs.shell(folder))
    assert len(odds) >= 40
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(_tried, odds[::6]))  # a process each: the script tries all
    assert len(found) >= 7
    assert [it for it in found if it] == []


def _tried(odd):
    from sim.errors import MarketError

    try:
        odd.attempt()
    except MarketError:
        return ""
    except (RuntimeError, TimeoutError) as error:
        return f"{odd.name}: {error}"
    return ""
