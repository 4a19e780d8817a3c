// Two images at one place, in turn.

const BLINK = 500; // milliseconds: at most one change and back in a second

/** Calls `flip` again and again while it runs; never by itself for whoever wants no motion. */
export class Blink {
  #timer = null;

  constructor(flip) {
    this.flip = flip;
  }

  start() {
    this.stop();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.#timer = setInterval(this.flip, BLINK);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  byHand() {
    this.stop();
    this.flip();
  }
}
