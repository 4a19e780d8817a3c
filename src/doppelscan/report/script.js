"use strict";
// Keyboard, enlargement, blinking, filters and sorting. The page says everything without it.
(() => {
  const matches = [...document.querySelectorAll(".match")];
  const dialog = document.querySelector("#enlarged");
  const content = dialog.querySelector(".content");
  const steps = { j: 1, ArrowRight: 1, ArrowDown: 1, k: -1, ArrowLeft: -1, ArrowUp: -1 };
  const KINDS = { as_it_is: "as it is", scaled: "enlarged or reduced", inverted: "black and white exchanged" };
  const BLINK = 500; // milliseconds
  let current = null; // the match that has the focus
  let enlarged = null; // the match in the dialog; closing gives it the focus
  let blinking = null;

  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const visible = () => (matches.length ? [...matches[0].parentElement.children].filter((match) => !match.hidden) : []);

  const step = (by) => {
    const shown = visible();
    if (!shown.length) return;
    const place = shown.indexOf(dialog.open ? enlarged : current);
    current = shown[Math.min(Math.max(place < 0 ? 0 : place + by, 0), shown.length - 1)];
    if (dialog.open) return enlarge(current);
    current.focus();
    current.scrollIntoView({ block: "nearest" });
  };

  const enlarge = (match) => {
    current = enlarged = match;
    still();
    content.replaceChildren(...[...match.children].map((child) => child.cloneNode(true)));
    content.className = `content ${match.className}`;
    if (match.dataset.kinds !== undefined) content.querySelector("h3").after(tools());
    if (!dialog.open) dialog.showModal();
  };

  const tools = () => {
    const blink = make("button", { type: "button", disabled: content.querySelectorAll("img").length < 2 }, "Blink ", make("kbd", {}, "b"));
    blink.addEventListener("click", flicker);
    return make("div", { className: "tools" }, blink, tone("Contrast"), tone("Brightness"));
  };

  const tone = (name) => {
    const property = `--${name.toLowerCase()}`;
    const input = make("input", { type: "range", min: 0.4, max: 3, step: 0.05 });
    input.value = content.style.getPropertyValue(property) || 1;
    input.addEventListener("input", () => content.style.setProperty(property, input.value));
    return make("label", {}, `${name} `, input);
  };

  const exchange = () => {
    const [first, second] = content.querySelectorAll("figure");
    if (!first.querySelector("img") || !second?.querySelector("img")) return still();
    for (const [part, key] of [["img", "src"], ["img", "alt"], ["figcaption", "textContent"]]) {
      const [one, other] = [first, second].map((figure) => figure.querySelector(part));
      [one[key], other[key]] = [other[key], one[key]];
    }
  };

  const still = () => {
    clearInterval(blinking);
    blinking = null;
  };

  // Both change places, again and again; once where the reader wants no motion.
  const flicker = () => {
    if (blinking) return still();
    exchange();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) blinking = setInterval(exchange, BLINK);
  };

  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input")) return;
    const inGallery = dialog.open || matches.includes(document.activeElement);
    const by = steps[event.key];
    if (by && (inGallery || event.key === "j" || event.key === "k")) {
      event.preventDefault();
      step(by);
    } else if (event.key === "b" && dialog.open && content.querySelector(".tools button:enabled")) flicker();
    else if ((event.key === "Enter" || event.key === " ") && matches.includes(event.target)) {
      event.preventDefault();
      enlarge(event.target);
    }
  };

  const choice = (name, options) => {
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
    return [select, make("label", {}, `${name} `, select)];
  };

  const values = (read) => [...new Set(matches.flatMap(read))].sort(new Intl.Collator("en", { numeric: true }).compare);
  const fact = (match, name) => {
    const term = [...match.querySelectorAll(".facts dt")].find(({ textContent }) => textContent === name);
    return Number(term?.nextElementSibling.textContent) || -Infinity;
  };

  const ORDERS = {
    suspicion: () => 0,
    score: (a, b) => fact(b, "score") - fact(a, "score") || 0,
    statistic: (a, b) => fact(b, "statistic") - fact(a, "statistic") || 0,
    patient: (a, b) => new Intl.Collator("en", { numeric: true }).compare(a.dataset.patient, b.dataset.patient),
  };

  // Which matches are shown, and in which order; where they were aligned, by what was done.
  const filters = () => {
    const list = matches[0].parentElement;
    const kinds = values((match) => match.dataset.kinds.split(" ").filter(Boolean));
    const [verdict, verdicts] = choice("Show", [["", "all"], ["flagged", "flagged"], ["unflagged", "all others"]]);
    const [patient, patients] = choice("Patient", [["", "all"], ...values((match) => match.dataset.patient).map((name) => [name, name])]);
    const [kind, aligned] = choice("Aligned", [["", "in any way"], ...kinds.map((word) => [word, KINDS[word] ?? word])]);
    const [order, orders] = choice("Order by", Object.keys(ORDERS).map((name) => [name, name]));
    const count = make("output", {});
    const choose = () => {
      for (const match of matches) {
        const { patient: whose, kinds: how } = match.dataset;
        match.hidden = !(
          (!verdict.value || match.classList.contains(verdict.value)) &&
          (!patient.value || whose === patient.value) &&
          (!kind.value || how.split(" ").includes(kind.value))
        );
      }
      list.append(...[...matches].sort(ORDERS[order.value]));
      count.value = `${visible().length} of ${matches.length} shown`;
    };
    const shown = [verdicts, patients, ...(kinds.length ? [aligned] : []), orders, count];
    const bar = make("div", { className: "filters", role: "group", ariaLabel: "Which matches are shown" }, ...shown);
    bar.addEventListener("change", choose);
    list.before(bar);
    choose();
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sortBy(table, body, heading, column));
    });
  };

  const sortBy = (table, body, heading, column) => {
    const falling = heading.getAttribute("aria-sort") !== "descending";
    const order = new Intl.Collator("en", { numeric: true });
    const text = (row) => row.cells[column].textContent;
    const number = (row) => Number(text(row).replaceAll(",", ""));
    const numeric = [...body.rows].every((row) => text(row) === "–" || !Number.isNaN(number(row)));
    const rank = (row) => (text(row) === "–" ? -Infinity : number(row));
    const compare = (a, b) => (numeric ? Math.sign(rank(a) - rank(b)) || 0 : order.compare(text(a), text(b)));
    body.append(...[...body.rows].sort((a, b) => (falling ? compare(b, a) : compare(a, b))));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  };

  document.documentElement.classList.add("scripted");
  for (const match of matches) {
    match.tabIndex = 0;
    match.addEventListener("focus", () => { current = match; });
    match.querySelector(".panels").addEventListener("click", () => enlarge(match));
  }
  if (matches.length > 1 && matches[0].dataset.kinds !== undefined) filters();
  document.addEventListener("keydown", pressed);
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { still(); enlarged.focus(); });
  document.querySelectorAll(".sortable").forEach(sortable);
})();
