// The dayparts of the week: the picture of them, the list, and what changes it.
import { button, h, refill, toast } from "./dom.js";
import { complaint, get, listen, post } from "./live.js";
import { t, term } from "./words.js";
import { card } from "./staff_parts.js";
import { partEditor } from "./staff_part.js";
import { bandsOf, clocked, DAYS, daysWords, hue, painted, week } from "./staff_week.js";

const BLANK = { policy: null, volume: null, volume_ceiling: null, prefer_tags: [], avoid_tags: [], allow_explicit: true, quiet: false };


function summary(part) {
  if (part.quiet) return t("dayparts.quiet");
  const percent = (share) => Math.round(share * 100);
  return [part.policy && t(`policy.${part.policy}`), part.volume !== null && t("dayparts.volume.at", { percent: percent(part.volume) }), part.volume_ceiling !== null && t("dayparts.ceiling.at", { percent: percent(part.volume_ceiling) }),
    part.prefer_tags.length && `+ ${part.prefer_tags.map(term).join(", ")}`, part.avoid_tags.length && `− ${part.avoid_tags.map(term).join(", ")}`, !part.allow_explicit && t("dayparts.clean")].filter(Boolean).join(" · ") || t("dayparts.plain");
}

export function scheduleCard() {
  const body = h("div", { class: "stack" }), now = h("p", { class: "hint", role: "status" });
  let told = null, before = null, editing = false, held = null;

  async function look() {
    const got = await get("/api/staff/dayparts");
    if (got.refused) return;
    told = got;
    if (!editing) draw();
  }
  // All of it goes at once; what was before can be brought back.
  async function send(parts, undo) {
    const got = await post("/api/staff/dayparts", { parts, was: told.tag });
    if (got.refused) {
      if (got.code !== "dayparts_wrong" || !editing) toast(complaint(got), true);
      if (got.code === "schedule_changed") { editing = false; await look(); }
      return got;
    }
    before = undo;
    told = got;
    if (editing) { editing = false; draw(); body.querySelector("[data-key=part-add]").focus(); } else draw();
    toast(t("said.dayparts"));
    return got;
  }
  function edit(at, made) {
    editing = true;
    const parts = told.parts, own = at < 0;
    refill(body, [partEditor(parts, own ? parts.length : at, made || { ...parts[at] }, {
      save: (part) => send(own ? [...parts, part] : parts.map((one, n) => n === at ? part : one), parts),
      remove: own ? null : () => send(parts.filter((_, n) => n !== at), parts),
      close: () => { editing = false; draw(); body.querySelector("[data-key=part-add]").focus(); },
    })]);
    body.querySelector("input")?.focus({ preventScroll: true });
    body.scrollIntoView({ block: "nearest" });
  }
  const add = (day, hour) => edit(-1, { ...BLANK, name: "", start: clocked(hour * 60), until: clocked(Math.min(hour + 3, 23) * 60), days: day < 0 ? [...DAYS] : [DAYS[day]] });
  function draw() {
    const parts = told.parts, seen = new Set(bandsOf(parts).flat().map((band) => band.part));
    refill(body, [week(parts, { pick: (part, day, hour) => part < 0 ? add(day, hour) : edit(part) }),
      parts.length ? h("ul", { class: "rows parts" }, parts.map((part, n) => h("li", {},
        h("button", { type: "button", class: "entry", key: `part${n}`, "aria-label": t("dayparts.edit", { name: part.name }), onclick: () => edit(n) },
          h("span", { class: "title" }, painted(h("i", { class: `dab${part.quiet ? " still" : ""}`, "aria-hidden": "true" }), { "--own": hue(n) }), part.name),
          h("span", { class: "below" }, `${part.start}–${part.until} · ${daysWords(part.days)}`),
          h("span", { class: seen.has(n) ? "below" : "below wrong" }, seen.has(n) ? summary(part) : t("dayparts.covered"))),
        n ? button(t("dayparts.up", { name: part.name }), () => send(parts.map((one, m) => m === n - 1 ? part : m === n ? parts[n - 1] : one), parts), { bare: true, class: "round small", key: `up${n}` }, "up") : null)))
        : h("p", { class: "hint" }, t("dayparts.empty")),
      parts.length > 1 ? h("p", { class: "hint" }, t("dayparts.first")) : null,
      h("div", { class: "row wrap" }, button(t("dayparts.add"), () => add(-1, 11), { class: "primary", key: "part-add" }, "plus"),
        before ? button(t("dayparts.undo"), () => send(before, null), { class: "say", key: "undo" }, "back") : null,
        told.own ? button(t("dayparts.settings"), () => send(null, parts), { class: "say", key: "settings" }) : null)]);
  }
  listen("state", (state) => {
    now.textContent = state.daypart ? t("dayparts.now", { name: state.daypart }) : t("dayparts.none_now");
    if (held !== state.daypart) { held = state.daypart; look(); }
  });
  const made = card(t("dayparts"), now, body);
  made.classList.add("wide");
  return made;
}
