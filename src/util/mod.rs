//! Ground floor: small tools that know no word of the product and need nothing but `std`.

pub mod clock;
pub mod file;
pub mod promise;
pub mod ring;
pub mod seed;
