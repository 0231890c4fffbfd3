// The upgrade graph: places come from the run's page maker, sizes and lit moves change with time.
function upgradeGraph(host) {
  host.replaceChildren();
  const width = Math.max(260, host.clientWidth), narrow = width < 600;
  const height = narrow ? 430 : 560, pad = narrow ? 22 : 46;
  const svg = draw("svg", host, {viewBox: `0 0 ${width} ${height}`, height, role: "img",
    "aria-label": "Models as dots, moves between them as curves"});
  const x = model => pad + (width - 2 * pad) * model.x, y = model => height - pad - (height - 2 * pad) * model.y;
  const peak = Math.max(1, ...story.models.flatMap(it => it.tokens || []).map((value, i) => value / story.days[i % steps]));
  const largest = narrow ? 20 : 32;
  const edges = story.edges.map(([from, to]) => {
    const [a, b] = [story.models[from], story.models[to]];
    return {from, to, node: draw("line", svg, {x1: x(a), y1: y(a), x2: x(b), y2: y(b), class: "grid"})};
  });
  const lit = draw("g", svg);
  const dots = story.models.map(model => {
    const dot = draw("circle", svg, {cx: x(model), cy: y(model), r: 0, "fill-opacity": 0.72,
      fill: `var(--${model.open ? "open" : "closed"})`, stroke: "var(--panel)"});
    draw("title", dot);
    return dot;
  });
  const labels = draw("g", svg);
  return t => {
    const last = story.day[t] + story.days[t];
    const out = story.models.map(model => model.release_day < last);
    const perDay = story.models.map(model => model.tokens ? (model.tokens[t] || 0) / story.days[t] : 0);
    dots.forEach((dot, i) => {
      dot.setAttribute("r", out[i] ? 2 + largest * Math.sqrt(perDay[i] / peak) : 0);
      dot.firstChild.textContent = `${story.models[i].name} (${story.models[i].creator}): ${short(perDay[i])} tokens a day`;
    });
    edges.forEach(it => { it.node.style.display = out[it.from] && out[it.to] ? "" : "none"; });
    light(lit, story.moves[t], x, y);
    name(labels, perDay, t, {x, y, width, height, peak, largest, count: narrow ? 9 : 26});
  };
}

// Curves bend to the right of their direction, so that moves there and back do not hide each other.
function light(group, moves, x, y) {
  group.replaceChildren();
  for (const [from, to, count] of moves.slice(0, 120).reverse()) {
    const [a, b] = [story.models[from], story.models[to]];
    const [dx, dy] = [x(b) - x(a), y(b) - y(a)];
    const path = `M${x(a)} ${y(a)}Q${(x(a) + x(b)) / 2 - dy * 0.18} ${(y(a) + y(b)) / 2 + dx * 0.18} ${x(b)} ${y(b)}`;
    const arc = draw("path", group, {d: path, class: "move", fill: "none", "stroke-linecap": "round",
      stroke: `var(--${b.quality >= a.quality ? "up" : "down"})`, "stroke-width": 0.8 + 1.1 * Math.sqrt(count),
      "stroke-opacity": count > 1 ? 0.8 : 0.4});
    draw("title", arc, {}, `${a.name} → ${b.name}: ${count}`);
  }
}

// Name the largest models, each only where its name hides no other name.
function name(group, perDay, t, room) {
  group.replaceChildren();
  const taken = [];
  const order = perDay.map((value, i) => [value, i]).filter(([value]) => value > 0).sort((a, b) => b[0] - a[0]);
  for (const [value, i] of order.slice(0, room.count)) {
    const model = story.models[i], size = 6.6 * model.name.length;
    const radius = 2 + room.largest * Math.sqrt(value / room.peak);
    const [cx, cy] = [room.x(model), room.y(model)];
    const tries = [[cx - size / 2, cy - radius - 4], [cx - size / 2, cy + radius + 13], [cx + radius + 4, cy + 4],
      [cx - radius - 4 - size, cy + 4]];
    const place = tries.map(([left, base]) => ({left: Math.max(2, Math.min(room.width - size - 2, left)), base}))
      .find(({left, base}) => base > 12 && base < room.height - 2 && !taken.some(other =>
        left < other.left + other.size + 4 && other.left < left + size + 4 && Math.abs(base - other.base) < 14));
    if (!place) continue;
    taken.push({...place, size});
    draw("text", group, {x: place.left, y: place.base, class: "label"}, model.name);
  }
}
