"""Trace files as people hold them: every packing, coding and layout; what is left out, sorted and counted; one copy."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import zstandard

from sim.compiled import cache_root
from sim.demand.trace_files.column_sets import COLUMN_SETS
from sim.demand.trace_files.duck import connected
from sim.demand.trace_files.plain_text import Plain
from sim.demand.trace_files.queries import MANNERS, select, with_unit
from sim.demand.trace_files.shared_rows import COLUMNS
from sim.demand.trace_files.trace_table import Asked, table_of
from sim.demand.traces import load_trace
from sim.errors import TraceError
from worlds.places import ROOT

HEAD = "t_s,input_tokens,output_tokens\n"
TEXT = f"{HEAD}0,1,2\n1.5,3,4\n"
ROWS = [(0.0, 1, 2), (1.5, 3, 4)]
RECORDS = [{"timestamp": 0, "input_length": 1, "output_length": 2, "text": {"a": ["x"]}},
           {"timestamp": 1500, "input_length": 3, "output_length": 4}]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def rows_of(folder: Path, content: bytes | str, name: str = "trace.csv", **asked: Any) -> list[tuple[float, int, int]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return listed(str(path), **asked)


def listed(path: str, **asked: Any) -> list[tuple[float, int, int]]:
    rows = load_trace(path, Asked(**asked))
    return [(round(t, 9), p, o) for t, p, o in zip(rows.t_s.tolist(), rows.prompt.tolist(), rows.output.tolist(),
                                                     strict=True)]


def refusal(folder: Path, content: bytes | str, name: str = "trace.csv", **asked: Any) -> str:
    with pytest.raises(TraceError) as error:
        rows_of(folder, content, name, **asked)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def parquet(folder: Path, query: str) -> bytes:
    path = folder / "made.parquet"
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


PACKINGS: dict[str, Any] = {
    "plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress, "bzip2": bz2.compress, "xz": lzma.compress,
    "two frames": lambda text: zstandard.compress(text[:9]) + zstandard.compress(text[9:]),
}


@pytest.mark.parametrize(("packing", "coding", "end"), [
    *((packing, "utf-8", "\r\n") for packing in PACKINGS), ("plain", "utf-8", "\r"), ("zstd", "utf-16", "\n"),
    *(("plain", coding, "\r\n") for coding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
])
def test_packings_codings_and_line_ends_are_told_by_content(tmp_path, packing, coding, end):
    content = PACKINGS[packing](TEXT.replace("\n", end).encode(coding))
    assert rows_of(tmp_path, content, "trace.parquet") == ROWS


@pytest.mark.parametrize(("content", "expected"), [
    (TEXT.replace(",", "\t"), ROWS), (TEXT.replace(",", ";"), ROWS), (TEXT.replace(",", "|"), ROWS),
    ("sep=;\n" + TEXT.replace(",", ";"), ROWS),
    (TEXT.replace(",", ";").replace("1.5", "1,5"), ROWS),
    (f'{HEAD}0,"1",2\n"1.5",3,"4"\n', ROWS), ('"t_s","input_tokens","output_tokens"\n0, 1 ,2\n1.5,3,4', ROWS),
    ("T_S, Input_Tokens ,OUTPUT_TOKENS\n0,1,2\n1.5,3,4\n", ROWS),
    (f'{HEAD}0,"1,234",2\n1,"12,345,678",4e3\n', [(0, 1234, 2), (1, 12_345_678, 4000)]),
    ("t_s,text,input_tokens,output_tokens\n0,\"a\n\nb, \"\"q\"\"\",1,2\n1.5,x,3,4\n", ROWS),
    ("t_s,input_tokens,output_tokens,text\n0,1,2,5\" screen\n1.5,3,4,x\n", ROWS),
    ("t_s,text,input_tokens,output_tokens\n0,\"" + "long " * 1_000_000 + "\",1,2\n1.5,,3,4\n", ROWS),
    (b"t_s,input_tokens,output_tokens,text\n0,1,2,caf\xe9\n1.5,3,4,x\n", ROWS),
    (LINES, ROWS), (LINES.replace("\n", "\r\n"), ROWS), ("\ufeff" + LINES, ROWS), (LINES.encode("utf-16"), ROWS),
    (json.dumps(RECORDS), ROWS), (json.dumps(RECORDS, indent=2), ROWS),
    (b'{"timestamp":"0","input_length":1.0,"output_length":"2","text":"caf\xe9"}\n', [(0, 1, 2)]),
    (f"{HEAD}7,1,2\n", [(0, 1, 2)]), (f"{HEAD}7,1,2\n7,1,2\n", [(0, 1, 2), (0, 1, 2)]),
])
def test_layouts(tmp_path, content, expected):
    assert rows_of(tmp_path, content) == expected


@pytest.mark.parametrize(("content", "asked", "expected"), [
    ("when,p,o\n5,1,2\n6.5,3,4\n", {}, ROWS),
    ("when,p,o\n5000,1,2\n6500,3,4\n", {"unit": "ms"}, ROWS),
    ("when,p,o\n1700000000000000,1,2\n1700000001500000,3,4\n", {"unit": "us"}, ROWS),
    ("when,p,o\n1700000000000000000,1,2\n1700000001500000001,3,4\n", {"unit": "ns"}, [(0, 1, 2), (1.500000001, 3, 4)]),
    ("when,p,o\n2024-05-10 00:00:00+00,1,2\n2024-05-10T02:00:01.5000000+02:00,3,4\n", {}, ROWS),
    ("when,p,o\n2024-05-10T00:00:00Z,1,2\n2024-05-10 00:00:01.5 UTC,3,4\n", {"unit": "datetime"}, ROWS),
    ('{"when":1,"p":1,"o":2}\n{"when":2.5,"p":3,"o":4}', {}, ROWS),
])
def test_columns_of_any_name_and_unit(tmp_path, content, asked, expected):
    assert rows_of(tmp_path, content, time="when", prompt="p", output="o", **asked) == expected


def test_columns_inside_objects_and_columns_named_in_part(tmp_path):
    line = '{"t":%s,"usage":{"in":%d,"out":%d}}\n'
    text = line % (0, 1, 2) + line % (1.5, 3, 4)
    assert rows_of(tmp_path, text, time="t", prompt="usage.in", output="usage.out") == ROWS
    assert rows_of(tmp_path, TEXT.replace("t_s", "at"), time="at") == ROWS
    assert "columns.time is 'wen', which is no column of line 1; did you mean when?" in refusal(
        tmp_path, "when,p,o\n1,1,1\n", time="wen", prompt="p", output="o")


@pytest.mark.parametrize(("query", "expected"), [
    ("SELECT 1.5 * i AS t_s, 1 + 2 * i AS input_tokens, 2.0 + 2 * i AS output_tokens FROM range(2) r(i)", ROWS),
    ("SELECT 1500 * i AS timestamp, '1' AS input_length, 2 AS output_length FROM range(2) r(i)",
     [(0, 1, 2), (1.5, 1, 2)]),
    ("SELECT TIMESTAMP '2024-01-01' + INTERVAL (i) MINUTE AS \"TIMESTAMP\", 1 AS ContextTokens, 2 AS GeneratedTokens "
     "FROM range(2) r(i)", [(0, 1, 2), (60, 1, 2)]),
    ("SELECT make_timestamp_ns(1500000000 * i) AS t_s, 1 AS input_tokens, 2 AS output_tokens FROM range(2) r(i)",
     [(0, 1, 2), (1.5, 1, 2)]),
])
def test_parquet(tmp_path, query, expected):
    content = parquet(tmp_path, query)
    assert rows_of(tmp_path, content) == expected
    assert rows_of(tmp_path, gzip.compress(content)) == expected


def test_parquet_with_structures_and_what_is_wrong_in_it(tmp_path):
    made = parquet(tmp_path, "SELECT i AS t_s, {'p': 5, 'o': 6} AS usage FROM range(2) r(i)")
    assert rows_of(tmp_path, made, prompt="usage.p", output="usage.o") == [(0, 5, 6), (1, 5, 6)]
    made = parquet(tmp_path, "SELECT i AS t_s, if(i = 1, NULL, 5) AS input_tokens, i = 0 AS output_tokens "
                             "FROM range(2) r(i)")
    assert "row 1: output_tokens is 'true', must be a whole number" in refusal(tmp_path, made)


KNOWN = {
    "csv": ("0", "1.5"), "azure": ("2023-11-16 18:17:03.9799600", "2023-11-16 18:17:05.4799600"),
    "burstgpt": ("5", "6.5"), "bailian": ("61.114", "62.614"), "mooncake": ("0", "1500"), "vidur": ("0.0", "1.5"),
    "servegen": ("0.25", "1.75"), "litellm": ("2026-01-01 00:00:00.123", "2026-01-01 00:00:01.623"),
    "openrouter": ("2026-01-01T00:00:00.123Z", "2026-01-01T00:00:01.623Z"),
}


@pytest.mark.parametrize("layout", [it.name for it in COLUMN_SETS])
@pytest.mark.parametrize("named", [False, True])
def test_known_column_sets_need_no_word(tmp_path, layout, named):
    known = next(it for it in COLUMN_SETS if it.name == layout)
    times = KNOWN[layout]
    columns = [known.beside or "note", known.output, known.time, known.prompt]
    records = [["x", output, t, prompt] for t, (_, prompt, output) in zip(times, ROWS, strict=True)]
    text = "".join(",".join(map(str, row)) + "\n" for row in [columns, *records])
    assert rows_of(tmp_path, text, layout=layout if named else "auto") == ROWS
    lines = "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in records)
    assert rows_of(tmp_path, lines, layout=layout if named else "auto") == ROWS
    assert load_trace(str(tmp_path / "trace.csv")).notes.columns == layout


SPEND = ("request_id,call_type,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,messages,status\n"
         'r3,acompletion,0.1,7,3,4,2026-01-01 00:00:01.5,2026-01-01 00:00:02,"{""role"": ""user\n""}",success\n'
         "r2,acompletion,0,9,9,0,2026-01-01 00:00:01,2026-01-01 00:00:02,{},failure\n"
         "r1,acompletion,0.1,3,1,2,2026-01-01 00:00:00+00,2026-01-01 00:00:09,{},success\n")


def test_a_gateways_log_is_sorted_and_its_failures_are_left_out_as_asked(tmp_path):
    assert rows_of(tmp_path, SPEND, skip="failed") == ROWS
    notes = load_trace(str(tmp_path / "trace.csv"), Asked(skip="failed")).notes
    assert (notes.columns, notes.unit, notes.failed_rows, notes.sorted_rows) == ("litellm", "datetime", 1, 1)
    assert 'skip = "failed" leaves out the row without tokens' in refusal(tmp_path, SPEND)
    assert "sort = true puts" in refusal(tmp_path, SPEND, skip="failed", sort=False)
    said = SPEND.replace(",9,0,", ",9,9,")  # it broke in the middle of its answer
    assert rows_of(tmp_path, said, skip="failed") == ROWS
    assert "its status says that the request failed" in refusal(tmp_path, said)


BAD = f"{HEAD}0,1,2\n\n1,0,5\n1,5,0\n1,,5\nx,1,1\n1,2\n1.5,3,4\n  \n1.2,1,1\n"


def test_what_is_left_out_is_counted(tmp_path):
    rows = rows_of(tmp_path, BAD, skip="unusable", sort=True)
    assert rows == [(0, 1, 2), (1.2, 1, 1), (1.5, 3, 4)]
    notes = load_trace(str(tmp_path / "trace.csv"), Asked(skip="unusable", sort=True)).notes
    assert (notes.rows, notes.failed_rows, notes.unusable_rows, notes.blank_lines, notes.sorted_rows) == (3, 3, 2, 2, 1)
    assert (notes.span_s, notes.prompt_tokens, notes.output_tokens) == (1.5, 5, 7)


@pytest.mark.parametrize(("asked", "number", "first"), [
    ({}, 6, "line 4: input_tokens is '0'"), ({"skip": "failed"}, 3, "line 7: t_s is 'x'"),
    ({"skip": "failed", "sort": True}, 2, "line 7: t_s is 'x'"), ({"skip": "unusable"}, 1, "line 11: t_s is '1.2'"),
])
def test_what_is_not_asked_to_be_left_out_is_refused(tmp_path, asked, number, first):
    message = refusal(tmp_path, BAD, **asked)
    assert f"has {number} bad row" in message
    assert first in message


def test_a_file_of_failed_requests_only_has_no_rows(tmp_path):
    assert 'no rows but 1 that skip = "failed" leaves out' in refusal(tmp_path, f"{HEAD}0,0,1\n", skip="failed")


@pytest.mark.parametrize("blank", ["\n", " \t\n", "\r\n\n"])
@pytest.mark.parametrize("text", [TEXT, LINES])
def test_blank_lines_are_counted_wherever_they_are(tmp_path, text, blank):
    number = blank.count("\n")
    lines = text.splitlines(keepends=True)
    for place in (0, 1, len(lines)):
        assert rows_of(tmp_path, "".join([*lines[:place], blank, *lines[place:]])) == ROWS
        assert load_trace(str(tmp_path / "trace.csv")).notes.blank_lines == number


def test_blank_lines_within_a_field_are_part_of_it(tmp_path):
    text = "t_s,text,input_tokens,output_tokens\n0,\"a\n\nb\",1,2\n\n1.5,5\" x,3,4\n"
    assert rows_of(tmp_path, text) == ROWS
    assert load_trace(str(tmp_path / "trace.csv")).notes.blank_lines == 1
    assert "line 6: output_tokens is 'four'" in refusal(tmp_path, text.replace("3,4", "3,four"))


@pytest.mark.parametrize("blank", [",,", ' ,"",\t', ",,,,"])
def test_rows_of_delimiters_alone_are_blank_lines_of_a_spreadsheet(tmp_path, blank):
    text = f"{HEAD}{blank}\n0,1,2\n{blank}\n1.5,3,4\n{blank}\n"
    for sort in (None, True):
        assert rows_of(tmp_path, text, sort=sort) == ROWS
    notes = load_trace(str(tmp_path / "trace.csv")).notes
    assert (notes.blank_lines, notes.failed_rows, notes.unusable_rows) == (3, 0, 0)
    assert "line 3: t_s is ''" in refusal(tmp_path, "t_s,input_tokens,output_tokens,of\n,,,\n,,,a sum\n")


@pytest.mark.parametrize("nothing", ["nan", "NaN", "null", "None", "NA", "N/A", "\\N", " "])
def test_what_programs_write_where_nothing_is_marks_a_failed_request(tmp_path, nothing):
    for row in (f"1,{nothing},2", f"1,2,{nothing}"):
        assert rows_of(tmp_path, f"{HEAD}0,1,2\n{row}\n1.5,3,4\n", skip="failed") == ROWS
        assert "(a failed request of the trace)" in refusal(tmp_path, f"{HEAD}{row}\n")
    table = "SELECT unnest([0, 1, 1.5]) AS t_s, unnest([1, 'nan'::DOUBLE, 3]) AS input_tokens, unnest([2, 2, 4])"
    assert rows_of(tmp_path, parquet(tmp_path, f"{table} AS output_tokens"), skip="failed") == ROWS


@pytest.mark.parametrize(("times", "gap_s"), [
    (('"2026-11-02 09:00:00,123"', '"2026-11-02 09:00:00,623"'), .5),  # as Python's logging
    (("[02/Nov/2026:09:00:00 +0000]", "02/Nov/2026:08:00:01 -0100"), 1.0),  # as web servers
    (("2026-11-02t09:00:00z", "2026-11-02t10:00:01.25+01:00"), 1.25),  # RFC 3339 allows small letters
    (("20261102T090000Z", "20261102T100001.5+0100"), 1.5),  # ISO 8601's basic form
    (("2026-11-02T09:00:00Z[UTC]", "2026-11-02T10:00:02+01:00[Europe/Berlin]"), 2.0),  # as Java
])
def test_times_as_loggers_write_them(tmp_path, times, gap_s):
    text = f"t_s,input_tokens,output_tokens\n{times[0]},1,2\n{times[1]},3,4\n"
    assert rows_of(tmp_path, text, unit="datetime") == [(0.0, 1, 2), (gap_s, 3, 4)]


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_milliseconds_since_1970_keep_their_last_digit(tmp_path, unit):
    tick = {"ms": 10**3, "us": 10**6}[unit]
    path = tmp_path / "trace.csv"
    path.write_text(f"{HEAD}{1790000000 * tick},1,2\n{1790000000 * tick + 1},3,4\n", encoding="utf-8")
    assert load_trace(str(path), Asked(unit=unit)).t_s.tolist() == [0.0, 1 / tick]


@pytest.mark.parametrize("content", [TEXT, TEXT.replace(",", ";"), LINES, json.dumps(RECORDS)])
def test_reading_joins_nothing_which_would_mix_up_the_rows(tmp_path, content):
    """Of IN and a list of words DuckDB makes a hash join, whose rows come in the order in which threads are done."""
    path = tmp_path / "trace"
    path.write_text(content, encoding="utf-8")
    with connected() as connection:
        table = with_unit(connection, table_of(path, Plain(path, parquet=False), Asked()), MANNERS[0])
        plan = connection.execute(f"EXPLAIN {select(connection, table, MANNERS[0])}").fetchall()[0][1]
    assert "projection" in plan.casefold()
    assert "join" not in plan.casefold()


def test_rows_of_equal_time_keep_their_order_when_sorted(tmp_path):
    text = HEAD + "".join(f"{t},{1 + number},1\n" for number, t in enumerate([3, 1, 2, 1, 3, 1, 2] * 1000))
    rows = rows_of(tmp_path, text, sort=True)
    assert rows == sorted(rows, key=lambda row: (row[0], row[1]))


@pytest.mark.parametrize(("header", "column"), [
    ("t_s,input_tokens,output_tokens,output_tokens", "output_tokens"), ("t_s,t_s,input_tokens,output_tokens", "t_s"),
    ("t_s,input_tokens,Input_Tokens,output_tokens", "input_tokens"),
])
def test_a_column_that_counts_must_not_stand_twice(tmp_path, header, column):
    assert f"the column {column} stands twice in line 1" in refusal(tmp_path, f"{header}\n0,1,2,99\n")
    assert rows_of(tmp_path, "t_s,n,n,input_tokens,output_tokens\n0,7,7,1,2\n1.5,7,7,3,4\n") == ROWS
    assert "the column timestamp stands twice" in refusal(
        tmp_path, '{"timestamp":0,"timestamp":5,"input_length":1,"output_length":2}\n')


CUT = "it is truncated"


@pytest.mark.parametrize(("content", "word"), [
    (gzip.compress(TEXT.encode() * 50)[:-9], CUT), (zstandard.compress(TEXT.encode())[:-3], CUT),
    (zstandard.compress(TEXT.encode())[:7], CUT), (bz2.compress(TEXT.encode())[:-4], CUT),
    (lzma.compress(TEXT.encode())[:-8], CUT), (b"PAR1" + bytes(range(256)), CUT), (b"PAR1", CUT),
    (b"PAR1" + b"x" * 90 + b"PAR1", CUT), (gzip.compress(gzip.compress(TEXT.encode())), "packed twice"),
    (b"PK\x03\x04" + bytes(99), "a ZIP archive or a spreadsheet"), (b"%PDF-1.7", "a PDF"),
    (b"SQLite format 3\0", "an SQLite database"), (zstandard.compress(TEXT.encode())[:9] + b"\xff" * 99, "zstd"),
    (bytes(range(256)), "no known header"), (b"", "is empty"), (gzip.compress(b""), "is empty"), (HEAD, "no rows"),
    ("0,1,2\n1,3,4\n", "line 1 is '0,1,2', which is no known header"),
    (json.dumps(RECORDS)[:-20], CUT), ("[1, 2]", "must be a JSON object"), ("[]", "must be a JSON object"),
    ('{"data": [{"timestamp": 0}]}', "its first record is 'data', which is no known header"),
    (LINES[:-9], "line 2: is '{\"timestamp\": 1500"), (f"{HEAD}1700000000000,1,1\n", "other units by unit"),
    (f'{HEAD}0,"1,23",1\n', "input_tokens is '1,23'"),
    (f"{HEAD}0,1,2,3,4,5\n", "has 6 fields, must have the header's 3"),
    ("TIMESTAMP,ContextTokens,GeneratedTokens\n10/05/2024 02:00,1,1\n", "must be a date and time"),
], ids=lambda value: "packed" if isinstance(value, bytes) else None)  # gzip writes the time into what it packs
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path, content, word):
    assert word in refusal(tmp_path, content)


def test_several_files_are_one_trace(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(f"{HEAD}2,5,6\n1,7,8\n".encode()))
    (tmp_path / "README.md").write_text("about the files")
    expected = [(0, 1, 2), (1, 7, 8), (1.5, 3, 4), (2, 5, 6)]
    assert listed(str(tmp_path), sort=True) == expected
    assert listed(str(tmp_path / "*.csv*"), sort=True) == expected
    assert listed(str(tmp_path / "a*")) == ROWS
    with pytest.raises(TraceError, match=r"b\.csv\.gz line 3: t_s is '1', must not be before"):
        load_trace(str(tmp_path))
    (tmp_path / "c.jsonl").write_text(LINES)
    with pytest.raises(TraceError, match=r"its files write time in different units: s .* and ms"):
        load_trace(str(tmp_path))
    with pytest.raises(TraceError, match="no file matches"):
        load_trace(str(tmp_path / "z*"))


def test_a_name_with_marks_of_patterns_and_quotes_is_a_name(tmp_path):
    assert rows_of(tmp_path, TEXT, "it's [a]*?.csv") == ROWS


def test_every_process_maps_the_same_files(tmp_path):
    rows = load_trace(str(tmp_path / "t.csv")) if rows_of(tmp_path, TEXT, "t.csv") else None
    assert rows is not None
    for array in (rows.t_s, rows.prompt, rows.output):
        assert not array.flags.writeable
        assert isinstance(array.base, np.memmap)
    code = ("import sys; from sim.demand.traces import load_trace; r = load_trace(sys.argv[1]); "
            "print(r.t_s.base.filename)")
    told = [subprocess.run([sys.executable, "-c", code, str(tmp_path / "t.csv")], cwd=ROOT, text=True, check=True,
                           capture_output=True).stdout.strip() for _ in range(2)]
    assert told == [str(rows.t_s.base.filename)] * 2
    folder = Path(told[0]).parent
    assert sorted(file.name for file in folder.iterdir()) == sorted([*COLUMNS, "notes.json"])
    assert not list(cache_root().glob("trace.part-*"))


def test_content_counts_and_not_the_name(tmp_path):
    first = load_trace(str(tmp_path / "a.csv")) if rows_of(tmp_path, TEXT, "a.csv") else None
    second = load_trace(str(tmp_path / "b.txt")) if rows_of(tmp_path, TEXT, "b.txt") else None
    assert first is not None
    assert second is not None
    assert first.t_s.base.filename == second.t_s.base.filename
    assert rows_of(tmp_path, TEXT.replace("3,4", "3,5"), "a.csv")[1] == (1.5, 3, 5)
