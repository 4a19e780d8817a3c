// Slices that are here already, and how their values become grey.
import * as server from "./server.js";
import { ramp } from "./tone.js";

const MOST_BYTES = 384 * 2 ** 20;
const CAPTIONS = {
  synthetic: "image",
  training: "training image",
  laid: "training image, aligned",
  difference: "difference",
  difference_laid: "difference, aligned",
  agreement: "agreement",
  agreement_laid: "agreement, aligned",
};

const kept = new Map(); // oldest first
let bytes = 0;

const weight = (slice) => slice.values?.byteLength ?? 4 * slice.picture.width * slice.picture.height;

const forget = () => {
  for (const [name, entry] of kept) {
    if (bytes <= MOST_BYTES) return;
    kept.delete(name);
    bytes -= entry.bytes;
  }
};

const fetched = async (pair, layer, place) => {
  if (!(layer in pair.sides) && layer !== "laid") return { picture: await server.map(pair.id, layer, place) };
  const side = pair.sides[layer === "laid" ? "training" : layer];
  return { values: await server.values(pair.id, layer, place, side.bits), side };
};

/** A slice of a layer: values, or the picture of a map. Asked for once, then kept for a while. */
const layer = (pair, what, place) => {
  const name = `${pair.id} ${what} ${place.plane} ${place.slice} ${place.channel}`;
  const entry = kept.get(name) ?? { bytes: 0 };
  kept.delete(name);
  kept.set(name, entry);
  entry.promise ??= fetched(pair, what, place).then(
    (found) => {
      entry.found = found;
      if (kept.get(name) === entry) bytes += entry.bytes = weight(found);
      forget();
      return found;
    },
    (error) => {
      kept.delete(name);
      throw error;
    },
  );
  return entry;
};

const greys = (values, shades) => {
  const packed = Uint32Array.from(shades, (shade) => ((255 << 24) | (shade << 16) | (shade << 8) | shade) >>> 0);
  const pixels = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i += 1) pixels[i] = packed[values[i]];
  return new Uint8ClampedArray(pixels.buffer);
};

const colours = (values, shades) => {
  const pixels = new Uint8ClampedArray((values.length / 3) * 4).fill(255);
  for (let i = 0, j = 0; i < values.length; i += 3, j += 4) {
    pixels[j] = shades[values[i]];
    pixels[j + 1] = shades[values[i + 1]];
    pixels[j + 2] = shades[values[i + 2]];
  }
  return pixels;
};

/** The slice as it is drawn: its values from black to white over a window that the reader may change. */
const drawn = (found, pair, { plane, channel }, tone) => {
  if (found.picture) return found.picture;
  const stamp = `${tone.contrast} ${tone.brightness}`;
  if (found.stamp === stamp) return found.canvas;
  const { rows, columns } = pair.planes.find(({ name }) => name === plane);
  const shades = ramp(found.side.windows[channel], found.side.bits, tone);
  const pixels = pair.colour ? colours(found.values, shades) : greys(found.values, shades);
  found.canvas ??= new OffscreenCanvas(columns, rows);
  found.canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  found.stamp = stamp;
  return found.canvas;
};

const said = (pair, layer) => ({ caption: CAPTIONS[layer], second: layer === "training" || layer === "laid" });

/** What a stage shows of pairs. */
export const source = { layer, drawn, said };
