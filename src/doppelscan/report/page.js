// What a page does beyond saying everything: keyboard, enlargement, choice of matches, sorted tables.
import { choosable } from "./choosing.js";
import { views, source, seen } from "./seen.js";
import { sortable } from "./sorting.js";
import { Viewer, meant } from "./viewer/viewer.js";

const matches = [...document.querySelectorAll(".match")];
const dialog = document.querySelector("#enlarged");
const [title, tools, stage, words] = ["title", "tools", "stage", "words"].map((name) => dialog.querySelector(`.${name}`));
const viewer = new Viewer({ root: stage, bar: tools, views, source });
let current = null; // the match that has the focus
let enlarged = null; // the match in the dialog; closing gives it the focus

const visible = () => (matches.length ? [...matches[0].parentElement.children].filter((match) => !match.hidden) : []);

const step = (by) => {
  const shown = visible();
  if (!shown.length) return;
  const place = shown.indexOf(dialog.open ? enlarged : current);
  current = shown[Math.min(Math.max(place < 0 ? 0 : place + by, 0), shown.length - 1)];
  if (dialog.open) enlarge(current);
  else current.focus();
  current.scrollIntoView({ block: "nearest" });
};

const enlarge = (match) => {
  current = enlarged = match;
  title.className = `title ${match.className}`;
  title.replaceChildren(match.querySelector("h3").cloneNode(true));
  words.replaceChildren(...[...match.querySelectorAll("dl")].map((list) => list.cloneNode(true)));
  if (!dialog.open) dialog.showModal();
  viewer.show(seen(match));
};

const steps = (names, by) => Object.fromEntries(names.map((name) => [name, () => step(by)]));
const MOVES = { ...steps(["j"], 1), ...steps(["k"], -1) };
const ARROWS = { ...steps(["ArrowRight", "ArrowDown"], 1), ...steps(["ArrowLeft", "ArrowUp"], -1) };

/** The keys that mean something where the focus is. */
const keys = () => {
  const { activeElement } = document;
  if (dialog.open) return { ...viewer.keys, ...MOVES, ...ARROWS };
  if (!matches.includes(activeElement)) return MOVES;
  const open = () => enlarge(activeElement);
  return { ...MOVES, ...ARROWS, Enter: open, " ": open };
};

document.documentElement.classList.add("scripted");
for (const match of matches) {
  match.tabIndex = 0;
  match.addEventListener("focus", () => { current = match; });
  match.querySelector(".panels").addEventListener("click", () => enlarge(match));
}
document.addEventListener("keydown", (event) => {
  const act = meant(event, keys());
  if (!act) return;
  event.preventDefault();
  act();
});
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  viewer.clear();
  enlarged.focus();
});
if (matches.length > 1 && matches[0].dataset.kinds !== undefined) choosable(matches);
document.querySelectorAll(".sortable").forEach(sortable);
