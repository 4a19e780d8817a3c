// One reader's way through the queue: keys, buttons, verdicts; what comes next is fetched before it is asked for.
import * as server from "./server.js";
import { drawable, slice } from "./slices.js";
import { Stage } from "./stage.js";

const WORDS = { copy: "copy", same_patient: "same patient", novel: "novel", unsure: "unsure" };
const BLINK = 500; // milliseconds: at most one change and back in a second
const LEGENDS = {
  difference: "Orange where the image is brighter, blue where it is darker than the training image, after brightness and contrast are matched.",
  agreement: "Where the fine detail of the two agrees: from dark blue (nothing) over grey to yellow (all of it). Strangers agree in patches, a copy nearly everywhere.",
};

const $ = (selector) => document.querySelector(selector);
const queue = await server.queue().catch((error) => complain(error));
const pairs = new Map(); // descriptions, by id
const stage = new Stage($("#stage"), () => told());
let place = Math.max(0, queue.pairs.findIndex(({ label }) => !label));
let blinking = null;
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
  blink(false);
  try {
    const pair = await described(id);
    if (id !== entry().id) return;
    $("#comment").value = pair.comment;
    $("#problem").hidden = true;
    const drawn = stage.show(pair);
    told();
    await drawn;
    if (id !== entry().id) return;
    document.body.dataset.shown = id;
    if (stage.view === "blink") blink(true);
    ahead();
  } catch (error) {
    if (id !== entry().id) return;
    stage.pair = null;
    $("#stage").replaceChildren();
    told();
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
  return Promise.all(
    [...new Set(["synthetic", stage.aligned ? "laid" : "training", ...stage.layers])].map(async (layer) => {
      drawable(await slice(pair, layer, where).promise, pair, plane, where.channel, stage.tone);
    }),
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
  for (const button of document.querySelectorAll("[data-view]")) {
    const chosen = button.dataset.view === stage.view;
    button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }
  $("#aligned").setAttribute("aria-pressed", String(stage.aligned));
  $("#legend").textContent = LEGENDS[stage.view] ?? "";
  $("#legend").hidden = !LEGENDS[stage.view];
  $("#contrast").value = stage.tone.contrast;
  $("#brightness").value = stage.tone.brightness;
  $("#zoom").textContent = `${Math.round(100 * stage.zoom)}%`;
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

const rebuilt = () => {
  told();
  if (stage.pair) return stage.rebuild().then(ahead).catch((error) => complain(error));
};

const look = (view) => {
  stage.view = view;
  blink(view === "blink");
  rebuilt();
};

/** Start or stop to blink; a reader who wants no motion changes by hand. */
const blink = (on) => {
  clearInterval(blinking);
  blinking = null;
  stage.second = false;
  if (on && !matchMedia("(prefers-reduced-motion: reduce)").matches) blinking = setInterval(flip, BLINK);
};

const flip = () => {
  stage.second = !stage.second;
  stage.draw();
};

const byHand = () => {
  if (stage.view !== "blink") return;
  clearInterval(blinking);
  blinking = null;
  flip();
};

const toggle = () => {
  stage.aligned = !stage.aligned;
  rebuilt();
};

const planes = () => {
  if (!(stage.pair?.planes.length > 1)) return;
  const n = stage.pair.planes.length;
  stage.plane = stage.plane === null ? 0 : stage.plane + 1 < n ? stage.plane + 1 : null;
  stage.marked = stage.plane ?? 0;
  rebuilt();
};

const channel = () => {
  if (!(stage.pair?.channels > 1)) return;
  stage.channel = (stage.channel + 1) % stage.pair.channels;
  rebuilt();
};

const reset = () => {
  stage.reset();
  stage.tone = { contrast: 0, brightness: 0 };
  stage.draw();
  told();
};

const scroll = (steps) => stage.pair?.planes.length > 1 && stage.scrollBy(steps);

const KEYS = {
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
  1: () => look("side"),
  2: () => look("blink"),
  3: () => look("difference"),
  4: () => look("agreement"),
  " ": byHand,
  a: toggle,
  p: planes,
  x: channel,
  "+": () => stage.zoomBy(1.25),
  "=": () => stage.zoomBy(1.25),
  "-": () => stage.zoomBy(0.8),
  0: reset,
  "]": () => stage.toneBy(0.2, 0),
  "[": () => stage.toneBy(-0.2, 0),
  ".": () => stage.toneBy(0, 0.04),
  ",": () => stage.toneBy(0, -0.04),
  ArrowUp: () => scroll(1),
  ArrowDown: () => scroll(-1),
  PageUp: () => scroll(10),
  PageDown: () => scroll(-10),
  "?": () => $("#keys").showModal(),
};

const SHIFTED = {
  ArrowRight: () => stage.moveBy(0.1, 0),
  ArrowLeft: () => stage.moveBy(-0.1, 0),
  ArrowUp: () => stage.moveBy(0, -0.1),
  ArrowDown: () => stage.moveBy(0, 0.1),
};

const pressed = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("#keys").open) return;
  const { target } = event;
  if (target.matches("input")) {
    if (target.id === "comment" && (event.key === "Escape" || event.key === "Enter")) target.blur();
    if (target.id === "comment" || event.key.startsWith("Arrow") || event.key.startsWith("Page")) return;
  }
  if (event.key === " " && target.matches("button")) return;
  const act = (event.shiftKey && SHIFTED[event.key]) || KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
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
  "#aligned": toggle,
  "#planes": planes,
  "#channel": channel,
  "#smaller": () => stage.zoomBy(0.8),
  "#larger": () => stage.zoomBy(1.25),
  "#reset": reset,
  "#help": () => $("#keys").showModal(),
  "#keys .close": () => $("#keys").close(),
};

for (const [selector, act] of Object.entries(clicked)) $(selector).addEventListener("click", act);
for (const button of document.querySelectorAll("[data-label]")) button.addEventListener("click", () => judge(button.dataset.label));
for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => look(button.dataset.view));
for (const name of ["contrast", "brightness"]) {
  $(`#${name}`).addEventListener("input", (event) => {
    stage.tone = { ...stage.tone, [name]: Number(event.target.value) };
    stage.draw();
  });
}
$("#verdict").addEventListener("submit", (event) => event.preventDefault());
$("#comment").addEventListener("change", commented);
document.addEventListener("keydown", pressed);
go(place);
