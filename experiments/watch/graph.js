"use strict";
// The upgrade graph: where models stand is fixed; dots grow with tokens, and the moves of the week are lit.

const TEXT = 6.2; // width of a letter of a label, px
const PAD = 34;

function graphPanel(box, story, {tokensADay, colour, choose}) {
  const width = Math.max(240, box.clientWidth), small = width < 600, height = small ? 440 : 560;
  const svg = node("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Models and moves"});
  const tips = node("defs", {}, svg);
  for (const way of ["up", "down"])
    node("path", {d: "M0 0L8 4L0 8z", class: way}, node("marker", {id: way, viewBox: "0 0 8 8", refX: 7, refY: 4,
      markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto"}, tips));
  const place = story.models.map((it) => [PAD + it.x * (width - 2 * PAD), height - PAD - it.y * (height - 2 * PAD)]);
  const links = node("g", {}, svg), moves = node("g", {}, svg), dots = node("g", {}, svg), names = node("g", {}, svg);
  node("text", {x: width - 4, y: height - 4, "text-anchor": "end"}, svg, "released later \u2192 (roughly)");
  node("text", {x: 4, y: 12}, svg, "\u2191 better (roughly)");
  const most = Math.max(...tokensADay.flatMap((it) => it || [0])), full = small ? 16 : 26;
  const radius = (m, t) => tokensADay[m] && tokensADay[m][t] > 0 ? 3 + full * Math.sqrt(tokensADay[m][t] / most) : 2.5;
  const edges = story.edges.map(([before, after]) =>
    [before, after, node("path", {class: "link", d: bow(place[before], place[after], 0)}, links)]);
  const circles = story.models.map((it, m) => {
    const made = node("circle", {class: "node", cx: place[m][0], cy: place[m][1], r: 2.5, "data-model": it.name,
      style: `fill:var(${colour(m)})`}, dots);
    made.append(node("title"));
    made.addEventListener("click", () => choose(m));
    return made;
  });
  box.replaceChildren(svg);
  return (t, chosen) => {
    const end = story.day[t] + story.days[t], there = (m) => story.models[m].release_day < end;
    circles.forEach((circle, m) => {
      const idle = !(tokensADay[m] && tokensADay[m][t] > 0);
      circle.setAttribute("r", radius(m, t));
      circle.setAttribute("class", `node${idle ? " idle" : ""}${m === chosen ? " chosen" : ""}`);
      circle.setAttribute("visibility", there(m) ? "visible" : "hidden");
      circle.firstChild.textContent = about(story.models[m], tokensADay[m] ? tokensADay[m][t] : 0);
    });
    for (const [before, after, link] of edges)
      link.setAttribute("visibility", there(before) && there(after) ? "visible" : "hidden");
    moves.replaceChildren(...story.moves[t].slice().reverse().map(([before, after, count]) => {
      const way = better(story.models, before, after) ? "up" : "down";
      const made = node("path", {class: "move " + way, d: bow(place[before], place[after], radius(after, t)),
        "stroke-width": 0.8 + 1.3 * Math.log2(count), "marker-end": `url(#${way})`});
      node("title", {}, made, `${story.models[before].name} \u2192 ${story.models[after].name}: ${count}`);
      return made;
    }));
    label(names, t, chosen);
  };

  function label(layer, t, chosen) {
    const order = story.models.map((_, m) => m).filter((m) => tokensADay[m] && tokensADay[m][t] > 0)
      .sort((a, b) => tokensADay[b][t] - tokensADay[a][t]).slice(0, small ? 6 : 16);
    if (chosen >= 0 && !order.includes(chosen) && circles[chosen].getAttribute("visibility") === "visible")
      order.unshift(chosen);
    const taken = [], dotsNow = place.map(([x, y], m) => [x, y, radius(m, t)])
      .filter((_, m) => tokensADay[m] && tokensADay[m][t] > 0);
    layer.replaceChildren();
    for (const m of order) {
      const text = story.models[m].name, wide = text.length * TEXT, [x, y] = place[m], r = radius(m, t);
      const spots = [[x + r + 3, y + 4], [x - r - 3 - wide, y + 4], [x - wide / 2, y - r - 4], [x - wide / 2, y + r + 12]];
      const possible = spots.filter(([left, base]) => left > 1 && left + wide < width - 1 && base > 11
        && base < height - 14
        && !taken.some((it) => left < it[0] + it[2] && it[0] < left + wide && Math.abs(base - it[1]) < 12));
      if (!possible.length) continue;
      const free = possible.find(([left, base]) => !dotsNow.some(([cx, cy, r]) => cx + r > left && cx - r < left + wide
        && cy + r > base - 10 && cy - r < base + 2)) || possible[0];
      taken.push([...free, wide]);
      node("text", {class: "name", x: free[0], y: free[1]}, layer, text);
    }
  }
}

const better = (models, before, after) => models[after].quality > models[before].quality;

function about(model, tokens) {
  const weights = model.open ? "open weights" : "closed";
  return `${model.name}: ${model.creator}, ${short(model.total_b)}bn parameters, ${weights}, `
    + `quality ${model.quality.toFixed(2)}; ${short(tokens)} tokens a day`;
}

// A curve between two points that ends `gap` px before the second, bowed to its left.
function bow([x0, y0], [x1, y1], gap) {
  const dx = x1 - x0, dy = y1 - y0, cx = (x0 + x1) / 2 + dy * 0.15, cy = (y0 + y1) / 2 - dx * 0.15;
  const away = Math.hypot(x1 - cx, y1 - cy) || 1, left = Math.max(0, 1 - gap / away);
  return [`M${x0.toFixed(1)} ${y0.toFixed(1)}Q${cx.toFixed(1)} ${cy.toFixed(1)}`,
    (cx + (x1 - cx) * left).toFixed(1), (cy + (y1 - cy) * left).toFixed(1)].join(" ");
}
