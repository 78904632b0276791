// One daypart: its hours, its days, and what the music does then; the week shows it as it is drawn.
import { button, h, refill, toast } from "./dom.js";
import { complaint, get } from "./live.js";
import { t, term } from "./words.js";
import { field, level, switched } from "./staff_parts.js";
import { DAYS, week } from "./staff_week.js";

const MOST_TAGS = 16, SETS = { all: DAYS, work: DAYS.slice(0, 5), weekend: DAYS.slice(5) };
let known = null;

async function knownTags() {
  if (!known) {
    const pages = await Promise.all(["genres", "moods"].map((what) => get(`/api/browse?what=${what}&limit=12`).catch(() => ({}))));
    known = [...new Set(pages.flatMap((page) => (page.rows || []).map((row) => row.title)))];
  }
  return known;
}

export function partEditor(parts, at, part, { save, remove, close }) {
  const picture = h("div", {}), form = h("div", { class: "stack" });
  let faults = {};
  const set = (name, value) => { part[name] = value; preview(); };
  function preview() { refill(picture, [week(parts.length > at ? parts.map((one, n) => n === at ? part : one) : [...parts, part], { picked: at })]); }
  const wrong = (name) => faults[name] ? t(`dayparts.wrong.${faults[name]}`) : "";
  const time = (name) => field(t(`dayparts.${name}`), h("input", { type: "time", value: part[name], key: name, oninput: (event) => { if (event.target.value) set(name, event.target.value); } }), wrong(name));

  function days() {
    const box = h("div", { class: "chips week-days", role: "group", "aria-label": t("dayparts.days") });
    const fill = () => refill(box, [...DAYS.map((day) => h("button", { type: "button", class: "chip day-chip", key: day, "aria-pressed": String(part.days.includes(day)), onclick: () => { set("days", DAYS.filter((one) => one === day ? !part.days.includes(day) : part.days.includes(one))); fill(); } }, t(`day.${day}`))),
      ...Object.entries(SETS).map(([name, all]) => h("button", { type: "button", class: "chip bare-chip", key: name, onclick: () => { set("days", [...all]); fill(); } }, t(`day.${name}`)))]);
    fill();
    return h("div", {}, h("span", { class: "label" }, t("dayparts.days")), box, wrong("days") ? h("p", { class: "wrong fault", role: "alert" }, wrong("days")) : null);
  }
  function aims() {
    const box = h("div", { class: "chips", role: "group", "aria-label": t("policy") });
    const fill = () => refill(box, [null, "match", "lift", "calm"].map((aim) => h("button", { type: "button", class: "chip", key: `aim${aim}`, "aria-pressed": String(part.policy === aim), onclick: () => { set("policy", aim); fill(); } }, t(aim ? `policy.${aim}` : "dayparts.policy.none"))));
    fill();
    return h("div", {}, h("span", { class: "label" }, t("policy")), box);
  }
  function tags(name) {
    const input = h("input", { type: "text", value: part[name].join(", "), autocomplete: "off", maxlength: 1200, key: name }), offers = h("div", { class: "chips offers" });
    const read = () => [...new Set(input.value.split(",").map((word) => word.trim()).filter(Boolean))];
    async function offer() {
      const there = read().map((word) => word.toLowerCase());
      refill(offers, (await knownTags()).map((tag) => h("button", { type: "button", class: "chip", key: tag, "aria-pressed": String(there.includes(tag.toLowerCase())), onclick: () => {
        const words = read(), left = words.filter((word) => word.toLowerCase() !== tag.toLowerCase());
        input.value = (left.length < words.length ? left : [...words, tag].slice(0, MOST_TAGS)).join(", ");
        set(name, read());
        offer();
      } }, term(tag))));
    }
    input.addEventListener("input", () => { set(name, read()); offer(); });
    offer();
    return h("div", { class: "tagged" }, field(t(`dayparts.${name}`), input, wrong(name)), offers);
  }
  async function keep() {
    const got = await save(part);
    if (!got.refused) return;
    const mine = (got.faults || []).filter((fault) => fault.part === at);
    faults = Object.fromEntries(mine.map((fault) => [fault.field, fault.why]));
    if (got.code === "dayparts_wrong") toast(t(mine.length ? "dayparts.wrong" : "dayparts.wrong.other"), true);
    else if (got.code === "offline") toast(complaint(got), true);
    draw();
    form.querySelector(".fault")?.scrollIntoView({ block: "center" });
  }
  function draw() {
    refill(form, [
      field(t("dayparts.name"), h("input", { type: "text", value: part.name, maxlength: 40, placeholder: t("dayparts.name.hint"), autocomplete: "off", key: "name", oninput: (event) => set("name", event.target.value) }), wrong("name")),
      h("div", { class: "times" }, time("start"), time("until")),
      h("p", { class: "hint" }, t("dayparts.over_midnight")), days(),
      switched(t("dayparts.quiet.switch"), part.quiet, (on) => { set("quiet", on); draw(); }, "quiet"),
      ...part.quiet ? [] : [aims(),
        level(t("dayparts.volume"), part.volume, (share) => set("volume", share), wrong("volume")),
        level(t("dayparts.ceiling"), part.volume_ceiling, (share) => set("volume_ceiling", share), wrong("volume_ceiling")),
        tags("prefer_tags"), tags("avoid_tags"),
        switched(t("dayparts.clean.switch"), !part.allow_explicit, (on) => set("allow_explicit", !on), "clean")],
      h("div", { class: "row wrap" }, button(t("dayparts.save"), keep, { class: "primary", key: "part-save" }), button(t("back"), close, { class: "say", key: "close" }, "back"),
        remove ? button(t("dayparts.remove"), remove, { class: "say danger", key: "remove" }, "not") : null)]);
  }
  preview();
  draw();
  return h("div", { class: "part-editor" }, picture, form);
}
