// Charts over market time. Each is drawn once for a width; a step of time moves only the cursor and the lit part.
const MARGIN = {left: 44, right: 12, top: 8, bottom: 22};

function frame(host, height, label) {
  host.replaceChildren();
  const width = Math.max(260, host.clientWidth);
  const svg = draw("svg", host, {viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label});
  const inner = {left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom};
  const x = t => steps < 2 ? (inner.left + inner.right) / 2 : inner.left + (inner.right - inner.left) * t / (steps - 1);
  dates(svg, inner, x);
  return {svg, inner, x, host};
}

// Name as many months, or days of a short run, as find room.
function dates(svg, inner, x) {
  const daily = story.days[0] === 1;
  let last = -Infinity;
  story.dates.forEach((date, t) => {
    const starts = daily || t === 0 || date.slice(0, 7) !== story.dates[t - 1].slice(0, 7);
    if (!starts || x(t) - last < 62 || x(t) > inner.right - 26) return;
    last = x(t) + (t ? 0 : 26);  // the first name stands right of its mark
    draw("line", svg, {x1: x(t), x2: x(t), y1: inner.bottom, y2: inner.bottom + 4, class: "grid"});
    draw("text", svg, {x: x(t), y: inner.bottom + 16, "text-anchor": t ? "middle" : "start"},
      daily ? date.slice(5) : date.slice(0, 7));
  });
}

function levels(chart, low, high, log, format) {
  const span = chart.inner.bottom - chart.inner.top;
  const y = log ? value => chart.inner.bottom - span * Math.log(value / low) / Math.log(high / low)
    : value => chart.inner.bottom - span * (value - low) / (high - low);
  for (const value of ticks(low, high, log)) {
    draw("line", chart.svg, {x1: chart.inner.left, x2: chart.inner.right, y1: y(value), y2: y(value), class: "grid"});
    draw("text", chart.svg, {x: chart.inner.left - 6, y: y(value) + 4, "text-anchor": "end"}, format(value));
  }
  return y;
}

// The part up to now is drawn in full, the rest faintly: two copies, one of them clipped.
let clips = 0;
function past(chart, paint) {
  const clip = draw("clipPath", chart.svg, {id: `past${++clips}`});
  const lit = draw("rect", clip, {x: 0, y: 0, width: 0, height: 1000});
  paint(draw("g", chart.svg, {style: "opacity: var(--ghost)"}));
  paint(draw("g", chart.svg, {"clip-path": `url(#past${clips})`}));
  const line = draw("line", chart.svg, {y1: chart.inner.top, y2: chart.inner.bottom, class: "cursor"});
  return t => {
    lit.setAttribute("width", chart.x(t) + 1);
    line.setAttribute("x1", chart.x(t));
    line.setAttribute("x2", chart.x(t));
  };
}

function lineChart(host, series, label) {
  const chart = frame(host, 230, label);
  const known = series.flatMap(it => it.values).filter(value => value > 0);
  if (!known.length) {
    draw("text", chart.svg, {x: chart.inner.left + 8, y: 40}, "no prices above zero");
    return () => {};
  }
  let low = Math.min(...known) / 1.06, high = Math.max(...known) * 1.06;
  if (high / low < 1.3) [low, high] = [low / 1.1, high * 1.1];
  const y = levels(chart, low, high, true, value => String(value));
  const move = past(chart, group => series.forEach(it =>
    draw("path", group, {d: trace(it, chart.x, y), fill: "none", stroke: it.colour, "stroke-width": 2,
      "stroke-linejoin": "round", "stroke-dasharray": it.dash || "none"})));
  const dots = series.map(it => draw("circle", chart.svg, {r: 4, fill: it.colour}));
  return t => {
    move(t);
    dots.forEach((dot, i) => {
      const value = series[i].values[t];
      dot.style.display = value > 0 ? "" : "none";
      if (value > 0) { dot.setAttribute("cx", chart.x(t)); dot.setAttribute("cy", y(value)); }
    });
  };
}

// A gap where there is no price; posted prices are steps.
function trace(series, x, y) {
  let path = "", pen = false;
  series.values.forEach((value, t) => {
    if (!(value > 0)) { pen = false; return; }
    path += pen ? (series.stepped ? `H${x(t).toFixed(1)}V${y(value).toFixed(1)}` : `L${x(t).toFixed(1)} ${y(value).toFixed(1)}`)
      : `M${x(t).toFixed(1)} ${y(value).toFixed(1)}h.01`;
    pen = true;
  });
  return path;
}

function areaChart(host, series, label) {
  const chart = frame(host, 230, label);
  const y = levels(chart, 0, 1, false, value => (100 * value).toFixed(0));
  let floor = new Array(steps).fill(0);
  const bands = series.map(it => {
    const roof = floor.map((value, t) => value + (it.values[t] || 0));
    const up = roof.map((value, t) => `${chart.x(t).toFixed(1)} ${y(value).toFixed(1)}`);
    const down = floor.map((value, t) => `${chart.x(t).toFixed(1)} ${y(value).toFixed(1)}`).reverse();
    floor = roof;
    return {d: `M${up.join("L")}L${down.join("L")}Z`, fill: it.colour};
  });
  return past(chart, group => bands.forEach(band => draw("path", group, band)));
}
