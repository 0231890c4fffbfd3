"use strict";
// The page: one moment, and every panel that shows it.

const story = JSON.parse(document.getElementById("story").textContent);
const find = (id) => document.getElementById(id);
const last = story.dates.length - 1, period = story.weekly ? "week" : "day";
const COLOURS = Array.from({length: 12}, (_, i) => `--c${i}`);
const SIZES = ["--s0", "--s1", "--s2", "--s3", "--c3", "--c4"];
const add = (values) => values.reduce((sum, it) => sum + (it || 0), 0);
const aDay = (values) => values.map((it, t) => it === null ? null : it / story.days[t]);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

const names = story.models.map((it) => it.name);
const tokensADay = story.models.map((it) => it.tokens && aDay(it.tokens));
const sold = story.models.map((it) => add(it.tokens || []));
const byTokens = names.map((_, m) => m).sort((a, b) => sold[b] - sold[a] || a - b);
const creators = groups("creator");
const providers = names.map((name) => story.offers.filter((it) => it.model === name).length);
const listed = names.map((name) => add(story.offers.filter((it) => it.model === name).map((it) =>
  it.input_usd_per_mtok.filter((price) => price !== null).length)));
const state = {t: 0, model: byTokens.reduce((best, m) => listed[m] > listed[best] ? m : best), by: "model", timer: 0, since: 0};
let panels = [];

// What sells, in groups, those with the highest peaks first, each with its share of tokens by period; the many small
// ones are added up.
function groups(by) {
  const key = (it) => by === "open" ? (it.open ? "open weights" : "closed") :
    String(it[by === "model" || by === "marketplace" ? "name" : by]);
  const things = by === "provider" ? story.providers : by === "marketplace" ? story.marketplaces :
    story.models.filter((it) => it.tokens);
  const found = new Map();
  for (const it of things) found.set(key(it), [...found.get(key(it)) || [], it]);
  let all = [...found].map(([name, members]) => ({name, members}));
  const total = story.dates.map((_, t) => add(things.map((it) => it.tokens[t])));
  const fill = (it) => {
    it.values = total.map((sum, t) => sum ? add(it.members.map((one) => one.tokens[t])) / sum : 0);
    it.peak = Math.max(...it.values);
  };
  all.forEach(fill);
  all.sort((a, b) => b.peak - a.peak);
  if (by === "size_class") all.sort((a, b) => a.members[0].total_b - b.members[0].total_b);
  const colours = by === "size_class" ? SIZES : COLOURS, rest = all.slice(colours.length);
  all = all.slice(0, colours.length);
  all.forEach((it, i) => { it.colour = colours[i]; });
  if (rest.length) {
    all.push({name: `${rest.length} others`, members: rest.flatMap((it) => it.members), colour: "--rest"});
    fill(all.at(-1));
  }
  return all;
}

function creatorColour(m) {
  const group = creators.find((it) => it.members.includes(story.models[m]));
  return group ? group.colour : "--rest";
}

function tiles(t) {
  const market = story.market, day = (name) => short(market[name][t] / story.days[t]);
  const rows = [
    ["Requests a day", day("requests")], ["Tokens a day", day("tokens")], ["USD spent a day", day("spend_usd")],
    ["Price, USD/Mtok", short(market.price_usd_per_mtok[t])],
    ["Requests completed", percent(market.completed_share[t], 1)],
    ["Replicas' time busy", percent(market.busy_share[t])], ["Offers listed", short(market.offers_listed_at_end[t])],
    [`Price changes in the ${period}`, short(market.price_changes[t])],
    [`Workloads moved in the ${period}`, short(market.switches[t])],
  ];
  find("tiles").replaceChildren(...rows.map(([name, value]) =>
    html("div", {}, html("dt", {}, name), html("dd", {}, value))));
}

function pricesPanel() {
  const kinds = [["price_usd_per_mtok", "price of the average token", COLOURS[0]],
    ["constant_quality_index_at_end", "same quality, cheapest offer", COLOURS[1], "7 3"],
    ["same_model_index_at_end", "same model, same provider", COLOURS[2], "2 4"]];
  const series = kinds.map(([key, name, colour, dash]) => {
    const raw = story.market[key], first = raw.find((it) => it !== null && it > 0);
    return {key, name, colour, dash, raw, values: raw.map((it) => it === null || !first ? null : it / first)};
  });
  find("prices-note").textContent = `Each divided by its first ${period}'s; log scale.`;
  const show = lineChart(find("prices"), story, series, {log: true, name: "Three price series"});
  return (t) => {
    show(t);
    legend(find("prices-legend"), series.map((it) => ({...it, value: short(it.values[t])
      + (it.key === "price_usd_per_mtok" ? ` (${short(it.raw[t])} USD/Mtok)` : "")})));
  };
}

// Of marketplaces, how many workloads came and left in the period.
function flows(group, t) {
  if (state.by !== "marketplace") return "";
  const count = (name) => add(group.members.map((it) => it[name][t]));
  return `, ${count("joins")} came, ${count("leaves")} left`;
}

function sharesPanel() {
  const series = groups(state.by);
  const show = areaChart(find("shares"), story, series, {name: "Shares of tokens"});
  return (t) => {
    show(t);
    legend(find("shares-legend"), series.map((it) => ({...it, value: percent(it.values[t], 1) + flows(it, t)})));
  };
}

function upgradesPanel() {
  find("graph-note").textContent = "A dot is a model, its area grows with the tokens it serves; grey ones serve none. "
    + "Thin lines are the nearest upgrades. Choose a dot to see its offers below.";
  const show = graphPanel(find("graph"), story, {tokensADay, colour: creatorColour, choose: chooseModel});
  legend(find("graph-legend"), creators);
  const heading = (total) => total ? `${plural(total, "workload")} moved this ${period}, to better (green) or worse `
    + "(magenta) models; the most frequent moves:" : `No workload moved this ${period}.`;
  return (t) => {
    show(t, state.model);
    const moves = story.moves[t], total = add(moves.map((it) => it[2]));
    const most = moves.slice(0, 5).map(([before, after, count]) => html("li", {},
      html("span", {class: `swatch ${better(story.models, before, after) ? "up" : "down"}`}),
      html("span", {}, `${names[before]} → ${names[after]} (${count})`)));
    find("graph-moves").replaceChildren(html("li", {}, heading(total)), ...most);
  };
}

function chooseModel(m) {
  if (!providers[m]) return;
  state.model = m;
  find("model").value = String(m);
  draw();
}

function offersPanel() {
  const offers = story.offers.filter((it) => it.model === names[state.model])
    .sort((a, b) => add(b.tokens) - add(a.tokens));
  const colour = (i) => i < COLOURS.length ? COLOURS[i] : "--rest";
  const series = offers.map((it, i) => ({colour: colour(i), thin: true, values: it.input_usd_per_mtok.map((price, t) =>
    price === null ? null : 0.75 * price + 0.25 * it.output_usd_per_mtok[t])}));
  const show = lineChart(find("offers"), story, series, {log: true, steps: true, name: `Offers of ${names[state.model]}`});
  return (t) => {
    show(t);
    rows(find("offers-table"), ["Provider", "Input, USD/Mtok", "Output, USD/Mtok", "Paid, USD/Mtok",
      "Tokens a day"], offers.map((it, i) => {
      const listed = it.input_usd_per_mtok[t] !== null, tokens = it.tokens[t];
      return {gone: !listed, cells: [[html("span", {class: "swatch", style: `background:var(${colour(i)})`}), it.provider],
        ...listed ? [[short(it.input_usd_per_mtok[t])], [short(it.output_usd_per_mtok[t])]] : [["not listed"], ["–"]],
        [short(it.price_usd_per_mtok[t])],
        [tokens === null ? "–" : short(tokens / story.days[t])]]};
    }));
  };
}

function rows(box, heads, lines) {
  box.replaceChildren(html("table", {}, html("thead", {}, html("tr", {}, ...heads.map((it) =>
    html("th", {scope: "col"}, it)))), html("tbody", {}, ...lines.map(({cells, gone}) =>
    html("tr", gone ? {class: "gone"} : {}, ...cells.map((it, i) => i ? html("td", {}, ...it)
      : html("th", {scope: "row"}, ...it)))))));
}

function loadPanel() {
  find("load-note").textContent = "GPUs owned or rented: blue hold a model, yellow are lent to training, grey lie idle. "
    + "Busy: share of its replicas' time spent in steps. Refused: share of requests sent to it.";
  const order = story.providers.slice().sort((a, b) => add(b.tokens) - add(a.tokens));
  const meters = order.map(() => [0, 1].map(() => html("span", {class: "meter"})));
  const parts = [["placed", "training", "owned"], ["busy"]];
  meters.forEach((pair) => pair.forEach((it, i) => it.append(...parts[i].map((name) => html("i", {class: name})))));
  return (t) => {
    order.forEach((it, i) => {
      const gpus = it.gpus[t] || 0, placed = gpus ? it.placed_gpus[t] / gpus : 0;
      const training = gpus ? it.training_gpus[t] / gpus : 0, free = gpus ? Math.max(0, 1 - placed - training) : 0;
      stack(meters[i][0], [placed, training, free]);
      stack(meters[i][1], [it.busy_share[t] || 0]);
    });
    rows(find("load"), ["Provider", "GPUs", "", "Busy", "", "Refused", "USD a day"], order.map((it, i) => ({gone: !it.gpus[t], cells: [
      [it.provider], [it.gpus[t] === null ? "–" : String(Math.round(it.gpus[t]))], [meters[i][0]],
      [percent(it.busy_share[t])], [meters[i][1]], [percent(it.refused_attempts_share[t], 1)],
      [short(it.profit_usd[t] === null ? null : it.profit_usd[t] / story.days[t])]]})));
  };
}

function stack(meter, shares) {
  let from = 0;
  shares.forEach((share, i) => {
    meter.children[i].style.left = `${100 * from}%`;
    meter.children[i].style.width = `${100 * Math.min(1 - from, share)}%`;
    from += share;
  });
}

function when(t) {
  const date = new Date(story.dates[t] + "T00:00Z").toLocaleDateString("en-GB",
    {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});
  const text = story.weekly ? `Week of ${date}` : date;
  // the last week of a run may be cut: its sums are of fewer days
  const cut = story.weekly && story.days[t] < 7 ? `, ${story.days[t]} of 7 days` : "";
  find("when").replaceChildren(text, html("small", {}, `${period} ${t + 1} of ${last + 1}${cut}`));
  find("time").setAttribute("aria-valuetext", text);
}

function show(t) {
  state.t = Math.min(last, Math.max(0, t));
  find("time").value = String(state.t);
  when(state.t);
  tiles(state.t);
  for (const panel of panels) panel(state.t);
}

function draw() {
  panels = [pricesPanel(), sharesPanel(), upgradesPanel(), offersPanel(), loadPanel()];
  show(state.t);
}

function icon() {
  find("play").setAttribute("aria-label", state.timer ? "Pause" : "Play");
  find("play").querySelector("path").setAttribute("d", state.timer ? "M3 2h5v16H3zM12 2h5v16h-5z" : "M4 2l14 8-14 8z");
}

function pause() {
  cancelAnimationFrame(state.timer);
  state.timer = 0;
  icon();
}

function play() {
  if (state.t === last) show(0);
  state.since = performance.now();
  const tick = (now) => {
    const step = Math.floor((now - state.since) / 1000 * Number(find("speed").value));
    if (step > 0) {
      state.since = now;
      show(state.t + step);
    }
    if (state.t === last) pause();
    else state.timer = requestAnimationFrame(tick);
  };
  state.timer = requestAnimationFrame(tick);
  icon();
}

function listen() {
  find("time").max = String(last);
  find("by-marketplace").hidden = story.marketplaces.length === 0;
  find("time").addEventListener("input", (event) => { pause(); show(Number(event.target.value)); });
  find("play").addEventListener("click", () => state.timer ? pause() : play());
  find("play").disabled = last === 0;
  find("speed").addEventListener("change", () => { state.since = performance.now(); });
  find("by").addEventListener("change", (event) => { state.by = event.target.value; draw(); });
  find("model").append(...byTokens.filter((m) => providers[m]).map((m) =>
    html("option", {value: m}, `${names[m]} (${plural(providers[m], "provider")})`)));
  find("model").value = String(state.model);
  find("model").addEventListener("change", (event) => chooseModel(Number(event.target.value)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select, [type=radio]")) return;
    if (event.target.closest("button") && event.key === " ") return; // the button hears it itself
    const to = {ArrowLeft: state.t - 1, ArrowRight: state.t + 1, PageUp: state.t - 4,
      PageDown: state.t + 4, Home: 0, End: last}[event.key];
    if (event.key === " " && last > 0) { event.preventDefault(); state.timer ? pause() : play(); }
    if (to !== undefined) { event.preventDefault(); pause(); show(to); }
  });
  for (const id of ["prices", "shares", "offers"]) for (const kind of ["pointerdown", "pointermove"])
    find(id).addEventListener(kind, (event) => {
      if (!event.buttons || !find(id).pick) return;
      pause();
      show(find(id).pick(event.clientX));
    });
  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    draw();
  });
}

listen();
icon();
state.t = Math.min(last, Math.max(0, Number((/^#t=(\d+)$/.exec(location.hash) || [0, 0])[1])));
draw();
