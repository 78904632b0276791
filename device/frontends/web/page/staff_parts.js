// What the cards of the staff's page are made of.
import { h } from "./dom.js";
import { percent } from "./words.js";

export function card(title, ...kids) { return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), ...kids); }

export function switched(words, on, turned, key = "") {
  const tick = h("input", { type: "checkbox", checked: on, key: key || null, onchange: () => turned(tick.checked) });
  return h("label", { class: "switch" }, tick, h("span", {}, words));
}

export function field(words, input, wrong = "") {
  return h("label", { class: "labelled" }, h("span", {}, words), input, wrong ? h("span", { class: "wrong fault", role: "alert" }, wrong) : null);
}

// A level that may be left as it is: 0 to 1, or null.
export function level(words, value, changed, wrong = "") {
  const note = h("output", {}, value === null ? "" : percent(value));
  const slide = h("input", { type: "range", min: 0, max: 100, step: 5, value: Math.round((value ?? 0.5) * 100), "aria-label": words, hidden: value === null });
  slide.addEventListener("input", () => { note.textContent = percent(slide.value / 100); changed(slide.value / 100); });
  const tick = switched(words, value !== null, (on) => {
    slide.hidden = !on;
    note.textContent = on ? percent(slide.value / 100) : "";
    changed(on ? slide.value / 100 : null);
  });
  return h("div", { class: "level" }, h("div", { class: "row" }, tick, note), slide, wrong ? h("p", { class: "wrong fault", role: "alert" }, wrong) : null);
}
