// What a viewer shows of a match: the pictures that the page holds already.

const pictured = ({ panels }, ...numbers) => (numbers.every((number) => panels[number]?.image) ? numbers : []);

/** All pictures side by side; the two images in turn; the map alone. */
export const views = [
  ["side", "Side by side", ({ panels }) => [...panels.keys()]],
  ["blink", "Blink", (pair) => pictured(pair, 0, 1)],
  ["map", "Map", (pair) => pictured(pair, 2)],
];

/** A match as a pair of one plane. */
export const seen = (match) => {
  const panels = [...match.querySelectorAll("figure")].map((figure) => {
    const image = figure.querySelector("img");
    const caption = figure.querySelector("figcaption").textContent;
    const blank = figure.querySelector(".blank")?.textContent;
    return { image, caption: blank ? `${caption}: ${blank}` : caption, alt: image?.alt };
  });
  const plane = { name: "film", slices: 1, rows: 1, columns: 1, height: 1, width: 1 };
  return { planes: [plane], channels: 1, wide: match.classList.contains("wide"), panels };
};

const found = (image, number) => ({ picture: image, size: [image.naturalWidth, image.naturalHeight], filtered: number < 2 });

const layer = ({ panels }, number) => {
  const { image } = panels[number];
  if (!image) return { found: {} };
  if (image.complete) return { found: found(image, number) };
  return { promise: image.decode().then(() => found(image, number)) };
};

/** What a stage shows of matches. */
export const source = {
  layer,
  drawn: ({ picture }) => picture,
  said: ({ panels }, number) => ({ ...panels[number], second: number === 1 }),
};
