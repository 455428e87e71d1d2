//! Without the guard the same rows do reach their canaries: what they try is real.

use super::{TABLES, row::Row, trying};

#[tokio::test]
async fn attacks_reach_their_canaries_where_nothing_guards() {
    let mut rows: Vec<_> = TABLES.iter().flat_map(|table| trying::long(table.rows)).collect();
    rows.retain(Row::is_of_a_page);
    trying::show_that_they_are_real(rows).await;
}
