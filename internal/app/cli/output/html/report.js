"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  form.hidden = false;
  const rules = [...document.querySelectorAll(".rule")].map((element) => ({
    element,
    severity: element.dataset.severity,
    number: element.querySelector(".number"),
    details: element.querySelector("details"),
    about: element.querySelector("summary").textContent.toLowerCase(),
    rows: [...element.querySelectorAll("tbody tr")].map((row) => ({ row, namespace: row.dataset.namespace, text: null })),
  }));
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const namespace = form.querySelector("select");
  const text = form.querySelector("input[type=search]");
  const shown = form.querySelector("output");
  const nothing = document.getElementById("nothing");
  const count = (n) => n + (n === 1 ? " finding" : " findings");

  const apply = () => {
    const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let all = 0, total = 0;
    for (const rule of rules) {
      let visible = 0;
      for (const entry of rule.rows) {
        all++;
        let keep = severities.has(rule.severity) && (namespace.value === "*" || entry.namespace === namespace.value);
        if (keep && words.length) {
          entry.text ??= rule.about + " " + entry.row.textContent.toLowerCase();
          keep = words.every((word) => entry.text.includes(word));
        }
        entry.row.hidden = !keep;
        if (keep) visible++;
      }
      total += visible;
      rule.element.hidden = visible === 0;
      rule.number.textContent = visible === rule.rows.length ? count(visible) : visible + " of " + count(rule.rows.length);
    }
    shown.textContent = total === all ? "all " + count(all) : total + " of " + count(all);
    nothing.hidden = total > 0;
  };
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", apply);
  text.addEventListener("input", soon);

  // A link to a rule opens it; paper shows everything.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.querySelector("details");
    if (details) { details.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = rules.filter((rule) => !rule.details.open);
    closed.forEach((rule) => { rule.details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((rule) => { rule.details.open = false; }));
  apply();
  reveal();
})();
