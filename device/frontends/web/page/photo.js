// A photo instead of the camera: looked at in the device's memory, drawn upon in this browser.
import { button, h, icon, refill, toast } from "./dom.js";
import { complaint, give, live } from "./live.js";
import { percent, t } from "./words.js";
import { dial } from "./dial.js";
import { fine } from "./mood.js";
import { CLASS_HUES } from "./colour.js";

const WIDEST = 1000, LARGEST = 2000;

export function photoPanel({ guest = false } = {}) {
  const pick = chosen("photo-file", { accept: "image/jpeg,image/png,image/webp,image/gif" }), shoot = chosen("photo-camera", { accept: "image/*", capture: "user" });
  const shown = h("div", { class: "shot" }), ring = dial(), more = h("dl", { class: "bars fine" }), deeds = h("div", { class: "row wrap center" });
  const result = h("div", { class: "result", hidden: true, "aria-live": "polite" }, ring.box, deeds, h("details", {}, h("summary", {}, t("emotions")), more));
  const box = h("div", { class: "panel-body" }, h("div", { class: "card" }, h("h2", {}, t("photo.title")), h("p", {}, t("photo.how")),
    h("div", { class: "row wrap" }, h("span", { class: "shoot" }, shoot, h("label", { class: "primary file", for: "photo-camera" }, icon("photo"), t("photo.shoot"))),
      h("span", {}, pick, h("label", { class: "primary file", for: "photo-file" }, t("photo.pick")))), h("p", { class: "hint" }, t("photo.private")), shown, result));
  // A file of the phone's own camera: a browser gives it without https too, which a live picture needs.
  function chosen(id, props) {
    const input = h("input", { type: "file", class: "sr", id, ...props });
    input.addEventListener("change", () => { const file = input.files[0]; input.value = ""; if (file) look(file); });
    return input;
  }

  async function look(file) {
    result.hidden = true;
    refill(shown, [h("p", { class: "hint busy", role: "status" }, t("photo.looking"))]);
    const sent = await smaller(file);
    if (sent.size > live.about.photo_bytes) { refill(shown, []); toast(t("error.too_large"), true); return; }
    let seen;
    try {
      const answer = await fetch("/api/photo", { method: "POST", headers: { "content-type": "application/octet-stream" }, body: sent });
      seen = await answer.json();
      if (!answer.ok) { refill(shown, []); toast(complaint(seen), true); return; }
    } catch { refill(shown, []); toast(t("error.offline"), true); return; }
    await draw(file, seen);
    tell(seen);
  }

  // A phone's photo has more pixels than faces need, and says where it was taken: a copy goes, without that.
  async function smaller(file) {
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" }), scale = LARGEST / Math.max(picture.width, picture.height);
      if (scale >= 1 && file.size <= live.about.photo_bytes) { picture.close(); return file; }
      const canvas = h("canvas", { width: Math.round(picture.width * Math.min(1, scale)), height: Math.round(picture.height * Math.min(1, scale)) });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      return await new Promise((done) => { canvas.toBlob((made) => done(made || file), "image/jpeg", 0.92); });
    } catch { return file; }
  }

  async function draw(file, seen) {
    let picture;
    try { picture = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { refill(shown, []); return; }
    const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
    const wide = Math.round(picture.width * scale), high = Math.round(picture.height * scale);
    const canvas = h("canvas", { width: wide, height: high, role: "img", "aria-label": t("photo.seen", { count: seen.faces.length }) }), pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, wide, high);
    picture.close();
    for (const face of seen.faces) mark(pen, face, wide, high);
    refill(shown, [canvas]);
  }

  function mark(pen, face, wide, high) {
    const [left, top, width, height] = face.box, line = Math.max(3, wide / 220), size = Math.max(15, wide / 32);
    const hue = CLASS_HUES[face.mood], ink = hue === undefined ? "oklch(0.85 0.02 290)" : `oklch(0.82 0.15 ${hue})`;
    pen.lineWidth = line;
    pen.strokeStyle = ink;
    pen.beginPath();
    pen.roundRect(left * wide, top * high, width * wide, height * high, line * 4);
    pen.stroke();
    const share = face.moods[face.mood], label = share === undefined ? t("class.unknown") : `${t(`class.${face.mood}`)} ${percent(share)}`;
    pen.font = `700 ${size}px system-ui, sans-serif`;
    const long = pen.measureText(label).width + size, x = Math.max(0, Math.min(left * wide, wide - long)), y = Math.max(size * 1.7, top * high - line);
    pen.fillStyle = ink;
    pen.beginPath();
    pen.roundRect(x, y - size * 1.6, long, size * 1.6, size * 0.4);
    pen.fill();
    pen.fillStyle = "#141019";
    pen.fillText(label, x + size / 2, y - size * 0.45);
  }

  function tell(seen) {
    result.hidden = false;
    const known = seen.mood !== "unknown", share = known ? t("sure", { percent: Math.round(seen.moods[seen.mood] * 100) }) : "";
    if (!seen.faces.length) { refill(deeds, [h("p", { class: "wrong" }, t("photo.no_face"))]); ring.show({}, t("class.unknown"), t("faces.none")); fine(more, {}); return; }
    ring.show(seen.moods, t(`class.${seen.mood}`), share);
    fine(more, seen.emotions);
    refill(deeds, guest || !known ? [] : [
      button(t("photo.play", { mood: t(`class.${seen.mood}`) }), () => give("mood", `${seen.mood} 60`), { class: "primary" }, "play"),
      ...["negative", "neutral", "positive"].filter((word) => word !== seen.mood).map((word) => button(t("photo.no", { mood: t(`class.${word}`) }), () => give("mood", `${word} 60`), { class: "say" }))]);
  }
  return box;
}
