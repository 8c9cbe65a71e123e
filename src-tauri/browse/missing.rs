//! What stands in the place of a page for which the engine got no answer: the same as the proxy says where it can.

use latchgate_client::Fault;
use latchgate_client::view::{Light, StatusView};
use tauri::AppHandle;

use super::client_of;

/// Returns the page, in the person's language; `None` once its company is locked. `fault` is what the engine knows.
pub(crate) fn page(app: &AppHandle, label: &str, fault: Option<Fault>) -> Option<String> {
    let client = client_of(app, label)?;
    let status = client.view().status;
    let failure = match (fault, &status.failure) {
        (Some(fault), _) => fault.failure(),
        (None, Some(failure)) => failure.clone(),
        (None, None) => guess(&status).failure(),
    };
    Some(client.page_for(&failure))
}

/// With a company that answers it is the site that does not.
const fn guess(status: &StatusView) -> Fault {
    match status.company {
        Light::Good => Fault::UpstreamUnreachable,
        Light::Unknown | Light::Waiting | Light::Bad => Fault::TunnelDown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_blamed_only_while_the_company_answers() {
        let status = |company| StatusView {
            internet: Light::Good,
            gateway: Light::Good,
            company,
            failure: None,
            answered: None,
        };
        assert_eq!(guess(&status(Light::Good)), Fault::UpstreamUnreachable);
        assert_eq!(guess(&status(Light::Waiting)), Fault::TunnelDown);
    }
}
