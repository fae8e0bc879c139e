//! Endpoints: the list, the endpoint page with its live split, and the form that makes one.

mod endpoint;
mod list;
mod new;

pub use endpoint::EndpointPage;
pub use list::EndpointsPage;
pub use new::NewEndpointPage;
