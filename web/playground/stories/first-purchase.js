// @ts-check
/**
 * Story: from the first word to the payment.
 * @module
 */

import { post } from "../../shared/http.js";
import { hello, sayFor, tap } from "./play.js";
import { checkOut, confirm, labelOf, paymentLink, story } from "./steps.js";

export const firstPurchase = story({
  id: "first-purchase",
  icon: "bag",
  docs: "ARCHITECTURE.md · Seven hops",
  reads: ["shop", "conversation"],
  stage: async () => {},
  steps: [
    { id: "hello", say: "story.first-purchase.hello", hint: "step.write", values: () => ({ text: hello() }), act: (look) => sayFor(look, hello(), "menu"), seen: (look) => look.got("menu") !== undefined },
    { id: "category", say: "story.first-purchase.category", hint: "step.tap", values: (look) => ({ label: labelOf(look, "category") }), act: (look) => tap(look, "category"), seen: (look) => look.got("catalog") !== undefined },
    { id: "product", say: "story.first-purchase.product", hint: "step.tap", values: (look) => ({ label: labelOf(look, "product") }), act: (look) => tap(look, "product"), seen: (look) => look.got("product") !== undefined },
    { id: "add", say: "story.first-purchase.add", hint: "step.tap", values: (look) => ({ label: labelOf(look, "add") }), act: (look) => tap(look, "add"), seen: (look) => look.allLines().length > 0 || look.purchases.length > 0 },
    checkOut,
    confirm,
    paymentLink,
    {
      id: "pay",
      say: "story.first-purchase.pay",
      hint: "story.first-purchase.pay.hint",
      act: (look) => post(`/shop/purchases/${encodeURIComponent(look.purchases[0]?.purchase_id ?? "")}/pay`),
      seen: (look) => look.got("paid") !== undefined,
    },
  ],
  words: {
    en: {
      title: "A first purchase", summary: "From “hi” to “paid”, in eight taps.",
      hello: "Ana greets the shop; the shop answers with its menu.", category: "She opens a category.", product: "She looks at a product.", add: "She puts it into her cart.",
      pay: "She pays, and the chat says so.", "pay.hint": "Open the payment link in the chat, or press “pay” in the shop panel.",
      saw: "Every message of Ana became one event, one decision, one commit. What she was shown is what was forwarded, and what was forwarded is what she was charged.",
    },
    "pt-BR": {
      title: "Uma primeira compra", summary: "De “oi” a “pago”, em oito toques.",
      hello: "A Ana cumprimenta a loja; a loja responde com o menu.", category: "Ela abre uma categoria.", product: "Ela olha um produto.", add: "Ela põe o produto na sacola.",
      pay: "Ela paga, e a conversa confirma.", "pay.hint": "Abra o link de pagamento na conversa, ou aperte “pagar” no painel da loja.",
      saw: "Cada mensagem da Ana virou um evento, uma decisão, uma gravação. O que foi mostrado é o que foi enviado à loja, e o que foi enviado é o que foi cobrado.",
    },
    es: {
      title: "Una primera compra", summary: "De “hola” a “pagado”, en ocho toques.",
      hello: "Ana saluda a la tienda; la tienda responde con su menú.", category: "Abre una categoría.", product: "Mira un producto.", add: "Lo pone en su carrito.",
      pay: "Paga, y el chat lo confirma.", "pay.hint": "Abre el enlace de pago en el chat, o pulsa “pagar” en el panel de la tienda.",
      saw: "Cada mensaje de Ana fue un evento, una decisión, un guardado. Lo que se le mostró es lo que se envió a la tienda, y lo que se envió es lo que se le cobró.",
    },
    id: {
      title: "Pembelian pertama", summary: "Dari “halo” sampai “lunas”, dalam delapan ketukan.",
      hello: "Ana menyapa toko; toko menjawab dengan menunya.", category: "Ia membuka sebuah kategori.", product: "Ia melihat sebuah produk.", add: "Ia memasukkannya ke keranjang.",
      pay: "Ia membayar, dan percakapan memberi tahu.", "pay.hint": "Buka tautan pembayaran di percakapan, atau tekan “bayar” di panel toko.",
      saw: "Setiap pesan Ana menjadi satu kejadian, satu keputusan, satu simpanan. Yang ditampilkan sama dengan yang diteruskan, dan yang diteruskan sama dengan yang ditagih.",
    },
  },
});
