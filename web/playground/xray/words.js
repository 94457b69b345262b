// @ts-check
/**
 * The words of the x-ray, and the sentence of each step.
 * @module
 */

import { register, t } from "../../shared/i18n.js";

register({
  en: {
    "xray.title": "X-ray", "xray.lead": "What each tap, callback and price does inside, hop by hop.",
    "xray.legend.title": "The seven hops",
    "xray.legend": "receive the bytes · verify the signature · parse what is in them · load the conversation · decide what follows · commit it all at once · perform what was committed.",
    "xray.phone": "Phone", "xray.phone.all": "All phones", "xray.problems": "Only problems", "xray.pause": "Pause", "xray.resume": "Go on", "xray.clear": "Clear",
    "xray.empty": "Nothing yet. Write something on a phone and watch it travel.", "xray.empty.filtered": "Nothing fits these filters.",
    "xray.bare": "No gateway runs here: you see webhooks and calls of the Graph API. With `sacola demo` you also see what happens in between.",
    "xray.summary.one": "{count} step, last: {last}", "xray.summary.other": "{count} steps, last: {last}", "xray.paused": "Paused; {count} new steps wait.",
    "xray.copy": "Copy the {what}: {value}", "xray.copied": "Copied.", "xray.show": "Show its bubbles", "xray.steps": "Steps",
    "xray.id.message": "message", "xray.id.effect": "effect", "xray.id.conversation": "conversation", "xray.id.purchase": "purchase", "xray.id.cause": "cause", "xray.id.product": "product",
    "xray.said.text": "{who} wrote", "xray.said.tap": "{who} tapped", "xray.said.order": "{who} sent a cart", "xray.said": "{who} sent: {what}", "xray.somebody": "Somebody", "xray.moved": "{who} has another number or id",
    "xray.callback": "Shop: {kind}", "xray.callback.bare": "The shop told something", "xray.update": "A price update", "xray.api": "The merchant's own call", "xray.call": "A call of the Graph API", "xray.refused": "A webhook was refused", "xray.other": "By itself: {event}",
    "xray.hop.delivered": "webhook", "xray.hop.callback": "callback", "xray.hop.webhook": "receive, verify, parse", "xray.hop.decision": "load, decide", "xray.hop.commit": "commit", "xray.hop.attempt": "perform", "xray.hop.graph": "WhatsApp", "xray.hop.shop": "shop", "xray.hop.status": "status",
    "xray.tone.good": "good", "xray.tone.note": "worth a look", "xray.tone.warn": "care", "xray.tone.bad": "problem",
    "xray.http.200": "taken", "xray.http.0": "no answer", "xray.http": "answered {http}", "xray.http.code": "refused: code {code}", "xray.again": "attempt {count}",
    "xray.outcome.done": "done", "xray.outcome.duplicate": "duplicate: nothing changed", "xray.outcome.parked": "parked as a dead letter", "xray.outcome.committed": "committed", "xray.outcome.conflict": "somebody was faster: decided again", "xray.outcome.stale_facts": "a fact had just changed: decided again", "xray.outcome.refused": "refused", "xray.outcome.retry": "tried again soon", "xray.outcome.unknown": "outcome unknown: it asks before it repeats", "xray.outcome.rejected": "rejected for good", "xray.outcome.stopped": "sending is stopped", "xray.outcome.postponed": "put off", "xray.outcome.window_closed": "window closed: told with the next message", "xray.outcome.dropped": "dropped: something newer was said", "xray.outcome.accepted": "accepted", "xray.outcome.declined": "the shop declined", "xray.outcome.in_doubt": "nobody knows yet: asked again", "xray.outcome.gave_up": "given up: a person must look", "xray.outcome.conflicting": "the shop has something else under this id: a person must look",
    "xray.status.sent": "sent", "xray.status.delivered": "delivered", "xray.status.read": "read", "xray.status.failed": "failed", "xray.revision": "revision {count}", "xray.bytes": "{count} bytes", "xray.nothing": "nothing to send", "xray.more.one": "… and {count} more step, counted and not kept.", "xray.more.other": "… and {count} more steps, counted and not kept.",
  },
  "pt-BR": {
    "xray.title": "Raio-x", "xray.lead": "O que cada toque, aviso e preço faz por dentro, salto a salto.",
    "xray.legend.title": "Os sete saltos",
    "xray.legend": "receber os bytes · verificar a assinatura · ler o conteúdo · carregar a conversa · decidir o que se segue · gravar tudo de uma vez · executar o que foi gravado.",
    "xray.phone": "Celular", "xray.phone.all": "Todos os celulares", "xray.problems": "Só problemas", "xray.pause": "Pausar", "xray.resume": "Continuar", "xray.clear": "Limpar",
    "xray.empty": "Nada ainda. Escreva algo num celular e veja por onde passa.", "xray.empty.filtered": "Nada combina com estes filtros.",
    "xray.bare": "Nenhum gateway roda aqui: você vê webhooks e chamadas da Graph API. Com `sacola demo` vê também o que acontece no meio.",
    "xray.summary.one": "{count} passo, o último: {last}", "xray.summary.other": "{count} passos, o último: {last}", "xray.paused": "Em pausa; {count} passos novos esperam.",
    "xray.copy": "Copiar {what}: {value}", "xray.copied": "Copiado.", "xray.show": "Mostrar os balões", "xray.steps": "Passos",
    "xray.id.message": "mensagem", "xray.id.effect": "efeito", "xray.id.conversation": "conversa", "xray.id.purchase": "compra", "xray.id.cause": "causa", "xray.id.product": "produto",
    "xray.said.text": "{who} escreveu", "xray.said.tap": "{who} tocou", "xray.said.order": "{who} enviou um carrinho", "xray.said": "{who} enviou: {what}", "xray.somebody": "Alguém", "xray.moved": "{who} tem outro número ou id",
    "xray.callback": "Loja: {kind}", "xray.callback.bare": "A loja avisou algo", "xray.update": "Uma mudança de preço", "xray.api": "Uma chamada da própria loja", "xray.call": "Uma chamada da Graph API", "xray.refused": "Um webhook foi recusado", "xray.other": "Por conta própria: {event}",
    "xray.hop.delivered": "webhook", "xray.hop.callback": "aviso", "xray.hop.webhook": "receber, verificar, ler", "xray.hop.decision": "carregar, decidir", "xray.hop.commit": "gravar", "xray.hop.attempt": "executar", "xray.hop.graph": "WhatsApp", "xray.hop.shop": "loja", "xray.hop.status": "status",
    "xray.tone.good": "tudo bem", "xray.tone.note": "vale olhar", "xray.tone.warn": "atenção", "xray.tone.bad": "problema",
    "xray.http.200": "aceito", "xray.http.0": "sem resposta", "xray.http": "respondeu {http}", "xray.http.code": "recusado: código {code}", "xray.again": "tentativa {count}",
    "xray.outcome.done": "feito", "xray.outcome.duplicate": "repetido: nada mudou", "xray.outcome.parked": "guardado como carta morta", "xray.outcome.committed": "gravado", "xray.outcome.conflict": "alguém foi mais rápido: decidido de novo", "xray.outcome.stale_facts": "um dado acabou de mudar: decidido de novo", "xray.outcome.refused": "recusado", "xray.outcome.retry": "nova tentativa em breve", "xray.outcome.unknown": "resultado desconhecido: pergunta antes de repetir", "xray.outcome.rejected": "recusado de vez", "xray.outcome.stopped": "envio parado", "xray.outcome.postponed": "adiado", "xray.outcome.window_closed": "janela fechada: vai com a próxima mensagem", "xray.outcome.dropped": "descartado: algo mais novo foi dito", "xray.outcome.accepted": "aceita", "xray.outcome.declined": "a loja recusou", "xray.outcome.in_doubt": "ninguém sabe ainda: pergunta-se de novo", "xray.outcome.gave_up": "desistiu: uma pessoa precisa ver", "xray.outcome.conflicting": "a loja tem outra coisa com este id: uma pessoa precisa ver",
    "xray.status.sent": "enviada", "xray.status.delivered": "entregue", "xray.status.read": "lida", "xray.status.failed": "falhou", "xray.revision": "revisão {count}", "xray.bytes": "{count} bytes", "xray.nothing": "nada a enviar", "xray.more.one": "… e mais {count} passo, contado e não guardado.", "xray.more.other": "… e mais {count} passos, contados e não guardados.",
  },
  es: {
    "xray.title": "Rayos X", "xray.lead": "Lo que cada toque, aviso y precio hace por dentro, salto a salto.",
    "xray.legend.title": "Los siete saltos",
    "xray.legend": "recibir los bytes · verificar la firma · leer su contenido · cargar la conversación · decidir lo que sigue · guardarlo todo de una vez · ejecutar lo guardado.",
    "xray.phone": "Teléfono", "xray.phone.all": "Todos los teléfonos", "xray.problems": "Solo problemas", "xray.pause": "Pausar", "xray.resume": "Seguir", "xray.clear": "Limpiar",
    "xray.empty": "Nada todavía. Escribe algo en un teléfono y mira por dónde pasa.", "xray.empty.filtered": "Nada coincide con estos filtros.",
    "xray.bare": "Aquí no corre ningún gateway: ves webhooks y llamadas de la Graph API. Con `sacola demo` ves también lo que pasa en medio.",
    "xray.summary.one": "{count} paso, el último: {last}", "xray.summary.other": "{count} pasos, el último: {last}", "xray.paused": "En pausa; {count} pasos nuevos esperan.",
    "xray.copy": "Copiar {what}: {value}", "xray.copied": "Copiado.", "xray.show": "Mostrar sus globos", "xray.steps": "Pasos",
    "xray.id.message": "mensaje", "xray.id.effect": "efecto", "xray.id.conversation": "conversación", "xray.id.purchase": "compra", "xray.id.cause": "causa", "xray.id.product": "producto",
    "xray.said.text": "{who} escribió", "xray.said.tap": "{who} tocó", "xray.said.order": "{who} envió un carrito", "xray.said": "{who} envió: {what}", "xray.somebody": "Alguien", "xray.moved": "{who} tiene otro número o id",
    "xray.callback": "Tienda: {kind}", "xray.callback.bare": "La tienda avisó algo", "xray.update": "Un cambio de precio", "xray.api": "Una llamada de la propia tienda", "xray.call": "Una llamada de la Graph API", "xray.refused": "Se rechazó un webhook", "xray.other": "Por sí mismo: {event}",
    "xray.hop.delivered": "webhook", "xray.hop.callback": "aviso", "xray.hop.webhook": "recibir, verificar, leer", "xray.hop.decision": "cargar, decidir", "xray.hop.commit": "guardar", "xray.hop.attempt": "ejecutar", "xray.hop.graph": "WhatsApp", "xray.hop.shop": "tienda", "xray.hop.status": "estado",
    "xray.tone.good": "bien", "xray.tone.note": "vale mirarlo", "xray.tone.warn": "cuidado", "xray.tone.bad": "problema",
    "xray.http.200": "aceptado", "xray.http.0": "sin respuesta", "xray.http": "respondió {http}", "xray.http.code": "rechazado: código {code}", "xray.again": "intento {count}",
    "xray.outcome.done": "hecho", "xray.outcome.duplicate": "repetido: nada cambió", "xray.outcome.parked": "guardado como carta muerta", "xray.outcome.committed": "guardado", "xray.outcome.conflict": "alguien fue más rápido: decidido de nuevo", "xray.outcome.stale_facts": "un dato acaba de cambiar: decidido de nuevo", "xray.outcome.refused": "rechazado", "xray.outcome.retry": "se intentará de nuevo", "xray.outcome.unknown": "resultado desconocido: pregunta antes de repetir", "xray.outcome.rejected": "rechazado del todo", "xray.outcome.stopped": "envío detenido", "xray.outcome.postponed": "aplazado", "xray.outcome.window_closed": "ventana cerrada: irá con el próximo mensaje", "xray.outcome.dropped": "descartado: se dijo algo más nuevo", "xray.outcome.accepted": "aceptada", "xray.outcome.declined": "la tienda la rechazó", "xray.outcome.in_doubt": "nadie lo sabe aún: se pregunta de nuevo", "xray.outcome.gave_up": "se desistió: una persona debe mirar", "xray.outcome.conflicting": "la tienda tiene otra cosa con este id: una persona debe mirar",
    "xray.status.sent": "enviado", "xray.status.delivered": "entregado", "xray.status.read": "leído", "xray.status.failed": "falló", "xray.revision": "revisión {count}", "xray.bytes": "{count} bytes", "xray.nothing": "nada que enviar", "xray.more.one": "… y {count} paso más, contado y no guardado.", "xray.more.other": "… y {count} pasos más, contados y no guardados.",
  },
  id: {
    "xray.title": "Rontgen", "xray.lead": "Apa yang terjadi di dalam pada setiap ketukan, kabar, dan harga, langkah demi langkah.",
    "xray.legend.title": "Tujuh langkah",
    "xray.legend": "terima byte · periksa tanda tangan · baca isinya · muat percakapan · putuskan lanjutannya · simpan semuanya sekaligus · kerjakan yang tersimpan.",
    "xray.phone": "Ponsel", "xray.phone.all": "Semua ponsel", "xray.problems": "Hanya masalah", "xray.pause": "Jeda", "xray.resume": "Lanjut", "xray.clear": "Bersihkan",
    "xray.empty": "Belum ada. Tulis sesuatu di ponsel dan lihat perjalanannya.", "xray.empty.filtered": "Tidak ada yang cocok dengan saringan ini.",
    "xray.bare": "Tidak ada gateway di sini: Anda melihat webhook dan panggilan Graph API. Dengan `sacola demo` terlihat juga apa yang terjadi di antaranya.",
    "xray.summary.one": "{count} langkah, terakhir: {last}", "xray.summary.other": "{count} langkah, terakhir: {last}", "xray.paused": "Dijeda; {count} langkah baru menunggu.",
    "xray.copy": "Salin {what}: {value}", "xray.copied": "Tersalin.", "xray.show": "Tunjukkan balonnya", "xray.steps": "Langkah",
    "xray.id.message": "pesan", "xray.id.effect": "efek", "xray.id.conversation": "percakapan", "xray.id.purchase": "pembelian", "xray.id.cause": "sebab", "xray.id.product": "produk",
    "xray.said.text": "{who} menulis", "xray.said.tap": "{who} mengetuk", "xray.said.order": "{who} mengirim keranjang", "xray.said": "{who} mengirim: {what}", "xray.somebody": "Seseorang", "xray.moved": "{who} punya nomor atau id lain",
    "xray.callback": "Toko: {kind}", "xray.callback.bare": "Toko memberi kabar", "xray.update": "Perubahan harga", "xray.api": "Panggilan dari toko sendiri", "xray.call": "Panggilan Graph API", "xray.refused": "Sebuah webhook ditolak", "xray.other": "Dengan sendirinya: {event}",
    "xray.hop.delivered": "webhook", "xray.hop.callback": "kabar", "xray.hop.webhook": "terima, periksa, baca", "xray.hop.decision": "muat, putuskan", "xray.hop.commit": "simpan", "xray.hop.attempt": "kerjakan", "xray.hop.graph": "WhatsApp", "xray.hop.shop": "toko", "xray.hop.status": "status",
    "xray.tone.good": "baik", "xray.tone.note": "perlu dilihat", "xray.tone.warn": "hati-hati", "xray.tone.bad": "masalah",
    "xray.http.200": "diterima", "xray.http.0": "tanpa jawaban", "xray.http": "dijawab {http}", "xray.http.code": "ditolak: kode {code}", "xray.again": "percobaan {count}",
    "xray.outcome.done": "selesai", "xray.outcome.duplicate": "berulang: tidak ada yang berubah", "xray.outcome.parked": "disimpan sebagai surat mati", "xray.outcome.committed": "tersimpan", "xray.outcome.conflict": "ada yang lebih cepat: diputuskan lagi", "xray.outcome.stale_facts": "sebuah fakta baru berubah: diputuskan lagi", "xray.outcome.refused": "ditolak", "xray.outcome.retry": "segera dicoba lagi", "xray.outcome.unknown": "hasil tak diketahui: bertanya sebelum mengulang", "xray.outcome.rejected": "ditolak seterusnya", "xray.outcome.stopped": "pengiriman berhenti", "xray.outcome.postponed": "ditunda", "xray.outcome.window_closed": "jendela tertutup: dikirim dengan pesan berikut", "xray.outcome.dropped": "dibuang: ada yang lebih baru", "xray.outcome.accepted": "diterima", "xray.outcome.declined": "toko menolak", "xray.outcome.in_doubt": "belum ada yang tahu: ditanyakan lagi", "xray.outcome.gave_up": "menyerah: petugas harus melihat", "xray.outcome.conflicting": "toko punya hal lain dengan id ini: petugas harus melihat",
    "xray.status.sent": "terkirim", "xray.status.delivered": "sampai", "xray.status.read": "dibaca", "xray.status.failed": "gagal", "xray.revision": "revisi {count}", "xray.bytes": "{count} byte", "xray.nothing": "tidak ada yang dikirim", "xray.more.one": "… dan {count} langkah lagi, dihitung, tidak disimpan.", "xray.more.other": "… dan {count} langkah lagi, dihitung, tidak disimpan.",
  },
});

/** @typedef {import("./kept.js").Journey} Journey */
/** @typedef {import("./kept.js").Step} Step */

/** Who or what began it. @param {Journey} journey @param {string|null} who @param {string} [words] what the person wrote or tapped */
export function titleOf(journey, who, words = "") {
  const facts = journey.facts;
  switch (journey.what) {
    case "said": {
      const name = { who: who ?? t("xray.somebody") };
      const what = String(facts["carried"] ?? "").replace(/^message /, "");
      const quoted = words === "" ? "" : `: ${words}`;
      if (what === "text" || facts["event"] === "said") return t("xray.said.text", name) + quoted;
      if (what === "interactive" || what === "button" || facts["event"] === "tapped") return t("xray.said.tap", name) + quoted;
      if (what === "order" || facts["event"] === "ordered") return t("xray.said.order", name);
      return t("xray.said", { ...name, what: what || String(facts["event"] ?? "…") });
    }
    case "callback":
      return facts["kind"] ? t("xray.callback", { kind: [facts["kind"], facts["retailer_id"]].filter(Boolean).join(" ") }) : t("xray.callback.bare");
    case "moved":
      return t("xray.moved", { who: who ?? t("xray.somebody") });
    case "other":
      return t("xray.other", { event: String(facts["event"] ?? facts["carried"] ?? "…") });
    case "update":
    case "api":
    case "call":
    case "refused":
      return t(`xray.${journey.what}`);
  }
}

/** What a step did, in words of the code: event, effects, paths. @param {Step} step @returns {string} */
export function detailOf(step) {
  const facts = step.facts;
  const again = facts["attempt"] > 1 ? ` · ${t("xray.again", { count: facts["attempt"] })}` : "";
  switch (step.hop) {
    case "delivered":
      return `${String(facts["carried"]).replace(/^message /, "")}${again}`;
    case "callback":
      return String(facts["kind"]);
    case "webhook":
      return [...new Set(facts["items"])].join(", ") || t("xray.bytes", { count: facts["bytes"] });
    case "decision":
      return facts["effects"].length > 0 ? `${facts["event"]} → ${facts["effects"].join(", ")}` : String(facts["event"]);
    case "commit":
      return t("xray.revision", { count: facts["revision"] });
    case "attempt":
      return `${facts["effect"]}${again}`;
    case "graph":
      return String(facts["kind"] ?? `${facts["method"]} ${facts["path"]}`);
    case "shop":
      return `${facts["method"]} ${String(facts["path"]).replace("/shop/api", "")}`;
    case "status":
      return "";
  }
}

/** How a step ended, in plain words. @param {Step} step @returns {string} */
export function outcomeOf(step) {
  const facts = step.facts;
  const code = facts["code"] ? ` (${facts["code"]})` : "";
  switch (step.hop) {
    case "decision":
    case "commit":
    case "attempt":
      return known(`xray.outcome.${facts["outcome"]}`, facts["outcome"]) + code;
    case "status":
      return known(`xray.status.${facts["status"]}`, facts["status"]) + code;
    case "graph":
      if (facts["code"]) return t("xray.http.code", { code: facts["code"] });
      return httpWord(facts["http"]);
    case "delivered":
    case "callback":
    case "webhook":
    case "shop":
      return httpWord(facts["http"]);
  }
}

/** The words of a key, else the program's own word: a gateway may be newer than this page. @param {string} key @param {string} word */
function known(key, word) {
  const text = t(key);
  return text === key ? String(word).replaceAll("_", " ") : text;
}

/** @param {number} http */
function httpWord(http) {
  if (http === 200 || http === 201) return `${t("xray.http.200")} · ${http}`;
  return http === 0 ? t("xray.http.0") : t("xray.http", { http });
}
