// @ts-check
/**
 * Story: WhatsApp's own cart, filled at a price that is no longer true.
 * @module
 */

import { post } from "../../shared/http.js";
import { DEVICES } from "./look.js";
import { Stuck, hello, raise, sayFor, tap } from "./play.js";
import { confirm, labelOf, onePurchase, story } from "./steps.js";

/** @typedef {import("./look.js").Look} Look */

const PRODUCT = "cafe-coado";

/** The catalog in WhatsApp will lag behind the shop, as it does for minutes or hours. @param {Look} look */
async function setTheStage(look) {
  await post("/emulator/faults", { catalog_lag: true });
  await sayFor(look, hello(), "menu");
}

/** The devices whose own cart holds something. @param {Look} look */
const filled = (look) => DEVICES.filter((device) => (look.native.get(device) ?? []).length > 0);

/** @param {Look} look */
const inCarts = (look) => filled(look).flatMap((device) => look.native.get(device) ?? []);

/** @param {Look} look */
async function sendCart(look) {
  const [device] = filled(look);
  if (!device) throw new Stuck("the cart is empty");
  await look.world.order(look.phone, device);
}

/** @param {Look} look */
const order = (look) => look.sent((message) => message.type === "order");

/** The latest message that opens WhatsApp's own catalog. @param {Look} look */
const catalog = (look) => look.messages().findLast((message) => message.payload?.interactive?.type === "catalog_message");

export const nativeCart = story({
  id: "native-cart",
  icon: "cart",
  docs: "ARCHITECTURE.md · Invariants: shown = forwarded = charged",
  reads: ["shop", "conversation", "native"],
  stage: setTheStage,
  steps: [
    {
      id: "open",
      say: "story.native-cart.open",
      hint: "step.tap",
      values: (look) => ({ label: labelOf(look, "page") }),
      act: (look) => tap(look, "page"),
      seen: (look) => catalog(look) !== undefined || inCarts(look).length > 0,
    },
    {
      id: "fill",
      say: "story.native-cart.fill",
      hint: "story.native-cart.fill.hint",
      act: (look) => look.world.setCart(look.phone, "android", PRODUCT, 2),
      seen: (look) => inCarts(look).length > 0,
    },
    {
      id: "price",
      say: "story.native-cart.price",
      hint: "step.price.hint",
      values: (look) => ({ title: look.products.get(inCarts(look)[0]?.retailer_id ?? PRODUCT)?.title ?? PRODUCT }),
      act: (look) => raise(look, inCarts(look)[0]?.retailer_id),
      seen: (look) => inCarts(look).some((item) => look.repriced(item.retailer_id)),
    },
    { id: "send", say: "story.native-cart.send", hint: "story.native-cart.send.hint", act: sendCart, seen: (look) => order(look) !== undefined },
    { id: "told", say: "story.native-cart.told", seen: (look) => look.got("price_change", order(look)?.seq) !== undefined },
    confirm,
    onePurchase,
  ],
  words: {
    en: {
      title: "WhatsApp's own cart", summary: "The catalog inside WhatsApp is older than the shop. The cart comes with yesterday's price.",
      open: "Ana opens the catalog inside WhatsApp.", fill: "She fills WhatsApp's own cart.", "fill.hint": "In the catalog sheet, add a coffee or any other product.",
      price: "The shop changes the price of {title}; WhatsApp's catalog doesn't know yet.", send: "She sends the cart.", "send.hint": "Open the cart in the chat and press “send”.",
      told: "Nothing is bought yet: she is shown what differs, old price → new price.",
      saw: "A native cart is a frozen picture. The shop is asked first; only what equals the picture is bought at once, anything else is shown and confirmed.",
    },
    "pt-BR": {
      title: "O carrinho do próprio WhatsApp", summary: "O catálogo dentro do WhatsApp é mais velho que a loja. O carrinho chega com o preço de ontem.",
      open: "A Ana abre o catálogo dentro do WhatsApp.", fill: "Ela enche o carrinho do próprio WhatsApp.", "fill.hint": "Na folha do catálogo, adicione um café ou outro produto.",
      price: "A loja muda o preço de {title}; o catálogo do WhatsApp ainda não sabe.", send: "Ela envia o carrinho.", "send.hint": "Abra o carrinho na conversa e aperte “enviar”.",
      told: "Nada é comprado ainda: ela vê a diferença, preço antigo → preço novo.",
      saw: "Um carrinho nativo é uma foto congelada. A loja é consultada primeiro; só o que é igual à foto é comprado na hora, o resto é mostrado e confirmado.",
    },
    es: {
      title: "El carrito propio de WhatsApp", summary: "El catálogo dentro de WhatsApp es más viejo que la tienda. El carrito llega con el precio de ayer.",
      open: "Ana abre el catálogo dentro de WhatsApp.", fill: "Llena el carrito propio de WhatsApp.", "fill.hint": "En la hoja del catálogo, agrega un café u otro producto.",
      price: "La tienda cambia el precio de {title}; el catálogo de WhatsApp aún no lo sabe.", send: "Envía el carrito.", "send.hint": "Abre el carrito en el chat y pulsa “enviar”.",
      told: "Todavía no se compra nada: se le muestra la diferencia, precio anterior → precio nuevo.",
      saw: "Un carrito nativo es una foto congelada. Primero se pregunta a la tienda; solo lo que es igual a la foto se compra enseguida, lo demás se muestra y se confirma.",
    },
    id: {
      title: "Keranjang milik WhatsApp", summary: "Katalog di dalam WhatsApp lebih lama daripada toko. Keranjang datang dengan harga kemarin.",
      open: "Ana membuka katalog di dalam WhatsApp.", fill: "Ia mengisi keranjang milik WhatsApp.", "fill.hint": "Di lembar katalog, tambahkan kopi atau produk lain.",
      price: "Toko mengubah harga {title}; katalog WhatsApp belum tahu.", send: "Ia mengirim keranjangnya.", "send.hint": "Buka keranjang di percakapan dan tekan “kirim”.",
      told: "Belum ada yang dibeli: ia melihat bedanya, harga lama → harga baru.",
      saw: "Keranjang bawaan adalah foto beku. Toko ditanya dulu; hanya yang sama dengan foto langsung dibeli, sisanya ditampilkan dan dikonfirmasi.",
    },
  },
});
