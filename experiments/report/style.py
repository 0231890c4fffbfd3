"""The look of the page: one style sheet, light and dark, for phones, screens and paper."""

from typing import Final

CSS: Final = """
:root { color-scheme: light dark; --back: #ffffff; --ink: #1d2329; --soft: #5a6672; --line: #d9dfe5;
  --stripe: #f5f7f9; --link: #0b5cad; --card: #ffffff; --code: #f2f4f7; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --ink: #e4e8ec; --soft: #a3aeb9; --line: #333c46; --stripe: #1b2128; --link: #7db7f5;
    --card: #ffffff; --code: #1f262e; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 78rem; background: var(--back); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.4rem 0 0.3rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 0.6rem; padding-top: 0.5rem; border-top: 1px solid var(--line); }
p, li { max-width: 46rem; }
.subtitle { color: var(--soft); margin-top: 0; }
a { color: var(--link); }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--back); padding: 0.4rem 0.8rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.6rem 1.2rem; margin: 1rem 0;
  padding: 0.8rem 1rem; background: var(--stripe); border-radius: 0.5rem; }
.facts div { min-width: 0; }
.facts dt { font-size: 0.8rem; color: var(--soft); }
.facts dd { margin: 0; font-weight: 600; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; padding: 0; margin: 0.6rem 0; }
.box { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.4rem; max-width: 100%; }
.box:focus-visible { outline: 2px solid var(--link); }
.table { margin: 1.2rem 0; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; width: 100%; }
.table .box { width: fit-content; }
.caption, figcaption { color: var(--soft); font-size: 0.9rem; margin: 0.4rem 0; max-width: 46rem; }
th, td { padding: 0.3rem 0.55rem; text-align: right; white-space: nowrap; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th.words, td.words { text-align: left; }
td.words { white-space: normal; min-width: 5rem; overflow-wrap: anywhere; }
tbody tr:nth-child(odd) > * { background: var(--stripe); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; position: sticky; left: 0; background: var(--back); }
.unit { display: block; font-weight: 400; color: var(--soft); font-size: 0.8rem; }
@media (max-width: 40rem) { tbody th { white-space: normal; max-width: 11rem; min-width: 6rem; }
  .wide::after { content: " Scrolls sideways."; font-style: italic; }
  th, td { padding: 0.3rem 0.5rem; } body { padding: 0.6rem 0.8rem 3rem; } h1 { font-size: 1.4rem; } }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
figure { margin: 1rem 0; min-width: 0; }
.figures figure { margin: 0; }
figure .box { background: var(--card); }
figure img { display: block; width: 100%; height: auto; margin: 0 auto; padding: 0.4rem; background: #ffffff; }
pre { overflow-x: auto; background: var(--code); padding: 0.7rem 0.9rem; border-radius: 0.4rem; font-size: 0.86rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.92em; }
p code, li code, dd code { background: var(--code); padding: 0.05rem 0.25rem; border-radius: 0.2rem;
  overflow-wrap: anywhere; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--link); padding: 0.3rem 0; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.85rem; }
@media print { .skip, nav { display: none; } .box { overflow: visible; } figure { break-inside: avoid; }
  figure img { min-width: 0 !important; } }
"""
