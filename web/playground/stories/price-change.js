// @ts-check
/**
 * Story: a price changes while the product lies in a cart.
 * @module
 */

import { money } from "../../shared/format.js";
import { fill } from "./play.js";
import { acceptChange, changePrice, checkOut, confirm, paymentLink, story } from "./steps.js";

export const priceChange = story({
  id: "price-change",
  icon: "tag",
  docs: "ARCHITECTURE.md · Walk-through 3: a price change",
  reads: ["shop", "conversation"],
  stage: fill,
  steps: [
    changePrice,
    { id: "told", say: "story.price-change.told", seen: (look) => look.got("price_change") !== undefined },
    acceptChange,
    checkOut,
    confirm,
    paymentLink,
    {
      id: "total",
      say: "story.price-change.total",
      values: (look) => ({ total: look.purchases[0] ? money(look.purchases[0].total) : "…" }),
      seen: (look) => {
        const purchase = look.purchases[0];
        return purchase !== undefined && purchase.lines.every((line) => look.products.get(line.retailer_id)?.price.amount === line.unit_price.amount);
      },
    },
  ],
  words: {
    en: {
      title: "A price changes under her feet", summary: "A drink is in the cart. The shop makes it dearer. Nobody pays a price they were not shown.",
      told: "Ana is told at once: old price → new price.", total: "The purchase is at the new price: {total}.",
      saw: "The news found the cart before Ana found the checkout. Until she accepts, nothing can be bought; a decision that rests on the old price is refused at the commit and decided again.",
    },
    "pt-BR": {
      title: "O preço muda debaixo dos pés", summary: "Uma bebida está na sacola. A loja aumenta o preço. Ninguém paga um preço que não viu.",
      told: "A Ana é avisada na hora: preço antigo → preço novo.", total: "A compra sai pelo preço novo: {total}.",
      saw: "A notícia achou a sacola antes de a Ana achar o caixa. Enquanto ela não aceita, nada pode ser comprado; uma decisão baseada no preço antigo é recusada na gravação e decidida de novo.",
    },
    es: {
      title: "El precio cambia bajo sus pies", summary: "Hay una bebida en el carrito. La tienda lo encarece. Nadie paga un precio que no vio.",
      told: "A Ana se le avisa enseguida: precio anterior → precio nuevo.", total: "La compra sale al precio nuevo: {total}.",
      saw: "La noticia encontró el carrito antes de que Ana encontrara la caja. Mientras no acepte, nada puede comprarse; una decisión que se apoya en el precio viejo se rechaza al guardar y se decide de nuevo.",
    },
    id: {
      title: "Harga berubah di tengah jalan", summary: "Minuman ada di keranjang. Toko menaikkan harganya. Tak seorang pun membayar harga yang belum dilihat.",
      told: "Ana langsung diberi tahu: harga lama → harga baru.", total: "Pembelian memakai harga baru: {total}.",
      saw: "Kabar menemukan keranjang sebelum Ana menemukan kasir. Sebelum ia menerima, tidak ada yang bisa dibeli; keputusan yang memakai harga lama ditolak saat disimpan dan diputuskan lagi.",
    },
  },
});
