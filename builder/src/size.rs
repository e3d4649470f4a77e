//! Sizes as people read them: decimal units, one digit behind the point.

use std::fmt;

/// A number of bytes, shown as `512 B`, `22.7 MB`. Fits into nine characters below a petabyte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
        if self.0 < 1000 {
            return formatter.pad(&format!("{} B", self.0));
        }
        let mut tenths = 0;
        let mut chosen = "";
        let mut bytes_per_unit = 1;
        for unit in UNITS {
            bytes_per_unit *= 1000;
            tenths = (u128::from(self.0) * 10 + bytes_per_unit / 2) / bytes_per_unit;
            chosen = unit;
            // Decided after rounding: never `1000.0 kB`.
            if tenths < 10_000 {
                break;
            }
        }
        formatter.pad(&format!("{}.{} {chosen}", tenths / 10, tenths % 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_the_unit_that_suits_them() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1049, "1.0 kB"),
            (1050, "1.1 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (22_650_000, "22.7 MB"),
            (8 << 30, "8.6 GB"),
            (u64::MAX, "18446744.1 TB"),
        ];
        for (bytes, shown) in table {
            assert_eq!(Size(bytes).to_string(), shown);
        }
        assert_eq!(format!("[{:>9}]", Size(1)), "[      1 B]");
    }
}
