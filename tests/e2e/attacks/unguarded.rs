//! Shows that the attacks are real: with a guard that lets everything through, the rows reach their canaries.

use super::{
    addresses, beyond_http, elements, raw_cdp, raw_cdp_files, raw_cdp_sessions, redirects, row::Row, schemes, scripts,
    trying,
};

#[tokio::test]
async fn attacks_reach_their_canaries_where_nothing_guards() {
    let tables = [addresses::ROWS, schemes::ROWS, redirects::ROWS, elements::ROWS, scripts::ROWS, beyond_http::ROWS];
    trying::show_that_they_are_real(tables.into_iter().flat_map(trying::long).collect()).await;
}

/// The commands that only the guard keeps from their canaries; all others are refused earlier.
const PASSED_ON: [&str; 8] = ["D05", "D06", "D09", "D11", "D12", "D32", "D33", "F09"];

#[tokio::test]
async fn commands_reach_their_canaries_where_nothing_guards() {
    let tables = [raw_cdp::ROWS, raw_cdp_sessions::ROWS, raw_cdp_files::ROWS];
    let passed_on = |row: &&Row| PASSED_ON.contains(&row.id);
    trying::show_that_they_are_real(tables.into_iter().flatten().filter(passed_on).copied().collect()).await;
}
