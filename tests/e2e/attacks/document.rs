//! Checks that `docs/attacks.md` lists exactly the attacks that are tried.

use std::fmt::Write;

use super::TABLES;

const START: &str = "<!-- attacks: start, checked by a test -->\n";
const END: &str = "<!-- attacks: end -->";

fn listed() -> String {
    let mut text = String::new();
    for table in TABLES {
        let tests = table.tests.iter().map(|test| format!("`{}`", test.trim_start_matches("e2e::")));
        let tests = tests.collect::<Vec<_>>().join(", ");
        write!(text, "\n### {}\n\nTests: {tests}\n\n| id | attack |\n|---|---|\n", table.title).unwrap();
        for row in table.rows {
            let also = if row.reaches { "" } else { " ◦" };
            writeln!(text, "| {} | {}{also} |", row.id, row.title.replace('|', "\\|")).unwrap();
        }
    }
    text
}

#[test]
fn the_document_lists_the_attacks_that_are_tried() {
    let document = include_str!("../../../docs/attacks.md");
    let (_, rest) = document.split_once(START).expect("the list has a start");
    let (list, _) = rest.split_once(END).expect("the list has an end");
    assert!(list.trim() == listed().trim(), "docs/attacks.md must list:\n{}", listed());
}

#[test]
fn every_attack_has_an_id_of_its_own() {
    let mut ids: Vec<&str> = TABLES.iter().flat_map(|table| table.rows).map(|row| row.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    assert!(all >= 120, "{all} attacks");
}
