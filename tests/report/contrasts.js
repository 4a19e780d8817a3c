// The contrast (WCAG 2.2, 1.4.3) of every visible text with what is painted behind it, and the text.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const paint = rgba(getComputedStyle(node).backgroundColor);
      if (paint[3] === 255) return paint;
    }
    return [255, 255, 255, 255];
  };
  const shown = (node) =>
    [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()) &&
    !node.closest("script, style, title, desc") &&
    node.getClientRects().length;
  return [...document.querySelectorAll("body *")].filter(shown).map((node) => {
    const style = getComputedStyle(node);
    const ink = light(rgba(node instanceof SVGElement ? style.fill : style.color));
    const paper = light(behind(node));
    return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), node.textContent.trim().slice(0, 40)];
  });
}
