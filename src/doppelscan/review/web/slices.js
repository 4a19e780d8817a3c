// Slices that are here already, and how their values become grey.
import * as server from "./server.js";

const MOST_BYTES = 384 * 2 ** 20;

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
export const slice = (pair, layer, place) => {
  const name = `${pair.id} ${layer} ${place.plane} ${place.slice} ${place.channel}`;
  const entry = kept.get(name) ?? { bytes: 0 };
  kept.delete(name);
  kept.set(name, entry);
  entry.promise ??= fetched(pair, layer, place).then(
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

const ramp = ([low, high], bits, { contrast, brightness }) => {
  const width = Math.max(high - low, 1e-9);
  const half = width / 2 / 2 ** contrast;
  const centre = (low + high) / 2 - brightness * width;
  const shades = new Uint8ClampedArray(2 ** bits);
  for (let value = 0; value < shades.length; value += 1) shades[value] = ((value - centre) / half + 1) * 127.5;
  return shades;
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
export const drawable = (found, pair, plane, channel, tone) => {
  if (found.picture) return found.picture;
  const stamp = `${tone.contrast} ${tone.brightness}`;
  if (found.stamp === stamp) return found.canvas;
  const shades = ramp(found.side.windows[channel], found.side.bits, tone);
  const pixels = pair.colour ? colours(found.values, shades) : greys(found.values, shades);
  found.canvas ??= new OffscreenCanvas(plane.columns, plane.rows);
  found.canvas.getContext("2d").putImageData(new ImageData(pixels, plane.columns, plane.rows), 0, 0);
  found.stamp = stamp;
  return found.canvas;
};
