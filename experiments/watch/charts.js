"use strict";
// Charts over market time: drawn once for a width, then only clipped and pointed at by the week that is shown.

const SPACE = "http://www.w3.org/2000/svg";
const EDGE = {left: 44, right: 10, top: 8, bottom: 20};
const TEXT_PX = 62; // room that a label of the time axis needs

function node(tag, attributes = {}, parent = null, text = "") {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function html(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A number in few digits: 0.0712, 1234, 56.1k, 3.27bn.
function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const [unit, word] = [[1e12, "T"], [1e9, "bn"], [1e6, "M"], [1e4, "k"], [0, ""]].find(([least]) => size >= least);
  const scaled = value / (word === "k" ? 1e3 : unit || 1);
  return Number(scaled.toPrecision(Math.abs(scaled) >= 1000 ? 4 : 3)) + word;
}

const percent = (value, digits = 0) => value === null || value === undefined ? "–"
  : (100 * value).toFixed(digits) + "\u202f%";

function ticks(low, high, log) {
  if (log) {
    const all = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const step of [1, 2, 5]) all.push(step * 10 ** power);
    const inside = all.filter((it) => it >= low * 0.999 && it <= high * 1.001);
    const decades = inside.filter((it) => Math.abs(Math.log10(it) % 1) < 1e-9);
    if (inside.length < 3) return ticks(low, high, false);
    return inside.length > 7 && decades.length > 1 ? decades : inside;
  }
  const rough = (high - low) / 4 || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough);
  const out = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) out.push(at);
  return out;
}

// A frame with both axes over the periods of the story; gives x and y in pixels and layers for before and after now.
function frame(box, story, {low, high, log = false, label = short, height = 210, name}) {
  const width = Math.max(240, box.clientWidth), count = story.dates.length;
  const inner = {width: width - EDGE.left - EDGE.right, height: height - EDGE.top - EDGE.bottom};
  const svg = node("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": name});
  const map = log ? Math.log : (it) => it, span = map(high) - map(low) || 1;
  const x = (t) => EDGE.left + inner.width * (count > 1 ? t / (count - 1) : 0.5);
  const y = (value) => EDGE.top + inner.height * (1 - (map(value) - map(low)) / span);
  const grid = node("g", {class: "grid"}, svg);
  for (const tick of ticks(low, high, log)) {
    node("line", {x1: EDGE.left, x2: width - EDGE.right, y1: y(tick), y2: y(tick)}, grid);
    node("text", {x: EDGE.left - 5, y: y(tick) + 4, "text-anchor": "end"}, grid, label(tick));
  }
  timeAxis(grid, story, x, width, height);
  const id = "past-" + box.id;
  const clip = node("rect", {x: 0, y: 0, height}, node("clipPath", {id}, svg));
  const later = node("g", {class: "later"}, svg), past = node("g", {"clip-path": `url(#${id})`}, svg);
  const cursor = node("line", {class: "cursor", y1: EDGE.top, y2: height - EDGE.bottom}, svg);
  const marks = node("g", {}, svg);
  box.replaceChildren(svg);
  box.pick = (clientX) => {
    const left = svg.getBoundingClientRect().left;
    return Math.round(Math.min(1, Math.max(0, (clientX - left - EDGE.left) / inner.width)) * (count - 1));
  };
  const point = (t) => {
    clip.setAttribute("width", Math.max(0, x(t)));
    cursor.setAttribute("x1", x(t));
    cursor.setAttribute("x2", x(t));
  };
  return {x, y, later, past, marks, point};
}

function timeAxis(grid, story, x, width, height) {
  const months = story.dates.map((date) => date.slice(0, 7)), last = months.length - 1;
  const starts = months[0] === months[last] ? story.dates.map((_, t) => t)
    : months.flatMap((month, t) => t === 0 || month !== months[t - 1] ? [t] : []);
  const every = [1, 2, 3, 6, 12, 24, 60].find((it) => starts.length * TEXT_PX / it <= width - EDGE.left) || 120;
  let free = 0;
  starts.filter((_, i) => i % every === 0).forEach((t) => {
    if (x(t) < free || x(t) + TEXT_PX / 2 - 8 > width) return;
    free = x(t) + TEXT_PX * (t === 0 ? 1.2 : 1);
    node("text", {x: x(t), y: height - 5, "text-anchor": t === 0 ? "start" : "middle"}, grid,
      months[0] === months[last] ? story.dates[t].slice(5) : months[t]);
  });
}

// Path through the values that there are, in steps for posted prices; a gap where there is none; a dot for one alone.
function line(values, x, y, steps) {
  let out = "", open = false;
  values.forEach((value, t) => {
    if (value === null) { open = false; return; }
    if (open && steps) out += `H${x(t).toFixed(1)}`;
    out += `${open ? "L" : "M"}${x(t).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!open && (t + 1 === values.length || values[t + 1] === null)) out += "h0.1";
    open = true;
  });
  return out;
}

function lineChart(box, story, series, options) {
  const known = series.flatMap((it) => it.values.filter((value) => value !== null && (!options.log || value > 0)));
  if (!known.length) { box.replaceChildren(html("p", {class: "soft"}, "Nothing to draw.")); return () => {}; }
  const least = Math.min(...known), most = Math.max(...known);
  const room = Math.max(1.12, Math.sqrt(3 * least / most)); // a price that never moves needs some height, too
  const drawn = series.map((it) => ({...it, values: it.values.map((value) => options.log && value <= 0 ? null : value)}));
  const at = frame(box, story, {...options, low: options.log ? least / room : 0, high: options.log ? most * room : most});
  for (const it of drawn) for (const layer of [at.later, at.past])
    node("path", {d: line(it.values, at.x, at.y, options.steps), fill: "none", style: `stroke:var(${it.colour})`,
      "stroke-width": it.thin ? 1.4 : 2, "stroke-dasharray": it.dash || "none", "stroke-linejoin": "round", "stroke-linecap": "round"}, layer);
  return (t) => {
    at.point(t);
    at.marks.replaceChildren();
    for (const it of drawn) if (it.values[t] !== null)
      node("circle", {cx: at.x(t), cy: at.y(it.values[t]), r: it.thin ? 2.5 : 4, style: `fill:var(${it.colour})`}, at.marks);
  };
}

// Shares from 0 to 1, the first at the bottom.
function areaChart(box, story, series, options) {
  const at = frame(box, story, {...options, low: 0, high: 1, label: (it) => percent(it)});
  const base = story.dates.map(() => 0), single = base.length === 1;
  for (const it of series) {
    const top = base.map((value, t) => value + it.values[t]);
    const there = top.map((value, t) => [at.x(t), at.y(value)]), back = base.map((value, t) => [at.x(t), at.y(value)]);
    const corners = single ? [[there[0][0] - 40, there[0][1]], there[0], back[0], [back[0][0] - 40, back[0][1]]]
      : [...there, ...back.reverse()];
    const d = "M" + corners.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L") + "Z";
    for (const layer of [at.later, at.past]) node("path", {d, style: `fill:var(${it.colour})`}, layer);
    top.forEach((value, t) => { base[t] = value; });
  }
  return at.point;
}

function legend(list, entries) {
  list.replaceChildren(...entries.map(({name, colour, value}) =>
    html("li", {}, html("span", {class: "swatch", style: `background:var(${colour})`}), html("span", {}, name),
      ...value === undefined ? [] : [html("b", {}, value)])));
}
