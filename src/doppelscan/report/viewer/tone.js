// Window and level: contrast and brightness, the same for values that are windowed here and for finished pictures.
import { make } from "./make.js";

const FILTER = `<svg width="0" height="0" aria-hidden="true"><filter id="tone" color-interpolation-filters="sRGB">
<feComponentTransfer>${["R", "G", "B"].map((name) => `<feFunc${name} type="linear"/>`).join("")}</feComponentTransfer>
</filter></svg>`;

/** What a reader may choose: contrast doubles with every step, brightness is a share of the window. */
export const RANGES = { contrast: [-2, 4, 0.1], brightness: [-1, 1, 0.02] };
export const NEUTRAL = { contrast: 0, brightness: 0 };

/** A tone within its ranges. */
export const within = (tone) =>
  Object.fromEntries(
    Object.entries(RANGES).map(([name, [low, high]]) => [name, Math.min(Math.max(tone[name], low), high)]),
  );

/** From a place in the window (0 to 1) to a shade (0 to 1): `slope * place + intercept`. */
const line = ({ contrast, brightness }) => {
  const slope = 2 ** contrast;
  return { slope, intercept: 0.5 + slope * (brightness - 0.5) };
};

/** The shade, 0 to 255, of each value of so many bits, in a window that runs from black to white. */
export const ramp = ([low, high], bits, tone) => {
  const { slope, intercept } = line(tone);
  const shades = new Uint8ClampedArray(2 ** bits);
  const width = Math.max(high - low, 1e-9);
  for (let value = 0; value < shades.length; value += 1) {
    shades[value] = 255 * (slope * ((value - low) / width) + intercept);
  }
  return shades;
};

/** The same for whatever is drawn already, as a CSS filter. */
export const filterOf = (tone) => {
  const { slope, intercept } = line(tone);
  if (slope === 1 && intercept === 0) return "none";
  for (const part of parts()) {
    part.setAttribute("slope", slope);
    part.setAttribute("intercept", intercept);
  }
  return "url(#tone)";
};

/** The three colours of the page's own filter, which is made when it is first asked for. */
const parts = () => {
  if (!document.querySelector("#tone")) {
    const holder = make("div", { innerHTML: FILTER });
    holder.style.position = "absolute";
    document.body.append(holder);
  }
  return document.querySelectorAll("#tone feComponentTransfer > *");
};
