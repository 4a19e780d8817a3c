// The panels: what is drawn where, zoomed and moved together, scrolled in step.
import { make } from "./make.js";
import { NEUTRAL, filterOf, within } from "./tone.js";

const LARGEST = 40; // times

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Shows one pair at a time in `root`; calls `changed` when the reader moved something with the pointer.
 *
 * A pair has `planes` (name, slices, rows, columns, and how high and wide a pixel is shown) and `channels`. `layers`
 * says which pictures of it are shown now. `source` has them: `layer(pair, layer, place)` is an entry that is, or by
 * its `promise` will be, `found`; `drawn(...)` makes of it what a canvas draws; `said(pair, layer)` is its caption.
 */
export class Stage {
  constructor(root, { source, layers, changed }) {
    Object.assign(this, { root, source, changed, chosen: layers });
    this.pair = null;
    this.plane = null; // of a volume: the only plane shown; null for all
    this.marked = 0; // the plane that keys scroll
    this.channel = 0;
    this.tone = NEUTRAL;
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
    return this.chosen(this.pair);
  }

  place(number) {
    return { plane: this.pair.planes[number].name, slice: this.slices[number], channel: this.channel };
  }

  /** Lay out the panels anew, and draw them; resolves when all are drawn. */
  rebuild() {
    const { planes, layers } = this;
    this.panels = layers.flatMap((layer, row) => planes.map((number) => this.panel(row, number)));
    const form = planes.length > 1 ? "planes" : this.pair.wide ? "stacked" : "one";
    const panes = make("div", { className: `panes ${form} rows-${layers.length}` }, ...this.panels.map(({ figure }) => figure));
    this.root.replaceChildren(panes, ...(this.pair.planes.length > 1 ? [this.scrolls(planes)] : []));
    return this.draw();
  }

  panel(row, number) {
    const [canvas, caption] = [make("canvas", { role: "img" }), make("figcaption")];
    const panel = { figure: make("figure", {}, canvas, caption), canvas, caption, row, number };
    this.listen(panel);
    return panel;
  }

  scrolls(planes) {
    return make("div", { className: `scrolls of-${planes.length}` }, ...planes.map((number) => this.scroll(number)));
  }

  scroll(number) {
    const { name, slices } = this.pair.planes[number];
    const input = make("input", { type: "range", min: 0, max: slices - 1, ariaLabel: `Slice, ${name}` });
    input.value = this.slices[number];
    input.addEventListener("input", () => this.scrollTo(number, Number(input.value)));
    return make("label", { dataset: { plane: number } }, make("span"), input);
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
        const entry = this.source.layer(this.pair, layer, this.place(panel.number));
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
    const { caption, alt = caption, second } = this.source.said(this.pair, layer);
    const [shown, told] = [caption, alt].map((text) => (this.pair.planes.length > 1 ? `${text}, ${name}` : text));
    panel.caption.textContent = shown;
    panel.canvas.setAttribute("aria-label", told);
    panel.figure.classList.toggle("second", second);
  }

  paint(panel, found) {
    const { canvas } = panel;
    panel.figure.classList.remove("waiting");
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth * sharp, canvas.clientHeight * sharp].map(Math.round);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const image = this.source.drawn(found, this.pair, this.place(panel.number), this.tone);
    canvas.style.filter = found.filtered ? filterOf(this.tone) : "none";
    const [wide, high] = found.size ?? shape(this.pair.planes[panel.number]);
    const scale = this.zoom * Math.min(width / wide, height / high);
    const [across, down] = [scale * wide, scale * high];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = scale < 3;
    context.imageSmoothingQuality = "medium";
    if (image) context.drawImage(image, width / 2 - this.centre[0] * across, height / 2 - this.centre[1] * down, across, down);
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
    this.tone = within({ contrast: this.tone.contrast + contrast, brightness: this.tone.brightness + brightness });
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

/** Width and height of a slice as it is shown. */
const shape = (plane) => [plane.columns * plane.width, plane.rows * plane.height];
