// A pair of volumes in niivue, moved together: planes and the solid. Which pair, and how, stands behind the # of the address.
import { Niivue } from "./niivue.js";
import { volume } from "./server.js";

const [id, beside, channel] = location.hash.slice(1).split("/");
const figures = [...document.querySelectorAll("figure")];
const told = document.querySelector("#told");

const shown = async (figure, side) => {
  const viewer = new Niivue({ dragAndDropEnabled: false, loadingText: "", logLevel: "error", crosshairWidth: 0.4 });
  await viewer.attachToCanvas(figure.querySelector("canvas"));
  await viewer.loadFromArrayBuffer(await volume(id, side, channel), "volume.nii");
  viewer.setSliceType(viewer.sliceTypeMultiplanar);
  return viewer;
};

try {
  if (beside === "laid") figures[1].querySelector("figcaption").textContent = "training image, aligned";
  const viewers = [await shown(figures[0], "synthetic"), await shown(figures[1], beside)];
  for (const viewer of viewers) viewer.broadcastTo(viewers.filter((other) => other !== viewer), { "2d": true, "3d": true });
  told.textContent = "";
  document.body.dataset.shown = id;
} catch (error) {
  told.textContent = error.message || "The volumes cannot be shown here: this browser has no WebGL 2.";
  throw error;
}
