// @ts-check
/**
 * The words around the stories: the list, the card, the steps that several stories share.
 * @module
 */

import { register } from "../../shared/i18n.js";

register({
  en: {
    "stories.title": "Stories", "stories.lead": "Guided rehearsals. You act in the chat and in the panels; each step ticks when it is really observed.", "stories.begin": "Begin", "stories.again": "Start over", "stories.leave": "Leave the story", "stories.share": "Copy link", "stories.shared": "Link copied.", "stories.all": "All stories",
    "stories.do": "Do it for me", "stories.doing": "Working…", "stories.setting": "Setting the stage: a fresh world, Ana's phone…", "stories.stage": "The stage is set: a fresh world and Ana's phone.", "stories.progress": "{at} of {count}", "stories.watch": "Just watch: this happens by itself.",
    "stories.state.todo": "to do", "stories.state.doing": "now", "stories.state.done": "done", "stories.saw": "What you saw", "stories.docs": "Read on: docs/{docs}", "stories.announce": "Done: {done} Now: {now}", "stories.finished": "All steps were observed.",
    "stories.stuck": "The stage could not be set: {why}", "stories.trouble": "That did not work: {why}", "stories.bare": "Stories need the gateway: start `sacola demo`.", "stories.resets": "Beginning a story forgets the present phones and purchases.",
    "step.tap": "Tap “{label}” in Ana's chat.", "step.write": "Write “{text}” in Ana's chat and send it.", "step.price": "The shop changes the price of {title}.", "step.price.hint": "In the shop panel find “{title}”, write another price and save.", "step.accept": "Ana accepts the change.", "step.checkout": "She goes to the checkout and sees the final price.", "step.confirm": "She confirms: the shop has the purchase.", "step.link": "She gets the link where she can pay.", "step.once": "The shop holds {purchases} purchase, posted {posted} time(s).", "step.mood.hint": "In the shop panel choose “{mood}” for one call.",
  },
  "pt-BR": {
    "stories.title": "Histórias", "stories.lead": "Ensaios guiados. Você age na conversa e nos painéis; cada passo é marcado quando é realmente observado.", "stories.begin": "Começar", "stories.again": "Recomeçar", "stories.leave": "Sair da história", "stories.share": "Copiar link", "stories.shared": "Link copiado.", "stories.all": "Todas as histórias",
    "stories.do": "Faça por mim", "stories.doing": "Fazendo…", "stories.setting": "Montando o palco: um mundo novo, o celular da Ana…", "stories.stage": "O palco está montado: um mundo novo e o celular da Ana.", "stories.progress": "{at} de {count}", "stories.watch": "Só observe: isto acontece sozinho.",
    "stories.state.todo": "a fazer", "stories.state.doing": "agora", "stories.state.done": "feito", "stories.saw": "O que você viu", "stories.docs": "Leia mais: docs/{docs}", "stories.announce": "Feito: {done} Agora: {now}", "stories.finished": "Todos os passos foram observados.",
    "stories.stuck": "Não foi possível montar o palco: {why}", "stories.trouble": "Não deu certo: {why}", "stories.bare": "As histórias precisam do gateway: inicie `sacola demo`.", "stories.resets": "Começar uma história esquece os celulares e as compras atuais.",
    "step.tap": "Toque em “{label}” na conversa da Ana.", "step.write": "Escreva “{text}” na conversa da Ana e envie.", "step.price": "A loja muda o preço de {title}.", "step.price.hint": "No painel da loja, ache “{title}”, escreva outro preço e salve.", "step.accept": "A Ana aceita a mudança.", "step.checkout": "Ela vai ao caixa e vê o preço final.", "step.confirm": "Ela confirma: a loja tem a compra.", "step.link": "Ela recebe o link para pagar.", "step.once": "A loja tem {purchases} compra, enviada {posted} vez(es).", "step.mood.hint": "No painel da loja, escolha “{mood}” para uma chamada.",
  },
  es: {
    "stories.title": "Historias", "stories.lead": "Ensayos guiados. Tú actúas en el chat y en los paneles; cada paso se marca cuando se observa de verdad.", "stories.begin": "Empezar", "stories.again": "Empezar de nuevo", "stories.leave": "Salir de la historia", "stories.share": "Copiar enlace", "stories.shared": "Enlace copiado.", "stories.all": "Todas las historias",
    "stories.do": "Hazlo por mí", "stories.doing": "Haciendo…", "stories.setting": "Preparando el escenario: un mundo nuevo, el teléfono de Ana…", "stories.stage": "El escenario está listo: un mundo nuevo y el teléfono de Ana.", "stories.progress": "{at} de {count}", "stories.watch": "Solo mira: esto pasa por sí solo.",
    "stories.state.todo": "por hacer", "stories.state.doing": "ahora", "stories.state.done": "hecho", "stories.saw": "Lo que viste", "stories.docs": "Sigue leyendo: docs/{docs}", "stories.announce": "Hecho: {done} Ahora: {now}", "stories.finished": "Se observaron todos los pasos.",
    "stories.stuck": "No se pudo preparar el escenario: {why}", "stories.trouble": "No funcionó: {why}", "stories.bare": "Las historias necesitan el gateway: inicia `sacola demo`.", "stories.resets": "Empezar una historia olvida los teléfonos y las compras de ahora.",
    "step.tap": "Toca “{label}” en el chat de Ana.", "step.write": "Escribe “{text}” en el chat de Ana y envíalo.", "step.price": "La tienda cambia el precio de {title}.", "step.price.hint": "En el panel de la tienda busca “{title}”, escribe otro precio y guarda.", "step.accept": "Ana acepta el cambio.", "step.checkout": "Va a la caja y ve el precio final.", "step.confirm": "Confirma: la tienda tiene la compra.", "step.link": "Recibe el enlace para pagar.", "step.once": "La tienda tiene {purchases} compra, enviada {posted} vez/veces.", "step.mood.hint": "En el panel de la tienda elige “{mood}” para una llamada.",
  },
  id: {
    "stories.title": "Cerita", "stories.lead": "Latihan terpandu. Anda bertindak di percakapan dan panel; setiap langkah tercentang bila benar-benar terlihat.", "stories.begin": "Mulai", "stories.again": "Ulangi", "stories.leave": "Tinggalkan cerita", "stories.share": "Salin tautan", "stories.shared": "Tautan tersalin.", "stories.all": "Semua cerita",
    "stories.do": "Lakukan untuk saya", "stories.doing": "Sedang bekerja…", "stories.setting": "Menyiapkan panggung: dunia baru, ponsel Ana…", "stories.stage": "Panggung siap: dunia baru dan ponsel Ana.", "stories.progress": "{at} dari {count}", "stories.watch": "Cukup amati: ini terjadi sendiri.",
    "stories.state.todo": "belum", "stories.state.doing": "sekarang", "stories.state.done": "selesai", "stories.saw": "Yang Anda lihat", "stories.docs": "Baca lanjut: docs/{docs}", "stories.announce": "Selesai: {done} Sekarang: {now}", "stories.finished": "Semua langkah teramati.",
    "stories.stuck": "Panggung tidak bisa disiapkan: {why}", "stories.trouble": "Tidak berhasil: {why}", "stories.bare": "Cerita butuh gateway: jalankan `sacola demo`.", "stories.resets": "Memulai cerita melupakan ponsel dan pembelian saat ini.",
    "step.tap": "Ketuk “{label}” di percakapan Ana.", "step.write": "Tulis “{text}” di percakapan Ana dan kirim.", "step.price": "Toko mengubah harga {title}.", "step.price.hint": "Di panel toko cari “{title}”, tulis harga lain, lalu simpan.", "step.accept": "Ana menerima perubahannya.", "step.checkout": "Ia ke kasir dan melihat harga akhir.", "step.confirm": "Ia mengonfirmasi: toko menerima pembelian.", "step.link": "Ia mendapat tautan untuk membayar.", "step.once": "Toko memiliki {purchases} pembelian, dikirim {posted} kali.", "step.mood.hint": "Di panel toko pilih “{mood}” untuk satu panggilan.",
  },
});
