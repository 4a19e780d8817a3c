// Which matches are shown, and in which order: by verdict, by patient, by what aligned them.
import { make } from "./viewer/make.js";

const KINDS = { as_it_is: "as it is", scaled: "enlarged or reduced", inverted: "black and white exchanged" };
const { compare } = new Intl.Collator("en", { numeric: true });

const fact = (match, name) => {
  const term = [...match.querySelectorAll(".facts dt")].find(({ textContent }) => textContent === name);
  return Number(term?.nextElementSibling.textContent) || -Infinity;
};

const ORDERS = {
  suspicion: () => 0,
  score: (a, b) => fact(b, "score") - fact(a, "score") || 0,
  statistic: (a, b) => fact(b, "statistic") - fact(a, "statistic") || 0,
  patient: (a, b) => compare(a.dataset.patient, b.dataset.patient),
};

const kindsOf = (match) => match.dataset.kinds.split(" ").filter(Boolean);

const choice = (name, options) => {
  const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
  return { select, label: make("label", {}, `${name} `, select) };
};

/** Put what a reader may choose before the list of matches, and keep the list so. */
export const choosable = (matches) => {
  const list = matches[0].parentElement;
  const values = (read) => [...new Set(matches.flatMap(read))].sort(compare);
  const kinds = values(kindsOf);
  const verdict = choice("Show", [["", "all"], ["flagged", "flagged"], ["unflagged", "all others"]]);
  const patient = choice("Patient", [["", "all"], ...values((match) => match.dataset.patient).map((name) => [name, name])]);
  const kind = choice("Aligned", [["", "in any way"], ...kinds.map((word) => [word, KINDS[word] ?? word])]);
  const order = choice("Order by", Object.keys(ORDERS).map((name) => [name, name]));
  const count = make("output", {});
  const chosen = (match) =>
    (!verdict.select.value || match.classList.contains(verdict.select.value)) &&
    (!patient.select.value || match.dataset.patient === patient.select.value) &&
    (!kind.select.value || kindsOf(match).includes(kind.select.value));
  const choose = () => {
    for (const match of matches) match.hidden = !chosen(match);
    list.append(...[...matches].sort(ORDERS[order.select.value]));
    count.value = `${matches.filter(({ hidden }) => !hidden).length} of ${matches.length} shown`;
  };
  const shown = [verdict, patient, ...(kinds.length ? [kind] : []), order].map(({ label }) => label);
  const bar = make("div", { className: "filters", role: "group", ariaLabel: "Which matches are shown" }, ...shown, count);
  bar.addEventListener("change", choose);
  list.before(bar);
  choose();
};
