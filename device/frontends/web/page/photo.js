// A photo instead of the camera: looked at in the device's memory, drawn upon in this browser.
import { button, h, refill, toast } from "./dom.js";
import { complaint, give, live } from "./live.js";
import { t } from "./words.js";
import { dial } from "./dial.js";
import { fine } from "./mood.js";
import { CLASS_HUES } from "./colour.js";

const WIDEST = 1000;

export function photoPanel({ guest = false } = {}) {
  const pick = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/gif", class: "sr", id: "photo-file" });
  const shown = h("div", { class: "shot" }), ring = dial(), more = h("dl", { class: "bars fine" }), deeds = h("div", { class: "row wrap center" });
  const result = h("div", { class: "result", hidden: true, "aria-live": "polite" }, ring.box, deeds, h("details", {}, h("summary", {}, t("emotions")), more));
  const box = h("div", { class: "panel-body" }, h("div", { class: "card" }, h("h2", {}, t("photo.title")), h("p", {}, t("photo.how")),
    pick, h("label", { class: "primary file", for: "photo-file" }, t("photo.pick")), h("p", { class: "hint" }, t("photo.private")), shown, result));
  pick.addEventListener("change", () => { const file = pick.files[0]; pick.value = ""; if (file) look(file); });

  async function look(file) {
    result.hidden = true;
    if (file.size > live.about.photo_bytes) { toast(t("error.too_large"), true); return; }
    refill(shown, [h("p", { class: "hint busy" }, t("photo.looking"))]);
    let seen;
    try {
      const answer = await fetch("/api/photo", { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file });
      seen = await answer.json();
      if (!answer.ok) { refill(shown, []); toast(complaint(seen), true); return; }
    } catch { refill(shown, []); toast(t("error.offline"), true); return; }
    await draw(file, seen);
    tell(seen);
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
    const share = face.moods[face.mood], label = share === undefined ? t("class.unknown") : `${t(`class.${face.mood}`)} ${Math.round(share * 100)} %`;
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
