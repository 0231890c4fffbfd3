"""The store: what is committed stays, one writer, other versions refused, many tiny runs, exports that others read."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from experiments.cli import store as commands_store
from experiments.output.stages import stage
from experiments.runs.specs import RunRecord, RunSpec
from experiments.store.connection import StoreError
from experiments.store.dictionary import DESIGN_TABLES, SCHEMA_VERSION, TABLES
from experiments.store.store import Store
from worlds.places import ROOT


def key(number):
    return f"a{number:031x}"


def spec(number, row=0, replication=0, **point):
    return RunSpec(key(number), "traffic", None, point, row, replication)


def record(number, metrics=3, problem=""):
    names = [f"metric_{index}" for index in range(metrics)]
    frame = pd.DataFrame({"metric": names, "unit": "s", "value": number + np.arange(metrics) / 8})
    return RunRecord(key(number), problem, {} if problem else {"metrics": frame}, wall_s=0.5)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.duckdb"


def test_runs_come_back_with_row_replication_and_factors_in_order():
    specs = [spec(2 * row + replication, row, replication, **{"traffic.load": load, "policy": "cheapest", "on": True})
             for row, load in enumerate((1.5, 0.5)) for replication in range(2)]
    with Store() as store:
        store.begin("study", {"replications": 2}, specs)
        store.add([record(number) for number in (3, 1, 0, 2)])
        frame = store.table("metrics", "study")
    assert list(frame.columns) == ["row", "replication", "traffic.load", "policy", "on", "metric", "unit", "value"]
    assert frame["value"].tolist() == [n + i / 8 for n in range(4) for i in range(3)]
    assert frame["traffic.load"].tolist() == [1.5] * 6 + [0.5] * 6
    assert frame["on"].tolist() == [True] * 12
    assert frame["metric"].tolist() == ["metric_0", "metric_1", "metric_2"] * 4


def test_begin_again_changes_nothing_and_another_plan_replaces_it():
    with Store() as store:
        for _ in range(2):
            store.begin("study", {"a": 1}, [spec(0, x=1), spec(1, 1, x=2)])
        store.add([record(0), record(1)])
        before = store.frame("SELECT * FROM plan ORDER BY ALL"), store.points("study")
        store.begin("study", {"a": 1}, [spec(0, x=1), spec(1, 1, x=2)])
        after = store.frame("SELECT * FROM plan ORDER BY ALL"), store.points("study")
        for old, new in zip(before, after, strict=True):
            pd.testing.assert_frame_equal(old, new)
        store.begin("study", {"a": 2}, [spec(1, 0, x=2)])
        assert store.manifest("study") == {"a": 2}
        assert store.points("study")["x"].tolist() == [2]
        assert store.done([key(0), key(1), key(2)]) == {key(0), key(1)}


def test_studies_share_runs():
    with Store() as store:
        store.begin("one", {}, [spec(5, 0, 0)])
        store.begin("two", {}, [spec(4, 0, 0), spec(5, 1, 0)])
        store.add([record(5)])
        assert store.table("metrics", "one")["value"].tolist() == store.table("metrics", "two")["value"].tolist()
        assert store.studies()[["study", "points", "runs", "done", "failed"]].values.tolist() == [
            ["one", 1, 1, 1, 0], ["two", 2, 2, 1, 0]]


def test_a_failed_run_is_done_has_its_reason_and_no_rows():
    with Store() as store:
        store.begin("study", {}, [spec(0, 0, x=1), spec(1, 1, x=9)])
        store.add([record(0), record(1, problem="ScenarioError: x is 9, but must be at most 5")])
        assert len(store.done([key(1)])) == 1
        failures = store.failures("study")
        assert failures.values.tolist() == [[1, 0, 9, "ScenarioError: x is 9, but must be at most 5"]]
        assert set(store.table("metrics", "study")["row"]) == {0}
        assert store.replications("study")["row"].tolist() == [0]


def test_a_record_added_twice_is_kept_once():
    with Store() as store:
        store.begin("study", {}, [spec(0)])
        store.add([record(0), record(0)])
        store.add([record(0, metrics=5)])
        assert len(store.table("metrics", "study")) == 3


def test_missing_numbers_stay_missing_and_whole_numbers_whole():
    columns = TABLES["classes"].names
    rows = pd.DataFrame({name: [np.nan, np.nan] for name in columns}).assign(
        month=0, segment="chat", task="", model=["a", "b"], born=[2**53 + 1, 3])
    with Store() as store:
        store.begin("study", {}, [spec(0)])
        store.add([RunRecord(key(0), tables={"classes": rows[list(columns)]})])
        frame = store.table("classes", "study")
    assert frame["born"].tolist() == [2**53 + 1, 3]
    assert frame["surplus_usd"].isna().all()
    assert frame["good"].isna().all()


def test_a_failing_batch_leaves_nothing_behind():
    wrong = RunRecord(key(1), tables={"metrics": pd.DataFrame(
        {"metric": ["a"], "unit": ["s"], "value": ["no number"]})})
    with Store() as store:
        store.begin("study", {}, [spec(0), spec(1)])
        with pytest.raises(ValueError, match="no number"):
            store.add([record(0), wrong])
        assert not store.done([key(0), key(1)])
        store.add([record(0)])
        assert len(store.table("metrics", "study")) == 3


@pytest.mark.parametrize(("tables", "message"), [
    ({"nonsense": pd.DataFrame()}, "not in the data dictionary"),
    ({"metrics": pd.DataFrame({"metric": ["a"], "value": [1.0]})}, "has the columns"),
])
def test_tables_must_be_those_of_the_dictionary(tables, message):
    with Store() as store, pytest.raises(ValueError, match=message):
        store.add([RunRecord("0" * 32, tables=tables)])


def test_a_factor_may_not_be_called_like_a_column():
    with Store() as store, pytest.raises(StoreError, match="factor 'model', but that is the name of a column"):
        store.begin("study", {}, [spec(0, model="x")])


def test_unknown_studies_tables_and_bad_queries_are_one_sentence():
    with Store() as store:
        store.begin("mine", {}, [spec(0)])
        with pytest.raises(StoreError, match="no study 'yours'; its studies: mine"):
            store.table("metrics", "yours")
        with pytest.raises(StoreError, match="no table 'metric'; tables are metrics, months"):
            store.table("metric", "mine")
        with pytest.raises(StoreError, match=r"the query failed: .*nowhere"):
            store.frame("SELECT * FROM nowhere")


def test_a_second_writer_is_refused_by_the_process_that_holds_the_store(file):
    code = (f"from experiments.store.store import Store, StoreError\n"
            f"for opening in (Store, Store.open_for_reading):\n"
            f"    try: opening({str(file)!r})\n"
            f"    except StoreError as error: print(error)\n")
    with Store(file):
        said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = said.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert f"{file} is in use by process {os.getpid()} (" in line
    Store(file).close()  # free again


def test_within_a_process_a_reader_may_join_the_writer_but_no_writer_a_reader(file):
    with Store(file) as writer, Store.open_for_reading(file) as reader:
        writer.begin("study", {}, [spec(0)])
        writer.add([record(0)])
        assert len(reader.table("metrics", "study")) == 3
    with Store.open_for_reading(file), pytest.raises(StoreError, match="open for reading in this process"):
        Store(file)


def test_a_reader_cannot_write(file):
    Store(file).close()
    with Store.open_for_reading(file) as store, pytest.raises(StoreError, match="read-only"):
        store.frame("DELETE FROM runs")


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_another_schema_version_is_refused(file, version):
    Store(file).close()
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE schema_version SET version = ?", [version])
    for opening in (Store, Store.open_for_reading):
        with pytest.raises(StoreError, match=f"has schema version {version}, but this code reads and writes version"):
            opening(file)


def test_files_that_are_no_stores_are_refused(file, tmp_path):
    with pytest.raises(StoreError, match="there is no store"):
        Store.open_for_reading(file)
    file.write_text("something else\n" * 1000)
    with pytest.raises(StoreError, match="is not a store: it is no DuckDB file"):
        Store(file)
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    with pytest.raises(StoreError, match="not a store of tokenmarket"):
        Store(other)
    with pytest.raises(StoreError, match="cannot make the store"):
        Store(file / "inside" / "a" / "file.duckdb")


def test_a_new_store_leaves_nothing_beside_itself(file):
    Store(file).close()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


WRITER = """
import sys
sys.path[:0] = ["tests", "tests/experiments/store"]
from test_store import record, spec
from experiments.store.store import Store
with Store(sys.argv[1]) as store:
    store.begin("study", {}, [spec(number, number) for number in range(10_000)])
    start = len(store.frame("SELECT run FROM runs"))
    for number in range(start, 10_000, 7):
        store.add([record(each) for each in range(number, number + 7)])
        print(number + 7, flush=True)
"""


def test_killed_in_mid_write_it_holds_what_it_had_committed(file):
    random = np.random.default_rng(20261124)
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], cwd=ROOT, text=True,
                                  stdout=subprocess.PIPE)
        said = [writer.stdout.readline()]  # it is writing by now
        time.sleep(float(random.uniform(0.05, 0.4)))
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.read().splitlines()
        writer.wait()
        writer.stdout.close()
        told = int([line for line in said if line.strip()][-1])
        with Store.open_for_reading(file) as store:
            runs = store.frame("SELECT count(*) AS n FROM runs")["n"].item()
            rows = store.frame("SELECT count(*) AS n, count(DISTINCT run) AS runs FROM metrics")
        assert runs - told in (0, 7)  # at most the batch that was being written, whole
        assert (rows["n"].item(), rows["runs"].item()) == (3 * runs, runs)


def test_what_killed_processes_left_is_removed_and_what_others_make_is_not(file):
    file.parent.mkdir(exist_ok=True)
    maker = subprocess.Popen([sys.executable, "-c", STAGE, str(file)], cwd=ROOT, text=True, stdout=subprocess.PIPE)
    left = Path(maker.stdout.readline().strip())
    with stage(file) as mine:
        maker.kill()
        maker.wait()
        maker.stdout.close()
        assert left.exists()
        Store(file).close()
        assert not left.parent.exists()
        assert mine.exists()


STAGE = """
import sys, time
from pathlib import Path
from experiments.output.stages import stage
with stage(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_ten_thousand_tiny_runs_are_stored_and_queried_without_slowing_down(file):
    number, batch = 10_000, 250
    took = []
    with Store(file) as store:
        store.begin("study", {}, [spec(i, i // 5, i % 5, **{"traffic.load": i // 5}) for i in range(number)])
        for start in range(0, number, batch):
            records = [record(i, metrics=26) for i in range(start, start + batch)]
            began = time.perf_counter()
            store.add(records)
            took.append(time.perf_counter() - began)
        frame = store.table("metrics", "study")
        means = store.frame("SELECT metric, avg(value) AS mean FROM metrics GROUP BY metric ORDER BY metric")
    assert len(frame) == 26 * number
    assert means["mean"][0] == pytest.approx((number - 1) / 2)
    assert np.median(took[-8:]) < 2 * np.median(took[:8]) + 0.05  # the floor is for a machine busy with other things


@pytest.fixture
def filled(file):
    with Store(file) as store:
        store.begin("study", {"why": "tests, \"quoted\""}, [spec(0, 0, x=0.1), spec(1, 1, x="a,b")])
        store.add([record(1), record(0)])
    return file


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_exports_are_read_back_by_pandas(filled, tmp_path, form):
    with Store.open_for_reading(filled) as store:
        paths = store.export(tmp_path / "out", form)
        whole = store.frame("SELECT * FROM metrics ORDER BY run, line")
    assert {path.name for path in paths} == {f"{name}.{form}" for name in [*TABLES, *DESIGN_TABLES]}
    read = pd.read_csv if form == "csv" else pd.read_parquet
    if form == "parquet":
        pytest.importorskip("pyarrow")
    back = read(tmp_path / "out" / f"metrics.{form}")
    pd.testing.assert_frame_equal(back, whole, check_dtype=False)
    assert "wall_s" not in read(tmp_path / "out" / f"runs.{form}").columns


def test_parquet_has_the_documented_columns_and_types(filled, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    with Store.open_for_reading(filled) as store:
        store.export(tmp_path, "parquet")
    types = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "double", "BOOLEAN": "bool"}
    for name, table in TABLES.items():
        schema = parquet.read_schema(tmp_path / f"{name}.parquet")
        assert dict(zip(schema.names, map(str, schema.types), strict=True)) == {
            "run": "string", "line": "int64", **{it.name: types[it.dtype] for it in table.columns}}


def test_exports_do_not_depend_on_the_order_in_which_runs_ended(tmp_path):
    files = []
    for order in ((0, 1, 2), (2, 0, 1)):
        with Store() as store:
            store.begin("study", {}, [spec(number, number, x=number) for number in range(3)])
            for number in order:
                store.add([record(number)])
            files.append(store.export(tmp_path / str(order[0]), "csv"))
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))


def run_command(*words):
    top = argparse.ArgumentParser()
    commands_store.add(top.add_subparsers())
    arguments = top.parse_args([str(word) for word in words])
    return arguments.command(arguments)


def test_commands_query_export_and_list(filled, tmp_path, capsys):
    assert run_command("query", "SELECT count(*) AS n FROM metrics", "--store", filled, "--csv") == 0
    assert capsys.readouterr().out == "n\n6\n"
    assert run_command("query", "SELECT metric FROM metrics WHERE value = 1.25", "--store", filled.parent) == 0
    assert capsys.readouterr().out.split() == ["metric", "metric_2"]
    assert run_command("query", "SELECT 1 WHERE false", "--store", filled) == 0
    assert capsys.readouterr().out == "no rows\n"
    assert run_command("results", "--store", filled) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["study", "2", "2", "2", "0"]
    assert run_command("export", tmp_path / "out", "--store", filled, "--format", "csv") == 0
    assert f"wrote {len({**TABLES, **DESIGN_TABLES})} tables" in capsys.readouterr().out
    with pytest.raises(StoreError, match="read-only"):
        run_command("query", "DROP TABLE metrics", "--store", filled)


def test_the_page_of_the_schema_has_every_table():
    page = (ROOT / "docs/lab/results.md").read_text(encoding="utf-8")
    for name in [*TABLES, *DESIGN_TABLES]:
        assert f"#### `{name}`" in page


HOSTILE = {
    "view": "CREATE VIEW {name} AS SELECT * FROM read_text('{secret}')",
    "macro": "CREATE MACRO {name}() AS TABLE SELECT * FROM read_text('{secret}')",
    "type": "CREATE TYPE {name} AS ENUM ('a')",
    "sequence": "CREATE SEQUENCE {name}",
    "index": "CREATE INDEX {name} ON plan(study)",
    "schema": "CREATE SCHEMA {name}",
    "table": "CREATE TABLE {name} (a INTEGER)",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_store_that_holds_anything_else_is_refused_by_its_name(filled, tmp_path, kind):
    secret = tmp_path / "secret.txt"
    secret.write_text("what only the user knows")
    with duckdb.connect(str(filled)) as connection:
        connection.execute(HOSTILE[kind].format(name="strange", secret=secret))
    for opening in (Store, Store.open_for_reading):
        with pytest.raises(StoreError, match=f"holds a {kind} 'strange', which no store has"):
            opening(filled)


@pytest.mark.parametrize("change", [
    "DROP TABLE studies; CREATE VIEW studies AS SELECT content AS study, '' AS manifest FROM read_text('{secret}')",
    "DROP TABLE metrics; CREATE TABLE metrics (run VARCHAR, value AS (getvariable('x')))",
    "DROP TABLE runs",
    "ALTER TABLE plan ADD COLUMN more VARCHAR DEFAULT 'x'",
    "CREATE MACRO duckdb_tables() AS TABLE SELECT * FROM read_text('{secret}')",
    "CREATE MACRO count(x) AS (SELECT content FROM read_text('{secret}'))",
])
def test_a_store_with_tables_of_other_making_is_refused_and_nothing_of_it_read(filled, tmp_path, change):
    secret = tmp_path / "secret.txt"
    secret.write_text("what only the user knows")
    with duckdb.connect(str(filled)) as connection:
        connection.execute(change.format(secret=secret))
    with pytest.raises(StoreError, match="nothing in it was read") as raised:
        Store.open_for_reading(filled)
    assert "only the user" not in str(raised.value)


QUERIES = {
    "": "the query is empty", ";": "the query is empty", "-- why": "the query is empty",
    "SELECT 1; SELECT 2": "is 2 statements", "SELECT '\0'": "NUL", "SELECT '\ud800'": "not UTF-8",
    "SELECT " + "1+" * 40_000 + "1": "the query failed", "x" * 1_000_000: "is too long, too deep",
    "x" * 10_000: "the query failed", "SELECT " + "(" * 10_000: "is too long, too deep",
    **dict.fromkeys(("COPY runs TO '{out}'", "ATTACH '{out}'", "INSTALL json", "LOAD json", "SET threads = 2",
                     "PRAGMA version", "CREATE TEMP TABLE t (a INT)", "CALL pragma_version()", "VACUUM",
                     "EXPORT DATABASE '{out}'", "PREPARE x AS SELECT 1", "USE memory", "CHECKPOINT", "BEGIN",
                     "EXPLAIN ANALYZE COPY runs TO '{out}'", "INSERT INTO runs VALUES ('a', '', 1)"), "read-only"),
    **dict.fromkeys(("SELECT * FROM read_text('{secret}')", "SELECT * FROM read_csv('{secret}')",
                     "SELECT * FROM '{secret}'", "SELECT * FROM glob('{secret}*')", "SELECT * FROM read_blob('/')",
                     "FROM query('FROM read_text(''{secret}'')')", "SELECT getenv('HOME')", "FROM sql",
                     "FROM duckdb_secrets()"), "the query failed"),
}


@pytest.mark.parametrize("opening", [Store, Store.open_for_reading])
def test_a_query_is_one_select_that_reaches_nothing_but_the_store(filled, tmp_path, opening):
    secret, out = tmp_path / "secret.txt", tmp_path / "out"
    secret.write_text("what only the user knows")
    with opening(filled) as store:
        for query, why in QUERIES.items():
            sql = query.replace("{secret}", str(secret)).replace("{out}", str(out))
            with pytest.raises(StoreError, match=why) as raised:
                store.frame(sql)
            assert len(str(raised.value)) < 1000
            assert "only the user" not in str(raised.value)
        assert len(store.frame("SELECT * FROM runs")) == 2
    assert not out.exists()


def test_an_answer_too_long_to_print_is_cut_and_says_so(filled, capsys):
    assert run_command("query", "SELECT * FROM range(10000000000) t(number)", "--store", filled) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 10_001
    assert "only the first 10000 rows are shown; --csv prints them all" in told.err
    assert run_command("query", "SELECT * FROM range(30000) t(number)", "--store", filled, "--csv") == 0
    assert capsys.readouterr().out.splitlines() == ["number", *map(str, range(30_000))]


def test_whole_numbers_keep_all_their_digits_in_an_export_where_some_are_missing(file, tmp_path):
    with Store(file) as store:
        frame = pd.DataFrame({name: pd.Series([None, None], dtype=object) for name in TABLES["offers"].names})
        store.add([RunRecord(key(1), "", {"offers": frame.assign(placed=pd.array([2**53 + 1, None], "Int64"))})])
        store.export(tmp_path, "csv")
    back = pd.read_csv(tmp_path / "offers.csv", dtype=str)
    assert back["placed"].tolist()[0] == str(2**53 + 1)
    assert back["placed"].isna().tolist() == [False, True]


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000, 0.01, 0.1, "flip", "folder", "pipe"])
def test_a_damaged_store_is_one_sentence(filled, damage):
    whole = filled.read_bytes()
    if damage in ("folder", "pipe"):
        filled.unlink()
        os.mkfifo(filled) if damage == "pipe" else filled.mkdir()
    elif damage == "flip":
        filled.write_bytes(whole[:13_000] + b"x" * 500 + whole[13_500:])
    else:
        filled.write_bytes(damage if isinstance(damage, bytes) else whole[:int(len(whole) * damage)])
    for opening in (Store, Store.open_for_reading):
        with pytest.raises(StoreError, match=r"is not a store|damaged") as raised:
            opening(filled)
        assert str(filled) in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
def test_a_store_that_is_cut_off_gives_what_it_held_or_one_sentence(filled, tmp_path, share):
    with Store.open_for_reading(filled) as store:
        before = store.table("metrics", "study")
    filled.write_bytes(filled.read_bytes()[:int(filled.stat().st_size * share)])
    try:
        with Store.open_for_reading(filled) as store:
            pd.testing.assert_frame_equal(store.table("metrics", "study"), before)
    except StoreError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is right


def test_a_manifest_or_a_value_that_is_no_json_is_one_sentence(filled):
    with duckdb.connect(str(filled)) as connection:
        connection.execute("UPDATE studies SET manifest = '[' || repeat('[', 100000)")
        connection.execute("UPDATE points SET value = 'NaNa'")
    with Store.open_for_reading(filled) as store:
        with pytest.raises(StoreError, match="manifest of study 'study' is not JSON"):
            store.manifest("study")
        with pytest.raises(StoreError, match="value of 'x' in study 'study' is not JSON: 'NaNa'"):
            store.points("study")


def test_a_full_disk_says_what_is_kept(filled):
    code = ("import resource, sys\nsys.path[:0] = ['tests', 'tests/experiments/store']\n"
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "from test_store import record\nfrom experiments.store.store import Store, StoreError\n"
            "with Store(sys.argv[1]) as store:\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
            "    try: store.add([record(number, 50) for number in range(5, 2000)])\n"
            "    except StoreError as error: print(error)\n")
    said = subprocess.run([sys.executable, "-c", code, str(filled)], cwd=ROOT, capture_output=True, text=True)
    assert "the store failed: " in said.stdout, said.stderr
    assert "runs that are stored are not done again" in said.stdout
    with Store.open_for_reading(filled) as store:
        assert len(store.done([key(0), key(1)])) == 2
