// @ts-check
/**
 * The words of the clock panel.
 * @module
 */

import { register } from "../shared/i18n.js";

register({
  en: {
    "clock.title": "Clock", "clock.now": "It is now", "clock.lead": "One clock for the world and, in the demo, for the gateway. It only goes forward.", "clock.moved": "The clock is at {now}.", "clock.failed": "The clock did not move: {why}",
    "clock.1h": "+1 h", "clock.25h": "+25 h", "clock.400d": "+400 days", "clock.1h.sees": "Quotes expire after 15 minutes: “confirm” asks for a fresh price first. Payment links end.", "clock.25h.sees": "The service window closes: nobody may write to the customer until they write again. What changes meanwhile is told then.", "clock.400d.sees": "Old buttons answer with the present cart. The cart itself is still there: nothing in a cart expires.",
    "clock.custom": "Another span", "clock.amount": "How much", "clock.unit": "Unit", "clock.minutes": "minutes", "clock.hours": "hours", "clock.days": "days", "clock.go": "Move", "clock.bad": "Write a whole number from 1 to 9999.",
    "clock.windows": "Service windows", "clock.window.open": "open until {until}", "clock.window.closed": "closed", "clock.window.never": "never wrote", "clock.nobody": "No phone yet.",
  },
  "pt-BR": {
    "clock.title": "Relógio", "clock.now": "Agora é", "clock.lead": "Um só relógio para o mundo e, na demonstração, para o gateway. Ele só anda para a frente.", "clock.moved": "O relógio está em {now}.", "clock.failed": "O relógio não andou: {why}",
    "clock.1h": "+1 h", "clock.25h": "+25 h", "clock.400d": "+400 dias", "clock.1h.sees": "Cotações valem 15 minutos: “confirmar” pede antes um preço novo. Links de pagamento vencem.", "clock.25h.sees": "A janela de atendimento se fecha: ninguém pode escrever ao cliente até ele escrever de novo. O que mudar é contado então.", "clock.400d.sees": "Botões antigos respondem com a sacola de agora. A sacola continua lá: nada numa sacola expira.",
    "clock.custom": "Outro intervalo", "clock.amount": "Quanto", "clock.unit": "Unidade", "clock.minutes": "minutos", "clock.hours": "horas", "clock.days": "dias", "clock.go": "Avançar", "clock.bad": "Escreva um número inteiro de 1 a 9999.",
    "clock.windows": "Janelas de atendimento", "clock.window.open": "aberta até {until}", "clock.window.closed": "fechada", "clock.window.never": "nunca escreveu", "clock.nobody": "Nenhum celular ainda.",
  },
  es: {
    "clock.title": "Reloj", "clock.now": "Ahora es", "clock.lead": "Un solo reloj para el mundo y, en la demo, para el gateway. Solo va hacia adelante.", "clock.moved": "El reloj está en {now}.", "clock.failed": "El reloj no se movió: {why}",
    "clock.1h": "+1 h", "clock.25h": "+25 h", "clock.400d": "+400 días", "clock.1h.sees": "Las cotizaciones valen 15 minutos: “confirmar” pide antes un precio nuevo. Los enlaces de pago vencen.", "clock.25h.sees": "Se cierra la ventana de servicio: nadie puede escribir al cliente hasta que vuelva a escribir. Lo que cambie se cuenta entonces.", "clock.400d.sees": "Los botones viejos responden con el carrito de ahora. El carrito sigue ahí: nada en un carrito caduca.",
    "clock.custom": "Otro lapso", "clock.amount": "Cuánto", "clock.unit": "Unidad", "clock.minutes": "minutos", "clock.hours": "horas", "clock.days": "días", "clock.go": "Mover", "clock.bad": "Escribe un número entero de 1 a 9999.",
    "clock.windows": "Ventanas de servicio", "clock.window.open": "abierta hasta {until}", "clock.window.closed": "cerrada", "clock.window.never": "nunca escribió", "clock.nobody": "Ningún teléfono todavía.",
  },
  id: {
    "clock.title": "Jam", "clock.now": "Sekarang", "clock.lead": "Satu jam untuk dunia dan, di demo, untuk gateway. Jam hanya maju.", "clock.moved": "Jam menunjukkan {now}.", "clock.failed": "Jam tidak bergerak: {why}",
    "clock.1h": "+1 jam", "clock.25h": "+25 jam", "clock.400d": "+400 hari", "clock.1h.sees": "Penawaran berlaku 15 menit: “konfirmasi” meminta harga baru dulu. Tautan pembayaran berakhir.", "clock.25h.sees": "Jendela layanan tertutup: tak seorang pun boleh menulis ke pelanggan sampai ia menulis lagi. Perubahan diceritakan saat itu.", "clock.400d.sees": "Tombol lama dijawab dengan keranjang saat ini. Keranjangnya masih ada: isinya tidak pernah kedaluwarsa.",
    "clock.custom": "Rentang lain", "clock.amount": "Berapa", "clock.unit": "Satuan", "clock.minutes": "menit", "clock.hours": "jam", "clock.days": "hari", "clock.go": "Majukan", "clock.bad": "Tulis bilangan bulat dari 1 sampai 9999.",
    "clock.windows": "Jendela layanan", "clock.window.open": "terbuka sampai {until}", "clock.window.closed": "tertutup", "clock.window.never": "belum pernah menulis", "clock.nobody": "Belum ada ponsel.",
  },
});
