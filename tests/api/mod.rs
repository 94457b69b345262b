//! The merchant API as its users meet it: the document, its examples, keys that belong to different merchants.
