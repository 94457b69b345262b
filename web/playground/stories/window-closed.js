// @ts-check
/**
 * Story: news while the 24-hour service window is closed.
 * @module
 */

import { WINDOW_MS } from "./look.js";
import { fill, hello } from "./play.js";
import { cartText, changePrice, story } from "./steps.js";

/** @typedef {import("./look.js").Look} Look */

const HOURS_25 = 25 * 60 * 60;
/** How long silence must last to be believed where no trace tells of the decision. */
const SILENCE_MS = 4_000;

/** @param {Look} look */
function isClosed(look) {
  const last = (look.person()?.messages ?? []).findLast((message) => message?.direction === "in");
  return last !== undefined && look.world.now() - last.at_ms >= WINDOW_MS;
}

/** The gateway heard of the change and said nothing. @param {Look} look */
function isSilent(look) {
  const heard = look.decisions.findLast((decision) => decision.event === "product_changed");
  const decided = heard !== undefined && heard.effects.length === 0;
  return look.got("price_change") === undefined && (decided || Date.now() - look.stepBeganMs > SILENCE_MS);
}

export const windowClosed = story({
  id: "window-closed",
  icon: "hourglass",
  docs: "ARCHITECTURE.md · Walk-through 3: a price change",
  reads: ["shop", "conversation"],
  stage: fill,
  steps: [
    { id: "wait", say: "story.window-closed.wait", hint: "story.window-closed.wait.hint", act: (look) => look.world.advance(HOURS_25), seen: isClosed },
    changePrice,
    { id: "silence", say: "story.window-closed.silence", seen: isSilent },
    {
      id: "write",
      say: "story.window-closed.write",
      hint: "step.write",
      values: () => ({ text: hello() }),
      act: (look) => look.world.say(look.phone, "android", hello()),
      seen: (look) => look.sent(() => true) !== undefined && !isClosed(look),
    },
    { id: "told", say: "story.window-closed.told", seen: (look) => look.got("price_change") !== undefined },
    { id: "kept", say: "story.window-closed.kept", values: (look) => ({ cart: cartText(look) }), seen: (look) => look.allLines().length > 0 },
  ],
  words: {
    en: {
      title: "The window is closed", summary: "25 hours later nobody may write to Ana. A price changes all the same.",
      wait: "25 hours pass; WhatsApp's service window closes.", "wait.hint": "In the clock panel press “+25 h”.",
      silence: "The gateway hears the news and keeps silent: no message is sent, none is lost.", write: "Ana writes again; the window opens.",
      told: "With the first reply she is told what changed meanwhile.", kept: "Her cart is as she left it: {cart}.",
      saw: "The window is judged at the moment of sending. What can't be said is owed, not dropped, and nothing in a cart ever expires.",
    },
    "pt-BR": {
      title: "A janela está fechada", summary: "25 horas depois ninguém pode escrever para a Ana. Mesmo assim um preço muda.",
      wait: "Passam 25 horas; a janela de atendimento do WhatsApp se fecha.", "wait.hint": "No painel do relógio, aperte “+25 h”.",
      silence: "O gateway ouve a notícia e se cala: nenhuma mensagem é enviada, nenhuma se perde.", write: "A Ana escreve de novo; a janela se abre.",
      told: "Com a primeira resposta ela fica sabendo do que mudou.", kept: "A sacola está como ela deixou: {cart}.",
      saw: "A janela é julgada no momento do envio. O que não pode ser dito fica devido, não é descartado, e nada numa sacola expira.",
    },
    es: {
      title: "La ventana está cerrada", summary: "25 horas después nadie puede escribir a Ana. Aun así cambia un precio.",
      wait: "Pasan 25 horas; se cierra la ventana de servicio de WhatsApp.", "wait.hint": "En el panel del reloj pulsa “+25 h”.",
      silence: "El gateway oye la noticia y calla: no se envía ningún mensaje, no se pierde ninguno.", write: "Ana escribe de nuevo; la ventana se abre.",
      told: "Con la primera respuesta se le dice qué cambió.", kept: "Su carrito está como lo dejó: {cart}.",
      saw: "La ventana se juzga en el momento de enviar. Lo que no puede decirse queda debido, no se descarta, y nada en un carrito caduca.",
    },
    id: {
      title: "Jendela tertutup", summary: "25 jam kemudian tak seorang pun boleh menulis ke Ana. Harga tetap berubah.",
      wait: "25 jam berlalu; jendela layanan WhatsApp tertutup.", "wait.hint": "Di panel jam tekan “+25 jam”.",
      silence: "Gateway mendengar kabar dan diam: tidak ada pesan terkirim, tidak ada yang hilang.", write: "Ana menulis lagi; jendela terbuka.",
      told: "Bersama jawaban pertama ia diberi tahu apa yang berubah.", kept: "Keranjangnya seperti saat ditinggalkan: {cart}.",
      saw: "Jendela dinilai pada saat mengirim. Yang tak boleh dikatakan menjadi utang, tidak dibuang, dan isi keranjang tidak pernah kedaluwarsa.",
    },
  },
});
