// Elements in one line.

/** An element with these properties and children. */
export const make = (tag, properties = {}, ...children) => {
  const { dataset, ...plain } = properties;
  const made = Object.assign(document.createElement(tag), plain);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
};
