// @ts-check
/**
 * The words of messages and orders.
 * @module
 */

import { register } from "../../shared/i18n.js";

register({
  en: {
    "chat.label": "Chat of {name}", "chat.messages": "Messages", "chat.from_shop": "From the shop", "chat.from_person": "From {name}", "chat.new_tab": "opens in a new tab", "chat.trace": "show in the x-ray",
    "chat.provider": "provider", "chat.status.sent": "sent", "chat.status.delivered": "delivered", "chat.status.read": "read", "chat.status.failed": "failed",
    "chat.ticks.read": "read by the shop", "chat.ticks.delivered": "delivered", "chat.react": "React", "chat.unreact": "Take the reaction back",
    "chat.empty.title": "Nothing said yet", "chat.empty.text": "Write as a customer would. The shop answers for real.", "chat.empty.hi": "Say “{word}”",
    "chat.choose": "Choose", "chat.products": "Products", "chat.catalog": "Catalog", "chat.view_catalog": "View catalog", "chat.see_items": "See the products", "chat.items": "{count} products", "chat.items.one": "{count} product",
    "chat.add": "Add", "chat.add_named": "Add {title} to the WhatsApp cart", "chat.sold_out": "sold out", "chat.not_in_catalog": "not in the catalog", "chat.quantity_of": "Quantity of {title}", "chat.less": "One {title} less", "chat.more": "One more {title}",
    "chat.carousel": "Cards", "chat.template": "Template {name} · {language}", "chat.open_link": "Open", "chat.unknown": "Message of a kind this page does not draw: {kind}", "chat.payload": "As it was sent",
    "chat.picture": "Picture", "chat.video": "Video", "chat.voice": "Voice message", "chat.document": "Document", "chat.sticker": "Sticker", "chat.location": "Location", "chat.contact": "Contact",
    "chat.send_location": "Send my location", "chat.share_number": "Share my number", "chat.fill_form": "Fill in the form", "chat.give_address": "Give an address", "chat.form_sent": "Form sent", "chat.cart_sent": "WhatsApp cart, sent",
    "order.number": "Order", "order.each": "{price} each", "order.total": "Total", "order.subtotal": "Subtotal", "order.shipping": "Delivery", "order.tax": "Taxes", "order.discount": "Discount", "order.copy_pix": "Copy Pix code", "order.copy_boleto": "Copy boleto line",
    "order.code": "Payment code", "order.pay_link": "Open payment page", "order.copied": "Copied. Paste it in your bank's app.", "order.select": "The browser gave no clipboard: the code is selected, copy it by hand.", "order.card": "Card ending in {digits}",
    "order.expires": "expires in {time}", "order.expired": "expired", "order.state.pending": "pending", "order.state.processing": "in preparation", "order.state.partially_shipped": "partly on its way", "order.state.shipped": "on its way",
    "order.state.completed": "completed", "order.state.canceled": "canceled", "order.payment.pending": "payment pending", "order.payment.captured": "paid", "order.payment.failed": "payment failed",
  },
  "pt-BR": {
    "chat.label": "Conversa de {name}", "chat.messages": "Mensagens", "chat.from_shop": "Da loja", "chat.from_person": "De {name}", "chat.new_tab": "abre em outra aba", "chat.trace": "mostrar no raio-x",
    "chat.provider": "provedor", "chat.status.sent": "enviada", "chat.status.delivered": "entregue", "chat.status.read": "lida", "chat.status.failed": "falhou",
    "chat.ticks.read": "lida pela loja", "chat.ticks.delivered": "entregue", "chat.react": "Reagir", "chat.unreact": "Tirar a reação",
    "chat.empty.title": "Nada foi dito ainda", "chat.empty.text": "Escreva como um cliente. A loja responde de verdade.", "chat.empty.hi": "Dizer “{word}”",
    "chat.choose": "Escolher", "chat.products": "Produtos", "chat.catalog": "Catálogo", "chat.view_catalog": "Ver catálogo", "chat.see_items": "Ver os produtos", "chat.items": "{count} produtos", "chat.items.one": "{count} produto",
    "chat.add": "Adicionar", "chat.add_named": "Adicionar {title} ao carrinho do WhatsApp", "chat.sold_out": "esgotado", "chat.not_in_catalog": "fora do catálogo", "chat.quantity_of": "Quantidade de {title}", "chat.less": "Menos um {title}", "chat.more": "Mais um {title}",
    "chat.carousel": "Cartões", "chat.template": "Modelo {name} · {language}", "chat.open_link": "Abrir", "chat.unknown": "Mensagem de um tipo que esta página não desenha: {kind}", "chat.payload": "Como foi enviada",
    "chat.picture": "Imagem", "chat.video": "Vídeo", "chat.voice": "Mensagem de voz", "chat.document": "Documento", "chat.sticker": "Figurinha", "chat.location": "Localização", "chat.contact": "Contato",
    "chat.send_location": "Enviar minha localização", "chat.share_number": "Compartilhar meu número", "chat.fill_form": "Preencher o formulário", "chat.give_address": "Informar endereço", "chat.form_sent": "Formulário enviado", "chat.cart_sent": "Carrinho do WhatsApp, enviado",
    "order.number": "Pedido", "order.each": "{price} cada", "order.total": "Total", "order.subtotal": "Subtotal", "order.shipping": "Entrega", "order.tax": "Impostos", "order.discount": "Desconto", "order.copy_pix": "Copiar código Pix", "order.copy_boleto": "Copiar linha do boleto",
    "order.code": "Código de pagamento", "order.pay_link": "Abrir página de pagamento", "order.copied": "Copiado. Cole no app do seu banco.", "order.select": "O navegador não deu a área de transferência: o código está selecionado, copie à mão.", "order.card": "Cartão de final {digits}",
    "order.expires": "expira em {time}", "order.expired": "expirou", "order.state.pending": "pendente", "order.state.processing": "em preparo", "order.state.partially_shipped": "parte a caminho", "order.state.shipped": "a caminho",
    "order.state.completed": "concluído", "order.state.canceled": "cancelado", "order.payment.pending": "pagamento pendente", "order.payment.captured": "pago", "order.payment.failed": "pagamento falhou",
  },
  es: {
    "chat.label": "Chat de {name}", "chat.messages": "Mensajes", "chat.from_shop": "De la tienda", "chat.from_person": "De {name}", "chat.new_tab": "se abre en otra pestaña", "chat.trace": "mostrar en los rayos X",
    "chat.provider": "proveedor", "chat.status.sent": "enviado", "chat.status.delivered": "entregado", "chat.status.read": "leído", "chat.status.failed": "falló",
    "chat.ticks.read": "leído por la tienda", "chat.ticks.delivered": "entregado", "chat.react": "Reaccionar", "chat.unreact": "Quitar la reacción",
    "chat.empty.title": "Aún no se dijo nada", "chat.empty.text": "Escribe como lo haría un cliente. La tienda responde de verdad.", "chat.empty.hi": "Decir “{word}”",
    "chat.choose": "Elegir", "chat.products": "Productos", "chat.catalog": "Catálogo", "chat.view_catalog": "Ver catálogo", "chat.see_items": "Ver los productos", "chat.items": "{count} productos", "chat.items.one": "{count} producto",
    "chat.add": "Agregar", "chat.add_named": "Agregar {title} al carrito de WhatsApp", "chat.sold_out": "agotado", "chat.not_in_catalog": "fuera del catálogo", "chat.quantity_of": "Cantidad de {title}", "chat.less": "Un {title} menos", "chat.more": "Un {title} más",
    "chat.carousel": "Tarjetas", "chat.template": "Plantilla {name} · {language}", "chat.open_link": "Abrir", "chat.unknown": "Mensaje de un tipo que esta página no dibuja: {kind}", "chat.payload": "Como se envió",
    "chat.picture": "Imagen", "chat.video": "Video", "chat.voice": "Mensaje de voz", "chat.document": "Documento", "chat.sticker": "Sticker", "chat.location": "Ubicación", "chat.contact": "Contacto",
    "chat.send_location": "Enviar mi ubicación", "chat.share_number": "Compartir mi número", "chat.fill_form": "Llenar el formulario", "chat.give_address": "Dar una dirección", "chat.form_sent": "Formulario enviado", "chat.cart_sent": "Carrito de WhatsApp, enviado",
    "order.number": "Pedido", "order.each": "{price} c/u", "order.total": "Total", "order.subtotal": "Subtotal", "order.shipping": "Entrega", "order.tax": "Impuestos", "order.discount": "Descuento", "order.copy_pix": "Copiar código Pix", "order.copy_boleto": "Copiar línea del boleto",
    "order.code": "Código de pago", "order.pay_link": "Abrir página de pago", "order.copied": "Copiado. Pégalo en la app de tu banco.", "order.select": "El navegador no dio el portapapeles: el código está seleccionado, cópialo a mano.", "order.card": "Tarjeta terminada en {digits}",
    "order.expires": "vence en {time}", "order.expired": "venció", "order.state.pending": "pendiente", "order.state.processing": "en preparación", "order.state.partially_shipped": "una parte en camino", "order.state.shipped": "en camino",
    "order.state.completed": "completado", "order.state.canceled": "cancelado", "order.payment.pending": "pago pendiente", "order.payment.captured": "pagado", "order.payment.failed": "pago fallido",
  },
  id: {
    "chat.label": "Obrolan {name}", "chat.messages": "Pesan", "chat.from_shop": "Dari toko", "chat.from_person": "Dari {name}", "chat.new_tab": "terbuka di tab baru", "chat.trace": "tampilkan di rontgen",
    "chat.provider": "penyedia", "chat.status.sent": "terkirim", "chat.status.delivered": "sampai", "chat.status.read": "dibaca", "chat.status.failed": "gagal",
    "chat.ticks.read": "dibaca toko", "chat.ticks.delivered": "sampai", "chat.react": "Beri reaksi", "chat.unreact": "Tarik reaksi",
    "chat.empty.title": "Belum ada percakapan", "chat.empty.text": "Tulislah seperti pelanggan. Toko sungguh menjawab.", "chat.empty.hi": "Bilang “{word}”",
    "chat.choose": "Pilih", "chat.products": "Produk", "chat.catalog": "Katalog", "chat.view_catalog": "Lihat katalog", "chat.see_items": "Lihat produk", "chat.items": "{count} produk",
    "chat.add": "Tambah", "chat.add_named": "Tambah {title} ke keranjang WhatsApp", "chat.sold_out": "habis", "chat.not_in_catalog": "tidak ada di katalog", "chat.quantity_of": "Jumlah {title}", "chat.less": "Kurangi satu {title}", "chat.more": "Tambah satu {title}",
    "chat.carousel": "Kartu", "chat.template": "Templat {name} · {language}", "chat.open_link": "Buka", "chat.unknown": "Pesan yang belum bisa digambar halaman ini: {kind}", "chat.payload": "Seperti dikirim",
    "chat.picture": "Gambar", "chat.video": "Video", "chat.voice": "Pesan suara", "chat.document": "Dokumen", "chat.sticker": "Stiker", "chat.location": "Lokasi", "chat.contact": "Kontak",
    "chat.send_location": "Kirim lokasi saya", "chat.share_number": "Bagikan nomor saya", "chat.fill_form": "Isi formulir", "chat.give_address": "Beri alamat", "chat.form_sent": "Formulir terkirim", "chat.cart_sent": "Keranjang WhatsApp, dikirim",
    "order.number": "Pesanan", "order.each": "@ {price}", "order.total": "Total", "order.subtotal": "Subtotal", "order.shipping": "Pengiriman", "order.tax": "Pajak", "order.discount": "Diskon", "order.copy_pix": "Salin kode Pix", "order.copy_boleto": "Salin baris boleto",
    "order.code": "Kode pembayaran", "order.pay_link": "Buka halaman bayar", "order.copied": "Tersalin. Tempel di aplikasi bank Anda.", "order.select": "Peramban tidak memberi papan klip: kode sudah dipilih, salin sendiri.", "order.card": "Kartu berakhiran {digits}",
    "order.expires": "berlaku {time} lagi", "order.expired": "kedaluwarsa", "order.state.pending": "menunggu", "order.state.processing": "disiapkan", "order.state.partially_shipped": "sebagian dikirim", "order.state.shipped": "dikirim",
    "order.state.completed": "selesai", "order.state.canceled": "dibatalkan", "order.payment.pending": "menunggu pembayaran", "order.payment.captured": "lunas", "order.payment.failed": "pembayaran gagal",
  },
});
