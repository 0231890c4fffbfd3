// The panels: each returns a function that shows period t.
function numbers(host) {
  const market = story.market;
  const tiles = [
    ["tokens a day", t => short(market.tokens[t] / story.days[t])],
    ["spend, USD a day", t => short(market.spend_usd[t] / story.days[t])],
    ["paid, USD per Mtok", t => usd(market.paid_usd_per_mtok[t])],
    ["requests completed", t => percent(market.completed_share[t])],
    ["offers listed", t => short(market.offers_listed[t])],
    ["price changes", t => short(market.price_changes[t])],
    ["workloads that moved", t => short(market.switches[t])],
    ["replicas busy", t => percent(market.busy_share[t])],
  ].map(([label, value]) => {
    const tile = make("div", host);
    const shown = make("b", tile);
    make("span", tile, {}, label);
    return t => { shown.textContent = value(t); };
  });
  return t => tiles.forEach(tile => tile(t));
}

function priceSeries(host, now) {
  const first = values => values.find(value => value > 0) || 1;
  const series = [["constant quality", "constant_quality_index", ""], ["same model, same provider", "same_model_index", "6 3"],
    ["paid per token", "paid_usd_per_mtok", "2 3"]].map(([label, column, dash], i) => {
    const values = story.market[column], base = first(values);
    return {label, dash, colour: PALETTE[[0, 5, 2][i]], values: values.map(value => value === null ? null : value / base)};
  });
  const move = lineChart(host, series, "Three price indices over time");
  now.replaceChildren();
  const cells = series.map(it => {
    const cell = make("span", now);
    chip(cell, it.colour);
    const text = make("span", cell);
    return t => { text.textContent = `${it.label} ${it.values[t] === null ? "–" : it.values[t].toFixed(2)}`; };
  });
  return t => { move(t); cells.forEach(cell => cell(t)); };
}

// Rows of a list that is sorted anew in every period.
function rows(host, kind, head, entries) {
  host.replaceChildren();
  if (head) {
    const line = make("div", host, {class: `row head ${kind}`});
    head.forEach((text, i) => make("span", line, i > 1 ? {class: "right"} : {}, text));
  }
  for (const entry of entries) {
    const line = make("div", host, {class: `row ${kind}`});
    entry(line);
  }
  if (!entries.length) make("span", host, {}, "none in this period");
}

function bar(parent, parts) {
  const whole = make("div", parent, {class: "bar"});
  for (const [share, colour] of parts) {
    const part = make("i", whole);
    part.style.width = `${100 * Math.min(1, share || 0)}%`;
    part.style.background = colour;
  }
}

function named(parent, text, colour) {
  const cell = make("span", parent, {title: text});
  if (colour) chip(cell, colour);
  cell.append(text);
}

function offersOf(model, host, now) {
  const offers = story.offers.filter(it => it.model === model).map((it, i) => ({...it, label: it.provider, stepped: true,
    colour: PALETTE[i % PALETTE.length], dash: i < PALETTE.length ? "" : "5 3",
    values: it.input_usd_per_mtok.map((input, t) => blended(input, it.output_usd_per_mtok[t]))}));
  const move = lineChart(host, offers, `Posted prices of ${model} over time`);
  return t => {
    move(t);
    const total = offers.reduce((sum, it) => sum + (it.tokens[t] || 0), 0);
    const listed = offers.filter(it => it.values[t] !== null).sort((a, b) => a.values[t] - b.values[t]);
    rows(now, "offer", ["provider", "share of its tokens", "", "input", "output"], listed.map(it => line => {
      named(line, it.provider, it.colour);
      bar(line, [[total ? it.tokens[t] / total : 0, it.colour]]);
      make("span", line, {class: "right"}, total ? percent(it.tokens[t] / total) : "–");
      make("span", line, {class: "right"}, usd(it.input_usd_per_mtok[t]));
      make("span", line, {class: "right"}, usd(it.output_usd_per_mtok[t]));
    }));
  };
}

const SHARES = {
  "model": offer => offer.model, "size class": offer => facts.get(offer.model).size_class,
  "creator": offer => facts.get(offer.model).creator, "provider": offer => offer.provider,
  "open or closed": offer => facts.get(offer.model).open ? "open" : "closed",
};
const facts = new Map(story.models.map(model => [model.name, model]));
const SIZES = ["small", "medium", "large", "frontier"];

// The eleven largest of the whole run and all others; size classes in their order.
function sharesBy(how, host, now) {
  const sums = new Map();
  for (const offer of story.offers) {
    const key = SHARES[how](offer);
    if (!sums.has(key)) sums.set(key, new Array(steps).fill(0));
    offer.tokens.forEach((tokens, t) => { sums.get(key)[t] += tokens || 0; });
  }
  const whole = new Array(steps).fill(0);
  sums.forEach(values => values.forEach((value, t) => { whole[t] += value; }));
  const size = ([, values]) => values.reduce((sum, value, t) => sum + (whole[t] ? value / whole[t] : 0), 0);
  const sorted = [...sums].sort((a, b) => how === "size class" ? SIZES.indexOf(a[0]) - SIZES.indexOf(b[0]) : size(b) - size(a));
  const kept = sorted.slice(0, 11), others = sorted.slice(11);
  if (others.length) kept.push([`${others.length} others`, whole.map((_, t) => others.reduce((sum, it) => sum + it[1][t], 0))]);
  const series = kept.map(([label, values], i) => ({label, colour: PALETTE[i],
    values: values.map((value, t) => whole[t] ? value / whole[t] : 0)}));
  const move = areaChart(host, series, `Share of tokens by ${how} over time`);
  return t => {
    move(t);
    rows(now, "share", null, series.map(it => line => {
      named(line, it.label, it.colour);
      bar(line, [[it.values[t], it.colour]]);
      make("span", line, {class: "right"}, (100 * it.values[t]).toFixed(1) + " %");
    }));
  };
}

function loads(host) {
  const most = Math.max(1, ...story.providers.flatMap(it => it.gpus));
  return t => {
    const present = story.providers.filter(it => it.gpus[t] > 0 || it.tokens[t] > 0).sort((a, b) => b.gpus[t] - a.gpus[t]);
    rows(host, "load", ["provider", "busy", "", "GPUs", ""], present.map(it => line => {
      named(line, it.provider);
      bar(line, [[it.busy_share[t], "var(--accent)"]]);
      make("span", line, {class: "right"}, percent(it.busy_share[t]));
      const idle = Math.max(0, it.gpus[t] - it.placed_gpus[t] - it.training_gpus[t]);
      bar(line, [[it.placed_gpus[t] / most, "var(--placed)"], [it.training_gpus[t] / most, "var(--training)"],
        [idle / most, "var(--idle)"]]);
      make("span", line, {class: "right"}, short(it.gpus[t], 2));
    }));
  };
}

function topMoves(host) {
  const most = Math.max(1, ...story.moves.flatMap(moves => moves.map(move => move[2])));
  return t => rows(host, "move", null, story.moves[t].slice(0, 8).map(([from, to, count]) => line => {
    const [a, b] = [story.models[from], story.models[to]];
    named(line, `${a.name} → ${b.name}`);
    bar(line, [[count / most, `var(--${b.quality >= a.quality ? "up" : "down"})`]]);
    make("span", line, {class: "right"}, String(count));
  }));
}
