// The panels: what is drawn where, zoomed and moved together, scrolled in step.
import { drawable, slice } from "./slices.js";

const LARGEST = 40;
const CAPTIONS = {
  synthetic: "image",
  training: "training image",
  laid: "training image, aligned",
  difference: "difference",
  difference_laid: "difference, aligned",
  agreement: "agreement",
  agreement_laid: "agreement, aligned",
};

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Shows one pair at a time in `root`; calls `changed` when the reader moved something with the pointer. */
export class Stage {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.pair = null;
    this.view = "side";
    this.aligned = true;
    this.plane = null; // of a volume: the only plane shown; null for all
    this.marked = 0; // the plane that keys scroll
    this.channel = 0;
    this.tone = { contrast: 0, brightness: 0 };
    this.second = false; // while it blinks: whether the training image is shown
    this.panels = [];
    this.reset();
    new ResizeObserver(() => this.draw()).observe(root);
  }

  /** Show a pair from its middle slices. */
  show(pair) {
    this.pair = pair;
    this.slices = pair.planes.map(({ slices }) => Math.floor(slices / 2));
    this.channel = Math.min(this.channel, pair.channels - 1);
    this.marked = 0;
    this.reset();
    return this.rebuild();
  }

  reset() {
    this.zoom = 1;
    this.centre = [0.5, 0.5];
  }

  /** The planes that are shown, by their numbers. */
  get planes() {
    const all = this.pair.planes.map((_, number) => number);
    return this.plane === null || all.length === 1 ? all : [this.plane];
  }

  /** What is shown of each plane, in rows. */
  get layers() {
    const beside = this.aligned ? "laid" : "training";
    if (this.view === "side") return ["synthetic", beside];
    if (this.view === "blink") return [this.second ? beside : "synthetic"];
    return [this.aligned ? `${this.view}_laid` : this.view];
  }

  place(number) {
    return { plane: this.pair.planes[number].name, slice: this.slices[number], channel: this.channel };
  }

  /** Lay out the panels anew, and draw them; resolves when all are drawn. */
  rebuild() {
    const { planes, layers } = this;
    const several = planes.length > 1;
    const grid = document.createElement("div");
    grid.className = `panels ${several ? "planes" : "one"} rows-${layers.length}`;
    this.panels = layers.flatMap((layer, row) => planes.map((number) => this.panel(layer, row, number)));
    grid.append(...this.panels.map(({ figure }) => figure));
    this.root.replaceChildren(grid, ...(this.pair.planes.length > 1 ? [this.scrolls(planes)] : []));
    return this.draw();
  }

  panel(layer, row, number) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    canvas.setAttribute("role", "img");
    figure.append(canvas, caption);
    const panel = { figure, canvas, caption, row, number };
    this.listen(panel);
    return panel;
  }

  scrolls(planes) {
    const scrolls = document.createElement("div");
    scrolls.className = `scrolls of-${planes.length}`;
    for (const number of planes) {
      const { name, slices } = this.pair.planes[number];
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: slices - 1 });
      const text = document.createElement("span");
      input.setAttribute("aria-label", `Slice, ${name}`);
      input.value = this.slices[number];
      input.addEventListener("input", () => this.scrollTo(number, Number(input.value)));
      label.append(text, input);
      label.dataset.plane = number;
      scrolls.append(label);
    }
    return scrolls;
  }

  /** Draw what is there; what is not yet there follows. Resolves when everything is drawn. */
  draw() {
    if (!this.pair) return Promise.resolve();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const { layers } = this;
    for (const label of this.root.querySelectorAll(".scrolls label")) this.tell(label);
    return Promise.all(
      this.panels.map((panel) => {
        const layer = layers[panel.row];
        const entry = slice(this.pair, layer, this.place(panel.number));
        this.caption(panel, layer);
        panel.figure.classList.toggle("waiting", !entry.found);
        if (entry.found) return this.paint(panel, entry.found);
        return entry.promise.then((found) => turn === this.turn && this.paint(panel, found));
      }),
    );
  }

  tell(label) {
    const number = Number(label.dataset.plane);
    const { name, slices } = this.pair.planes[number];
    label.querySelector("span").textContent = `${name} ${this.slices[number] + 1} / ${slices}`;
    label.querySelector("input").value = this.slices[number];
    label.classList.toggle("marked", number === this.marked);
  }

  caption(panel, layer) {
    const { name } = this.pair.planes[panel.number];
    const text = name === "film" ? CAPTIONS[layer] : `${CAPTIONS[layer]}, ${name}`;
    panel.caption.textContent = text;
    panel.canvas.setAttribute("aria-label", text);
    panel.figure.classList.toggle("second", layer === "training" || layer === "laid");
  }

  paint(panel, found) {
    const plane = this.pair.planes[panel.number];
    const { canvas } = panel;
    panel.figure.classList.remove("waiting");
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth * sharp, canvas.clientHeight * sharp].map(Math.round);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const scale = this.zoom * Math.min(width / (plane.columns * plane.width), height / (plane.rows * plane.height));
    const across = scale * plane.columns * plane.width;
    const down = scale * plane.rows * plane.height;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = scale < 3;
    context.imageSmoothingQuality = "medium";
    const image = drawable(found, this.pair, plane, this.channel, this.tone);
    context.drawImage(image, width / 2 - this.centre[0] * across, height / 2 - this.centre[1] * down, across, down);
    panel.shown = [across / sharp, down / sharp];
  }

  /** Enlarge `factor` times about a point of a panel, or about the middle. */
  zoomBy(factor, panel = null, event = null) {
    const before = this.zoom;
    this.zoom = clamp(this.zoom * factor, 1, LARGEST);
    if (this.zoom === 1) this.centre = [0.5, 0.5];
    else if (panel?.shown) {
      const box = panel.canvas.getBoundingClientRect();
      const from = [event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2];
      const grown = this.zoom / before - 1;
      this.centre = this.centre.map((at, axis) => at + (from[axis] * grown) / (panel.shown[axis] * (1 + grown)));
    }
    this.moveBy(0, 0);
  }

  /** Move all images by this share of what is seen of them. */
  moveBy(x, y) {
    const reach = 0.5 / this.zoom;
    this.centre = [this.centre[0] + x / this.zoom, this.centre[1] + y / this.zoom].map((at) =>
      clamp(at, Math.min(reach, 0.5), Math.max(1 - reach, 0.5)),
    );
    this.draw();
    this.changed();
  }

  toneBy(contrast, brightness) {
    this.tone = {
      contrast: clamp(this.tone.contrast + contrast, -2, 4),
      brightness: clamp(this.tone.brightness + brightness, -1, 1),
    };
    this.draw();
    this.changed();
  }

  scrollTo(number, to) {
    this.marked = number;
    this.slices[number] = clamp(to, 0, this.pair.planes[number].slices - 1);
    this.draw();
    this.changed();
  }

  scrollBy(steps, number = this.marked) {
    this.scrollTo(number, this.slices[number] + steps);
  }

  listen(panel) {
    const { canvas } = panel;
    const fingers = new Map();
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.wheel(panel, event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, event);
      this.marked = panel.number;
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      this.drag(panel, last, event, [...fingers.values()].find((other) => other.pointerId !== event.pointerId));
      fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
  }

  wheel(panel, event) {
    event.preventDefault();
    if (this.pair.planes.length > 1 && !event.ctrlKey) this.scrollBy(-Math.sign(event.deltaY), panel.number);
    else this.zoomBy(1.0015 ** -event.deltaY, panel, event);
  }

  drag(panel, last, event, other) {
    const [x, y] = [event.clientX - last.clientX, event.clientY - last.clientY];
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (other) this.zoomBy(apart(event) / Math.max(apart(last), 1), panel, event);
    else if (event.shiftKey || event.buttons === 2) this.toneBy(x / 150, -y / 300);
    else if (panel.shown) this.moveBy((-x * this.zoom) / panel.shown[0], (-y * this.zoom) / panel.shown[1]);
  }
}
