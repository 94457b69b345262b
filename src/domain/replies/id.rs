//! Indonesian.

use super::{Phrase, neutral};
use crate::domain::purchase::PurchaseState;

#[expect(
    clippy::too_many_lines,
    reason = "one phrase per arm, nothing else: splitting would hide a missing one"
)]
pub(super) fn say(phrase: Phrase<'_>) -> String {
    match phrase {
        Phrase::Greeting { shop } => {
            format!(
                "Halo, Kak! Selamat datang di *{shop}*. Ketuk “Lihat pilihan” untuk memilih kategori.",
                shop = neutral(shop)
            )
        }
        Phrase::NothingOnSale { shop } => {
            format!(
                "Saat ini belum ada produk yang dijual di *{shop}*. Kalau mau, kamu bisa menghubungi petugas.",
                shop = neutral(shop)
            )
        }
        Phrase::OptionsOpener => "Lihat pilihan".into(),
        Phrase::ProductsOpener => "Lihat produk".into(),
        Phrase::CategoriesSection => "Kategori".into(),
        Phrase::ProductsSection => "Produk".into(),
        Phrase::MoreSection => "Lainnya".into(),
        Phrase::LinesSection => "Isi keranjang".into(),
        Phrase::OtherProductsRow => "Produk lainnya".into(),
        Phrase::ProductCount { count } => format!("{count} produk"),
        Phrase::CartLabel => "Lihat keranjang".into(),
        Phrase::CartSummary { units, total } => format!("{units} barang, {total}"),
        Phrase::PersonLabel => "Hubungi petugas".into(),
        Phrase::PurchasesRow => "Pesanan saya".into(),
        Phrase::NextRow => "Lihat berikutnya".into(),
        Phrase::MenuLabel => "Menu".into(),
        Phrase::KeepShoppingLabel => "Lanjut belanja".into(),
        Phrase::NativeCatalogRow => "Katalog WhatsApp".into(),
        Phrase::NativeCatalogBody { shop } => format!(
            "Lihat katalog lengkap {shop} di sini.",
            shop = neutral(shop)
        ),
        Phrase::CategoryBody { title, count: 1 } => format!("*{title}*: 1 produk."),
        Phrase::CategoryBody { title, count } => format!("*{title}*: {count} produk. Ketuk untuk memilih."),
        Phrase::ShareBody { shop } => format!(
            "Pilihan dari {shop} untuk kamu.",
            shop = neutral(shop)
        ),
        Phrase::SoldOut => "Sedang habis".into(),
        Phrase::InCart { quantity } => format!("Di keranjangmu: {quantity}"),
        Phrase::AddLabel => "Tambah".into(),
        Phrase::ProductGone => "Produk itu sudah tidak dijual. Mau lihat yang lain?".into(),
        Phrase::CannotAddSoldOut { title } => format!("*{title}* sedang habis, jadi tidak ditambahkan."),
        Phrase::Added { title, quantity } => format!("Ditambahkan: *{title}* (sekarang {quantity})."),
        Phrase::QuantitySet { title, quantity } => format!("*{title}*: jumlahnya sekarang {quantity}."),
        Phrase::Removed { title } => format!("Dihapus: *{title}*."),
        Phrase::Emptied => "Keranjangmu sudah dikosongkan.".into(),
        Phrase::CartFull { max } => {
            format!("Keranjangmu sudah berisi {max} produk berbeda, itu batasnya. Hapus satu untuk menambah yang lain.")
        }
        Phrase::LineFull { title, max } => format!("*{title}*: maksimal {max} pcs per produk."),
        Phrase::NoRoom => {
            "Keranjangmu sudah terlalu penuh untuk satu produk lagi. Checkout dulu atau hapus salah satu barang.".into()
        }
        Phrase::CartTitle => "*Keranjangmu*".into(),
        Phrase::CartLine { title, quantity, unit_price, line_total } => {
            format!("• {quantity} × {title} ({unit_price}) = {line_total}")
        }
        Phrase::Total { total } => format!("*Total: {total}*"),
        Phrase::MoreLines { count } => format!("… dan {count} barang lagi"),
        Phrase::CartEmpty => "Keranjangmu masih kosong.".into(),
        Phrase::CheckoutLabel => "Checkout".into(),
        Phrase::ChangeRow { title } => format!("Ubah: {title}"),
        Phrase::RemoveRow { title } => format!("Hapus: {title}"),
        Phrase::RemoveLabel => "Hapus".into(),
        Phrase::EmptyLabel => "Kosongkan keranjang".into(),
        Phrase::ChooseQuantity { title, quantity } => {
            format!("*{title}*: ada {quantity} di keranjang. Mau berapa?")
        }
        Phrase::QuantitiesSection => "Jumlah".into(),
        Phrase::UnitsRow { quantity } => format!("{quantity} pcs"),
        Phrase::StaleButton => {
            "Tombol itu dari pesan lama, jadi tidak ada yang berubah. Ini keadaannya sekarang:".into()
        }
        Phrase::RefusedButton => {
            "Tombol itu tidak dikenali, jadi tidak ada yang berubah. Pilih salah satu ini:".into()
        }
        Phrase::OtherDevice => {
            "Tombol itu dari keranjang di perangkatmu yang lain. \
             Tiap perangkat punya keranjang sendiri; ini keranjang di sini:"
                .into()
        }
        Phrase::CopyCartLabel => "Salin keranjang itu".into(),
        Phrase::CartCopied => "Beres, barang dari perangkat lain sudah disalin ke sini.".into(),
        Phrase::UsePhone => {
            "Untuk belanja, buka chat ini di HP, ya: keranjang tidak berfungsi di komputer.".into()
        }
        Phrase::ChangesTitle => "*Ada yang berubah di keranjangmu:*".into(),
        Phrase::PriceChange { title, old, new } => format!("• {title}: dari {old} menjadi {new}"),
        Phrase::TitleChange { old, new } => format!("• {old} sekarang bernama {new}"),
        Phrase::OptionsChange { title, old, new } => format!(
            "• {title}: pilihan berubah dari {old} ke {new}",
            old = neutral(old),
            new = neutral(new)
        ),
        Phrase::SoldOutChange { title } => {
            format!("• {title}: habis, keluar dari keranjang saat kamu setuju")
        }
        Phrase::BackInStock { title } => format!("• {title}: tersedia lagi"),
        Phrase::GoneChange { title } => format!("• {title}: sudah tidak dijual dan keluar dari keranjang"),
        Phrase::OnlyLeft { title, available } => format!("• {title}: tinggal {available} pcs"),
        Phrase::AcceptToGoOn => "Setujui dulu perubahannya supaya bisa checkout.".into(),
        Phrase::AcceptLabel => "Setujui perubahan".into(),
        Phrase::SummaryTitle => "*Cek pesananmu*".into(),
        Phrase::Subtotal { amount } => format!("Subtotal: {amount}"),
        Phrase::Discount { amount } => format!("Diskon: −{amount}"),
        Phrase::Shipping { amount } => format!("Ongkir: {amount}"),
        Phrase::Tax { amount } => format!("Pajak: {amount}"),
        Phrase::ConfirmHint => "Tidak ada yang dibeli sebelum kamu konfirmasi.".into(),
        Phrase::ConfirmLabel => "Konfirmasi pesanan".into(),
        Phrase::QuoteFailed => {
            "Harga akhir dari toko belum bisa didapat. Tidak ada yang dibeli dan keranjangmu masih ada di sini.".into()
        }
        Phrase::QuoteWrong => {
            "Hitungan dari toko tidak cocok, jadi dihentikan dulu biar aman. Tidak ada yang dibeli.".into()
        }
        Phrase::RetryLabel => "Coba lagi".into(),
        Phrase::OrderDiffers => "*Keranjangmu sudah diterima, tapi ada yang berbeda:*".into(),
        Phrase::OrderUnreadable => {
            "Keranjangmu sudah diterima, tapi harganya tidak terbaca. \
             Tidak ada yang dibeli; silakan pilih lagi dari menu."
                .into()
        }
        Phrase::OrderQuantity { title } => {
            format!("Jumlah {title} di keranjangmu harus dari 1 sampai 99. \
                     Tidak ada yang dibeli; ubah jumlahnya lalu kirim lagi.")
        }
        Phrase::OrderNothingLeft => {
            "Semua produk di keranjangmu sedang tidak dijual. Tidak ada yang dibeli.".into()
        }
        Phrase::DropOrderLabel => "Batalkan".into(),
        Phrase::OrderDropped => "Oke, keranjang itu dibatalkan. Tidak ada yang dibeli.".into(),
        Phrase::TooManyOpen => {
            "Pesananmu yang berjalan sudah terlalu banyak. Tunggu salah satunya selesai atau hubungi petugas.".into()
        }
        Phrase::PayByPix { label, total } => format!(
            "Pesanan *{label}* sudah diterima toko.\n*Total: {total}*\nSalin kode Pix lalu bayar di aplikasi bank Anda:",
            label = neutral(label)
        ),
        Phrase::PayByCode { label, total } => format!(
            "Pesanan *{label}* sudah diterima toko.\n*Total: {total}*\nBayar dengan Pix: salin kode di pesan berikutnya ke aplikasi bank Anda.",
            label = neutral(label)
        ),
        Phrase::PayNow { label, total } => {
            format!(
                "Pesanan *{label}* sudah diterima toko.\n*Total: {total}*\nBayar lewat link aman dari toko:",
                label = neutral(label)
            )
        }
        Phrase::PayLabel => "Bayar sekarang".into(),
        Phrase::Accepted { label, total } => format!(
            "Pesanan *{label}* sudah disetujui toko.\n*Total: {total}*",
            label = neutral(label)
        ),
        Phrase::Declined => {
            "Toko tidak bisa menerima pesanan ini. Kamu tidak ditagih dan barangmu kembali ke keranjang.".into()
        }
        Phrase::InDoubt { label } => {
            format!(
                "Pesanan {label} sedang dikonfirmasi ke toko. Tidak perlu pesan ulang; nanti langsung dikabari.",
                label = neutral(label)
            )
        }
        Phrase::NeedsReview { label } => {
            format!(
                "Pesanan {label} perlu dicek dulu oleh petugas toko. Jangan bayar atau pesan lagi dulu, ya.",
                label = neutral(label)
            )
        }
        Phrase::Paid { label, total } => {
            format!(
                "Pembayaran *{total}* sudah diterima. Terima kasih! Pesanan *{label}*.",
                label = neutral(label)
            )
        }
        Phrase::State { label, state } => format!(
            "Pesanan *{label}*: {}.",
            state_name(state),
            label = neutral(label)
        ),
        Phrase::StateName { state } => state_name(state).into(),
        Phrase::Reason { text } => format!("Alasan dari toko: {text}", text = neutral(text)),
        Phrase::Tracking { url } => format!("Lacak kirimanmu: {url}"),
        Phrase::PurchasesBody => "Ini pesanan terbarumu:".into(),
        Phrase::NoPurchases => "Kamu belum punya pesanan di sini.".into(),
        Phrase::PurchaseLabel => "Lihat pesanan".into(),
        Phrase::PersonCalled => {
            "Petugas sudah dihubungi dan akan membalas di sini. Keranjangmu tetap tersimpan.".into()
        }
        Phrase::PersonComing => {
            "Pesanmu sudah dicatat dan petugas akan membalas. Untuk kembali belanja, ketuk di bawah.".into()
        }
        Phrase::ResumeLabel => "Kembali belanja".into(),
        Phrase::Help { shop } => format!(
            "Kamu bisa belanja di *{shop}* lewat chat ini.\n\
             Ketuk tombol atau ketik: *menu*, *keranjang*, *bayar*, *pesanan* atau *petugas*.\n\
             Bahasa lain: *português*, *english*, *español*.",
            shop = neutral(shop)
        ),
    }
}

fn state_name(state: PurchaseState) -> &'static str {
    match state {
        PurchaseState::Forwarded => "diteruskan ke toko",
        PurchaseState::InDoubt => "sedang dikonfirmasi ke toko",
        PurchaseState::Declined => "tidak diterima toko",
        PurchaseState::Accepted => "disetujui",
        PurchaseState::AwaitingPayment => "menunggu pembayaran",
        PurchaseState::Paid => "sudah dibayar",
        PurchaseState::Preparing => "sedang disiapkan",
        PurchaseState::Shipped => "dalam pengiriman",
        PurchaseState::Delivered => "sudah sampai",
        PurchaseState::Cancelled => "dibatalkan",
        PurchaseState::Expired => "kedaluwarsa tanpa pembayaran",
        PurchaseState::PaymentFailed => "pembayaran gagal",
        PurchaseState::Refunded => "dana dikembalikan",
        PurchaseState::ChargedBack => "pembayaran ditarik kembali",
        PurchaseState::NeedsReview => "sedang dicek petugas",
    }
}
