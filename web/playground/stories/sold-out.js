// @ts-check
/**
 * Story: what lies in a cart sells out.
 * @module
 */

import { put } from "../../shared/http.js";
import { fill, tap } from "./play.js";
import { labelOf, story } from "./steps.js";

/** @typedef {import("./look.js").Look} Look */

/** The product that lay in the cart when the story began. @param {Look} look */
function held(look) {
  const ids = look.allLines().map((line) => line.retailer_id);
  const gone = [...look.products.values()].find((product) => product.availability === "out_of_stock" && look.former.get(product.retailer_id)?.availability === "in_stock");
  return look.products.get(ids[0] ?? gone?.retailer_id ?? "");
}

export const soldOut = story({
  id: "sold-out",
  icon: "block",
  docs: "ARCHITECTURE.md · Walk-through 3: a price change",
  reads: ["shop", "conversation"],
  stage: fill,
  steps: [
    {
      id: "sell",
      say: "story.sold-out.sell",
      hint: "story.sold-out.sell.hint",
      values: (look) => ({ title: held(look)?.title ?? "…" }),
      act: (look) => put(`/shop/products/${encodeURIComponent(held(look)?.retailer_id ?? "")}`, { availability: "out_of_stock" }),
      seen: (look) => look.allLines().some((line) => look.products.get(line.retailer_id)?.availability === "out_of_stock") || look.got("price_change") !== undefined,
    },
    { id: "told", say: "story.sold-out.told", seen: (look) => look.got("price_change") !== undefined },
    {
      id: "accept",
      say: "story.sold-out.accept",
      hint: "step.tap",
      values: (look) => ({ label: labelOf(look, "accept_prices") }),
      act: (look) => tap(look, "accept_prices"),
      seen: (look) => look.allLines().every((line) => look.products.get(line.retailer_id)?.availability === "in_stock"),
    },
    { id: "unsold", say: "story.sold-out.unsold", values: (look) => ({ purchases: look.purchases.length }), seen: (look) => look.purchases.length === 0 },
  ],
  words: {
    en: {
      title: "Sold out in the cart", summary: "The last one is sold to somebody else while it lies in Ana's cart.",
      sell: "The shop sells out of {title}.", "sell.hint": "In the shop panel find “{title}”, switch “for sale” off and save.",
      told: "Ana is told before she tries to pay.", accept: "She accepts; what is gone leaves the cart, as announced.", unsold: "Nothing that isn't there was sold: {purchases} purchases.",
      saw: "A fact has a version, and a decision that rests on an older one is refused at the commit. No race sells what the shop no longer has.",
    },
    "pt-BR": {
      title: "Esgotou na sacola", summary: "O último é vendido a outra pessoa enquanto está na sacola da Ana.",
      sell: "{title} esgota na loja.", "sell.hint": "No painel da loja, ache “{title}”, desligue “à venda” e salve.",
      told: "A Ana fica sabendo antes de tentar pagar.", accept: "Ela aceita; o que acabou sai da sacola, como avisado.", unsold: "Nada que não existe foi vendido: {purchases} compras.",
      saw: "Um dado tem versão, e uma decisão baseada numa versão antiga é recusada na gravação. Nenhuma corrida vende o que a loja não tem mais.",
    },
    es: {
      title: "Agotado en el carrito", summary: "El último se vende a otra persona mientras está en el carrito de Ana.",
      sell: "{title} se agota en la tienda.", "sell.hint": "En el panel de la tienda busca “{title}”, apaga “a la venta” y guarda.",
      told: "Ana se entera antes de intentar pagar.", accept: "Acepta; lo que se acabó sale del carrito, como se anunció.", unsold: "No se vendió nada que no hubiera: {purchases} compras.",
      saw: "Un dato tiene versión, y una decisión que se apoya en una anterior se rechaza al guardar. Ninguna carrera vende lo que la tienda ya no tiene.",
    },
    id: {
      title: "Habis di keranjang", summary: "Yang terakhir terjual ke orang lain saat masih ada di keranjang Ana.",
      sell: "{title} habis di toko.", "sell.hint": "Di panel toko cari “{title}”, matikan “dijual”, lalu simpan.",
      told: "Ana diberi tahu sebelum ia mencoba membayar.", accept: "Ia menerima; yang habis keluar dari keranjang, seperti diumumkan.", unsold: "Tidak ada barang kosong yang terjual: {purchases} pembelian.",
      saw: "Sebuah fakta punya versi, dan keputusan dengan versi lama ditolak saat disimpan. Tidak ada balapan yang menjual barang yang sudah tidak ada.",
    },
  },
});
