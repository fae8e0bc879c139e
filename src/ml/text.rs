//! The text step: sentences to bag-of-words rows.
