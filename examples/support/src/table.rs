//! Tables of results, as Markdown: readable in a terminal, and ready for a README.

use std::fmt::{self, Display};

use comfy_table::{CellAlignment, presets::ASCII_MARKDOWN};

/// A table with named columns; the first is to the left, the others, which hold numbers, are to the right.
pub struct Table(comfy_table::Table);

impl Table {
    /// A table without rows.
    pub fn new<H: Display>(header: impl IntoIterator<Item = H>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(ASCII_MARKDOWN);
        table.set_header(cells(header));
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_cell_alignment(match index {
                0 => CellAlignment::Left,
                _ => CellAlignment::Right,
            });
        }
        Table(table)
    }

    /// Adds a row: what it is about, and its cells.
    ///
    /// # Panics
    ///
    /// If the number of cells is not that of the header.
    pub fn row<C: Display>(&mut self, name: &str, values: impl IntoIterator<Item = C>) {
        let mut row = vec![name.to_string()];
        row.extend(cells(values));
        assert_eq!(row.len(), self.0.column_count(), "cells of the row {name}");
        self.0.add_row(row);
    }
}

fn cells<C: Display>(values: impl IntoIterator<Item = C>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_markdown() {
        let mut table = Table::new(["loss", "error"]);
        table.row("MSE", ["1.25"]);
        table.row("Huber", ["0.5"]);
        let lines = [
            "| loss  | error |",
            "|-------|-------|",
            "| MSE   |  1.25 |",
            "| Huber |   0.5 |",
        ];
        assert_eq!(table.to_string(), lines.join("\n"));
    }

    #[test]
    #[should_panic(expected = "cells of the row MSE")]
    fn a_row_is_as_long_as_the_header() {
        Table::new(["loss", "error"]).row("MSE", ["1", "2"]);
    }
}
