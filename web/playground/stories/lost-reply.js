// @ts-check
/**
 * Story: the shop takes a purchase and its answer is lost.
 * @module
 */

import { fill } from "./play.js";
import { checkOut, confirm, onePurchase, paymentLink, setMood, story } from "./steps.js";

export const lostReply = story({
  id: "lost-reply",
  icon: "bolt",
  docs: "ARCHITECTURE.md · Walk-through 2: a purchase whose answer is lost",
  reads: ["shop", "conversation"],
  stage: fill,
  steps: [
    setMood("cut_after_commit", "story.lost-reply.mood"),
    checkOut,
    confirm,
    { id: "doubt", say: "story.lost-reply.doubt", seen: (look) => look.got("purchase_state") !== undefined || look.got("payment_link") !== undefined },
    paymentLink,
    onePurchase,
  ],
  words: {
    en: {
      title: "The shop's answer is lost", summary: "The shop stores the purchase and the line goes dead. Was it bought? Twice? Not at all?",
      mood: "The shop will store the next purchase and lose its answer.", doubt: "Ana reads that her purchase is being confirmed; nothing is sent again blindly.",
      saw: "An outcome that nobody knows is asked about by id before anything is repeated, and the id of a purchase is its idempotency key. One confirmation is one purchase.",
    },
    "pt-BR": {
      title: "A resposta da loja se perde", summary: "A loja guarda a compra e a linha cai. Comprou? Duas vezes? Nenhuma?",
      mood: "A loja vai guardar a próxima compra e perder a resposta.", doubt: "A Ana lê que o pedido está sendo confirmado; nada é reenviado às cegas.",
      saw: "Sobre um resultado que ninguém conhece se pergunta pelo id antes de repetir qualquer coisa, e o id da compra é a chave de idempotência. Uma confirmação é uma compra.",
    },
    es: {
      title: "Se pierde la respuesta de la tienda", summary: "La tienda guarda la compra y la línea se corta. ¿Se compró? ¿Dos veces? ¿Ninguna?",
      mood: "La tienda guardará la próxima compra y perderá su respuesta.", doubt: "Ana lee que su pedido se está confirmando; nada se reenvía a ciegas.",
      saw: "Por un resultado que nadie conoce se pregunta por su id antes de repetir nada, y el id de la compra es su clave de idempotencia. Una confirmación es una compra.",
    },
    id: {
      title: "Jawaban toko hilang", summary: "Toko menyimpan pembelian lalu sambungan putus. Terbeli? Dua kali? Atau tidak sama sekali?",
      mood: "Toko akan menyimpan pembelian berikutnya dan kehilangan jawabannya.", doubt: "Ana membaca bahwa pesanannya sedang dikonfirmasi; tidak ada yang dikirim ulang membabi buta.",
      saw: "Hasil yang tidak diketahui ditanyakan lewat id sebelum apa pun diulang, dan id pembelian adalah kunci idempotensinya. Satu konfirmasi adalah satu pembelian.",
    },
  },
});
