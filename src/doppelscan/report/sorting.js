// Tables that are sorted by the column whose heading is pressed.
import { make } from "./viewer/make.js";

const { compare } = new Intl.Collator("en", { numeric: true });

/** Make the headings of a table buttons: falling at first, then rising. */
export const sortable = (table) => {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = make("button", { type: "button" }, ...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading, column));
  });
};

const sortBy = (table, heading, column) => {
  const body = table.tBodies[0];
  const falling = heading.getAttribute("aria-sort") !== "descending";
  const order = orderOf([...body.rows], (row) => row.cells[column].textContent);
  body.append(...[...body.rows].sort((a, b) => (falling ? order(b, a) : order(a, b))));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
};

/** By number where all are numbers or missing, else by words. */
const orderOf = (rows, text) => {
  const number = (row) => (text(row) === "–" ? -Infinity : Number(text(row).replaceAll(",", "")));
  if (rows.some((row) => Number.isNaN(number(row)))) return (a, b) => compare(text(a), text(b));
  return (a, b) => Math.sign(number(a) - number(b)) || 0;
};
