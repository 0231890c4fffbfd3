"""The look of the page: one style sheet, light and dark, for phones, screens and paper."""

from typing import Final

CSS: Final = """
:root { color-scheme: light dark; --back: #ffffff; --ink: #1d2329; --soft: #5a6672; --line: #d9dfe5;
  --stripe: #f5f7f9; --link: #0b5cad; --code: #f2f4f7;
  --shade: rgba(29, 35, 41, 0.06); --edge: rgba(29, 35, 41, 0.28); }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --ink: #e4e8ec; --soft: #a3aeb9; --line: #333c46; --stripe: #1b2128; --link: #7db7f5;
    --code: #1f262e; --shade: rgba(228, 232, 236, 0.06); --edge: rgba(228, 232, 236, 0.3); } }
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
/* Covers that move with what scrolls, over shadows that stay: a shadow shows on the side where there is more. */
.box { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.4rem; max-width: 100%;
  background: linear-gradient(to right, var(--back) 60%, transparent) left / 2.4rem 100% no-repeat local,
    linear-gradient(to left, var(--back) 60%, transparent) right / 2.4rem 100% no-repeat local,
    linear-gradient(to right, var(--edge), transparent) left / 0.9rem 100% no-repeat scroll,
    linear-gradient(to left, var(--edge), transparent) right / 0.9rem 100% no-repeat scroll; }
.hint { display: none; color: var(--soft); font-size: 0.82rem; font-style: italic; margin: 0.2rem 0; }
/* An animation along a box that does not scroll has no time and does nothing: the hint shows where it is true. */
@supports (animation-timeline: --box) {
  .table, figure { timeline-scope: --box; }
  .box { scroll-timeline: --box inline; }
  .hint { display: block; height: 0; margin: 0; overflow: hidden; visibility: hidden; animation: tell 1s linear both;
    animation-timeline: --box; }
  @keyframes tell { from, to { height: 1.4rem; margin: 0.2rem 0; visibility: visible; } } }
.box:focus-visible { outline: 2px solid var(--link); }
.table { margin: 1.2rem 0; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; width: 100%; }
.table .box { width: fit-content; }
.caption, figcaption { color: var(--soft); font-size: 0.9rem; margin: 0.4rem 0; max-width: 46rem; }
th, td { padding: 0.3rem 0.55rem; text-align: right; white-space: nowrap; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th.words, td.words { text-align: left; }
td.words { white-space: normal; min-width: 5rem; overflow-wrap: break-word; }
td.long { overflow-wrap: anywhere; }
td.sentences { min-width: 17rem; }
tbody tr:nth-child(odd) > td { background: var(--shade); }
tbody tr:nth-child(odd) > th { background: linear-gradient(var(--shade), var(--shade)) var(--back); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; position: sticky; left: 0; background: var(--back); }
.unit { display: block; font-weight: 400; color: var(--soft); font-size: 0.8rem; }
@media (max-width: 40rem) { @supports not (animation-timeline: --box) { .hint { display: block; } }
  tbody th { white-space: normal; max-width: 11rem; min-width: 6rem; }
  th, td { padding: 0.3rem 0.5rem; } body { padding: 0.6rem 0.8rem 3rem; } h1 { font-size: 1.4rem; } }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
figure { margin: 1rem 0; min-width: 0; }
.figures figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; margin: 0 auto; padding: 0.4rem; background: var(--back); }
pre { overflow-x: auto; background: var(--code); padding: 0.7rem 0.9rem; border-radius: 0.4rem; font-size: 0.86rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.92em; }
p code, li code, dd code { background: var(--code); padding: 0.05rem 0.25rem; border-radius: 0.2rem;
  overflow-wrap: anywhere; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--link); padding: 0.3rem 0; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.85rem; }
.paper { display: none; }
@media print { .skip, .hint, nav, summary { display: none; } .paper { display: block; } .caption { break-after: avoid; }
  tr { break-inside: avoid; } td.sentences { min-width: 11em; } .box { overflow: visible; }
  figure { break-inside: avoid; }
  figure img { min-width: 0 !important; } @page { size: A4; margin: 15mm; } p, li, .caption,
  figcaption { max-width: none; } body { font-size: 0.9em; }
  section[id^="study-"] { break-before: page; } .box table { font-size: 0.68em; }
  .box th, .box td { white-space: normal; padding: 0.2em 0.4em; } }
"""
