// Masks are drawn on a blank grid over live face boxes: nobody may see the picture itself.
import { button, h, refill } from "./dom.js";
import { give, listen, live } from "./live.js";
import { t } from "./words.js";

const MOST = 16, SIDES = ["left", "top", "width", "height"];

export function maskEditor() {
  const canvas = h("canvas", { width: 640, height: 480, role: "img", "aria-label": t("masks.grid") }), pen = canvas.getContext("2d");
  const list = h("ul", { class: "rows masks" }), deeds = h("div", { class: "row wrap" }), note = h("p", { class: "hint", role: "status" });
  let masks = [], kept = "", from = null, draft = null;
  const box = h("div", { class: "card" }, h("h2", {}, t("masks.title")), h("p", { class: "hint" }, t("masks.how")), h("div", { class: "grid-box" }, canvas), note, list, deeds);

  const place = (event) => {
    const rect = canvas.getBoundingClientRect();
    return [clamp((event.clientX - rect.left) / rect.width), clamp((event.clientY - rect.top) / rect.height)];
  };
  canvas.addEventListener("pointerdown", (event) => { if (masks.length < MOST) { from = place(event); canvas.setPointerCapture(event.pointerId); } });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    draft = { left: Math.min(from[0], to[0]), top: Math.min(from[1], to[1]), width: Math.abs(to[0] - from[0]), height: Math.abs(to[1] - from[1]) };
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    if (draft && draft.width > 0.02 && draft.height > 0.02) { masks.push(draft); rows(); }
    from = draft = null;
    draw();
  });
  function draw() {
    const { width, height } = canvas, style = getComputedStyle(canvas);
    const ink = style.getPropertyValue("--soft"), accent = style.getPropertyValue("--accent");
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = 0.25;
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    for (let n = 1; n < 16; n++) { line(n * width / 16, 0, n * width / 16, height); if (n < 12) line(0, n * height / 12, width, n * height / 12); }
    for (const mask of [...masks, ...(draft ? [draft] : [])]) {
      const at = [mask.left * width, mask.top * height, mask.width * width, mask.height * height];
      pen.globalAlpha = 0.35;
      pen.fillStyle = accent;
      pen.fillRect(...at);
      pen.globalAlpha = 1;
      pen.strokeStyle = accent;
      pen.lineWidth = 3;
      pen.strokeRect(...at);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 3;
    for (const [left, top, wide, high] of live.pulse.boxes || []) {
      pen.beginPath();
      pen.roundRect(left * width, top * height, wide * width, high * height, 12);
      pen.stroke();
    }
  }
  function line(...at) { pen.beginPath(); pen.moveTo(at[0], at[1]); pen.lineTo(at[2], at[3]); pen.stroke(); }
  function rows() {
    refill(list, masks.map((mask, n) => h("li", {}, SIDES.map((side) => h("label", {}, t(`masks.${side}`), h("input", {
      type: "number", min: 0, max: 100, step: 1, value: Math.round(mask[side] * 100), key: `${n}${side}`,
      onchange: (event) => { mask[side] = clamp(event.target.value / 100); draw(); },
    }))), button(t("masks.remove", { number: n + 1 }), () => { masks.splice(n, 1); rows(); draw(); }, { bare: true, class: "round small" }, "not"))));
    refill(deeds, [button(t("masks.add"), () => { if (masks.length < MOST) { masks.push({ left: 0.35, top: 0.2, width: 0.3, height: 0.6 }); rows(); draw(); } }, { class: "say", key: "add" }, "plus"),
      button(t("masks.save"), () => give("masks", masks.length ? JSON.stringify(masks) : "none"), { class: "primary", key: "save" })]);
  }
  listen("pulse", () => { note.textContent = t("masks.faces", { count: (live.pulse.boxes || []).length }); if (box.isConnected) draw(); });
  listen("state", (state) => {
    const told = JSON.stringify(state.masks);
    if (told !== kept) { kept = told; masks = state.masks.map((mask) => ({ ...mask })); rows(); }
    draw();
  });
  return box;
}

function clamp(share) { return Math.max(0, Math.min(1, Number(share) || 0)); }
