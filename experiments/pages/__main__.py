"""Bring the generated parts of all pages up to date."""

from experiments.pages.parts import DOCS, PARTS, refreshed

if __name__ == "__main__":
    for name in PARTS:
        path = DOCS / name
        path.write_text(refreshed(name, path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
