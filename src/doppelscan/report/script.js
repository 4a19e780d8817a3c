"use strict";
// Keyboard, enlargement and sorting. The page says everything without it.
(() => {
  const matches = [...document.querySelectorAll(".match")];
  const dialog = document.querySelector("#enlarged");
  const content = dialog.querySelector(".content");
  const steps = { j: 1, ArrowRight: 1, ArrowDown: 1, k: -1, ArrowLeft: -1, ArrowUp: -1 };
  let current = -1; // the match that has the focus
  let enlarged = -1; // the match in the dialog; closing gives it the focus

  const focusOn = (place) => {
    if (!matches.length) return;
    current = Math.min(Math.max(place, 0), matches.length - 1);
    if (dialog.open) return enlarge(current);
    matches[current].focus();
    matches[current].scrollIntoView({ block: "nearest" });
  };

  const enlarge = (place) => {
    current = enlarged = place;
    content.replaceChildren(...[...matches[current].children].map((child) => child.cloneNode(true)));
    content.className = `content ${matches[current].className}`;
    if (!dialog.open) dialog.showModal();
  };

  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inGallery = dialog.open || matches.includes(document.activeElement);
    const step = steps[event.key];
    if (step && (inGallery || event.key === "j" || event.key === "k")) {
      event.preventDefault();
      focusOn((dialog.open ? enlarged : current) + step);
    } else if ((event.key === "Enter" || event.key === " ") && matches.includes(event.target)) {
      event.preventDefault();
      enlarge(matches.indexOf(event.target));
    }
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
  matches.forEach((match, place) => {
    match.tabIndex = 0;
    match.addEventListener("focus", () => { current = place; });
    match.querySelector(".panels").addEventListener("click", () => enlarge(place));
  });
  document.addEventListener("keydown", pressed);
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => matches[enlarged].focus());
  document.querySelectorAll(".sortable").forEach(sortable);
})();
