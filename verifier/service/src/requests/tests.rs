//! What is kept and found again.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::request::{RequestBuilder, RequestClient};

/// Its handle is told to nobody, and would lead to nothing.
#[test]
fn a_request_that_stands_in_its_link_is_not_fetched() {
    let (now, end) = (Timestamp::from_unix(0), Timestamp::from_unix(300));
    let service = Catalogue::builtin().get("internet-cafe").unwrap();
    let parameters = RequestBuilder::for_service(service)
        .by(RequestClient::response_uri())
        .response_uri(Some("https://rp.example/response/response"))
        .nonce("bm9uY2Utb2Ytc3BlY2ltZW4")
        .build_unsigned();
    let request = Request::for_own_unsigned(&parameters.unwrap(), None, (now, end)).unwrap();
    let requests = Requests::new(&crate::config::Requests::default());
    for (id, object, found) in [("by-value", "", false), ("by-reference", "object", true)] {
        let asked = Asked {
            id: id.to_owned(),
            back_end: 0,
            service,
            flow: Flow::CrossDevice,
            created: now,
            expires: end,
            nonce: String::new(),
            state: None,
            request_handle: format!("{id}-request"),
            response_handle: format!("{id}-response"),
            page_handle: None,
            transaction_data: Vec::new(),
            key: None,
        };
        requests.open(asked, object, request.clone()).unwrap();
        let fetched = requests.fetch(&format!("{id}-request"), now);
        assert_eq!(fetched.is_ok(), found, "{id}");
        assert!(requests.begin(&format!("{id}-response"), now).is_ok());
    }
}
