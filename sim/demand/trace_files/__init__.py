"""Reading trace files: which files, what they hold, their rows in chunks, and the copy that all processes share.

* `found_files`: the files that a path names.
* `plain_text`: any of them as plain UTF-8 text or Parquet, whatever it is compressed or encoded with.
* `column_sets`: the columns of published traces and of gateways' logs.
* `trace_table`: where in a file the columns are; `queries` and `duck`: what reads them.
* `row_reader`: rows in chunks, what is wrong with them, and what is left out.
* `complaints`: the sentence that refuses a file.
* `shared_rows`: the rows as files that every process maps into its memory.
* `client_pool`: clients of ServeGen, from which requests are drawn.
"""
