// @ts-check
/**
 * Story: one person, two devices, two carts.
 * @module
 */

import { fill, tap, tapFor } from "./play.js";
import { labelOf, story } from "./steps.js";

/** @typedef {import("./look.js").Look} Look */

/** @param {Look} look @param {string} device */
const shown = (look, device) => look.lines(device).map((line) => `${line.retailer_id} ${line.quantity}`).toSorted().join();

/** @param {Look} look */
async function setTheStage(look) {
  await fill(look);
  look.world.show(look.phone, "web");
}

/** Chooses another quantity on the Web. @param {Look} look */
async function changeOnTheWeb(look) {
  await tapFor(look, "cart", "cart", "web");
  await tapFor(look, "quantity", "cart", "web");
  await tap(look, "quantity", { device: "web" });
}

export const twoDevices = story({
  id: "two-devices",
  icon: "web",
  docs: "ARCHITECTURE.md · Words",
  reads: ["shop", "conversation"],
  stage: setTheStage,
  steps: [
    {
      id: "other",
      say: "story.two-devices.other",
      hint: "story.two-devices.other.hint",
      values: (look) => ({ label: labelOf(look, "checkout") }),
      act: (look) => tap(look, "checkout", { device: "web" }),
      seen: (look) => look.sent((message) => message.device === "web") !== undefined && look.button("copy_cart") !== null,
    },
    {
      id: "copy",
      say: "story.two-devices.copy",
      hint: "story.two-devices.copy.hint",
      values: (look) => ({ label: labelOf(look, "copy_cart") }),
      act: (look) => tap(look, "copy_cart", { device: "web" }),
      seen: (look) => look.lines("web").length > 0,
    },
    {
      id: "change",
      say: "story.two-devices.change",
      hint: "story.two-devices.change.hint",
      act: changeOnTheWeb,
      seen: (look) => look.lines("android").length > 0 && shown(look, "web") !== shown(look, "android"),
    },
    {
      id: "apart",
      say: "story.two-devices.apart",
      values: (look) => ({ android: units(look, "android"), web: units(look, "web") }),
      seen: (look) => look.lines("android").length > 0,
    },
  ],
  words: {
    en: {
      title: "Two devices, two carts", summary: "The chat is the same on Android and on the Web. The carts are not.",
      other: "On the Web, Ana taps the button of the cart that she filled on Android.", "other.hint": "In the Web view of her chat, tap “{label}”.",
      copy: "Nothing is bought from the wrong cart: she is offered to copy it, and does.", "copy.hint": "In the Web view, tap “{label}”.",
      change: "She changes the quantity on the Web.", "change.hint": "In the Web view open the cart, choose the product and another quantity.",
      apart: "Android still holds {android}, the Web holds {web}.",
      saw: "A button belongs to one device and to one state of its cart. Old or foreign buttons change nothing; carts meet only when the person says so.",
    },
    "pt-BR": {
      title: "Dois aparelhos, duas sacolas", summary: "A conversa é a mesma no Android e na Web. As sacolas, não.",
      other: "Na Web, a Ana toca no botão da sacola que ela encheu no Android.", "other.hint": "Na visão Web da conversa, toque em “{label}”.",
      copy: "Nada é comprado da sacola errada: oferecemos copiar, e ela copia.", "copy.hint": "Na visão Web, toque em “{label}”.",
      change: "Ela muda a quantidade na Web.", "change.hint": "Na visão Web abra a sacola, escolha o produto e outra quantidade.",
      apart: "O Android continua com {android}, a Web tem {web}.",
      saw: "Um botão pertence a um aparelho e a um estado da sua sacola. Botões velhos ou alheios não mudam nada; as sacolas só se encontram quando a pessoa pede.",
    },
    es: {
      title: "Dos dispositivos, dos carritos", summary: "El chat es el mismo en Android y en la Web. Los carritos no.",
      other: "En la Web, Ana toca el botón del carrito que llenó en Android.", "other.hint": "En la vista Web de su chat, toca “{label}”.",
      copy: "Nada se compra del carrito equivocado: se le ofrece copiarlo, y lo copia.", "copy.hint": "En la vista Web, toca “{label}”.",
      change: "Cambia la cantidad en la Web.", "change.hint": "En la vista Web abre el carrito, elige el producto y otra cantidad.",
      apart: "Android sigue con {android}, la Web tiene {web}.",
      saw: "Un botón pertenece a un dispositivo y a un estado de su carrito. Los botones viejos o ajenos no cambian nada; los carritos solo se encuentran cuando la persona lo pide.",
    },
    id: {
      title: "Dua perangkat, dua keranjang", summary: "Percakapannya sama di Android dan di Web. Keranjangnya tidak.",
      other: "Di Web, Ana mengetuk tombol keranjang yang ia isi di Android.", "other.hint": "Di tampilan Web, ketuk “{label}”.",
      copy: "Tidak ada yang dibeli dari keranjang yang salah: ia ditawari menyalinnya, dan ia menyalin.", "copy.hint": "Di tampilan Web, ketuk “{label}”.",
      change: "Ia mengubah jumlah di Web.", "change.hint": "Di tampilan Web buka keranjang, pilih produk dan jumlah lain.",
      apart: "Android tetap berisi {android}, Web berisi {web}.",
      saw: "Sebuah tombol milik satu perangkat dan satu keadaan keranjangnya. Tombol lama atau asing tidak mengubah apa pun; keranjang bertemu hanya bila orangnya meminta.",
    },
  },
});

/** @param {Look} look @param {string} device */
function units(look, device) {
  const text = look.lines(device).map((line) => `${line.quantity} × ${look.products.get(line.retailer_id)?.title ?? line.retailer_id}`);
  return text.join(", ") || "0";
}
