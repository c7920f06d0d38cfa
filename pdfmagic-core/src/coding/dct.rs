//! The discrete cosine transform (T.81 A.3.3), by matrix products.

use std::array::from_fn;
use std::f64::consts::PI;
use std::sync::LazyLock;

/// An 8x8 matrix, by rows.
pub(super) type Matrix = [[f32; 8]; 8];

/// The weight of sample x in coefficient k of the orthonormal DCT-II of n points, which is A.3.3 along one axis.
pub(super) fn dct(n: usize, k: usize, x: usize) -> f64 {
    let c = if k == 0 {
        (1.0 / n as f64).sqrt()
    } else {
        (2.0 / n as f64).sqrt()
    };
    c * ((2 * x + 1) as f64 * k as f64 * PI / (2 * n) as f64).cos()
}

pub(super) fn transposed(a: &Matrix) -> Matrix {
    from_fn(|i| from_fn(|j| a[j][i]))
}

static BASIS: LazyLock<Matrix> = LazyLock::new(|| from_fn(|k| from_fn(|x| dct(8, k, x) as f32)));

/// The inverse DCT of a block.
pub(super) fn inverse(x: &Matrix) -> Matrix {
    product(&product(&transposed(&BASIS), x), &BASIS)
}

/// The DCT of a block.
pub(super) fn forward(x: &Matrix) -> Matrix {
    product(&product(&BASIS, x), &transposed(&BASIS))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = [[0.0; 8]; 8];
    for (row, out) in a.iter().zip(&mut c) {
        // Rows of high frequencies are often zero.
        if row.iter().all(|&x| x == 0.0) {
            continue;
        }
        for (&x, line) in row.iter().zip(b) {
            for (sum, &y) in out.iter_mut().zip(line) {
                *sum += x * y;
            }
        }
    }
    c
}
