//! Prints rows as tables: one for each metric, with a line for each case and a column for each
//! peer.

use super::row::Row;

/// Returns all tables, in the order of the rows.
pub(super) fn of(rows: &[Row]) -> String {
    let mut tables = Vec::new();
    for metric in distinct(rows.iter().map(|row| (row.metric, row.unit))) {
        let of_metric: Vec<&Row> =
            rows.iter().filter(|row| (row.metric, row.unit) == metric).collect();
        tables.push(table(&format!("{}, {}", metric.0, metric.1), &of_metric));
    }
    tables.join("\n\n")
}

fn table(title: &str, rows: &[&Row]) -> String {
    let peers =
        distinct(rows.iter().filter_map(|row| row.peer.as_ref().map(|(name, _)| name.as_str())));
    let cases = distinct(rows.iter().map(|row| row.case.as_str()));
    let head = [title, "edge-auth"].into_iter().chain(peers.iter().copied()).map(str::to_owned);
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    for case in cases {
        let of_case: Vec<&&Row> = rows.iter().filter(|row| row.case == case).collect();
        let mut line =
            vec![case.to_owned(), of_case.first().map_or_else(String::new, |row| number(row.ours))];
        line.extend(peers.iter().map(|peer| {
            let row =
                of_case.iter().find(|row| row.peer.as_ref().is_some_and(|(name, _)| name == peer));
            row.map_or_else(|| "-".to_owned(), |row| compared(row))
        }));
        lines.push(line);
    }
    aligned(&lines)
}

fn compared(row: &Row) -> String {
    let value = row.peer.as_ref().map_or(0.0, |(_, value)| *value);
    format!("{} ({:.2})", number(value), row.ratio().unwrap_or_default())
}

/// Formats a number with three digits, or with all digits of a large one.
fn number(value: f64) -> String {
    if value >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let mut text = String::new();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let width = width(lines, column);
            match column {
                0 => text += &format!("{cell:<width$}"),
                _ => text += &format!("  {cell:>width$}"),
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn width(lines: &[Vec<String>], column: usize) -> usize {
    let cells = lines.iter().filter_map(|line| line.get(column));
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &str, metric: &'static str, ours: f64, peer: Option<(&str, f64)>) -> Row {
        let peer = peer.map(|(name, value)| (name.to_owned(), value));
        Row { suite: "native", case: case.to_owned(), metric, unit: "µs", ours, peer }
    }

    #[test]
    fn a_case_is_a_line_and_a_peer_a_column() {
        let rows = [
            row("cold RS256", "cpu", 12.5, Some(("raw", 10.0))),
            row("cold RS256", "cpu", 12.5, Some(("jose", 250.0))),
            row("cold HS256", "cpu", 3.0, Some(("jose", 60.0))),
            row("warm HS256", "operations", 0.0, None),
        ];
        let expected = "\
cpu, µs     edge-auth          raw        jose
cold RS256       12.5  10.0 (1.25)  250 (0.05)
cold HS256       3.00            -  60.0 (0.05)

operations, µs  edge-auth
warm HS256              0";
        let table = of(&rows);
        assert!(table.split_whitespace().eq(expected.split_whitespace()), "{table}");
        let widths: Vec<usize> = table.lines().take(3).map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
    }
}
