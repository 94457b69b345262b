// @ts-check
/**
 * Story: every webhook comes twice.
 * @module
 */

import { post } from "../../shared/http.js";
import { browse, tap } from "./play.js";
import { labelOf, story } from "./steps.js";

/** @typedef {import("./look.js").Look} Look */

/** How often the gateway took the webhook of Ana's last tap. @param {Look} look */
function times(look) {
  const last = look.sent((message) => message.type === "interactive" || message.type === "button");
  return last?.inner_id === undefined ? 0 : (look.taken.get(last.inner_id) ?? 0);
}

/** @param {Look} look */
const sawDuplicate = (look) => times(look) > 1 || look.decisions.some((decision) => decision.outcome === "duplicate");

/** @param {boolean} on @returns {() => Promise<unknown>} */
const twice = (on) => () => post("/emulator/faults", { duplicate_webhooks: on });

export const duplicates = story({
  id: "duplicates",
  icon: "copy",
  docs: "RELIABILITY.md · What is promised",
  reads: ["shop", "conversation", "faults"],
  stage: browse,
  steps: [
    { id: "on", say: "story.duplicates.on", hint: "story.duplicates.on.hint", act: twice(true), seen: (look) => look.faults.duplicate_webhooks === true },
    { id: "add", say: "story.duplicates.add", hint: "step.tap", values: (look) => ({ label: labelOf(look, "add") }), act: (look) => tap(look, "add"), seen: (look) => look.allLines().length > 0 },
    { id: "twice", say: "story.duplicates.twice", values: (look) => ({ count: Math.max(times(look), 2) }), seen: sawDuplicate },
    {
      id: "single",
      say: "story.duplicates.single",
      values: (look) => ({ quantity: look.allLines()[0]?.quantity ?? 0 }),
      seen: (look) => look.allLines().length === 1 && look.allLines()[0]?.quantity === 1 && look.messages().filter((message) => message.kind === "cart").length === 1,
    },
    { id: "off", say: "story.duplicates.off", hint: "story.duplicates.off.hint", act: twice(false), seen: (look) => look.faults.duplicate_webhooks === false },
  ],
  words: {
    en: {
      title: "Everything comes twice", summary: "Meta promises to deliver webhooks at least once. So here they come twice.",
      on: "From now on each webhook is delivered twice.", "on.hint": "In the faults panel switch on “each webhook twice”.",
      add: "Ana adds one drink.", twice: "The same webhook was taken {count} times: 200 each time.", single: "In the cart: {quantity}. One reply in the chat.",
      off: "Switch it off again.", "off.hint": "In the faults panel switch “each webhook twice” off.",
      saw: "The mark that a message was handled is written in the same commit as what it caused. A repetition is told “taken”, and changes nothing.",
    },
    "pt-BR": {
      title: "Tudo chega duas vezes", summary: "A Meta promete entregar webhooks pelo menos uma vez. Aqui eles chegam duas.",
      on: "A partir de agora cada webhook é entregue duas vezes.", "on.hint": "No painel de falhas, ligue “cada webhook duas vezes”.",
      add: "A Ana adiciona uma bebida.", twice: "O mesmo webhook foi aceito {count} vezes: 200 em cada uma.", single: "Na sacola: {quantity}. Uma resposta na conversa.",
      off: "Desligue de novo.", "off.hint": "No painel de falhas, desligue “cada webhook duas vezes”.",
      saw: "A marca de que a mensagem foi tratada é gravada junto com o que ela causou. Uma repetição ouve “aceito” e não muda nada.",
    },
    es: {
      title: "Todo llega dos veces", summary: "Meta promete entregar los webhooks al menos una vez. Aquí llegan dos.",
      on: "Desde ahora cada webhook se entrega dos veces.", "on.hint": "En el panel de fallos enciende “cada webhook dos veces”.",
      add: "Ana agrega una bebida.", twice: "El mismo webhook se aceptó {count} veces: 200 cada vez.", single: "En el carrito: {quantity}. Una respuesta en el chat.",
      off: "Apágalo de nuevo.", "off.hint": "En el panel de fallos apaga “cada webhook dos veces”.",
      saw: "La marca de que un mensaje fue atendido se guarda junto con lo que causó. Una repetición oye “aceptado” y no cambia nada.",
    },
    id: {
      title: "Semua datang dua kali", summary: "Meta berjanji mengirim webhook sedikitnya sekali. Di sini datangnya dua kali.",
      on: "Mulai sekarang setiap webhook dikirim dua kali.", "on.hint": "Di panel gangguan nyalakan “setiap webhook dua kali”.",
      add: "Ana menambahkan satu minuman.", twice: "Webhook yang sama diterima {count} kali: 200 setiap kali.", single: "Di keranjang: {quantity}. Satu jawaban di percakapan.",
      off: "Matikan lagi.", "off.hint": "Di panel gangguan matikan “setiap webhook dua kali”.",
      saw: "Tanda bahwa pesan sudah ditangani disimpan bersama akibatnya. Pengulangan dijawab “diterima” dan tidak mengubah apa pun.",
    },
  },
});
