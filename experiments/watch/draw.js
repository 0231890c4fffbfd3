"use strict";
// Small helpers: elements, numbers, scales, colours. Text is only ever set as text, so names cannot be markup.
const story = JSON.parse(document.getElementById("story").textContent);
const steps = story.dates.length;
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#a6761d", "#66a61e",
  "#e7298a", "#1b9e9e", "#7f7f7f"];
const $ = id => document.getElementById(id);

function make(tag, parent, attributes = {}, text) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function draw(tag, parent, attributes = {}, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function chip(parent, colour) { make("i", parent, {class: "chip"}).style.background = colour; }

function short(value, digits = 3) {
  if (value === null || value === undefined || !isFinite(value)) return "–";
  const sizes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [unit, letter] = sizes.find(([size]) => Math.abs(value) >= size) || [1, ""];
  const scaled = value / unit;
  return (Math.abs(scaled) >= 100 ? scaled.toFixed(0) : String(+scaled.toPrecision(digits))) + letter;
}
const percent = value => value === null || value === undefined ? "–" : (100 * value).toFixed(0) + " %";
const usd = value => value === null ? "–" : value === 0 ? "free" : value >= 10 ? value.toFixed(1) : String(+value.toPrecision(2));
const blended = (input, output) => input === null ? null : 0.75 * input + 0.25 * output;

// Round numbers within [low, high]: 1, 2, 5 times powers of ten on a log scale, equal steps on a linear one.
function ticks(low, high, log) {
  const out = [];
  if (log) {
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const lead of [1, 2, 5]) {
        const value = +(lead * 10 ** power).toPrecision(2);
        if (value >= low * 0.999 && value <= high * 1.001) out.push(value);
      }
    if (out.length > 7) return out.filter(value => /^[0.]*1/.test(String(value)));
    if (out.length >= 2) return out;
    out.length = 0;
  }
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map(lead => lead * power).find(value => value >= raw * 0.999) || 1;
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) out.push(+value.toPrecision(6));
  return out;
}
