// A stage with its tools: which view, what blinks, contrast and brightness, zoom; by buttons and by keys.
import { Blink } from "./blink.js";
import { make } from "./make.js";
import { Stage } from "./stage.js";
import { NEUTRAL, RANGES } from "./tone.js";

const key = (name) => make("kbd", {}, name);
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * Shows pairs in `root`, with its tools in `bar`. `views` are [name, word, layers] each: `layers(pair)` says what of a
 * pair a view shows side by side, none where it cannot; of the view `blink`, the two that take turns. `extra` stands
 * among the tools. `changed` is called whenever anything else is shown; `relaid` gets the promise that a pair is drawn
 * in another view.
 */
export class Viewer {
  constructor({ root, bar, views, source, extra = [], changed = () => {}, relaid = () => {} }) {
    this.views = Object.fromEntries(views.map(([name, word, layers], place) => [name, { word, layers, key: String(place + 1) }]));
    this.view = "side";
    this.second = false; // while it blinks: whether the other image is shown
    Object.assign(this, { bar, changed, relaid });
    this.blink = new Blink(() => this.flip());
    this.stage = new Stage(root, { source, layers: (pair) => this.layers(pair), changed: () => this.told() });
    this.keys = keysOf(this);
    bar.append(this.choice(), ...extra, this.tones(), this.zooms());
  }

  /** Show a pair; resolves when it is drawn. */
  async show(pair) {
    this.blink.stop();
    this.second = false;
    if (!this.views[this.view].layers(pair).length) this.view = "side";
    const drawn = this.stage.show(pair);
    this.told();
    await drawn;
    if (this.view === "blink" && pair === this.stage.pair) this.blink.start();
  }

  /** Show nothing. */
  clear() {
    this.blink.stop();
    this.stage.pair = null;
    this.stage.root.replaceChildren();
    this.told();
  }

  layers(pair) {
    const layers = this.views[this.view].layers(pair);
    return this.view === "blink" ? [layers[Number(this.second)]] : layers;
  }

  /** Another view, where the pair can be seen in it. */
  look(view) {
    if (this.stage.pair && !this.views[view].layers(this.stage.pair).length) return;
    this.view = view;
    this.second = false;
    this.blink.stop();
    if (view === "blink") this.blink.start();
    this.rebuild();
  }

  /** Lay out anew what is to be shown otherwise. */
  rebuild() {
    this.told();
    if (this.stage.pair) this.relaid(this.stage.rebuild());
  }

  flip() {
    this.second = !this.second;
    this.stage.draw();
  }

  /** Where it blinks, the other image, and no further ones by itself. */
  byHand() {
    if (this.view === "blink") this.blink.byHand();
  }

  reset() {
    this.stage.reset();
    this.stage.tone = NEUTRAL;
    this.stage.draw();
    this.told();
  }

  /** Say on the tools how the pair is shown. */
  told() {
    const { pair, tone, zoom } = this.stage;
    for (const button of this.bar.querySelectorAll("[data-view]")) {
      const { view } = button.dataset;
      button.setAttribute("aria-checked", String(view === this.view));
      button.tabIndex = view === this.view ? 0 : -1;
      button.disabled = Boolean(pair) && !this.views[view].layers(pair).length;
    }
    for (const name of Object.keys(RANGES)) this.bar.querySelector(`#${name}`).value = tone[name];
    this.bar.querySelector("#zoom").textContent = `${Math.round(100 * zoom)}%`;
    this.changed();
  }

  choice() {
    const buttons = Object.entries(this.views).map(([view, { word, key: sign }]) => {
      const button = make("button", { type: "button", role: "radio", dataset: { view } }, `${word} `, key(sign));
      button.addEventListener("click", () => this.look(view));
      return button;
    });
    return make("div", { className: "choice", role: "radiogroup", ariaLabel: "View" }, ...buttons);
  }

  tones() {
    const labels = Object.entries(RANGES).map(([name, [min, max, step]]) => {
      const input = make("input", { type: "range", id: name, min, max, step });
      input.addEventListener("input", () => {
        this.stage.tone = { ...this.stage.tone, [name]: Number(input.value) };
        this.stage.draw();
      });
      return make("label", {}, `${capital(name)} `, input);
    });
    return make("span", { className: "window" }, ...labels);
  }

  zooms() {
    const button = (properties, act, ...children) => {
      const made = make("button", { type: "button", ...properties }, ...children);
      made.addEventListener("click", act);
      return made;
    };
    return make(
      "span",
      { className: "zoom" },
      button({ id: "smaller", ariaLabel: "Zoom out" }, () => this.stage.zoomBy(0.8), "−"),
      make("output", { id: "zoom", ariaLabel: "Zoom" }),
      button({ id: "larger", ariaLabel: "Zoom in" }, () => this.stage.zoomBy(1.25), "+"),
      button({ id: "reset" }, () => this.reset(), "Reset ", key("0")),
    );
  }
}

/** What each key does to how a pair is shown; with Shift, arrows move it. */
const keysOf = (viewer) => {
  const { stage } = viewer;
  const views = Object.entries(viewer.views).map(([view, { key: sign }]) => [sign, () => viewer.look(view)]);
  return {
    ...Object.fromEntries(views),
    b: () => viewer.look(viewer.view === "blink" ? "side" : "blink"),
    " ": () => viewer.byHand(),
    "+": () => stage.zoomBy(1.25),
    "=": () => stage.zoomBy(1.25),
    "-": () => stage.zoomBy(0.8),
    0: () => viewer.reset(),
    "]": () => stage.toneBy(0.2, 0),
    "[": () => stage.toneBy(-0.2, 0),
    ".": () => stage.toneBy(0, 0.04),
    ",": () => stage.toneBy(0, -0.04),
    "Shift ArrowRight": () => stage.moveBy(0.1, 0),
    "Shift ArrowLeft": () => stage.moveBy(-0.1, 0),
    "Shift ArrowUp": () => stage.moveBy(0, -0.1),
    "Shift ArrowDown": () => stage.moveBy(0, 0.1),
  };
};

/** What a key press means among such keys; nothing where it belongs to the browser or to a field. */
export const meant = (event, keys) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const { target } = event;
  if (target.matches("select, textarea") || (event.key === " " && target.matches("button"))) return undefined;
  if (target.matches("input[type=text]") || (target.matches("input") && /^(Arrow|Page)/.test(event.key))) return undefined;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.shiftKey && keys[`Shift ${name}`]) || keys[name];
};
