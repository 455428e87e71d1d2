//! Where the guard is told to let everything through the same rows do reach their canaries: what they try is real.

use super::{addresses, beyond_http, elements, redirects, schemes, scripts, trying};

#[tokio::test]
async fn attacks_reach_their_canaries_where_nothing_guards() {
    let tables = [addresses::ROWS, schemes::ROWS, redirects::ROWS, elements::ROWS, scripts::ROWS, beyond_http::ROWS];
    trying::show_that_they_are_real(tables.into_iter().flat_map(trying::long).collect()).await;
}
