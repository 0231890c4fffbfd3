// Time: the slider, the buttons and the keys; every panel shows the period they choose.
const slider = $("time");
let panels = {}, now = 0, playing = null;

function begin() {
  $("title").textContent = `${story.title}: a market through time`;
  $("about").textContent = story.description;
  const runs = story.replications > 1 ? `; the first of ${story.replications} replications` : "";
  $("footer").textContent = `From ${story.dates[0]}, ${story.day[steps - 1] + story.days[steps - 1]} days, seed ${story.seed}, ` +
    `configuration ${story.hash}${runs}. A simulation, not data of a real market. ` +
    "Keys: space plays, arrows step, page up and down leap, home and end jump.";
  slider.max = steps - 1;
  for (const model of byOffers()) make("option", $("model"), {value: model}, model);
  for (const how of Object.keys(SHARES)) make("option", $("share"), {value: how}, how);
  panels.numbers = numbers($("numbers"));
  panels.loads = loads($("loads"));
  panels.moves = topMoves($("moves"));
  layout();
  const asked = /^#t=(\d+)$/.exec(location.hash);
  show(asked ? Number(asked[1]) : 0);
}

// Models by how much there is to see: providers that list them times periods.
function byOffers() {
  const listed = new Map();
  for (const offer of story.offers)
    listed.set(offer.model, (listed.get(offer.model) || 0) + offer.input_usd_per_mtok.filter(price => price !== null).length);
  return [...listed].sort((a, b) => b[1] - a[1]).map(([model]) => model);
}

function layout() {
  panels.series = priceSeries($("series"), $("series-now"));
  panels.offers = offersOf($("model").value, $("offers"), $("offers-now"));
  panels.shares = sharesBy($("share").value, $("shares"), $("shares-now"));
  panels.graph = upgradeGraph($("graph"));
}

function show(t) {
  now = Math.max(0, Math.min(steps - 1, t));
  slider.value = now;
  const label = story.days[now] === 1 ? story.dates[now] : `${story.days[now]} days from ${story.dates[now]}`;
  $("date").textContent = label;
  slider.setAttribute("aria-valuetext", label);
  Object.values(panels).forEach(panel => panel(now));
}

function play(on) {
  clearInterval(playing);
  playing = null;
  if (on) {
    if (now === steps - 1) show(0);
    playing = setInterval(() => { show(now + 1); if (now === steps - 1) play(false); }, Number($("speed").value));
  }
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(on));
}

const leap = Math.max(1, Math.round(steps / 10));
const KEYS = {ArrowLeft: () => now - 1, ArrowRight: () => now + 1, PageDown: () => now + leap, PageUp: () => now - leap,
  Home: () => 0, End: () => steps - 1};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  if (event.key === " " && event.target.tagName !== "BUTTON") play(playing === null);
  else if (event.key in KEYS) { play(false); show(KEYS[event.key]()); }
  else return;
  event.preventDefault();
});
slider.addEventListener("input", () => { play(false); show(Number(slider.value)); });
$("back").addEventListener("click", () => { play(false); show(now - 1); });
$("forth").addEventListener("click", () => { play(false); show(now + 1); });
$("play").addEventListener("click", () => play(playing === null));
$("speed").addEventListener("change", () => { if (playing !== null) play(true); });
$("model").addEventListener("change", () => {
  panels.offers = offersOf($("model").value, $("offers"), $("offers-now"));
  show(now);
});
$("share").addEventListener("change", () => {
  panels.shares = sharesBy($("share").value, $("shares"), $("shares-now"));
  show(now);
});
let drawn = 0;
new ResizeObserver(([main]) => {
  const width = Math.round(main.contentRect.width);
  if (drawn && width !== drawn) { layout(); show(now); }
  drawn = width;
}).observe(document.querySelector("main"));
begin();
