"""Sphinx configuration of the documentation site: the pages are Markdown, and read well without it."""

from importlib.metadata import version as installed

project = "tokenmarket"
author = "the tokenmarket authors"
copyright = f"2026, {author}"
release = version = installed("tokenmarket")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # links to headings, as on code hosting sites
html_theme = "furo"
html_title = "tokenmarket"
exclude_patterns = ["_build"]
