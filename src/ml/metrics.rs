//! How well predictions fit labels, as XGBoost defines it.
