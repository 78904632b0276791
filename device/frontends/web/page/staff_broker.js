// The MQTT broker that a home has already: where it is, whether it lets us in, what it needs to know.
import { button, h, refill, toast } from "./dom.js";
import { complaint, get, post } from "./live.js";
import { t } from "./words.js";
import { card, field, switched } from "./staff_parts.js";

export function brokerCard() {
  const body = h("div", { class: "stack" }), result = h("p", { class: "verdict", role: "status" });
  let told = null;
  const text = (name, props) => h("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 255, key: `broker-${name}`, ...props });

  function draw() {
    const host = text("host", { value: told.host, placeholder: "mqtt://nas.local" }), user = text("user", { value: told.username });
    const port = h("input", { type: "number", min: 1, max: 65535, value: told.port, inputmode: "numeric", key: "broker-port" });
    const password = text("password", { type: "password", autocomplete: "new-password", placeholder: told.password ? t("broker.password.kept") : "" });
    let tls = told.tls;
    const given = () => ({ host: host.value.trim(), port: Number(port.value) || 1883, username: user.value, password: password.value, tls });
    const list = h("textarea", { readonly: true, rows: 10, "aria-label": t("broker.acl"), spellcheck: "false" });
    list.value = told.acl;
    refill(body, [h("p", { class: "hint" }, t("broker.how", { used: told.used })),
      field(t("broker.host"), host), h("div", { class: "times" }, field(t("broker.port"), port), field(t("broker.user"), user)), field(t("broker.password"), password),
      switched(t("broker.tls"), tls, (on) => { if (port.value === (tls ? "8883" : "1883")) port.value = on ? 8883 : 1883; tls = on; }, "tls"),
      h("div", { class: "row wrap" }, button(t("broker.try"), () => trial(given()), { class: "say", key: "try" }), button(t("broker.keep"), () => change("", given()), { class: "primary", key: "keep" }),
        told.own ? button(t("broker.forget"), () => change("/forget", {}), { class: "say", key: "forget" }) : null),
      result, told.pending ? h("p", { class: "hint" }, t("broker.pending", { host: told.host })) : null,
      h("details", {}, h("summary", {}, t("broker.acl")), h("p", { class: "hint" }, t("broker.acl.how")), list, button(t("copy"), () => copy(list), { class: "say", key: "copy" }))]);
  }
  function verdict(words, good) { result.textContent = words; result.className = good ? "verdict good" : "verdict wrong"; }
  async function trial(given) {
    result.className = "verdict busy";
    result.textContent = t("broker.trying");
    const got = await post("/api/staff/broker/trial", given);
    verdict(got.refused ? complaint(got) : t(`broker.trial.${got.outcome}`), got.outcome === "good");
  }
  async function change(path, given) {
    const got = await post(`/api/staff/broker${path}`, given);
    if (got.refused) { verdict(complaint(got), false); return; }
    told = got;
    verdict("", true);
    draw();
    toast(t("said.broker"));
  }
  // Away from https a browser gives no clipboard; marking the text and copying it still works.
  async function copy(list) {
    try { await navigator.clipboard.writeText(list.value); } catch { list.select(); document.execCommand("copy"); }
    toast(t("copied"));
  }
  get("/api/staff/broker").then((got) => { if (!got.refused) { told = got; draw(); } });
  return card(t("broker"), body);
}
