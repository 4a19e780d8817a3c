// One reader's way through the queue: keys, buttons, verdicts; what comes next is fetched before it is asked for.
import { make } from "./make.js";
import * as server from "./server.js";
import { source } from "./slices.js";
import { Viewer, meant } from "./viewer.js";

const WORDS = { copy: "copy", same_patient: "same patient", novel: "novel", unsure: "unsure" };
const LEGENDS = {
  difference: "Orange where the image is brighter, blue where it is darker than the training image, after brightness and contrast are matched.",
  agreement: "Where the fine detail of the two agrees: from dark blue (nothing) over grey to yellow (all of it). Strangers agree in patches, a copy nearly everywhere.",
};

const $ = (selector) => document.querySelector(selector);
const queue = await server.queue().catch((error) => complain(error));
const pairs = new Map(); // descriptions, by id
const beside = () => (aligned ? "laid" : "training");
const mapped = (name) => () => [aligned ? `${name}_laid` : name];
const VIEWS = [
  ["side", "Side by side", () => ["synthetic", beside()]],
  ["blink", "Blink", () => ["synthetic", beside()]],
  ["difference", "Difference", mapped("difference")],
  ["agreement", "Agreement", mapped("agreement")],
];
const tool = (id, text, key, act) => {
  const button = make("button", { type: "button", id, hidden: id !== "aligned" }, `${text} `, make("kbd", {}, key));
  button.addEventListener("click", act);
  return button;
};
const viewer = new Viewer({
  root: $("#stage"),
  bar: $(".tools"),
  views: VIEWS,
  source,
  extra: [tool("aligned", "Aligned", "a", () => toggle()), tool("planes", "", "p", () => planes()), tool("channel", "", "x", () => channel())],
  changed: () => told(),
  relaid: (drawn) => drawn.then(ahead).catch(complain),
});
const { stage } = viewer;
let aligned = true; // whether the training image is laid onto the other
let place = Math.max(0, queue.pairs.findIndex(({ label }) => !label));
let busy = false;

function complain(error) {
  $("#problem").textContent = error.message;
  $("#problem").hidden = false;
  throw error;
}

const described = (id) => {
  if (!pairs.has(id)) {
    const found = server.pair(id).then((pair) => ({ id, ...pair }));
    found.catch(() => pairs.delete(id));
    pairs.set(id, found);
  }
  return pairs.get(id);
};

const entry = () => queue.pairs[place];

/** Show the pair at a place of the queue. */
const go = async (to) => {
  place = Math.min(Math.max(to, 0), queue.pairs.length - 1);
  const { id } = entry();
  viewer.blink.stop();
  try {
    const pair = await described(id);
    if (id !== entry().id) return;
    $("#comment").value = pair.comment;
    $("#problem").hidden = true;
    await viewer.show(pair);
    if (id !== entry().id) return;
    document.body.dataset.shown = id;
    ahead();
  } catch (error) {
    if (id !== entry().id) return;
    viewer.clear();
    complain(error);
  }
};

/** Fetch what will be looked at next, nearest first, and get it ready to be drawn. */
const ahead = async () => {
  const from = place;
  delete document.body.dataset.ahead;
  for (const to of [from + 1, from + 2, from - 1]) {
    const id = queue.pairs[to]?.id;
    if (!id) continue;
    const pair = await described(id).catch(() => null);
    if (!pair || from !== place) continue;
    await Promise.all(pair.planes.map((plane) => ready(pair, plane, Math.floor(plane.slices / 2)))).catch(() => null);
  }
  if (from === place) document.body.dataset.ahead = entry().id;
  for (let step = 1; step <= 16 && from === place && stage.pair; step += 1) {
    const near = stage.planes.flatMap((number) => [step, -step].map((by) => [number, stage.slices[number] + by]));
    const there = near.filter(([number, k]) => k >= 0 && k < stage.pair.planes[number].slices);
    await Promise.all(there.map(([number, k]) => ready(stage.pair, stage.pair.planes[number], k))).catch(() => null);
  }
};

const ready = (pair, plane, k) => {
  const where = { plane: plane.name, slice: k, channel: Math.min(stage.channel, pair.channels - 1) };
  const layers = new Set(["synthetic", beside(), ...viewer.layers(pair)]);
  return Promise.all(
    [...layers].map(async (layer) => source.drawn(await source.layer(pair, layer, where).promise, pair, where, stage.tone)),
  );
};

/** Say everything that the page says of where we are. */
const told = () => {
  const read = queue.pairs.filter(({ label }) => label).length;
  $("#place").textContent = `Pair ${place + 1} of ${queue.pairs.length}`;
  $("#read").textContent = `${read} read`;
  Object.assign($("#progress"), { max: queue.pairs.length, value: read });
  $("#reader").textContent = queue.reader;
  for (const button of document.querySelectorAll("[data-label]")) {
    button.setAttribute("aria-pressed", String(button.dataset.label === entry().label));
    button.disabled = !stage.pair;
  }
  $("#aligned").setAttribute("aria-pressed", String(aligned));
  $("#legend").textContent = LEGENDS[viewer.view] ?? "";
  $("#legend").hidden = !LEGENDS[viewer.view];
  $("#previous").disabled = place === 0;
  $("#next").disabled = place === queue.pairs.length - 1;
  $("#undo").disabled = read === 0;
  const { pair } = stage;
  $("#planes").hidden = !(pair?.planes.length > 1);
  $("#channel").hidden = !(pair?.channels > 1);
  const plane = stage.plane === null ? "All planes" : (pair?.planes[stage.plane]?.name ?? "");
  $("#planes").firstChild.textContent = `${plane.charAt(0).toUpperCase()}${plane.slice(1)} `;
  $("#channel").firstChild.textContent = `Channel ${stage.channel + 1} `;
};

/** Save a verdict; the next unread pair comes once it is on disk. */
const judge = async (label) => {
  if (busy || !stage.pair) return;
  busy = true;
  const at = entry();
  const comment = $("#comment").value.trim();
  try {
    await server.say(at.id, label, comment);
    at.label = label;
    pairs.set(at.id, Promise.resolve({ ...(await described(at.id)), label, comment }));
    $("#said").textContent = `Saved: pair ${place + 1}, ${WORDS[label]}.`;
    const left = unread();
    if (left < 0) $("#said").textContent += " All pairs are read: thank you. This page may be closed.";
    if (left >= 0) go(left);
    else told();
  } catch (error) {
    $("#said").textContent = "Not saved.";
    complain(error);
  } finally {
    busy = false;
  }
};

/** The place of the next unread pair from here on, then from the start; -1 if there is none. */
const unread = () => {
  const after = queue.pairs.findIndex(({ label }, at) => at > place && !label);
  return after >= 0 ? after : queue.pairs.findIndex(({ label }) => !label);
};

const undo = async () => {
  if (busy) return;
  busy = true;
  try {
    const { pair } = await server.undo();
    if (!pair) return;
    const at = queue.pairs.findIndex(({ id }) => id === pair);
    queue.pairs[at].label = null;
    pairs.delete(pair);
    $("#said").textContent = `Withdrawn: pair ${at + 1}.`;
    await go(at);
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
  }
};

const toggle = () => {
  aligned = !aligned;
  viewer.rebuild();
};

const planes = () => {
  if (!(stage.pair?.planes.length > 1)) return;
  const n = stage.pair.planes.length;
  stage.plane = stage.plane === null ? 0 : stage.plane + 1 < n ? stage.plane + 1 : null;
  stage.marked = stage.plane ?? 0;
  viewer.rebuild();
};

const channel = () => {
  if (!(stage.pair?.channels > 1)) return;
  stage.channel = (stage.channel + 1) % stage.pair.channels;
  viewer.rebuild();
};

const scroll = (steps) => stage.pair?.planes.length > 1 && stage.scrollBy(steps);

const KEYS = {
  ...viewer.keys,
  c: () => judge("copy"),
  s: () => judge("same_patient"),
  n: () => judge("novel"),
  u: () => judge("unsure"),
  z: undo,
  Backspace: undo,
  ArrowRight: () => go(place + 1),
  j: () => go(place + 1),
  ArrowLeft: () => go(place - 1),
  k: () => go(place - 1),
  e: () => unread() >= 0 && go(unread()),
  t: () => $("#comment").focus(),
  a: toggle,
  p: planes,
  x: channel,
  ArrowUp: () => scroll(1),
  ArrowDown: () => scroll(-1),
  PageUp: () => scroll(10),
  PageDown: () => scroll(-10),
  "?": () => $("#keys").showModal(),
};

const pressed = (event) => {
  if ($("#keys").open) return;
  if (event.target.id === "comment" && (event.key === "Escape" || event.key === "Enter")) event.target.blur();
  const act = meant(event, KEYS);
  if (!act) return;
  event.preventDefault();
  if (!event.repeat || !"csnuz".includes(event.key)) act();
};

/** A comment that is changed after the verdict is saved with it. */
const commented = async () => {
  const at = entry();
  const pair = await described(at.id).catch(() => null);
  const comment = $("#comment").value.trim();
  if (!at.label || !pair || comment === pair.comment) return;
  try {
    await server.say(at.id, at.label, comment);
    pairs.set(at.id, Promise.resolve({ ...pair, comment }));
    $("#said").textContent = `Saved: the comment on pair ${queue.pairs.indexOf(at) + 1}.`;
  } catch (error) {
    complain(error);
  }
};

const clicked = {
  "#previous": () => go(place - 1),
  "#next": () => go(place + 1),
  "#undo": undo,
  "#help": () => $("#keys").showModal(),
  "#keys .close": () => $("#keys").close(),
};

for (const [selector, act] of Object.entries(clicked)) $(selector).addEventListener("click", act);
for (const button of document.querySelectorAll("[data-label]")) button.addEventListener("click", () => judge(button.dataset.label));
$("#verdict").addEventListener("submit", (event) => event.preventDefault());
$("#comment").addEventListener("change", commented);
document.addEventListener("keydown", pressed);
go(place);
