// @ts-check
/**
 * Story: the shop accepts at another total than the one that was confirmed.
 * @module
 */

import { money } from "../../shared/format.js";
import { fill } from "./play.js";
import { checkOut, confirm, setMood, story } from "./steps.js";

export const wrongTotal = story({
  id: "wrong-total",
  icon: "warning",
  docs: "ARCHITECTURE.md · Invariants: shown = forwarded = charged",
  reads: ["shop", "conversation"],
  stage: fill,
  steps: [
    setMood("wrong_total", "story.wrong-total.mood"),
    checkOut,
    confirm,
    { id: "review", say: "story.wrong-total.review", seen: (look) => look.got("purchase_state") !== undefined },
    {
      id: "nolink",
      say: "story.wrong-total.nolink",
      values: (look) => ({ total: look.purchases[0] ? money(look.purchases[0].total) : "…" }),
      seen: (look) => look.got("purchase_state") !== undefined && look.got("payment_link") === undefined && look.got("pix") === undefined,
    },
  ],
  words: {
    en: {
      title: "One cent too much", summary: "The shop accepts the purchase, at a total that Ana never confirmed.",
      mood: "The shop will accept the next purchase one cent too dear.", review: "Ana reads that a person must look at it, and that she must not pay.", nolink: "The shop says {total}; no payment link was sent.",
      saw: "Shown = forwarded = charged. Where the shop says another total than the one confirmed, no link goes out: the purchase waits for a person.",
    },
    "pt-BR": {
      title: "Um centavo a mais", summary: "A loja aceita a compra, por um total que a Ana nunca confirmou.",
      mood: "A loja vai aceitar a próxima compra um centavo mais cara.", review: "A Ana lê que uma pessoa vai conferir, e que não deve pagar.", nolink: "A loja diz {total}; nenhum link de pagamento foi enviado.",
      saw: "Mostrado = enviado = cobrado. Se a loja diz outro total que o confirmado, nenhum link sai: a compra espera por uma pessoa.",
    },
    es: {
      title: "Un centavo de más", summary: "La tienda acepta la compra, por un total que Ana nunca confirmó.",
      mood: "La tienda aceptará la próxima compra un centavo más cara.", review: "Ana lee que una persona debe revisarla, y que no debe pagar.", nolink: "La tienda dice {total}; no se envió ningún enlace de pago.",
      saw: "Mostrado = enviado = cobrado. Si la tienda dice otro total que el confirmado, no sale ningún enlace: la compra espera a una persona.",
    },
    id: {
      title: "Kelebihan satu sen", summary: "Toko menerima pembelian, dengan total yang tidak pernah Ana konfirmasi.",
      mood: "Toko akan menerima pembelian berikutnya satu sen lebih mahal.", review: "Ana membaca bahwa petugas harus memeriksanya, dan ia jangan membayar.", nolink: "Toko menyebut {total}; tidak ada tautan pembayaran yang dikirim.",
      saw: "Ditampilkan = diteruskan = ditagih. Bila toko menyebut total lain daripada yang dikonfirmasi, tidak ada tautan keluar: pembelian menunggu petugas.",
    },
  },
});
