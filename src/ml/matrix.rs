//! Rows and columns of numbers, dense or sparse, as training and prediction take them.

use std::ops::Range;

/// Numbers in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Matrix {
    /// Every cell is stored; `NaN` is missing.
    Dense(Dense),
    /// Only some cells are stored.
    Sparse(Csr),
}

/// A dense matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dense {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// `rows × cols` values, row after row; `NaN` is missing.
    pub values: Vec<f32>,
}

/// A sparse matrix in compressed rows. What a stored zero and an absent cell mean is up to whoever reads it; see [`super::Model::predict`].
#[derive(Clone, Debug, PartialEq)]
pub struct Csr {
    /// `rows + 1` offsets into `indices` and `values`; starts with 0.
    pub indptr: Vec<usize>,
    /// Columns, counted from 0, strictly rising within a row.
    pub indices: Vec<u32>,
    /// Values, one an index.
    pub values: Vec<f32>,
    /// Columns.
    pub cols: usize,
}

/// Features and, where there are any, labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// One row an example.
    pub features: Matrix,
    /// One label a row; empty when the data has none.
    pub labels: Vec<f32>,
}

/// A row of a matrix.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// Every cell.
    Dense(&'a [f32]),
    /// Columns and values.
    Sparse(&'a [u32], &'a [f32]),
}

impl Matrix {
    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.rows,
            Self::Sparse(csr) => csr.rows(),
        }
    }

    /// How many columns.
    pub fn cols(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.cols,
            Self::Sparse(csr) => csr.cols,
        }
    }

    /// One row; empty when there is no such row.
    pub fn row(&self, row: usize) -> Row<'_> {
        match self {
            Self::Dense(dense) => Row::Dense(dense.row(row)),
            Self::Sparse(csr) => {
                let (indices, values) = csr.row(row);
                Row::Sparse(indices, values)
            }
        }
    }

    /// Cells that hold a number: dense cells that are not missing, or stored cells of a sparse matrix.
    pub fn stored(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.values.iter().filter(|value| !value.is_nan()).count(),
            Self::Sparse(csr) => csr.values.len(),
        }
    }

    /// [`Self::stored`] ÷ (rows × columns), 0–1; 0 for an empty matrix.
    pub fn density(&self) -> f64 {
        let cells = self.rows() as f64 * self.cols() as f64;
        if cells == 0.0 { 0.0 } else { self.stored() as f64 / cells }
    }

    /// A copy of some rows; a range that ends behind the last row is cut there.
    #[must_use]
    pub fn slice_rows(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.rows());
        let start = range.start.min(end);
        match self {
            Self::Dense(dense) => Self::Dense(Dense {
                rows: end - start,
                cols: dense.cols,
                values: dense.values[start * dense.cols..end * dense.cols].to_vec(),
            }),
            Self::Sparse(csr) => {
                let (from, to) = (csr.indptr[start], csr.indptr[end]);
                Self::Sparse(Csr {
                    indptr: csr.indptr[start..=end].iter().map(|offset| offset - from).collect(),
                    indices: csr.indices[from..to].to_vec(),
                    values: csr.values[from..to].to_vec(),
                    cols: csr.cols,
                })
            }
        }
    }

    /// A copy of the named rows in the order given; rows that do not exist are left out.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let rows = rows.iter().copied().filter(|row| *row < self.rows());
        match self {
            Self::Dense(dense) => {
                let mut values = Vec::with_capacity(rows.size_hint().1.unwrap_or(0) * dense.cols);
                let mut count = 0;
                for row in rows {
                    values.extend_from_slice(dense.row(row));
                    count += 1;
                }
                Self::Dense(Dense { rows: count, cols: dense.cols, values })
            }
            Self::Sparse(csr) => {
                let mut out = Csr::new(csr.cols);
                for row in rows {
                    let (indices, values) = csr.row(row);
                    out.indices.extend_from_slice(indices);
                    out.values.extend_from_slice(values);
                    out.indptr.push(out.indices.len());
                }
                Self::Sparse(out)
            }
        }
    }
}

impl Dense {
    /// A dense matrix of whole rows; `None` when the values do not fill `rows × cols`.
    pub fn new(rows: usize, cols: usize, values: Vec<f32>) -> Option<Self> {
        (rows.checked_mul(cols) == Some(values.len())).then_some(Self { rows, cols, values })
    }

    /// One row; empty when there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        self.values.get(row * self.cols..(row + 1) * self.cols).unwrap_or(&[])
    }
}

impl Csr {
    /// No rows yet.
    pub fn new(cols: usize) -> Self {
        Self { indptr: vec![0], indices: Vec::new(), values: Vec::new(), cols }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.indptr.len().saturating_sub(1)
    }

    /// Columns and values of one row; empty when there is no such row.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        match (self.indptr.get(row), self.indptr.get(row + 1)) {
            (Some(&from), Some(&to)) => (&self.indices[from..to], &self.values[from..to]),
            _ => (&[], &[]),
        }
    }

    /// Appends a row. Columns must be strictly rising; `cols` grows where a column is beyond it.
    pub fn push_row(&mut self, row: &[(u32, f32)]) {
        for &(index, value) in row {
            self.indices.push(index);
            self.values.push(value);
            self.cols = self.cols.max(index as usize + 1);
        }
        self.indptr.push(self.indices.len());
    }
}

impl Dataset {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.features.rows()
    }

    /// A copy of some rows with their labels.
    #[must_use]
    pub fn slice_rows(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.labels.len());
        let labels = self.labels[range.start.min(end)..end].to_vec();
        Self { features: self.features.slice_rows(range), labels }
    }

    /// A copy of the named rows with their labels.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Self {
            features: self.features.select_rows(rows),
            labels: rows.iter().filter_map(|row| self.labels.get(*row).copied()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense() -> Matrix {
        Matrix::Dense(Dense::new(3, 2, vec![1.0, f32::NAN, 3.0, 4.0, 5.0, 6.0]).unwrap())
    }

    fn sparse() -> Matrix {
        let mut csr = Csr::new(4);
        csr.push_row(&[(0, 1.0), (3, 2.0)]);
        csr.push_row(&[]);
        csr.push_row(&[(2, 5.0)]);
        Matrix::Sparse(csr)
    }

    #[test]
    fn rows_are_sliced_and_selected_alike() {
        for matrix in [dense(), sparse()] {
            let same = |a: Row<'_>, b: Row<'_>| match (a, b) {
                (Row::Dense(a), Row::Dense(b)) => a.iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits())),
                (Row::Sparse(i, v), Row::Sparse(j, w)) => i == j && v == w,
                _ => false,
            };
            let slice = matrix.slice_rows(1..9);
            let select = matrix.select_rows(&[1, 2, 77]);
            assert_eq!((slice.rows(), select.rows()), (2, 2));
            for row in 0..2 {
                assert!(same(slice.row(row), matrix.row(row + 1)));
                assert!(same(select.row(row), matrix.row(row + 1)));
            }
        }
    }

    #[test]
    fn density_counts_what_is_there() {
        assert!((dense().density() - 5.0 / 6.0).abs() < 1e-12);
        assert!((sparse().density() - 3.0 / 12.0).abs() < 1e-12);
    }

    #[test]
    fn a_dense_matrix_must_be_filled() {
        assert!(Dense::new(2, 2, vec![0.0; 3]).is_none());
    }
}
